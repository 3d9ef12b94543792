"""Three nodes on three hosts (network namespaces): 30 ms, 1 % loss, 1 Mbit/s, a one-way cut, a partition, a pulled cable, kill -9. What
must be right is told in tests/integration/net_story.py.

Repeat:  bash deploy/packages.sh long && /usr/bin/python3 -m pytest -s tests/long/test_three_hosts.py
"""
import time

import pytest

import test_long  # First: it finds the integration tests' modules.
import net_story
from cable import Cable
from hosts import Network
from net_nodes import Node, build

PORT, HEARTBEAT_MS = 7400, 500
DELAY_S, LOSS, SLOW_BITS = 0.03, 0.01, 1_000_000
NUMBER_BYTES = 256
assert test_long


class Scene:
    """b joins a; c joins both. All cables are ours."""

    def __init__(self, folder):
        self.program, self.net, self.nodes = build(folder), Network(), {}
        self.hosts = {name: self.net.add(name, cable=Cable) for name in "abc"}
        for name in "abc":
            self.revive(name)

    def revive(self, name):
        joined = {"a": "", "b": "a", "c": "ab"}[name]
        self.nodes[name] = Node(self.program, name, listen=f"{self.hosts[name].address}:{PORT}",
                                join=",".join(f"{self.hosts[n].address}:{PORT}" for n in joined), enter=self.hosts[name].enter,
                                heartbeat_ms=HEARTBEAT_MS)

    def set(self, delay_s=0.0, loss=0.0):
        for host in self.hosts.values():
            host.cable.delay_s, host.cable.loss = delay_s / 2, loss / 2  # A way goes over two cables.

    def heal(self):
        self.net.heal()
        self.set()

    def close(self):
        codes = [node.end() for node in self.nodes.values()]
        self.net.close()
        return codes


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    three = Scene(tmp_path_factory.mktemp("nodes"))
    try:
        net_story.linked(three)
        net_story.hire(three)
        yield three
    finally:
        codes = three.close()
    assert codes == [0, 0, 0]


def tell(what, low, high, rate):
    net_story.told(what, rtt_us=[round(low), round(high)], numbers_per_s=round(rate))


def test_ping_pong_pipes_and_supervised_workers(scene):
    tell("hosts", *net_story.all_work(scene))
    net_story.a_worker_that_fails_is_replaced(scene)


def test_thirty_milliseconds_each_way(scene):
    scene.set(delay_s=DELAY_S)
    low, high, rate = net_story.all_work(scene)
    scene.heal()
    tell("delay 30 ms", low, high, rate)
    assert low > 2e6 * DELAY_S


def test_one_percent_of_the_packets_lost(scene):
    scene.set(delay_s=DELAY_S, loss=LOSS)
    before = [host.cable.lost for host in scene.hosts.values()]
    low, high, rate = net_story.all_work(scene, count=60, numbers=5000)
    lost = sum(host.cable.lost for host in scene.hosts.values()) - sum(before)
    scene.heal()
    tell(f"delay 30 ms, 1 % lost ({lost} packets)", low, high, rate)
    assert lost > 0


def test_one_megabit_a_second(scene):
    for host in scene.hosts.values():
        host.slow(SLOW_BITS)
    try:
        low, high, rate = net_story.all_work(scene, numbers=3000)
    finally:
        for host in scene.hosts.values():
            host.slow(None)
    tell("1 Mbit/s", low, high, rate)
    assert rate * NUMBER_BYTES * 8 < 1.3 * SLOW_BITS


def test_a_way_that_is_cut_in_one_direction(scene):
    def cut():
        scene.net.cut([(scene.hosts["b"], scene.hosts["c"])])
    net_story.breaks(scene, "one way", cut, [("b", "c"), ("c", "b")], others_may=0)


def test_a_partition_and_its_healing(scene):
    def part():
        scene.net.part([scene.hosts["a"]], [scene.hosts["b"], scene.hosts["c"]])
    net_story.breaks(scene, "partition a | b c", part, [("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")], others_may=0)


def test_a_short_partition_is_not_noticed(scene):
    """Much shorter than four heartbeats: TCP sends again after 0.2 s, then 0.4 and 0.8."""
    watches = net_story.watch_all(scene)
    for seconds in (0.1, 0.2, 0.4):
        scene.net.part([scene.hosts["c"]], [scene.hosts["a"], scene.hosts["b"]])
        time.sleep(seconds)
        scene.heal()
        net_story.all_work(scene)
    assert not any(net_story.fired(scene, watches, pair) for pair in net_story.ALL)


def test_a_node_that_is_killed_and_comes_back_under_its_name(scene):
    for name in ("c", "b", "a"):
        net_story.killed_and_back(scene, name)
