#!/usr/bin/env bash
# engine.sh build|run|down DIR: a throwaway Docker engine for the tests, without systemd, as root.
#   build  on the host's network, for `docker build --network=host`
#   run    the engine and all its networks live in a network namespace of their own, with no way out
# Both share DIR/root: build first, then down, then run. Prints the DOCKER_HOST to use.
set -euo pipefail
mode=${1:?} dir=$(mkdir -p "${2:?}" && cd "$2" && pwd)
namespace=cogo-engine-$(cksum <<<"$dir" | cut -d' ' -f1)
socket=unix://$dir/docker.sock
options=(--data-root "$dir/root" --exec-root "$dir/exec" -H "$socket" --pidfile "$dir/docker.pid" --storage-driver=overlay2
    --default-ulimit nofile=1024:4096)
wait_s=60

wait_until_up() {
    for _ in $(seq $((wait_s * 4))); do
        docker -H "$socket" version >/dev/null 2>&1 && echo "$socket" && return
        sleep 0.25
    done
    tail -n 20 "$dir/log" >&2
    exit 1
}

case $mode in
build)
    setsid dockerd "${options[@]}" --bridge=none --iptables=false --ip6tables=false >"$dir/log" 2>&1 &
    wait_until_up
    ;;
run)
    ip netns list | grep -qw "$namespace" || ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    # nsenter: `ip netns exec` remounts /sys and hides the cgroups.
    setsid nsenter --net="/run/netns/$namespace" dockerd "${options[@]}" >"$dir/log" 2>&1 &
    wait_until_up
    ;;
enter) # engine.sh enter DIR COMMAND...: a command on the engine's network.
    shift 2
    exec nsenter --net="/run/netns/$namespace" "$@"
    ;;
down)
    pid=$(cat "$dir/docker.pid" 2>/dev/null || true)
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    fi
    ip netns del "$namespace" 2>/dev/null || true
    # What the engine leaves mounted would outlive the folder.
    awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
    ;;
*)
    echo "engine.sh: unknown mode '$mode'" >&2
    exit 2
    ;;
esac
