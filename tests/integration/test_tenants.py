"""Tokens with scopes and tenants: who sees, does and lists what; limits; nothing of a secret anywhere."""
import os

import pytest
import websockets

from conftest import run_cogo
from test_postgres_faults import until
from test_workers_outside import hear, registration, run, say

ROOT = "root-s3cret-of-the-operator"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def make(cluster, scopes, tenant=None, by=ROOT, **more):
    body = dict(scopes=scopes, **more)
    if tenant:
        body["tenant"] = tenant
    answer = cluster.call("POST", "/v1/tokens", body, bearer(by))
    assert answer.status == 201, answer.body
    return answer.json


@pytest.fixture(params=["sqlite", "postgres"])
def guarded(request, make_cluster):
    env = {"COGO_API_TOKEN": ROOT, "COGO_TENANT_RATES": "1000,narrow=2"}
    if request.param == "postgres":
        env["DATABASE_URL"] = request.getfixturevalue("postgres").journal()
    return make_cluster(env=env, args=["--workers", "indexing"])


def submit(cluster, token, **more):
    key = more.pop("key", None)
    headers = dict(bearer(token), **({"Idempotency-Key": key} if key else {}))
    return cluster.call("POST", "/v1/tasks", dict({"role": "echo", "context": {"a": 1}}, **more), headers)


def test_tenants_do_not_see_each_other(guarded):
    acme = make(guarded, ["submit"], "acme")["token"]
    beta = make(guarded, ["submit"], "beta")["token"]
    plain = make(guarded, ["submit"])["token"]
    task = submit(guarded, acme).json
    assert task["tenant"] == "acme"
    ours = submit(guarded, ROOT).json
    assert "tenant" not in ours
    flow = guarded.call("POST", "/v1/workflows", {"tasks": [{"role": "echo"}]}, bearer(acme)).json
    unknown = "tsk_00000000000000000000000000"
    for method, path in [("GET", ""), ("GET", "/events"), ("GET", "/result"), ("GET", "/explain"), ("POST", ":cancel"),
                         ("POST", ":retry")]:
        foreign = guarded.call(method, f"/v1/tasks/{task['taskId']}{path}", headers=bearer(beta))
        none = guarded.call(method, f"/v1/tasks/{unknown}{path}", headers=bearer(beta))
        assert foreign.status == none.status == 404, (path, foreign.body, none.body)
        same = {k: v for k, v in none.json.items() if k not in ("requestId", "instance")}
        for key, value in same.items():
            assert str(foreign.json[key]).replace(task["taskId"], unknown) == str(value), (path, key)
        assert foreign.json.keys() == none.json.keys()
    assert guarded.call("GET", f"/v1/workflows/{flow['workflowId']}", headers=bearer(beta)).status == 404
    assert guarded.call("GET", f"/v1/workflows/{flow['workflowId']}", headers=bearer(acme)).status == 200
    stream = guarded.call("GET", f"/v1/tasks/{task['taskId']}/events",
                          headers=dict(bearer(beta), Accept="text/event-stream"))
    assert stream.status == 404
    for token, ids in ((acme, {task["taskId"], flow["tasks"][0]["taskId"]}), (beta, set()), (plain, {ours["taskId"]})):
        page = guarded.call("GET", "/v1/tasks", headers=bearer(token)).json
        assert {t["taskId"] for t in page["tasks"]} == ids
    assert len(guarded.call("GET", "/v1/workflows", headers=bearer(acme)).json["workflows"]) == 1
    assert len(guarded.call("GET", "/v1/workflows", headers=bearer(beta)).json["workflows"]) == 0
    assert len(guarded.call("GET", "/v1/tasks", headers=bearer(ROOT)).json["tasks"]) == 3
    bad = submit(guarded, beta, dependencies=[task["taskId"]])
    assert bad.status == 422 and bad.json["code"] == "UNKNOWN_DEPENDENCY"
    assert submit(guarded, acme, dependencies=[task["taskId"]]).status == 202
    mine = guarded.call("GET", f"/v1/tasks/{task['taskId']}?wait=20s", headers=bearer(acme)).json
    assert mine["state"] == "succeeded"


