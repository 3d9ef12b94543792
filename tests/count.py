"""Adds up the closing lines of Criterion, of the in-process runner, of pytest and of the house tests.

Prints "PASSED FAILED" for the log file named on the command line. A test binary that crashed
before its closing line is found by its exit code, in tests/run.sh.
"""
import re
import sys

text = open(sys.argv[1], errors="replace").read()
passed = failed = 0
for m in re.finditer(r"Tested: \S*?(\d+)\D*? \| Passing: \S*?(\d+)\D*? \| Failing: \S*?(\d+)\D*? "
                     r"\| Crashing: \S*?(\d+)", text):
    passed += int(m.group(2))
    failed += int(m.group(1)) - int(m.group(2))
for m in re.finditer(r"^(\d+) passed, (\d+) failed$", text, re.M):
    passed += int(m.group(1))
    failed += int(m.group(2))
for m in re.finditer(r"^(?:=+ )?((?:\d+ \w+,? ?)+) in [\d.]+s.*$", text, re.M):
    for count, word in re.findall(r"(\d+) (\w+)", m.group(1)):
        if word == "passed":
            passed += int(count)
        elif word in ("failed", "error", "errors"):
            failed += int(count)
print(passed, failed)
