"""A cluster as Kubernetes would run it, without Kubernetes: each pod a process in a network namespace with an address that it has
only once, started with the arguments of the shipped manifests; dnsmasq answers like headless Services; PostgreSQL and Redis are real.

Repeat:  bash deploy/packages.sh long && /usr/bin/python3 -m pytest -s tests/long/test_namespaces.py
"""
import json
import os
import random
import signal
import subprocess
import time
import zlib

import pytest
import yaml

from hosts import PREFIX, Names, Network, command, inside, wait_for
from test_long import base, load as load_module

BASE = os.path.join(base.TOP, "deploy/k8s/base")
faults = load_module("test_postgres_faults")
TOKEN, SECRET = "token-of-the-namespaces", "secret-of-the-namespaces"
START_S, STOP_S, REJOIN_S, LONGEST_MS = 30, 60, 3, 1000
SILENT_REJOIN_S = 6  # Until all work again: the lease of a leader that says nothing has to run out.


def container(manifest):
    """Name, headless Service, arguments and plain settings of the StatefulSet in a manifest."""
    with open(os.path.join(BASE, manifest)) as file:
        found = next(d for d in yaml.safe_load_all(file) if d and d["kind"] == "StatefulSet")
    first = found["spec"]["template"]["spec"]["containers"][0]
    settings = {e["name"]: str(e["value"]) for e in first["env"] if "value" in e}
    return found["metadata"]["name"], found["spec"]["serviceName"], first["args"], settings


class Pod(base.Cluster):
    """One pod of a StatefulSet: the same name each time, another address each time."""

    def __init__(self, kube, manifest, ordinal):
        kind, self.service, words, settings = container(manifest)
        self.name, self.kube, self.host, self.url = f"{kind}-{ordinal}", kube, None, None
        super().__init__(kube.folder / self.name, env={**settings, "COGO_API_TOKEN": TOKEN, "COGO_CLUSTER_SECRET": SECRET, "DATABASE_URL": kube.url,
                                                       "REDIS_URL": "redis://redis:6379"})
        self.args = [w.replace("$(POD_NAME)", self.name) for w in words] + ["--data", self.data]
        self.log_path, self.worker = self.data + ".log", "--role=worker" in words
        self.ready = False

    def start(self):
        self.host = self.kube.net.add(self.name)
        self.kube.names.resolv(self.host)
        self.kube.names.change(self.service, add=self.host.address)
        self.url = f"http://{self.host.address}:3000"
        log = open(self.log_path, "ab")
        full = {k: v for k, v in os.environ.items() if not k.startswith("COGO_")}
        self.began = time.monotonic()
        self.process = subprocess.Popen(self.host.enter + [self.binary] + self.args, stdout=log, stderr=log, env={**full, **self.env})
        return self

    def answers(self, path="/ready"):
        try:
            return self.call("GET", path, timeout=2).status == 200
        except OSError:
            return False

    def until_ready(self):
        def check():
            assert self.process.poll() is None, self.log()
            return self.answers()
        try:
            wait_for(check, START_S, f"{self.name} is ready")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log()}") from None
        self.ready = True
        return time.monotonic() - self.began

    def log(self):
        with open(self.log_path) as file:
            return file.read()[-3000:]

    def gone(self):
        self.kube.names.change(self.service, remove=self.host.address)
        self.kube.net.remove(self.host)

    def end(self):
        """As a kubelet: out of the Service, SIGTERM, and the address is gone with the pod."""
        self.ready = False
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(STOP_S) == 0, self.log()
        self.gone()
        return time.monotonic() - start

    def die(self, silently):
        """kill -9; silently: as a machine that loses its power, no packet says so."""
        self.ready = False
        if silently:
            self.host.pull()
        self.process.kill()
        self.process.wait(10)
        self.gone()

    def call(self, method, path, body=None, headers=None, **kwargs):
        with inside(self.kube.client.space):
            return super().call(method, path, body, {"Authorization": f"Bearer {TOKEN}", **(headers or {})}, **kwargs)


