"""Dead letters that come back, and finished tasks that are kept no longer, on both engines."""
import json
import subprocess
import time

import pytest

from conftest import COGO, NodeCluster, cluster_maker


def cogo(cluster, *args):
    return subprocess.run([COGO, *args, "--server", cluster.url], capture_output=True, text=True, timeout=60)


@pytest.fixture
def make_nodes(tmp_path):
    yield from cluster_maker(tmp_path, NodeCluster)


@pytest.fixture(params=["sqlite", "postgres"])
def env(request):
    if request.param == "sqlite":
        return {}
    return {"DATABASE_URL": request.getfixturevalue("postgres").journal()}


def metric(cluster, name):
    text = cluster.call("GET", "/metrics").body.decode()
    return [float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)][0]


def gone(cluster, task_id, seconds=60):
    end = time.monotonic() + seconds
    while cluster.call("GET", f"/v1/tasks/{task_id}").status != 404:
        assert time.monotonic() < end, f"{task_id} is still there"
        time.sleep(0.05)


def test_dead_letters_are_listed_and_tried_again(make_cluster):
    cluster = make_cluster()
    task = cluster.submit("sandbox-executor", {"argv": []}, maxAttempts=1).json
    failed = cluster.finished(task["taskId"])
    refused = cluster.call("POST", "/v1/deadletters:redrive", {"taskIds": [failed["taskId"]]})
    assert refused.status == 200
    assert refused.json["tasks"][0]["code"] == "TASK_NOT_DEADLETTERED"
    assert cluster.call("GET", "/v1/deadletters").json["deadletters"] == []
    for body, field in (({}, "/taskIds"), ({"taskIds": "x"}, "/taskIds"), ({"limit": 2000, "all": True}, "/limit"),
                        ({"all": True, "roles": ["echo"]}, "/taskIds"), ({"nonsense": 1}, "/nonsense")):
        answer = cluster.call("POST", "/v1/deadletters:redrive", body)
        assert answer.status == 422 and field in answer.body.decode(), answer.body
    assert cogo(cluster, "task", "redrive").returncode == 2
    done = cogo(cluster, "task", "redrive", failed["taskId"])
    assert done.returncode == 4 and "no dead letter" in done.stderr
    assert cogo(cluster, "task", "redrive", "--all", "--json").returncode == 0
    listed = cogo(cluster, "task", "deadletters", "--json")
    assert listed.returncode == 0 and json.loads(listed.stdout)["deadletters"] == []


def test_tasks_of_a_worker_that_dies_each_time_become_dead_letters_and_come_back(make_nodes):
    cluster = make_nodes()
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "5"]}, maxAttempts=1).json
    end = time.monotonic() + 30
    while cluster.call("GET", f"/v1/tasks/{task['taskId']}").json["state"] != "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    cluster.kill_workers()
    assert cluster.finished(task["taskId"])["state"] == "deadlettered"
    dead = cluster.call("GET", "/v1/deadletters?role=sandbox-executor").json["deadletters"]
    assert [t["taskId"] for t in dead] == [task["taskId"]]
    assert metric(cluster, "cogo_deadletter_depth") == 1
    cluster.kill()
    cluster.start()
    assert metric(cluster, "cogo_deadletter_depth") == 1
    cluster.start_workers()
    answer = cluster.call("POST", "/v1/deadletters:redrive", {"roles": ["sandbox-executor"]})
    assert answer.status == 200 and answer.json["tasks"][0]["state"] in ("queued", "scheduled"), answer.body
    assert cluster.finished(task["taskId"])["state"] == "succeeded"
    assert metric(cluster, "cogo_deadletter_depth") == 0


def test_finished_tasks_go_after_their_time_and_the_rest_stays(make_cluster, env):
    cluster = make_cluster(env=env, args=["--keep-tasks-for", "1s", "--keep-every", "100ms"])
    waits = cluster.submit("echo", {}, labels=["gpu=yes"]).json
    ids = [cluster.submit("echo", {"n": i}, wait="10s").json["taskId"] for i in range(20)]
    for task_id in ids:
        gone(cluster, task_id)
    assert metric(cluster, 'cogo_retention_removed_total{what="tasks"}') >= 20
    cluster.kill()
    cluster.start()
    assert cluster.call("GET", f"/v1/tasks/{waits['taskId']}").json["state"] == "queued"
    assert cluster.call("GET", f"/v1/tasks/{ids[0]}").status == 404


def test_events_go_before_their_tasks_and_a_retry_counts_on(make_cluster, env):
    cluster = make_cluster(env=env, args=["--keep-events-for", "200ms", "--keep-every", "100ms"])
    task = cluster.submit("sandbox-executor", {"argv": []}, maxAttempts=1).json
    assert cluster.finished(task["taskId"])["state"] == "failed"
    path = f"/v1/tasks/{task['taskId']}/events"
    before = cluster.call("GET", path).json["events"]
    end = time.monotonic() + 60
    while cluster.call("GET", path).json.get("events"):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert cluster.call("GET", path).json["ended"]
    assert cluster.call("POST", f"/v1/tasks/{task['taskId']}:retry").status == 200
    assert cluster.finished(task["taskId"])["state"] == "failed"
    after = cluster.call("GET", path).json.get("events", [])
    assert not before or not after or after[0]["sequence"] == before[-1]["sequence"] + 1


@pytest.mark.parametrize("option", ["--keep-tasks-for", "--keep-every", "--keep-tasks"])
def test_a_bad_limit_names_its_option(option):
    done = subprocess.run([COGO, "dev", option, "soon"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and option in done.stderr
