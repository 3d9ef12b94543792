"""Large values and stored files: kept once by their SHA-256, served whole or in parts, gone with their last task."""
import hashlib
import json
import os
import sqlite3

import pytest

from conftest import NodeCluster, cluster_maker, run_cogo
from hand import Hand

ROOT = "root-of-the-artifacts"
LARGE = {"text": "x" * 300_000, "n": 7}
INLINE_MAX, BYTES_MAX = 256 * 1024, 16 * 1024 * 1024


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(params=["sqlite", "postgres"])
def stored(request, make_cluster):
    env = {"COGO_API_TOKEN": ROOT}
    if request.param == "postgres":
        env["DATABASE_URL"] = request.getfixturevalue("postgres").journal()
    cluster = make_cluster(env=env, args=["--workers", "indexing", "--keep-every", "1s"])
    cluster.engine = request.param
    cluster.pg = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return cluster


def sql(cluster, text):
    if cluster.engine == "postgres":
        return int(cluster.pg.sql(text, cluster.pg.schema))
    db = sqlite3.connect(f"file:{os.path.join(cluster.data, 'cogo.db')}?mode=ro", uri=True)
    try:
        return db.execute(text).fetchone()[0]
    finally:
        db.close()


def dangling(cluster):
    return (sql(cluster, "SELECT count(*) FROM task_artifacts l LEFT JOIN artifacts a ON a.hash = l.hash "
                "WHERE a.hash IS NULL"),
            sql(cluster, "SELECT count(*) FROM artifacts a LEFT JOIN task_artifacts l ON a.hash = l.hash "
                "WHERE l.hash IS NULL"))


def call(cluster, method, path, body=None, headers=None, token=ROOT, **more):
    return cluster.call(method, path, body, dict(bearer(token), **(headers or {})), **more)


def echo(cluster, context, **fields):
    return call(cluster, "POST", "/v1/tasks?wait=30s", dict(role="echo", context=context, **fields)).json


def test_a_large_context_and_output_are_kept_beside_the_task_and_survive_a_kill(stored):
    small = echo(stored, {"text": "small"})
    assert small["result"]["output"] == {"text": "small"} and small["artifacts"] == []
    done = echo(stored, LARGE)
    assert done["state"] == "succeeded"
    assert "context" not in done and "output" not in done["result"]
    names = {a["name"]: a for a in done["artifacts"]}
    assert set(names) == {"context", "output"}
    assert names["context"]["sha256"] == names["output"]["sha256"] == done["result"]["outputArtifact"]["sha256"]
    assert names["context"]["lease"] == 0 and names["output"]["lease"] > 0
    assert sql(stored, "SELECT count(*) FROM artifacts") == 1, "the same bytes are kept once"
    path = f"/v1/tasks/{done['taskId']}/artifacts"
    stored.kill()
    stored.start(port=int(stored.url.rsplit(":", 1)[1]))
    listed = call(stored, "GET", path).json["artifacts"]
    assert listed == done["artifacts"]
    answer = call(stored, "GET", f"{path}/output")
    assert answer.status == 200 and answer.json == LARGE
    assert answer.headers["Content-Type"] == "application/json"
    packed = call(stored, "GET", f"{path}/output", headers={"Accept": "application/msgpack"})
    assert packed.headers["Content-Type"] == "application/msgpack"
    assert hashlib.sha256(packed.body).hexdigest() == names["output"]["sha256"]
    assert len(packed.body) == names["output"]["size"]
    assert call(stored, "GET", f"/v1/tasks/{done['taskId']}/result").json["outputArtifact"] == names["output"]
    metrics = call(stored, "GET", "/metrics").body.decode()
    assert "cogo_artifacts_total{" in metrics and "cogo_artifact_bytes_total{" in metrics
    assert dangling(stored) == (0, 0)


def test_who_waits_for_a_large_output_gets_it_whole_also_after_a_restart(stored):
    first = echo(stored, LARGE)
    stored.kill()
    stored.start(port=int(stored.url.rsplit(":", 1)[1]))
    token = call(stored, "POST", "/v1/tokens", {"scopes": ["work"], "tenant": "*"}).json["token"]
    hand = Hand(stored, token=token)
    try:
        call(stored, "POST", "/v1/tasks", {"role": "echo", "labels": ["by=hand"], "dependencies": [first["taskId"]],
                                          "context": {"after": 1}})
        offer = hand.offer()
        assert offer["context"]["previousResults"][0]["output"] == LARGE
        assert hand.result(offer, {"ok": True}) == "accepted"
        call(stored, "POST", "/v1/tasks", {"role": "echo", "labels": ["by=hand"], "context": LARGE})
        offer = hand.offer()
        assert offer["context"]["input"] == LARGE
        assert hand.result(offer, LARGE) == "accepted"
        assert call(stored, "GET", f"/v1/tasks/{offer['instruction']['taskId']}/artifacts/output").json == LARGE
    finally:
        hand.close()


