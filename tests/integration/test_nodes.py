"""Orchestrator and workers as two processes: the whole list of test_tasks.py with them, and what
happens when one of the two is killed."""
import glob
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import TEMPORARY, NodeCluster, cluster_maker, run_cogo
from test_tasks import *  # noqa: F401,F403: the same tests, with the fixtures below.


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    c = NodeCluster(tmp_path_factory.mktemp("nodes") / "data").start()
    yield c
    assert c.stop() == 0, open(c.log_path).read()[-2000:]


@pytest.fixture
def make_cluster(tmp_path):
    yield from cluster_maker(tmp_path, NodeCluster)


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def running(cluster, task):
    return until(lambda: cluster.call("GET", f"/v1/tasks/{task['taskId']}").json["state"] == "running")


def test_tasks_of_a_killed_worker_are_tried_again_by_the_next(make_cluster):
    cluster = make_cluster()
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "2"]}).json
    running(cluster, task)
    cluster.kill_workers()
    cluster.start_workers()
    done = cluster.finished(task["taskId"])
    assert (done["state"], done["attempt"]) == ("succeeded", 2)


def test_a_worker_comes_back_to_a_killed_orchestrator(make_cluster):
    cluster = make_cluster()
    before = {w["agentId"] for w in cluster.call("GET", "/v1/workers").json["workers"]}
    cluster.kill()
    cluster.start()
    until(lambda: before == {w["agentId"] for w in cluster.call("GET", "/v1/workers").json["workers"]})
    assert cluster.submit("echo", {"a": 1}, wait="10s").json["state"] == "succeeded"


def test_the_last_node_to_leave_a_work_folder_removes_it(make_cluster):
    temporary = tempfile.mkdtemp(dir=TEMPORARY)
    os.chmod(temporary, 0o711)
    cluster = make_cluster(worker_types="research", worker_env={"TMPDIR": temporary})
    folder, = glob.glob(f"{temporary}/cogo-work-*") + glob.glob(f"{cluster.data}-workers/work")
    first = cluster.workers
    cluster.start_workers("sandbox")  # With the same folders.
    first.terminate()
    assert first.wait(30) == 0
    assert cluster.submit("sandbox-executor", {"argv": ["true"]}, wait="20s").json["state"] == "succeeded"
    cluster.workers.terminate()
    assert cluster.workers.wait(30) == 0
    assert not os.path.exists(folder)


def test_a_worker_id_is_claimed_once(make_cluster, tmp_path):
    cluster = make_cluster()
    cluster.end_workers()
    until(lambda: all(w["status"] == "offline"
                      for w in cluster.call("GET", "/v1/workers").json["workers"]))
    cluster.start_workers("sandbox", env={"WORKER_ID": "mine"})
    log = str(tmp_path / "second.log")
    second, _ = cluster.launch(
        ["node", "--role", "worker", "--type", "sandbox", "--worker-id", "mine", "--data",
         str(tmp_path / "second"), "--join", f"127.0.0.1:{cluster.node_port}"],
        log, "mine is not registered .*Another live worker has the id mine")
    cluster.kill_workers()  # Now its place is free.
    until(lambda: "worker mine is registered" in open(log).read())
    second.terminate()
    assert second.wait(30) == 0


def test_nodes_and_links_are_shown(cluster):
    nodes = cluster.call("GET", "/v1/nodes").json["nodes"]
    assert nodes[0]["state"] == "self" and nodes[0]["name"].startswith("orchestrator@")
    assert [n["state"] for n in nodes[1:]] == ["up"] and nodes[1]["name"].startswith("worker.")
    done = run_cogo("node", "list", "--json", "--server", cluster.url)
    assert [n["name"] for n in json.loads(done.stdout)["nodes"]] == [n["name"] for n in nodes]
    rtt = 'cogo_link_rtt_seconds_count{node="%s"}' % nodes[1]["name"]
    text = until(lambda: (t := cluster.call("GET", "/metrics").body.decode())
                 and f"{rtt} 0\n" not in t and rtt in t and t)
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    value = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
             for line in text.splitlines() if line.startswith(("cogo_link", "cogo_member", "cogo_cluster"))}
    assert value["cogo_links"] == 1 and value["cogo_links_up_total"] == 1
    assert value['cogo_members{state="alive"}'] == 2 and value["cogo_cluster_majority"] == 1
    assert value["cogo_member_suspicions_total"] == 0
    assert value['cogo_link_bytes_total{direction="in"}'] > 1000
    assert value['cogo_link_bytes_total{direction="out"}'] > 1000
    assert value['cogo_link_refused_total{reason="secret"}'] == 0


def test_a_name_is_looked_up_until_it_is_there(make_cluster, tmp_path):
    cluster = make_cluster()
    log = str(tmp_path / "named.log")
    node, _ = cluster.launch(
        ["node", "--role", "worker", "--type", "sandbox", "--worker-id", "named", "--data",
         str(tmp_path / "named"), "--join",
         f"dns:nothing.invalid:1,dns:localhost:{cluster.node_port}"], log, "worker named is registered")
    until(lambda: "looking for nothing.invalid" in open(log).read(), 40)
    node.terminate()
    assert node.wait(40) == 0


def test_where_nobody_listens_a_node_says_that(make_cluster, tmp_path):
    node, _ = make_cluster().launch(
        ["node", "--role", "worker", "--type", "sandbox", "--data", str(tmp_path / "lost"), "--join", "127.0.0.1:1"],
        str(tmp_path / "lost.log"), "127.0.0.1:1 not joined, tried again: Connection refused")
    node.terminate()
    assert node.wait(40) == 0


SECRET = "sixteen bytes and more"


