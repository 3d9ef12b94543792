#!/usr/bin/env bash
# slim.sh OUT: copies this root file system to OUT without what a container of ours never reads:
# the package manager's programs, perl, documents, locales, encodings. dpkg's status stays, so that
# scanners know every version; so do the licences (copyright files).
set -euo pipefail
out=${1:?}

mkdir -p "$out"
tar -C / -cf - --one-file-system \
    --exclude=./deploy --exclude="./${out#/}" --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' \
    --exclude='./tmp/*' --exclude='./run/*' --exclude='./var/cache/*' --exclude='./var/log/*' \
    --exclude='./var/lib/apt' --exclude='./var/lib/dpkg/info/*' --exclude='./var/lib/dpkg/*-old' --exclude='./boot' \
    --exclude='./home' --exclude='./media' --exclude='./mnt' --exclude='./opt' --exclude='./srv' --exclude='./root/*' \
    --exclude='./usr/share/perl*' --exclude='./usr/lib/x86_64-linux-gnu/perl*' --exclude='./usr/bin/perl*' \
    --exclude='./usr/lib/*/gconv' --exclude='./usr/share/locale' --exclude='./usr/share/man' --exclude='./usr/share/info' \
    --exclude='./usr/share/zoneinfo' --exclude='./usr/share/lintian' --exclude='./usr/share/bash-completion' \
    --exclude='./usr/share/doc/*/changelog*' --exclude='./usr/share/doc/*/README*' --exclude='./usr/share/doc/*/NEWS*' \
    --exclude='./usr/share/doc/*/examples' \
    --exclude='./usr/bin/apt*' --exclude='./usr/lib/apt' --exclude='./usr/lib/*/libapt*' --exclude='./etc/apt' \
    --exclude='./usr/bin/dpkg*' --exclude='./usr/lib/dpkg' --exclude='./usr/sbin/*' --exclude='./sbin/*' \
    --exclude='./usr/lib/*/libstdc++*' --exclude='./usr/lib/*/libperl*' --exclude='./usr/share/gdb' --exclude='./usr/lib/*/libdb-5*' \
    --exclude='./usr/lib/*/security' --exclude='./lib/*/security' --exclude='./usr/lib/udev' --exclude='./lib/udev' \
    . | tar -C "$out" -xf -

mkdir -p "$out"/{proc,sys,dev,run,tmp,root,home} "$out/var/log" "$out/var/cache" "$out/usr/share/cogo"
chmod 1777 "$out/tmp"
printf 'cogo:x:1001:1001:cogo:/var/lib/cogo:/usr/sbin/nologin\n' >>"$out/etc/passwd"
printf 'cogo:x:1001:\n' >>"$out/etc/group"
install -d -o 1001 -g 1001 -m 0750 "$out/var/lib/cogo"
# Nothing of ours wants to become somebody else.
find "$out" -xdev -perm /6000 -type f -exec chmod a-s {} +
