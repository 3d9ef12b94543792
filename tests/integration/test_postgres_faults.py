"""PostgreSQL that is away, cut off, or silent at the worst moment: nothing acknowledged is lost, nothing is done twice."""
import concurrent.futures
import json
import threading
import time

import pytest

from pg_proxy import Proxy

RECOVERY_S = 10


@pytest.fixture
def proxy(tmp_path, postgres):
    between = Proxy(f"/tmp/cogo_between_{time.monotonic_ns()}", postgres.folder)
    yield between
    between.close()


def until(what, seconds, told):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {told}")


class Load:
    """Clients that submit one keyed task after the other, each again with the same key until it was answered with 202."""

    def __init__(self, cluster, clients=4):
        self.cluster, self.done = cluster, threading.Event()
        self.accepted, self.refused, self.lock = {}, 0, threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(clients)
        self.running = [self.pool.submit(self.client, n) for n in range(clients)]

    def client(self, number):
        count = 0
        while not self.done.is_set():
            self.one(f"{number}-{count}")
            count += 1

    def one(self, key):
        end = time.monotonic() + 60
        while True:
            try:
                answer = self.cluster.call("POST", "/v1/tasks", {"role": "echo", "context": self.context(key)},
                                           {"Idempotency-Key": key}, timeout=30)
                status = answer.status
            except OSError:
                status = 0
            if status == 202:
                with self.lock:
                    self.accepted[key] = answer.json["taskId"]
                return
            assert status in (0, 409, 503), answer.body
            assert time.monotonic() < end, f"{key} was not accepted within 60 s: {status}"
            with self.lock:
                self.refused += 1
            time.sleep(0.02)

    @staticmethod
    def context(key):
        """Of every tenth task it is too large for the record, and so is its output."""
        return dict({"key": key}, **({"large": "x" * 300_000} if key.endswith("0") else {}))

    def grows(self, by=20, seconds=RECOVERY_S + 20):
        before = len(self.accepted)
        until(lambda: len(self.accepted) >= before + by, seconds, "tasks are accepted again")

    def stop(self):
        self.done.set()
        for one in self.running:
            one.result(90)


def check(cluster, postgres, load):
    """Every accepted task is there once, succeeded, and has one result; no other was made."""
    schema = postgres.schema
    for task_id in list(load.accepted.values())[-5:]:
        assert cluster.finished(task_id)["state"] == "succeeded"
    until(lambda: postgres.sql("SELECT count(*) FROM tasks WHERE terminal = 0", schema) == "0", 30, "all tasks end")
    assert len(set(load.accepted.values())) == len(load.accepted)
    rows = postgres.sql("SELECT task_id || ' ' || state FROM tasks", schema).splitlines()
    assert sorted(rows) == sorted(f"{task_id} succeeded" for task_id in load.accepted.values())
    assert postgres.sql("SELECT count(*) FROM results", schema) == str(len(load.accepted))
    assert postgres.sql("SELECT count(*) FROM requests", schema) == str(len(load.accepted))
    gaps = postgres.sql("SELECT count(*) FROM tasks t WHERE t.events <> (SELECT count(*) FROM task_events e "
                        "WHERE e.task = t.number)", schema)
    assert gaps == "0"
    assert postgres.sql("SELECT count(*) FROM task_artifacts l LEFT JOIN artifacts a ON a.hash = l.hash "
                        "WHERE a.hash IS NULL", schema) == "0", "a task refers to bytes that are not there"
    assert postgres.sql("SELECT count(*) FROM artifacts a LEFT JOIN task_artifacts l ON l.hash = a.hash "
                        "WHERE l.hash IS NULL", schema) == "0", "bytes that no task refers to"
    large = sum(1 for key in load.accepted if key.endswith("0"))
    assert postgres.sql("SELECT count(*) FROM task_artifacts", schema) == str(2 * large)


def test_an_outage_is_told_and_passes(make_cluster, postgres):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()})
    before = [cluster.submit("echo", {"delayMs": 300}).json["taskId"] for _ in range(5)]
    postgres.do("stop")
    try:
        until(lambda: cluster.call("GET", "/ready").status == 503, RECOVERY_S, "not ready")
        assert cluster.call("GET", "/livez").status == 200
        refused = cluster.submit("echo")
        assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0, refused.body
        assert refused.json["code"] == "STORE_UNAVAILABLE"
        assert cluster.call("GET", "/v1/tasks").status == 503
        assert "cogo_leader 0" in cluster.call("GET", "/metrics").body.decode()
    finally:
        postgres.do("start")
    began = time.monotonic()
    until(lambda: cluster.call("GET", "/ready").status == 200, RECOVERY_S, "ready again")
    print(f"\nready {time.monotonic() - began:.2f} s after the server was there again")
    for task_id in before:
        assert cluster.finished(task_id)["state"] == "succeeded"
    assert cluster.submit("echo", wait="10s").json["state"] == "succeeded"
    assert cluster.stop() == 0


@pytest.mark.parametrize("fault", ["cut", "reset", "slices", "swallow", "lose"])
def test_nothing_is_lost_or_doubled_when_the_connection_is(make_cluster, postgres, proxy, fault):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal(host=proxy.folder)})
    load = Load(cluster)
    load.grows()
    faults = 2 if fault == "slices" else 5
    for _ in range(faults):
        fired = proxy.fired
        if fault in ("cut", "reset"):
            proxy.cut(reset=fault == "reset")
        else:
            proxy.mode = fault
        if fault == "slices":
            load.grows()
            proxy.mode = "pass"
            proxy.fired += 1
        until(lambda: proxy.fired > fired, 20, f"{fault} fired")
        load.grows(5)
    load.stop()
    assert proxy.fired >= faults
    check(cluster, postgres, load)
    assert cluster.stop() == 0


def test_a_silent_server_is_given_up(make_cluster, postgres, proxy):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal(host=proxy.folder)})
    load = Load(cluster)
    load.grows()
    proxy.open.clear()
    until(lambda: cluster.call("GET", "/ready").status == 503, 20, "not ready")
    assert cluster.call("GET", "/livez").status == 200
    proxy.open.set()
    load.grows()
    load.stop()
    check(cluster, postgres, load)
    assert cluster.stop() == 0


def test_nothing_is_lost_or_doubled_when_the_server_is_killed(make_cluster, postgres):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()})
    load = Load(cluster)
    for _ in range(2):
        load.grows(10)
        postgres.do("kill")
        postgres.do("start")
    load.grows()
    for _ in range(5):
        ended = postgres.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                             "WHERE application_name = 'cogo'")
        assert int(ended) > 0
        load.grows(5)
    load.stop()
    check(cluster, postgres, load)
    assert cluster.stop() == 0


def test_two_seconds_for_each_write_slow_down_and_lose_nothing(make_cluster, postgres):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()})
    load, schema = Load(cluster), postgres.schema
    load.grows()
    postgres.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$", schema)
    postgres.sql("CREATE TRIGGER slow BEFORE UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION slow()", schema)
    began = time.monotonic()
    load.grows(8, 60)
    assert time.monotonic() - began > 2 and cluster.call("GET", "/livez").status == 200
    postgres.sql("DROP TRIGGER slow ON meta", schema)
    load.grows()
    load.stop()
    check(cluster, postgres, load)
    assert cluster.stop() == 0
