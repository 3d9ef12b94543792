"""What a Kubernetes Service is to a client: one address, behind it whichever pod answers, in turn."""
import socket
import threading


class Service:
    def __init__(self, ports):
        self.ports, self.turn = list(ports), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = self.reach()
            if server is None:
                client.close()
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def reach(self):
        for _ in self.ports:
            self.turn += 1
            try:
                return socket.create_connection(("127.0.0.1", self.ports[self.turn % len(self.ports)]), 2)
            except OSError:
                pass
        return None

    @staticmethod
    def pump(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def end(self):
        self.listener.close()
