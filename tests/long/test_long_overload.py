"""Five times as much as the store takes, for a minute or as long as is asked: what tests/integration/test_overload.py shows for seconds.
And five times as much as the CPU takes, where each refusal takes some of what it is about: with tasks that do nothing, and with tasks
that take some CPU themselves.

    OVERLOAD_SECONDS=3600 /usr/bin/python3 -m pytest -s tests/long/test_long_overload.py
"""
import glob
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from test_long import base, load

overload = load("test_overload")
postgres, program = base.postgres, overload.program
SECONDS = int(os.environ.get("OVERLOAD_SECONDS", "60"))
FLOOD_S, LATE_S, REPEATED_MOST = 8, 0.1, 0.01
# A refusal takes 10 us of the server's CPU, nearly all of it for a connection of its own, an accepted task 111: what is left for those at
# k times the capacity is (1 - k * r) / (1 - r) of it, with r = 10 / 111. And so much less on a machine that has other things to do.
TASK_CPU_S, COMPUTING_LEAST = 0.0003, 0.8
GOODPUT_LEAST = {(2, False): 0.65, (5, False): 0.4, (5, True): 0.5}


def test_what_is_too_much_is_refused_for_long_and_the_rest_goes_on(make_cluster, postgres, program):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()}, args=["--workers", "indexing"])
    overload.overload(program, cluster, postgres, overload.COMMIT_S, SECONDS)
    assert cluster.stop() == 0


def on_one_cpu(make_cluster, cpus):
    """The server on the first of @cpus. The clients get the second one, as other machines would be."""
    if len(cpus) < 2:
        pytest.skip("clients and server need a CPU each")
    os.sched_setaffinity(0, {cpus[0]})
    try:
        return make_cluster(args=["--workers", "indexing"])
    finally:
        os.sched_setaffinity(0, cpus)


def calm_and_flood(clients, times, what):
    clients.crowd(overload.CLIENTS, 1)
    calm = clients.crowd(overload.CLIENTS, FLOOD_S)
    flood = clients.flood(times * calm.rate, FLOOD_S)
    print(json.dumps({"bench": f"overload-cpu-{times}", "what": what, "capacity_per_s": round(calm.rate),
                      "offered_per_s": round(flood.sent / flood.seconds), "goodput_per_s": round(flood.rate),
                      "p99_s": [round(calm.p99, 3), round(flood.p99, 3)], "clients_late_p99_s": flood.late_p99_s}))
    overload.judge(calm, flood, times)
    assert flood.p99 <= overload.SLOWER_MOST * calm.p99 + LATE_S
    assert sum(one.repeats > 0 for one in flood.all) <= REPEATED_MOST * flood.accepted, "connections got lost in front of the door"
    return calm, flood


@pytest.mark.parametrize("times,kept", sorted(GOODPUT_LEAST))
def test_what_is_too_much_for_the_cpu_is_refused_and_the_rest_goes_on(make_cluster, program, times, kept):
    """Tasks that do nothing and a disk that is fast: all that is left to be short of is the CPU."""
    cpus = sorted(os.sched_getaffinity(0))
    cluster = on_one_cpu(make_cluster, cpus)
    clients = overload.Clients(program, cluster, cpu=cpus[1], manner="kept-" if kept else "")
    calm, flood = calm_and_flood(clients, times, "nothing, kept" if kept else "nothing")
    assert flood.rate >= GOODPUT_LEAST[times, kept] * calm.rate
    assert cluster.stop() == 0


def test_what_is_too_much_for_tasks_that_compute_is_refused_and_four_fifths_go_on(make_cluster, program, tmp_path):
    """Each task takes some CPU of the server's, in a worker that shares it; accepted is who got the end of it. Little beside what real
    ones take, and so much beside a refusal that the rest goes on. All that was told to have ended is there, and nothing else."""
    cpus = sorted(os.sched_getaffinity(0))
    cluster = on_one_cpu(make_cluster, cpus)
    log = open(tmp_path / "worker.log", "wb")
    worker = subprocess.Popen(["taskset", "-c", str(cpus[0]), sys.executable, os.path.join(os.path.dirname(__file__), "busy_worker.py"),
                               cluster.url.replace("http", "ws") + "/v1/ws", str(TASK_CPU_S)], stdout=log, stderr=log)
    try:
        overload.until(lambda: "welcome" in open(log.name).read(), 30, "the worker is known")
        clients = overload.Clients(program, cluster, cpu=cpus[1], manner="work-")
        before = clients.crowd(overload.CLIENTS, 1)
        calm, flood = calm_and_flood(clients, 5, f"{TASK_CPU_S} s of CPU")
        assert cluster.stop() == 0
    finally:
        worker.kill()
        worker.wait(10)
        log.close()
    journal, = glob.glob(os.path.join(cluster.data, "*.db"))
    with sqlite3.connect(journal) as store:
        rows = dict(store.execute("SELECT task_id, state FROM tasks"))
    told = {one.task for heard in (before, calm, flood) for one in heard.all}
    assert told <= set(rows) and set(rows.values()) == {"succeeded"}
    assert flood.rate >= COMPUTING_LEAST * calm.rate
