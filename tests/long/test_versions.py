"""A version and the one before it in one cluster: rolled node by node under load, in both orders, and the schema that keeps the old one out.

    OLD=b842952 /usr/bin/python3 -m pytest -s tests/long/test_versions.py
"""
import itertools
import json
import os
import re
import signal
import subprocess

import pytest

from test_long import base, load

leader = load("test_leader")
faults = load("test_postgres_faults")
OLD = os.environ.get("OLD", "b842952")  # Schema 3; what it is given is in its own tree.
postgres = base.postgres
until = faults.until


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """The program as it was: built from this repository's history."""
    tree = str(tmp_path_factory.mktemp("old") / "tree")
    known = subprocess.run(["git", "cat-file", "-e", OLD + "^{commit}"], cwd=base.TOP, capture_output=True)
    if known.returncode != 0:
        pytest.fail(f"the program of {OLD} is built from the history, which does not have it: git fetch --unshallow, in a clone", pytrace=False)
    subprocess.run(["git", "clone", "-q", "--shared", "--no-checkout", base.TOP, tree], check=True)
    subprocess.run(["git", "checkout", "-q", OLD], cwd=tree, check=True)
    subprocess.run(["nice", "scons", "-s", "-j2", "build/cogo"], cwd=tree, check=True, timeout=900, stdout=subprocess.DEVNULL)
    return os.path.join(tree, "build", "cogo")


class Anyone:
    """A client's view of the cluster: it asks another member each time."""

    def __init__(self, members):
        self.members, self.turns = members, itertools.count()

    def call(self, *args, **kwargs):
        return self.members[next(self.turns) % len(self.members)].call(*args, **kwargs)

    finished = base.Cluster.finished


class Workers(base.Cluster):
    """One node of workers, by either program; a SIGTERM gives back what it has."""

    def __init__(self, folder, name, ports, binary):
        super().__init__(folder / name, binary=binary)
        self.name, self.join = name, ",".join(f"127.0.0.1:{port}" for port in ports)

    def start(self):
        self.process, _ = self.launch(["node", "--role", "worker", "--type", "research", "--data", self.data, "--node-name",
                                       self.name, "--join", self.join], self.data + ".log", r"worker \S+ is registered")
        return self


class Rolled:
    """Three orchestrators and two nodes of workers; each is of either version."""

    def __init__(self, folder, url, orchestrators, workers):
        ports = leader.free_ports(3)
        self.members = [leader.Member(folder, f"o{i}", ports, i, url) for i in range(3)]
        self.workers = [Workers(folder, f"w{i}", ports, workers) for i in range(2)]
        for one in self.members:
            one.binary = orchestrators
        for one in self.members + self.workers:
            one.start()
        self.settled()
        self.client = Anyone(self.members)

    def settled(self):
        until(lambda: all(one.ready() for one in self.members), 60, "all are ready")
        until(lambda: all(self.links(one) == 4 for one in self.members), 60, "each has a link with each")

    @staticmethod
    def links(member):
        return sum(node["state"] == "up" for node in member.call("GET", "/v1/nodes").json["nodes"])

    def leads(self):
        until(lambda: sum(one.leads() for one in self.alive()) == 1, 60, "one leads")
        return next(one for one in self.alive() if one.leads())

    def alive(self):
        return [one for one in self.members if one.process.poll() is None]

    def replace(self, one, binary):
        assert one.stop() in (0, -signal.SIGKILL)
        one.binary = binary
        one.start()
        assert os.path.samefile(f"/proc/{one.process.pid}/exe", binary)
        self.settled()

    def end(self):
        for one in self.members + self.workers:
            if one.process and one.process.poll() is None:
                one.kill()


@pytest.fixture
def cluster(tmp_path, postgres):
    made = []

    def make(orchestrators, workers):
        made.append(Rolled(tmp_path, postgres.url(), orchestrators, workers))
        return made[-1]
    yield make
    for one in made:
        one.end()


