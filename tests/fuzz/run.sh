#!/usr/bin/env bash
# Lets every fuzzer look for SECONDS each, as many at once as there are CPUs, beginning with its corpus in the tree and with what earlier runs found.
#   scons variant=fuzz fuzz && tests/fuzz/run.sh SECONDS
# New inputs stay in build/fuzz/found/NAME; one that breaks something is printed, with the command that repeats it.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export seconds=${1:?usage: tests/fuzz/run.sh SECONDS}

look() { # look PROGRAM
    local name found
    name=$(basename "$1" _fuzz)
    found=build/fuzz/found/$name
    mkdir -p "$found"
    if "$1" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found-broken-" "$found" "tests/fuzz/corpus/$name" >"$found.log" 2>&1; then
        echo "ok $name: $(grep -o 'number_of_executed_units: *[0-9]*' "$found.log" | tr -dc 0-9) inputs, $(find "$found" -type f | wc -l) kept"
    else
        printf 'FAIL %s: %s\nrepeat: %s %s\n' "$name" "$(grep -m1 -E 'ERROR|runtime error|ALARM' "$found.log")" \
            "$1" "$(find build/fuzz/found -name "$name-broken-*" | head -n 1)"
    fi
}
export -f look

said=$(printf '%s\n' build/fuzz/tests/*_fuzz | xargs -P "$(nproc)" -n 1 bash -c 'look "$0"')
echo "$said"
passed=$(grep -c '^ok ' <<<"$said")
failed=$(grep -c '^FAIL ' <<<"$said")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
