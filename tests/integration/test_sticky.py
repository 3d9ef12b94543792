"""Sticky keys with real workers: where the last task of a key was, the next one goes; and when that worker dies."""
import json
import time

from conftest import run_cogo
from hand import Hand


def at(cluster, task_id):
    return cluster.finished(task_id)["workerId"]


def test_a_key_stays_with_its_worker_and_moves_when_that_dies(make_cluster):
    cluster = make_cluster(args=["--workers", "indexing"])
    b = Hand(cluster, "wrk_b", labels=["at=b"])  # The other one is the cluster's own.
    try:
        cluster.submit("echo", {}, labels=["at=b"], stickyKey="repo-1")
        assert b.result(b.offer(), {}) == "accepted"
        for policy in ("prefer", "require"):
            task = cluster.submit("echo", {}, stickyKey="repo-1", stickyPolicy=policy).json
            assert task["stickyPolicy"] == policy
            offer = b.offer()
            assert offer["instruction"]["taskId"] == task["taskId"]
            why = cluster.call("GET", f"/v1/tasks/{task['taskId']}/explain").json
            assert "the sticky key repo-1 is at worker wrk_b" in why["reasons"]
            assert b.result(offer, {}) == "accepted"
            assert at(cluster, task["taskId"]) == "wrk_b"
    finally:
        b.close()
    end = time.monotonic() + 40
    while cluster.call("GET", "/v1/workers/wrk_b").json["status"] != "offline":
        assert time.monotonic() < end
        time.sleep(0.1)
    waits = cluster.submit("echo", {}, stickyKey="repo-1", stickyPolicy="require").json["taskId"]
    why = cluster.call("GET", f"/v1/tasks/{waits}/explain").json
    assert any("requires worker wrk_b" in reason for reason in why["reasons"]), why
    done = run_cogo("task", "submit", "echo", "--sticky-key", "repo-1", "--sticky-policy", "require",
                    "--sticky-timeout", "300ms", "--wait", "--json", env={"ORCHESTRATOR_URL": cluster.url})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["workerId"] != "wrk_b", "its time is over, any worker has it"
    assert cluster.finished(waits)["state"] == "succeeded", "the key has moved, and with it who waited"
    metrics = cluster.call("GET", "/metrics").body.decode()
    assert 'cogo_sticky_placements_total{worker="same"}' in metrics


def test_a_policy_without_a_key_is_named(cluster):
    answer = cluster.submit("echo", {}, stickyTimeout=5)
    assert answer.status == 422 and answer.json["errors"][0]["pointer"] == "/stickyKey"
    assert cluster.submit("echo", {}, stickyKey="k", stickyPolicy="hard").status == 422
