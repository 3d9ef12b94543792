"""A wall clock that jumps an hour while the cluster runs: what is measured in time goes on, on both engines."""
import os
import struct
import subprocess

import pytest

from conftest import TOP

HOUR_S = 3600


class WallClock:
    def __init__(self, folder):
        self.path, library = str(folder / "clock"), str(folder / "wall_clock.so")
        self.set(0)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(TOP, "tests/integration/wall_clock.c"), "-ldl"], check=True)
        self.env = {"LD_PRELOAD": library, "CLOCK_FILE": self.path}

    def set(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("=q", seconds))


def metric(cluster, name):
    lines = cluster.call("GET", "/metrics").body.decode().splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[-1])


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_wall_clock_that_jumps_ends_and_delays_nothing(make_cluster, tmp_path, request, engine, jump_s):
    clock = WallClock(tmp_path)
    store = {"DATABASE_URL": request.getfixturevalue("postgres").journal()} if engine == "postgres" else {}
    cluster = make_cluster(env={**store, **clock.env}, args=["--workers", "indexing"])
    before = cluster.submit("echo", {"n": 1}, wait="10s").json
    running = cluster.submit("echo", {"delayMs": 3000}, timeout=20000, scheduleTimeout=20000).json
    after = cluster.submit("echo", {"n": 2}, dependencies=[running["taskId"]]).json
    clock.set(jump_s)
    moved = cluster.submit("echo", {"n": 3}, wait="10s").json
    assert moved["state"] == "succeeded" and (moved["createdAt"] > before["createdAt"]) == (jump_s > 0), "the shim is in place"
    done = cluster.finished(running["taskId"], 30)
    assert (done["state"], done["attempt"]) == ("succeeded", 1), done
    assert cluster.finished(after["taskId"], 30)["state"] == "succeeded"
    assert metric(cluster, "cogo_leases_expired_total") == 0 and metric(cluster, "cogo_leader") == 1
    assert cluster.call("GET", "/ready").status == 200
    clock.set(0)
    ids = [cluster.submit("echo", {"n": n}, wait="10s").json for n in range(5)]
    assert {task["state"] for task in ids} == {"succeeded"} and len({task["taskId"] for task in ids}) == 5
    cluster.kill()
    cluster.start()
    listed = cluster.call("GET", "/v1/tasks?pageSize=100").json["tasks"]
    assert len(listed) == 9 and {task["state"] for task in listed} == {"succeeded"}
    assert cluster.stop() == 0
