"""Who shares what: fairness keys, limits per key, slot costs and deadlines on a running cluster."""
import json
import subprocess
import time

import pytest

from conftest import COGO


def cogo(cluster, *args):
    return subprocess.run([COGO, *args, "--server", cluster.url], capture_output=True, text=True, timeout=60)


def finish_all(cluster, ids, seconds=120):
    return [cluster.finished(task_id, seconds) for task_id in ids]


def batch(cluster, count, **fields):
    answer = cluster.call("POST", "/v1/tasks:batchCreate", {"tasks": [dict(role="sandbox-executor", **fields)] * count})
    assert answer.status == 202, answer.body
    return [t["taskId"] for t in answer.json["tasks"]]


def started(tasks):
    return [t["startedAt"] for t in tasks]


@pytest.fixture
def one_slot(make_cluster):
    """A single worker with a single slot: the order of the starts is the order of the offers."""
    return make_cluster(args=["--workers", "sandbox", "--worker-slots", "1"])


def test_a_flood_of_one_key_does_not_starve_another(one_slot):
    context = {"argv": ["sleep", "0.05"]}
    flood = batch(one_slot, 60, context=context, fairnessKey="flood")
    rare = batch(one_slot, 5, context=context, fairnessKey="rare")
    rare, flood = finish_all(one_slot, rare), finish_all(one_slot, flood)
    before = sum(1 for at in started(flood) if at < max(started(rare)))
    already = sum(1 for at in started(flood) if at < min(t["createdAt"] for t in rare))
    print(f"{before} of 60 of the flood began before the last of 5 rare ones, {already} before those had come")
    assert before - already <= 10  # One turn each: about 5, not 60.


def test_a_limit_holds_under_load_and_after_a_kill(make_cluster):
    cluster = make_cluster(args=["--workers", "sandbox", "--worker-slots", "8"])
    made = cogo(cluster, "limit", "set", "tenant", "--concurrency", "2")
    assert made.returncode == 0 and json.loads(made.stdout)["concurrency"] == 2
    cluster.kill()
    cluster.start()
    context = {"argv": ["sleep", "0.2"]}
    ids = batch(cluster, 8, context=context, limits=["tenant:a"]) + batch(cluster, 4, context=context, limits=["tenant:b"])
    most, end = 0, time.monotonic() + 120
    while time.monotonic() < end:
        limit = cluster.call("GET", "/v1/limits/tenant").json
        most = max(most, limit["used"])
        if limit["used"] == 0 and limit["waiting"] == 0:
            break
    assert 2 <= most <= 4, "two of each key"
    for task in finish_all(cluster, ids):
        assert task["state"] == "succeeded"
    spans = sorted((t["startedAt"], t["finishedAt"]) for t in finish_all(cluster, ids[:8]))
    for i, (begin, _) in enumerate(spans):
        assert sum(1 for _, done in spans[:i] if done > begin) < 2
    assert cogo(cluster, "limit", "delete", "tenant").returncode == 0
    assert cluster.submit("echo", {}, limits=["tenant:a"]).status == 422


@pytest.mark.parametrize("fields, word", [
    ({"limits": ["nothing"]}, "/limits/0"), ({"limits": "x"}, "/limits"), ({"slotCost": -1}, "/slotCost"),
    ({"preferredLabels": ["x"]}, "/preferredLabels/0"), ({"fairnessKey": ""}, "/fairnessKey"),
    ({"deadline": "2001-01-01T00:00:00.000Z"}, "/deadline"), ({"scheduleTimeout": -1}, "/scheduleTimeout"),
])
def test_bad_wishes_are_refused_with_the_field(cluster, fields, word):
    answer = cluster.submit("echo", {}, **fields)
    assert answer.status == 422 and word in answer.body.decode(), answer.body


