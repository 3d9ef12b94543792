"""What three nodes a, b and c must get right whatever the network does; told once, played on loopback and on hosts of their own.

A scene has `nodes` by name, heal(), and revive(NAME), which starts one again under its name.
"""
import json
import time

from net_nodes import NOCONNECTION

ALL = [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")]
HIRED = [("a", "b"), ("a", "c"), ("b", "c")]
ENDLESS = 100_000_000


def told(what, **figures):
    print(json.dumps({"net": what, **{k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}}))


def linked(scene):
    for x, y in ALL:
        scene.nodes[x].until_linked(y)


def hire(scene, bosses="abc"):
    for x, y in (pair for pair in HIRED if pair[0] in bosses):
        assert scene.nodes[x].does(f"hire {y}") == "success"
        scene.nodes[x].wait("hired", peer=y)


def work_returns(scene, seconds=30):
    """Each supervised worker on another node answers (again)."""
    for x, y in HIRED:
        end = time.monotonic() + seconds
        while (how := scene.nodes[x].does(f"job {y}")) != "success":
            assert time.monotonic() < end, f"{x}'s worker on {y}: {how}"
            time.sleep(0.05)


def all_work(scene, count=30, numbers=500):
    """Ping-pong between all, a pipe through all, in order. Microseconds of a round trip, numbers a second."""
    rtt = []
    for x, y in ALL:
        played = scene.nodes[x].plays(y, count, 120)
        assert played["count"] == count, (x, y, played)
        rtt.append(played["us"] / count)
    since = scene.nodes["a"].mark()
    assert scene.nodes["a"].does(f"pipe b c {numbers}") == "success"
    piped = scene.nodes["a"].wait("piped", since, 120)
    assert piped["count"] == numbers and piped["disorder"] == 0
    work_returns(scene)
    return min(rtt), max(rtt), numbers * 1000 / max(1, piped["ms"])


def watch_all(scene):
    return {(x, y): (scene.nodes[x].watches(y)) for x, y in ALL}


def fired(scene, watches, pair):
    return scene.nodes[pair[0]].of("down", watch=watches[pair])


def breaks(scene, what, do, affected, others_may=1):
    """@do breaks the links between @affected: each monitor over them fires once, a pipe over them ends and says so; after heal()
    all is as before, and the same actors are found by their ids."""
    watches, marks = watch_all(scene), {name: node.mark() for name, node in scene.nodes.items()}
    since = marks["a"]
    assert scene.nodes["a"].does(f"pipe b c {ENDLESS}") == "success"
    scene.nodes["a"].wait("flowing", since)  # Before, its first actor may fail to start, and nobody tells.
    began = time.monotonic()
    do()
    for x, y in affected:
        assert scene.nodes[x].wait("down", watch=watches[x, y])["kind"] == NOCONNECTION
        scene.nodes[x].wait("node", marks[x], peer=y, up=False)  # Told apart from it, in either order.
    seconds = time.monotonic() - began
    assert scene.nodes["a"].wait("broken", since)["disorder"] == 0
    scene.heal()
    began = time.monotonic()
    linked(scene)
    healed = time.monotonic() - began
    all_work(scene)
    for pair, watch in watches.items():
        assert scene.nodes[pair[0]].does(f"try {watch}") == "success", pair
        count = len(fired(scene, watches, pair))
        assert count == 1 if pair in affected else count <= others_may, (pair, count)
    assert len(scene.nodes["a"].of("broken", since)) == 1
    told(what, lost_s=seconds, back_s=healed)


def killed_and_back(scene, name="c"):
    """kill -9, and its return under the same name: another incarnation, whose actors no old id finds."""
    others = [n for n in scene.nodes if n != name]
    before = {n: scene.nodes[n].until_linked(name)[0] for n in others}
    watches, marks = {n: scene.nodes[n].watches(name) for n in others}, {n: scene.nodes[n].mark() for n in others}
    began = time.monotonic()
    scene.nodes[name].kill()
    for n in others:
        assert scene.nodes[n].wait("down", watch=watches[n])["kind"] == NOCONNECTION
        scene.nodes[n].wait("node", marks[n], peer=name, up=False)
        assert scene.nodes[n].does(f"try {watches[n]}") != "success"
    lost = time.monotonic() - began
    began = time.monotonic()
    scene.revive(name)
    linked(scene)
    back = time.monotonic() - began
    hire(scene, name)
    all_work(scene)
    for n in others:
        assert scene.nodes[n].linked(name) > before[n], "another incarnation, and a later one"
        assert scene.nodes[n].does(f"try {watches[n]}") != "success", "an old id found a new actor"
        assert len(scene.nodes[n].of("down", watch=watches[n])) == 1
    told(f"kill -9 of {name}, and back", lost_s=lost, back_s=back)


def a_worker_that_fails_is_replaced(scene):
    """Its keeper is linked to it and ends with it; the supervisor starts the keeper, which hires again."""
    for x, y in HIRED:
        since = scene.nodes[x].mark()
        assert scene.nodes[x].does(f"fail {y}") != "success"
        scene.nodes[x].wait("hired", since, peer=y)
    work_returns(scene)


__all__ = ["ALL", "a_worker_that_fails_is_replaced", "all_work", "breaks", "fired", "hire", "killed_and_back", "linked", "told", "watch_all"]
