"""A connection between two requests is kept for its minute, and not for ever."""
import time

from test_long import load

peers = load("test_silent_peers")


def test_a_connection_without_a_next_request_is_closed(make_cluster):
    door = make_cluster(args=["--workers", "indexing"])
    s = peers.dial(door)
    for _ in range(2):
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
    s.settimeout(peers.IDLE_S + peers.LATE_S)
    assert s.recv(4096) == b"", "closed without a word: nothing was asked"
    assert peers.IDLE_S - 1 <= time.monotonic() - began
    assert door.call("GET", "/livez").status == 200
    s.close()
