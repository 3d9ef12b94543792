"""The shipped production files, by a real engine and Compose v2: healthy, working, killed container by container, scaled, and
deployed wrongly in each way that deploy/production.sh knows. Images of others are stood in for by Debian's packages (images/).

Repeat:  bash deploy/packages.sh long && /usr/bin/python3 -m pytest -s tests/long/test_compose.py
         COGO_IMAGES=kept in the environment: with the images of the last run
"""
import glob
import json
import os
import subprocess
import threading
import time
import urllib.parse

import pytest

from engine import KEPT, TOP, Engine, run

IMAGES = os.path.join(TOP, "tests/long/images")
SETTINGS = {"COGO_API_TOKEN": "token-of-the-compose-test", "COGO_CLUSTER_SECRET": "secret-of-the-compose-test",
            "DB_PASSWORD": "password-of-a-test", "COGO_IMAGE": "cogo:test", "COGO_TOOLBOX_IMAGE": "cogo-toolbox:test",
            "COGO_PORT": "127.0.0.1:3000", "PROMETHEUS_IMAGE": "prometheus:test"}
FILES = ["-f", "deploy/compose.yml", "-f", "deploy/compose.prod.yml"]
HEALTHY_S = 120
# Starts and migrates like cogo, but its node never serves.
SICK = """FROM cogo:test
ENTRYPOINT ["bash", "-c", "case $0 in migrate) exec cogo migrate ;; *) exec sleep 1000 ;; esac"]
"""


def compose_program():
    folder = os.path.join(KEPT, "trixie")
    run("bash", os.path.join(TOP, "tests/deploy/suite.sh"), "trixie", folder, "golang-k8s-kube-openapi-dev",
        "golang-github-compose-spec-compose-go-dev", "docker-compose", "kustomize")
    return os.path.join(folder, "root/usr/libexec/docker/cli-plugins/docker-compose")


def build_images():
    if os.environ.get("COGO_IMAGES") == "kept":
        return
    engine = Engine("build")
    try:
        engine.base()
        for tag, target in (("cogo:test", "runtime"), ("cogo-toolbox:test", "toolbox")):
            engine("build", "--network=host", "--target", target, "-t", tag, TOP)
        for tag, name in (("postgres:15", "postgres"), ("redis:7", "redis"), ("prometheus:test", "prometheus")):
            engine("build", "--network=host", "-t", tag, "-f", f"{IMAGES}/{name}.Dockerfile", IMAGES)
        engine("build", "-t", "cogo:sick", "-", input=SICK)
    finally:
        engine.down()


class Project:
    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.program = compose_program()
        self.settings = {**SETTINGS, "COGO_API_TOKEN_FILE": str(folder / "token")}
        (folder / "token").write_text(SETTINGS["COGO_API_TOKEN"])

    def deploy(self, change=None, deadline=HEALTHY_S, raw=""):
        """production.sh with these settings; (exit code, last line of stderr)."""
        env_file = self.folder / "settings.env"
        settings = {k: v for k, v in {**self.settings, **(change or {})}.items() if v is not None}
        env_file.write_text("".join(f"{k}={v}\n" for k, v in settings.items()) + raw)
        done = subprocess.run(["bash", "deploy/production.sh", "--env-file", str(env_file), "--no-build", "--deadline", str(deadline)],
                              cwd=TOP, capture_output=True, text=True, timeout=900, env={**self.engine.env, "COGO_COMPOSE": self.program})
        return done.returncode, done.stderr.strip().splitlines()[-1]

    def compose(self, *words):
        return run(self.program, *FILES, *words, cwd=TOP, env={**self.engine.env, **self.settings})

    def cogo(self, *words):
        return self.compose("exec", "-T", "cogo-orchestrator", "cogo", *words)

    def containers(self):
        lines = self.compose("ps", "--format", "{{.Service}} {{.ID}}").splitlines()
        return [line.split() for line in lines]

    def submit(self, count):
        """Ids of tasks that were acknowledged; () when the door did not answer."""
        body = json.dumps({"tasks": [{"role": "echo", "context": {"n": n, "delayMs": 20}} for n in range(count)]})
        try:
            answer = self.engine.enter("curl", "-sf", "-m", "10", "-H", f"Authorization: Bearer {SETTINGS['COGO_API_TOKEN']}",
                                       "-H", "Content-Type: application/json", "-d", body, "http://127.0.0.1:3000/v1/tasks:batchCreate")
            return [t["taskId"] for t in json.loads(answer)["tasks"] if "taskId" in t]
        except (AssertionError, ValueError):
            return []

    def succeeded(self):
        """Ids, as the journal has them."""
        sql = "SELECT task_id FROM tasks WHERE state = 'succeeded'"
        return set(self.compose("exec", "-T", "postgres", "psql", "-h", "/tmp", "-U", "cogo", "-tAc", sql).split())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    build_images()
    engine = Engine("run")
    p = Project(engine, tmp_path_factory.mktemp("compose"))
    try:
        start = time.monotonic()
        assert p.deploy() == (0, "deployed cogo:test: 14 containers, all healthy")
        print(f"\ncompose: all healthy after {time.monotonic() - start:.0f} s")
        yield p
    finally:
        try:
            p.compose("down", "-v", "-t", "5")
        finally:
            engine.down()


