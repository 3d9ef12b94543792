"""The command line: exit codes, help, what a wrong word gets."""
import json
import re

import pytest
from conftest import run_cogo


def test_help_lists_the_commands():
    done = run_cogo("--help")
    assert done.returncode == 0
    for word in ("dev", "assess", "task submit", "workflow run", "worker list", "doctor"):
        assert word in done.stdout


@pytest.mark.parametrize("args,code,word", [
    ((), 2, "usage"),
    (("tsak", "list"), 2, "did you mean 'task'"),
    (("task", "sumbit", "echo"), 2, "did you mean 'submit'"),
    (("task", "list", "--sttae", "x"), 2, "did you mean --state?"),
    (("task", "submit", "echo", "--timeout", "soon"), 2, "--timeout"),
    (("task", "submit", "echo", "--context", "{"), 2, "--context"),
    (("assess", "/does/not/exist"), 3, "/does/not/exist"),
    (("assess", "/tmp", "--format", "pdf"), 2, "--format"),
    (("assess", "/tmp", "--fail-on", "never-ever"), 2, "--fail-on"),
    (("task", "get", "tsk_1", "--server", "http://127.0.0.1:9"), 5, "no cluster answers"),
    (("task", "get", "tsk_1", "--server", "ftp://x"), 2, "not an http"),
    (("task", "submit", "echo", "--depends-on", ","), 2, "--depends-on"),
    (("task", "submit", "echo", "--key", ""), 2, "--key"),
    (("assess",), 2, "PATH"),
    (("dev", "--listen", "nonsense"), 2, "--listen"),
    (("assess", "/tmp", "--timeout", "30"), 2, "a number alone is ms"),
    (("dev", "here"), 2, "unexpected argument 'here'"),
    (("node", "lst"), 2, "did you mean 'list'"),
    (("task", "get"), 2, "ID is missing; usage: cogo task get ID"),
    (("dev", "--workers", "quality-asurance"), 2, "quality-assurance"),
])
def test_wrong_use_gets_a_clear_word(args, code, word):
    done = run_cogo(*args, timeout=30)
    assert done.returncode == code, done.stderr
    assert word in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_help_on_a_command_is_the_same_both_ways_and_fits_the_page():
    done = run_cogo("help", "node")
    assert done.returncode == 0 and done.stdout == run_cogo("node", "--help").stdout
    assert done.stdout.startswith("usage: cogo node [options]")
    assert max(map(len, done.stdout.splitlines())) <= 100, done.stdout
    assert run_cogo("help", "task").stdout == run_cogo("task", "--help").stdout
    assert "did you mean 'task'" in run_cogo("help", "tsk").stderr


def test_config_file_is_read_and_unknown_keys_are_errors(tmp_path, cluster):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(f"server: {cluster.url}\n")
    bad.write_text("sever: x\n")
    assert run_cogo("worker", "list", "--config", str(good)).returncode == 0
    done = run_cogo("worker", "list", "--config", str(bad))
    assert done.returncode == 2 and "did you mean 'server'" in done.stderr


def test_a_relative_data_folder_works(tmp_path):
    from conftest import AnyCluster
    import os
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        cluster = AnyCluster("relative").start()
        task = cluster.submit("sandbox-executor", {"argv": ["true"]}, wait="20s").json
        assert task["state"] == "succeeded", task
        assert cluster.stop() == 0
    finally:
        os.chdir(here)


