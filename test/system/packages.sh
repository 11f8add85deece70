#!/usr/bin/env bash
# Installs the Debian 12 packages that the tests drive the hub with: outside judges (mosquitto, sqlite3, curl),
# a browser, tools for photos, cards and serial lines, and the virtual machine of test:vm. Needs root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  bubblewrap busybox-static chromium cpio curl dbus dosfstools exfatprogs exiv2 fonts-dejavu-core g++ git iproute2 kmod \
  libimage-exiftool-perl libusb-1.0-0 make mosquitto mosquitto-clients mtools picocom polkitd psmisc python3 \
  python3-paho-mqtt qemu-system-x86 rclone socat sqlite3 udev udisks2 xz-utils > /dev/null
