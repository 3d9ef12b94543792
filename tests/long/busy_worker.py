#!/usr/bin/python3
"""A worker outside that computes for each task, as those do that are worth refusing others for: on whatever CPU it was started.
    busy_worker.py ws://HOST:PORT/v1/ws CPU_SECONDS"""
import asyncio
import json
import os
import sys
import time

import websockets

URL, CPU_S = sys.argv[1], float(sys.argv[2])
ME = {"workerId": "wrk_busy", "workerType": "research", "slots": 64, "labels": ["busy=yes"], "capabilities": [{"role": "echo"}]}


def compute():
    end = time.thread_time() + CPU_S
    while time.thread_time() < end:
        pass


async def main():
    async with websockets.connect(URL, subprotocols=["cogo.v1+json"]) as socket:
        await socket.send(json.dumps({"type": "register", "session": os.urandom(16).hex(), "data": ME}))
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "offer":
                compute()
                await socket.send(json.dumps({"type": "result", "data": {"lease": frame["data"]["lease"], "result": {"status": "success"}}}))
            elif frame["type"] != "ack":
                print(text, flush=True)

asyncio.run(main())