def test_a_worker_stores_files_for_its_attempt_only(stored):
    token = call(stored, "POST", "/v1/tokens", {"scopes": ["work"], "tenant": "*"}).json["token"]
    hand = Hand(stored, token=token)
    blob = os.urandom(3 * 1024 * 1024)
    try:
        task = call(stored, "POST", "/v1/tasks", {"role": "echo", "labels": ["by=hand"], "context": {}}).json["taskId"]
        offer = hand.offer()
        path, lease = f"/v1/tasks/{task}/artifacts", offer["lease"]

        def put(name, raw, lease=lease, token=token, kind="application/x-tar"):
            return call(stored, "PUT", f"{path}/{name}" + (f"?lease={lease}" if lease is not None else ""), raw=raw,
                        token=token, headers={"Content-Type": kind})
        stored_as = put("build.tar", blob)
        assert stored_as.status == 201, stored_as.body
        assert stored_as.json["sha256"] == hashlib.sha256(blob).hexdigest() and stored_as.json["size"] == len(blob)
        assert put("build.tar", blob).status == 201, "the same again"
        assert put("log.txt", b"", kind="text/plain").status == 201, "nothing is something, too"
        for bad, status, word in [(put("build.tar", b"x", lease=lease + 1), 409, "lease"),
                                  (put("build.tar", b"x", lease=None), 422, "lease"),
                                  (put("context", b"x"), 422, "name"),
                                  (put(".hidden", b"x"), 422, "name"),
                                  (put("output", b"x", kind="text/plain"), 415, "output"),
                                  (put("output", b"{", kind="application/json"), 400, "")]:
            assert bad.status == status and word in bad.json["detail"], bad.body
        assert put("big", b"x" * (BYTES_MAX + 1)).status == 413
        reader = call(stored, "POST", "/v1/tokens", {"scopes": ["submit"]}).json["token"]
        assert put("build.tar", b"x", token=reader).status == 403
        assert put("output", json.dumps({"big": "y" * 2_000_000}).encode(), kind="application/json").status == 201
        assert hand.result(offer) == "accepted"
        done = call(stored, "GET", f"/v1/tasks/{task}?wait=10s").json
        assert done["result"]["outputArtifact"]["name"] == "output"
        assert {a["name"] for a in done["artifacts"]} == {"build.tar", "log.txt", "output"}
        assert call(stored, "GET", f"{path}/output").json["big"] == "y" * 2_000_000
        assert put("late.txt", b"x").status == 409, "the attempt is over"
        answer = call(stored, "GET", f"{path}/build.tar")
        assert answer.body == blob and answer.headers["Content-Type"] == "application/x-tar"
        assert call(stored, "GET", f"{path}/log.txt").body == b""
        assert call(stored, "GET", f"{path}/none").json["code"] == "ARTIFACT_NOT_FOUND"
        assert dangling(stored) == (0, 0)
    finally:
        hand.close()


@pytest.fixture
def restarted(tmp_path):
    """An orchestrator by itself: its workers outlive it, and keep what they work on."""
    for make in cluster_maker(tmp_path, NodeCluster):
        cluster = make(env={"COGO_API_TOKEN": ROOT}, worker_types="indexing")
        cluster.engine = "sqlite"
        yield cluster


def test_what_a_worker_has_stored_survives_a_kill_before_its_result(restarted):
    stored = restarted
    token = call(stored, "POST", "/v1/tokens", {"scopes": ["work"], "tenant": "*"}).json["token"]
    hand = Hand(stored, token=token, session="session-of-the-hand")
    task = call(stored, "POST", "/v1/tasks", {"role": "echo", "labels": ["by=hand"], "context": {}}).json["taskId"]
    after = call(stored, "POST", "/v1/tasks", {"role": "echo", "dependencies": [task], "labels": ["by=hand"]}).json["taskId"]
    offer = hand.offer()
    path = f"/v1/tasks/{task}/artifacts"

    def put(name, raw, kind):
        return call(stored, "PUT", f"{path}/{name}?lease={offer['lease']}", raw=raw, token=token,
                    headers={"Content-Type": kind}).status
    blob, output = os.urandom(500_000), {"big": "z" * 700_000}
    assert put("build.tar", blob, "application/x-tar") == 201
    assert put("output", json.dumps(output).encode(), "application/json") == 201
    stored.kill()
    stored.start(port=int(stored.url.rsplit(":", 1)[1]))
    assert call(stored, "GET", f"{path}/build.tar").body == blob
    assert dangling(stored) == (0, 0)
    hand.reconnect([offer])
    try:
        assert hand.result(offer) == "accepted"
        done = call(stored, "GET", f"/v1/tasks/{task}?wait=10s").json
        assert done["result"]["outputArtifact"]["lease"] == offer["lease"]
        assert call(stored, "GET", f"{path}/output").json == output
        second = hand.offer()
        assert second["instruction"]["taskId"] == after
        assert second["context"]["previousResults"][0]["output"] == output, "read back for who waits for it"
        assert hand.result(second, {}) == "accepted"
    finally:
        hand.close()


