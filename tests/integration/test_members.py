"""Members as /v1/nodes shows them: what all nodes together know of each, also of those that this one has no link with."""
import json
import signal

import pytest

from conftest import NodeCluster, cluster_maker, run_cogo
from test_nodes import until

MEMBERS = "boss,first,second,later"


@pytest.fixture
def cluster(tmp_path):
    making = cluster_maker(tmp_path, NodeCluster)
    yield next(making)(args=["--node-name", "boss", "--members", MEMBERS], worker_types="indexing",
                       worker_args=["--node-name", "first", "--members", MEMBERS])
    next(making, None)


def members(cluster):
    nodes = cluster.call("GET", "/v1/nodes").json["nodes"]
    assert len({n["name"] for n in nodes}) == len(nodes), nodes
    return {n["name"]: n for n in nodes}


def test_members_are_shown_alive_suspect_dead_left_and_unknown(cluster, tmp_path):
    second, _ = cluster.launch(["node", "--role", "worker", "--type", "research", "--data", str(tmp_path / "second"), "--node-name",
                                "second", "--members", MEMBERS, "--join", f"127.0.0.1:{cluster.node_port}"],
                               str(tmp_path / "second.log"), "is registered")
    try:
        seen = members(cluster)
        assert (seen["boss"]["state"], seen["boss"]["memberState"], seen["boss"]["listed"]) == ("self", "alive", True)
        assert seen["boss"]["address"] == f"127.0.0.1:{cluster.node_port}"
        assert (seen["first"]["state"], seen["first"]["memberState"]) == ("up", "alive")
        assert (seen["later"]["state"], seen["later"]["memberState"], seen["later"]["node"]) == ("down", "unknown", 0)
        cluster.kill_workers()
        until(lambda: members(cluster)["first"]["memberState"] == "suspect")  # Two of four are no majority.
        second.send_signal(signal.SIGTERM)
        until(lambda: members(cluster)["second"]["memberState"] == "left")
        after = members(cluster)
        assert (after["second"]["state"], after["first"]["state"]) == ("down", "down")
        assert after["first"]["incarnation"] == seen["first"]["incarnation"]
        cluster.start_workers()
        again = until(lambda: (m := members(cluster)["first"])["state"] == "up" and m)
        assert again["memberState"] == "alive" and again["incarnation"] > seen["first"]["incarnation"]
    finally:
        second.kill()
        second.wait(10)


def test_pages_hold_each_node_once_and_the_command_shows_members(cluster):
    whole, token, names = list(members(cluster)), "", []
    while token is not None:
        page = cluster.call("GET", f"/v1/nodes?pageSize=1&pageToken={token}" if token else "/v1/nodes?pageSize=1").json
        assert len(page["nodes"]) <= 1
        names += [n["name"] for n in page["nodes"]]
        token = page.get("nextPageToken")
    assert sorted(names) == sorted(whole) == ["boss", "first", "later", "second"]
    table = run_cogo("node", "list", "--server", cluster.url).stdout
    assert "MEMBER" in table and "unknown" in table and "alive" in table, table
    listed = json.loads(run_cogo("node", "list", "--json", "--server", cluster.url).stdout)["nodes"]
    assert {n["name"]: n["memberState"] for n in listed}["later"] == "unknown"


@pytest.mark.parametrize("args", [["--members", "a,,b"], ["--advertise", "nowhere"], ["--members", ",".join(f"n{i}" for i in range(65))]])
def test_lists_and_addresses_that_make_no_sense_are_named(tmp_path, args):
    done = run_cogo("node", "--role", "orchestrator", "--listen", "127.0.0.1:0", "--listen-node", "127.0.0.1:0",
                    "--data", str(tmp_path / "d"), *args, timeout=30)
    assert done.returncode == 2 and args[0] in done.stderr and args[1][:40] in done.stderr, done.stderr
