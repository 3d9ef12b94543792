"""deploy/production.sh against an engine that is played: each way to fail has its exit code and one line that says why, and what ran
before serves. tests/long/test_compose.py does the same with a real engine."""
import os
import subprocess
import time

import pytest

from conftest import SETTINGS, TOP

# What the script asks of Docker and Compose. An image called sick never gets healthy, and what depends on it waits.
DOCKER = """#!/usr/bin/env bash
echo "docker $*" >>"$PLAYED"
case "$1 $2" in
"image inspect") [[ $3 != *absent* ]] ;;
"pull -q") false ;;
"inspect -f") echo "sha256:before" ;;
esac
"""
COMPOSE = """#!/usr/bin/env bash
echo "$COGO_IMAGE compose $*" >>"$PLAYED"
sick=false
[[ ${COGO_IMAGE-} != *sick* ]] || sick=true
case " $* " in
*" config "*) [ -z "${BROKEN_FILES-}" ] || { echo "services.x: unknown field"; false; } ;;
*" run "*) [ -z "${BROKEN_MIGRATION-}" ] || { echo "a table is in the way"; false; } ;;
*" ps -q "*) [ -n "${FIRST-}" ] || echo container ;;
*" ps -a "*) echo "cogo-migrate exited"; if $sick; then echo "cogo-orchestrator running starting"; else echo "cogo-orchestrator running healthy"; fi ;;
*" up "*) if $sick && [[ " $* " != *" postgres "* ]]; then sleep 300; fi ;;
esac
"""
HANGS_S = 100


class Played:
    def __init__(self, folder):
        self.folder, self.log = folder, folder / "played"
        self.env = {**{k: v for k, v in os.environ.items() if k not in SETTINGS}, "PLAYED": str(self.log), "PATH": f"{folder}:{os.environ['PATH']}",
                    "COGO_COMPOSE": str(folder / "compose")}
        for name, text in (("docker", DOCKER), ("compose", COMPOSE)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def deploy(self, change=None, raw="", **more):
        settings = {k: v for k, v in {**SETTINGS, **(change or {})}.items() if v is not None}
        (self.folder / "env").write_text("".join(f"{k}={v}\n" for k, v in settings.items()) + raw)
        done = subprocess.run(["bash", os.path.join(TOP, "deploy/production.sh"), "--env-file", str(self.folder / "env"), "--no-build",
                               "--deadline", "2"], capture_output=True, text=True, timeout=HANGS_S, env={**self.env, **more})
        assert not any(settings.get(name) and settings[name] in done.stderr for name in ("COGO_API_TOKEN", "COGO_CLUSTER_SECRET"))
        return done.returncode, done.stderr.strip().splitlines()[-1]

    def did(self):
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def played(tmp_path):
    return Played(tmp_path)


GOOD = {"COGO_API_TOKEN": "token-of-a-deployment", "COGO_CLUSTER_SECRET": "secret-of-a-deployment"}


def test_a_version_that_gets_healthy_is_deployed(played):
    code, line = played.deploy(GOOD)
    assert code == 0 and line == "deployed cogo:dev: 1 containers, all healthy"


@pytest.mark.parametrize("change, raw, code, says", [
    ({}, "not a setting\n", 2, "a line is not NAME=VALUE"),
    ({"COGO_CLUSTER_SECRET": None}, "", 2, "COGO_CLUSTER_SECRET is not set"),
    ({"COGO_API_TOKEN": "tiny"}, "", 2, "COGO_API_TOKEN is shorter than 16 bytes"),
    ({"DB_PASSWORD": "pass/word"}, "", 2, "DB_PASSWORD has characters"),
    ({"COGO_TOOLBOX_IMAGE": "cogo:dev"}, "", 2, "are the same image"),
    ({"BROKEN_FILES": "1"}, "", 2, "the Compose files are not valid: services.x: unknown field"),
    ({"COGO_IMAGE": "cogo:absent"}, "", 3, "image cogo:absent is neither here nor can it be pulled"),
    ({"BROKEN_MIGRATION": "1"}, "", 4, "the migration failed: a table is in the way"),
])
def test_what_is_wrong_before_the_start_stops_nothing(played, change, raw, code, says):
    got, line = played.deploy({**GOOD, **change}, raw)
    assert got == code and says in line, line
    assert " up -d --remove-orphans" not in played.did() and " stop" not in played.did()


def test_an_image_that_never_gets_healthy_is_undone_in_time(played):
    """Compose itself waits for who is not healthy, longer than the deadline allows."""
    start = time.monotonic()
    code, line = played.deploy({**GOOD, "COGO_IMAGE": "cogo:sick"})
    assert code == 5 and line.endswith("not healthy after 2 s: cogo-orchestrator; the version before serves again"), line
    assert time.monotonic() - start < HANGS_S
    assert [w for w in played.did().splitlines() if " up " in w][-1].startswith("cogo:previous compose ")


def test_a_first_version_that_never_gets_healthy_is_stopped(played):
    code, line = played.deploy({**GOOD, "COGO_IMAGE": "cogo:sick"}, FIRST="1")
    assert code == 5 and "nothing ran before, so all is stopped" in line, line
    assert played.did().strip().endswith("stop")