def test_keys_of_tenants_never_meet(guarded):
    acme = make(guarded, ["submit"], "acme")["token"]
    beta = make(guarded, ["submit"], "beta")["token"]
    one, other = submit(guarded, acme, key="k"), submit(guarded, beta, key="k", priority="high")
    root = submit(guarded, ROOT, key="k", priority="low")
    assert one.status == other.status == root.status == 202
    again = submit(guarded, acme, key="k")
    assert again.headers["Idempotency-Replayed"] == "true" and again.json["taskId"] == one.json["taskId"]


def test_scopes_limit_what_a_token_may_do(guarded):
    reader = make(guarded, ["read"], "acme")["token"]
    admin = make(guarded, ["admin"], "acme")["token"]
    assert guarded.call("GET", "/v1/tasks", headers=bearer(reader)).status == 200
    refused = submit(guarded, reader)
    assert refused.status == 403 and "submit" in refused.json["detail"]
    assert guarded.call("GET", "/v1/roles", headers=bearer(reader)).status == 200
    for token in (reader, admin):
        for path in ("/v1/workers", "/v1/actors", "/v1/nodes", "/metrics"):
            assert guarded.call("GET", path, headers=bearer(token)).status == 403, path
        assert guarded.call("POST", "/v1/workers/wrk_x:drain", headers=bearer(token)).status == 403
    assert guarded.call("GET", "/v1/tokens", headers=bearer(reader)).status == 403
    assert guarded.call("POST", "/v1/tokens", {"scopes": ["read"], "tenant": "beta"}, bearer(admin)).status == 403
    assert make(guarded, ["read"], by=admin)["tenant"] == "acme"
    scraper = make(guarded, ["read"], "*")["token"]
    assert guarded.call("GET", "/metrics", headers=bearer(scraper)).status == 200
    assert submit(guarded, scraper).status == 403
    assert guarded.call("DELETE", "/v1/workers/wrk_x", headers=bearer(scraper)).status == 403
    for body, field in [({"scopes": []}, "/scopes"), ({"scopes": ["root"]}, "/scopes"),
                        ({"scopes": ["work"], "tenant": "acme"}, "/scopes"), ({"scopes": ["read"], "tenant": "A b"}, "/tenant"),
                        ({"scopes": ["read"], "expiresAt": "2001-01-01T00:00:00.000Z"}, "/expiresAt"),
                        ({"scopes": ["read"], "token": "mine"}, "/token"), ({"tenant": "acme"}, "/scopes")]:
        answer = guarded.call("POST", "/v1/tokens", body, bearer(ROOT))
        assert answer.status == 422 and answer.json["errors"][0]["pointer"] == field, answer.body


def test_a_revoked_token_ends_and_survivors_outlive_a_restart(guarded):
    gone, kept = make(guarded, ["read"], "acme"), make(guarded, ["read"], "acme", name="kept")
    assert guarded.call("GET", "/v1/tasks", headers=bearer(gone["token"])).status == 200
    answer = guarded.call("DELETE", f"/v1/tokens/{gone['tokenId']}", headers=bearer(ROOT))
    assert answer.status == 200 and answer.json["revokedAt"]
    assert guarded.call("GET", "/v1/tasks", headers=bearer(gone["token"])).status == 401
    assert guarded.call("DELETE", f"/v1/tokens/{gone['tokenId']}", headers=bearer(ROOT)).status == 404
    assert guarded.call("GET", "/v1/tasks", headers=bearer("cogo_" + "x" * 43)).status == 401
    guarded.kill()
    guarded.start()
    assert guarded.call("GET", "/v1/tasks", headers=bearer(gone["token"])).status == 401
    assert guarded.call("GET", "/v1/tasks", headers=bearer(kept["token"])).status == 200
    listed = guarded.call("GET", "/v1/tokens", headers=bearer(ROOT)).json["tokens"]
    assert {t["tokenId"] for t in listed} == {gone["tokenId"], kept["tokenId"]}
    assert not any("token" in t or "hash" in t for t in listed)
    guarded.stop()
    places = [guarded.log_path] + [os.path.join(f, n) for f, _, names in os.walk(guarded.data) for n in names]
    for path in places:
        data = open(path, "rb").read()
        for secret in (gone["token"], kept["token"], ROOT):
            assert secret.encode() not in data, path