def test_nodes_need_the_same_secret(make_cluster, tmp_path):
    cluster = make_cluster(env={"COGO_CLUSTER_SECRET": SECRET})
    assert cluster.submit("echo", {}, wait="10s").json["state"] == "succeeded"
    log = str(tmp_path / "stranger.log")
    stranger, _ = cluster.launch(
        ["node", "--role", "worker", "--type", "sandbox", "--data", str(tmp_path / "s"), "--join",
         f"127.0.0.1:{cluster.node_port}"], log, "the secrets differ",
        env={"COGO_CLUSTER_SECRET": "another one of sixteen"})
    assert "cogo_link_refused_total{reason=\"secret\"} 1\n" in cluster.call("GET", "/metrics").body.decode()
    stranger.kill()
    stranger.wait(10)
    cluster.stop()
    for path in (cluster.log_path, cluster.data + ".workers.log", log):
        assert SECRET not in open(path).read()


@pytest.mark.parametrize("args,env,code,word", [
    (["--role", "boss"], {}, 2, "orchestrator or worker"),
    ([], {}, 2, "orchestrator or worker"),
    (["--role", "worker", "--join", "127.0.0.1:1"], {}, 2, "--type"),
    (["--role", "worker", "--type", "sandbox"], {}, 2, "--join"),
    (["--role", "worker", "--type", "sandbocks", "--join", "127.0.0.1:1"], {}, 2, "did you mean 'sandbox'"),
    (["--role", "worker", "--type", "sandbox"], {"ORCHESTRATOR_URL": "http://a:1"}, 2, "cogo://"),
    (["--role", "worker", "--type", "sandbox,indexing", "--join", "127.0.0.1:1"],
     {"WORKER_ID": "one"}, 2, "--worker-id"),
    (["--role", "worker", "--type", "sandbox", "--join", "127.0.0.1"], {}, 2, "NAME:PORT"),
    (["--role", "worker", "--type", "sandbox", "--join", "dns:a b:7"], {}, 2, "NAME:PORT"),
    (["--role", "worker", "--type", "sandbox", "--join", "dns:a:0"], {}, 2, "NAME:PORT"),
    (["--role", "worker", "--type", "sandbox", "--join", "192.0.2.1:7"], {}, 2, "COGO_CLUSTER_SECRET"),
    (["--role", "worker", "--type", "sandbox", "--join", "127.0.0.1:1"],
     {"COGO_CLUSTER_SECRET": "short"}, 2, "COGO_CLUSTER_SECRET must have 16"),
    (["--role", "orchestrator", "--listen-node", "0.0.0.0:0"], {}, 2, "COGO_CLUSTER_SECRET"),
    (["--role", "orchestrator", "--type", "sandbox"], {}, 2, "--role worker"),
    (["--role", "orchestrator", "--node-name", "x" * 200], {}, 2, "--node-name"),
])
def test_bad_settings_of_a_node_are_named(tmp_path, args, env, code, word):
    done = run_cogo("node", "--data", str(tmp_path / "d"), *args,
                    *([] if "worker" in args else ["--listen", "127.0.0.1:0"]), env=env, timeout=20)
    assert done.returncode == code and word in done.stderr, done.stderr


class Cable(threading.Thread):
    """A TCP proxy on loopback whose connections can be cut."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.pairs, self.lock = port, [], threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.start()

    def run(self):
        while True:
            here, _ = self.server.accept()
            try:
                there = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                here.close()
                continue
            with self.lock:
                self.pairs.append((here, there))
            for a, b in ((here, there), (there, here)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # It has ended already.
                s.close()


def test_work_goes_on_while_a_link_is_lost(make_cluster):
    cluster = make_cluster()
    cluster.end_workers()
    cable = Cable(cluster.node_port)
    cluster.start_workers("sandbox", ["--join", f"127.0.0.1:{cable.port}"])
    task = cluster.submit("sandbox-executor", {"argv": ["sleep", "2"]}).json
    running(cluster, task)
    cable.cut()
    done = cluster.finished(task["taskId"])
    log = open(cluster.data + ".workers.log").read()
    assert log.count("has lost the orchestrator") == 1 and log.count("is registered") == 10
    assert (done["state"], done["attempt"]) == ("succeeded", 1)


def ask(port, path, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_worker_node_has_a_door_for_probes_and_metrics(make_cluster, tmp_path):
    cluster = make_cluster()
    log = str(tmp_path / "door.log")
    worker, found = cluster.launch(
        ["node", "--role", "worker", "--type", "sandbox,research", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "door"),
         "--join", f"127.0.0.1:{cluster.node_port}"],
        log, r"(?s)^(?=(?:.*?worker \S+ is registered){2}).*health and metrics on port (\d+)")
    port = found.group(1)
    try:
        assert ask(port, "/health")[0] == 200
        assert ask(port, "/ready")[0] == 200
        health = run_cogo("healthcheck", env={"COGO_LISTEN": f"0.0.0.0:{port}", "ORCHESTRATOR_URL": "cogo://127.0.0.1:1"})
        assert (health.returncode, health.stdout) == (0, "ready\n")
        status, text = ask(port, "/metrics")
        assert status == 200 and "cogo_node_workers_registered 2\n" in text and "cogo_actors " in text
        status, text = ask(port, "/v1/tasks")
        assert status == 404 and "no orchestrator" in text
        cluster.kill()
        until(lambda: ask(port, "/ready")[0] == 503)
        assert ask(port, "/livez")[0] == 200
        cluster.start()
        until(lambda: ask(port, "/ready")[0] == 200)
    finally:
        worker.terminate()
        assert worker.wait(30) == 0
