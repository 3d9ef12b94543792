"""What clients do while a kill loop is at work: every kind of request that is answered only after it is on disk, and what each
answer promised. Each client sends the same request with the same key until it is answered.

The store of the test writes down what happens in it (Audit): what was made, asked, ended, tried again, and removed. So what
retention removes can be accounted for, too.
"""
import collections
import concurrent.futures
import contextlib
import os
import sqlite3
import threading
import time

from conftest import TERMINAL
from test_postgres_faults import until

PATIENCE_S = 90
LIMIT, SCHEDULES, LARGE_BYTES = "lane", 5, 300000
ENDED = ",".join(f"'cogo.task.{state}'" for state in sorted(TERMINAL))
HEARD = {"asked": ("INSERT", "requests", "NEW.key", ""),
         "made": ("INSERT", "tasks", "NEW.task_id", ""),
         "ended": ("INSERT", "task_events", "(SELECT task_id FROM tasks WHERE number = NEW.task)", f"NEW.type IN ({ENDED})"),
         "again": ("UPDATE OF state", "tasks", "NEW.task_id", "OLD.terminal = 1 AND NEW.terminal = 0"),
         "removed": ("DELETE", "tasks", "OLD.task_id || ' ' || OLD.state", "")}


def keep(seconds):
    """Options: what has ended is removed after so long, its events in half of it. A key goes with its tasks, so it must be longer
    than any client waits before it asks again."""
    return ["--keep-tasks-for", f"{seconds}s", "--keep-events-for", f"{seconds * 500}ms", "--keep-deadletters-for", "0", "--keep-every",
            "500ms"]


class SqliteAudit:
    def __init__(self, data):
        self.path = os.path.join(data, "cogo.db")

    def listen(self):
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            db.execute("CREATE TABLE audit (kind TEXT, name TEXT)")
            for kind, (what, table, name, when) in HEARD.items():
                db.execute(f"CREATE TRIGGER audit_{kind} AFTER {what} ON {table} {'WHEN ' + when if when else ''} "
                           f"BEGIN INSERT INTO audit VALUES ('{kind}', {name}); END")
            db.commit()

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)) as db:
            return [str(row[0]) for row in db.execute(sql)]

    def whole(self):
        return self.rows("PRAGMA integrity_check") == ["ok"]


