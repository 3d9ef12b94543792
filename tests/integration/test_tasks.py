"""Tasks through the HTTP door: what is promised for good input and for bad."""
import json
import threading
import time

import pytest


def test_echo_answers_with_its_context(cluster):
    answer = cluster.submit("echo", {"hello": "world"}, wait="10s")
    assert answer.status == 200
    task = answer.json
    assert task["state"] == "succeeded"
    assert task["result"]["output"] == {"hello": "world"}
    assert task["result"]["status"] == "success"
    assert task["taskId"].startswith("tsk_") and task["instructionId"].startswith("ins_")
    assert task["result"]["resultId"].startswith("res_")


def test_submit_is_accepted_with_its_location_and_can_be_read(cluster):
    answer = cluster.submit("echo", {"delayMs": 300})
    assert answer.status == 202
    task_id = answer.json["taskId"]
    assert answer.headers["Location"] == f"/v1/tasks/{task_id}"
    assert cluster.finished(task_id)["state"] == "succeeded"
    result = cluster.call("GET", f"/v1/tasks/{task_id}/result")
    assert result.status == 200 and result.json["taskId"] == task_id


def test_events_tell_the_life_of_a_task_without_gaps(cluster):
    task = cluster.submit("echo", {}, wait="10s").json
    events = cluster.call("GET", f"/v1/tasks/{task['taskId']}/events").json["events"]
    assert [e["sequence"] for e in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "cogo.task.succeeded"


def test_event_stream_replays_and_ends(cluster):
    task = cluster.submit("echo", {}, wait="10s").json
    answer = cluster.call("GET", f"/v1/tasks/{task['taskId']}/events",
                          headers={"Accept": "text/event-stream", "Last-Event-ID": "0"})
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert b"cogo.task.succeeded" in answer.body


@pytest.mark.parametrize("body,status,word", [
    (b'{"role":', 400, "JSON"),
    (b'[]', 422, None),
    (b'{}', 422, "/role"),
    (b'{"role":"echo","nonsense":1}', 422, "/nonsense"),
    (b'{"role":"echo","priority":"asap"}', 422, "/priority"),
    (b'{"role":"echo","timeout":-5}', 422, "/timeout"),
    (b'{"role":"echo","taskId":"tsk_mine"}', 422, "/taskId"),
    (b'{"role":"echo","dependencies":["nope"]}', 422, "/dependencies/0"),
    (b'{"role":"echo","dependencies":["tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV"]}', 422, "/dependencies/0"),
])
def test_bad_input_is_refused_with_the_field(cluster, body, status, word):
    answer = cluster.call("POST", "/v1/tasks", raw=body)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json
    assert problem["code"] and problem["requestId"]
    if word:
        assert word in answer.body.decode()


def test_unknown_role_names_the_nearest(cluster):
    answer = cluster.submit("code-validater", {})
    assert answer.status == 422
    assert "Unknown role: code-validater" in answer.json["detail"]
    assert "code-validator" in answer.body.decode()


def test_oversized_body_is_413(cluster):
    answer = cluster.call("POST", "/v1/tasks", {"role": "echo", "context": {"x": "y" * 1500000}})
    assert answer.status == 413


def test_ids_that_are_not_there_are_404(cluster):
    for path in ("/v1/tasks/tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV", "/v1/tasks/nonsense",
                 "/v1/workflows/wfl_01ARZ3NDEKTSV4RRFFQ69G5FAV", "/v1/workers/wrk_none",
                 "/v1/roles/none", "/v1/nothing"):
        assert cluster.call("GET", path).status == 404, path


def test_wrong_method_is_405_with_allow(cluster):
    answer = cluster.call("DELETE", "/v1/tasks")
    assert answer.status == 405 and "POST" in answer.headers["Allow"]


def test_cycles_are_refused_with_their_path(cluster):
    body = {"name": "ring", "tasks": [
        {"ref": "a", "role": "echo", "dependencies": ["b"]},
        {"ref": "b", "role": "echo", "dependencies": ["a"]}]}
    answer = cluster.call("POST", "/v1/workflows", body)
    assert answer.status == 422 and answer.json["code"] == "DEPENDENCY_CYCLE"
    assert "a" in answer.json["detail"] and "b" in answer.json["detail"]


def test_workflow_runs_in_the_order_of_its_dependencies(cluster):
    body = {"name": "diamond", "tasks": [
        {"ref": "a", "role": "echo", "context": {"n": 1}},
        {"ref": "b", "role": "echo", "dependencies": ["a"]},
        {"ref": "c", "role": "echo", "dependencies": ["a"]},
        {"ref": "d", "role": "echo", "dependencies": ["b", "c"]}]}
    answer = cluster.call("POST", "/v1/workflows", body)
    assert answer.status in (200, 202), answer.body  # 200: it has finished already.
    workflow_id = answer.json["workflowId"]
    workflow = cluster.call("GET", f"/v1/workflows/{workflow_id}?wait=20s").json
    assert workflow["state"] == "succeeded"
    at = {t["ref"]: t for t in workflow["tasks"]}
    assert at["d"]["startedAt"] >= max(at["b"]["finishedAt"], at["c"]["finishedAt"])
    assert at["b"]["startedAt"] >= at["a"]["finishedAt"]


def test_a_failed_dependency_cancels_what_waits_for_it(cluster):
    body = {"name": "broken", "tasks": [
        {"ref": "a", "role": "sandbox-executor", "context": {"argv": []}, "maxAttempts": 1},
        {"ref": "b", "role": "echo", "dependencies": ["a"]}]}
    workflow_id = cluster.call("POST", "/v1/workflows", body).json["workflowId"]
    workflow = cluster.call("GET", f"/v1/workflows/{workflow_id}?wait=20s").json
    assert workflow["state"] == "failed"
    assert {t["ref"]: t["state"] for t in workflow["tasks"]} == {"a": "failed", "b": "cancelled"}


def test_a_workflow_fans_out_to_thousands_and_in_again(cluster):
    wide = 9998
    body = {"name": "wide", "tasks": [{"ref": "a", "role": "echo"}]
            + [{"ref": f"m{i}", "role": "echo", "dependencies": ["a"]} for i in range(wide)]
            + [{"ref": "z", "role": "echo", "dependencies": [f"m{i}" for i in range(wide)]}]}
    answer = cluster.call("POST", "/v1/workflows", body, timeout=120)
    assert answer.status in (200, 202), answer.body[:300]
    workflow_id, end = answer.json["workflowId"], time.monotonic() + 180
    while True:
        workflow = cluster.call("GET", f"/v1/workflows/{workflow_id}?wait=20s", timeout=120).json
        if workflow["state"] != "running":
            break
        assert time.monotonic() < end
    assert workflow["state"] == "succeeded"
    tasks = {t["ref"]: t for t in workflow["tasks"]}
    assert len(tasks) == wide + 2 and len(tasks["z"]["dependencies"]) == wide
    assert tasks["z"]["startedAt"] >= max(t["finishedAt"] for r, t in tasks.items() if r != "z")
    too_many = {"name": "x", "tasks": [{"role": "echo"}] * 10001}
    assert cluster.call("POST", "/v1/workflows", too_many, timeout=120).status == 422
    assert cluster.call("POST", "/v1/tasks:batchCreate", {"tasks": [{"role": "echo"}] * 1001}).status == 422


def test_idempotency_key_submits_once(cluster):
    headers = {"Idempotency-Key": f"test-{time.time_ns()}"}
    body = {"role": "echo", "context": {"k": 1}}
    first = cluster.call("POST", "/v1/tasks", body, headers)
    again = cluster.call("POST", "/v1/tasks", body, headers)
    other = cluster.call("POST", "/v1/tasks", {"role": "echo", "context": {"k": 2}}, headers)
    assert first.status == again.status == 202
    assert first.json["taskId"] == again.json["taskId"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status == 422


def test_cancel_reaches_running_work(cluster):
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "60"]}).json
    end = time.monotonic() + 20
    while cluster.call("GET", f"/v1/tasks/{task['taskId']}").json["state"] != "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    start = time.monotonic()
    answer = cluster.call("POST", f"/v1/tasks/{task['taskId']}:cancel")
    assert answer.status == 200, answer.body
    assert cluster.finished(task["taskId"])["state"] == "cancelled"
    assert time.monotonic() - start < 40  # It would have slept for 60.
    assert cluster.call("POST", f"/v1/tasks/{task['taskId']}:cancel").status == 200  # Idempotent.
    done = cluster.submit("echo", {}, wait="10s").json
    assert cluster.call("POST", f"/v1/tasks/{done['taskId']}:cancel").status == 409


