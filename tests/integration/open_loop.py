"""Many clients at once, each with a connection and a request of its own: as many as have room, or at a rate that waits for nobody."""
import json
import resource
import select
import socket
import time

PATIENCE_S = 60
HEAD = "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 15\r\n"


class Heard:
    """What came of one request. A status of 0: it was closed without an answer."""

    def __init__(self, began, token):
        self.began, self.token, self.ended, self.data, self.status = began, token, None, bytearray(), 0

    @property
    def request(self):
        return (HEAD + (f"Authorization: Bearer {self.token}\r\n" if self.token else "") + '\r\n{"role":"echo"}').encode()

    def end(self):
        self.ended = time.monotonic()
        if self.data.startswith(b"HTTP/1.1 "):
            self.status = int(self.data[9:12])

    @property
    def seconds(self):
        return self.ended - self.began

    @property
    def retry_after(self):
        head = bytes(self.data).split(b"\r\n\r\n")[0].lower().split(b"\r\n")
        return next((int(line.split(b":")[1]) for line in head if line.startswith(b"retry-after:")), 0)

    @property
    def task(self):
        return json.loads(bytes(self.data).split(b"\r\n\r\n", 1)[1])["taskId"]


class Clients:
    def __init__(self, cluster, token=None):
        self.token, self.port, self.poll, self.open, self.heard = token, int(cluster.url.rsplit(":", 1)[1]), select.epoll(), {}, []
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def ask(self, began, token=None):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", self.port))
        self.open[s.fileno()] = (s, Heard(began, token or self.token))
        self.poll.register(s, select.EPOLLOUT)

    def hear(self, seconds):
        for number, event in self.poll.poll(max(seconds, 0)):
            s, heard = self.open[number]
            try:
                if event & select.EPOLLOUT:
                    s.sendall(heard.request)
                    self.poll.modify(s, select.EPOLLIN)
                    continue
                data = s.recv(65536)
            except OSError:
                data = b""
            heard.data += data
            if not data:
                heard.end()
                self.heard.append(heard)
                self.poll.unregister(s)
                del self.open[number]
                s.close()

    def rest(self):
        """Waits for those that are still asked; gives all, and begins anew."""
        end = time.monotonic() + PATIENCE_S
        while self.open:
            assert time.monotonic() < end, f"{len(self.open)} requests without an answer after {PATIENCE_S} s"
            self.hear(1)
        heard, self.heard = self.heard, []
        return heard

    def crowd(self, count, seconds):
        """So many at once, each anew when it is answered."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while len(self.open) < count:
                self.ask(time.monotonic())
            self.hear(end - time.monotonic())
        return self.rest()

    def flood(self, rate, seconds, beside=lambda: None):
        """@rate a second, each at its time, whatever came of the others; @beside is called now and then."""
        began, asked = time.monotonic(), 0
        while asked < rate * seconds:
            now = time.monotonic()
            while asked < rate * seconds and began + asked / rate <= now:
                self.ask(time.monotonic())  # When it leaves: that this machine is late for it says nothing of the server.
                asked += 1
                if asked % 64 == 0:
                    self.hear(0)
            self.hear(min(0.01, began + asked / rate - time.monotonic()))
            beside()
        return self.rest()
