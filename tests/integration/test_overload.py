"""Five times as much as the store takes: what is above is refused and told when to come back, the rest goes on as before."""
import json
import time

from open_loop import Clients
from test_postgres_faults import until
from test_tenants import ROOT, bearer, make

CLIENTS = 500  # A little less than what may wait at once: actors/gateway/server.h
COMMIT_S, SHORT_S = 0.15, 3.5
TIMES, GOODPUT_LEAST, SLOWER_MOST = 5, 0.7, 2
LATE_S = 1  # Until this client, on a busy machine, sees what is there.
MEMORY_MAX = 64 << 20
NOISY_RATE, BURST_S = 100, 2


def memory(cluster):
    with open(f"/proc/{cluster.process.pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def slow(postgres, seconds):
    """Each commit takes so long: what a machine can take is then known, however busy it is."""
    postgres.sql(f"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$",
                 postgres.schema)
    postgres.sql("CREATE TRIGGER slow BEFORE UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION slow()", postgres.schema)


def accepted(heard):
    return [one for one in heard if one.status == 202]


def rate(heard):
    good = accepted(heard)
    return len(good) / (max(one.ended for one in good) - min(one.began for one in heard))


def p99(heard):
    return sorted(one.seconds for one in accepted(heard))[int(len(accepted(heard)) * 0.99)]


class Probe:
    """What a kubelet asks: an orchestrator with much to do is not a dead one."""

    def __init__(self, cluster):
        self.cluster, self.next, self.told = cluster, 0, []

    def __call__(self):
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + 0.5
            self.told += [self.cluster.call("GET", path).status for path in ("/livez", "/ready")]


def overload(cluster, postgres, commit_s, seconds):
    slow(postgres, commit_s)
    clients, probe = Clients(cluster), Probe(cluster)
    calm = clients.crowd(CLIENTS, seconds)
    capacity, before = rate(calm), memory(cluster)
    flood = clients.flood(TIMES * capacity, seconds, probe)
    grown = memory(cluster) - before
    began = time.monotonic()
    after = cluster.submit("echo")
    recovered = time.monotonic() - began
    postgres.sql("DROP TRIGGER slow ON meta", postgres.schema)
    refused = [one for one in flood if one.status != 202]
    print(json.dumps({"bench": "overload", "capacity_per_s": round(capacity), "offered": len(flood), "goodput_per_s": round(rate(flood)),
                      "refused": len(refused), "p99_s": [round(p99(calm), 2), round(p99(flood), 2)], "grown_bytes": grown,
                      "first_after_s": round(recovered, 2)}))
    assert len(refused) > len(flood) / 2, "this was no overload"
    assert {one.status for one in refused} <= {429, 503} and all(one.retry_after > 0 for one in refused)
    assert rate(flood) >= GOODPUT_LEAST * capacity
    assert p99(flood) <= SLOWER_MOST * p99(calm) + LATE_S
    assert grown < MEMORY_MAX
    assert set(probe.told) == {200} and len(probe.told) > 2, probe.told
    assert after.status == 202 and recovered < SLOWER_MOST * p99(calm) + LATE_S
    check(cluster, postgres, [one.task for one in accepted(calm + flood)] + [after.json["taskId"]])


def check(cluster, postgres, tasks):
    """All that was acknowledged is there once and ended once; of what was refused there is nothing."""
    schema = postgres.schema
    until(lambda: postgres.sql("SELECT count(*) FROM tasks WHERE terminal = 0", schema) == "0", 60, "all tasks end")
    rows = postgres.sql("SELECT task_id || ' ' || state FROM tasks", schema).splitlines()
    assert sorted(rows) == sorted(f"{task} succeeded" for task in tasks)
    assert postgres.sql("SELECT count(*) FROM results", schema) == str(len(tasks))


def test_what_is_too_much_is_refused_and_the_rest_goes_on(make_cluster, postgres):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()}, args=["--workers", "indexing"])
    overload(cluster, postgres, COMMIT_S, SHORT_S)
    assert cluster.stop() == 0


class Quiet:
    """Nine tenants, of which one asks now and then."""

    def __init__(self, cluster, clients):
        self.clients, self.next, self.count = clients, 0, 0
        self.tokens = [make(cluster, ["submit"], f"quiet{n}")["token"] for n in range(9)]

    def __call__(self):
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + 0.02
            self.clients.ask(time.monotonic(), self.tokens[self.count % 9])
            self.count += 1


def test_a_noisy_tenant_is_held_to_its_rate_and_nine_quiet_ones_feel_nothing(make_cluster):
    cluster = make_cluster(env={"COGO_API_TOKEN": ROOT, "COGO_TENANT_RATES": f"1000,noisy={NOISY_RATE}"}, args=["--workers", "indexing"])
    noisy = make(cluster, ["submit"], "noisy")["token"]
    clients = Clients(cluster, noisy)
    quiet, began = Quiet(cluster, clients), time.monotonic()
    heard = clients.flood(TIMES * NOISY_RATE, SHORT_S, quiet)
    seconds = time.monotonic() - began
    loud, calm = [one for one in heard if one.token == noisy], [one for one in heard if one.token != noisy]
    print(json.dumps({"bench": "noisy", "offered": len(loud), "accepted": len(accepted(loud)), "quiet": len(calm),
                      "quiet_p99_s": round(p99(calm), 3)}))
    assert {one.status for one in calm} == {202} and len(calm) == quiet.count > 9
    assert GOODPUT_LEAST * NOISY_RATE * SHORT_S <= len(accepted(loud)) <= NOISY_RATE * (seconds + BURST_S) + 1
    refused = [one for one in loud if one.status != 202]
    assert {one.status for one in refused} == {429} and all(one.retry_after > 0 for one in refused)
    for one in accepted(heard)[::50]:
        assert cluster.call("GET", f"/v1/tasks/{one.task}?wait=30s", headers=bearer(ROOT)).json["state"] == "succeeded"
    assert cluster.stop() == 0
