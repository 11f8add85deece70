#!/usr/bin/env bash
# Installs the Debian 12 packages that the tests drive the hub with: outside judges (mosquitto, sqlite3, curl),
# a browser, and the virtual machine of test:vm. Needs root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  bubblewrap busybox-static chromium cpio curl fonts-dejavu-core g++ git iproute2 kmod libusb-1.0-0 make \
  mosquitto mosquitto-clients python3 python3-paho-mqtt qemu-system-x86 sqlite3 udev xz-utils > /dev/null
