"""Rules, alerts and dashboards: checked by promtool and Grafana's own types, and fed by a real cluster through a real Prometheus."""
import glob
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import jsonschema
import pytest
import yaml

from conftest import DEPLOY, KEPT, TOP, run

MONITORING = os.path.join(DEPLOY, "monitoring")
DASHBOARDS = sorted(glob.glob(os.path.join(MONITORING, "grafana/dashboards/*.json")))
COGO = os.environ.get("COGO_BINARY", os.path.join(TOP, "build", "cogo"))
# Metrics that a cluster without a role that uses a model has no reason to show.
ELSEWHERE = ("cogo_llm_",)
WAIT_S = 40


def load(path):
    with open(path) as file:
        return yaml.safe_load(file)


def alerts():
    return {r["alert"]: r for g in load(f"{MONITORING}/rules/alerts.yml")["groups"] for r in g["rules"]}


def panels(board):
    return [p for p in board["panels"] if p["type"] != "row"]


def test_promtool_takes_the_configuration_and_the_rules():
    run("promtool", "check", "config", "--syntax-only", f"{MONITORING}/prometheus.yml")
    run("promtool", "check", "rules", *glob.glob(f"{MONITORING}/rules/*.yml"))


def test_each_alert_fires_when_it_should_and_not_before():
    run("promtool", "test", "rules", f"{MONITORING}/tests/alerts_test.yml")
    tests = load(f"{MONITORING}/tests/alerts_test.yml")["tests"]
    fired = {t["alertname"] for one in tests for t in one["alert_rule_test"] if t["exp_alerts"]}
    silent = {t["alertname"] for one in tests for t in one["alert_rule_test"] if not t["exp_alerts"]}
    assert fired == set(alerts())
    assert len(silent) >= len(fired) - 1


def test_each_alert_says_what_to_do():
    for name, alert in alerts().items():
        assert set(alert["annotations"]) == {"summary", "action"}, name
        assert alert["labels"]["severity"] in ("critical", "warning", "info"), name


@pytest.fixture(scope="session")
def schema():
    folder = os.path.join(KEPT, "grafana")
    run("bash", os.path.join(TOP, "tests/deploy/grafana_schema.sh"), folder)
    with open(os.path.join(folder, "dashboard.schema.json")) as file:
        return jsonschema.Draft7Validator(json.load(file))


@pytest.mark.parametrize("path", DASHBOARDS, ids=os.path.basename)
def test_a_dashboard_is_what_grafanas_types_say(schema, path):
    with open(path) as file:
        board = json.load(file)
    found = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in schema.iter_errors(board)]
    assert not found, "\n".join(found)
    board["panel"] = board.pop("panels")
    assert list(schema.iter_errors(board)), "a misspelt field must be found"


def test_the_orchestrators_dashboard_keeps_its_titles():
    with open(f"{MONITORING}/grafana/dashboards/cogo-orchestrator.json") as file:
        board = json.load(file)
    assert board["title"] == "COGO Framework v2.0 - Orchestrator Dashboard"
    kept = {p["title"]: [(t["expr"], t["legendFormat"]) for t in p["targets"]] for p in panels(board)}
    assert kept["Orchestrator Performance"] == [("rate(cogo_orchestration_requests_total[5m])", "Requests/sec")]
    assert kept["Worker Agent Status"] == [("cogo_worker_status", "{{worker_type}}")]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url, data=None):
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


class Processes:
    """Started here, ended here."""

    def __init__(self, folder):
        self.folder, self.all = folder, []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("COGO_")}

    def start(self, name, *argv):
        log = open(self.folder / f"{name}.log", "wb")
        self.all.append(subprocess.Popen(argv, stdout=log, stderr=log, env=self.env))

    def says(self, name, pattern):
        """What that one's log says; waits for it."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            text = (self.folder / f"{name}.log").read_text()
            found = re.search(pattern, text)
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{name}: {text[-2000:]}")

    def end(self):
        for process in reversed(self.all):
            process.send_signal(signal.SIGTERM)
        for process in self.all:
            process.wait(30)


def start_cluster(processes):
    """An orchestrator and a worker node; the addresses of their doors."""
    data = processes.folder / "data"
    processes.start("orchestrator", COGO, "node", "--role", "orchestrator", "--listen", "127.0.0.1:0", "--listen-node", "127.0.0.1:0",
                    "--data", f"{data}-o")
    door, port = processes.says("orchestrator", r"http://(127\.0\.0\.1:\d+).* for nodes on port (\d+)").groups()
    processes.start("worker", COGO, "node", "--role", "worker", "--type", "quality-assurance,indexing", "--listen", "127.0.0.1:0",
                    "--join", f"127.0.0.1:{port}", "--data", f"{data}-w")
    return door, f"127.0.0.1:{processes.says('worker', r'health and metrics on port (?P<port>[0-9]+)').group('port')}"


def start_prometheus(processes, doors):
    """With the shipped jobs; only where they find their targets, and how often, is ours. Its address."""
    config = load(f"{MONITORING}/prometheus.yml")
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [f"{MONITORING}/rules/*.yml"]
    for job, door in zip(config["scrape_configs"], doors):
        del job["dns_sd_configs"], job["authorization"]
        job["static_configs"] = [{"targets": [door]}]
    (processes.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    processes.start("prometheus", "prometheus", f"--config.file={processes.folder}/prometheus.yml",
                    f"--storage.tsdb.path={processes.folder}/tsdb", f"--web.listen-address={address}")
    return address


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory):
    """A real Prometheus that scrapes a real cluster which does some work; yields a function that waits for an expression's data."""
    processes = Processes(tmp_path_factory.mktemp("prometheus"))
    try:
        doors = start_cluster(processes)
        address = start_prometheus(processes, doors)

        def work():
            """Rates need counters that move."""
            tasks = json.dumps({"tasks": [{"role": "echo", "context": {"n": n}} for n in range(20)]}).encode()
            get(f"http://{doors[0]}/v1/tasks:batchCreate", tasks)

        def until(expr):
            end = time.monotonic() + WAIT_S
            while time.monotonic() < end:
                work()
                try:
                    result = get(f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": expr}))["data"]["result"]
                except (OSError, ValueError):  # Not up yet.
                    result = []
                if result:
                    return result
                time.sleep(0.3)
            return []
        assert until('rate(cogo_tasks_total{status="succeeded"}[10s]) > 0'), (processes.folder / "prometheus.log").read_text()[-2000:]
        yield until
    finally:
        processes.end()


def expressions():
    for path in DASHBOARDS:
        with open(path) as file:
            for panel in panels(json.load(file)):
                for target in panel["targets"]:
                    yield f"{os.path.basename(path)}: {panel['title']}", target["expr"]


def test_every_expression_of_the_dashboards_returns_data(prometheus):
    empty = [f"{where}: {expr}" for where, expr in expressions()
             if not any(word in expr for word in ELSEWHERE) and not prometheus(expr.replace("$__rate_interval", "10s"))]
    assert not empty, "\n".join(empty)


def test_every_recording_rule_that_can_has_data(prometheus):
    rules = [r["record"] for g in load(f"{MONITORING}/rules/recording.yml")["groups"] for r in g["rules"]]
    empty = [r for r in sorted(set(rules)) if "deployments" not in r and not prometheus(r)]
    assert not empty, "\n".join(empty)