def migrate(binary, url):
    done = subprocess.run([binary, "migrate"], env=dict(os.environ, DATABASE_URL=url), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def schema_of(postgres):
    return int(postgres.sql("SELECT max(number) FROM schema_migrations", postgres.schema))


def refuses(binary, url, folder):
    """A start on a schema that it does not know: one line says why."""
    done = subprocess.run([binary, "node", "--role", "orchestrator", "--listen", "127.0.0.1:0", "--listen-node", "127.0.0.1:0", "--data",
                           str(folder)], env=dict(os.environ, DATABASE_URL=url), capture_output=True, text=True, timeout=60)
    said = done.stderr.strip().splitlines()
    assert done.returncode not in (0, None) and len(said) == 1, done
    assert re.search(r"the store is newer than this program: it has migration \d+", said[0]), said
    return said[0]


class Work(faults.Load):
    """Keyed tasks, of which each is at work for a while: a node that ends has some in hand."""

    @staticmethod
    def context(key):
        return {"key": key, "delayMs": 17 * sum(key.encode()) % 300}


def each_takes_and_shows(cluster, work):
    """Whoever leads and whoever works."""
    for member in cluster.members:
        task = member.submit("echo", {"by": member.name}).json["taskId"]
        work.accepted[task] = task
        for other in cluster.members:
            assert other.finished(task)["result"]["output"] == {"by": member.name}


def check(cluster, postgres, work):
    """Every accepted task is there once, began once, ended once, and has one result; no other was made."""
    schema = postgres.schema
    until(lambda: postgres.sql("SELECT count(*) FROM tasks WHERE terminal = 0", schema) == "0", 60, "all tasks end")
    rows = postgres.sql("SELECT task_id || ' ' || state FROM tasks", schema).splitlines()
    assert sorted(rows) == sorted(f"{task} succeeded" for task in work.accepted.values())
    assert postgres.sql("SELECT task_id || ' ' || attempt FROM tasks WHERE attempt <> 1", schema) == "", "who leaves or comes back costs no attempt"
    count = str(len(work.accepted))
    assert postgres.sql("SELECT count(*) FROM results", schema) == count
    assert postgres.sql("SELECT count(*) FROM past_results", schema) == "0"
    assert postgres.sql("SELECT count(*) FROM task_events WHERE type LIKE '%succeeded'", schema) == count
    assert postgres.sql("SELECT count(*) FROM tasks t WHERE t.events <> (SELECT count(*) FROM task_events e WHERE e.task = t.number)", schema) == "0"
    task = cluster.client.call("GET", f"/v1/tasks/{next(iter(work.accepted.values()))}").json
    assert task["state"] == "succeeded" and task["result"]["status"] == "success"


def roll(cluster, nodes, binary, work):
    for one in nodes:
        cluster.replace(one, binary)
        work.grows()
        each_takes_and_shows(cluster, work)


def told(what, work, **more):
    print(json.dumps(dict({"versions": what, "old": OLD, "acknowledged": len(work.accepted), "asked_again": work.refused}, **more)))


def test_rolled_under_load_nothing_is_lost_and_nothing_done_twice(cluster, old, postgres, tmp_path):
    """As deploy/README.md says: cogo migrate first, while the old program goes on, also when its leader is killed; then one node
    after the other, the leader last."""
    url = postgres.journal()
    mixed = cluster(old, old)
    before = schema_of(postgres)
    work = Work(mixed.client)
    work.grows()
    migrate(base.COGO, url)
    assert schema_of(postgres) > before
    work.grows()
    why = refuses(old, url, tmp_path / "late")
    killed = mixed.leads()
    killed.kill()
    work.grows()
    last = mixed.leads()
    roll(mixed, sorted(mixed.members, key=lambda one: (one is last, one is not killed)) + mixed.workers, base.COGO, work)
    work.stop()
    check(mixed, postgres, work)
    told("rolled", work, refused=why)


@pytest.mark.parametrize("orchestrators, workers", [("new", "old"), ("old", "new")])
def test_workers_of_the_other_version(cluster, old, postgres, orchestrators, workers):
    programs = {"new": base.COGO, "old": old}
    postgres.journal()
    mixed = cluster(programs[orchestrators], programs[workers])
    work = Work(mixed.client)
    work.grows()
    each_takes_and_shows(mixed, work)
    roll(mixed, mixed.workers, programs[workers], work)  # Each leaves and comes back, with work in hand.
    roll(mixed, mixed.workers[:1], programs[orchestrators], work)  # Both at once.
    mixed.leads().kill()
    work.grows()
    work.stop()
    mixed.client = Anyone(mixed.alive())
    check(mixed, postgres, work)
    told(f"{orchestrators} orchestrators, {workers} workers", work)
