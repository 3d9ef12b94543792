"""Nodes of libcogo for tests of networks (net_node.c), and a proxy that does to their bytes what networks do."""
import heapq
import json
import os
import select
import socket
import struct
import subprocess
import threading
import time

from conftest import TOP

HERE = os.path.dirname(os.path.abspath(__file__))
SECRET = "secret of the nodes of a test"
WAIT_S = 30
POLL_S = 0.05  # A hole that closes is seen so late at most.
NORMAL, SHUTDOWN, KILLED, ERROR, NOPROC, NOCONNECTION = range(6)


def build(folder):
    """The program, against the library of this tree."""
    program = os.path.join(str(folder), "net_node")
    subprocess.run(["cc", "-std=gnu11", "-O1", "-g", "-Wall", "-Werror", "-I", os.path.join(TOP, "runtime/include"), "-o", program,
                    os.path.join(HERE, "net_node.c"), os.path.join(TOP, "build/libcogo.a"), "-lmsgpackc", "-lck", "-lssl", "-lcrypto",
                    "-lpthread"], check=True, timeout=120)
    return program


class Node:
    """One process; its events come as dictionaries. `enter` is what starts it on its host."""

    def __init__(self, program, name, listen="127.0.0.1:0", join="", enter=(), heartbeat_ms=250, advertise=None):
        self.name, self.events, self.lock = name, [], threading.Condition()
        words = [program, name, listen, join, str(heartbeat_ms)] + ([advertise] if advertise else [])
        self.process = subprocess.Popen(list(enter) + words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                                        env={**os.environ, "COGO_CLUSTER_SECRET": SECRET})
        threading.Thread(target=self.read, daemon=True).start()
        self.port = self.wait("ready")["port"]

    def read(self):
        for line in self.process.stdout:
            with self.lock:
                self.events.append(json.loads(line))
                self.lock.notify_all()

    def mark(self):
        """Events from here on: give it to wait()."""
        with self.lock:
            return len(self.events)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def of(self, event, since=0, **fields):
        with self.lock:
            return [e for e in self.events[since:] if e["event"] == event and all(e.get(k) == v for k, v in fields.items())]

    def wait(self, event, since=0, seconds=WAIT_S, count=1, **fields):
        """The count-th such event."""
        end = time.monotonic() + seconds
        while True:
            found = self.of(event, since, **fields)
            if len(found) >= count:
                return found[count - 1]
            with self.lock:
                left = end - time.monotonic()
                assert left > 0, f"{self.name}: no {event} {fields} within {seconds} s: {self.events[-8:]}"
                self.lock.wait(min(left, 0.2))

    def does(self, line, seconds=WAIT_S):
        """How the order ended, in words."""
        since = self.mark()
        self.say(line)
        return self.wait("done", since, seconds, word=line.split()[0])["end"]

    def plays(self, peer, count, seconds=WAIT_S):
        since = self.mark()
        self.say(f"play {peer} {count}")
        return self.wait("played", since, seconds)

    def floods(self, peer, count, ms=0, seconds=120):
        since = self.mark()
        self.say(f"flood {peer} {count} {ms}")
        return self.wait("flooded", since, seconds)

    def beats(self, peer):
        since = self.mark()
        self.say(f"beats {peer}")
        return self.wait("beats", since)

    def watches(self, peer):
        since = self.mark()
        assert self.does(f"watch {peer}") == "success"
        return self.wait("watching", since)["watch"]

    def linked(self, peer):
        found = self.of("node", peer=peer)
        return found[-1]["incarnation"] if found and found[-1]["up"] else 0

    def until_linked(self, *peers, seconds=WAIT_S):
        """Their incarnations."""
        end = time.monotonic() + seconds
        while not all(self.linked(p) for p in peers):
            assert time.monotonic() < end, f"{self.name} is not linked with {peers}: {self.events[-8:]}"
            time.sleep(0.01)
        return [self.linked(p) for p in peers]

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode


class Proxy:
    """Between two nodes on loopback. `delay_s` each way; `slice_bytes` at most at a time; `hole`: on the way
    "up", "down" or "both" nothing goes on and nothing ends, and what was sent waits, as TCP has it; reset() ends what there is."""

    def __init__(self, target_port):
        self.target, self.delay_s, self.slice_bytes, self.hole = target_port, 0, 65536, ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = set(), threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.add((client, server))
            threading.Thread(target=self.carry, args=(client, server), daemon=True).start()

    def carry(self, client, server):
        """Both ways, in one thread: bytes wait in a heap until their time has come."""
        waiting, number = [], 0
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                left = max(0, waiting[0][0] - time.monotonic()) if waiting else POLL_S
                open_ways = [s for s, way in ((client, "up"), (server, "down")) if self.hole not in (way, "both")]
                for source in select.select(open_ways, [], [], min(left, POLL_S))[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    number += 1
                    target = server if source is client else client
                    heapq.heappush(waiting, (time.monotonic() + self.delay_s, number, target, data))
                while waiting and waiting[0][0] <= time.monotonic():
                    _, _, target, data = heapq.heappop(waiting)
                    for at in range(0, len(data), self.slice_bytes):
                        target.sendall(data[at:at + self.slice_bytes])
        except (OSError, ValueError):
            pass
        finally:
            self.forget((client, server))

    def forget(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            s.close()

    def reset(self):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            for s in pair:
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # It ended by itself.

    def close(self):
        self.listener.close()
        self.reset()