def until(what, seconds=HEALTHY_S, told="it did not happen"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if what():
                return
        except AssertionError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s: {told}")


def test_a_task_runs_on_a_worker_container(project):
    done = json.loads(project.cogo("task", "submit", "sandbox-executor", "--context", '{"argv":["echo","hello"]}', "--wait", "--json"))
    assert done["state"] == "succeeded"
    types = {w["workerType"] for w in json.loads(project.cogo("worker", "list", "--json"))["workers"]}
    assert len(types) == 8


def test_killing_each_container_in_turn_under_load_loses_nothing(project):
    tasks, over = [], threading.Event()

    def load():
        while not over.is_set():
            tasks.extend(project.submit(20))
            over.wait(0.2)
    thread = threading.Thread(target=load)
    thread.start()
    try:
        for service, container in project.containers():
            # Not `docker kill`: after that the engine does not start it again.
            pid = int(project.engine("inspect", "-f", "{{.State.Pid}}", container))
            os.kill(pid, 9)
            until(lambda: project.engine("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", container) not in ("false 0", f"true {pid}"))
            until(lambda: project.cogo("healthcheck") == "ready")
    finally:
        over.set()
        thread.join()
    until(lambda: set(tasks) <= project.succeeded(), told="each task that was acknowledged has succeeded")
    print(f"compose: {len(tasks)} tasks acknowledged while {len(project.containers())} containers were killed")
    assert len(tasks) > 100 and len(set(tasks)) == len(tasks)


def test_a_worker_service_scales(project):
    project.compose("up", "-d", "--no-recreate", "--scale", "cogo-quality-worker=3", "cogo-quality-worker")

    def quality():
        workers = json.loads(project.cogo("worker", "list", "--json"))["workers"]
        return sum(w["workerType"] == "quality-assurance" and w["status"] != "offline" for w in workers)
    until(lambda: quality() == 3)


def test_prometheus_as_shipped_finds_every_container_and_fills_the_dashboards(project):
    def ask(path):
        return json.loads(project.engine.enter("curl", "-sf", "-m", "10", f"http://127.0.0.1:9090/api/v1/{path}"))["data"]

    def data(expr):
        project.submit(5)
        return ask("query?" + urllib.parse.urlencode({"query": expr.replace("$__rate_interval", "1m")}))["result"]
    ours = sum(service == "cogo-orchestrator" or service.endswith("-worker") for service, _ in project.containers())
    until(lambda: sum(t["health"] == "up" for t in ask("targets")["activeTargets"]) == ours)
    asked = 0
    for path in glob.glob(os.path.join(TOP, "deploy/monitoring/grafana/dashboards/*.json")):
        with open(path) as file:
            expressions = [t["expr"] for p in json.load(file)["panels"] for t in p.get("targets", [])]
        for expr in expressions:
            if "cogo_llm_" not in expr:  # No role uses a model yet.
                until(lambda: data(expr), told=f"{os.path.basename(path)}: {expr}")
                asked += 1
    print(f"compose: {ours} targets are up, {asked} expressions of the dashboards have data")


@pytest.mark.parametrize("change, raw, code, says", [
    ({}, "not a setting\n", 2, "a line is not NAME=VALUE"),
    ({"COGO_CLUSTER_SECRET": None}, "", 2, "COGO_CLUSTER_SECRET is not set"),
    ({"COGO_API_TOKEN": "short"}, "", 2, "COGO_API_TOKEN is shorter than 16 bytes"),
    ({"COGO_IMAGE": "cogo:absent"}, "", 3, "cogo:absent"),
    ({"DB_PASSWORD": "another-password"}, "", 4, "migration failed"),
    ({"COGO_IMAGE": "cogo:sick"}, "", 5, "the version before serves again"),
])
def test_a_deployment_that_fails_says_why_and_the_old_version_serves(project, change, raw, code, says):
    got, line = project.deploy(change, deadline=20 if code == 5 else HEALTHY_S, raw=raw)
    assert got == code and says in line, line
    assert not any(secret in line for secret in (SETTINGS["COGO_API_TOKEN"], SETTINGS["DB_PASSWORD"], "another-password"))
    until(lambda: project.cogo("healthcheck") == "ready")
    done = json.loads(project.cogo("task", "submit", "echo", "--context", "{}", "--wait", "--json"))
    assert done["state"] == "succeeded"
