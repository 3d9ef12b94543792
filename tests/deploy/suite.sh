#!/usr/bin/env bash
# suite.sh SUITE DIR PACKAGE...: fetches packages of another Debian suite from this machine's mirror and unpacks them
# under DIR/root. Nothing is installed: they are read (published schemas) or run in place (Compose v2).
set -euo pipefail
suite=$1 dir=$2
shift 2
mkdir -p "$dir"/{lists/partial,cache/archives/partial,root,debs,parts}
dir=$(cd "$dir" && pwd)
[ "$(cat "$dir/done" 2>/dev/null)" != "$*" ] || exit 0
sources=/etc/apt/sources.list.d/debian.sources
[ -f "$sources" ] || sources=/etc/apt/sources.list
mirror=$(grep -ohE 'https?://[^ ]+/debian/?( |$)' "$sources" | head -n 1 | tr -d ' ')
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$dir/suite.list"
options=(-o Dir::Etc::SourceList="$dir/suite.list" -o Dir::Etc::SourceParts="$dir/parts" -o Dir::State::Lists="$dir/lists"
    -o Dir::Cache="$dir/cache" -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root)
apt-get "${options[@]}" update -qq
(cd "$dir/debs" && apt-get "${options[@]}" download -qq "$@")
for package in "$dir"/debs/*.deb; do
    dpkg-deb -x "$package" "$dir/root"
done
rm -rf "$dir/lists" "$dir/cache"
echo "$*" >"$dir/done"
