"""Where bubblewrap can't start (an ordinary container), everything still works, one level lower."""
import json
import os
import shutil
import subprocess

import pytest

from conftest import COGO, FIXTURES, AnyCluster, environment
from test_assess import check_defects

BWRAP = shutil.which("bwrap")


def without_bubblewrap(*argv):
    """Runs ARGV in a mount namespace in which the bwrap program is an empty file."""
    script = f'mount --bind /dev/null {BWRAP} && exec "$@"'
    return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *argv],
                          capture_output=True, text=True, timeout=120, env=environment())


pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or BWRAP is None or subprocess.run(["unshare", "-m", "true"]).returncode != 0,
    reason="needs root and a mount namespace to hide bubblewrap")


def test_a_program_runs_below_the_namespaces_level(tmp_path):
    wrapper = tmp_path / "cogo-without-bubblewrap"
    wrapper.write_text("#!/bin/sh\nexec unshare -m sh -c 'mount --bind /dev/null "
                       f'{BWRAP} && exec "$@"\' sh {COGO} "$@"\n')
    wrapper.chmod(0o755)
    cluster = AnyCluster(tmp_path / "data", binary=wrapper).start()
    try:
        task = cluster.call("POST", "/v1/tasks?wait=30s", {
            "role": "sandbox-executor", "context": {"argv": ["true"]}}).json
        assert task["state"] == "succeeded", task
        assert task["result"]["output"]["level"] in ("landlock", "limits")
    finally:
        cluster.stop()


def test_all_planted_defects_are_found_below_the_namespaces_level():
    done = without_bubblewrap(COGO, "assess", os.path.join(FIXTURES, "c-inventory"),
                              "--format", "json")
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    check_defects(report, "c-inventory")
    assert report["tests"]["passed"] >= 10
    assert "Permission denied" not in json.dumps(report["skipped"])


def test_the_doctor_names_the_level_that_is_reached():
    done = without_bubblewrap(COGO, "doctor")
    assert "landlock" in done.stdout or "limits" in done.stdout
