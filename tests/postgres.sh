#!/usr/bin/env bash
# A private PostgreSQL for tests, on a socket in DIR (and on 127.0.0.1 when a port is given), run as user postgres when
# we are root.   postgres.sh up DIR [WATCHED_PID [PORT]] | stop DIR | kill DIR | start DIR | down DIR
# "up" makes and starts it, once; when the watched process is gone it is stopped and DIR removed.
# Nothing survives a power cut here (fsync is off): what is tested is what a kill leaves.
set -euo pipefail
what=${1:?up, stop, kill, start or down}
dir=${2:?a folder}
watched=${3:-}
port=${4:-}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1) || true
[ -n "$bin" ] || {
    echo "postgres.sh: no PostgreSQL here: bash deploy/packages.sh test" >&2
    exit 1
}
as() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}
# After a kill the children of the old server may hold its memory for a moment.
start() {
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        ! as "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start >/dev/null 2>&1 || return 0
        sleep "0.$try"
    done
    tail -n 5 "$dir/log" >&2
    return 1
}

case $what in
up)
    mkdir -p "$dir"
    exec 9>"$dir/lock"
    flock 9
    [ ! -e "$dir/ready" ] || exit 0
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    chmod 700 "$dir"
    as "$bin/initdb" -D "$dir/data" -A trust -U postgres --no-sync -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '${port:+127.0.0.1}'
port = ${port:-5432}
unix_socket_directories = '$dir'
fsync = off
full_page_writes = off
max_connections = 60
CONF
    start 9>&-
    touch "$dir/ready"
    if [ -n "$watched" ]; then
        setsid bash -c "while kill -0 $watched 2>/dev/null; do sleep 0.2; done; exec bash '$0' down '$dir'" \
            9>&- </dev/null >/dev/null 2>&1 &
    fi
    ;;
start) start ;;
stop) as "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null ;;
kill) # As the kernel would: the postmaster, and so all that belongs to it.
    pid=$(head -n 1 "$dir/data/postmaster.pid")
    kill -9 "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    ;;
down)
    as "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$dir"
    ;;
*)
    echo "postgres.sh: unknown word '$what'" >&2
    exit 2
    ;;
esac
