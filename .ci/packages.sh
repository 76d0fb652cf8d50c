# Debian's packages that building and testing need; sourced by tests/run, examples/run and .ci/run.
#
#   install_missing "${build_packages[@]}"    installs those that are not there, as root or with sudo
#   "${run[@]}" program                        with what a preset's programs must be run with, after: set_run <preset>
#
# With nothing missing there is no network access and no privilege. On other systems it only says what is needed.

packages_release=$(. /etc/os-release 2>/dev/null && echo "${ID-}-${VERSION_ID-}") || packages_release=unknown
case $packages_release in
    debian-12) packages_boost=(libboost1.81-dev libboost-url1.81-dev) ;; # its default, 1.74, is too old
    *) packages_boost=(libboost-dev libboost-url-dev) ;;
esac

build_packages=(g++ cmake ninja-build libssl-dev "${packages_boost[@]}")
# The servers that the system tests talk to, besides those that they bring along.
server_packages=(python3-websockets nodejs node-ws nginx openssl)
test_packages=(catch2 libspdlog-dev pkg-config python3 "${server_packages[@]}")

install_missing() {
    local package missing=() as_root=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "Not a Debian-like system. Needed here, under whatever name: $*" >&2
        return 0
    fi
    for package in "$@"; do
        case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    echo "Installing ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "Neither root nor sudo: install them first." >&2; return 1; }
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update --quiet=2
    # The tests start their own servers: a service that a package brings must not be started (policy-rc.d, exit code 101).
    "${as_root[@]}" sh -s -- "${missing[@]}" <<'INSTALL'
        set -e
        policy=/usr/sbin/policy-rc.d
        if [ ! -e $policy ]; then
            printf '#!/bin/sh\nexit 101\n' > $policy
            chmod +x $policy
            trap 'rm -f $policy' EXIT
        fi
        DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "$@" < /dev/null
INSTALL
}

# ThreadSanitizer of these compilers does not start where the kernel randomizes more than 28 bits of an address.
set_run() {
    run=()
    if [ "$1" = tsan ] && setarch --addr-no-randomize true 2>/dev/null; then run=(setarch --addr-no-randomize); fi
}
