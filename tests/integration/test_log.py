"""The log: lines about tasks that don't go well, as members of JSON, whatever their errors say."""
import json

from hand import Hand

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def lines(cluster):
    return [json.loads(line) for line in open(cluster.log_path) if line.startswith("{")]


def test_a_failure_has_the_ids_of_its_task_and_trace_and_its_error_can_not_forge_them(make_cluster):
    cluster = make_cluster(args=["--workers", "indexing"])
    hand = Hand(cluster)
    try:
        answer = cluster.call("POST", "/v1/tasks", {"role": "echo", "labels": ["by=hand"], "maxAttempts": 2},
                              {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
        task = answer.json["taskId"]
        evil = "it broke | level=debug\n{\"level\":\"error\"} task=tsk_evil"
        metadata = {"processingTime": 1, "quality": 0, "confidence": 0, "errors": [evil], "skipped": []}
        first = hand.offer()
        hand.run(hand._say("result", data={"lease": first["lease"], "retryable": True,
                                           "result": {"taskId": task, "status": "failed", "metadata": metadata}}))
        assert hand.run(hand._next("ack"))["data"]["reason"] == "accepted"
        assert hand.result(hand.offer(), status="failed", metadata=metadata) == "accepted"
        assert cluster.finished(task)["state"] == "failed"
    finally:
        hand.close()
    cluster.stop()
    told = [line for line in lines(cluster) if line.get("task")]
    assert [(line["level"], line["state"], line["attempt"]) for line in told] == [("info", "retrying", "1"), ("warn", "failed", "2")]
    for line in told:
        assert line["task"] == task and line["trace"] == TRACE and line["worker"] == "wrk_hand" and line["role"] == "echo"
        assert "it broke" in line["message"] and "tsk_evil" in line["message"]
    assert not [line for line in lines(cluster) if line["level"] == "error"]


def test_a_flood_of_failures_is_no_flood_of_lines(make_cluster):
    cluster = make_cluster(args=["--workers", "indexing"])
    bad = {"role": "code-indexer", "context": {"path": 7}}
    tasks = cluster.call("POST", "/v1/tasks:batchCreate", {"tasks": [bad] * 500}).json["tasks"]
    for task in tasks[-3:]:
        assert cluster.finished(task["taskId"])["state"] == "failed"
    ended = cluster.finished(tasks[0]["taskId"])
    assert ended["error"]
    told = [line for line in lines(cluster) if line.get("state") == "failed"]
    assert 0 < len(told) < 500 or len({line["time"][:19] for line in told}) >= 500 / 50