def test_timeout_ends_an_attempt(cluster):
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "60"]}, timeout=700,
                          maxAttempts=1).json
    done = cluster.finished(task["taskId"], 30)
    assert done["state"] in ("expired", "failed", "deadlettered")


def test_retry_runs_a_finished_failure_again(cluster):
    task = cluster.submit("sandbox-executor", {"argv": []}, maxAttempts=1).json
    assert cluster.finished(task["taskId"])["state"] == "failed"
    answer = cluster.call("POST", f"/v1/tasks/{task['taskId']}:retry")
    assert answer.status in (200, 202), answer.body
    assert cluster.finished(task["taskId"])["state"] == "failed"


def test_explain_says_where_a_task_ran(cluster):
    task = cluster.submit("echo", {}, wait="10s").json
    answer = cluster.call("GET", f"/v1/tasks/{task['taskId']}/explain")
    assert answer.status == 200 and answer.json["summary"]


def test_labels_choose_the_worker_and_why_names_what_does_not_match(cluster):
    import platform
    good = cluster.submit("echo", {}, wait="10s", labels=[f"arch={platform.machine()}"]).json
    assert good["state"] == "succeeded"
    task = cluster.submit("echo", {}, labels=["gpu=yes"]).json
    why = cluster.call("GET", f"/v1/tasks/{task['taskId']}/explain")
    assert "gpu=yes" in why.body.decode()
    assert cluster.call("POST", f"/v1/tasks/{task['taskId']}:cancel").json["state"] == "cancelled"


