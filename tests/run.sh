#!/usr/bin/env bash
# Installs what is missing, builds, runs the tests; the last line is 'N passed, N failed'.
#   tests/run.sh             everything that every change must pass (under 25 minutes on 2 cores)
#   tests/run.sh --long      and the long tier: 100,000 simulated seeds, kill loop, Debian sources, 100k lines
#   tests/run.sh --only X    only the steps whose name contains X (house unit deploy asan tsan sim model clang integration elsewhere children long)
# Output of each step: build/test-logs/<step>.log
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

long=0
only=
while [ $# -gt 0 ]; do
    case $1 in
    --long) long=1 ;;
    --only)
        only=${2:?--only needs a step}
        shift
        ;;
    *)
        echo "tests/run.sh: unknown argument '$1' (--long, --only STEP)" >&2
        exit 2
        ;;
    esac
    shift
done

bash deploy/packages.sh build roles test || {
    echo "0 passed, 1 failed"
    exit 1
}
export PYTHONDONTWRITEBYTECODE=1
logs=build/test-logs
mkdir -p "$logs"
jobs=$(nproc)
passed=0
failed=0
broken=()

# step NAME SECONDS COMMAND...: runs it with a deadline and adds up what its closing lines count.
step() {
    local name=$1 seconds=$2 log start counts p f rc
    shift 2
    case $name in *"$only"*) ;; *) return ;; esac
    log=$logs/$name.log
    start=$SECONDS
    timeout -k 10 "$seconds" "$@" >"$log" 2>&1
    rc=$?
    counts=$(/usr/bin/python3 tests/count.py "$log") || counts="0 1" # A full disk, say: no log is no success.
    read -r p f <<<"$counts"
    if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then
        f=1
    fi
    if [ "$rc" -eq 0 ] && [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then
        p=1 # A step that only succeeds or fails, such as a build.
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    printf '%-16s %5d passed %3d failed  %4d s\n' "$name" "$p" "$f" $((SECONDS - start))
    if [ "$f" -gt 0 ]; then
        broken+=("$name")
        grep -aE 'FAIL|FAILED|Error|error:|ERROR|Sanitizer|repeat:' "$log" | head -n 30
        echo "    ... $(wc -l <"$log") lines in $log; repeat: bash tests/run.sh --only $name"
    fi
}

# unit AT_ONCE BUILD_FOLDER: every unit test binary, the largest first; what each prints stays together.
unit() {
    find "$2/tests" -name '*_test' -printf '%s %p\n' | sort -rn | cut -d' ' -f2 |
        xargs -P "$1" -n 1 bash -c 'said=$("$0" 2>&1); rc=$?; printf "== %s\n%s\n" "$0" "$said"; [ $rc -eq 0 ]'
}
export -f unit

# seeds FIRST LAST: two halves at once.
seeds() {
    local middle=$((($1 + $2) / 2)) other rc
    build/sim/tests/sim_test --seeds "$1..$middle" &
    other=$!
    build/sim/tests/sim_test --seeds "$((middle + 1))..$2"
    rc=$?
    wait "$other" && return "$rc"
}
export -f seeds

step build 900 scons -j"$jobs"
step docs 120 scons docs
step house 300 /usr/bin/python3 tests/house/run.py
step unit-build 900 scons -j"$jobs" variant=debug unit
step unit 600 bash -c 'unit 1 build/debug'
step deploy 300 /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/deploy
# Most of them wait for something most of the time: some files at once.
step integration 900 /usr/bin/python3 -m pytest -q -p no:cacheprovider -n 3 --dist loadfile tests/integration
# The same tests with the workers on another node, and in child processes: some of them here, all of them with --long.
workers() { # workers WHERE TEST...
    COGO_TESTS_WORKERS=$1 /usr/bin/python3 -m pytest -q -p no:cacheprovider "${@:2}"
}
export -f workers
for where in elsewhere children; do
    step "$where" 300 bash -c 'workers "$@"' - "$where" tests/integration/test_tenants.py tests/integration/test_kill.py
done
step asan-build 900 scons -j"$jobs" variant=asan unit
step asan 900 env ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 bash -c 'unit 2 build/asan'
step tsan-build 900 scons -j"$jobs" variant=tsan unit
step tsan 900 env TSAN_OPTIONS=halt_on_error=0:exitcode=66 bash -c 'unit 2 build/tsan'
step sim-build 900 scons -j"$jobs" variant=sim sim
step sim 180 bash -c 'seeds 1 200'
step sim-planted 120 bash tests/sim/planted.sh
step model-build 300 scons -j"$jobs" model
step model 300 build/model/explore
step model-sleep 300 bash tests/model/spin.sh
step clang 900 scons -j"$jobs" compiler=clang out=build/clang
step fuzz-build 900 scons -j"$jobs" variant=fuzz fuzz
step fuzz 120 bash tests/fuzz/run.sh 10
if [ "$long" = 1 ]; then
    step long-packages 900 bash deploy/packages.sh long
    step model-orders-long 3600 /usr/bin/python3 tests/model/mutate.py --long
    step coverage 900 scons -j"$jobs" variant=cov
    step fuzz-long 14400 bash tests/fuzz/run.sh 3600
    step sim-long 14400 bash -c 'seeds 1 100000'
    for where in elsewhere children; do
        step "long-$where" 1800 bash -c 'workers "$@"' - "$where" tests/integration
    done
    step long 7200 /usr/bin/python3 -m pytest -q -s -p no:cacheprovider tests/long
fi

if [ ${#broken[@]} -gt 0 ]; then
    echo "failed: ${broken[*]}"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
