#!/usr/bin/env bash
# Deploys this version with Compose: checks the settings, builds or takes the images, migrates the database, starts,
# waits until everything is healthy, and goes back to the version that ran before if it does not get so.
#   bash deploy/production.sh [--env-file FILE] [--no-build] [--deadline SECONDS] [--profile NAME]
# Exit 0: the new version serves. Else one line on stderr says why, and what ran before still serves:
#   2 usage or settings, 3 images, 4 migration, 5 not healthy in time.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

env_file=.env build=1 deadline_s=180
profiles=() within=()
compose=(docker compose)
[ -z "${COGO_COMPOSE:-}" ] || read -ra compose <<<"$COGO_COMPOSE"
secret_bytes_min=16
poll_s=1
undo_s=180 # What ran before has been healthy within it once.

say() { printf '%s\n' "$*" >&2; }
give_up() { # give_up CODE REASON
    say "production.sh: $2"
    exit "$1"
}

while [ $# -gt 0 ]; do
    case $1 in
    --env-file)
        env_file=${2:?--env-file needs a file}
        shift
        ;;
    --deadline)
        deadline_s=${2:?--deadline needs seconds}
        shift
        ;;
    --profile)
        profiles+=(--profile "${2:?--profile needs a name}")
        shift
        ;;
    --no-build) build=0 ;;
    -h | --help)
        sed -n '2,6s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *) give_up 2 "unknown argument '$1' (--env-file, --no-build, --deadline, --profile)" ;;
    esac
    shift
done
[[ $deadline_s =~ ^[0-9]+$ ]] || give_up 2 "--deadline '$deadline_s' is not a number of seconds"

load_settings() {
    [ -r "$env_file" ] || give_up 2 "no settings: '$env_file' can't be read (start from deploy/example.env)"
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        [[ $line =~ ^[A-Z][A-Z0-9_]*= ]] || give_up 2 "$env_file: a line is not NAME=VALUE"
        export "${line%%=*}=${line#*=}"
    done <"$env_file"
}

check_settings() {
    local name
    for name in COGO_API_TOKEN COGO_CLUSTER_SECRET DB_PASSWORD COGO_IMAGE COGO_TOOLBOX_IMAGE; do
        [ -n "${!name:-}" ] || give_up 2 "$name is not set (in $env_file)"
    done
    for name in COGO_API_TOKEN COGO_CLUSTER_SECRET; do
        [ "$(printf %s "${!name}" | wc -c)" -ge $secret_bytes_min ] ||
            give_up 2 "$name is shorter than $secret_bytes_min bytes"
    done
    [[ $DB_PASSWORD =~ ^[A-Za-z0-9._~-]+$ ]] || give_up 2 "DB_PASSWORD has characters that a URL does not take as they are (use A-Z a-z 0-9 . _ ~ -)"
    [ "$COGO_IMAGE" != "$COGO_TOOLBOX_IMAGE" ] || give_up 2 "COGO_IMAGE and COGO_TOOLBOX_IMAGE are the same image"
    docker version >/dev/null 2>&1 || give_up 2 "no Docker engine answers (DOCKER_HOST)"
    "${compose[@]}" version >/dev/null 2>&1 || give_up 2 "Docker Compose v2 is not installed"
    local why
    why=$(project config -q 2>&1) || give_up 2 "the Compose files are not valid: $(tail -n 1 <<<"$why")"
}

project() { "${within[@]}" "${compose[@]}" -f deploy/compose.yml -f deploy/compose.prod.yml "${profiles[@]}" "$@"; }

image_of() { # image_of SERVICE: the image that its container runs, by id; nothing if there is none.
    local container
    container=$(project ps -q "$1" 2>/dev/null | head -n 1)
    [ -z "$container" ] || docker inspect -f '{{.Image}}' "$container" 2>/dev/null
}

# What runs now gets names of its own, so that it can be started again whatever its tags mean by then.
remember_previous() {
    previous=$(image_of cogo-orchestrator) previous_toolbox=$(image_of cogo-quality-worker)
    [ -z "$previous" ] || docker tag "$previous" cogo:previous
    [ -z "$previous_toolbox" ] || docker tag "$previous_toolbox" cogo-toolbox:previous
}

make_images() {
    local revision name target
    if [ "$build" = 1 ]; then
        revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
        for target in runtime toolbox; do
            name=$COGO_IMAGE
            [ "$target" = runtime ] || name=$COGO_TOOLBOX_IMAGE
            say "building $name"
            docker build -q --network=host --target "$target" --build-arg VERSION="$(cat runtime/VERSION)" \
                --build-arg REVISION="$revision" -t "$name" . >/dev/null || give_up 3 "$name can't be built"
        done
        return
    fi
    for name in "$COGO_IMAGE" "$COGO_TOOLBOX_IMAGE"; do
        docker image inspect "$name" >/dev/null 2>&1 || docker pull -q "$name" >/dev/null 2>&1 ||
            give_up 3 "image $name is neither here nor can it be pulled"
    done
}

migrate() {
    local log
    say "migrating the database"
    project up -d --no-recreate --wait postgres >/dev/null 2>&1 || give_up 4 "PostgreSQL does not get healthy"
    log=$(project run --rm --no-deps -T cogo-migrate 2>&1) || give_up 4 "the migration failed: $(tail -n 1 <<<"$log")"
}

health() { # The services that are not healthy or not running, in one line.
    local service state bad=()
    while read -r service state; do
        case $state in running*healthy* | running) ;; *) bad+=("$service") ;; esac
        case $state in *unhealthy*) bad+=("$service") ;; esac
    done < <(project ps -a --format '{{.Service}} {{.State}} {{.Health}}' | grep -v '^cogo-migrate ' | sed 's/ *$//')
    printf '%s' "$(printf '%s\n' "${bad[@]}" | sort -u | paste -sd ' ')"
}

start() { # start SECONDS: whether all is healthy in time.
    say "starting"
    local end=$((SECONDS + $1)) within=(timeout "$1")
    project up -d --remove-orphans >/dev/null 2>&1 # Waits for who depends on whom.
    within=()
    while waiting=$(health) && [ $SECONDS -lt $end ]; do
        if [ -z "$waiting" ] && project exec -T cogo-orchestrator cogo healthcheck >/dev/null 2>&1; then
            return 0
        fi
        sleep $poll_s
    done
    return 1
}

undo() {
    [ -n "$previous" ] || {
        project stop >/dev/null 2>&1
        give_up 5 "not healthy after $deadline_s s: ${waiting:-cogo-orchestrator}; nothing ran before, so all is stopped"
    }
    local failed=${waiting:-cogo-orchestrator}
    export COGO_IMAGE=cogo:previous COGO_TOOLBOX_IMAGE=cogo-toolbox:previous
    [ -n "$previous_toolbox" ] || COGO_TOOLBOX_IMAGE=cogo:previous
    start "$undo_s" || give_up 5 "not healthy after $deadline_s s: $failed; the version before does not get healthy either: $waiting"
    give_up 5 "not healthy after $deadline_s s: $failed; the version before serves again"
}

waiting='' previous='' previous_toolbox=''
load_settings
check_settings
remember_previous
make_images
migrate
start "$deadline_s" || undo
say "deployed $COGO_IMAGE: $(project ps -q | wc -l) containers, all healthy"
