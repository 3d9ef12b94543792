"""The WebSocket door: clients submit and follow, in JSON and MessagePack; limits, close codes, and its own description."""
import asyncio
import json
import socket
import struct

import jsonschema
import pytest
import websockets

from conftest import Cluster

JSON, PACKED = "cogo.v1+json", "cogo.v1+msgpack"


def address(cluster):
    return cluster.url.replace("http", "ws") + "/v1/ws"


def connect(cluster, protocol=JSON, token=None, **more):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return websockets.connect(address(cluster), subprotocols=[protocol], extra_headers=headers, **more)


async def call(ws, kind, **members):
    await ws.send(json.dumps(dict(type=kind, **members)))


async def until(ws, kind, seconds=30):
    """Frames up to the first of this type."""
    seen = []
    while not seen or seen[-1]["type"] != kind:
        seen.append(json.loads(await asyncio.wait_for(ws.recv(), seconds)))
    return seen


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 120))


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    c = Cluster(tmp_path_factory.mktemp("ws") / "data", args=["--workers", "indexing"]).start()
    yield c
    assert c.stop() == 0


@pytest.fixture(scope="module")
def description(door):
    return door.call("GET", "/asyncapi.json").json


def payload(description, frame):
    name = frame["type"] if frame["type"] in description["components"]["messages"] else "event"
    schema = dict(description["components"]["messages"][name]["payload"], components=description["components"])
    jsonschema.validate(frame, schema)
    return frame


