"""A collector of OpenTelemetry for tests: keeps what it is sent, and answers as it is told to."""
import http.server
import json
import threading
import time


class Collector:
    def __init__(self, statuses=(), headers=()):
        """@statuses are for the first requests; then 200."""
        self.statuses, self.extra = list(statuses), dict(headers)
        self.requests, self.seen, self.lock = [], [], threading.Lock()
        self.partial = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    status = outer.statuses.pop(0) if outer.statuses else 200
                    outer.seen.append((self.path, dict(self.headers), status, time.monotonic()))
                    if status == 200:
                        outer.requests.append(json.loads(body))
                answer = json.dumps(outer.partial or {}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                for key, value in outer.extra.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def spans(self):
        with self.lock:
            return [span for request in self.requests for resource in request["resourceSpans"]
                    for scope in resource["scopeSpans"] for span in scope["spans"]]

    def wait(self, enough, seconds=60):
        end = time.monotonic() + seconds
        while not enough(self.spans()):
            assert time.monotonic() < end, self.spans()
            time.sleep(0.05)
        return self.spans()


def attributes(span):
    return {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