def test_a_task_that_asks_runs_when_somebody_agrees_and_a_kill_forgets_nothing(make_cluster):
    cluster = make_cluster()
    ask = {"prompt": "Deploy to production?"}
    ids = [cluster.submit("echo", {"n": n}, approval=ask).json["taskId"] for n in range(2)]
    assert cogo(cluster, "task", "approve", ids[0], "--by", "ada", "--note", "go on").returncode == 0
    assert cluster.finished(ids[0])["approval"]["by"] == "ada"
    cluster.kill()
    cluster.start()
    waits = cluster.call("GET", f"/v1/tasks/{ids[1]}").json
    assert waits["state"] == "blocked" and waits["approval"]["state"] == "waiting"
    assert "Deploy to production?" in cluster.call("GET", f"/v1/tasks/{ids[1]}/explain").body.decode()
    answer = cluster.call("POST", f"/v1/tasks/{ids[1]}:reject?by=bob&note=not%20today")
    assert answer.status == 200 and answer.json["state"] == "cancelled"
    assert answer.json["error"] == "rejected by bob: not today", answer.body
    assert cluster.call("POST", f"/v1/tasks/{ids[1]}:approve").status == 409
    late = cluster.submit("echo", {}, approval={"prompt": "Quick?", "timeout": 200}).json
    assert cluster.finished(late["taskId"])["state"] == "expired"


def test_a_budget_is_shared_by_the_tasks_below_and_ends_what_takes_too_long(make_cluster):
    cluster = make_cluster()
    top = cluster.submit("echo", {}, labels=["gpu=yes"], budget={"time": 60000, "tasks": 2, "depth": 1}).json
    child = cluster.submit("echo", {"n": 1}, parent=top["taskId"], budget={"time": 50000}).json
    assert cluster.finished(child["taskId"])["state"] == "succeeded"
    assert cluster.submit("echo", {}, parent=child["taskId"]).status == 422  # It has ended.
    more = cluster.submit("echo", {}, parent=top["taskId"], budget={"time": 70000})
    assert more.status == 422 and "/budget/time" in more.body.decode(), more.body
    cluster.kill()
    cluster.start()
    seen = cluster.call("GET", f"/v1/tasks/{top['taskId']}").json
    assert seen["spent"]["tasks"] == 1 and seen["budget"]["tasks"] == 2
    assert cluster.submit("echo", {}, parent=top["taskId"]).status == 202
    assert cluster.submit("echo", {}, parent=top["taskId"]).json["code"] == "BUDGET_EXHAUSTED"
    slow = cluster.submit("sandbox-executor", {"argv": ["sleep", "60"]}, maxAttempts=5, budget={"time": 300}).json
    done = cluster.finished(slow["taskId"])
    assert done["state"] == "deadlettered" and "budget" in done["error"], done


def test_limits_that_make_no_sense_are_refused(cluster):
    for body, word in (({"name": "a:b", "rate": 1}, "/name"), ({"name": "a"}, "/concurrency"),
                       ({"name": "a", "rate": -1}, "/rate"), ({"name": "", "rate": 1}, "/name")):
        answer = cluster.call("POST", "/v1/limits", body)
        assert answer.status == 422 and word in answer.body.decode(), answer.body
    assert cluster.call("GET", "/v1/limits/none").status == 404


def test_a_task_that_nobody_takes_in_time_expires_and_why_says_what_it_waits_for(cluster):
    task = cluster.submit("echo", {}, labels=["gpu=yes"], scheduleTimeout=300).json
    done = cluster.finished(task["taskId"])
    assert done["state"] == "expired" and "300 ms" in done["error"]
    assert cluster.call("POST", "/v1/limits", {"name": "never", "concurrency": 1}).status == 200
    running = cluster.submit("sandbox-executor", {"argv": ["sleep", "30"]}, limits=["never"]).json
    waits = cluster.submit("sandbox-executor", {"argv": ["true"]}, limits=["never"]).json
    why = cluster.call("GET", f"/v1/tasks/{waits['taskId']}/explain").json
    assert "limit never is used up" in json.dumps(why)
    for one in (waits, running):
        assert cluster.call("POST", f"/v1/tasks/{one['taskId']}:cancel").status == 200
    assert cluster.call("DELETE", "/v1/limits/never").status == 200
