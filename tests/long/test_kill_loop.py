"""600 kills over leader, follower, worker and PostgreSQL, the leader's at every step of a commit.

    KILLS=600 SEED=1 /usr/bin/python3 -m pytest -q -s tests/long/test_kill_loop.py
"""
import collections
import json
import os
import time

import pytest

from test_long import base, load as load_module

kill_loop = load_module("kill_loop")
leader = load_module("test_leader")
KINDS = ["leader", "leader", "leader", "follower", "worker", "postgres", "sessions"]


class Anyone:
    """A client's view of several orchestrators: it asks one that is up, and another one the next time."""

    def __init__(self, trio, rng):
        self.trio, self.rng = trio, rng

    def call(self, *args, **kwargs):
        return self.rng.choice(self.trio.members).call(*args, **kwargs)

    def finished(self, task_id, seconds=60):
        return self.trio.leader().finished(task_id, seconds)


def arm(member, rng):
    member.env["COGO_FAILPOINT"] = f"{rng.choice(kill_loop.PLACES)}:kill:{rng.randint(1, 12)}"


def revive(trio, rng, fired):
    """Whoever has ended is started again, and told where to end the next time."""
    for member in trio.members:
        if member.process.poll() is not None:
            fired["leader"] += member.process.returncode == -9 and not member.killed
            member.killed = False
            arm(member, rng)
            try:
                member.start()
            except AssertionError:
                member.process = member.launched  # At its place already; next time.


def strike(trio, postgres, rng, kind):
    if kind == "follower":
        alive = [member for member in trio.members if member.process.poll() is None and not member.leads()]
        if not alive:
            return False
        victim = rng.choice(alive)
        victim.killed = True
        victim.process.kill()
        victim.process.wait(10)
    elif kind == "worker":
        trio.workers.kill()
        trio.workers.wait(10)
        trio.start_workers()
    elif kind == "postgres":
        postgres.do("kill")
        postgres.do("start")
    else:
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cogo'")
    return True


def strike_leader(trio, rng, fired):
    """It ends by itself, at its place."""
    before, end = fired["leader"], time.monotonic() + 8
    while fired["leader"] == before and time.monotonic() < end:
        revive(trio, rng, fired)
        time.sleep(0.02)  # Nothing tells a parent of several children which one ends.


@pytest.fixture
def postgres():
    server = base.Postgres(f"/tmp/cogo_pgl_{os.getpid()}")
    server.do("up", str(os.getpid()))
    yield server
    server.do("down")


def test_600_kills_spread_over_all_that_can_die(tmp_path, postgres):
    kills, rng = int(os.environ.get("KILLS", "600")), kill_loop.seeded()
    trio, fired = leader.Trio(tmp_path, postgres), collections.Counter()
    for member in trio.members:  # From here on each is told where to end.
        member.kill()
        member.killed = True
    revive(trio, rng, fired)
    load = kill_loop.Load(Anyone(trio, rng))
    try:
        for number in range(kills):
            kind = KINDS[number % len(KINDS)]
            before = len(load.accepted)
            if kind == "leader":
                strike_leader(trio, rng, fired)
            else:
                fired[kind] += strike(trio, postgres, rng, kind)
                revive(trio, rng, fired)
            kill_loop.until(lambda: revive(trio, rng, fired) or len(load.accepted) > before, 60, "work goes on")
        for member in trio.members:
            member.env.pop("COGO_FAILPOINT", None)
            member.killed = True
            member.process.kill()
            member.process.wait(10)
            member.start()
        load.stop()
        total = sum(fired.values())
        print(json.dumps({"bench": f"kill-{kills}", "fired": dict(fired), "acknowledged": len(load.accepted)}))
        assert total >= kills * 0.9 and all(fired[kind] >= kills // 10 for kind in set(KINDS))
        kill_loop.check(Anyone(trio, rng), postgres, load)
        print(json.dumps({"lost": 0, "doubled": 0}))
    finally:
        load.done.set()
        trio.end()
