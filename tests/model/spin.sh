#!/usr/bin/env bash
# Checks the model of lane sleep and wake with Spin, and that each planted error is found in it.
#   tests/model/spin.sh          2 lanes, 2 items; the last line is 'N passed, N failed'
#   tests/model/spin.sh --long   and 2 lanes, 3 items
set -uo pipefail
model=$(cd "$(dirname "$0")" && pwd)/sleep.pml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
passed=0
failed=0

# check WANTED DEFINES...: WANTED is 0 (no error) or 1 (an error must be found).
check() {
    local wanted=$1 found
    shift
    if ! { spin "$@" -a "$model" && gcc -O2 -w -DSAFETY -o pan pan.c &&
        ./pan -m100000; } >out 2>&1; then
        cat out
        failed=$((failed + 1))
        return
    fi
    found=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' out)
    if [ "${found:-none}" = "$wanted" ] && ! grep -q 'max search depth too small' out; then
        passed=$((passed + 1))
        echo "ok   ${*:-as it is}: $(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1 states/p' out)"
    else
        failed=$((failed + 1))
        echo "FAIL ${*:-as it is}: errors ${found:-none}, wanted $wanted"
        tail -n 25 out
    fi
}

check 0
for error in NO_LAST_LOOK LOOK_FIRST LEAVE_FIRST NO_CHAIN NO_RECOUNT NO_CREDIT NO_SECOND_LOOK LOST_TOKEN; do
    check 1 "-D$error"
done
if [ "${1:-}" = --long ]; then
    check 0 -DITEMS=3
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
