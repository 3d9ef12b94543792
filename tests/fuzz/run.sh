#!/usr/bin/env bash
# Lets every fuzzer look for SECONDS each, in turn, beginning with its corpus in the tree and with what earlier runs found.
#   scons variant=fuzz fuzz && tests/fuzz/run.sh SECONDS
# New inputs stay in build/fuzz/found/NAME; one that breaks something is printed, with the command that repeats it.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:?usage: tests/fuzz/run.sh SECONDS}
passed=0
failed=0
for program in build/fuzz/tests/*_fuzz; do
    name=$(basename "$program" _fuzz)
    found=build/fuzz/found/$name
    mkdir -p "$found"
    if "$program" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found-broken-" "$found" "tests/fuzz/corpus/$name" >"$found.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok $name: $(grep -o 'number_of_executed_units: *[0-9]*' "$found.log" | tr -dc 0-9) inputs, $(find "$found" -type f | wc -l) kept"
    else
        failed=$((failed + 1))
        echo "FAIL $name: $(grep -m1 -E 'ERROR|runtime error|ALARM' "$found.log")"
        echo "repeat: $program $(find build/fuzz/found -name "$name-broken-*" | head -n 1)"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
