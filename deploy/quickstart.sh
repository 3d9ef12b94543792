#!/usr/bin/env bash
# From a fresh clone to a real result: installs what is missing (Debian), builds, starts a
# single-node cluster and lets it assess a small C project.
#   bash deploy/quickstart.sh [PATH]     PATH: a source tree of yours (default: a shipped one)
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-tests/fixtures/c-inventory}

say() { printf '\n== %s\n' "$*" >&2; }

say "installing what is missing (build libraries, and the tools that the roles drive)"
bash deploy/packages.sh build roles

say "building build/cogo"
scons -Q -s -j"$(nproc)" werror=0

say "starting a single-node cluster: orchestrator, workers and HTTP door in one process"
data=$(mktemp -d "${TMPDIR:-/tmp}/cogo-quickstart-XXXXXX")
build/cogo dev --listen 127.0.0.1:0 --data "$data" 2>"$data/dev.log" &
dev=$!
stop() {
    kill "$dev" 2>/dev/null && wait "$dev" 2>/dev/null || true
    rm -rf "$data"
}
trap stop EXIT
url=
for _ in $(seq 300); do
    url=$(grep -o 'http://127\.0\.0\.1:[0-9]*' "$data/dev.log" | head -n 1 || true)
    [ -z "$url" ] || break
    kill -0 "$dev" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$url" ] || ! build/cogo healthcheck --server "$url" >/dev/null; then
    cat "$data/dev.log" >&2
    echo "quickstart: the cluster did not start" >&2
    exit 1
fi

say "cogo assess $target   (on the cluster at $url)"
build/cogo assess "$target" --server "$url"

say "what happened: one workflow of four tasks, done by worker actors in the sandbox"
build/cogo task list --server "$url"
say "next: build/cogo dev   and then   build/cogo assess PATH, build/cogo task submit echo --wait"
