"""The main job on real trees: planted defects are found, hostile trees harm nobody."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from conftest import COGO, FIXTURES, environment, run_cogo

SEVERITIES = ["info", "low", "medium", "high", "critical"]


def assess(path, *args, timeout=240):
    done = run_cogo("assess", str(path), "--format", "json", *args, timeout=timeout)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout), done


@pytest.fixture(scope="module")
def inventory():
    return assess(os.path.join(FIXTURES, "c-inventory"))


def expected(fixture):
    everything = json.load(open(os.path.join(FIXTURES, "EXPECTED.json")))
    return [d for d in everything["defects"] if d["fixture"] == fixture]


def check_defects(report, fixture):
    missing = []
    for defect in expected(fixture):
        hits = [f for f in report["findings"]
                if f["file"] == defect["file"] and abs(f["line"] - defect["line"]) <= 1
                and (not defect.get("cwe") or f.get("cwe") in
                     (defect["cwe"] if isinstance(defect["cwe"], list) else [defect["cwe"]])
                     or (defect.get("rule") and f["ruleId"] == defect["rule"]))]
        if not hits:
            missing.append(defect)
        else:
            least = SEVERITIES.index(defect.get("severity", "low"))
            assert max(SEVERITIES.index(f["severity"]) for f in hits) >= least, (defect, hits)
    assert not missing, json.dumps(missing, indent=1)


def test_planted_defects_of_the_c_project_are_found(inventory):
    check_defects(inventory[0], "c-inventory")


def test_the_c_projects_tests_are_reported(inventory):
    tests = inventory[0]["tests"]
    assert tests["failed"] == 1 and tests["flaky"] == 1 and tests["passed"] >= 10
    bad = [c for c in tests["cases"] if c["status"] == "failed"]
    assert bad[0]["name"] == "stock_goes_negative"
    assert bad[0]["file"] and bad[0]["line"] > 0
    assert inventory[0]["verdict"] == "fail"


def test_secrets_are_masked_in_every_output(inventory):
    report, done = inventory
    source = open(os.path.join(FIXTURES, "c-inventory", "src", "sync.c")).read()
    secrets = re.findall(r"AKIA[0-9A-Z]{16}", source)
    assert secrets
    folder = os.path.join("/tmp/cogo-tests-state/cogo/reports", report["workflowId"])
    outputs = done.stdout + done.stderr
    for name in os.listdir(folder):
        outputs += open(os.path.join(folder, name)).read()
    for secret in secrets:
        assert secret not in outputs


def test_planted_defects_of_the_python_project_are_found():
    report, _ = assess(os.path.join(FIXTURES, "py-orders"))
    check_defects(report, "py-orders")
    assert report["tests"]["failed"] == 1 and report["tests"]["passed"] > 0


def test_the_mixed_project_is_seen_whole():
    report, _ = assess(os.path.join(FIXTURES, "mixed"))
    languages = {entry["language"].lower() for entry in report["index"]["languages"]}
    assert {"c", "python"} <= languages
    assert report["tests"]["passed"] > 0


def test_text_report_is_for_people():
    done = run_cogo("assess", os.path.join(FIXTURES, "c-inventory"))
    assert done.returncode == 0
    for word in ("FAIL", "dimension", "tests", "stock_goes_negative", "findings, worst first"):
        assert word in done.stdout, done.stdout
    assert "\033[" not in done.stdout
    assert done.stderr == ""


def test_sarif_has_the_required_parts():
    done = run_cogo("assess", os.path.join(FIXTURES, "c-inventory"), "--format", "sarif")
    document = json.loads(done.stdout)
    assert document["version"] == "2.1.0" and document["$schema"]
    run = document["runs"][0]
    assert run["tool"]["driver"]["name"] == "cogo"
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_fail_on_decides_the_exit_code():
    path = os.path.join(FIXTURES, "c-inventory")
    assert run_cogo("assess", path, "--fail-on", "critical").returncode == 1
    assert run_cogo("assess", path, "--fail-on", "tests").returncode == 1


def test_an_assessment_survives_a_restart_of_its_cluster(make_cluster):
    """kill -9 in the middle: the client waits, the journal has the workflow, the report comes."""
    cluster = make_cluster()
    port = cluster.url.rsplit(":", 1)[1]
    client = subprocess.Popen([COGO, "assess", os.path.join(FIXTURES, "mixed"), "--format", "json",
                               "--server", cluster.url], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, XDG_STATE_HOME="/tmp/cogo-tests-state"))
    while not cluster.call("GET", "/v1/workflows").json["workflows"]:
        time.sleep(0.01)
    cluster.kill()
    cluster.start(port=port)
    out, err = client.communicate(timeout=120)
    assert client.returncode == 0, err
    report = json.loads(out)
    assert report["tests"]["passed"] > 0
    again, _ = assess_workflow(report["workflowId"], cluster.url)
    assert again["findings"] == report["findings"]


def test_an_assessment_whose_answer_is_lost_with_the_cluster_is_submitted_once(make_cluster):
    """The workflow is on disk and nobody was told: the client asks again, with the same key."""
    cluster = make_cluster()
    cluster.kill()
    cluster.env["COGO_FAILPOINT"] = "orchestrator.committed.before:kill"
    port = cluster.url.rsplit(":", 1)[1]
    cluster.start(port=port)
    client = subprocess.Popen([COGO, "assess", os.path.join(FIXTURES, "mixed"), "--format", "json", "--server", cluster.url],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, XDG_STATE_HOME="/tmp/cogo-tests-state"))
    assert cluster.process.wait(20) == -9
    del cluster.env["COGO_FAILPOINT"]
    cluster.start(port=port)
    out, err = client.communicate(timeout=120)
    assert client.returncode == 0, err
    workflows = cluster.call("GET", "/v1/workflows").json["workflows"]
    assert [one["workflowId"] for one in workflows] == [json.loads(out)["workflowId"]]


def test_ctrl_c_cancels_at_once_also_without_a_terminal(cluster, tmp_path):
    (tmp_path / "Makefile").write_text("check:\n\tsleep 60\n")
    client = subprocess.Popen([COGO, "assess", str(tmp_path), "--server", cluster.url], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=environment())

    running, end = [], time.monotonic() + 30
    while not running and time.monotonic() < end:
        running = cluster.call("GET", "/v1/tasks?role=test-runner&state=running").json["tasks"]
        time.sleep(0.05)
    task = running[0]["taskId"]
    client.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, err = client.communicate(timeout=60)
    assert client.returncode == 130, err
    assert time.monotonic() - start < 10, err
    assert "its tasks are cancelled" in err and "no cluster answers" not in err
    assert cluster.call("GET", f"/v1/tasks/{task}?wait=10s").json["state"] == "cancelled"


def assess_workflow(workflow, server):
    done = run_cogo("assess", "--workflow", workflow, "--format", "json", "--server", server)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done


def test_what_a_killed_run_left_is_swept_by_the_next(tmp_path):
    killed = subprocess.Popen([COGO, "assess", os.path.join(FIXTURES, "c-inventory")], env=environment(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lock, end = None, time.monotonic() + 20
    while not lock and time.monotonic() < end:
        lock = next((path for path in glob.glob("/tmp/cogo-assess-*/cogo.db.lock")
                     if open(path).read().strip() == str(killed.pid)), None)
    killed.kill()
    killed.wait()
    assert lock
    run_cogo("assess", str(tmp_path))
    assert not os.path.exists(os.path.dirname(lock))


def test_empty_folder(tmp_path):
    report, _ = assess(tmp_path)
    assert report["findings"] == [] and report["tests"]["cases"] == []
    assert report["verdict"] in ("pass", "warn")


def test_folder_without_tests():
    report, _ = assess(os.path.join(FIXTURES, "no-tests"))
    assert report["tests"]["cases"] == []
    assert any("test" in s for s in report["skipped"])


def test_tree_that_does_not_compile():
    report, _ = assess(os.path.join(FIXTURES, "broken"))
    assert report["verdict"] == "fail"
    assert any(f["file"].endswith(".c") and f["line"] > 0 for f in report["findings"])


def test_strange_files_are_named_and_skipped(tmp_path):
    (tmp_path / "binary.c").write_bytes(os.urandom(5000) + b"\0" * 100)
    (tmp_path / "nul.c").write_bytes(b"int a;\0int b;\n")
    (tmp_path / "long.c").write_bytes(b"int x" + b" " * 10_000_000 + b";\n")
    (tmp_path / "good.py").write_text("print('hello')\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to("../sub")
    (tmp_path / "secret").symlink_to("/etc/shadow")
    os.mkfifo(tmp_path / "pipe.c")
    start = time.monotonic()
    report, _ = assess(tmp_path)
    assert time.monotonic() - start < 120
    assert any("binary.c" in s for s in report["skipped"]), report["skipped"]
    assert "root:" not in json.dumps(report)


def test_unreadable_path_is_refused(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o000)
    if os.geteuid() == 0:
        done = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "ls", str(locked)],
                              capture_output=True)
        assert done.returncode != 0
        pytest.skip("root reads everything")
    assert run_cogo("assess", str(locked)).returncode != 0


@pytest.mark.parametrize("suite", ["fork-bomb", "disk-fill", "ignore-term", "sockets", "flood"])
def test_hostile_suites_get_an_answer_and_leave_nothing(suite, tmp_path, cluster):
    tree = tmp_path / suite
    shutil.copytree(os.path.join(FIXTURES, "hostile", suite), tree)
    task = cluster.submit("test-runner", {"path": str(tree)}, timeout=15000, maxAttempts=1).json
    done = cluster.finished(task["taskId"], 90)
    text = json.dumps(done)
    assert done["state"] in ("succeeded", "partial", "failed", "expired", "deadlettered"), text
    assert cluster.submit("echo", {"alive": True}, wait="10s").json["state"] == "succeeded"
    left = subprocess.run(["ps", "-eo", "pid,uid,args"], capture_output=True, text=True).stdout
    strays = [line for line in left.splitlines() if re.search(r"\bhostile-(fork|sleep)\b", line)]
    assert not strays, strays
