"""A full disk: new work is refused, nothing accepted is lost, and room is all that it takes to go on."""
import os
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from conftest import COGO

BODY = {"tasks": [{"role": "echo", "context": {"fill": "x" * 2000}} for _ in range(100)]}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("mount is not permitted here: " + done.stderr.strip())
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def until(what, seconds):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def succeeded_count(cluster):
    text = cluster.call("GET", "/metrics").body.decode()
    return int(float(re.search(r'^cogo_tasks_total\{role="echo",status="succeeded"\} (\S+)',
                               text, re.M).group(1)))


def fill(cluster):
    """Submits until the store refuses. Ids that were accepted."""
    accepted = []
    for _ in range(2000):
        answer = cluster.call("POST", "/v1/tasks:batchCreate", BODY)
        if answer.status == 503:
            assert answer.json["code"] == "STORE_UNAVAILABLE", answer.body
            assert answer.json["retryAfterMs"] > 0
            return accepted
        if answer.status in (200, 202):
            accepted += [t["taskId"] for t in answer.json["tasks"]]
        else:
            # It was taken when the disk became full, and nobody can say yet how it ends.
            assert answer.status == 504, answer.body
    raise AssertionError("the disk did not become full")


def test_full_disk_recovers_by_itself_when_there_is_room(make_cluster, small_disk):
    cluster = make_cluster("disk/data")
    accepted = fill(cluster)
    assert accepted
    until(lambda: cluster.call("GET", "/ready").status == 503, 5)
    assert cluster.call("GET", "/health").status == 200
    db = sqlite3.connect(f"file:{cluster.data}/cogo.db?mode=ro", uri=True)
    on_disk = db.execute("select count(*) from tasks where state='succeeded'").fetchone()[0]
    assert succeeded_count(cluster) == on_disk, "only what is on disk counts"

    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    until(lambda: cluster.call("GET", "/ready").status == 200, 8)  # The longest pause is 5 s.
    assert cluster.call("POST", "/v1/tasks:batchCreate", BODY).status == 202
    until(lambda: db.execute("select count(*) from tasks where terminal=0").fetchone() == (0,), 30)
    states = dict(db.execute("select task_id, state from tasks"))
    assert {states.get(i) for i in accepted} == {"succeeded"}
    assert succeeded_count(cluster) == len(states)
    assert db.execute("select count(*) from (select task from task_events where "
                      "type='cogo.task.succeeded' group by task having count(*) > 1)"
                      ).fetchone() == (0,)
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    db.close()
    assert cluster.stop() == 0


@pytest.mark.parametrize("when", [30, 45, 80])
def test_a_failed_fsync_ends_the_node_and_nothing_acknowledged_is_lost(make_cluster, tmp_path, when):
    """From the @when-th on all of them fail. Nobody knows then what the file holds, so there is no second try."""
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "-qq", "true"], capture_output=True).returncode != 0:
        pytest.skip("strace can't trace here")
    program = tmp_path / "cogo"
    program.write_text(f"#!/bin/sh\nexec {strace} -f -qq --seccomp-bpf -o /dev/null -e trace=fdatasync "
                       f"-e inject=fdatasync:error=EIO:when={when}+ {COGO} \"$@\"\n")
    program.chmod(0o755)
    cluster = make_cluster(binary=program, args=["--workers", "indexing"])
    accepted = []
    for _ in range(1000):
        try:
            answer = cluster.submit("echo", {})
        except OSError:  # It has ended.
            break
        if answer.status == 202:
            accepted.append(answer.json["taskId"])
        else:
            assert answer.status in (503, 504), answer.body
    assert cluster.process.wait(30) == 1 and "disk I/O error" in open(cluster.log_path).read()
    cluster.binary = COGO
    cluster.start()
    print(f"{len(accepted)} acknowledged before the fault")
    for task in accepted:
        assert cluster.finished(task)["state"] == "succeeded"
    assert accepted and cluster.stop() == 0
