"""Many clients at once (open_loop.c), each with a connection and a request of its own, or over connections that are kept: as many as
have room, or at a rate that waits for nobody."""
import json
import os
import subprocess
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
LOOK_S = 0.01  # So often what is beside has its turn.

Accepted = namedtuple("Accepted", "due sent ended repeats token task")  # Seconds; packets that TCP repeated.


def build(folder):
    program = os.path.join(str(folder), "open_loop")
    subprocess.run(["cc", "-std=gnu11", "-O2", "-Wall", "-Werror", "-o", program, os.path.join(HERE, "open_loop.c")], check=True, timeout=120)
    return program


class Heard:
    """What came of all of them; as much of it as the program says for all is an attribute of the same name."""

    def __init__(self, path):
        self.all = []
        with open(path) as file:
            for line in file:
                if line.startswith("{"):
                    self.__dict__.update(json.loads(line))
                else:
                    due, sent, ended, repeats, token, task = line.split()
                    self.all.append(Accepted(int(due) / 1e6, int(sent) / 1e6, int(ended) / 1e6, int(repeats), int(token), task))

    @property
    def rate(self):
        return len(self.all) / max(one.ended for one in self.all)

    @property
    def p99(self):
        """From when it was sent: that this machine was late for it says nothing of the server."""
        return sorted(one.ended - one.sent for one in self.all)[int(len(self.all) * 0.99)]

    @property
    def told_when(self):
        """Whatever was not accepted was refused with 429 or 503, and with a Retry-After."""
        return self.other == self.unanswered == self.without_retry_after == 0


class Clients:
    def __init__(self, program, cluster, *tokens, cpu=None, manner=""):
        self.words = [program, cluster.url.rsplit(":", 1)[1]]
        self.tokens, self.enter = list(tokens), ["taskset", "-c", str(cpu)] if cpu is not None else []
        self.manner = manner  # "kept-", "work-": see open_loop.c
        self.heard = os.path.join(os.path.dirname(program), f"heard-{os.getpid()}-{id(self)}")

    def begin(self, kind, number, seconds):
        with open(self.heard, "w") as out:
            return subprocess.Popen(self.enter + self.words + [self.manner + kind, str(number), str(seconds)] + self.tokens, stdout=out)

    def end(self, process, beside=lambda: None):
        while process.returncode is None:
            try:
                process.wait(LOOK_S)
            except subprocess.TimeoutExpired:
                beside()
        assert process.returncode == 0
        return Heard(self.heard)

    def crowd(self, count, seconds):
        """So many at once, each anew when it is answered."""
        return self.end(self.begin("crowd", count, seconds))

    def flood(self, rate, seconds, beside=lambda: None):
        """@rate a second, each at its time, whatever came of the others; @beside is called now and then."""
        return self.end(self.begin("flood", rate, seconds), beside)
