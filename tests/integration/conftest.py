"""Starts real clusters for the tests, and talks to them over HTTP as any client would.

Repeat one test:  bash tests/run.sh --only build && /usr/bin/python3 -m pytest tests/integration -k NAME
"""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COGO = os.environ.get("COGO_BINARY", os.path.join(TOP, "build", "cogo"))
FIXTURES = os.path.join(TOP, "tests", "fixtures")
IN_CHILDREN = os.environ.get("COGO_TESTS_WORKERS") == "children"  # Each worker is a child process of its node.
TERMINAL = {"succeeded", "partial", "failed", "cancelled", "expired", "deadlettered"}

# Root's nodes have their work folders in here: those that are killed leave them. Other users pass through.
TEMPORARY = tempfile.mkdtemp(prefix="cogo-tests-", dir="/tmp")
os.chmod(TEMPORARY, 0o711)
atexit.register(shutil.rmtree, TEMPORARY, ignore_errors=True)


def environment(**more):
    """Of a program under test: ours without what would set it up, and @more."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("COGO_")}
    return {**kept, "TMPDIR": TEMPORARY, **more}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def children(pid):
    """The child processes of @pid in which workers run: {name: pid}."""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        for number in open(f"/proc/{pid}/task/{task}/children").read().split():
            try:
                name = open(f"/proc/{number}/cmdline").read().strip("\0")
            except OSError:
                continue  # It has ended.
            if name.startswith("process:"):
                found[name] = int(number)
    return found


def signal_node(process, number):
    """To the node as a whole, as a frozen machine: @process and the children in which it has its workers."""
    for pid in [process.pid, *children(process.pid).values()]:
        os.kill(pid, number)


class Cluster:
    """One `cogo dev` process on a free port, with its data in a folder that survives kill()."""

    def __init__(self, data, env=None, args=(), binary=COGO):
        self.binary = str(binary)
        self.data, self.env, self.args = str(data), dict(env or {}), list(args)
        self.process = self.url = None

    def launch(self, args, log_path, word, timeout=30, env=None):
        """Starts one process and waits until its log says @word; gives both."""
        full = environment(**{**self.env, **(env or {})})
        if IN_CHILDREN and (args[0] == "dev" or "worker" in args):
            full.setdefault("COGO_WORKER_PROCESSES", "all")
        log = open(log_path, "ab")
        offset = log.tell()
        process = subprocess.Popen([self.binary] + args, stderr=log, stdout=log, env=full,
                                   start_new_session=True)
        self.launched = process
        log.close()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            text = open(log_path, "rb").read()[offset:].decode(errors="replace")
            found = re.search(word, text)
            if found:
                return process, found
            if process.poll() is not None:
                break
            time.sleep(0.02)
        process.kill()
        raise AssertionError(f"cogo {args[0]} did not start:\n" + open(log_path).read())

    def start(self, timeout=30, port=0):
        self.log_path = self.data + ".log"
        self.process, found = self.launch(
            ["dev", "--listen", f"127.0.0.1:{port}", "--data", self.data] + self.args,
            self.log_path, r"http://127\.0\.0\.1:(\d+)", timeout)
        self.url = found.group(0)
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)
        return self.process.returncode if self.process else None

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def call(self, method, path, body=None, headers=None, timeout=60, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for key, value in (headers or {}).items():
            request.add_header(key, value)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def submit(self, role, context=None, wait=None, **fields):
        path = "/v1/tasks" + (f"?wait={wait}" if wait else "")
        body = dict(role=role, **fields)
        if context is not None:
            body["context"] = context
        return self.call("POST", path, body)

    def finished(self, task_id, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            task = self.call("GET", f"/v1/tasks/{task_id}?wait=5s").json
            if task["state"] in TERMINAL:
                return task
        raise AssertionError(f"{task_id} is still {task['state']} after {seconds} s")


WORKER_TYPES = ("code-generation,quality-assurance,knowledge-management,integration-testing,"
                "research,sandbox,indexing,deployment")


class NodeCluster(Cluster):
    """The same as two processes: an orchestrator, and a node with all workers. kill() kills the
    orchestrator, kill_workers() the other one."""
    workers = None
    node_port = 0

    def __init__(self, data, worker_types=WORKER_TYPES, worker_args=(), worker_env=None, **kwargs):
        super().__init__(data, **kwargs)
        self.worker_types, self.worker_args, self.worker_env = worker_types, list(worker_args), dict(worker_env or {})
        if "--workers" in self.args:  # What `cogo dev` takes is for the other process here.
            at = self.args.index("--workers")
            self.worker_types = self.args[at + 1]
            del self.args[at:at + 2]

    def start(self, timeout=30, port=0):
        self.log_path = self.data + ".log"
        port = port or (int(self.url.rsplit(":", 1)[1]) if self.url else 0)
        self.process, found = self.launch(
            ["node", "--role", "orchestrator", "--listen", f"127.0.0.1:{port}", "--listen-node",
             f"127.0.0.1:{self.node_port}", "--data", self.data] + self.args,
            self.log_path, r"(http://127\.0\.0\.1:\d+).* for nodes on port (\d+)", timeout)
        self.url, self.node_port = found.group(1), int(found.group(2))
        if self.workers is None:
            self.start_workers()
        return self

    def start_workers(self, types=None, args=(), env=None):
        types = types or self.worker_types
        self.workers, _ = self.launch(
            ["node", "--role", "worker", "--type", types, "--data", self.data + "-workers"]
            + self.worker_args + list(args), self.data + ".workers.log",
            r"(?s)(worker \S+ is registered.*){%d}" % (types.count(",") + 1),
            env=dict({"ORCHESTRATOR_URL": f"cogo://127.0.0.1:{self.node_port}"}, **self.worker_env, **(env or {})))

    def kill_workers(self):
        os.killpg(self.workers.pid, signal.SIGKILL)  # A program that runs it under strace leaves nothing behind.
        self.workers.wait(10)

    def end_workers(self):
        if self.workers and self.workers.poll() is None:
            self.kill_workers()
        self.workers = None

    def stop(self):
        code = super().stop()
        self.end_workers()
        return code


class ElsewhereCluster(NodeCluster):
    """As `cogo dev` to its tests: started when it answers, and when all workers are registered."""

    def start(self, timeout=30, port=0):
        seen = os.path.getsize(self.data + ".workers.log") if self.workers else None
        super().start(timeout, port)
        self.await_ready(self.answers, timeout)
        if seen is not None:  # They were there before: each finds the orchestrator again.
            self.await_ready(lambda: self.registered(seen) > self.worker_types.count(","), timeout)
        return self

    def answers(self):
        path = "/livez" if "--redis-required" in self.args else "/ready"  # Which it is not while a test keeps Redis away.
        try:
            return self.call("GET", path).status == 200
        except OSError:
            return False

    def registered(self, offset):
        text = open(self.data + ".workers.log", "rb").read()[offset:].decode(errors="replace")
        return len(set(re.findall(r"worker (\S+) is registered", text)))

    def await_ready(self, holds, seconds):
        end = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, "it ended while it started:\n" + open(self.log_path).read()[-2000:]
            assert time.monotonic() < end, f"not ready after {seconds} s:\n" + open(self.log_path).read()[-2000:]
            time.sleep(0.02)


# COGO_TESTS_WORKERS=elsewhere: every test has its workers in another process, behind a link.
AnyCluster = ElsewhereCluster if os.environ.get("COGO_TESTS_WORKERS") == "elsewhere" else Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """One cluster that many tests share."""
    c = AnyCluster(tmp_path_factory.mktemp("shared") / "data").start()
    yield c
    assert c.stop() == 0, open(c.log_path).read()[-2000:]


def cluster_maker(folder, kind):
    """For fixtures: yields a function that starts clusters, and kills what is left of them."""
    made = []

    def make(name="data", **kwargs):
        made.append(kind(folder / name, **kwargs))
        return made[-1].start()
    yield make
    for c in made:
        if c.process and c.process.poll() is None:
            c.process.kill()
            c.process.wait(10)
        if isinstance(c, NodeCluster):
            c.end_workers()


@pytest.fixture
def make_cluster(tmp_path):
    yield from cluster_maker(tmp_path, AnyCluster)


class Installed:
    """What `scons docs install` put into a folder: headers, libraries, cogo.pc, man pages."""

    def __init__(self, prefix):
        self.prefix = str(prefix)
        lib = os.path.join(self.prefix, "lib")
        self.env = dict(os.environ, PKG_CONFIG_PATH=os.path.join(lib, "pkgconfig"),
                        LD_LIBRARY_PATH=lib)
        subprocess.run(["scons", "-s", "docs", "install", "prefix=" + self.prefix], cwd=TOP,
                       check=True, timeout=600, stdout=subprocess.DEVNULL)

    def compile(self, source, folder, more=()):
        """A program of one file, built with what pkg-config says and nothing else of the tree."""
        program = os.path.join(str(folder), os.path.basename(source)[:-2])
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "cogo"], env=self.env,
                               check=True, capture_output=True, text=True).stdout.split()
        done = subprocess.run(["cc", "-std=gnu11", "-Wall", "-Werror", "-o", program, source]
                              + flags + list(more), cwd=str(folder), env=self.env,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return program


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"))


def run_cogo(*args, timeout=240, env=None, **kwargs):
    """The command line, as a user types it. No cluster answers at the default address."""
    full = environment(**(env or {}))
    full.setdefault("XDG_STATE_HOME", "/tmp/cogo-tests-state")
    return subprocess.run([COGO] + list(args), capture_output=True, text=True, timeout=timeout,
                          env=full, **kwargs)


sys.dont_write_bytecode = True


class Postgres:
    """A private server on a socket; each journal() is a schema of its own in it."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0

    def do(self, what, *args):
        subprocess.run(["bash", os.path.join(TOP, "tests", "postgres.sh"), what, self.folder, *args], check=True)

    def sql(self, text, schema="public"):
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-c", text],
                              env=dict(os.environ, PGOPTIONS=f"-csearch_path={schema}"), check=True,
                              capture_output=True, text=True)
        return done.stdout.strip()

    def journal(self, host=None):
        self.count += 1
        self.schema = f"journal_{self.count}"
        self.sql(f"CREATE SCHEMA {self.schema}")
        return self.url(host)

    def url(self, host=None):
        return f"postgres://postgres@/postgres?host={host or self.folder}&options=-csearch_path%3D{self.schema}"


@pytest.fixture(scope="session")
def postgres():
    server = Postgres(f"/tmp/cogo_pgi_{os.getpid()}")
    server.do("up", str(os.getpid()))
    yield server
    server.do("down")
