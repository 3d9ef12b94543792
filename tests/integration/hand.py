"""A worker that a test moves by hand: it registers over a WebSocket, takes offers, and answers when it is told to."""
import asyncio
import json
import threading

import websockets


class Hand:
    """Runs its socket on a thread of its own, so that tests need no coroutines."""

    def __init__(self, cluster, worker_id="wrk_hand", token=None, labels=("by=hand",), slots=4, session=None):
        self.url = cluster.url.replace("http", "ws") + "/v1/ws"
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.me = {"workerId": worker_id, "workerType": "research", "slots": slots, "labels": list(labels),
                   "capabilities": [{"role": "echo", "slots": slots}]}
        self.session = {"session": session} if session else {}
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.run(self._open())

    def run(self, what, timeout=30):
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(timeout)

    async def _open(self):
        self.frames = asyncio.Queue()
        self.socket = await websockets.connect(self.url, subprotocols=["cogo.v1+json"], extra_headers=self.headers,
                                               max_size=None)
        await self._say("register", data=self.me, **self.session)
        self.tasks = [self.loop.create_task(self._read()), self.loop.create_task(self._beat())]
        await self._next("welcome")

    async def _say(self, kind, **members):
        await self.socket.send(json.dumps(dict(type=kind, **members)))

    async def _read(self):
        async for text in self.socket:
            await self.frames.put(json.loads(text))

    async def _beat(self):
        while True:
            await asyncio.sleep(2)
            await self._say("heartbeat")

    async def _next(self, kind):
        while True:
            frame = await self.frames.get()
            if frame["type"] == kind:
                return frame
            assert frame["type"] != "problem", frame

    def offer(self, timeout=30):
        """The next offer; it is started."""
        data = self.run(self._next("offer"), timeout)["data"]
        self.run(self._say("started", data={"taskId": data["instruction"]["taskId"], "lease": data["lease"]}))
        return data

    def result(self, offer, output=None, status="success", **more):
        """Sends the result and waits for its acknowledgement: "accepted" or "fenced"."""
        result = {"taskId": offer["instruction"]["taskId"], "status": status}
        if output is not None:
            result["output"] = output
        self.run(self._say("result", data=dict(lease=offer["lease"], result=dict(result, **more))))
        return self.run(self._next("ack"))["data"]["reason"]

    def reconnect(self, offers, seconds=30):
        """Comes back with what it works on, after the server was restarted."""
        self.me["running"] = [f"{o['instruction']['taskId']}:{o['lease']}" for o in offers]
        for task in self.tasks:
            self.loop.call_soon_threadsafe(task.cancel)
        self.run(self._open(), seconds)

    def spend(self, offer, used=None, next=None):
        """Asks for more of the budget; gives the frame that answers."""
        async def ask():
            await self._say("spend", id="s", data={"taskId": offer["instruction"]["taskId"], "lease": offer["lease"],
                                                    "used": used or {}, "next": next or {}})
            while True:
                frame = await self.frames.get()
                if frame.get("id") == "s":
                    return frame
        return self.run(ask())

    def close(self):
        async def end():
            for task in self.tasks:
                task.cancel()
            await self.socket.close()
        try:
            self.run(end())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
