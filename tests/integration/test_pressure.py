"""Much for one peer, and a peer that stands still: senders are told, memory stays within its limit, heartbeats and others go on."""
import json
import signal

import pytest

from net_nodes import NOCONNECTION, Node, build

HEARTBEAT_MS, SILENT_BEATS = 1000, 4
FLOOD_BYTES = 65536
FLOOD_MS, ENDLESS = 4500, 1 << 30  # Some heartbeats long, and on a machine with nothing else to do more than 1 GB.
# A queue of 1 MiB and a window of 1 MiB each way, buffers of frames, and what the allocator keeps: 64 times less than what is offered.
MEMORY_MAX = 32 << 20


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    program = build(tmp_path_factory.mktemp("nodes"))
    a = Node(program, "a", heartbeat_ms=HEARTBEAT_MS)
    b = Node(program, "b", join=f"127.0.0.1:{a.port}", heartbeat_ms=HEARTBEAT_MS)
    c = Node(program, "c", join=f"127.0.0.1:{a.port}", heartbeat_ms=HEARTBEAT_MS)
    try:
        a.until_linked("b", "c")
        b.until_linked("a")
        c.until_linked("a")
        yield a, b, c
    finally:
        b.process.send_signal(signal.SIGCONT)
        for node in (c, b, a):
            node.end()


def memory(node):
    with open(f"/proc/{node.process.pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def test_heartbeats_keep_their_time_while_much_goes_to_the_same_peer(nodes):
    a, b, c = nodes
    before = memory(a)
    flooded = a.floods("b", ENDLESS, ms=FLOOD_MS)
    assert flooded["sent"] > 0 and flooded["end"] in ("success", "mailbox is at its limit")
    while (played := a.plays("b", 1))["count"] == 0:  # Behind all of them.
        assert played["end"] == "mailbox is at its limit", played
    beats = a.beats("b")
    grown, megabytes = memory(a) - before, flooded["sent"] * FLOOD_BYTES >> 20
    print(json.dumps({"net": "flood", "mb": megabytes, "mb_per_s": megabytes * 1000 // FLOOD_MS, "refused": flooded["full"],
                      "grown_bytes": grown, "beats": beats["count"], "slowest_beat_us": beats["slowest_us"]}))
    assert beats["count"] >= 2 and beats["slowest_us"] / 1000 <= 2 * HEARTBEAT_MS
    assert grown < MEMORY_MAX and a.linked("b") and not a.of("node", peer="b", up=False)


def test_a_peer_that_stands_still_is_felt_and_holds_up_nobody_else(nodes):
    a, b, c = nodes
    watch, before = a.watches("b"), memory(a)
    b.process.send_signal(signal.SIGSTOP)
    try:
        # It ends before b is given up; all that is offered would be 2 GB.
        flooded = a.floods("b", 32768, ms=HEARTBEAT_MS * SILENT_BEATS // 2)
        assert flooded["full"] > 0 and flooded["end"] == "mailbox is at its limit", flooded
        grown = memory(a) - before
        played = c.plays("a", 200)
        assert played["count"] == 200 and not a.of("node", peer="c", up=False)
        assert grown < MEMORY_MAX, grown
        assert a.wait("down", watch=watch)["kind"] == NOCONNECTION
    finally:
        since = a.mark()
        b.process.send_signal(signal.SIGCONT)
    a.wait("node", since, peer="b", up=True)
    assert a.plays("b", 10)["count"] == 10 and len(a.of("down", watch=watch)) == 1
    print(json.dumps({"net": "frozen", "sent": flooded["sent"], "refused": flooded["full"], "grown_bytes": grown, "others_us": played["us"] // 200}))
