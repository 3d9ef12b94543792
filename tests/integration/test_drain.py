"""A stopped worker drains: what runs may end, the rest is given back and costs no attempt."""
import os
import signal
import time

import pytest

from conftest import Cluster, NodeCluster, cluster_maker, run_cogo
from test_nodes import running, until


@pytest.fixture
def make_nodes(tmp_path):
    yield from cluster_maker(tmp_path, NodeCluster)


@pytest.fixture
def make_dev(tmp_path):
    yield from cluster_maker(tmp_path, Cluster)


def sleep_task(cluster, seconds, marks=None, **fields):
    """A task that notes its start in the file @marks, and sleeps."""
    script = f"sleep {seconds}" if marks is None else f"echo begun >> {marks}; sleep {seconds}"
    return cluster.submit("sandbox-executor", {"argv": ["sh", "-c", script]}, **fields).json


def ended(process, seconds=40):
    return process.wait(seconds)


def workers(cluster):
    return {w["agentId"]: w for w in cluster.call("GET", "/v1/workers").json["workers"]}


def test_what_runs_ends_and_nothing_new_is_taken(make_nodes):
    cluster = make_nodes(worker_types="sandbox", worker_args=["--drain-timeout", "60s"])
    first = sleep_task(cluster, 3)
    running(cluster, first)
    cluster.workers.send_signal(signal.SIGTERM)
    until(lambda: all(w["draining"] for w in workers(cluster).values()))
    second = sleep_task(cluster, 0)
    assert ended(cluster.workers) == 0
    assert workers(cluster) == {}  # It said that it left.
    done = cluster.call("GET", f"/v1/tasks/{first['taskId']}").json
    assert (done["state"], done["attempt"]) == ("succeeded", 1)
    waits = cluster.call("GET", f"/v1/tasks/{second['taskId']}").json
    assert (waits["state"], waits["attempt"]) == ("queued", 0)
    cluster.start_workers()
    done = cluster.finished(second["taskId"])
    assert (done["state"], done["attempt"]) == ("succeeded", 1)


def test_what_does_not_end_in_time_is_given_back_and_costs_no_attempt(make_nodes):
    cluster = make_nodes(worker_types="sandbox", worker_args=["--drain-timeout", "500ms"])
    task = sleep_task(cluster, 600, maxAttempts=1)
    running(cluster, task)
    cluster.workers.send_signal(signal.SIGTERM)
    assert ended(cluster.workers) == 0
    back = until(lambda: (t := cluster.call("GET", f"/v1/tasks/{task['taskId']}").json)["state"] == "queued" and t)
    assert (back["attempt"], workers(cluster)) == (0, {})
    assert "cogo_attempts_returned_total 1\n" in cluster.call("GET", "/metrics").body.decode()
    assert "cogo_leases_expired_total 0\n" in cluster.call("GET", "/metrics").body.decode()
    cluster.start_workers()
    assert until(lambda: (t := cluster.call("GET", f"/v1/tasks/{task['taskId']}").json)["state"] == "running" and t)["attempt"] == 1
    cluster.call("POST", f"/v1/tasks/{task['taskId']}:cancel")


def test_tasks_move_to_another_worker_while_one_drains(make_nodes, tmp_path):
    """A roll out under load: nothing fails, nothing is tried twice."""
    cluster = make_nodes(worker_types="sandbox", worker_args=["--drain-timeout", "1s"])
    tasks = [sleep_task(cluster, 0.3) for _ in range(12)]
    running(cluster, tasks[0])
    old, cluster.workers = cluster.workers, None
    cluster.start_workers(args=["--data", str(tmp_path / "second")])
    old.send_signal(signal.SIGTERM)
    assert ended(old) == 0
    done = [cluster.finished(t["taskId"]) for t in tasks]
    assert {(t["state"], t["attempt"]) for t in done} == {("succeeded", 1)}


def test_a_second_signal_ends_at_once(make_nodes):
    cluster = make_nodes(worker_types="sandbox", worker_args=["--drain-timeout", "1h"])
    task = sleep_task(cluster, 600)
    running(cluster, task)
    cluster.workers.send_signal(signal.SIGTERM)
    until(lambda: "again: at once" in open(cluster.data + ".workers.log").read())
    assert cluster.workers.poll() is None

    def again():
        cluster.workers.send_signal(signal.SIGTERM)  # The first ones may come before it listens for them.
        return cluster.workers.poll() is not None
    until(again)
    assert cluster.workers.returncode == -signal.SIGTERM
    cluster.call("POST", f"/v1/tasks/{task['taskId']}:cancel")


def test_a_single_node_drains_too(make_dev):
    cluster = make_dev(args=["--drain-timeout", "30s", "--workers", "sandbox"])
    task = sleep_task(cluster, 2)
    running(cluster, task)
    assert cluster.stop() == 0
    cluster.start()
    done = cluster.finished(task["taskId"])
    assert (done["state"], done["attempt"]) == ("succeeded", 1)


def test_a_single_node_gives_back_what_does_not_end(make_dev):
    cluster = make_dev(args=["--drain-timeout", "0", "--workers", "sandbox"])
    task = sleep_task(cluster, 600)
    running(cluster, task)
    begin = time.monotonic()
    assert cluster.stop() == 0
    assert time.monotonic() - begin < 20
    cluster.start()
    again = until(lambda: (t := cluster.call("GET", f"/v1/tasks/{task['taskId']}").json)["state"] == "running" and t)
    assert again["attempt"] == 1
    cluster.call("POST", f"/v1/tasks/{task['taskId']}:cancel")


def test_worker_drain_takes_nothing_new_and_stays(make_nodes):
    cluster = make_nodes(worker_types="sandbox")
    name = list(workers(cluster))[0]
    done = run_cogo("worker", "drain", name, "--server", cluster.url)
    assert done.returncode == 0, done.stderr
    task = sleep_task(cluster, 0)
    why = run_cogo("task", "why", task["taskId"], "--server", cluster.url).stdout
    assert "drain" in why
    assert workers(cluster)[name]["draining"] and cluster.workers.poll() is None


@pytest.mark.parametrize("value", ["soon", "2h", "-1s"])
def test_a_wrong_time_is_refused(tmp_path, value):
    done = run_cogo("dev", "--data", str(tmp_path), "--listen", "127.0.0.1:0", "--drain-timeout", value, timeout=20)
    assert done.returncode == 2 and "--drain-timeout" in done.stderr, done.stderr
    assert not os.path.exists(tmp_path / "cogo.db")