def test_lists_page_without_loss(cluster):
    ids = {cluster.submit("echo", {"i": i}, wait="10s").json["taskId"] for i in range(7)}
    seen, token = [], ""
    while True:
        page = cluster.call("GET", f"/v1/tasks?role=echo&pageSize=3{token}").json
        seen += [t["taskId"] for t in page["tasks"]]
        if "nextPageToken" not in page or ids <= set(seen):
            break
        token = "&pageToken=" + page["nextPageToken"]
    assert ids <= set(seen) and len(seen) == len(set(seen))


def test_batch_answers_each_item(cluster):
    body = {"tasks": [{"role": "echo"}, {"role": "nobody-knows"}, {"role": "echo"}]}
    answer = cluster.call("POST", "/v1/tasks:batchCreate", body)
    assert answer.status in (200, 202, 207), answer.body
    items = answer.json["tasks"]
    assert "taskId" in items[0] and items[1]["status"] == 422 and "taskId" in items[2]


def test_ten_thousand_tasks_are_neither_lost_nor_doubled(make_cluster):
    cluster = make_cluster()
    ids, lock = [], threading.Lock()
    start = time.monotonic()

    def send(batch):
        answer = cluster.call("POST", "/v1/tasks:batchCreate",
                              {"tasks": [{"role": "echo", "context": {"n": batch * 1000 + i}}
                                         for i in range(1000)]}, timeout=120)
        assert answer.status in (200, 202), answer.body[:300]
        with lock:
            ids.extend(t["taskId"] for t in answer.json["tasks"])
    threads = [threading.Thread(target=send, args=(n,)) for n in range(10)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(set(ids)) == 10000
    end = time.monotonic() + 120
    while True:
        text = cluster.call("GET", "/metrics").body.decode()
        done = sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("cogo_tasks_total{") and 'status="succeeded"' in line)
        if done >= 10000:
            break
        assert time.monotonic() < end, f"{done} of 10000 done"
        time.sleep(0.05)
    seconds = time.monotonic() - start
    assert done == 10000
    seen, token = {}, ""
    while True:
        page = cluster.call("GET", f"/v1/tasks?pageSize=1000{token}").json
        for task in page["tasks"]:
            assert task["taskId"] not in seen
            seen[task["taskId"]] = task["state"]
        if not page.get("nextPageToken"):
            break
        token = "&pageToken=" + page["nextPageToken"]
    assert set(seen) == set(ids) and set(seen.values()) == {"succeeded"}
    print(json.dumps({"bench": "batch-10k", "unit": "tasks/s", "value": round(10000 / seconds)}))
