"""The door against its own description: schemathesis (PyPI) makes requests from /openapi.json. Skips where PyPI can't be had.

One check is made where the description says all that decides: that what fits it is accepted. Left out of that are paths (UNSAID) where
more has to be true than a schema says: a page token was given, a role, a state or a scope exists, one of two fields is there, a
lease is told with a PUT, a connection is upgraded, an integer has 64 bits."""
import subprocess
import sys

import pytest

EXAMPLES = 60
UNSAID = r"^/v1/((actors|audit|deadletters|nodes|tasks|tokens|workflows|limits|schedules|ws)$|.*(:redrive|:batchCreate)$|.*/artifacts/)"
LONGEST_WAIT_S = 630  # So long may be waited for a task, and that is what some requests ask for.


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemathesis")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    got = subprocess.run([str(folder / "bin" / "pip"), "install", "-q", "schemathesis>=4.32,<5"], capture_output=True, text=True)
    if got.returncode != 0:
        pytest.skip("schemathesis can't be installed from PyPI: " + got.stderr[-200:])
    return str(folder / "bin" / "schemathesis")


@pytest.mark.parametrize("checks", [["--exclude-checks", "positive_data_acceptance"],
                                    ["--checks", "positive_data_acceptance", "--exclude-path-regex", UNSAID]], ids=["all", "accepts"])
def test_schemathesis_finds_nothing(program, make_cluster, checks):
    url = make_cluster(args=["--workers", "indexing"]).url
    done = subprocess.run([program, "run", url + "/openapi.json", "--max-examples", str(EXAMPLES), *checks, "--suppress-health-check", "all",
                           "--no-color", "--request-timeout", str(LONGEST_WAIT_S)],
                          capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Tested" in done.stdout
