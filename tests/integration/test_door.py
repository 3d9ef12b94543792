"""The door itself: tokens, health, metrics, the API's description, what a stranger may do."""
import glob
import json
import mmap
import os
import re
import socket
import statistics
import subprocess
import time
import urllib.parse

from conftest import COGO, TOP, NodeCluster, children, run_cogo

REQUIRED = """cogo_orchestration_requests_total cogo_worker_status cogo_workers cogo_tasks_total
cogo_queue_depth cogo_queue_wait_seconds cogo_dispatch_seconds cogo_task_duration_seconds
cogo_task_retries_total cogo_leases_expired_total cogo_fenced_results_total cogo_mailbox_depth
cogo_mailbox_wait_seconds cogo_actors cogo_store_commit_seconds cogo_store_batch_size cogo_leader
cogo_build_info cogo_sandbox_level""".split()
IDLE_S, IDLE_PAGES, IDLE_PAGE_NS = 20, 256, 400
IDLE_WAKES, IDLE_WAKES_LINK = 6, 10  # A second; for each link its heartbeats and probes, and those of the peer.


def test_health_needs_no_token_and_says_little(make_cluster):
    cluster = make_cluster(env={"COGO_API_TOKEN": "s3cret-token-value"})
    for path in ("/health", "/livez"):
        assert cluster.call("GET", path).status == 200
    probe = cluster.call("GET", "/ready")
    assert probe.status == 200 and probe.json["ready"] is True and not probe.json.get("checks")
    assert cluster.call("GET", "/v1/tasks").status == 401
    assert cluster.call("GET", "/v1/tasks", headers={"Authorization": "Bearer wrong"}).status == 401
    good = {"Authorization": "Bearer s3cret-token-value"}
    assert cluster.call("GET", "/v1/tasks", headers=good).status == 200
    assert cluster.call("POST", "/v1/tasks", {"role": "echo"}).status == 401
    assert cluster.call("GET", "/ready", headers=good).json["checks"]
    assert cluster.call("GET", "/metrics").status == 401
    cluster.stop()
    assert "s3cret-token-value" not in open(cluster.log_path).read()
    for folder, _, names in os.walk(cluster.data):
        for name in names:
            assert b"s3cret-token-value" not in open(os.path.join(folder, name), "rb").read()


def test_a_token_is_needed_off_loopback(tmp_path):
    done = run_cogo("dev", "--listen", "0.0.0.0:0", "--data", str(tmp_path / "d"), timeout=20)
    assert done.returncode == 2
    assert "COGO_API_TOKEN" in done.stderr


def test_ready_says_its_checks(cluster):
    answer = cluster.call("GET", "/ready")
    assert answer.status == 200 and answer.json["ready"] is True


def test_metrics_pass_promtool_and_are_complete(cluster):
    cluster.submit("echo", {}, wait="10s")
    answer = cluster.call("GET", "/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain")
    done = subprocess.run(["promtool", "check", "metrics"], input=answer.body,
                          capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    text = answer.body.decode()
    missing = [name for name in REQUIRED if not re.search(rf"^# TYPE {name} ", text, re.M)]
    assert not missing
    assert "tsk_" not in text


def test_openapi_describes_every_route(cluster):
    document = cluster.call("GET", "/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for path in ("/v1/tasks", "/v1/tasks/{id}", "/v1/workflows", "/v1/workers", "/v1/roles"):
        assert path in document["paths"], path


def test_roles_come_with_schemas(cluster):
    roles = cluster.call("GET", "/v1/roles").json["roles"]
    names = {r["role"] for r in roles}
    assert {"echo", "code-indexer", "code-validator", "test-runner", "security-scanner",
            "sandbox-executor"} <= names
    role = cluster.call("GET", "/v1/roles/code-validator").json
    assert role["inputSchema"]["type"] == "object"


def test_workers_of_every_type_are_registered(cluster):
    workers = cluster.call("GET", "/v1/workers").json["workers"]
    assert {w["workerType"] for w in workers} == {
        "code-generation", "quality-assurance", "knowledge-management", "integration-testing",
        "research", "sandbox", "indexing", "deployment"}
    one = cluster.call("GET", f"/v1/workers/{workers[0]['agentId']}")
    assert one.status == 200 and one.json["agentId"] == workers[0]["agentId"]


def test_garbage_on_the_port_harms_nobody(cluster):
    host, port = cluster.url.split("//")[1].split(":")
    for junk in (b"\0" * 4096, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000, os.urandom(65536),
                 b"POST /v1/tasks HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n{",
                 b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=5) as s:
            try:
                s.sendall(junk)
                s.settimeout(0.2)
                s.recv(4096)
            except OSError:
                pass
    assert cluster.submit("echo", {"ok": 1}, wait="10s").json["state"] == "succeeded"


def test_a_second_cluster_on_the_same_data_is_refused(cluster):
    done = run_cogo("dev", "--listen", "127.0.0.1:0", "--data", cluster.data, timeout=20)
    assert done.returncode == 4, done.stderr
    assert "cogo:" in done.stderr
    # And the first one still has its scratch folder.
    task = cluster.submit("sandbox-executor", {"argv": ["true"]}, wait="20s").json
    assert task["state"] == "succeeded", task


def test_a_taken_port_is_a_conflict(cluster, tmp_path):
    listen = cluster.url.split("//")[1]
    done = run_cogo("dev", "--listen", listen, "--data", str(tmp_path / "d"), timeout=20)
    assert done.returncode == 4 and "in use" in done.stderr


def idle_page_ns(seconds):
    """What the first look at a page costs that nobody looked at for a second: 100 ns. Where the machine takes such pages away from its
    processes (DAMON in the guest, a balloon below it) it is some us, and a wake-up of an idle process, which needs a few hundred, 1 ms."""
    pages = mmap.mmap(-1, IDLE_PAGES * mmap.PAGESIZE)
    pages.write(bytes(len(pages)))
    costs = []
    for _ in range(seconds):
        time.sleep(1)
        start = time.perf_counter_ns()
        memoryview(pages)[::mmap.PAGESIZE].tobytes()
        costs.append((time.perf_counter_ns() - start) / IDLE_PAGES)
    return statistics.median(costs)


def test_an_idle_cluster_costs_next_to_nothing(make_cluster):
    cluster = make_cluster()
    cluster.submit("echo", {}, wait="10s")
    pid = cluster.process.pid

    def used():
        """Nanoseconds of CPU and how often a thread got one, all threads."""
        threads = [open(path).read().split() for path in glob.glob(f"/proc/{pid}/task/*/schedstat")]
        return sum(int(t[0]) for t in threads), sum(int(t[2]) for t in threads)
    time.sleep(1)  # Let the start's own work settle: what is measured is idling.
    before = used()
    page_ns = idle_page_ns(IDLE_S)
    cpu, wakes = ((b - a) / IDLE_S for a, b in zip(before, used()))
    rss_kib = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))
    print(json.dumps({"bench": "idle", "cpu_percent": cpu / 1e7, "wakes_per_s": wakes, "rss_mib": rss_kib / 1024, "idle_page_ns": page_ns}))
    links = len(children(pid)) + isinstance(cluster, NodeCluster)
    assert wakes <= IDLE_WAKES + links * IDLE_WAKES_LINK
    assert cpu / 1e9 <= 0.001 * max(1, page_ns / IDLE_PAGE_NS), f"{cpu / 1e7:.2f} % CPU when idle"
    assert rss_kib < 32 * 1024, f"{rss_kib} KiB resident"


