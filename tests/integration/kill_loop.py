"""Kills at named places and at random moments, under load; what was acknowledged must be there, once.

The tests of both tiers use it. A round that did not end the process where it was told to is counted, and too many of
them fail the run: a loop that kills nothing proves nothing.
"""
import os
import random
import re
import signal
import sqlite3
import subprocess
import time

from conftest import TOP
from test_postgres_faults import Load, check, until

with open(os.path.join(TOP, "codec", "contract", "failpoint.h")) as header:
    PLACES = re.findall(r'X\("([a-z.]+)"\)', header.read())


def places(engine):
    out = {"queue.durable"} | (set() if engine == "postgres" else {"store.commit.sent"})  # test_redis.py goes there.
    return [place for place in PLACES if place not in out]


def seeded():
    seed = int(os.environ.get("SEED", time.time_ns() % 1000000))
    print(f"\nseed {seed}: SEED={seed} repeats the places and counts")
    return random.Random(seed)


def kill_at_places(cluster, engine, kills, rng):
    """Each place in turn, at its 1st to 12th passage; gives the load and how often it was where it should be."""
    load, fired = Load(cluster), 0
    for number in range(kills):
        place = places(engine)[number % len(places(engine))]
        cluster.process.kill()
        cluster.process.wait(10)
        cluster.env["COGO_FAILPOINT"] = f"{place}:kill:{rng.randint(1, 12)}"
        port = int(cluster.url.rsplit(":", 1)[1])
        try:
            cluster.start(port=port)
            cluster.process.wait(6)
        except AssertionError:
            cluster.process = cluster.launched  # It ended while it started: recovery writes, too.
        except subprocess.TimeoutExpired:
            continue  # It did not come to the place in time.
        assert cluster.process.wait(10) == -signal.SIGKILL, open(cluster.log_path).read()[-2000:]
        fired += 1
    cluster.env.pop("COGO_FAILPOINT")
    if cluster.process.poll() is None:
        cluster.kill()
    cluster.start(port=port)
    load.stop()
    return load, fired


class Sqlite:
    """What check() asks of PostgreSQL, of a file."""
    schema = None

    def __init__(self, data):
        self.path = os.path.join(data, "cogo.db")

    def sql(self, text, schema=None):
        text = text.replace("t.events <> (SELECT count(*)", "(SELECT max(e.sequence) FROM task_events e "
                            "WHERE e.task = t.number) <> (SELECT count(*)")
        db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            return "\n".join(str(row[0]) for row in db.execute(text))
        finally:
            db.close()


def whole(store):
    return isinstance(store, Sqlite) and store.sql("PRAGMA integrity_check") == "ok" or not isinstance(store, Sqlite)


__all__ = ["Load", "Sqlite", "check", "kill_at_places", "places", "seeded", "until", "whole"]