def test_a_tenant_over_its_rate_is_told_when_to_come_back(guarded):
    narrow = make(guarded, ["submit"], "narrow")["token"]
    wide = make(guarded, ["submit"], "wide")["token"]
    answers = [guarded.call("GET", "/v1/tasks", headers=bearer(narrow)) for _ in range(12)]
    limited = [a for a in answers if a.status == 429]
    assert limited and answers[0].status == 200
    assert limited[0].json["code"] == "RATE_LIMITED" and int(limited[0].headers["Retry-After"]) >= 1
    assert narrow not in limited[0].body.decode()
    assert guarded.call("GET", "/v1/tasks", headers=bearer(wide)).status == 200
    assert guarded.call("GET", "/v1/tasks", headers=bearer(ROOT)).status == 200


def test_the_command_line_makes_lists_and_revokes(guarded):
    env = {"COGO_API_TOKEN": ROOT, "ORCHESTRATOR_URL": guarded.url}
    made = run_cogo("token", "create", "--tenant", "acme", "--scope", "read,submit", "--name", "ci", "--expires", "30d",
                    env=env)
    assert made.returncode == 0 and made.stdout.startswith("cogo_"), made.stderr
    secret = made.stdout.strip()
    assert secret not in made.stderr
    done = run_cogo("task", "submit", "echo", "--wait", env=dict(env, COGO_API_TOKEN=secret))
    assert done.returncode == 0, done.stderr
    listed = run_cogo("token", "list", env=env)
    assert "acme" in listed.stdout and "ci" in listed.stdout and secret not in listed.stdout
    token_id = next(word for word in listed.stdout.split() if word.startswith("tok_"))
    assert run_cogo("token", "revoke", token_id, env=env).returncode == 0
    assert run_cogo("token", "revoke", token_id, env=env).returncode == 3
    assert run_cogo("task", "list", env=dict(env, COGO_API_TOKEN=secret)).returncode == 6
    assert run_cogo("token", "create", "--scope", "root", env=env).returncode == 2
    assert run_cogo("token", "create", "--expires", "soon", env=env).returncode == 2


def test_each_tenant_has_its_own_schedules(guarded):
    acme, beta = make(guarded, ["submit"], "acme")["token"], make(guarded, ["submit"], "beta")["token"]
    reader = make(guarded, ["read"], "acme")["token"]
    body = {"cron": "0 3 1 1 *", "instruction": {"role": "echo"}}
    made = guarded.call("POST", "/v1/schedules", body, bearer(acme))
    assert made.status == 201 and made.json["tenant"] == "acme", made.body
    ours = guarded.call("POST", "/v1/schedules", body, bearer(ROOT)).json
    assert "tenant" not in ours
    assert guarded.call("POST", "/v1/schedules", dict(body, tenant="beta"), bearer(acme)).status == 422
    assert guarded.call("POST", "/v1/schedules", body, bearer(reader)).status == 403
    path = f"/v1/schedules/{made.json['scheduleId']}"
    for method, more in (("GET", ""), ("POST", ":pause"), ("POST", ":resume"), ("DELETE", "")):
        foreign = guarded.call(method, path + more, headers=bearer(beta))
        none = guarded.call(method, "/v1/schedules/sch_00000000000000000000000000" + more, headers=bearer(beta))
        assert foreign.status == none.status == 404 and foreign.json["code"] == none.json["code"], (method, foreign.body)
        assert foreign.json["title"] == none.json["title"]

    def listed(token):
        return {one["scheduleId"] for one in guarded.call("GET", "/v1/schedules", headers=bearer(token)).json["schedules"]}
    assert listed(beta) == set() and listed(acme) == listed(reader) == {made.json["scheduleId"]}
    assert listed(ROOT) == {made.json["scheduleId"], ours["scheduleId"]}
    assert guarded.call("POST", path + ":pause", headers=bearer(acme)).json["paused"] is True
    assert guarded.call("DELETE", path, headers=bearer(acme)).status == 200


