"""Three orchestrators on one PostgreSQL: one leads, the others read and pass on, and one of them takes over."""
import itertools
import os
import signal
import socket
import time

import pytest

from conftest import WORKER_TYPES, Cluster
from test_postgres_faults import Load, check, until

TAKEOVER_S = 5


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Member(Cluster):
    """One orchestrator node of several."""

    def __init__(self, folder, name, ports, index, url, args=()):
        super().__init__(folder / name, env={"DATABASE_URL": url}, args=args)
        self.name, self.ports, self.index = name, ports, index

    def start(self):
        self.log_path = self.data + ".log"
        others = ",".join(f"127.0.0.1:{port}" for port in self.ports if port != self.ports[self.index])
        port = self.url.rsplit(":", 1)[1] if self.url else 0
        self.process, found = self.launch(
            ["node", "--role", "orchestrator", "--node-name", self.name, "--listen", f"127.0.0.1:{port}",
             "--listen-node", f"127.0.0.1:{self.ports[self.index]}", "--join", others, "--data", self.data] + self.args,
            self.log_path, r"http://127\.0\.0\.1:\d+")
        self.url = found.group(0)
        return self

    def leads(self):
        try:
            return "\ncogo_leader 1" in self.call("GET", "/metrics", timeout=2).body.decode()
        except OSError:
            return False

    def ready(self):
        try:
            return self.call("GET", "/ready", timeout=2).status == 200
        except OSError:
            return False


class Trio:
    def __init__(self, folder, postgres, args=()):
        ports = free_ports(3)
        url = postgres.journal()
        self.members = [Member(folder, f"o{i}", ports, i, url, args).start() for i in range(3)]
        self.folder, self.ports = folder, ports
        self.start_workers(r"(?s)(worker \S+ is registered.*){%d}" % (WORKER_TYPES.count(",") + 1))
        until(lambda: all(member.ready() for member in self.members), 20, "all are ready")

    def start_workers(self, word="node worker"):
        self.workers, _ = Cluster(self.folder / "workers").launch(
            ["node", "--role", "worker", "--type", WORKER_TYPES, "--data", str(self.folder / "workers"), "--join",
             ",".join(f"127.0.0.1:{port}" for port in self.ports)], str(self.folder / "workers.log"), word)

    def leader(self):
        until(lambda: sum(member.leads() for member in self.members if member.process.poll() is None) == 1, 20, "one leads")
        return next(member for member in self.members if member.process.poll() is None and member.leads())

    def followers(self):
        leader = self.leader()
        return [member for member in self.members if member is not leader]

    def end(self):
        for process in [member.process for member in self.members] + [self.workers]:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait(10)


@pytest.fixture
def trio(tmp_path, postgres):
    three = Trio(tmp_path, postgres)
    yield three
    three.end()


def test_followers_read_and_pass_on(trio):
    leader = trio.leader()
    one, other = trio.followers()
    answer = one.submit("echo", {"by": "a follower"})
    assert answer.status == 202, answer.body
    task = leader.finished(answer.json["taskId"])
    assert task["state"] == "succeeded"
    assert other.call("GET", f"/v1/tasks/{task['taskId']}").json["result"] == task["result"]
    assert other.call("GET", "/v1/tasks").json["tasks"][0]["taskId"] == task["taskId"]
    assert len(other.call("GET", "/v1/workers").json["workers"]) == WORKER_TYPES.count(",") + 1
    waited = one.submit("echo", {"delayMs": 200}, wait="10s")
    assert waited.status == 200 and waited.json["state"] == "succeeded"
    assert one.submit("no-such-role").status == 422
    assert other.submit("echo", dependencies=["tsk_" + "0" * 26]).status in (404, 422)


