"""Workers in child processes: what crashes there is one worker; its tasks are tried again, and it comes back."""
import os
import re
import signal
import time

import pytest

from conftest import Cluster, NodeCluster, children, cluster_maker, run_cogo, signal_node
from test_nodes import running, until


@pytest.fixture(params=[Cluster, NodeCluster], ids=["dev", "node"])
def make(request, tmp_path):
    """Of `cogo dev`, and of a worker node, whose children are two links away from the orchestrator."""
    making = cluster_maker(tmp_path, request.param)
    make_one = next(making)
    yield lambda: make_one(args=["--workers", "sandbox,indexing"], **{
        "worker_env" if request.param is NodeCluster else "env": {"COGO_WORKER_PROCESSES": "sandbox"}})
    next(making, None)


def parent_of(cluster):
    return cluster.workers if isinstance(cluster, NodeCluster) else cluster.process


def log_of(cluster):
    return open(cluster.data + (".workers.log" if isinstance(cluster, NodeCluster) else ".log")).read()


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL], ids=["fault", "kill"])
def test_a_crash_is_one_worker_and_its_task_is_tried_again(make, how):
    cluster = make()
    before = children(parent_of(cluster).pid)
    assert list(before) == ["process:sandbox.0"]  # Only those that were named.
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "1"]}).json
    running(cluster, task)
    workers = {w["workerType"]: w["agentId"] for w in cluster.call("GET", "/v1/workers").json["workers"]}
    os.kill(before["process:sandbox.0"], how)
    again = until(lambda: (t := cluster.call("GET", f"/v1/tasks/{task['taskId']}").json)["attempt"] == 2 and t)
    events = cluster.call("GET", f"/v1/tasks/{task['taskId']}/events").body.decode()
    assert f"worker {workers['sandbox']} was lost: {how.name}" in events, events
    done = cluster.finished(again["taskId"])
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    after = {w["workerType"]: w["agentId"] for w in cluster.call("GET", "/v1/workers").json["workers"] if w["status"] != "offline"}
    assert after["indexing"] == workers["indexing"] and after["sandbox"] != workers["sandbox"]
    assert children(parent_of(cluster).pid)["process:sandbox.0"] != before["process:sandbox.0"]
    assert f"process:sandbox.0: {how.name}" in log_of(cluster)
    if how == signal.SIGSEGV:
        assert "its last words: " in log_of(cluster)
    if not isinstance(cluster, NodeCluster):
        assert "\ncogo_process_ends_total 1\n" in cluster.call("GET", "/metrics").body.decode()


def test_no_child_outlives_its_parent(make):
    cluster = make()
    pid = children(parent_of(cluster).pid)["process:sandbox.0"]
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "600"]}).json
    running(cluster, task)
    parent_of(cluster).kill()
    until(lambda: not os.path.exists(f"/proc/{pid}") or "State:\tZ" in open(f"/proc/{pid}/status").read())


def test_a_stop_drains_what_runs_in_children(make):
    cluster = make()
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "1"]}).json
    running(cluster, task)
    parent_of(cluster).send_signal(signal.SIGTERM)
    assert parent_of(cluster).wait(40) == 0
    assert "ERROR" not in log_of(cluster) and '"level":"error"' not in log_of(cluster)
    if isinstance(cluster, NodeCluster):
        done = cluster.call("GET", f"/v1/tasks/{task['taskId']}").json
        assert (done["state"], done["attempt"]) == ("succeeded", 1)


def test_a_node_that_was_frozen_with_its_children_loses_none(tmp_path):
    """As by a stopped container: what stood still itself does not take the others' silence for theirs."""
    making = cluster_maker(tmp_path, Cluster)
    cluster = next(making)(env={"COGO_WORKER_PROCESSES": "all"}, args=["--workers", "sandbox"])
    before = children(cluster.process.pid)
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "1"]}).json
    running(cluster, task)
    signal_node(cluster.process, signal.SIGSTOP)
    time.sleep(6)  # More than the four heartbeats after which a silent one is lost.
    signal_node(cluster.process, signal.SIGCONT)
    done = cluster.finished(task["taskId"])
    assert (done["state"], done["attempt"]) == ("succeeded", 1)
    assert children(cluster.process.pid) == before and "is lost" not in open(cluster.log_path).read()
    assert cluster.stop() == 0
    next(making, None)


def test_a_worker_that_crashes_again_and_again_comes_back_each_time(tmp_path):
    making = cluster_maker(tmp_path, Cluster)
    cluster = next(making)(env={"COGO_WORKER_PROCESSES": "all"}, args=["--workers", "indexing"])
    for _ in range(4):
        was = until(lambda: children(cluster.process.pid).get("process:indexing.0"))
        os.kill(was, signal.SIGABRT)
        until(lambda: children(cluster.process.pid).get("process:indexing.0", was) != was)
    # Taken meanwhile, too: a worker that crashed comes back.
    done = cluster.finished(cluster.submit("echo", {"n": 1}).json["taskId"])
    assert done["state"] == "succeeded"
    assert len(re.findall("process:indexing.0: SIGABRT", open(cluster.log_path).read())) == 4
    assert cluster.stop() == 0
    next(making, None)


@pytest.mark.parametrize("args, words", [
    (["dev", "--worker-processes", "sandbocks"], "no worker of type 'sandbocks' is started (did you mean 'sandbox'?)"),
    (["dev", "--workers", "indexing", "--worker-processes", "sandbox"], "no worker of type 'sandbox' is started"),
    (["node", "--role", "orchestrator", "--worker-processes", "all"], "go with --role worker"),
])
def test_a_wrong_choice_is_named(tmp_path, args, words):
    done = run_cogo(*args, "--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), timeout=30)
    assert done.returncode == 2 and words in done.stderr, done.stderr
