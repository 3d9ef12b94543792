"""600 kills: 400 over leader, follower, worker and PostgreSQL of a cluster, the leader's at every step of a commit; 200 over
orchestrator and worker on SQLite. Retention, schedules, approvals, limits, workflows, dead letters and tokens are in the load.

    KILLS=600 SEED=1 /usr/bin/python3 -m pytest -q -s tests/long/test_kill_loop.py
"""
import collections
import itertools
import json
import os
import time

import pytest

from test_long import base, load as load_module

kill_loop = load_module("kill_loop")
leader = load_module("test_leader")
KILLS = int(os.environ.get("KILLS", "600"))
KINDS = ["leader", "leader", "leader", "follower", "leader", "worker", "leader", "postgres", "leader", "sessions"]
OTHERS = ["follower", "worker", "postgres", "sessions"]
KEEP_S = 60  # Longer than a request may hang in a follower whose leader is gone.
LONG_KILLS = 100  # A loop of so many comes to every place, those where the slots of schedules are at full minutes.
SLOT_S = 150  # The next full minute, and a slow machine.


class Anyone:
    """A client's view of several orchestrators: it asks one that is up, and another one the next time."""

    def __init__(self, trio, rng):
        self.trio, self.rng = trio, rng

    def call(self, *args, **kwargs):
        return self.rng.choice(self.trio.members).call(*args, **kwargs)


class Scene:
    """Three orchestrators, each told where to end once it leads."""

    def __init__(self, folder, postgres, rng):
        self.rng, self.postgres, self.todo, self.only = rng, postgres, [], None
        self.trio, self.fired = leader.Trio(folder, postgres, kill_loop.keep(KEEP_S)), collections.Counter()
        self.audit = kill_loop.PostgresAudit(postgres)
        self.logs = [kill_loop.Log(member.data + ".log") for member in self.trio.members]
        self.audit.listen()
        self.load = kill_loop.MixedLoad(Anyone(self.trio, rng))
        self.load.grows()
        for member in self.trio.members:
            member.kill()

    def arm(self, member):
        if self.only:
            member.env["COGO_FAILPOINT"] = self.only
            return
        self.todo = self.todo or self.rng.sample(kill_loop.places("postgres"), len(kill_loop.places("postgres")))
        member.env["COGO_FAILPOINT"] = kill_loop.order(self.todo.pop(), self.rng, self.fired, starts=0.1)

    def revive(self):
        """Whoever has ended is started again, and told where to end the next time. How many came to their place."""
        count = 0
        for member, log in zip(self.trio.members, self.logs):
            if member.process.poll() is not None:
                self.arm(member)
                try:
                    member.start()
                except AssertionError:
                    member.process = member.launched  # At its place already; next time.
            seen = log.fired()
            self.fired.update(seen)
            count += len(seen)
        return count

    def leader(self):
        patience = kill_loop.Patience(kill_loop.FIRES_S)
        while self.revive() == 0:
            if patience.over():
                self.fired[kill_loop.LATE] += 1
                return
            self.load.look()
            time.sleep(0.02)  # Nothing tells a parent of several children which one ends.

    def follower(self):
        standing = [member for member in self.trio.members if member.process.poll() is None and not member.leads()]
        if standing:
            self.rng.choice(standing).kill()
            self.fired["follower"] += 1

    def meanwhile(self, what, *args):
        """Does it while whoever ends is started again."""
        doing = self.load.pool.submit(what, *args)
        while not doing.done():
            self.revive()
            time.sleep(0.02)
        return doing.result()

    def worker(self):
        task = self.meanwhile(self.load.running, f"worker{sum(self.fired.values())}")
        self.trio.workers.kill()
        self.trio.workers.wait(10)
        self.meanwhile(self.load.until_state, task, lambda state: state != "running", 3)
        self.trio.start_workers("node worker")
        self.fired["worker"] += 1

    def server(self):
        self.postgres.do("kill")
        self.postgres.do("start")
        self.fired["postgres"] += 1

    def sessions(self):
        self.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cogo'")
        self.fired["sessions"] += 1

    def strike(self, kind):
        {"leader": self.leader, "follower": self.follower, "worker": self.worker, "postgres": self.server, "sessions": self.sessions}[kind]()
        before, patience = len(self.load.accepted), kill_loop.Patience()
        while len(self.load.accepted) <= before:
            assert not patience.over(), f"no work goes on after a kill of {kind}"
            self.revive()
            self.load.look()
            time.sleep(0.02)

    def slots(self):
        """To each place where the slots of schedules are, which chance alone may not come to: there are some once a minute."""
        for place in filter(kill_loop.is_slot, kill_loop.PLACES):
            self.only, patience = f"{place}:kill", kill_loop.Patience(SLOT_S)
            for member in self.trio.members:
                member.kill()
            while not self.fired[place]:
                assert not patience.over(), f"no slot came to {place}"
                self.revive()
                self.load.look()
                time.sleep(0.02)

    def end(self):
        """No more faults; what was begun ends."""
        for member in self.trio.members:
            member.env.pop("COGO_FAILPOINT", None)
            member.kill()
            member.start()
        self.load.grows()
        self.load.stop()
        self.load.settle(self.audit)
        return kill_loop.check(self.load, self.audit)


