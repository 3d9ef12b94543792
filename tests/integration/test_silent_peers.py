"""Peers of the HTTP door that take their time: each is cut at its deadline, and nobody else waits for them."""
import select
import socket
import time

import pytest

from test_websocket import Cluster, closing_code, raw

HEAD_S, PING_S, IDLE_S = 10, 7, 60  # actors/gateway/server.h
LATE_S = 6  # Deadlines are looked at once a second; and this machine has other things to do.


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    c = Cluster(tmp_path_factory.mktemp("silent") / "data", args=["--workers", "indexing"]).start()
    yield c
    assert c.stop() == 0


def dial(door):
    host, port = door.url.split("//")[1].split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def slow_heads(door, count, until):
    """Each sends a byte of its head now and then, until it is answered or closed: {socket: (seconds, what came)}."""
    began, ended = time.monotonic(), {}
    sockets = [dial(door) for _ in range(count)]
    head = iter(b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Slow: 1\r\n" * 1000)
    served = 0
    while len(ended) < count and time.monotonic() - began < until:
        byte = bytes([next(head)])
        for s in sockets:
            if s not in ended:
                try:
                    s.sendall(byte)
                except OSError:
                    pass  # It reads below why.
        for s in select.select([s for s in sockets if s not in ended], [], [], 0.1)[0]:
            ended[s] = (time.monotonic() - began, s.recv(4096))
        assert door.submit("echo", {"n": served}, wait="10s").json["state"] == "succeeded"
        served += 1
    for s in sockets:
        s.close()
    return ended, served


def test_heads_that_come_byte_by_byte_are_cut_in_time_and_others_are_served(door):
    ended, served = slow_heads(door, 50, HEAD_S + LATE_S)
    assert len(ended) == 50 and served > 10
    for seconds, answer in ended.values():
        assert HEAD_S - 1 <= seconds and answer.startswith(b"HTTP/1.1 408 "), (seconds, answer)
    assert b"connection: close" in answer.lower()


def test_a_socket_that_answers_no_ping_is_closed_and_one_that_does_stays(door):
    silent, _ = raw(door)
    awake, _ = raw(door)
    began, seen = time.monotonic(), b""
    while b"\x89\x00" not in seen:
        seen += awake.recv(4096)
    awake.sendall(b"\x8a\x80\1\2\3\4")
    silent.settimeout(2 * PING_S + LATE_S)
    assert closing_code(silent) == 4009
    assert 2 * PING_S - 1 <= time.monotonic() - began
    awake.sendall(b"\x89\x82\0\0\0\0hi")
    while b"\x8a\x02hi" not in seen:
        more = awake.recv(4096)
        assert more, "closed, though it had answered"
        seen += more
    awake.close()
    silent.close()
