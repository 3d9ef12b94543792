"""The Redis door, against a real redis-server and with redis-cli as the client."""
import json
import os
import time

import pytest

from certificates import Authority
from conftest import Cluster, run_cogo
from redis_server import Redis, free_port
from test_leader import Trio
from test_postgres_faults import until
from test_tenants import ROOT, bearer, make


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path).start()
    yield server
    server.end()


def door(make_cluster, redis, name="data", args=(), **env):
    return make_cluster(name, env={"REDIS_URL": redis.url, **env}, args=["--workers", "indexing", *args])


def metric(cluster, line, headers=None):
    text = cluster.call("GET", "/metrics", headers=headers).body.decode()
    return next((float(one.rsplit(" ", 1)[1]) for one in text.splitlines() if one.startswith(line)), None)


def story(redis, task_id):
    """The sequences of a task's events, as they are in the results."""
    return [int(one["sequence"]) for one in redis.results() if one.get("taskId") == task_id and "sequence" in one]


def test_an_entry_becomes_a_task_and_its_story_is_told(make_cluster, redis):
    early = redis.add({"role": "echo", "context": {"n": 1}})  # Before there is a group.
    cluster = door(make_cluster, redis)
    entry = redis.add({"role": "echo", "context": {"n": 2}, "priority": "high"},
                      traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    redis.wait("result", 2)
    for one, n in ((early, 1), (entry, 2)):
        accepted, = redis.results("accepted", one)
        assert accepted["replayed"] == "false"
        result, = redis.results("result", one)
        task = json.loads(result["data"])
        assert task["taskId"] == accepted["taskId"] == result["taskId"]
        assert task["state"] == "succeeded" and task["result"]["output"] == {"n": n}
        events = cluster.call("GET", f"/v1/tasks/{task['taskId']}/events").json["events"]
        told = [json.loads(one["data"]) for one in redis.results() if one.get("taskId") == task["taskId"] and "sequence" in one]
        assert told == events and [one["sequence"] for one in told] == list(range(1, len(told) + 1))
    until(lambda: redis.pending() == 0, 10, "nothing is pending")
    assert redis.cli("XLEN", "cogo:instructions") == 0 and redis.cli("EXISTS", "cogo:followed") == 0
    assert metric(cluster, 'cogo_redis_entries_total{outcome="accepted"}') == 2
    assert metric(cluster, "cogo_redis_connected") == 1 and metric(cluster, "cogo_redis_followed_tasks") == 0
    assert "redis: ok" in cluster.call("GET", "/ready").json["checks"]


def test_an_instruction_may_be_messagepack(make_cluster, redis):
    door(make_cluster, redis)
    packed = b"\x82\xa4role\xa4echo\xa7context\x81\xa1a\x2a"
    redis.run("-x", "XADD", "cogo:instructions", "*", "data", data=packed)
    result, = redis.wait("result")
    assert json.loads(result["data"])["result"]["output"] == {"a": 42}


@pytest.mark.parametrize("fields, field, code", [
    (["data", "{"], "data", "VALIDATION_FAILED"),
    (["data", ""], "data", "VALIDATION_FAILED"),
    (["data", "[1]"], "data", "VALIDATION_FAILED"),
    (["data", '{"role":"ecko"}'], "data/role", "UNKNOWN_ROLE"),
    (["data", '{"role":"echo","nope":1}'], "data/nope", "VALIDATION_FAILED"),
    (["data", '{"role":"echo","timeout":"soon"}'], "data/timeout", "VALIDATION_FAILED"),
    (["data", '{"role":"echo","dependencies":["tsk_00000000000000000000000000"]}'], "data/dependencies/0",
     "UNKNOWN_DEPENDENCY"),
    (["date", '{"role":"echo"}'], "date", "VALIDATION_FAILED"),
    (["key", "k"], "data", "VALIDATION_FAILED"),
    (["data", '{"role":"echo"}', "key", "\u00e9"], "key", "VALIDATION_FAILED"),
    (["data", '{"role":"echo"}', "key", "k" * 256], "key", "VALIDATION_FAILED"),
    (["data", '{"role":"echo"}', "traceparent", "x"], "traceparent", "VALIDATION_FAILED"),
    (["data", '{"role":"echo"}', "data", '{"role":"echo"}'], "data", "VALIDATION_FAILED"),
], ids=lambda value: "-".join(value)[:40] if isinstance(value, list) else None)
def test_a_bad_entry_is_a_dead_letter_that_names_the_field(shared_door, fields, field, code):
    cluster, redis = shared_door
    entry = redis.cli("XADD", "cogo:instructions", "*", *fields)
    refused, = redis.wait("refused", entry=entry)
    why = json.loads(refused["data"])
    assert why["errors"][0]["pointer"] == field and why["code"] == code and why["detail"]
    dead, = [one for _, one in redis.read("cogo:deadletters") if one["entry"] == entry]
    assert dead["field"] == field and dead["code"] == code and dead["detail"] == why["detail"]
    sent = {dead.get(name, dead.get("sent." + name)) for name in fields[::2]}
    assert sent <= set(fields[1::2]), "what was sent is there"
    assert redis.pending() == 0
    assert cluster.call("GET", "/v1/tasks").json["tasks"] == []


@pytest.fixture(scope="module")
def shared_door(tmp_path_factory):
    from conftest import Cluster
    folder = tmp_path_factory.mktemp("redis")
    redis = Redis(folder).start()
    cluster = Cluster(folder / "data", env={"REDIS_URL": redis.url}, args=["--workers", "indexing"]).start()
    yield cluster, redis
    cluster.stop()
    redis.end()


def test_a_key_makes_one_task_of_many_entries(make_cluster, redis):
    cluster = door(make_cluster, redis)
    entries = [redis.add({"role": "echo", "context": {"a": 1, "b": 2}}, key="once"),
               redis.add('{"context":{"b":2,"a":1},"role":"echo"}', key="once")]
    redis.wait("accepted", 2)
    first, again = (redis.results("accepted", entry)[0] for entry in entries)
    assert first["taskId"] == again["taskId"] and again["replayed"] == "true"
    other = redis.add({"role": "echo", "context": {"a": 2}}, key="once")
    refused, = redis.wait("refused", entry=other)
    assert json.loads(refused["data"])["errors"][0]["pointer"] == "key"
    assert len(cluster.call("GET", "/v1/tasks").json["tasks"]) == 1


def test_killed_between_disk_and_acknowledgement_it_is_one_task(make_cluster, redis):
    cluster = door(make_cluster, redis, COGO_FAILPOINT="queue.durable:kill")
    entry = redis.add({"role": "echo", "context": {"delayMs": 100}})
    assert cluster.process.wait(20) == -9
    assert redis.pending() == 1 and redis.results() == [], "it was not acknowledged, nobody was told"
    del cluster.env["COGO_FAILPOINT"]
    cluster.start()
    accepted, = redis.wait("accepted", entry=entry)
    assert accepted["replayed"] == "true"
    redis.wait("result", entry=entry)
    tasks = cluster.call("GET", "/v1/tasks").json["tasks"]
    assert [task["taskId"] for task in tasks] == [accepted["taskId"]]
    told = story(redis, accepted["taskId"])
    assert told == list(range(1, len(told) + 1))
    assert redis.pending() == 0


def test_killed_while_tasks_run_the_story_goes_on_where_it_was(make_cluster, redis):
    cluster = door(make_cluster, redis)
    entry = redis.add({"role": "echo", "context": {"delayMs": 60000}, "timeout": 90000})
    redis.wait("cogo.task.running", entry=entry)
    cluster.kill()
    cluster.start()
    task_id = redis.results("accepted", entry)[0]["taskId"]
    cluster.call("POST", f"/v1/tasks/{task_id}:cancel")
    result, = redis.wait("result", entry=entry)
    assert json.loads(result["data"])["state"] == "cancelled"
    told = story(redis, task_id)
    assert told == list(range(1, len(told) + 1)), "none is left out, none is told twice"
    assert len(redis.results("accepted")) == 1


def test_redis_may_be_restarted(make_cluster, redis):
    cluster = door(make_cluster, redis)
    entries = [redis.add({"role": "echo", "context": {"delayMs": 2000}}) for _ in range(5)]
    redis.wait("cogo.task.running", 5)
    redis.kill()
    until(lambda: metric(cluster, "cogo_redis_connected") == 0, 10, "it notices")
    assert cluster.call("GET", "/ready").status == 200, "other doors are open"
    assert "redis: away" in " ".join(cluster.call("GET", "/ready").json["checks"])
    assert cluster.submit("echo", wait="10s").status == 200
    redis.start()
    redis.wait("result", 5)
    for entry in entries:
        accepted, = redis.results("accepted", entry)
        told = story(redis, accepted["taskId"])
        assert told == list(range(1, len(told) + 1))
    redis.add({"role": "echo"})
    redis.wait("result", 6)
    assert metric(cluster, "cogo_redis_reconnects_total") >= 1
    assert open(cluster.log_path).read().count("redis is away") == 1, "one line for one absence"


@pytest.mark.parametrize("required", [False, True])
def test_redis_may_be_away_at_the_start(make_cluster, tmp_path, required):
    redis = Redis(tmp_path)
    cluster = door(make_cluster, redis, args=["--redis-required"] if required else [])
    until(lambda: cluster.call("GET", "/ready").status == (503 if required else 200), 10, "it says whether it is ready")
    assert cluster.call("GET", "/health").status == 200
    redis.start()
    redis.add({"role": "echo"})
    redis.wait("result")
    assert cluster.call("GET", "/ready").status == 200
    redis.end()


def test_a_node_that_needs_redis_is_not_ready_without_it_from_when_it_leads(tmp_path, postgres):
    node = Cluster(tmp_path / "data", env={"DATABASE_URL": postgres.journal(), "REDIS_URL": f"redis://127.0.0.1:{free_port()}"})
    node.process, found = node.launch(["node", "--role", "orchestrator", "--listen", "127.0.0.1:0", "--listen-node", "127.0.0.1:0", "--data",
                                       node.data, "--redis-required"], node.data + ".log", r"http://127\.0\.0\.1:\d+")
    node.url = found.group(0)
    said = []
    until(lambda: said.append(node.call("GET", "/ready")) or "redis: away: Connection refused" in said[-1].json["checks"], 20, "it looked")
    assert {one.status for one in said} == {503}, [one.json for one in said if one.status == 200][:1]
    assert node.stop() == 0


def test_a_token_says_who_sends_and_what_for(make_cluster, redis):
    cluster = door(make_cluster, redis, COGO_API_TOKEN=ROOT)
    acme, reader = make(cluster, ["submit"], "acme"), make(cluster, ["read"], "acme")
    gone = make(cluster, ["submit"], "acme")
    assert cluster.call("DELETE", f"/v1/tokens/{gone['tokenId']}", headers=bearer(ROOT)).status == 200
    body = {"role": "echo"}
    for fields, status in (({}, 401), ({"token": "wrong"}, 401), ({"token": "cogo_" + "x" * 43}, 401),
                           ({"token": gone["token"]}, 401), ({"token": reader["token"]}, 403)):
        entry = redis.add(body, **fields)
        refused, = redis.wait("refused", entry=entry)
        why = json.loads(refused["data"])
        assert why["status"] == status and why["errors"][0]["pointer"] == "token"
    for token, tenant in ((ROOT, None), (acme["token"], "acme")):
        entry = redis.add(body, token=token)
        task = json.loads(redis.wait("result", entry=entry)[0]["data"])
        assert task.get("tenant") == tenant
    bad = redis.add("{", token=acme["token"])
    redis.wait("refused", entry=bad)
    everything = json.dumps([redis.read("cogo:deadletters"), redis.results()]) + open(cluster.log_path).read()
    everything += cluster.call("GET", "/metrics", headers=bearer(ROOT)).body.decode()
    for secret in (ROOT, acme["token"], reader["token"], gone["token"], "wrong"):
        assert secret not in everything
    assert len(redis.read("cogo:deadletters")) == 6


def test_a_door_may_have_a_token_of_its_own(make_cluster, redis):
    cluster = door(make_cluster, redis, COGO_API_TOKEN=ROOT)
    acme = make(cluster, ["submit"], "acme")["token"]
    cluster.stop()
    cluster.env["COGO_REDIS_TOKEN"] = acme
    cluster.start()
    entry = redis.add({"role": "echo"})
    assert json.loads(redis.wait("result", entry=entry)[0]["data"])["tenant"] == "acme"
    assert acme not in open(cluster.log_path).read()


def test_more_than_the_rate_waits_and_is_not_refused(make_cluster, redis):
    cluster = door(make_cluster, redis, COGO_API_TOKEN=ROOT, COGO_TENANT_RATES="1000,slow=20")
    slow = make(cluster, ["submit"], "slow")["token"]
    began = time.monotonic()
    redis.run(data=60 * (f"XADD cogo:instructions * data '{{\"role\":\"echo\"}}' token {slow}\n").encode())
    redis.wait("result", 60)
    assert time.monotonic() - began > 0.9, "40 at once, then 20 a second"
    assert metric(cluster, "cogo_redis_rate_limited_total", bearer(ROOT)) > 0
    assert redis.results("refused") == []


def test_a_backlog_is_taken_in_bounded_parts_and_the_results_stay_bounded(make_cluster, redis):
    count = 3000
    lines = "".join("XADD cogo:instructions * data '{\"role\":\"echo\"}'\n" for _ in range(count))
    assert redis.run(data=lines.encode()).stdout.count(b"-") == count
    cluster = door(make_cluster, redis, args=["--redis-keep", "500"])
    until(lambda: metric(cluster, 'cogo_redis_entries_total{outcome="accepted"}') == count
          and metric(cluster, "cogo_redis_followed_tasks") == 0, 60, "all are taken and told")
    assert redis.pending() == 0 and redis.cli("XLEN", "cogo:instructions") == 0
    assert redis.cli("XLEN", "cogo:results") < 1000
    assert metric(cluster, 'cogo_tasks_total{role="echo",status="succeeded"}') == count


def test_entries_that_another_consumer_left_are_taken_over(make_cluster, redis):
    redis.cli("XGROUP", "CREATE", "cogo:instructions", "cogo", "0", "MKSTREAM")
    entry = redis.add({"role": "echo"})
    redis.cli("XREADGROUP", "GROUP", "cogo", "somebody", "STREAMS", "cogo:instructions", ">")
    door(make_cluster, redis)
    redis.wait("result", entry=entry)


def test_password_and_tls(make_cluster, tmp_path):
    authority = Authority(tmp_path)
    files = authority.issue("localhost")
    server = ("--tls-cert-file", files["COGO_TLS_CERT"], "--tls-key-file", files["COGO_TLS_KEY"], "--tls-ca-cert-file",
              authority.pem, "--tls-auth-clients", "no", "--requirepass", "p@ss:word")
    client = ("--tls", "--cacert", authority.pem, "-a", "p@ss:word", "--no-auth-warning", "-n", "3")
    redis = Redis(tmp_path, *server, cli=client, url="rediss://:p%40ss%3Aword@localhost:{port}/3").start()
    cluster = door(make_cluster, redis, SSL_CERT_FILE=authority.pem)
    redis.add({"role": "echo"})
    redis.wait("result")
    for name, url, ca, why in (("wrong", redis.url.replace("word", "w0rd"), authority.pem, "WRONGPASS"),
                               ("foreign", redis.url, "/etc/ssl/certs/ca-certificates.crt", "certificate"),
                               ("plain", redis.url.replace("rediss", "redis"), authority.pem, "")):
        other = make_cluster(name, env={"REDIS_URL": url, "SSL_CERT_FILE": ca}, args=["--workers", "indexing"])
        until(lambda: "redis is away" in open(other.log_path).read(), 20, name)
        log = open(other.log_path).read()
        assert why in log and "w0rd" not in log and "p%40ss" not in log and "p@ss" not in log
        other.stop()
    assert "p@ss" not in open(f"/proc/{cluster.process.pid}/cmdline").read()
    redis.end()


@pytest.mark.parametrize("url, why", [
    ("http://localhost", "another scheme"), ("redis://", "no host"), ("redis://h:99999", "port"),
    ("redis://h/x", "database"), ("redis://u:s3cr%zz@h", "percent-encoded"),
    ("redis://:s3cret@192.0.2.1", "COGO_API_TOKEN"), ("redis://h?a=1", "parameters"),
])
def test_a_wrong_url_is_told_without_its_secret(tmp_path, url, why):
    done = run_cogo("dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path), env={"REDIS_URL": url})
    assert done.returncode == 2 and why in done.stderr and "s3cr" not in done.stderr, done.stderr


def test_who_takes_over_goes_on_with_the_stream(tmp_path, postgres, redis):
    os.environ["REDIS_URL"] = redis.url
    try:
        trio = Trio(tmp_path, postgres)
    finally:
        del os.environ["REDIS_URL"]
    try:
        leader = trio.leader()
        slow = redis.add({"role": "echo", "context": {"delayMs": 3000}})
        redis.wait("cogo.task.running", entry=slow)
        entries = [redis.add({"role": "echo", "context": {"n": n}}) for n in range(20)]
        leader.kill()
        entries += [redis.add({"role": "echo", "context": {"n": n}}) for n in range(20, 40)]
        redis.wait("result", 41, seconds=60)
        for entry in entries + [slow]:
            ids = {one["taskId"] for one in redis.results("accepted", entry)}
            assert len(ids) == 1 and len(redis.results("result", entry)) == 1, "one entry, one task, one result"
            told = story(redis, ids.pop())
            assert told == list(range(1, len(told) + 1))
        assert len(trio.leader().call("GET", "/v1/tasks?pageSize=1000").json["tasks"]) == 41
        assert redis.pending() == 0
        consumers = redis.cli("XINFO", "CONSUMERS", "cogo:instructions", "cogo")
        assert len(consumers) == 2, "only those that led took entries"
    finally:
        trio.end()


def test_an_entry_that_is_too_large_to_be_read_is_in_nobodys_way(make_cluster, redis):
    before = redis.add({"role": "echo"})
    redis.run("-x", "XADD", "cogo:instructions", "*", "data", data=b"x" * (2 << 20))
    redis.run("-x", "XADD", "cogo:instructions", "*", "data", data=b"x" * (150 << 20))
    after = redis.add({"role": "echo"})
    door(make_cluster, redis)
    redis.wait("result", entry=before, seconds=60)
    redis.wait("result", entry=after, seconds=60)
    refused = redis.wait("refused", 2)
    assert [json.loads(one["data"])["errors"][0]["pointer"] for one in refused] == ["data", "data"]
    assert redis.pending() == 0 and redis.cli("XLEN", "cogo:instructions") == 0
