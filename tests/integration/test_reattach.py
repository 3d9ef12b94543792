"""Work goes on while nobody leads: what runs is executed once, whoever leads afterwards; who comes too late is refused."""
import os
import signal
import time

import pytest

from conftest import TERMINAL, NodeCluster, cluster_maker, signal_node
from test_leader import trio  # noqa: F401: a fixture.
from test_nodes import running, until


@pytest.fixture
def make_cluster(tmp_path):
    yield from cluster_maker(tmp_path, NodeCluster)


def clock_task(cluster, seconds):
    """A task that says when it began, in ns, and ends after @seconds; and whether it sleeps now on this machine."""
    words = ["sleep", f"{seconds}.{time.time_ns()}"]  # Unlike those of all other processes.
    task = cluster.submit("sandbox-executor", {"argv": ["sh", "-c", f"date +%s%N; {' '.join(words)}"]}).json

    def sleeps():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if open(f"/proc/{pid}/cmdline", "rb").read().decode(errors="replace").split("\0")[:2] == words:
                    return True
            except OSError:
                continue
        return False
    return task, sleeps


def metric(cluster, name):
    for line in cluster.call("GET", "/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no {name}")


def executed_once(cluster, task, killed_ns):
    """It was offered once, and its result is that of the process that had begun before the kill."""
    done = until(lambda: (t := cluster.call("GET", f"/v1/tasks/{task['taskId']}").json).get("state") in TERMINAL and t, 60)
    assert (done["state"], done["attempt"]) == ("succeeded", 1), done
    assert int(done["result"]["output"]["stdout"]) < killed_ns
    events = [e["type"] for e in cluster.call("GET", f"/v1/tasks/{task['taskId']}/events").json["events"]]
    assert events.count("cogo.task.scheduled") <= 1 and events.count("cogo.task.running") == 1, events
    by = [w for w in cluster.call("GET", "/v1/workers").json["workers"] if w["workerType"] == "sandbox"]
    until(lambda: sum(w["performance"]["tasksCompleted"] for w in cluster.call("GET", "/v1/workers").json["workers"]
                      if w["workerType"] == "sandbox" and w["performance"]) == 1)
    assert len(by) == 1


def test_a_restarted_orchestrator_takes_over_what_its_workers_run(make_cluster):
    cluster = make_cluster(worker_types="sandbox")
    task, sleeps = clock_task(cluster, 4)
    running(cluster, task)
    until(sleeps)
    cluster.kill()
    killed_ns = time.time_ns()
    cluster.start()
    executed_once(cluster, task, killed_ns)
    assert metric(cluster, "cogo_leases_taken_over_total") == 1
    assert metric(cluster, "cogo_fenced_results_total") == 0


def test_a_result_from_when_nobody_led_is_delivered(make_cluster):
    cluster = make_cluster(worker_types="sandbox")
    task, sleeps = clock_task(cluster, 2)
    running(cluster, task)
    until(sleeps)
    cluster.kill()
    killed_ns = time.time_ns()
    until(lambda: not sleeps())
    cluster.start()
    executed_once(cluster, task, killed_ns)


def test_who_does_not_come_back_has_its_tasks_tried_again(make_cluster):
    cluster = make_cluster(worker_types="sandbox")
    task, _ = clock_task(cluster, 1)
    running(cluster, task)
    cluster.kill_workers()
    cluster.kill()
    cluster.start()
    cluster.start_workers()
    done = cluster.finished(task["taskId"])
    assert (done["state"], done["attempt"]) == ("succeeded", 2)


def test_another_leader_takes_over_what_workers_run(trio):  # noqa: F811
    leader = trio.leader()
    other = trio.followers()[0]
    task, sleeps = clock_task(other, 6)
    until(lambda: other.call("GET", f"/v1/tasks/{task['taskId']}").json["state"] == "running")
    until(sleeps)
    leader.kill()
    killed_ns = time.time_ns()
    executed_once(other, task, killed_ns)
    assert metric(trio.leader(), "cogo_leases_taken_over_total") == 1


def test_a_worker_that_was_stopped_past_its_lease_is_refused(make_cluster, tmp_path):
    cluster = make_cluster(worker_types="sandbox")
    task, sleeps = clock_task(cluster, 1)
    running(cluster, task)
    until(sleeps)
    stopped, cluster.workers = cluster.workers, None
    signal_node(stopped, signal.SIGSTOP)
    began_ns = time.time_ns()
    try:
        cluster.start_workers(args=["--data", str(tmp_path / "second")])
        done = cluster.finished(task["taskId"])
        assert (done["state"], done["attempt"]) == ("succeeded", 2)
        assert int(done["result"]["output"]["stdout"]) > began_ns
        assert metric(cluster, "cogo_leases_expired_total") == 1
    finally:
        signal_node(stopped, signal.SIGCONT)
    until(lambda: metric(cluster, "cogo_fenced_results_total") >= 1)
    after = cluster.call("GET", f"/v1/tasks/{task['taskId']}").json
    assert after["result"] == done["result"]
    stopped.terminate()
    assert stopped.wait(40) == 0