class Kube:
    def __init__(self, folder, postgres):
        self.folder, self.postgres = folder, postgres
        self.net, self.pods = Network(), []
        self.names = Names(self.net, str(folder))
        self.client = self.net.add("client")
        self.start_stores()

    def start_stores(self):
        db, redis = self.net.add("postgres"), self.net.add("redis")
        self.names.change("postgres", add=db.address)
        self.names.change("redis", add=redis.address)
        self.postgres.journal()
        self.url = f"postgres://postgres@postgres:5432/postgres?options=-csearch_path%3D{self.postgres.schema}"
        self.postgres.do("stop")
        with open(os.path.join(self.postgres.folder, "data/postgresql.conf"), "a") as file:
            file.write("listen_addresses = '*'\n")
        with open(os.path.join(self.postgres.folder, "data/pg_hba.conf"), "a") as file:
            file.write(f"host all all {PREFIX}.0.0/16 trust\n")
        command(*db.enter, "bash", os.path.join(base.TOP, "tests/postgres.sh"), "start", self.postgres.folder)
        self.redis = subprocess.Popen(redis.enter + ["redis-server", "--save", "", "--bind", redis.address, "--protected-mode", "no"],
                                      stdout=subprocess.DEVNULL)

    def add(self, manifest, ordinals):
        pods = [Pod(self, manifest, n) for n in ordinals]
        self.pods += pods
        for pod in pods:  # podManagementPolicy: Parallel.
            pod.start()
        for pod in pods:
            pod.until_ready()
        return pods

    def orchestrators(self):
        return [p for p in self.pods if not p.worker and p.ready]

    def workers(self):
        """Names of the nodes whose workers take tasks, as any orchestrator tells."""
        answer = random.choice(self.orchestrators()).call("GET", "/v1/workers", timeout=5)
        found = answer.json["workers"]
        return {label[5:] for w in found if w["status"] in ("idle", "working", "busy") for label in w["labels"] if label.startswith("node=")}

    def all_work(self):
        wanted, last = {p.name for p in self.pods if p.worker and p.ready}, []

        def check():
            try:
                last[:] = sorted(self.workers())
            except (OSError, KeyError, ValueError) as error:
                last[:] = [repr(error)]
            return last == sorted(wanted)
        try:
            return wait_for(check, START_S, f"{sorted(wanted)} work")
        except AssertionError as late:
            raise AssertionError(f"{late}, only {last}") from None

    # What Load and check() want of a cluster: the Service in front of all orchestrators that are ready.
    def call(self, method, path, body=None, headers=None, **kwargs):
        if body is not None:  # Every fourth task takes a while; the same each time that it is submitted again.
            key = zlib.crc32(body["context"]["key"].encode())
            body["context"]["delayMs"] = key // 4 % LONGEST_MS if key % 4 == 0 else 0
        return random.choice(self.orchestrators()).call(method, path, body, headers, **kwargs)

    def finished(self, task_id, seconds=60):
        found = []

        def check():  # While nobody leads it is answered with 503.
            found[:] = [self.call("GET", f"/v1/tasks/{task_id}?wait=1s").json]
            return found[0].get("state") in base.TERMINAL
        wait_for(check, seconds, f"{task_id} ends, it is {found}")
        return found[0]

    def close(self):
        for pod in self.pods:
            if pod.process is not None and pod.process.poll() is None:
                pod.process.kill()
                pod.process.wait(10)
        self.redis.kill()
        self.redis.wait(10)
        self.names.close()
        self.net.close()


@pytest.fixture
def kube(tmp_path):
    server = base.Postgres(f"/tmp/cogo_pgn_{os.getpid()}")
    server.do("up", str(os.getpid()))
    cluster = Kube(tmp_path, server)
    try:
        cluster.add("orchestrator.yaml", range(3))
        cluster.add("worker-quality.yaml", range(2))
        cluster.add("worker-codegen.yaml", range(2))
        cluster.all_work()
        yield cluster
    finally:
        cluster.close()
        server.do("down")


def told(name, **figures):
    print(json.dumps({"bench": name, **{k: round(v, 2) if isinstance(v, float) else v for k, v in figures.items()}}))


def test_rolling_every_pod_under_load_loses_nothing(kube):
    load = faults.Load(kube)
    load.grows()
    start, stops, starts = time.monotonic(), [], []
    for pod in sorted(kube.pods, key=lambda p: (p.worker, p.name), reverse=True):
        stops.append(pod.end())
        load.grows()
        starts.append(pod.start().until_ready())
        load.grows()
    kube.all_work()
    load.stop()
    faults.check(kube, kube.postgres, load)
    told("rolling-restart", pods=len(kube.pods), acknowledged=len(load.accepted), lost=0, doubled=0, again=load.refused,
         seconds=time.monotonic() - start, slowest_stop_s=max(stops), slowest_ready_s=max(starts))


def test_workers_scale_from_two_to_six_and_back_under_load(kube):
    load = faults.Load(kube)
    load.grows()
    more = kube.add("worker-quality.yaml", range(2, 6))
    out = kube.all_work()
    load.grows(100)
    for pod in reversed(more):
        pod.end()
        load.grows(5)
        kube.pods.remove(pod)
    kube.all_work()
    load.stop()
    faults.check(kube, kube.postgres, load)
    told("scale-2-6-2", acknowledged=len(load.accepted), lost=0, doubled=0, registered_s=out)


@pytest.mark.parametrize("how, within_s", [("ended", REJOIN_S), ("killed", REJOIN_S), ("vanished", SILENT_REJOIN_S)])
def test_a_pod_of_the_same_name_at_another_address_is_back_soon(kube, how, within_s):
    load, back, linked = faults.Load(kube), {}, {}
    load.grows()
    for pod in (kube.pods[-1], kube.pods[-3], kube.pods[0], kube.pods[1]):
        old, gone = pod.host.address, seen(next(p for p in kube.orchestrators() if p is not pod))[pod.name]
        pod.end() if how == "ended" else pod.die(silently=how == "vanished")
        pod.start()
        assert pod.host.address != old
        wait_for(lambda: all(others_know(kube, pod, gone)), START_S, f"all others are linked with {pod.name}")
        linked[pod.name] = round(time.monotonic() - pod.began, 2)
        pod.until_ready()
        kube.all_work()
        wait_for(lambda: all(others_know(kube, pod, gone)), START_S, f"all are linked with {pod.name}")
        back[pod.name] = round(time.monotonic() - pod.began, 2)
        load.grows(5)
    load.stop()
    faults.check(kube, kube.postgres, load)
    told(f"replaced-{how}", linked_s=linked, back_s=back, acknowledged=len(load.accepted), lost=0, doubled=0)
    assert all(seconds < REJOIN_S for seconds in linked.values())
    assert all(seconds < within_s for seconds in back.values())


def seen(other):
    """Name and incarnation of each node that it is linked with."""
    return {n["name"]: n["incarnation"] for n in other.call("GET", "/v1/nodes").json["nodes"] if n["state"] == "up"}


def others_know(kube, pod, gone):
    """Whether each orchestrator has a link with it, and none with who was in its place; an orchestrator, with all workers, too."""
    for other in kube.orchestrators():
        nodes = seen(other)
        if other is not pod:
            yield nodes.get(pod.name, gone) != gone
        else:
            yield {p.name for p in kube.pods if p.ready and p is not pod} <= set(nodes)
