"""Budgets told to roles that run: what is left, what is granted, and that nobody takes more."""
import os

from conftest import FIXTURES
from hand import Hand


def submit(cluster, **fields):
    return cluster.submit("echo", {}, labels=["by=hand"], **fields).json["taskId"]


def test_two_that_share_a_budget_never_take_the_same(make_cluster):
    cluster = make_cluster(args=["--workers", "indexing"])
    hand = Hand(cluster)
    try:
        top = submit(cluster, budget={"calls": 5, "tokens": 1000})
        above = hand.offer()
        assert above["context"]["budgetLeft"]["calls"] == 5 and above["context"]["budgetLeft"]["cost"] == -1
        submit(cluster, parent=top, budget={"calls": 3})
        child = hand.offer()
        left = child["context"]["budgetLeft"]
        assert left["calls"] == 3 and left["tokens"] == 1000
        first = hand.spend(child, next={"calls": 1, "tokens": 400})["data"]
        assert first["granted"] and first["calls"] == 2 and first["tokens"] == 600
        assert not hand.spend(child, used={"calls": 1, "tokens": 400}, next={"tokens": 601})["data"]["granted"]
        for n in (2, 3):  # What the child has reserved is not the parent's.
            answer = hand.spend(above, used={"calls": n - 2}, next={"calls": 1})["data"]
            assert answer["granted"], answer
        refused = hand.spend(above, used={"calls": 2}, next={"calls": 1})["data"]
        assert not refused["granted"] and "calls" in refused["reason"] and top in refused["reason"]
        assert hand.spend(child, used={"calls": 1, "tokens": 450}, next={"calls": 2})["data"]["granted"]
        used_up = hand.spend(child, used={"calls": 3, "tokens": 450}, next={"calls": 1})["data"]
        assert not used_up["granted"] and "used up" in used_up["reason"] and used_up["calls"] == 0
        metadata = {"processingTime": 1, "quality": 1, "confidence": 1, "errors": [], "skipped": [],
                    "llm": {"calls": 3, "inputTokens": 300, "outputTokens": 200, "cachedTokens": 0, "cost": 0}}
        assert hand.result(child, {}, metadata=metadata) == "accepted"
        assert hand.result(above, {}) == "accepted"
        spent = cluster.finished(top)["spent"]
        assert spent["calls"] == 5 and spent["tokens"] == 500, "what was told before is not charged twice"
        over = hand.spend(above, next={"calls": 1})
        assert over["type"] == "problem" and over["data"]["code"] == "ATTEMPT_OVER"
        free = submit(cluster)
        offer = hand.offer()
        assert offer["instruction"]["taskId"] == free and "budgetLeft" not in offer["context"]
        assert hand.spend(offer, next={"calls": 99})["data"]["granted"]
        assert hand.spend(offer, next={"calls": -1})["type"] == "problem"
        assert hand.result(offer, {}) == "accepted"
    finally:
        hand.close()


def test_what_was_granted_is_on_disk(make_cluster):
    cluster = make_cluster(args=["--workers", "indexing"])
    hand = Hand(cluster)
    task = submit(cluster, budget={"calls": 5}, maxAttempts=3)
    assert hand.spend(hand.offer(), next={"calls": 2})["data"]["granted"]
    cluster.kill()
    cluster.start(port=int(cluster.url.rsplit(":", 1)[1]))
    assert cluster.call("GET", f"/v1/tasks/{task}").json["spent"]["calls"] == 2


def test_a_built_in_role_stops_at_its_budget_and_says_so(make_cluster):
    cluster = make_cluster(args=["--workers", "quality-assurance"])
    context = {"path": os.path.join(FIXTURES, "c-inventory")}
    whole = cluster.submit("security-scanner", context, wait="60s").json
    assert whole["state"] in ("succeeded", "partial") and "spent" not in whole
    few = cluster.submit("security-scanner", context, wait="60s", budget={"calls": 1}).json
    assert few["spent"]["calls"] == 1, few
    skipped = " ".join(few["result"]["metadata"]["skipped"])
    assert "not run: the budget of" in skipped and "calls" in skipped, few["result"]["metadata"]