def test_another_one_takes_over_when_the_leader_is_killed(trio, postgres):
    leader = trio.leader()
    clients = trio.followers()
    load = Load(clients[0])
    load.grows()
    running = clients[0].call("POST", "/v1/tasks", {"role": "echo", "context": {"delayMs": 3000}},
                              {"Idempotency-Key": "running"}).json["taskId"]
    load.accepted["running"] = running
    until(lambda: clients[0].call("GET", f"/v1/tasks/{running}?wait=1ms").json["state"] == "running", 10, "it runs")
    began = time.monotonic()
    leader.kill()
    until(lambda: any(member.leads() for member in clients), 20, "another one leads")
    gap = time.monotonic() - began
    print(f"\nleads {gap:.2f} s after the kill")
    assert gap < TAKEOVER_S
    load.grows()
    leader.start()
    until(leader.ready, 20, "it is back as a follower")
    assert not leader.leads()
    load.stop()
    assert clients[0].finished(running)["state"] == "succeeded"
    check(clients[0], postgres, load)


def test_a_leader_that_was_stopped_past_its_time_writes_nothing_more(trio, postgres):
    leader = trio.leader()
    clients = trio.followers()
    load = Load(clients[0])
    load.grows()
    stale = int(postgres.sql("SELECT stale_writes FROM meta", postgres.schema))
    os.kill(leader.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    until(lambda: any(member.leads() for member in clients), 20, "another one leads")
    assert time.monotonic() - began < TAKEOVER_S
    new = next(member for member in clients if member.leads())
    load.grows()
    os.kill(leader.process.pid, signal.SIGCONT)
    assert leader.process.wait(20) == 1, "it ends, and whoever supervises it starts it as a follower"
    assert int(postgres.sql("SELECT stale_writes FROM meta", postgres.schema)) > stale
    assert "another orchestrator" in open(leader.log_path).read() or "term" in open(leader.log_path).read()
    load.stop()
    assert new.leads()
    check(new, postgres, load)


def test_a_submission_that_nobody_led_for_is_not_in_the_audit_log_as_that_of_the_next_request(trio, postgres):
    leader = trio.leader()
    clients = trio.followers()
    task = clients[0].submit("echo").json["taskId"]
    leader.kill()
    refused = 0
    while not any(member.leads() for member in clients):
        refused += sum(member.submit("echo").status == 503 for member in clients)
        assert all(member.call("GET", f"/v1/tasks/{task}").status == 200 for member in clients)
    assert refused > 1
    until(lambda: all(member.submit("echo").status == 202 for member in clients), 20, "its entries are written with that")
    assert postgres.sql(f"SELECT action FROM audit_log WHERE subject = '{task}'", postgres.schema) == "task.submit"


class Others:
    """A client that asks any member but one."""

    def __init__(self, trio, left_out):
        self.members = [member for member in trio.members if member is not left_out]
        self.turns = itertools.count()

    def call(self, *args, **kwargs):
        return self.members[next(self.turns) % len(self.members)].call(*args, **kwargs)


def stands_still(process):
    with open(f"/proc/{process.pid}/stat") as file:
        return file.read().rsplit(") ", 1)[1].startswith("T")


@pytest.mark.parametrize("place", ["orchestrator.write.before", "store.apply.before", "store.commit.before"])
def test_what_a_stopped_leader_had_in_hand_is_refused_and_counted(trio, postgres, place):
    """It stops itself with a write gathered, taken, or in an open transaction, and goes on when another one leads."""
    armed = trio.followers()[0]
    others = [member for member in trio.members if member is not armed]
    for member in trio.members:
        member.kill()
    armed.env["COGO_FAILPOINT"] = f"{place}:stop:20"
    armed.start()
    until(armed.leads, 20, "it leads")
    for member in others:
        member.start()
    load = Load(Others(trio, armed))
    until(lambda: stands_still(armed.process), 60, f"it stops at {place}")
    until(lambda: any(member.leads() for member in others), 20, "another one leads")
    load.grows()
    stale = int(postgres.sql("SELECT stale_writes FROM meta", postgres.schema))
    os.kill(armed.process.pid, signal.SIGCONT)
    assert armed.process.wait(20) == 1
    new = next(member for member in others if member.leads())
    counted = int(postgres.sql("SELECT stale_writes FROM meta", postgres.schema))
    assert counted > stale
    until(lambda: f"cogo_store_stale_writes_total {counted}\n" in new.call("GET", "/metrics").body.decode(), 20, "all can see it")
    load.stop()
    check(new, postgres, load)  # As many tasks and requests as were accepted: nothing of its write is there.
