"""Five times as much as the store takes: what is above is refused and told when to come back, the rest goes on as before."""
import json
import time

import pytest

from open_loop import Clients, build
from test_postgres_faults import until
from test_tenants import ROOT, bearer, make

CLIENTS = 500  # A little less than what may wait at once: actors/gateway/server.h
COMMIT_S, SHORT_S = 0.15, 3.5
TIMES, GOODPUT_LEAST, SLOWER_MOST = 5, 0.7, 2
LATE_S = 1  # Until this client, on a busy machine, sees what is there.
MEMORY_MAX = 64 << 20
NOISY_RATE, BURST_S, QUIET_RATE = 100, 2, 50


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build(tmp_path_factory.mktemp("open_loop"))


def memory(cluster):
    with open(f"/proc/{cluster.process.pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def slow(postgres, seconds):
    """Each commit takes so long: what a machine can take is then known, however busy it is."""
    postgres.sql(f"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$",
                 postgres.schema)
    postgres.sql("CREATE TRIGGER slow BEFORE UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION slow()", postgres.schema)


class Probe:
    """What a kubelet asks: an orchestrator with much to do is not a dead one."""

    def __init__(self, cluster):
        self.cluster, self.next, self.told = cluster, 0, []

    def __call__(self):
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + 0.5
            self.told += [self.cluster.call("GET", path).status for path in ("/livez", "/ready")]


def judge(calm, flood, times):
    """What is promised of a flood of so many @times beside @calm, as many at once as there is room for. But for how much is accepted."""
    assert flood.refused > (1 - 1 / times) / 2 * flood.sent, "this was no overload"
    assert flood.told_when and calm.refused == 0
    assert flood.p99 <= SLOWER_MOST * calm.p99 + LATE_S


def overload(program, cluster, postgres, commit_s, seconds):
    slow(postgres, commit_s)
    clients, probe = Clients(program, cluster), Probe(cluster)
    calm = clients.crowd(CLIENTS, seconds)
    before = memory(cluster)
    flood = clients.flood(TIMES * calm.rate, seconds, probe)
    grown = memory(cluster) - before
    began = time.monotonic()
    after = cluster.submit("echo")
    recovered = time.monotonic() - began
    postgres.sql("DROP TRIGGER slow ON meta", postgres.schema)
    print(json.dumps({"bench": "overload", "capacity_per_s": round(calm.rate), "offered": flood.sent, "goodput_per_s": round(flood.rate),
                      "refused": flood.refused, "p99_s": [round(calm.p99, 3), round(flood.p99, 3)], "grown_bytes": grown,
                      "first_after_s": round(recovered, 2)}))
    judge(calm, flood, TIMES)
    assert flood.rate >= GOODPUT_LEAST * calm.rate
    assert grown < MEMORY_MAX
    assert set(probe.told) == {200} and len(probe.told) > 2, probe.told
    assert after.status == 202 and recovered < SLOWER_MOST * calm.p99 + LATE_S
    check(cluster, postgres, [one.task for one in calm.all + flood.all] + [after.json["taskId"]])


def check(cluster, postgres, tasks):
    """All that was acknowledged is there once and ended once; of what was refused there is nothing."""
    schema = postgres.schema
    until(lambda: postgres.sql("SELECT count(*) FROM tasks WHERE terminal = 0", schema) == "0", 60, "all tasks end")
    rows = postgres.sql("SELECT task_id || ' ' || state FROM tasks", schema).splitlines()
    assert sorted(rows) == sorted(f"{task} succeeded" for task in tasks)
    assert postgres.sql("SELECT count(*) FROM results", schema) == str(len(tasks))


def test_what_is_too_much_is_refused_and_the_rest_goes_on(make_cluster, postgres, program):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()}, args=["--workers", "indexing"])
    overload(program, cluster, postgres, COMMIT_S, SHORT_S)
    assert cluster.stop() == 0


def test_a_noisy_tenant_is_held_to_its_rate_and_nine_quiet_ones_feel_nothing(make_cluster, program):
    cluster = make_cluster(env={"COGO_API_TOKEN": ROOT, "COGO_TENANT_RATES": f"1000,noisy={NOISY_RATE}"}, args=["--workers", "indexing"])
    noisy = Clients(program, cluster, make(cluster, ["submit"], "noisy")["token"])
    quiet = Clients(program, cluster, *(make(cluster, ["submit"], f"quiet{n}")["token"] for n in range(9)))
    began = time.monotonic()
    beside = quiet.begin("flood", QUIET_RATE, SHORT_S)
    loud, calm = noisy.flood(TIMES * NOISY_RATE, SHORT_S), quiet.end(beside)
    seconds = time.monotonic() - began
    print(json.dumps({"bench": "noisy", "offered": loud.sent, "accepted": loud.accepted, "quiet": calm.sent, "quiet_p99_s": round(calm.p99, 3)}))
    assert calm.accepted == calm.sent > 9 and calm.told_when
    assert GOODPUT_LEAST * NOISY_RATE * SHORT_S <= loud.accepted <= NOISY_RATE * (seconds + BURST_S) + 1
    assert loud.told_when and loud.limited == loud.sent - loud.accepted
    for one in (loud.all + calm.all)[::50]:
        assert cluster.call("GET", f"/v1/tasks/{one.task}?wait=30s", headers=bearer(ROOT)).json["state"] == "succeeded"
    assert cluster.stop() == 0
