"""The image is really built and run, by a Docker engine that the test starts on a base image made here.

Repeat:  bash deploy/packages.sh long && /usr/bin/python3 -m pytest -s tests/long/test_image.py
"""
import json
import subprocess
import time

import pytest

from engine import TOP, Engine

SIZE_MAX = 80_000_000
GRACE_S = 30
HARD = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "256", "--tmpfs", "/tmp"]


@pytest.fixture(scope="module")
def docker():
    """An engine with cogo:test in it."""
    engine = Engine("build")
    try:
        engine.base()
        start = time.monotonic()
        engine("build", "--network=host", "-t", "cogo:test", TOP)
        print(f"\nimage: built in {time.monotonic() - start:.0f} s")
        yield engine
    finally:
        engine.down()


def wait_for(docker, container, wanted, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = docker("inspect", "-f", "{{.State.Health.Status}}", container)
        if state == wanted:
            return
        time.sleep(0.1)
    raise AssertionError(f"{state}, not {wanted} after {seconds} s: {docker('logs', container)}")


def test_the_image_is_small_and_says_what_is_in_it(docker):
    facts = json.loads(docker("image", "inspect", "cogo:test"))[0]
    print(f"image: {facts['Size'] / 1e6:.1f} MB")
    assert facts["Size"] < SIZE_MAX
    config = facts["Config"]
    assert config["User"] == "1001:1001" and "3000/tcp" in config["ExposedPorts"]
    health = config["Healthcheck"]
    assert [health[k] for k in ("Interval", "Timeout", "StartPeriod", "Retries")] == [30e9, 3e9, 5e9, 3]
    assert config["Labels"]["org.opencontainers.image.title"] == "cogo"
    sbom = json.loads(docker("run", "--rm", "--network=none", "--entrypoint", "cat", "cogo:test", "/usr/share/cogo/sbom.spdx.json"))
    assert sbom["spdxVersion"] == "SPDX-2.3"
    names = {p["name"] for p in sbom["packages"]}
    assert {"cogo", "libc6", "libssl3", "libsqlite3-0"} <= names


def test_it_runs_with_nothing_to_write_to_and_stops_in_time(docker):
    start = time.monotonic()
    container = docker("run", "-d", "--network=host", *HARD, "--health-interval", "1s", "-e", "COGO_API_TOKEN=token-of-a-test",
                       "-e", "COGO_LISTEN=127.0.0.1:23171", "-e", "ORCHESTRATOR_URL=http://127.0.0.1:23171", "cogo:test")
    try:
        wait_for(docker, container, "healthy", 60)
        ready = time.monotonic() - start
        done = docker("exec", container, "cogo", "task", "submit", "echo", "--context", '{"a":1}', "--wait", "--json")
        assert json.loads(done)["state"] == "succeeded"
        memory = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container)
        assert docker("exec", container, "cat", "/proc/1/status").count("CapEff:\t0000000000000000") == 1
        start = time.monotonic()
        docker("stop", "-t", str(GRACE_S), container)
        stopped = time.monotonic() - start
        assert docker("inspect", "-f", "{{.State.ExitCode}}", container) == "0"
        print(f"container: healthy after {ready:.1f} s, {memory.split('/')[0].strip()} idle, stopped in {stopped:.1f} s")
        assert stopped < GRACE_S
    finally:
        docker("rm", "-f", "-v", container)


def test_off_loopback_without_a_token_it_refuses_to_start(docker):
    container = docker("run", "-d", "--network=none", *HARD, "cogo:test")
    try:
        assert docker("wait", container) == "2"
        said = subprocess.run(["docker", "logs", container], capture_output=True, text=True, env=docker.env)
        assert "COGO_API_TOKEN" in said.stderr
    finally:
        docker("rm", "-f", "-v", container)
