"""Tasks that are submitted again and again, over HTTP and the command line, on both engines."""
import json
import subprocess
import time

import pytest

from conftest import COGO


def cogo(cluster, *args):
    return subprocess.run([COGO, *args, "--server", cluster.url], capture_output=True, text=True, timeout=60)


def test_schedules_submit_survive_a_kill_and_end_when_they_are_deleted(make_cluster, postgres):
    """Both stores at once: a minute has to come."""
    clusters = [make_cluster("sqlite"), make_cluster("postgres", env={"DATABASE_URL": postgres.journal()})]
    paths = []
    for cluster in clusters:
        answer = cluster.call("POST", "/v1/schedules", {
            "name": "each minute", "cron": "* * * * *", "overlap": "allow",
            "instruction": {"role": "echo", "context": {"from": "schedule"}}})
        assert answer.status == 201, answer.body
        schedule = answer.json
        paths.append(f"/v1/schedules/{schedule['scheduleId']}")
        assert answer.headers["Location"] == paths[-1]
        assert schedule["timeZone"] == "UTC" and schedule["nextSlot"].endswith(":00.000Z")
        cluster.kill()
        cluster.start()
    end = time.monotonic() + 120  # The next full minute, and a slow machine.
    for cluster, path in zip(clusters, paths):
        while not cluster.call("GET", path).json.get("lastTaskId"):
            assert time.monotonic() < end, cluster.call("GET", path).body
            time.sleep(0.2)
        seen = cluster.call("GET", path).json
        task = cluster.finished(seen["lastTaskId"])
        assert task["state"] == "succeeded" and task["result"]["output"] == {"from": "schedule"}
        assert seen["nextSlot"] > seen["lastSlot"] and seen["submitted"] >= 1
        assert cluster.call("DELETE", path).status == 200
        assert cluster.call("GET", path).status == 404
        cluster.kill()
        cluster.start()
        assert cluster.call("GET", "/v1/schedules").json.get("schedules", []) == []
        assert cluster.call("GET", f"/v1/tasks/{task['taskId']}").status == 200


@pytest.mark.parametrize("change, word", [
    ({"cron": "61 * * * *"}, "minute"), ({"cron": "0 0 30 2 *"}, "/cron"), ({"timeZone": "Mars/X"}, "/timeZone"),
    ({"overlap": "maybe"}, "/overlap"), ({"missed": "maybe"}, "/missed"), ({"instruction": {}}, "/instruction/role"),
    ({"instruction": {"role": "nobody"}}, "Unknown role"), ({"scheduleId": "sch_mine"}, "/scheduleId"),
    ({"instruction": {"role": "echo", "dependencies": ["tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV"]}}, "/instruction/dependencies"),
])
def test_bad_schedules_are_refused_with_the_field(cluster, change, word):
    body = dict({"cron": "@daily", "instruction": {"role": "echo"}}, **change)
    answer = cluster.call("POST", "/v1/schedules", body)
    assert answer.status == 422 and word in answer.body.decode(), answer.body


def test_the_command_line_makes_pauses_and_deletes_them(cluster):
    made = cogo(cluster, "schedule", "create", "echo", "--cron", "30 2 * * *", "--time-zone", "Europe/Berlin",
                "--name", "nightly", "--context", '{"n":1}', "--json")
    assert made.returncode == 0, made.stderr
    schedule = json.loads(made.stdout)
    assert schedule["instruction"]["context"] == {"n": 1}
    listed = cogo(cluster, "schedule", "list")
    assert "nightly" in listed.stdout and "Europe/Berlin" in listed.stdout
    paused = cogo(cluster, "schedule", "pause", schedule["scheduleId"])
    assert paused.returncode == 0 and "paused" in paused.stdout
    assert "next" in cogo(cluster, "schedule", "resume", schedule["scheduleId"]).stdout
    assert cogo(cluster, "schedule", "delete", schedule["scheduleId"]).returncode == 0
    assert cogo(cluster, "schedule", "get", schedule["scheduleId"]).returncode == 3
    assert cogo(cluster, "schedule", "create", "echo").returncode == 2