@pytest.fixture
def postgres():
    server = base.Postgres(f"/tmp/cogo_pgl_{os.getpid()}")
    server.do("up", str(os.getpid()))
    yield server
    server.do("down")


def told(engine, kills, figures, began):
    print(json.dumps({"bench": f"kill-{kills}", "engine": engine, **figures, "seconds": round(time.monotonic() - began)}), flush=True)


def expected(engine, kills):
    slots = [place for place in kill_loop.PLACES if kill_loop.is_slot(place)]
    return kill_loop.places(engine) + slots if kills >= LONG_KILLS else []


def test_400_kills_spread_over_a_cluster_on_postgresql(tmp_path, postgres):
    kills, rng, began = KILLS * 2 // 3, kill_loop.seeded(), time.monotonic()
    scene = Scene(tmp_path, postgres, rng)
    try:
        for number in itertools.count():
            scene.strike(KINDS[number % len(KINDS)])
            if number % 20 == 19:
                print(json.dumps({"acknowledged": len(scene.load.accepted), "fired": dict(scene.fired)}), flush=True)
            if sum(scene.fired.values()) >= kills and all(scene.fired[kind] >= kills // 20 for kind in OTHERS):
                break
            assert number < 2 * kills
        if kills >= LONG_KILLS:
            scene.slots()
        told("postgres", kills, scene.end(), began)
        kill_loop.enough(scene.fired, kills, expected("postgres", kills))
    finally:
        scene.load.done.set()
        scene.trio.end()


def at_random(cluster, rng, load):
    time.sleep(rng.uniform(0.05, 0.6))  # Widens the window on purpose.
    return "random"


def worker(cluster, rng, load):
    task = load.running(f"worker{rng.random()}")
    cluster.kill_workers()
    load.until_state(task, lambda state: state != "running", 5)
    cluster.start_workers()
    load.grows()
    return "worker"


def test_200_kills_spread_over_a_node_on_sqlite_and_its_workers(tmp_path):
    kills, rng, began = KILLS // 3, kill_loop.seeded(), time.monotonic()
    cluster = base.NodeCluster(tmp_path / "data", worker_types="indexing").start()
    try:
        figures, fired = kill_loop.kill_at_places(cluster, kill_loop.SqliteAudit(cluster.data), "sqlite", kills, rng, KEEP_S,
                                                  others=[at_random, worker] * 3, slots=kills >= LONG_KILLS)
        told("sqlite", kills, figures, began)
        kill_loop.enough(fired, kills, expected("sqlite", kills))
        assert fired["worker"] >= kills // 20 and fired["random"] >= kills // 20
        assert cluster.stop() == 0
    finally:
        cluster.end_workers()
        if cluster.process.poll() is None:
            cluster.kill()