def test_submit_and_wait(cluster):
    done = run_cogo("task", "submit", "echo", "--context", '{"a":1}', "--wait", "--json",
                    "--server", cluster.url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["output"] == {"a": 1}


def test_task_commands(cluster):
    server = ("--server", cluster.url)
    out = run_cogo("task", "submit", "echo", "--wait", *server).stdout
    task_id = re.search(r"tsk_\w+", out).group(0)
    for verb in ("get", "events", "why", "watch"):
        done = run_cogo("task", verb, task_id, *server)
        assert done.returncode == 0, (verb, done.stderr)
    assert run_cogo("task", "cancel", task_id, *server).returncode == 4
    assert task_id in run_cogo("task", "list", *server).stdout
    assert run_cogo("task", "get", "tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV", *server).returncode == 3


def test_workflow_from_a_yaml_file(cluster, tmp_path):
    graph = tmp_path / "graph.yaml"
    graph.write_text("name: two\ntasks:\n  - {ref: a, role: echo}\n"
                     "  - {ref: b, role: echo, dependencies: [a]}\n")
    done = run_cogo("workflow", "run", str(graph), "--wait", "--json", "--server", cluster.url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "succeeded"
    assert run_cogo("workflow", "run", str(graph), "--server", cluster.url).returncode == 0
    page = run_cogo("workflow", "list", "--page-size", "1", "--server", cluster.url)
    assert page.returncode == 0 and len(page.stdout.splitlines()) == 2, page.stderr
    rest = run_cogo("workflow", "list", "--page-token", page.stderr.split()[-1], "--server", cluster.url)
    assert rest.returncode == 0 and json.loads(done.stdout)["workflowId"] in rest.stdout
    assert page.stdout.splitlines()[1] not in rest.stdout
    graph.write_text("name: [\n")
    assert run_cogo("workflow", "run", str(graph), "--server", cluster.url).returncode == 2


def test_a_workflow_that_failed_in_the_middle_is_retried_as_a_whole(cluster, tmp_path):
    tree, graph = tmp_path / "tree", tmp_path / "graph.yaml"
    graph.write_text("name: late\ntasks:\n  - {ref: before, role: echo}\n"
                     f"  - {{ref: index, role: code-indexer, context: {{path: {tree}}}, dependencies: [before]}}\n"
                     "  - {ref: then, role: echo, dependencies: [index]}\n"
                     "  - {ref: last, role: echo, dependencies: [before, then]}\n")
    done = run_cogo("workflow", "run", str(graph), "--wait", "--json", "--server", cluster.url)
    assert done.returncode == 1, done.stderr
    workflow = json.loads(done.stdout)
    assert [t["state"] for t in workflow["tasks"]] == ["succeeded", "failed", "cancelled", "cancelled"]
    tree.mkdir()
    again = ("workflow", "retry", workflow["workflowId"], "--server", cluster.url)
    done = run_cogo(*again, "--wait", "--json")
    assert done.returncode == 0, done.stderr
    assert [t["state"] for t in json.loads(done.stdout)["tasks"]] == ["succeeded"] * 4
    nothing = run_cogo(*again)
    assert nothing.returncode == 4 and "nothing to retry" in nothing.stderr
    assert run_cogo("workflow", "retry", "wfl_none", "--server", cluster.url).returncode == 3


def test_lists_and_checks(cluster):
    server = ("--server", cluster.url)
    assert "quality-assurance" in run_cogo("worker", "list", *server).stdout
    assert "code-validator" in run_cogo("role", "list", *server).stdout
    assert run_cogo("actor", "list", *server).returncode == 0
    page = run_cogo("actor", "list", "--page-size", "2", *server)
    assert page.returncode == 0 and len(page.stdout.splitlines()) == 3
    assert page.stderr.startswith("more: --page-token ")
    rest = run_cogo("actor", "list", "--json", "--page-token", page.stderr.split()[-1], *server)
    first = json.loads(run_cogo("actor", "list", "--json", "--page-size", "2", *server).stdout)
    ids = [a["actorId"] for a in first["actors"] + json.loads(rest.stdout)["actors"]]
    assert len(ids) == len(set(ids)) > 5
    one = run_cogo("actor", "get", "orchestrator", *server)
    assert one.returncode == 0 and json.loads(one.stdout)["behavior"] == "orchestrator"
    assert run_cogo("actor", "get", ids[0], *server).returncode == 0
    assert run_cogo("actor", "get", "nobody", *server).returncode == 3
    assert run_cogo("healthcheck", *server).returncode == 0
    assert run_cogo("healthcheck", "--server", "http://127.0.0.1:9").returncode == 1


def test_a_state_that_does_not_exist_is_told_with_those_that_do(cluster):
    done = run_cogo("task", "list", "--state", "done", "--server", cluster.url)
    assert done.returncode == 2
    assert "called done; there are: " in done.stderr and "succeeded" in done.stderr


def test_doctor_says_what_is_there(cluster):
    done = run_cogo("doctor", "--json", "--server", cluster.url)
    checks = {c["name"]: c for c in json.loads(done.stdout)["checks"]}
    assert checks["sandbox"]["detail"] in ("namespaces", "landlock", "limits", "none")
    assert checks["cluster"]["ok"]


def test_migrate_shows_then_applies(tmp_path):
    dry = run_cogo("migrate", "--data", str(tmp_path / "d"), "--dry-run")
    assert dry.returncode == 0 and dry.stdout
    assert run_cogo("migrate", "--data", str(tmp_path / "d")).returncode == 0
    again = run_cogo("migrate", "--data", str(tmp_path / "d"), "--dry-run")
    assert again.returncode == 0 and again.stdout != dry.stdout
