"""Three nodes on loopback, proxies between them: delay, slices, one-way cut, partition, reset, kill -9. tests/long has hosts of their own."""
import pytest

import net_story
from net_nodes import Node, Proxy, build

HEARTBEAT_MS = 500
DELAY_S = 0.03
NOWHERE = "127.0.0.1:9"  # Is advertised, so that nobody finds a way around the proxies.


class Scene:
    """b and c join a, c joins b, each through a proxy of its own."""

    def __init__(self, folder):
        self.program = build(folder)
        self.nodes = {"a": Node(self.program, "a", heartbeat_ms=HEARTBEAT_MS, advertise=NOWHERE)}
        self.proxies = {"ab": Proxy(self.nodes["a"].port), "ac": Proxy(self.nodes["a"].port)}
        self.revive("b")
        self.proxies["bc"] = Proxy(self.nodes["b"].port)
        self.revive("c")

    def revive(self, name):
        joined = {"b": ["ab"], "c": ["ac", "bc"]}[name]
        self.nodes[name] = Node(self.program, name, join=",".join(f"127.0.0.1:{self.proxies[p].port}" for p in joined),
                                heartbeat_ms=HEARTBEAT_MS, advertise=NOWHERE)

    def set(self, **fields):
        for proxy in self.proxies.values():
            for name, value in fields.items():
                setattr(proxy, name, value)

    def heal(self):
        self.set(hole="", delay_s=0, slice_bytes=65536)

    def close(self):
        codes = [node.end() for node in self.nodes.values()]
        for proxy in self.proxies.values():
            proxy.close()
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


def test_ping_pong_pipes_and_supervised_workers(scene):
    low, high, rate = net_story.all_work(scene)
    net_story.told("loopback", rtt_us=[round(low), round(high)], numbers_per_s=round(rate))
    net_story.a_worker_that_fails_is_replaced(scene)


def test_thirty_milliseconds_each_way(scene):
    scene.set(delay_s=DELAY_S)
    low, high, rate = net_story.all_work(scene, count=5, numbers=200)
    scene.heal()
    net_story.told("delay 30 ms", rtt_us=[round(low), round(high)], numbers_per_s=round(rate))
    assert low > 2e6 * DELAY_S


def test_bytes_that_come_in_slices(scene):
    scene.set(slice_bytes=7)
    net_story.all_work(scene, count=10, numbers=100)
    scene.heal()


def test_a_way_that_is_cut_in_one_direction(scene):
    net_story.breaks(scene, "one way", lambda: setattr(scene.proxies["bc"], "hole", "up"), [("b", "c"), ("c", "b")])


def test_a_partition_and_its_healing(scene):
    def part():
        scene.proxies["ab"].hole = scene.proxies["ac"].hole = "both"
    net_story.breaks(scene, "partition a | b c", part, [("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")])


def test_connections_that_are_reset(scene):
    net_story.breaks(scene, "reset", lambda: [p.reset() for p in scene.proxies.values()], net_story.ALL)


def test_a_node_that_is_killed_and_comes_back_under_its_name(scene):
    net_story.killed_and_back(scene)
