#!/usr/bin/python3
"""A worker in Python (package python3-websockets): upper-cases texts, comes back when its connection or the server is lost.
    worker.py ws://HOST:PORT/v1/ws WORKER_ID [SECONDS_OF_WORK]       COGO_API_TOKEN: a token with the scope work"""
import asyncio, json, os, sys
import websockets

url, me, seconds = sys.argv[1], sys.argv[2], float((sys.argv + ["0"])[3])
headers = {"Authorization": "Bearer " + os.environ["COGO_API_TOKEN"]} if "COGO_API_TOKEN" in os.environ else {}
begun, session, now = {}, {}, {}  # results by lease, until they are acknowledged; who we are; the socket of now

async def say(kind, **members):
    await now["socket"].send(json.dumps(dict(type=kind, **members)))

async def beat():
    while True:
        await asyncio.sleep(2)
        await say("heartbeat")

async def work(lease, task, text):
    mine = begun[lease] = {"lease": lease, "result": {"taskId": task}}
    await say("started", data={"taskId": task, "lease": lease})
    await asyncio.sleep(seconds)
    mine["result"].update(status="success", output={"text": text.upper(), "by": me})
    await say("result", data=mine)

async def main():
    async for now["socket"] in websockets.connect(url, subprotocols=["cogo.v1+json"], extra_headers=headers):
        try:
            await say("register", **session, data={
                "workerId": me, "workerType": "research", "slots": 2, "labels": ["lang=python"],
                "capabilities": [{"role": "echo", "slots": 2}],
                "running": [f"{r['result']['taskId']}:{lease}" for lease, r in begun.items()]})
            async for text in now["socket"]:
                frame = json.loads(text)
                data = frame.get("data", {})
                if frame["type"] == "welcome":
                    session["session"] = frame["session"]
                    asyncio.create_task(beat())
                    for result in [r for r in begun.values() if "status" in r["result"]]:
                        await say("result", data=result)
                elif frame["type"] == "offer":
                    asyncio.create_task(work(data["lease"], data["instruction"]["taskId"], data["context"]["input"]["text"]))
                elif frame["type"] in ("ack", "stop"):
                    begun.pop(data["lease"], None)
                print(frame["type"], data.get("reason", ""), flush=True)
        except websockets.ConnectionClosed:
            print("lost", flush=True)

asyncio.run(main())
