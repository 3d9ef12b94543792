"""kill -9 in the middle of work: nothing acknowledged is lost, no result is recorded twice."""
import random
import sqlite3
import threading
import time
import os

from conftest import TERMINAL


def kill_loop(make_cluster, kills, seed):
    rng = random.Random(seed)
    cluster = make_cluster("killed")
    acknowledged, stop = set(), threading.Event()

    def submit():
        n = 0
        while not stop.is_set():
            n += 1
            try:
                body = {"tasks": [{"role": "echo", "context": {"n": n, "delayMs": rng.randrange(30)}}
                                  for _ in range(20)]}
                answer = cluster.call("POST", "/v1/tasks:batchCreate", body, timeout=5)
                if answer.status in (200, 202):
                    acknowledged.update(t["taskId"] for t in answer.json["tasks"])
            except (OSError, ValueError):
                time.sleep(0.01)  # The cluster is down just now; that is the point.
    threads = [threading.Thread(target=submit) for _ in range(2)]
    [t.start() for t in threads]
    try:
        for _ in range(kills):
            time.sleep(rng.uniform(0.05, 0.6))  # Widens the window on purpose.
            cluster.kill()
            cluster.start()
    finally:
        stop.set()
        [t.join() for t in threads]
    assert len(acknowledged) > 20 * kills, f"too little load: {len(acknowledged)} (seed {seed})"
    end = time.monotonic() + 120
    while True:
        open_tasks = [t for state in ("queued", "blocked", "scheduled", "running", "retrying")
                      for t in cluster.call("GET", f"/v1/tasks?state={state}&pageSize=1").json["tasks"]]
        if not open_tasks:
            break
        assert time.monotonic() < end, f"unfinished after 120 s (seed {seed}): {open_tasks[0]}"
        time.sleep(0.1)
    assert cluster.stop() == 0
    db = sqlite3.connect(os.path.join(cluster.data, "cogo.db"))
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    tables = {name for (name,) in db.execute("select name from sqlite_master where type='table'")}
    assert {"tasks", "task_events"} <= tables
    states = dict(db.execute("select task_id, state from tasks"))
    lost = acknowledged - set(states)
    assert not lost, f"{len(lost)} acknowledged tasks lost (seed {seed})"
    ended = db.execute("select task, count(*) from task_events where type in (%s) "
                       "group by task having count(*) > 1"
                       % ",".join(f"'cogo.task.{s}'" for s in TERMINAL)).fetchall()
    assert not ended, f"recorded twice (seed {seed}): {ended[:3]}"
    return len(acknowledged)


def test_nothing_acknowledged_is_lost_over_kills(make_cluster):
    seed = int(os.environ.get("SEED", time.time_ns() % 100000))
    print(f"seed={seed}  repeat: SEED={seed} pytest tests/integration/test_kill.py")
    count = kill_loop(make_cluster, 4, seed)
    print(f"{count} acknowledged, 0 lost, 0 doubled over 4 kills")


def test_running_work_is_taken_up_again(make_cluster):
    cluster = make_cluster()
    task = cluster.submit("echo", {"delayMs": 1500}).json
    cluster.kill()
    cluster.start()
    done = cluster.finished(task["taskId"], 30)
    assert done["state"] == "succeeded"
