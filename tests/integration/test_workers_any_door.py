"""Workers outside through any of three orchestrators, as behind a Kubernetes Service: they work through one that stands by, and
go on whoever leads."""
import json

import pytest

from conftest import TERMINAL
from service import Service
from test_leader import Trio
from test_postgres_faults import until
from test_workers_outside import hear, registration, result, run, say, socket_of, start  # noqa: F401

LABEL = {"python": "lang=python", "js": "lang=js"}
TEXT = {"python": "MOIN", "js": "niom"}


@pytest.fixture
def trio(tmp_path, postgres):
    three = Trio(tmp_path, postgres)
    yield three
    three.end()


def state(member, task):
    return member.call("GET", f"/v1/tasks/{task}").json["state"]


def ended(member, task):
    """The finished task; who leads may change meanwhile."""
    until(lambda: member.call("GET", f"/v1/tasks/{task}").json.get("state") in TERMINAL, 60, "it ends")
    return member.call("GET", f"/v1/tasks/{task}").json


@pytest.mark.parametrize("language", ["python", "js"])
def test_a_worker_at_one_that_stands_by_does_not_notice_a_take_over(trio, start, language):  # noqa: F811
    leader = trio.leader()
    door, other = trio.followers()
    worker = start(door, language, "wrk_far", "2.5")
    quick = [other.submit("echo", {"text": "moin"}, labels=[LABEL[language]]).json["taskId"] for _ in range(2)]
    for task in quick:
        assert door.finished(task)["result"]["output"] == {"text": TEXT[language], "by": "wrk_far"}
    task = other.submit("echo", {"text": "moin"}, labels=[LABEL[language]]).json["taskId"]
    until(lambda: state(door, task) == "running", 20, "it runs")
    leader.kill()
    until(lambda: any(member.leads() for member in (door, other)), 20, "another one leads")
    done = ended(door, task)
    assert done["state"] == "succeeded" and done["attempt"] == 1 and done["result"]["output"]["by"] == "wrk_far"
    worker.wait("ack accepted", 3)
    assert worker.text().count("welcome") == 1 and worker.text().count("ack accepted") == 3, worker.text()
    again = other.submit("echo", {"text": "moin"}, labels=[LABEL[language]]).json["taskId"]
    assert door.finished(again)["state"] == "succeeded"


@pytest.mark.parametrize("language", ["python", "js"])
def test_a_worker_whose_door_dies_goes_on_through_another(trio, start, language):  # noqa: F811
    leader = trio.leader()
    service = Service([int(member.url.rsplit(":", 1)[1]) for member in trio.members])
    worker = start(service, language, "wrk_any", "2.5")
    for victim in ("follower", "leader"):
        live = [member for member in trio.members if member.process.poll() is None]
        task = live[0].submit("echo", {"text": "moin"}, labels=[LABEL[language]]).json["taskId"]
        until(lambda: state(live[0], task) == "running", 20, "it runs")
        leader = trio.leader()
        kill = leader if victim == "leader" else next(m for m in trio.members if m is not leader)
        before = worker.text().count("welcome")
        kill.kill()
        rest = next(member for member in trio.members if member.process.poll() is None)
        done = ended(rest, task)
        assert done["state"] == "succeeded" and done["attempt"] == 1, (victim, done)
        print(victim, "killed: welcomes", worker.text().count("welcome") - before)
        kill.start()
        until(kill.ready, 20, "it is back")
    worker.wait("ack accepted", 2)
    assert worker.text().count("ack accepted") == 2, worker.text()
    service.end()


def test_a_worker_that_moves_to_another_door_keeps_its_leases(trio):
    leader = trio.leader()
    first, second = trio.followers()

    async def story():
        async with socket_of(first) as ws:
            await say(ws, "register", registration("wrk_moves"), session="a-secret-of-my-own")
            assert (await hear(ws, "welcome"))["session"] == "a-secret-of-my-own"
            task = leader.submit("echo", {}, labels=["who=wrk_moves"]).json["taskId"]
            lease = (await hear(ws, "offer"))["data"]["lease"]
            until(lambda: state(leader, task) == "running", 10, "it began with its offer")
            async with socket_of(second) as other:
                await say(other, "register", registration("wrk_moves"))
                assert (await hear(other, "problem"))["data"]["code"] == "WORKER_ID_TAKEN", "a stranger is refused"
            async with socket_of(second) as other:
                await say(other, "register", registration("wrk_moves", running=[f"{task}:{lease}"]))
                await hear(other, "welcome")
                await hear(ws, "removed")
                await say(other, "result", {"lease": lease, "result": {"status": "success", "output": {"by": "hand"}}})
                assert (await hear(other, "ack"))["data"]["reason"] == "accepted"
        done = leader.call("GET", f"/v1/tasks/{task}").json
        assert done["state"] == "succeeded" and done["attempt"] == 1
    run(story())


def test_events_are_live_at_one_that_stands_by_and_go_on_after_a_take_over(trio):
    leader = trio.leader()
    door, other = trio.followers()

    async def story():
        async with socket_of(door) as ws, socket_of(door) as watch:
            await say(ws, "register", registration("wrk_told"))
            await hear(ws, "welcome")
            task = leader.submit("echo", {}, labels=["who=nobody"]).json["taskId"]
            await say(watch, "subscribe", subject=task)
            seen = []

            async def until_event(kind):
                while True:
                    frame = json.loads(await watch.recv())
                    seen.extend([frame["sequence"]] if "sequence" in frame and frame["type"] != "ended" else [])
                    if frame["type"] == kind:
                        return
            await until_event("cogo.task.queued")
            leader.kill()
            until(lambda: any(member.leads() for member in (door, other)), 20, "another one leads")
            until(lambda: other.call("POST", f"/v1/tasks/{task}:cancel").status == 200, 20, "it finds who leads")
            await until_event("cogo.task.cancelled")
            await until_event("ended")
            assert seen == list(range(1, len(seen) + 1))
    run(story())
