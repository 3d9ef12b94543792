"""Stands between cogo and PostgreSQL on a unix socket, and does to the bytes what networks do."""
import os
import socket
import struct
import threading


class Proxy:
    """`mode` holds for what comes next: pass, slices (one byte at a time), swallow (a COMMIT goes to the server, its
    answer and the connection are lost), lose (the COMMIT itself is lost), hole (nothing goes through, nothing ends)."""

    def __init__(self, folder, server):
        os.makedirs(folder)
        self.folder, self.server = folder, os.path.join(server, ".s.PGSQL.5432")
        self.mode, self.fired = "pass", 0
        self.pairs, self.lock = set(), threading.Lock()
        self.open = threading.Event()
        self.open.set()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(folder, ".s.PGSQL.5432"))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.server)
            except OSError:
                client.close()
                continue
            pair = (client, server)
            with self.lock:
                self.pairs.add(pair)
            for source, target, up in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=(pair, source, target, up), daemon=True).start()

    def pump(self, pair, source, target, up):
        try:
            while True:
                data = source.recv(65536)
                self.open.wait()
                if not data:
                    break
                commit = up and b"COMMIT\x00" in data
                if commit and self.mode in ("swallow", "lose"):
                    if self.mode == "swallow":
                        pair[0].shutdown(socket.SHUT_RDWR)  # The client hears nothing more,
                        target.sendall(data)                # and the server gets it all the same.
                    self.mode, self.fired = "pass", self.fired + 1
                    break
                if self.mode == "slices":
                    for i in range(len(data)):
                        target.sendall(data[i:i + 1])
                else:
                    target.sendall(data)
        except OSError:
            pass
        self.end(pair)

    def end(self, pair, reset=False):
        with self.lock:
            known = pair in self.pairs
            self.pairs.discard(pair)
        for end in pair if known else ():
            if reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut(self, reset=False):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.end(pair, reset)
        self.fired += bool(pairs)

    def close(self):
        self.listener.close()
        self.open.set()
        self.cut()
