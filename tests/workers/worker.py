#!/usr/bin/python3
"""A worker in Python (package python3-websockets): upper-cases texts, and is back whatever is restarted meanwhile.
    worker.py ws://HOST:PORT/v1/ws WORKER_ID [SECONDS_OF_WORK]       COGO_API_TOKEN: a token with the scope work"""
import asyncio, contextlib, json, os, sys, websockets
url, me, seconds = sys.argv[1], sys.argv[2], float((sys.argv + ["0"])[3])
session, mine = os.urandom(16).hex(), {}  # Proves that it is still us; what we have, by lease.

async def work(lease, instruction, context, **_):
    mine[lease] = f"{instruction['taskId']}:{lease}"
    await asyncio.sleep(seconds)
    result = {"status": "success", "output": {"text": context["input"]["text"].upper(), "by": me}}
    while lease in mine:  # Until it is acknowledged, on whatever connection.
        with contextlib.suppress(websockets.ConnectionClosed):
            await socket.send(json.dumps({"type": "result", "data": {"lease": lease, "result": result}}))
        await asyncio.sleep(1)

async def main():
    global socket
    async for socket in websockets.connect(url, subprotocols=["cogo.v1+json"], extra_headers={
            "Authorization": "Bearer " + os.getenv("COGO_API_TOKEN", "")}):
        with contextlib.suppress(websockets.ConnectionClosed):
            await socket.send(json.dumps({"type": "register", "session": session, "data": {
                "workerId": me, "workerType": "research", "slots": 2, "labels": ["lang=python"],
                "capabilities": [{"role": "echo"}], "running": list(mine.values())}}))
            async for text in socket:
                frame = {"data": {}, **json.loads(text)}
                print(frame["type"], frame["data"].get("reason", ""), flush=True)
                if frame["type"] == "offer":
                    asyncio.create_task(work(**frame["data"]))
                elif frame["type"] in ("ack", "stop"):
                    mine.pop(frame["data"]["lease"], None)
                elif frame["type"] in ("problem", "removed"):
                    await asyncio.sleep(1)
                    break  # Another connection, another try.

asyncio.run(main())
