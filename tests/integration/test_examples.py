"""Every program under runtime/examples runs, says what it should and ends well."""
import os
import subprocess

import pytest

from conftest import COGO

FOLDER = os.path.join(os.path.dirname(COGO), "examples")
SAYS = {
    "embed_epoll": "1000 visits, enough ticks\n",
    "embed_libev": "100 rounds\n",
}


@pytest.mark.parametrize("name", sorted(SAYS))
def test_an_example_runs(name):
    done = subprocess.run([os.path.join(FOLDER, name)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout == SAYS[name]