def test_each_tenant_has_its_own_limits(guarded):
    acme, beta = make(guarded, ["admin"], "acme")["token"], make(guarded, ["admin"], "beta")["token"]
    limit = {"name": "gpu", "concurrency": 1}
    assert submit(guarded, acme, limits=["gpu"]).json["code"] == "UNKNOWN_LIMIT"
    made = guarded.call("POST", "/v1/limits", limit, bearer(acme))
    assert made.status == 200 and made.json["tenant"] == "acme" and made.json["name"] == "gpu", made.body
    assert submit(guarded, beta, limits=["gpu"]).json["code"] == "UNKNOWN_LIMIT", "it is not beta's"
    assert submit(guarded, beta, limits=["acme/gpu"]).json["code"] == "UNKNOWN_LIMIT", "by no name"
    assert guarded.call("GET", "/v1/limits/gpu", headers=bearer(beta)).status == 404
    assert guarded.call("DELETE", "/v1/limits/gpu", headers=bearer(beta)).status == 404
    assert guarded.call("GET", "/v1/limits", headers=bearer(beta)).json["limits"] == []
    assert guarded.call("POST", "/v1/limits?tenant=acme", limit, bearer(beta)).status == 422
    assert guarded.call("GET", "/v1/limits/gpu", headers=bearer(ROOT)).status == 404, "there is none for all"
    assert guarded.call("GET", "/v1/limits/gpu?tenant=acme", headers=bearer(ROOT)).json["concurrency"] == 1
    slow = [submit(guarded, acme, limits=["gpu"], context={"delayMs": 60000}).json["taskId"] for _ in range(2)]
    until(lambda: guarded.call("GET", "/v1/limits/gpu", headers=bearer(acme)).json["waiting"] == 1, 20, "one waits")
    assert guarded.call("GET", "/v1/limits/gpu", headers=bearer(acme)).json["used"] == 1
    guarded.call("POST", "/v1/limits", dict(limit, concurrency=5), bearer(ROOT))
    free = submit(guarded, beta, limits=["gpu"]).json["taskId"]
    assert guarded.call("GET", f"/v1/tasks/{free}?wait=20s", headers=bearer(beta)).json["state"] == "succeeded", "the one for all"
    assert guarded.call("GET", "/v1/limits/gpu", headers=bearer(acme)).json["concurrency"] == 1
    assert len(guarded.call("GET", "/v1/limits", headers=bearer(ROOT)).json["limits"]) == 2
    for task in slow:
        guarded.call("POST", f"/v1/tasks/{task}:cancel", headers=bearer(acme))
    guarded.kill()
    guarded.start()
    assert guarded.call("GET", "/v1/limits/gpu", headers=bearer(acme)).json["tenant"] == "acme"
    assert guarded.call("DELETE", "/v1/limits/gpu", headers=bearer(acme)).status == 200
    assert "tenant" not in guarded.call("GET", "/v1/limits/gpu", headers=bearer(ROOT)).json


async def give_up(cluster, submitted):
    """A worker fails the task in a way that another attempt might mend, if there were one."""
    url = cluster.url.replace("http", "ws") + "/v1/ws"
    async with websockets.connect(url, subprotocols=["cogo.v1+json"], extra_headers=bearer(ROOT)) as ws:
        await say(ws, "register", registration("wrk_fails"))
        await hear(ws, "welcome")
        task = submitted()
        lease = (await hear(ws, "offer"))["data"]["lease"]
        await say(ws, "result", {"lease": lease, "retryable": True, "result": {"status": "failed"}})
        await hear(ws, "ack")
        await say(ws, "deregister")
    return task


def test_dead_letters_are_redriven_by_their_tenant(guarded):
    acme, beta = make(guarded, ["submit"], "acme")["token"], make(guarded, ["submit"], "beta")["token"]
    dead = run(give_up(guarded, lambda: submit(guarded, acme, maxAttempts=1, labels=["who=wrk_fails"]).json["taskId"]))
    assert guarded.call("GET", f"/v1/tasks/{dead}?wait=20s", headers=bearer(acme)).json["state"] == "deadlettered"
    redrive = lambda token, body: guarded.call("POST", "/v1/deadletters:redrive", body, bearer(token))
    foreign, none = (redrive(beta, {"taskIds": [task]}).json["tasks"][0] for task in (dead, "tsk_" + "0" * 26))
    assert foreign["code"] == none["code"] == "TASK_NOT_FOUND" and foreign["status"] == 404
    assert redrive(beta, {"all": True}).json["tasks"] == []
    assert redrive(beta, {"all": True, "tenant": "acme"}).status == 422
    assert redrive(acme, {"all": True}).json["tasks"][0]["taskId"] == dead
    assert guarded.call("GET", f"/v1/tasks/{dead}", headers=bearer(acme)).json["state"] == "queued"
