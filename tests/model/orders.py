"""The operations of the runtime that name an order, read from its sources, against ORDERS.md.

    python3 tests/model/orders.py       what the table lacks, and what it has too much; exit 1 if there is any

Needs no build: tests/house runs it with every change. That what is said to be found is found: mutate.py.
"""
import collections
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(TOP, "tests/model/ORDERS.md")
NOT_FOUND = "-"
# The back-ends themselves; a lock ships as another one; the simulated world has one thread.
LEFT_OUT = re.compile(r"base/(atomic|atomic_checked|lock)\.h$|base/(sim|sim_run|world_sim|fiber)\.c$|base/sim")
OPERATION = re.compile(r"\bcogo__(?:u32|u64|ptr)_(load|store|swap|cas|add|or|clear)"
                       r"_(relaxed|acquire|release|acq_rel|seq_cst)\(")
FUNCTION = re.compile(r"^[a-z_][^;=]*?\b(\w+)\(", re.M)
BUMP = "runtime/base/atomic.h cogo__u64_bump() store(a)"  # The one operation of that file.

Row = collections.namedtuple("Row", "order found why")


def read_table():
    """(operation, weaker order) -> Row."""
    rows = {}
    if not os.path.exists(TABLE):
        return rows
    for line in open(TABLE):
        cells = [c.strip() for c in line.strip().strip("|").split(" | ")]
        if len(cells) == 5 and cells[0].startswith("`"):
            rows[cells[0].strip("`"), cells[2]] = Row(cells[1], cells[3], cells[4])
    return rows


def operand(text, at):
    """The first argument of the call whose '(' is before @at, as the preprocessor would spell it."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] in "([") - (text[end] in ")]")
        if depth < 0 or (depth == 0 and text[end] == ","):
            return " ".join(text[at:end].split())
    raise ValueError("a call without an end")


def in_file(path):
    """name -> order, in the order of the lines; names as those of `explore --sites`."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), open(path).read(), flags=re.S)
    functions = [(m.start(), m.group(1)) for m in FUNCTION.finditer(text)]
    found, twins = {}, collections.Counter()
    for match in OPERATION.finditer(text):
        function = [name for start, name in functions if start < match.start()][-1]
        name = f"{path} {function}() {match.group(1)}({operand(text, match.end())})"
        twins[name] += 1
        if match.group(2) != "relaxed":
            found[name if twins[name] == 1 else f"{name}#{twins[name]}"] = match.group(2)
    return found


def in_sources():
    """operation -> order, of all of runtime/."""
    found = {BUMP: "release"}
    for path in sorted(glob.glob("runtime/*/*.[ch]")):
        if not LEFT_OUT.search(path) and not path.startswith(("runtime/include", "runtime/examples")):
            found.update(in_file(path))
    return found


def complaints():
    source, rows, bad = in_sources(), read_table(), []
    for operation, order in sorted(source.items()):
        orders = {row.order for (name, _), row in rows.items() if name == operation}
        if not orders:
            bad.append(f"ORDERS.md has no line for {operation} ({order})")
        elif orders != {order}:
            bad.append(f"ORDERS.md has {', '.join(sorted(orders))} for {operation}, the source {order}")
    for (operation, order), row in rows.items():
        if operation not in source and operation.startswith("runtime/"):
            bad.append(f"ORDERS.md has an operation that the source has not: {operation}")
        if row.found == NOT_FOUND and row.why in ("", NOT_FOUND):
            bad.append(f"ORDERS.md says neither what finds {operation} = {order} nor why nothing does")
    return bad


if __name__ == "__main__":
    os.chdir(TOP)
    lines = complaints()
    print("\n".join(lines) if lines else f"{len(in_sources())} operations, {len(read_table())} lines")
    sys.exit(1 if lines else 0)
