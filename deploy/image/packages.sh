#!/usr/bin/env bash
# Installs what the image needs at run time, by group: runtime, toolbox. Used by the Dockerfile.
set -euo pipefail

runtime=(libmsgpackc2 libck0 libev4 libjansson4 libsqlite3-0 libcurl4 libseccomp2 libwebsockets17
    libwebsockets-evlib-ev libyaml-0-2 libssl3 libpq5 libhiredis0.14 bubblewrap ca-certificates tzdata)
toolbox=(git gcc g++ libc6-dev make cmake meson ninja-build autoconf automake pkg-config python3
    python3-pytest cppcheck flawfinder bandit shellcheck universal-ctags clang-tidy pyflakes3 gcovr
    gdb binutils patch)

wanted=()
for group in "$@"; do
    case $group in
    runtime) wanted+=("${runtime[@]}") ;;
    toolbox) wanted+=("${toolbox[@]}") ;;
    *)
        echo "packages.sh: unknown group '$group' (runtime, toolbox)" >&2
        exit 2
        ;;
    esac
done
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${wanted[@]}"
rm -rf /var/lib/apt/lists/* /var/cache/apt/*
