"""What takes minutes: the whole kill loop, other people's sources, a 100,000-line tree.

    bash tests/run.sh --long --only long
"""
import glob
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
INTEGRATION = os.path.join(os.path.dirname(HERE), "integration")


def load(name):
    spec = importlib.util.spec_from_file_location("integration_" + name,
                                                  os.path.join(INTEGRATION, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


base = load("conftest")
sys.modules["conftest"] = base
PACKAGES = ["bc", "tree", "dos2unix", "figlet", "toolz", "autojump", "jinja2", "ucf"]


def test_twenty_kills_at_random_moments(make_cluster):
    kill = load("test_kill")
    seed = int(os.environ.get("SEED", time.time_ns() % 100000))
    print(f"seed={seed}  repeat: SEED={seed} pytest tests/long -k twenty")
    count = kill.kill_loop(make_cluster, 20, seed)
    print(json.dumps({"bench": "kill-20", "acknowledged": count, "lost": 0, "doubled": 0}))


def test_sixteen_idle_lanes_for_ten_seconds():
    """No wake-up and under 0.1 % of a CPU; the unit tier does the same for two seconds."""
    top = os.path.dirname(os.path.dirname(HERE))
    built = [os.path.join(top, "build", folder, "tests", "runtime_test")
             for folder in ("debug", "")]
    binary = next(path for path in built if os.path.exists(path))
    done = subprocess.run([binary, "--filter", "idle/sixteen*"], timeout=60,
                          env=dict(os.environ, IDLE_SECONDS="10"), capture_output=True, text=True)
    assert done.returncode == 0 and "Passing: 1" in done.stderr + done.stdout, done.stderr


def deb_src_lines():
    """The machine's own package sources, as source packages."""
    shown = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)",
                            "Origin: Debian"],
                           capture_output=True, text=True, check=True).stdout
    pairs = sorted(set(line for line in shown.splitlines() if line.strip()))
    return "".join(f"deb-src {line} main\n" for line in pairs)


def source_of(package, folder):
    """apt-get source needs deb-src lines; they go into a list of our own."""
    lists = os.path.join(folder, "sources.list")
    with open(lists, "w") as f:
        f.write(deb_src_lines())
    state = os.path.join(folder, "lists")
    os.makedirs(os.path.join(state, "partial"), exist_ok=True)
    options = ["-o", f"Dir::Etc::SourceList={lists}", "-o", "Dir::Etc::SourceParts=/dev/null",
               "-o", f"Dir::State::Lists={state}", "-o", "APT::Sandbox::User=root"]
    if not glob.glob(os.path.join(state, "*Sources*")):
        subprocess.run(["apt-get", "update", "-qq"] + options, check=True, timeout=300)
    subprocess.run(["apt-get", "source", "-qq", package] + options, check=True, cwd=folder,
                   timeout=300, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    return tmp_path_factory.mktemp("debian")


@pytest.mark.parametrize("package", PACKAGES)
def test_sources_that_nobody_here_wrote(package, sources):
    before = set(os.listdir(sources))
    source_of(package, str(sources))
    trees = [os.path.join(sources, n) for n in set(os.listdir(sources)) - before
             if os.path.isdir(os.path.join(sources, n)) and n != "lists"]
    assert len(trees) == 1, trees
    start = time.monotonic()
    done = base.run_cogo("assess", trees[0], "--format", "json", timeout=200)
    seconds = time.monotonic() - start
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    print(json.dumps({"package": package, "seconds": round(seconds, 1),
                      "verdict": report["verdict"], "summary": report["summary"],
                      "scores": report["scores"],
                      "tests": {k: report["tests"].get(k) for k in ("framework", "passed", "failed")},
                      "findings": len(report["findings"])}))
    assert seconds < 180
    assert report["index"]["files"] > 0
    shutil.rmtree(trees[0])


def test_a_tree_of_a_hundred_thousand_lines(tmp_path):
    for n in range(250):
        lines = ["#include <stdio.h>", "#include <stdlib.h>", ""]
        for f in range(40):
            lines += [f"int compute_{n}_{f}(int a, int b)", "{", "    int sum = 0;",
                      "    for (int i = a; i < b; i++) {", "        sum += i;", "    }",
                      f"    printf(\"%d\\n\", sum + {f});", "    return sum;", "}", ""]
        (tmp_path / f"module_{n}.c").write_text("\n".join(lines))
    start = time.monotonic()
    done = base.run_cogo("assess", str(tmp_path), "--format", "json", timeout=400)
    seconds = time.monotonic() - start
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    print(json.dumps({"bench": "100k-lines", "seconds": round(seconds, 1),
                      "lines": report["index"]["lines"]}))
    assert report["index"]["lines"] >= 100000 and seconds < 300
