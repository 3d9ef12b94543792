"""Line and branch coverage of runtime/, from what gcc's --coverage left beside the object files.

    scons variant=cov unit && build/cov/tests/runtime_test && python3 tests/coverage.py build/cov
    python3 tests/coverage.py build/cov --least LINES,BRANCHES     (percent; below it exits 1)
    python3 tests/coverage.py build/cov --missed [FILE...]         each line with a way that no test took
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile


def read(folder):
    """{source: ({line: hits}, {(line, branch): hits})} of runtime/, merged over all object files."""
    found = {}
    notes = []
    for top, _, files in os.walk(os.path.join(folder, "obj", "runtime")):
        notes += [os.path.abspath(os.path.join(top, f)) for f in files if f.endswith(".gcda")]
    with tempfile.TemporaryDirectory() as scratch:
        for note in notes:
            subprocess.run(["gcov", "--json-format", "--branch-probabilities", note], cwd=scratch,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            for name in os.listdir(scratch):
                with gzip.open(os.path.join(scratch, name)) as file:
                    for source in json.load(file)["files"]:
                        add(found, source)
                os.unlink(os.path.join(scratch, name))
    return found


def add(found, source):
    path = os.path.relpath(source["file"]) if os.path.isabs(source["file"]) else source["file"]
    if not path.startswith("runtime/") or path.startswith("runtime/examples/"):
        return
    lines, branches = found.setdefault(path, ({}, {}))
    for line in source["lines"]:
        number = line["line_number"]
        lines[number] = lines.get(number, 0) + line["count"]
        for i, branch in enumerate(line["branches"]):
            # An inline function has as many copies as callers: a branch is taken if one copy took it.
            branches[number, i] = branches.get((number, i), 0) + branch["count"]


def share(hits):
    return sum(1 for h in hits if h > 0), len(hits)


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def show_missed(found, wanted):
    """Prints each line that was not reached (!!!!), or with fewer ways taken than it has (2/4)."""
    for path in sorted(found):
        if wanted and path not in wanted:
            continue
        lines, branches = found[path]
        ways = {}
        for (number, _), hits in branches.items():
            ways.setdefault(number, []).append(hits)
        print(path)
        with open(path) as file:
            for number, text in enumerate(file.read().split("\n"), 1):
                taken, there = share(ways.get(number, []))
                if lines.get(number, 1) == 0:
                    print(f"  !!!!  {number:4} {text}")
                elif taken < there:
                    print(f"  {taken:2}/{there:<2} {number:4} {text}")


def main():
    found = read(sys.argv[1])
    if not found:
        print("no coverage data: build with scons variant=cov and run the tests first")
        return 1
    if len(sys.argv) > 2 and sys.argv[2] == "--missed":
        show_missed(found, sys.argv[3:])
        return 0
    total = [0, 0, 0, 0]
    print(f"{'file':34} {'lines':>14} {'branches':>16}  not reached")
    for path in sorted(found):
        lines, branches = found[path]
        a, b = share(lines.values())
        c, d = share(branches.values())
        total = [x + y for x, y in zip(total, (a, b, c, d))]
        missed = [n for n in sorted(lines) if lines[n] == 0]
        print(f"{path:34} {a:4}/{b:4} {percent(a, b):4.0f}% {c:5}/{d:5} {percent(c, d):4.0f}%  "
              + " ".join(map(str, missed[:12])) + (" ..." if len(missed) > 12 else ""))
    lines, branches = percent(*total[:2]), percent(*total[2:])
    print(f"{'runtime/':34} {total[0]:4}/{total[1]:4} {lines:4.1f}% {total[2]:5}/{total[3]:5} {branches:4.1f}%")
    if len(sys.argv) > 3 and sys.argv[2] == "--least":
        least = [float(n) for n in sys.argv[3].split(",")]
        if lines < least[0] or branches < least[1]:
            print(f"FAIL: less than {least[0]} % of the lines or {least[1]} % of the branches")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