def test_the_description_is_whole(description):
    assert description["asyncapi"] == "3.0.0" and description["channels"]["socket"]["address"] == "/v1/ws"
    references = []

    def walk(node):
        if isinstance(node, dict):
            references.extend([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    walk(description)
    for reference in references:
        node = description
        for part in reference[2:].split("/"):
            node = node[part]
    messages = set(description["components"]["messages"])
    listed = [m["$ref"].rsplit("/", 1)[1] for o in description["operations"].values() for m in o["messages"]]
    assert sorted(listed) == sorted(messages) and len(messages) > 20
    for message in description["components"]["messages"].values():
        jsonschema.Draft202012Validator.check_schema(message["payload"])


def test_submit_follow_and_resume_the_same_sequence_as_sse(door, description):
    async def story():
        async with connect(door) as ws:
            assert ws.subprotocol == JSON
            hello = (await until(ws, "hello"))[0]
            payload(description, hello)
            await call(ws, "submit", id="one", data={"role": "echo", "context": {"a": 1}}, idempotencyKey="ws-1")
            first = payload(description, (await until(ws, "submitted"))[-1])
            assert first["id"] == "one" and first["replayed"] is False
            task = first["data"]["taskId"]
            await call(ws, "submit", id="two", data={"context": {"a": 1}, "role": "echo"}, idempotencyKey="ws-1")
            again = (await until(ws, "submitted"))[-1]
            assert again["replayed"] is True and again["data"]["taskId"] == task
            await call(ws, "submit", id="three", data={"role": "echo", "context": {"a": 2}}, idempotencyKey="ws-1")
            refused = payload(description, (await until(ws, "problem"))[-1])
            assert refused["id"] == "three" and refused["data"]["code"] == "IDEMPOTENCY_KEY_REUSED"
            await call(ws, "subscribe", id="four", subject=task)
            frames = await until(ws, "ended")
            assert frames[0]["type"] == "subscribed" and frames[0]["id"] == "four"
            events = [payload(description, f) for f in frames if f.get("subject") == task and "sequence" in f and "specversion" in f]
            assert [e["sequence"] for e in events] == list(range(1, len(events) + 1))
            assert events[-1]["type"] == "cogo.task.succeeded" and events[-1]["source"] == f"/v1/tasks/{task}"
            recorded = door.call("GET", f"/v1/tasks/{task}/events").json["events"]
            assert [(e["sequence"], e["type"], e["time"]) for e in recorded] == \
                [(e["sequence"], e["type"], e["time"]) for e in events]
            await call(ws, "subscribe", subject=task, after=events[-2]["sequence"])
            rest = [f for f in await until(ws, "ended") if "specversion" in f]
            assert [e["sequence"] for e in rest] == [events[-1]["sequence"]]
            await call(ws, "get", subject=task)
            assert payload(description, (await until(ws, "task"))[-1])["data"]["state"] == "succeeded"
    run(story())


def test_a_running_task_is_followed_live_and_cancelled(door):
    async def story():
        async with connect(door) as ws:
            await call(ws, "submit", data={"role": "echo", "context": {"delayMs": 60000}})
            task = (await until(ws, "submitted"))[-1]["data"]["taskId"]
            await call(ws, "subscribe", subject=task)
            await until(ws, "cogo.task.running")
            await call(ws, "subscribe", id="twice", subject=task)
            assert (await until(ws, "problem"))[-1]["data"]["status"] == 409
            await call(ws, "cancel", id="c", subject=task)
            seen = await until(ws, "ended")
            assert "cogo.task.cancelled" in [f["type"] for f in seen]
            await call(ws, "unsubscribe", id="u", subject=task)
            assert (await until(ws, "problem"))[-1]["data"]["status"] == 404
    run(story())


def test_messagepack_carries_the_same_frames(door):
    def pack(value):
        if isinstance(value, dict):
            return bytes([0x80 | len(value)]) + b"".join(pack(k) + pack(v) for k, v in value.items())
        text = value.encode()
        return b"\xd9" + bytes([len(text)]) + text

    async def story():
        async with connect(door, PACKED) as ws:
            hello = await ws.recv()
            assert isinstance(hello, bytes) and b"cogo.v1+msgpack" in hello
            await ws.send(pack({"type": "submit", "id": "m", "data": {"role": "echo", "context": {"k": "v"}}}))
            answer = await asyncio.wait_for(ws.recv(), 30)
            assert b"submitted" in answer and b"tsk_" in answer
            await ws.send("text")
            await ws.wait_closed()
            assert ws.close_code == 1003
    run(story())


BAD_FRAMES = [
    ({"type": "nonsense"}, "UNKNOWN_FRAME"), ({}, "UNKNOWN_FRAME"), ({"type": "offer"}, "UNKNOWN_FRAME"),
    ({"type": "submit"}, "/data"), ({"type": "submit", "data": {}}, "/data/role"),
    ({"type": "submit", "data": {"role": "ecko"}}, "did you mean echo"), ({"type": "submit", "data": {"role": "echo"}, "x": 1}, "/x"),
    ({"type": "submit", "data": {"role": "echo"}, "idempotencyKey": 7}, "/idempotencyKey"),
    ({"type": "subscribe"}, "/subject"), ({"type": "subscribe", "subject": "tsk_none"}, "TASK_NOT_FOUND"),
    ({"type": "subscribe", "subject": "tsk_" + "0" * 26, "after": -1}, "/after"), ({"type": "get", "subject": 5}, "/subject"),
    ({"type": "get", "id": "x" * 200, "subject": "a"}, "/id"), ({"type": "heartbeat"}, "NOT_REGISTERED"),
    ({"type": "register", "data": {}}, "/data/workerId"), ({"type": "register", "data": {"workerId": "w"}}, "/data/workerType"),
]
# What an answer shows of a long text ends with a whole character, wherever it would be cut.
for text in ("1" * shift + "\U00010000" * 60 for shift in range(4)):
    BAD_FRAMES += [({"type": text}, "UNKNOWN_FRAME"), ({"type": "submit", "data": {"role": "echo"}, text: 1}, "Unknown field"),
                   ({"type": "submit", "data": {"role": text[:16]}}, "Unknown role"), ({"type": "get", "subject": text}, "/subject"),
                   ({"type": "get", "subject": text[:7]}, "TASK_NOT_FOUND")]


def test_bad_frames_are_answered_and_the_socket_lives_on(door):
    async def story():
        async with connect(door) as ws:
            await until(ws, "hello")
            for frame, word in BAD_FRAMES:
                await ws.send(json.dumps(frame))
                answer = (await until(ws, "problem"))[-1]
                assert word in json.dumps(answer), (frame, answer)
            await call(ws, "get", id="end", subject="tsk_none")
            assert (await until(ws, "problem"))[-1]["id"] == "end"
    run(story())


@pytest.mark.parametrize("message, code", [("no json", 1007), ("[]", 1007), (b"\x00", 1003), ("x" * (1024 * 1024 + 1), 1009)])
def test_what_is_no_frame_ends_the_socket_with_a_code(door, message, code):
    async def story():
        async with connect(door, max_size=None) as ws:
            await ws.send(message)
            await asyncio.wait_for(ws.wait_closed(), 30)
            assert ws.close_code == code and ws.close_reason
    run(story())


def raw(cluster, extra="", protocol=JSON):
    host, port = cluster.url.split("//")[1].split(":")
    s = socket.create_connection((host, int(port)), timeout=20)
    s.sendall((f"GET /v1/ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
               f"Sec-WebSocket-Protocol: {protocol}\r\n{extra}\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += s.recv(1)
    return s, head.decode()


def masked(first, data, mask=b"\1\2\3\4", length=None):
    size = len(data) if length is None else length
    head = bytes([first, 128 | size]) if size < 126 else bytes([first, 254]) + struct.pack(">H", size) if size < 65536 else \
        bytes([first, 255]) + struct.pack(">Q", size)
    return head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(data))


def closing_code(s):
    """0: it was closed without a word, as a reset takes what was not read."""
    data = bytearray()
    try:
        while True:
            more = s.recv(65536)
            if not more:
                break
            data += more
    except ConnectionError:
        pass
    at = 0
    while at < len(data):
        size, head = data[at + 1] & 127, 2
        if size == 126:
            size, head = struct.unpack(">H", data[at + 2:at + 4])[0], 4
        elif size == 127:
            size, head = struct.unpack(">Q", data[at + 2:at + 10])[0], 10
        if data[at] == 0x88:
            return struct.unpack(">H", data[at + head:at + head + 2])[0] if size >= 2 else None
        at += head + size
    return 0


def test_the_handshake_is_the_one_of_the_standard(door):
    s, head = raw(door)
    assert head.startswith("HTTP/1.1 101 ") and "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    assert f"Sec-WebSocket-Protocol: {JSON}\r\n" in head
    s.sendall(masked(0x89, b"ping"))
    data = b""
    while b"\x8a\x04ping" not in data:
        data += s.recv(4096)
    s.close()
    for protocol, word in (("other", "400"), ("", "400")):
        s, head = raw(door, protocol=protocol)
        assert word in head.split("\r\n")[0]
        s.close()
    s, head = raw(door, "Origin: https://evil.example\r\n")
    assert " 403 " in head
    s.close()
    assert door.call("GET", "/v1/ws").status == 426


@pytest.mark.parametrize("frame, code", [
    (b"\x81\x05hello", 1002), (masked(0xc1, b"{}"), 1002), (masked(0x83, b""), 1002), (masked(0x80, b"x"), 1002),
    (masked(0x09, b""), 1002), (masked(0x89, b"x" * 126), 1002), (masked(0x01, b"{") + masked(0x81, b"}"), 1002),
    (masked(0x81, b"\xff\xfe"), 1007), (masked(0x88, b"\x03"), 1002), (masked(0x88, struct.pack(">H", 1005)), 1002),
    (masked(0x88, struct.pack(">H", 1000)), 1000), (b"\x81\xff" + struct.pack(">Q", 1 << 62) + b"\0\0\0\0", 1009),
])
def test_broken_frames_end_with_the_code_of_the_standard(door, frame, code):
    s, _ = raw(door)
    s.sendall(frame)
    assert closing_code(s) == code
    s.close()


def test_pieces_and_one_byte_slices_are_one_message(door):
    s, _ = raw(door)
    frames = masked(0x01, b'{"type":"ge') + masked(0x89, b"") + masked(0x00, b't","id":"p","subject":') + masked(0x80, b'"tsk_none"}')
    for i in range(len(frames)):
        s.sendall(frames[i:i + 1])
    data = b""
    while b"TASK_NOT_FOUND" not in data:
        data += s.recv(4096)
    assert b'"id":"p"' in data
    s.close()


def test_a_reader_that_does_not_read_is_cut_and_costs_nobody_else(door):
    s, _ = raw(door)
    answer = door.submit("echo", {"big": "x" * 200000}).json  # Small enough to be in each answer.
    door.finished(answer["taskId"])
    ask = masked(0x81, json.dumps({"type": "get", "subject": answer["taskId"]}).encode())
    s.settimeout(4)
    with pytest.raises(OSError):  # The door reads no more of it; and what it has asked for is more than waits for anybody.
        for _ in range(200000):
            s.sendall(ask)
    assert door.call("GET", "/health").status == 200
    s.settimeout(20)
    assert closing_code(s) in (4008, 0)
    s.close()


def test_stopping_says_going_away(tmp_path):
    cluster = Cluster(tmp_path / "d", args=["--workers", "indexing"]).start()

    async def story():
        async with connect(cluster) as ws:
            await until(ws, "hello")
            loop = asyncio.get_running_loop()
            ended = loop.run_in_executor(None, cluster.stop)
            await asyncio.wait_for(ws.wait_closed(), 30)
            assert ws.close_code == 1001
            assert await ended == 0
    run(story())


def test_sockets_and_frames_are_counted(door):
    async def story():
        async with connect(door) as ws:
            await call(ws, "get", subject="tsk_none")
            await until(ws, "problem")
            text = door.call("GET", "/metrics").body.decode()
            value = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line.startswith("cogo_webs")}
            assert value["cogo_websockets"] >= 1 and value["cogo_websocket_frames_total"] >= 1
    run(story())


def test_the_gate_is_the_same_as_for_http(tmp_path):
    cluster = Cluster(tmp_path / "d", env={"COGO_API_TOKEN": "root-of-ws-test"}, args=["--workers", "indexing"]).start()

    root = {"Authorization": "Bearer root-of-ws-test"}

    def make(scopes, tenant):
        return cluster.call("POST", "/v1/tokens", {"scopes": scopes, "tenant": tenant}, root).json["token"]

    async def story():
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            async with connect(cluster):
                pass
        assert refused.value.status_code == 401
        async with connect(cluster, token=make(["submit"], "acme")) as acme, \
                connect(cluster, token=make(["read"], "beta")) as beta:
            await call(acme, "submit", data={"role": "echo"})
            task = (await until(acme, "submitted"))[-1]["data"]
            assert task["tenant"] == "acme"
            for kind in ("get", "subscribe"):
                await call(beta, kind, subject=task["taskId"])
                problem = (await until(beta, "problem"))[-1]["data"]
                assert problem["code"] == "TASK_NOT_FOUND", problem
            for kind, more in (("submit", {"data": {"role": "echo"}}), ("cancel", {"subject": task["taskId"]})):
                await call(beta, kind, **more)
                assert (await until(beta, "problem"))[-1]["data"]["status"] == 403
            await call(acme, "register", data={"workerId": "w"})
            assert "work" in (await until(acme, "problem"))[-1]["data"]["detail"]
            for token in cluster.call("GET", "/v1/tokens", headers=root).json["tokens"]:
                cluster.call("DELETE", f"/v1/tokens/{token['tokenId']}", headers=root)
            for ws in (acme, beta):
                await asyncio.wait_for(ws.wait_closed(), 30)
                assert ws.close_code == 1008 and "revoked" in ws.close_reason
    run(story())
    assert cluster.stop() == 0
