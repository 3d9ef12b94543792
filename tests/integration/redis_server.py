"""A real redis-server of its own for a test, and redis-cli as anybody would use it."""
import json
import socket
import subprocess

from test_postgres_faults import until


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Redis:
    def __init__(self, folder, *args, cli=(), url="redis://127.0.0.1:{port}"):
        self.folder, self.args, self.cli_args = folder, args, list(cli)
        self.port = free_port()
        self.url = url.format(port=self.port)
        self.process = None

    def start(self):
        """What was answered is on disk, also after kill()."""
        port = ("--port", "0", "--tls-port", str(self.port)) if self.url.startswith("rediss") else ("--port", str(self.port))
        self.log = open(self.folder / "redis.log", "ab")
        self.process = subprocess.Popen(
            ["redis-server", *port, "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", "--appendonly", "yes",
             "--appendfsync", "always", *self.args], stdout=self.log, stderr=self.log, start_new_session=True)
        until(self.answers, 20, "redis-server answers")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def end(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def run(self, *args, data=None):
        return subprocess.run(["redis-cli", "-h", "localhost", "-p", str(self.port), *self.cli_args, *args], input=data,
                              capture_output=True, timeout=60)

    def answers(self):
        return self.run("PING").stdout.strip() == b"PONG"

    def cli(self, *args):
        done = self.run("--json", *args)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return json.loads(done.stdout)

    def add(self, body, **fields):
        """One instruction; gives the id of its entry."""
        text = body if isinstance(body, str) else json.dumps(body)
        return self.cli("XADD", "cogo:instructions", "*", "data", text, *sum(([k, v] for k, v in fields.items()), []))

    def read(self, stream):
        return [(entry, dict(zip(fields[::2], fields[1::2]))) for entry, fields in self.cli("XRANGE", stream, "-", "+")]

    def results(self, kind=None, entry=None):
        return [one for _, one in self.read("cogo:results")
                if kind in (None, one["type"]) and entry in (None, one["entry"])]

    def wait(self, kind, count=1, entry=None, seconds=30):
        until(lambda: len(self.results(kind, entry)) >= count, seconds, f"{count} {kind}")
        found = self.results(kind, entry)
        assert len(found) == count, found
        return found

    def pending(self):
        return self.cli("XPENDING", "cogo:instructions", "cogo")[0]