def test_parts_and_tags(stored):
    done = echo(stored, LARGE)
    path = f"/v1/tasks/{done['taskId']}/artifacts/output"
    whole = call(stored, "GET", path)
    tag, size = whole.headers["ETag"], len(whole.body)
    for accept in ({}, {"Accept": "application/msgpack"}):
        whole = call(stored, "GET", path, headers=accept)
        tag, size = whole.headers["ETag"], len(whole.body)
        assert call(stored, "GET", path, headers=dict(accept, **{"If-None-Match": f'"x", {tag}'})).status == 304
        assert call(stored, "GET", path, headers=dict(accept, **{"If-None-Match": '"other"'})).status == 200
        for text, first, last in [("bytes=0-9", 0, 9), ("bytes=100-", 100, size - 1), ("bytes=-5", size - 5, size - 1),
                                  (f"bytes=5-{size * 2}", 5, size - 1)]:
            part = call(stored, "GET", path, headers=dict(accept, Range=text))
            assert part.status == 206 and part.body == whole.body[first:last + 1], (text, part.status)
            assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        gone = call(stored, "GET", path, headers=dict(accept, Range=f"bytes={size}-"))
        assert gone.status == 416 and gone.headers["Content-Range"] == f"bytes */{size}"
        for odd in ("bytes=9-1", "lines=1-2", "bytes=0-1,5-6", "bytes=a-b"):
            assert call(stored, "GET", path, headers=dict(accept, Range=odd)).status == 200, odd
        resumed = dict(accept, Range="bytes=3-4", **{"If-Range": '"changed"'})
        assert call(stored, "GET", path, headers=resumed).body == whole.body
        resumed["If-Range"] = tag
        assert call(stored, "GET", path, headers=resumed).body == whole.body[3:5]
        head = call(stored, "HEAD", path, headers=accept)
        assert head.status == 200 and int(head.headers["Content-Length"]) == size and head.headers["ETag"] == tag


def test_foreign_ids_do_not_exist(stored):
    acme = call(stored, "POST", "/v1/tokens", {"scopes": ["submit"], "tenant": "acme"}).json["token"]
    beta = call(stored, "POST", "/v1/tokens", {"scopes": ["submit"], "tenant": "beta"}).json["token"]
    task = call(stored, "POST", "/v1/tasks?wait=30s", {"role": "echo", "context": LARGE}, token=acme).json["taskId"]
    for tail in ("", "/output"):
        assert call(stored, "GET", f"/v1/tasks/{task}/artifacts{tail}", token=acme).status == 200
        foreign = call(stored, "GET", f"/v1/tasks/{task}/artifacts{tail}", token=beta)
        assert foreign.status == 404 and foreign.json["code"] == "TASK_NOT_FOUND"


def test_the_last_task_takes_its_artifact_along(request, make_cluster):
    keep = ["--workers", "indexing", "--keep-every", "200ms", "--keep-tasks", "1"]
    cluster = make_cluster(args=keep)
    cluster.engine = "sqlite"
    first = cluster.submit("echo", LARGE, wait="30s").json
    second = cluster.submit("echo", LARGE, wait="30s").json
    cluster.submit("echo", {"small": 1}, wait="30s")
    import time
    end = time.monotonic() + 30
    while sql(cluster, "SELECT count(*) FROM artifacts") > 0:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert cluster.call("GET", f"/v1/tasks/{first['taskId']}").status == 404
    assert cluster.call("GET", f"/v1/tasks/{second['taskId']}/artifacts/output").status == 404
    assert dangling(cluster) == (0, 0)


def test_the_command_line_shows_them(cluster, tmp_path):
    env = {"ORCHESTRATOR_URL": cluster.url}
    context = tmp_path / "context.json"
    context.write_text(json.dumps(LARGE))
    done = run_cogo("task", "submit", "echo", "--context", f"@{context}", "--wait", "--json", env=env)
    assert done.returncode == 0, done.stderr
    task = json.loads(done.stdout)
    assert task["result"]["output"] == LARGE, "as a small one is"
    listed = run_cogo("artifact", "list", task["taskId"], env=env)
    assert listed.returncode == 0 and "output" in listed.stdout and "context" in listed.stdout
    into = tmp_path / "out.json"
    assert run_cogo("artifact", "get", task["taskId"], "output", "--output", str(into), env=env).returncode == 0
    assert json.loads(into.read_text()) == LARGE
    assert run_cogo("artifact", "get", task["taskId"], "nothing", env=env).returncode == 3


def test_a_context_that_expands_beyond_the_limit_is_refused_by_name(cluster):
    answer = cluster.call("POST", "/v1/tasks:batchCreate",
                          raw=b'{"tasks":[{"role":"echo","context":[' + b"1.5," * 3_000_000 + b"1]}]}")
    item = answer.json["tasks"][0]
    assert item["status"] == 413 and item["code"] == "CONTEXT_TOO_LARGE" and "context" in item["detail"]
