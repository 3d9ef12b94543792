"""Workers in other languages over WebSocket: they do real tasks, come back after faults, and each task ends once."""
import asyncio
import json
import os
import subprocess
import sys
import time

import pytest
import websockets

from conftest import TOP, Cluster

WORKERS = os.path.join(TOP, "tests", "workers")


class Worker:
    def __init__(self, command, log, env=None):
        self.log = str(log)
        self.process = subprocess.Popen(command, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT,
                                        env=dict(os.environ, NODE_PATH="/usr/share/nodejs", **(env or {})))

    def text(self):
        return open(self.log).read()

    def wait(self, word, count=1, seconds=60):
        end = time.monotonic() + seconds
        while self.text().count(word) < count:
            assert time.monotonic() < end and self.process.poll() is None, self.text()
            time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def start(tmp_path):
    made = []

    def make(cluster, language, worker_id, *more, env=None):
        program = {"python": ["/usr/bin/python3", os.path.join(WORKERS, "worker.py")],
                   "js": ["node", os.path.join(WORKERS, "worker.js")]}[language]
        url = cluster.url.replace("http", "ws") + "/v1/ws"
        made.append(Worker(program + [url, worker_id, *more], tmp_path / f"{worker_id}.log", env))
        made[-1].wait("welcome")
        return made[-1]
    yield make
    for worker in made:
        worker.stop()


def test_the_one_in_python_has_thirty_lines():
    text = open(os.path.join(WORKERS, "worker.py")).read()
    code = text[text.index('"""', text.index('"""') + 3) + 3:].splitlines()
    assert len([line for line in code if line.strip()]) <= 30 and max(map(len, code)) <= 120


@pytest.mark.parametrize("language, text", [("python", "MOIN"), ("js", "niom")])
def test_it_does_real_tasks(make_cluster, start, language, text):
    cluster = make_cluster(env={"COGO_API_TOKEN": "root-for-workers"}, args=["--workers", "indexing"])
    root = {"Authorization": "Bearer root-for-workers"}
    token = cluster.call("POST", "/v1/tokens", {"scopes": ["work"], "tenant": "*"}, root).json["token"]
    start(cluster, language, "wrk_outside", env={"COGO_API_TOKEN": token})
    listed = cluster.call("GET", "/v1/workers/wrk_outside", headers=root).json
    assert listed["labels"] and listed["status"] == "idle"
    label = "lang=python" if language == "python" else "lang=js"
    tasks = [cluster.call("POST", "/v1/tasks", {"role": "echo", "context": {"text": "moin"}, "labels": [label]}, root).json
             for _ in range(20)]
    for task in tasks:
        done = cluster.call("GET", f"/v1/tasks/{task['taskId']}?wait=30s", headers=root).json
        assert done["state"] == "succeeded", done
        assert done["result"]["output"] == {"text": text, "by": "wrk_outside"} and done["attempt"] == 1
    assert cluster.call("GET", "/v1/tasks", headers={"Authorization": f"Bearer {token}"}).status == 403


def test_it_survives_a_server_restart_and_its_task_ends_once(make_cluster, start):
    cluster = make_cluster(args=["--workers", "indexing"])
    worker = start(cluster, "python", "wrk_back", "1.5")
    task = cluster.submit("echo", {"text": "again"}, labels=["lang=python"]).json["taskId"]
    end = time.monotonic() + 30
    while cluster.call("GET", f"/v1/tasks/{task}").json["state"] != "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    port = int(cluster.url.rsplit(":", 1)[1])
    cluster.kill()
    cluster.start(port=port)
    worker.wait("welcome", 2)
    done = cluster.finished(task)
    assert done["state"] == "succeeded" and done["result"]["output"]["text"] == "AGAIN"
    worker.wait("ack accepted")
    events = [e["type"] for e in cluster.call("GET", f"/v1/tasks/{task}/events").json["events"]]
    assert events.count("cogo.task.succeeded") == 1
    assert worker.text().count("ack accepted") == 1


def socket_of(cluster):
    return websockets.connect(cluster.url.replace("http", "ws") + "/v1/ws", subprotocols=["cogo.v1+json"])


async def say(ws, kind, data=None, **more):
    await ws.send(json.dumps({"type": kind, **({"data": data} if data is not None else {}), **more}))


async def hear(ws, kind, seconds=30):
    while True:
        frame = json.loads(await asyncio.wait_for(ws.recv(), seconds))
        if frame["type"] == kind:
            return frame


def registration(worker_id, **more):
    return dict(workerId=worker_id, workerType="research", slots=1, labels=["who=" + worker_id],
                capabilities=[{"role": "echo", "version": 1, "slots": 1, "llm": "none"}], **more)


