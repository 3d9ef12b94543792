"""Kills at named places and at random moments, under load; what was acknowledged must be there, once.

The tests of both tiers use it. A place tells on stderr that it was come to, and only that counts as a fault: a loop that
kills nothing proves nothing.
"""
import collections
import os
import random
import re
import time

from conftest import TOP
from kill_load import MixedLoad, Patience, PostgresAudit, SqliteAudit, check, keep

with open(os.path.join(TOP, "codec", "contract", "failpoint.h")) as header:
    PLACES = re.findall(r'X\("([a-z.]+)"\)', header.read())
COMMITS_MAX = 12  # A place is come to so often, at most, before it ends the process.
FIRES_S = 8
SLOTS = 0.4  # Of the starts; who follows finds the same slots due, so all of them would end there for long.
MINUTE_S = 75
LATE = "not there in time"


def is_start(place):
    """Only a start comes there."""
    return place.startswith("store.migrate.") or place == "store.term.after"


def is_slot(place):
    """Only at a full minute."""
    return place.startswith("orchestrator.slot.")


def places(engine):
    """Those of a load that a loop comes to at any time; test_redis.py goes to its door's."""
    out = {"queue.durable"} | (set() if engine == "postgres" else {"store.commit.sent"})
    return [place for place in PLACES if place not in out and not is_start(place) and not is_slot(place)]


def seeded():
    seed = int(os.environ.get("SEED", time.time_ns() % 1000000))
    print(f"\nseed {seed}: SEED={seed} repeats the places and counts")
    return random.Random(seed)


def order(place, rng, fired, starts=0.0):
    """For COGO_FAILPOINT: ends there; sometimes also, when a full minute comes first, where the slots of schedules are, at that of
    these places that @fired has least of; and with the chance @starts in the start."""
    rare = place.startswith(("store.keep.", "store.token.", "store.artifact.", "orchestrator.sweep.", "orchestrator.redrive."))
    orders = [f"{place}:kill:{rng.randint(1, 2 if rare else COMMITS_MAX)}"]
    if rng.random() < SLOTS:
        slots = [p for p in PLACES if is_slot(p)]
        orders.append(f"{min(rng.sample(slots, len(slots)), key=lambda p: fired[p])}:kill:{rng.randint(1, 3)}")
    if rng.random() < starts:
        orders.append("store.term.after:kill")
    return ",".join(orders)


class Log:
    """Which places the processes behind a log file came to since the last look."""

    def __init__(self, path):
        self.path, self.read = path, 0

    def fired(self):
        with open(self.path, "rb") as file:
            file.seek(self.read)
            text = file.read()
        self.read += len(text)
        return re.findall(r"^failpoint (\S+)$", text.decode(errors="replace"), re.M)


def ended(process, seconds=FIRES_S):
    """Whether it ends by itself within that time."""
    patience = Patience(seconds)
    while process.poll() is None:
        if patience.over():
            return False
        time.sleep(0.01)
    return True


def run_at(cluster, orders, port, seconds=FIRES_S):
    """Starts it with @orders, and waits until it has ended; True: by itself."""
    cluster.env["COGO_FAILPOINT"] = orders
    try:
        cluster.start(port=port)
    except AssertionError:
        cluster.process = cluster.launched  # It ended while it started: recovery writes, too.
    if ended(cluster.process, seconds):
        return True
    cluster.kill()
    return False


def kill_at_places(cluster, audit, engine, kills, rng, keep_s, others=(), slots=False):
    """Kills of one node: each place in turn, again when it ended elsewhere; in between @others, functions that do something else
    to it; then, if asked, where the slots of schedules are, at the next full minutes. Gives figures, and how often there was what."""
    cluster.args += keep(keep_s)
    port = int(cluster.url.rsplit(":", 1)[1])
    assert cluster.stop() == 0
    audit.listen()
    log, fired = Log(cluster.log_path), collections.Counter()
    cluster.start(port=port)
    load, todo = MixedLoad(cluster), []
    try:
        load.grows()
        cluster.kill()
        for _ in range(kills):
            todo = todo or [*places(engine), *others]
            what = todo.pop(0)
            if callable(what):
                cluster.env.pop("COGO_FAILPOINT", None)
                cluster.start(port=port)
                fired[what(cluster, rng, load)] += 1
                cluster.kill()
            else:
                fired[LATE] += not run_at(cluster, order(what, rng, fired), port)
            seen = log.fired()
            fired.update(seen)
            if not callable(what) and what not in seen:
                todo.insert(0, what)
            load.look()
        for place in filter(is_slot, PLACES if slots else ()):
            fired[LATE] += not run_at(cluster, f"{place}:kill", port, MINUTE_S)
            fired.update(log.fired())
        cluster.env.pop("COGO_FAILPOINT", None)
        cluster.start(port=port)
        load.grows()
        load.stop()
        load.settle(audit)
        return check(load, audit), fired
    finally:
        load.done.set()


def enough(fired, kills, expected, each=1):
    """The run counts: most faults were there, and some at each of the places."""
    late = fired.pop(LATE, 0)
    total = sum(fired.values())
    print(f"{total} faults of {kills}, {late} not in time: {dict(fired)}")
    assert total >= kills * 0.9
    seldom = [place for place in expected if fired[place] < each]
    assert not seldom, f"too seldom at {seldom}: {dict(fired)}"


__all__ = ["MixedLoad", "Patience", "PostgresAudit", "SqliteAudit", "check", "keep", "seeded"]