def test_sigterm_ends_with_exit_code_0(make_cluster):
    cluster = make_cluster(args=["--drain-timeout", "2s"])
    cluster.submit("sandbox-executor", {"argv": ["sleep", "30"]})
    start = time.monotonic()
    assert cluster.stop() == 0
    assert time.monotonic() - start < 30


def test_install_and_embed(tmp_path):
    """A stranger's program: only pkg-config, and under 60 lines."""
    prefix = tmp_path / "usr"
    subprocess.run(["scons", "-Q", "-s", "install", f"prefix={prefix}", f"out={tmp_path}/b",
                    "werror=0"] if not os.path.exists(os.path.join(TOP, "build/cogo"))
                   else ["scons", "-Q", "-s", "install", f"prefix={prefix}"],
                   cwd=TOP, check=True, timeout=600)
    source = os.path.join(TOP, "runtime", "examples", "embed.c")
    assert len(open(source).read().splitlines()) < 60
    env = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig"))
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "cogo"], env=env, check=True,
                           capture_output=True, text=True).stdout.split()
    program = tmp_path / "embed"
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Werror", source, "-o", str(program)] + flags,
                   check=True)
    done = subprocess.run([str(program)], env=dict(os.environ, LD_LIBRARY_PATH=str(prefix / "lib")),
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stdout, done.stderr
    assert (prefix / "bin" / "cogo").exists()
    assert COGO


def test_curl_sends_a_body_in_chunks(cluster):
    done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "-H", "Transfer-Encoding: chunked", "-H",
                           "Content-Type: application/json", "--data-binary", "@-", cluster.url + "/v1/tasks?wait=20s"],
                          input=json.dumps({"role": "echo", "context": {"long": "x" * 200000}}), capture_output=True,
                          text=True, timeout=60)
    body, code = done.stdout.rsplit("\n", 1)
    assert code == "200" and json.loads(body)["state"] == "succeeded", done.stderr
    large = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Transfer-Encoding: chunked", "-H",
                            "Content-Type: application/json", "--data-binary", "@-", cluster.url + "/v1/tasks"],
                           input="x" * 1200000, capture_output=True, text=True, timeout=60)
    assert large.stdout == "413"


def test_every_route_answers_whatever_the_characters_of_an_id_or_a_value(make_cluster):
    """What an error shows of a long value is cut, at each of the four bytes of a character once."""
    cluster = make_cluster()
    routes = cluster.call("GET", "/openapi.json").json["paths"]
    for shift in range(4):
        text = "1" * shift + "\U00010000" * 60
        escaped = urllib.parse.quote(text)
        for route, operations in routes.items():
            path = re.sub(r"\{\w+\}", escaped, route)
            for method in (m for m in ("get", "put", "delete", "post") if m in operations and "{" in route):
                body = {} if method in ("put", "post") else None
                assert 400 <= cluster.call(method.upper(), path, body).status < 500, (method, route)
            for name in (p["name"] for p in operations.get("get", {}).get("parameters", []) if p["in"] == "query"):
                assert cluster.call("GET", f"{path}?{name}={escaped}").status < 500, (route, name)
        for wrong in ({text: 1}, {"role": text}, {"dependencies": [text]}, {"parent": text}, {"limits": [text[:60]]}):
            answer = cluster.call("POST", "/v1/tasks", {"instruction": "x", "role": "indexer", **wrong})
            assert answer.status == 422, (wrong, answer)
        for path, body in (("/v1/tokens", {"tenant": "a", "scopes": [text]}),
                           ("/v1/schedules", {"cron": text, "instruction": {"instruction": "x", "role": "indexer"}}),
                           ("/v1/schedules", {"cron": "0 0 * * *", "timeZone": text,
                                              "instruction": {"instruction": "x", "role": "indexer"}})):
            assert cluster.call("POST", path, body).status == 422, (path, shift)
