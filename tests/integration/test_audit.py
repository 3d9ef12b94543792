"""Who did what: every door, every outcome, never a secret, and never an action without its entry."""
import json
import time


from conftest import run_cogo
from test_tenants import ROOT, bearer, guarded, make  # noqa: F401 (a fixture)


def entries(cluster, query="", token=ROOT):
    answer = cluster.call("GET", f"/v1/audit{query}", headers=bearer(token))
    assert answer.status == 200, answer.body
    return answer.json["entries"]


def test_what_was_done_is_there_with_who_and_what_became_of_it(guarded):  # noqa: F811
    acme = make(guarded, ["submit"], "acme", name="for acme")
    who = bearer(acme["token"])
    task = guarded.call("POST", "/v1/tasks?wait=10s", {"role": "echo"}, who).json["taskId"]
    guarded.call("POST", f"/v1/tasks/{task}:cancel", headers=who)
    flow = guarded.call("POST", "/v1/workflows", {"tasks": [{"role": "echo"}] * 3}, who).json["workflowId"]
    waits = guarded.call("POST", "/v1/tasks", {"role": "echo", "approval": {"prompt": "Go?"}}, who).json["taskId"]
    guarded.call("POST", f"/v1/tasks/{waits}:approve?by=eve", headers=dict(who, **{"X-Request-Id": "mine-1"}))
    guarded.call("POST", "/v1/limits", {"name": "few", "rate": 5}, bearer(ROOT))
    guarded.call("DELETE", "/v1/limits/few", headers=bearer(ROOT))
    guarded.call("DELETE", "/v1/limits/a%20b%20level=error", headers=bearer(ROOT))
    schedule = guarded.call("POST", "/v1/schedules", {"cron": "@daily", "instruction": {"role": "echo"}},
                            bearer(ROOT)).json["scheduleId"]
    guarded.call("DELETE", f"/v1/schedules/{schedule}", headers=bearer(ROOT))
    guarded.call("DELETE", f"/v1/tokens/{acme['tokenId']}", headers=bearer(ROOT))
    seen = [(e["action"], e.get("subject"), e["outcome"], e.get("tokenId")) for e in reversed(entries(guarded))]
    token = acme["tokenId"]
    assert seen == [("token.create", token, "asked", None), ("task.submit", task, "ok", token),
                    ("task.cancel", task, "TASK_FINISHED", token), ("task.submit", flow, "ok", token),
                    ("task.submit", waits, "ok", token), ("task.decide", waits, "ok", token),
                    ("limit.set", "few", "ok", None), ("limit.delete", "few", "ok", None),
                    ("limit.delete", "a?b?level=error", "LIMIT_NOT_FOUND", None),
                    ("schedule.create", schedule, "ok", None), ("schedule.delete", schedule, "ok", None),
                    ("token.revoke", token, "asked", None)]
    assert entries(guarded, "?action=task.decide")[0]["requestId"] == "mine-1"
    assert {e["door"] for e in entries(guarded)} == {"http"}
    assert len(entries(guarded, f"?subject={task}")) == 2
    assert len(entries(guarded, f"?tokenId={token}&action=task.submit")) == 3
    text = json.dumps(entries(guarded)) + open(guarded.log_path).read()
    assert ROOT not in text and acme["token"] not in text
    lines = [json.loads(line) for line in open(guarded.log_path) if line.startswith("{")]
    logged = [line for line in lines if line["message"] == "audit"]
    assert ("task.cancel", task) in [(line["action"], line["subject"]) for line in logged]
    assert not [line for line in lines if line["level"] == "error"]


def test_an_admin_of_a_tenant_sees_what_its_callers_did_and_others_see_nothing(guarded):  # noqa: F811
    admin = make(guarded, ["admin"], "acme")["token"]
    submit = make(guarded, ["submit"], "acme")["token"]
    other = make(guarded, ["submit"], "beta")["token"]
    for token in (submit, other):
        guarded.call("POST", "/v1/tasks", {"role": "echo"}, bearer(token))
    assert {e["tenant"] for e in entries(guarded, token=admin)} == {"acme"}
    assert {e["tenant"] for e in entries(guarded)} == {"acme", "beta", "*"}
    assert guarded.call("GET", "/v1/audit", headers=bearer(submit)).status == 403


def test_a_key_that_is_replayed_did_nothing_again(guarded):  # noqa: F811
    for _ in range(3):
        answer = guarded.call("POST", "/v1/tasks", {"role": "echo"}, dict(bearer(ROOT), **{"Idempotency-Key": "k"}))
        assert answer.status == 202
    assert len(entries(guarded, "?action=task.submit")) == 1


def test_no_task_is_there_without_its_entry_after_kills(make_cluster):
    cluster = make_cluster(args=["--workers", "indexing"])
    accepted = set()
    for round_ in range(4):
        cluster.env["COGO_FAILPOINT"] = ["store.audit.before", "store.audit.after", "store.commit.after",
                                         "orchestrator.write.after"][round_] + ":kill:5"
        cluster.kill()
        port = int(cluster.url.rsplit(":", 1)[1])
        cluster.start(port=port)
        try:
            for _ in range(50):
                accepted.add(cluster.call("POST", "/v1/tasks", {"role": "echo"}).json["taskId"])
        except OSError:
            pass
        assert cluster.process.wait(30) == -9
    del cluster.env["COGO_FAILPOINT"]
    cluster.start(port=port)
    audited = {e["subject"] for e in cluster.call("GET", "/v1/audit?pageSize=1000").json["entries"]}
    there = {t["taskId"] for t in cluster.call("GET", "/v1/tasks?pageSize=1000").json["tasks"]}
    assert len(accepted) >= 8 and accepted <= there
    assert there == audited, "a task without its entry, or the other way round"


def test_it_is_kept_as_long_as_is_said_and_shown_on_the_command_line(make_cluster):
    cluster = make_cluster(args=["--workers", "indexing", "--keep-audit-for", "1s", "--keep-every", "200ms"])
    env = {"ORCHESTRATOR_URL": cluster.url}
    cluster.call("POST", "/v1/limits", {"name": "old", "rate": 5})
    shown = run_cogo("audit", "list", "--action", "limit.set", env=env)
    assert shown.returncode == 0 and "limit.set" in shown.stdout and "old" in shown.stdout
    end = time.monotonic() + 30
    while cluster.call("GET", "/v1/audit?subject=old").json["entries"]:
        assert time.monotonic() < end  # Nothing else is written meanwhile.
        time.sleep(0.2)
    assert run_cogo("audit", "list", "--page-token", "x", env=env).returncode == 2