class PostgresAudit:
    def __init__(self, postgres):
        self.postgres, self.schema = postgres, postgres.schema

    def listen(self):
        self.postgres.sql("CREATE TABLE audit (kind text, name text)", self.schema)
        for kind, (what, table, name, when) in HEARD.items():
            gone = "OLD" if what == "DELETE" else "NEW"
            self.postgres.sql(f"CREATE FUNCTION audit_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                              f"INSERT INTO audit VALUES ('{kind}', {name}); RETURN {gone}; END $$", self.schema)
            self.postgres.sql(f"CREATE TRIGGER audit_{kind} AFTER {what} ON {table} FOR EACH ROW {f'WHEN ({when})' if when else ''} "
                              f"EXECUTE FUNCTION audit_{kind}()", self.schema)

    def rows(self, sql):
        return self.postgres.sql(sql, self.schema).splitlines()

    def whole(self):
        """Every page of every table can be read, and its indexes agree with it."""
        self.postgres.sql("CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA pg_catalog")
        self.rows("SELECT bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                  f"WHERE c.relnamespace = '{self.schema}'::regnamespace AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')")
        return True


class Patience:
    """So long, not counting the time for which this process itself was stopped or had no CPU."""
    STEP_S = 1.0

    def __init__(self, seconds=PATIENCE_S):
        self.left, self.last = seconds, time.monotonic()

    def over(self):
        now = time.monotonic()
        self.left -= min(now - self.last, self.STEP_S)
        self.last = now
        return self.left < 0


class MixedLoad:
    """@cluster has call(). `accepted`: what the tasks that were acknowledged may end as."""

    def __init__(self, cluster, clients=4, tag=""):
        self.cluster, self.tag, self.done = cluster, tag, threading.Event()
        self.lock, self.limit_lock = threading.Lock(), threading.Lock()
        self.accepted, self.workflows, self.tokens, self.schedules = {}, set(), {}, []
        self.limit, self.refused, self.told, self.larges, self.redriven = 0, 0, {}, set(), set()
        self.asked = set()  # What an audit entry of a submission is about.
        self.kinds = [self.plain, self.batch, self.graph, self.limited, self.approved, self.cancelled, self.once_only, self.token,
                      self.set_limit, self.redrive, self.large]
        self.set_limit("first")
        for number in range(SCHEDULES):
            body = {"name": f"s{number}", "cron": "* * * * *", "overlap": "allow", "missed": "all", "instruction": {"role": "echo"}}
            self.schedules.append(self.until_done("POST", "/v1/schedules", body).json["scheduleId"])
        self.pool = concurrent.futures.ThreadPoolExecutor(clients + 1)
        self.clients = [self.pool.submit(self.client, n) for n in range(clients)]

    def client(self, number):
        count = number
        while not self.done.is_set():
            kind = self.kinds[count % len(self.kinds)]
            kind(f"{self.tag}{number}-{count}")
            with self.lock:
                self.told[kind.__name__] = self.told.get(kind.__name__, 0) + 1
            count += 1

    def until_done(self, method, path, body=None, key=None, good=(200, 201, 202), other=()):
        patience = Patience()
        while True:
            try:
                answer = self.cluster.call(method, path, body, {"Idempotency-Key": key} if key else None, timeout=20)
                if answer.status in good or answer.status in other:
                    return answer
                assert answer.status in (409, 503, 504), (path, answer.status, answer.body)
                status = answer.status
            except OSError:
                status = 0
            assert not patience.over(), f"{method} {path} {key}: not done within {PATIENCE_S} s, {status}"
            with self.lock:
                self.refused += 1
            time.sleep(0.02)

    def submit(self, key, ends=("succeeded",), **more):
        task = self.until_done("POST", "/v1/tasks", dict({"role": "echo", "context": {"key": key}}, **more), key).json["taskId"]
        self.accept([task], ends, task)
        return task

    def accept(self, tasks, ends, subject):
        with self.lock:
            self.asked.add(subject)
            for task in tasks:
                assert task not in self.accepted, f"{task} was given twice"
                self.accepted[task] = set(ends)

    def plain(self, key):
        self.submit(key)

    def batch(self, key):
        answer = self.until_done("POST", "/v1/tasks:batchCreate", {"tasks": [{"role": "echo"}] * 10}, key).json["tasks"]
        self.accept([task["taskId"] for task in answer], ["succeeded"], answer[0]["taskId"])

    def graph(self, key):
        tasks = [{"ref": "a", "role": "echo", "context": {"delayMs": 20}}]
        tasks += [{"ref": f"m{n}", "role": "echo", "dependencies": ["a"]} for n in range(3)]
        tasks += [{"ref": "z", "role": "echo", "dependencies": ["m0", "m1", "m2"]}]
        flow = self.until_done("POST", "/v1/workflows", {"name": key, "tasks": tasks}, key).json
        self.accept([task["taskId"] for task in flow["tasks"]], ["succeeded"], flow["workflowId"])
        with self.lock:
            self.workflows.add(flow["workflowId"])

    def limited(self, key):
        self.submit(key, limits=[LIMIT], context={"delayMs": 10})

    def approved(self, key):
        task = self.submit(key, approval={"prompt": "Go on?"})
        self.until_done("POST", f"/v1/tasks/{task}:approve", other=(409,))

    def cancelled(self, key):
        task = self.submit(key, ends=("cancelled", "succeeded"), context={"delayMs": 200})
        answer = self.until_done("POST", f"/v1/tasks/{task}:cancel", other=(409, 404))
        if answer.status == 200 and answer.json["state"] == "cancelled":
            self.accepted[task] = {"cancelled"}

    def once_only(self, key, delay_ms=400):
        """A kill of its worker makes it a dead letter, which a redrive brings back."""
        return self.submit(key, maxAttempts=1, context={"delayMs": delay_ms})

    def running(self, key):
        """One of them, that is at work or was not in time: a kill of its worker is felt."""
        return self.until_state(self.once_only(key, 3000), lambda state: state == "running", 5)

    def until_state(self, task, good, seconds):
        patience = Patience(seconds)
        while not patience.over():
            with contextlib.suppress(OSError):
                if good(self.cluster.call("GET", f"/v1/tasks/{task}", timeout=5).json.get("state")):
                    break
            time.sleep(0.02)
        return task

    def large(self, key):
        """Context and output are kept beside the task."""
        self.larges.add(self.submit(key, context={"key": key, "text": "x" * LARGE_BYTES}))

    def redrive(self, key):
        answer = self.until_done("POST", "/v1/deadletters:redrive", {"all": True}).json
        with self.lock:
            self.redriven.update(item["taskId"] for item in answer["tasks"] if "taskId" in item)  # Else why not.

    def set_limit(self, key):
        with self.limit_lock:  # The last answer is the value that holds.
            self.limit = 2 + (self.limit + 1) % 7
            self.until_done("POST", "/v1/limits", {"name": LIMIT, "concurrency": self.limit})

    def token(self, key):
        made = self.until_done("POST", "/v1/tokens", {"scopes": ["read"], "name": key}).json["tokenId"]
        revoke = len(self.tokens) % 2 == 0
        if revoke:  # Not found: an earlier try did it, and its answer was lost.
            self.until_done("DELETE", f"/v1/tokens/{made}", other=(404,))
        self.tokens[made] = revoke

    def grows(self, by=5, seconds=PATIENCE_S):
        before, patience = len(self.accepted), Patience(seconds)
        while len(self.accepted) < before + by:
            assert not patience.over(), f"no work within {seconds} s"
            self.look()
            time.sleep(0.02)

    def look(self):
        for one in self.clients:
            if one.done():
                one.result()

    def stop(self):
        self.done.set()
        for one in self.clients:
            one.result()

    def settle(self, audit):
        """No schedule submits any more, and everything ends, dead letters too."""
        for schedule in self.schedules:
            self.until_done("DELETE", f"/v1/schedules/{schedule}", other=(404,))
        patience = Patience()
        while audit.rows("SELECT count(*) FROM tasks WHERE terminal = 0 OR state = 'deadlettered'") != ["0"]:
            assert not patience.over(), audit.rows("SELECT task_id || ' ' || state || ' ' || attempt FROM tasks WHERE terminal = 0 OR "
                                                   "state = 'deadlettered' LIMIT 5")
            self.redrive("last")
            time.sleep(0.2)


def check(load, audit):
    """After settle(): nothing that was promised is lost, nothing was done or recorded twice. Gives the figures."""
    heard = {kind: [] for kind in ("left", *HEARD)}  # One statement: retention goes on.
    for row in audit.rows("SELECT 'left ' || task_id || ' ' || state FROM tasks UNION ALL SELECT kind || ' ' || name FROM audit"):
        kind, name = row.split(" ", 1)
        heard[kind].append(name)
    left = dict(row.split(" ") for row in heard["left"])
    gone = dict(row.split(" ") for row in heard["removed"])
    ends = {**left, **gone}
    assert len(gone) == len(heard["removed"]) and not left.keys() & gone.keys(), "removed twice, or removed and there"
    assert set(heard["made"]) == ends.keys() and len(heard["made"]) == len(ends), "a task came or went unseen"
    lost = [task for task in load.accepted if task not in ends]
    assert not lost, f"{len(lost)} acknowledged tasks are lost, {lost[0]}"
    wrong = [(task, ends[task]) for task, good in load.accepted.items() if ends[task] not in good]
    assert not wrong, wrong[:5]
    assert len(set(heard["asked"])) == len(heard["asked"]), "a key was taken twice"
    tally = {task: 1 for task in ends}
    for task in heard["again"]:
        tally[task] += 1
    ended = dict.fromkeys(ends, 0)
    for task in heard["ended"]:
        ended[task] += 1
    doubled = [(task, ended[task], tally[task]) for task in ends if ended[task] != tally[task]]
    assert not doubled, f"did not end once each time: {doubled[:5]}"
    assert audit.rows("SELECT count(*) FROM tasks t WHERE state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM results r WHERE "
                      "r.task = t.number)") == ["0"]
    missing = load.redriven - set(heard["again"])
    assert not missing, f"redriven, it was said, and never again at work: {list(missing)[:3]}"
    check_artifacts(load, audit)
    check_who_did_what(load, audit)
    check_definitions(load, audit)
    slots = check_slots(load, audit, ends)
    assert audit.whole()
    return {"acknowledged": len(load.accepted), "lost": 0, "doubled": 0, "removed": len(gone), "again": len(heard["again"]),
            "slots": slots, "workflows": len(load.workflows), "tokens": len(load.tokens), "asked_again": load.refused}


def check_artifacts(load, audit):
    """What large tasks brought and gave is there as long as they are; nothing else is."""
    assert audit.rows("SELECT count(*) FROM artifacts a WHERE NOT EXISTS (SELECT 1 FROM task_artifacts r WHERE r.hash = a.hash)") == ["0"]
    kept = set(audit.rows("SELECT task_id || ' ' || name FROM task_artifacts r JOIN tasks t ON t.number = r.task JOIN artifacts a ON "
                          "a.hash = r.hash"))
    there = set(audit.rows("SELECT task_id FROM tasks"))  # Asked later: retention goes on.
    missing = [task for task in load.larges & there if not {f"{task} context", f"{task} output"} <= kept]
    assert not missing, f"without artifacts: {missing[:3]}"


def check_who_did_what(load, audit):
    """Nothing was done without its entry, and no entry is there twice."""
    told = collections.Counter(audit.rows("SELECT action || ' ' || subject FROM audit_log WHERE outcome = 'ok'"))
    wrong = [subject for subject in load.asked if told[f"task.submit {subject}"] != 1]
    assert not wrong, f"{len(wrong)} submissions without one audit entry: {wrong[0]}, {told[f'task.submit {wrong[0]}']}"


def check_definitions(load, audit):
    assert load.cluster.call("GET", f"/v1/limits/{LIMIT}").json["concurrency"] == load.limit
    for token, revoked in load.tokens.items():
        assert audit.rows(f"SELECT CASE WHEN revoked_at = 0 THEN 0 ELSE 1 END FROM tokens WHERE token_id = '{token}'") == [str(int(revoked))]


def check_slots(load, audit, ends):
    """Each minute in which a schedule was there has one task; none is left out."""
    total = 0
    for schedule in load.schedules:
        slots = sorted(int(key.rsplit(":", 1)[1]) for key in audit.rows(f"SELECT name FROM audit WHERE kind = 'asked' AND name LIKE "
                                                                        f"'%{schedule}:%'"))
        assert all(later - earlier == 60000 for earlier, later in zip(slots, slots[1:])), f"{schedule} left one out: {slots}"
        total += len(slots)
    return total


__all__ = ["keep", "MixedLoad", "Patience", "PostgresAudit", "SqliteAudit", "check", "until"]
