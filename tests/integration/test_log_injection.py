"""What strangers write ends in no line of the log but as data: one line stays one line, and nothing of it reaches a terminal."""
import http.client
import json
import socket
import urllib.parse

import pytest

from hand import Hand

FORGED = "forged-by-a-stranger"
LINE = f'{{"time":"2026-01-01T00:00:00.000Z","level":"error","message":"{FORGED}"}}'
EVIL = {
    "lines": f"x\r\n{LINE}\n",
    "colours": "x\x1b[31m\x1b]0;title\x07\x08\x7f\x9b31m",
    "quotes": '"x","level":"error","' + FORGED + '":"\\',
    "members": f"x outcome=ok tenant={FORGED} level=error",
    "cut": "é" * 600,
}
MEMBERS = {"time", "level", "message", "action", "subject", "outcome", "token", "tenant", "door", "request", "task", "trace", "state", "role",
           "attempt", "worker"}
BROKEN_UTF8 = b"x\xff\xfe\xc3(\xed\xa0\x80\xf8\x88\x80\x80\x80" + b"\xe2\x82" * 50


def raw(cluster, head, body=b""):
    """Bytes as no client library would send them; the status, 0: closed without a word."""
    host, port = cluster.url.split("//")[1].split(":")
    with socket.create_connection((host, int(port)), timeout=20) as s:
        s.sendall(head + b"Host: localhost:%s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (port.encode(), len(body)) + body)
        answer = http.client.HTTPResponse(s)
        try:
            answer.begin()
        except (http.client.HTTPException, OSError):
            return 0
        return answer.status


def by_http(cluster, text, token):
    """In each place of a request that holds text of a stranger."""
    authorized = {"Authorization": f"Bearer {token}"}
    path = urllib.parse.quote(text, safe="")
    for method, target in (("GET", f"/v1/tasks/{path}"), ("POST", f"/v1/tasks/{path}:cancel"), ("DELETE", f"/v1/schedules/{path}"),
                           ("DELETE", f"/v1/tokens/{path}"), ("DELETE", f"/v1/limits/{path}"), ("POST", f"/v1/tasks/{path}:approve?by={path}"),
                           ("GET", f"/v1/{path}"), ("GET", f"/v1/tasks?pageToken={path}&role={path}"), ("GET", f"/v1/artifacts/{path}")):
        assert 400 <= cluster.call(method, target, headers=authorized).status < 500, (method, target)
    for body in ({"role": text}, {"role": "echo", "labels": [f"a={text}"]}, {"role": "echo", "fairnessKey": text},
                 {"role": "echo", "limits": [text]}, {"role": "echo", "parent": text}, {"role": "echo", text: 1},
                 {"role": "code-indexer", "context": {"path": text}, "maxAttempts": 1}, {"role": "echo", "context": {text: text}}):
        assert cluster.call("POST", "/v1/tasks", body, authorized).status < 500, body
    for path, body in (("/v1/tokens", {"name": text, "tenant": text, "scopes": [text]}), ("/v1/limits", {"name": text, "rate": 1}),
                       ("/v1/schedules", {"name": text, "cron": text, "instruction": {"role": text}})):
        assert cluster.call("POST", path, body, authorized).status < 500


def by_header(cluster, value, token):
    authorization = b"Authorization: Bearer " + token.encode()
    for line in (b"Authorization: Bearer " + value, b"X-Request-Id: " + value, b"traceparent: " + value, b"Idempotency-Key: " + value,
                 b"X-" + value + b": 1", b"Origin: " + value, b"User-Agent: " + value):
        more = b"" if line.startswith(b"Authorization") else authorization + b"\r\n"
        assert raw(cluster, b"POST /v1/tasks/tsk_x:cancel HTTP/1.1\r\n" + line + b"\r\n" + more) < 500, line
    assert raw(cluster, b"POST /v1/tasks/" + value + b":cancel HTTP/1.1\r\n" + authorization + b"\r\n") < 500
    broken = b'{"role":"echo","fairnessKey":"' + value + b'"}'
    assert raw(cluster, b"POST /v1/tasks HTTP/1.1\r\nContent-Type: application/json\r\n" + authorization + b"\r\n", broken) < 500


def by_worker(cluster, text, token):
    """A worker's name, its error, and the words of its refusal."""
    hand = Hand(cluster, worker_id="wrk_" + text[:50], token=token, labels=["by=hand"])
    try:
        task = cluster.call("POST", "/v1/tasks", {"role": "echo", "labels": ["by=hand"], "maxAttempts": 1},
                            {"Authorization": f"Bearer {token}"}).json["taskId"]
        metadata = {"processingTime": 1, "quality": 0, "confidence": 0, "errors": [text], "skipped": []}
        assert hand.result(hand.offer(), status="failed", metadata=metadata) == "accepted"
    finally:
        hand.close()
    return task


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_stranger_writes_a_line_or_a_member_or_a_control_character(make_cluster, form):
    root = "root-of-injection-test"
    cluster = make_cluster(env={"COGO_API_TOKEN": root, "COGO_LOG_FORMAT": form, "COGO_LOG_LEVEL": "debug"}, args=["--workers", "indexing"])
    failed = []
    for text in EVIL.values():
        by_http(cluster, text, root)
        failed.append(by_worker(cluster, text, root))
        by_header(cluster, text.encode("latin-1"), root)
    by_header(cluster, BROKEN_UTF8, root)
    assert cluster.stop() == 0
    with open(cluster.log_path, "rb") as file:
        log = file.read()
    lines = log.decode().splitlines()  # Whole UTF-8.
    assert not [c for c in log.decode() if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]
    assert not [task for task in failed if task not in log.decode()], "a failure without a line"
    if form == "text":
        assert not [line for line in lines if line.startswith("{")] and all(line[:4].isdigit() for line in lines), lines
        return
    told = [json.loads(line, object_pairs_hook=once) for line in lines]
    assert len([line for line in told if line.get("action")]) > 20, "the door writes what was asked"
    for line in told:
        assert line["level"] in ("debug", "info", "warn") and line.get("tenant", "*") == "*" and set(line) <= MEMBERS, line


def once(pairs):
    assert len({key for key, _ in pairs}) == len(pairs), pairs
    return dict(pairs)
