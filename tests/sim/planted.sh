#!/usr/bin/env bash
# The simulation finds planted races, and the command that it prints repeats each: same seed, same end.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
sim=${1:-build/sim/tests/sim_test}
passed=0
failed=0

# planted FUNCTION SCENARIO SEEDS: every read-modify-write of FUNCTION falls apart into a read and a write.
planted() {
    local report first again repeat
    report=$("$sim" --scenario "$2" --seeds "$3" --plant "$1" 2>&1)
    first=$(grep -a '^FAIL' <<<"$report")
    repeat=$(sed -n 's/^ *repeat: //p' <<<"$report" | head -n 1)
    again=$(bash -c "${repeat% --trace}" 2>&1 | grep -a '^FAIL')
    if [ -n "$first" ] && [ "$first" = "$again" ]; then
        passed=$((passed + 1))
        echo "found and repeated: $1: $first"
    else
        failed=$((failed + 1))
        echo "FAIL planted race in $1: '${first:-not found}', repeated: '${again:-nothing}'"
        echo "    repeat: $sim --scenario $2 --seeds $3 --plant $1"
    fi
}

planted cogo__mailbox_push_all talk_fifo 1..500
planted cogo__mailbox_idle talk_fifo 1..500
planted claim_idle talk_fifo 1..1000
planted wait_for_order talk_fifo 1..1000
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
