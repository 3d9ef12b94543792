#!/usr/bin/env bash
# Installs the Debian packages of the named groups, if any is missing: build, roles, test, long, docs, peers.
# Used by deploy/quickstart.sh and tests/run.sh. Never removes or upgrades anything.
set -euo pipefail

build=(gcc g++ libc6-dev make pkg-config scons libck-dev libev-dev libmsgpack-dev libjansson-dev
    libsqlite3-dev libpq-dev libhiredis-dev libcurl4-openssl-dev libssl-dev libseccomp-dev libwebsockets-dev
    libwebsockets-evlib-ev libyaml-dev systemtap-sdt-dev bubblewrap ca-certificates tzdata)
# What the roles drive. A tool that is missing makes a role say so; it never makes it fail.
roles=(cppcheck flawfinder bandit shellcheck universal-ctags clang-tidy pyflakes3 python3-pytest
    cmake meson ninja-build autoconf automake git)
test=(libcriterion-dev openssl clang clang-format libclang-rt-14-dev ccache prometheus curl procps strace
    python3-pytest python3-pytest-xdist python3-jsonschema python3-websockets node-ws postgresql redis-server python3-yaml dpkg-dev man-db gdb spin)
command -v npm >/dev/null || test+=(nodejs npm)
# The long tier: a container engine and a base image for it, and hosts in network namespaces.
long=(docker.io mmdebstrap iptables nftables iproute2 dnsmasq-base)
# What other systems' workloads are built with (bench/peers); tokio wants a newer Rust than Debian has.
peers=(erlang-base libcaf-dev golang libzmq3-dev libnng-dev)

docs=(doxygen)

wanted=()
for group in "$@"; do
    case $group in
    build) wanted+=("${build[@]}") ;;
    roles) wanted+=("${roles[@]}") ;;
    test) wanted+=("${test[@]}" "${docs[@]}") ;;
    docs) wanted+=("${docs[@]}") ;;
    long) wanted+=("${long[@]}") ;;
    peers) wanted+=("${peers[@]}") ;;
    *)
        echo "packages.sh: unknown group '$group' (build, roles, test, long, docs, peers)" >&2
        exit 2
        ;;
    esac
done

missing=()
for package in "${wanted[@]}"; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "packages.sh: run as root, or install first: apt-get install ${missing[*]}" >&2
        exit 1
    }
    sudo=(sudo)
fi
echo "installing ${#missing[@]} Debian packages: ${missing[*]}" >&2
log=$(mktemp)
if ! { "${sudo[@]}" apt-get update -qq &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "packages.sh: apt-get failed (whole log: $log)" >&2
    exit 1
fi
rm -f "$log"