def result(lease, task, **more):
    return dict(lease=lease, result=dict(taskId=task, status="success", output={"by": "hand"}), **more)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 120))


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    c = Cluster(tmp_path_factory.mktemp("outside") / "data", args=["--workers", "indexing"]).start()
    yield c
    assert c.stop() == 0


def test_a_lost_connection_keeps_the_lease(door):
    async def story():
        async with socket_of(door) as ws:
            await say(ws, "register", registration("wrk_cut"))
            session = (await hear(ws, "welcome"))["session"]
            task = door.submit("echo", {}, labels=["who=wrk_cut"]).json["taskId"]
            offer = (await hear(ws, "offer"))["data"]
            await say(ws, "started", {"taskId": task, "lease": offer["lease"]})
            ws.transport.abort()
        async with socket_of(door) as ws:
            await say(ws, "register", registration("wrk_cut"), id="stranger")
            assert (await hear(ws, "problem"))["data"]["code"] == "WORKER_ID_TAKEN"
            await say(ws, "register", registration("wrk_cut", running=[f"{task}:{offer['lease']}"]), session=session)
            assert (await hear(ws, "welcome"))["session"] == session
            await say(ws, "result", result(offer["lease"], task))
            assert (await hear(ws, "ack"))["data"]["reason"] == "accepted"
            await say(ws, "result", result(offer["lease"], task))
            assert (await hear(ws, "ack"))["data"]["reason"] == "fenced"
            done = door.call("GET", f"/v1/tasks/{task}").json
            assert done["state"] == "succeeded" and done["attempt"] == 1
    run(story())


def test_who_comes_back_on_another_connection_replaces_the_first(door):
    async def story():
        async with socket_of(door) as old, socket_of(door) as new:
            await say(old, "register", registration("wrk_twice"))
            session = (await hear(old, "welcome"))["session"]
            await say(new, "register", registration("wrk_twice"), session=session)
            await hear(new, "welcome")
            await asyncio.wait_for(old.wait_closed(), 30)
            assert old.close_code == 4010
            await say(new, "heartbeat")
            await say(new, "deregister", id="bye")
            assert (await hear(new, "removed"))["id"] == "bye"
    run(story())


def test_who_does_not_come_back_loses_its_task_to_another(door):
    async def story():
        async with socket_of(door) as ws:
            await say(ws, "register", registration("wrk_gone"))
            await hear(ws, "welcome")
            task = door.submit("echo", {}, labels=["who=wrk_gone"]).json["taskId"]
            first = (await hear(ws, "offer"))["data"]
            ws.transport.abort()
        async with socket_of(door) as ws:
            end = time.monotonic() + 60
            while True:
                await say(ws, "register", registration("wrk_gone"))
                frame = json.loads(await asyncio.wait_for(ws.recv(), 30))
                while frame["type"] not in ("welcome", "problem"):
                    frame = json.loads(await asyncio.wait_for(ws.recv(), 30))
                if frame["type"] == "welcome":
                    break
                assert frame["data"]["code"] == "WORKER_ID_TAKEN" and time.monotonic() < end
                await asyncio.sleep(0.2)
            second = (await hear(ws, "offer"))["data"]
            assert second["instruction"]["taskId"] == task and second["lease"] > first["lease"]
            await say(ws, "result", result(first["lease"], task))
            assert (await hear(ws, "ack"))["data"]["reason"] == "fenced"
            await say(ws, "result", result(second["lease"], task))
            assert (await hear(ws, "ack"))["data"]["reason"] == "accepted"
            await say(ws, "deregister")
    run(story())


def test_cancel_reaches_it_and_drain_stops_offers(door):
    async def story():
        async with socket_of(door) as ws:
            await say(ws, "register", registration("wrk_drain"))
            await hear(ws, "welcome")
            task = door.submit("echo", {}, labels=["who=wrk_drain"]).json["taskId"]
            offer = (await hear(ws, "offer"))["data"]
            assert door.call("POST", f"/v1/tasks/{task}:cancel").status == 200
            stop = (await hear(ws, "stop"))["data"]
            assert stop["lease"] == offer["lease"]
            failed = dict(taskId=task, status="failed", metadata={"errors": ["cancelled"]})
            await say(ws, "result", {"lease": offer["lease"], "result": failed})
            assert (await hear(ws, "ack"))["data"]["reason"] == "fenced"
            assert door.call("POST", "/v1/workers/wrk_drain:drain").json["draining"] is True
            await hear(ws, "drained")
            waiting = door.submit("echo", {}, labels=["who=wrk_drain"]).json["taskId"]
            await say(ws, "get", subject=waiting)
            assert (await hear(ws, "task"))["data"]["state"] == "queued"
            assert door.call("DELETE", "/v1/workers/wrk_drain").status == 200
            await hear(ws, "removed")
            door.call("POST", f"/v1/tasks/{waiting}:cancel")
    run(story())
