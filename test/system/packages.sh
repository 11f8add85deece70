#!/usr/bin/env bash
# Installs the Debian 12 packages that the tests drive the hub with: outside judges (mosquitto, sqlite3, curl),
# a browser, tools for photos, cards, serial lines and networks, and the virtual machine of test:vm. Needs root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  ansible-core bubblewrap busybox-static chromium conntrack cpio createrepo-c curl dbus dnf dosfstools e2fsprogs \
  exfatprogs exiv2 fdisk fonts-dejavu-core g++ genisoimage git grub-common grub-pc-bin iproute2 iptables \
  iputils-ping kmod libimage-exiftool-perl libusb-1.0-0 make mmdebstrap mosquitto mosquitto-clients mtools mtr-tiny \
  nftables openssh-client openssh-server picocom polkitd procps psmisc python3 python3-openstackclient \
  python3-paho-mqtt qemu-system-x86 qemu-utils radvd rclone rpm socat sqlite3 systemd udev udisks2 uidmap xz-utils > /dev/null
