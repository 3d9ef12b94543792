"""Weakens each memory order of the runtime in turn and wants the explorer to find it.

    python3 tests/model/mutate.py            checks ORDERS.md: every operation is in it, what is said to be
                                             found is found. The last line is 'N passed, N failed'
    python3 tests/model/mutate.py --long     and searches again, longer, for what is said not to be found:
                                             a find means that its reason was wrong
    python3 tests/model/mutate.py --write    searches for the operations that the table has not, and adds them;
                                             the reasons for what is not found are written by hand
"""
import collections
import concurrent.futures
import os
import re
import subprocess
import sys

from orders import NOT_FOUND, TABLE, TOP, Row, complaints, read_table

EXPLORE = os.environ.get("EXPLORE", os.path.join(TOP, "build/model/explore"))
LONGER = 5       # Times the executions of a plain run, with --long.
PATIENT = 10     # The same, for what was found once: a change elsewhere may put it later.
OUTSIDE = ("runtime/node/", "runtime/io/")  # Not in the explorer: it has no network.
# An order that is implied: who finds the first finds the second.
IMPLIES = {"acq_rel": ("acquire", "release", "relaxed"), "acquire": ("relaxed",), "release": ("relaxed",),
           "relaxed": (), "any": ("acq_rel", "acquire", "release", "relaxed")}
ANY = "any"      # In the place of an order: none of the weaker ones is found.


def run(*args):
    done = subprocess.run([EXPLORE, *args], capture_output=True, text=True)
    assert done.returncode in (0, 1), f"{args}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr}"
    return done


def programs():
    done = run("--executions", "1")
    out = done.stdout
    assert done.returncode == 0, f"the explorer finds something in what is not weakened:\n{done.stdout[-2000:]}{done.stderr}"
    return [m.group(1) for m in re.finditer(r"^(\S+): \d+ executions$", out, re.M)]


def sites(program):
    """name -> (order, reached, weaker orders)."""
    result = {}
    for line in run("--program", program, "--executions", "60", "--sites").stdout.splitlines():
        fields = line.split("\t")
        if len(fields) == 4:
            result[fields[0]] = (fields[1], int(fields[2]), fields[3].split())
    return result


def finds(program, site, order, factor=1):
    """True if the program fails with that operation weakened."""
    args = ["--program", program, "--weaken", f"{site}={order}"]
    if factor != 1:
        args += ["--executions", str(executions[program] * factor)]
    return run(*args).returncode == 1


def search(site, order, reach):
    """The program that finds it, or NOT_FOUND. Those that are made for its file come first."""
    for program in sorted(reach, key=lambda p: f"/{p.split('/')[0]}." not in site):
        if finds(program, site, order):
            return program
    return NOT_FOUND


def weaknesses(site, orders, reach):
    """Row per weaker order, leaving out what a stronger one that is found implies. The weakest
    is tried first: where it is not found nothing is."""
    first = search(site, orders[-1], reach)
    if first == NOT_FOUND:
        return {(site, ANY): Row(None, NOT_FOUND, "")}
    rows, implied = {}, set()
    for order in orders[:-1]:
        if order not in implied:
            found = search(site, order, [first] + [p for p in reach if p != first])
            rows[site, order] = Row(None, found, "")
            implied.update(IMPLIES[order] if found != NOT_FOUND else ())
    if orders[-1] not in implied:
        rows[site, orders[-1]] = Row(None, first, "")
    return rows


def write_table(rows):
    text = open(TABLE).read() if os.path.exists(TABLE) else "# Memory orders\n\n| operation |\n"
    with open(TABLE, "w") as file:
        file.write(text[:text.index("| operation")])
        file.write("| operation | order | weakened to | found by | why it is not found |\n|---|---|---|---|---|\n")
        for (site, order), row in sorted(rows.items()):
            file.write(f"| `{site}` | {row.order} | {order} | {row.found} | {row.why or NOT_FOUND} |\n")


def write(all_sites, reach):
    rows = {key: row for key, row in read_table().items()
            if key[0].startswith(OUTSIDE) or key[0] in all_sites and all_sites[key[0]][0] == row.order}
    missing = [s for s in all_sites if not any(site == s for site, _ in rows)]
    print(f"{len(missing)} of {len(all_sites)} operations to search")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(weaknesses, site, all_sites[site][2], reach[site]): site for site in missing}
        for job in concurrent.futures.as_completed(jobs):
            for key, row in job.result().items():
                rows[key] = row._replace(order=all_sites[jobs[job]][0])
            write_table(rows)
    write_table(rows)
    left = [key for key, row in rows.items() if row.found == NOT_FOUND and row.why in ("", NOT_FOUND)]
    for site, order in left:
        print(f"no reason: {site} = {order}  reached by {' '.join(reach[site]) or 'none'}")
    print(f"{len(rows)} rows, {len(left)} without a program or a reason")


def check(all_sites, reach, long):
    rows, bad = read_table(), complaints()
    for site, (_, _, orders) in all_sites.items():
        known = {order for (name, order) in rows if name == site}
        implied = {i for o in known if o == ANY or rows[site, o].found != NOT_FOUND for i in IMPLIES[o]}
        if set(orders) - known - implied:
            bad.append(f"ORDERS.md does not have {site} = {sorted(set(orders) - known - implied)}")
    passed = len(rows)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = []
        for (site, order), row in rows.items():
            if site in all_sites and row.found != NOT_FOUND:
                jobs.append((site, order, row.found, True, pool.submit(finds, row.found, site, order, PATIENT)))
            elif site in all_sites and long:
                weaker = all_sites[site][2] if order == ANY else [order]
                jobs += [(site, o, p, False, pool.submit(finds, p, site, o, LONGER))
                         for p in reach[site] for o in weaker]
        for site, order, program, expected, job in jobs:
            if job.result() != expected:
                bad.append(f"{program} {'does not find' if expected else 'finds'} {site} = {order}\n"
                           f"    repeat: build/model/explore --program {program} --weaken '{site}={order}'")
    for line in bad:
        print("FAIL " + line)
    print(f"{max(passed - len(bad), 0)} passed, {len(bad)} failed")
    return 1 if bad else 0


executions = {}


def main():
    os.chdir(TOP)
    for match in re.finditer(r'\{\s*"(\S+/\S+)",\s*\w+,\s*(\d+)\}', "".join(
            open(os.path.join("tests/model", f)).read() for f in os.listdir("tests/model") if f.endswith(".c"))):
        executions[match.group(1)] = int(match.group(2))
    all_sites, reach = {}, collections.defaultdict(list)
    for program in programs():
        for site, (order, reached, weaker) in sites(program).items():
            all_sites[site] = (order, reached, weaker)
            if reached > 0:
                reach[site].append(program)
    if "--write" in sys.argv:
        write(all_sites, reach)
        return 0
    return check(all_sites, reach, "--long" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
