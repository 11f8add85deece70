#!/bin/sh
# The node is thrown away and has no service manager: what packages would start is started by who needs it.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

without_services() {
  if [ -e /usr/sbin/policy-rc.d ]; then "$@"; return; fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d > /dev/null
  as_root chmod 755 /usr/sbin/policy-rc.d
  if "$@"; then status=0; else status=$?; fi
  as_root rm -f /usr/sbin/policy-rc.d
  return "$status"
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

# install_packages NAME...: from what the image has pre-downloaded, and only what is not there from the network.
install_packages() {
  if [ $# -eq 0 ]; then return 0; fi
  if command -v apt-get > /dev/null; then
    if without_services apt_install --no-download install "$@"; then return 0; fi
    echo 'Not all of it is on the image: asking the network.'
    as_root apt-get -q update && without_services apt_install install "$@"
  elif command -v dnf > /dev/null; then
    as_root dnf -qy --cacheonly install "$@" || as_root dnf -qy install "$@"
  else
    echo 'No package manager is known here: expected apt-get or dnf.' >&2
    return 1
  fi
}
