"""The journal in PostgreSQL: a cluster keeps its promises while the server is there, away, or in doubt."""
import os
import subprocess
import time

import pytest

from conftest import COGO, TOP, NodeCluster
from test_leader import TAKEOVER_S


def test_a_cluster_finds_its_tasks_again_in_postgres(make_cluster, postgres):
    url = postgres.journal()
    cluster = make_cluster(env={"DATABASE_URL": url})
    answer = cluster.call("POST", "/v1/tasks", {"role": "echo", "context": {"n": 1}}, {"Idempotency-Key": "once"})
    assert answer.status == 202
    task = cluster.finished(answer.json["taskId"])
    assert task["state"] == "succeeded"
    cluster.kill()
    cluster.start()
    again = cluster.call("POST", "/v1/tasks", {"role": "echo", "context": {"n": 1}}, {"Idempotency-Key": "once"})
    assert again.headers["Idempotency-Replayed"] == "true" and again.json["taskId"] == task["taskId"]
    assert cluster.call("GET", f"/v1/tasks/{task['taskId']}").json["result"] == task["result"]
    assert not os.path.exists(os.path.join(cluster.data, "cogo.db"))
    assert cluster.stop() == 0


def test_a_second_orchestrator_is_told_who_writes(make_cluster, postgres):
    url = postgres.journal()
    make_cluster("one", env={"DATABASE_URL": url})
    other = subprocess.run([COGO, "dev", "--listen", "127.0.0.1:0", "--data", "/tmp/unused-by-cogo"],
                           env=dict(os.environ, DATABASE_URL=url), capture_output=True, text=True, timeout=30)
    assert other.returncode == 4, other.stderr
    assert "another orchestrator writes the store" in other.stderr


@pytest.mark.parametrize("url, code, word", [
    ("postgres://someone:hunter2@127.0.0.1:1/none", 5, "refused"),
    ("postgres://someone:hunter2@/none?host={host}", 5, "role"),
    ("postgres://someone:hunter2%zz@127.0.0.1/none", 2, "DATABASE_URL"),
    ("mysql://someone:hunter2@127.0.0.1/none", 2, "DATABASE_URL"),
])
def test_a_store_that_cannot_be_had_is_named_without_its_password(postgres, url, code, word):
    done = subprocess.run([COGO, "migrate"], env=dict(os.environ, DATABASE_URL=url.format(host=postgres.folder)),
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == code, done.stderr
    assert word in done.stderr and "hunter2" not in done.stderr + done.stdout


def test_an_outage_and_its_end_are_logged_and_stale_writes_have_a_metric(make_cluster, postgres):
    cluster = make_cluster(env={"DATABASE_URL": postgres.journal()})
    assert "cogo_store_stale_writes_total 0" in cluster.call("GET", "/metrics").body.decode()
    postgres.do("stop")
    try:
        until_log(cluster, "the store can't be written now, trying again")
    finally:
        postgres.do("start")
    until_log(cluster, "the store can be written again, after ")
    assert cluster.finished(cluster.submit("echo", {"n": 1}).json["taskId"])["state"] == "succeeded"


def until_log(cluster, words, seconds=60):
    end = time.monotonic() + seconds
    while words not in open(cluster.log_path).read():
        assert time.monotonic() < end, open(cluster.log_path).read()[-2000:]
        time.sleep(0.1)


def test_a_start_that_may_not_migrate_says_what_to_do(postgres, tmp_path):
    env = dict(os.environ, DATABASE_URL=postgres.journal())
    args = [COGO, "dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), "--no-migrate"]
    done = subprocess.run(args, env=env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "run cogo migrate" in done.stderr, done.stderr


def test_migrators_wait_for_each_other(postgres):
    env = dict(os.environ, DATABASE_URL=postgres.journal())
    dry = subprocess.run([COGO, "migrate", "--dry-run"], env=env, capture_output=True, text=True, timeout=30)
    assert dry.returncode == 0 and "missing" in dry.stdout
    several = [subprocess.Popen([COGO, "migrate"], env=env, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in several]
    assert [process.returncode for process in several] == [0] * 4
    assert sum("journal: applied\n" in text for text in said) == 1, said


def test_the_lease_of_the_runtime_page_grants_a_name_to_one(postgres):
    page = open(os.path.join(TOP, "runtime", "README.md")).read()
    statement = page.split("```sql\n")[1].split("```")[0]
    postgres.journal()
    postgres.sql("CREATE TABLE lease (name text PRIMARY KEY, claimant text, term bigint, until timestamptz)", postgres.schema)

    def take(claimant, term, ms=60000):
        done = subprocess.run(["psql", "-qAtX", "-h", postgres.folder, "-U", "postgres", "-v", "name=leader", "-v", f"claimant={claimant}",
                               "-v", f"term={term}", "-v", f"ms={ms}"], input=statement + ";", capture_output=True, text=True,
                              env=dict(os.environ, PGOPTIONS=f"-csearch_path={postgres.schema}"), timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip() == str(term)
    assert take("a/1", 7) and take("a/1", 7)  # It renews.
    assert not take("b/1", 8) and not take("a/2", 8)
    postgres.sql("UPDATE lease SET until = clock_timestamp()", postgres.schema)  # Its time is over.
    assert not take("b/1", 7) and take("b/1", 8)  # A term is used once.
    assert not take("a/1", 7)


def test_an_owner_that_hangs_within_a_statement_does_not_keep_the_store(tmp_path, postgres):
    """As a leader that was frozen half-way through its pipeline: the server sees a statement, and no end of it. Another one takes over
    as from one that hangs anywhere else."""
    url = postgres.journal()
    migrated = subprocess.run([COGO, "migrate"], env=dict(os.environ, DATABASE_URL=url), capture_output=True, timeout=30)
    assert migrated.returncode == 0, migrated.stderr
    owner = subprocess.Popen(["psql", "-qAtX", "-h", postgres.folder, "-U", "postgres"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=dict(os.environ, PGOPTIONS=f"-csearch_path={postgres.schema}"))

    def say(sql):
        owner.stdin.write(sql + "\n")
        owner.stdin.flush()
        while "it has all" not in owner.stdout.readline():
            assert owner.poll() is None
    node = NodeCluster(tmp_path / "hung", env={"DATABASE_URL": url})
    node.workers = False  # It needs none.
    renew = "UPDATE meta SET held_until = clock_timestamp() + interval '%s';"
    try:
        say("SELECT pg_advisory_lock(1668245356, hashtext(current_schema()));" + renew % "1 h" + "SELECT 'it has all';")
        node.start()
        try:
            assert node.call("GET", "/ready").status == 503, "it stands by"
            say(renew % "3 s" + "BEGIN; UPDATE meta SET stale_writes = 0; SELECT 'it has all'; SELECT pg_sleep(600);")
            began = time.monotonic()
            while node.call("GET", "/ready").status != 200:
                assert time.monotonic() < began + 30, open(node.log_path).read()[-2000:]
                time.sleep(0.1)
            assert time.monotonic() < began + TAKEOVER_S
            assert owner.wait(10) != 0 and "terminating connection" in owner.stderr.read()
        finally:
            node.workers = None
            assert node.stop() == 0
    finally:
        owner.kill()
        owner.wait(10)
