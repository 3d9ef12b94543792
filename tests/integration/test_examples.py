"""Every program under runtime/examples is built against an installed tree, says what it should and ends well."""
import glob
import os
import subprocess

import pytest

from conftest import TOP

FOLDER = os.path.join(TOP, "runtime", "examples")
SAYS = {
    "embed_epoll": "1000 visits, enough ticks\n",
    "embed_libev": "100 rounds\n",
    "fsm": "1: wrong\n7: right\nopen for the first time\nlocked\n2: wrong\n7: right\n"
           "open for the second time\nlocked\n0: wrong\n",
    "hello": "the sum is 5050\n",
    "router": "each of 10 keys was counted 50 times by one worker\n",
    "server": "took 1, 1 left\ntook none: invalid argument\ntook 4, 0 left\n",
    "topic": "all shops 15, oslo 10\n",
}
CONTAINS = {
    "ask": "",
    "embed": ": hello, world\n",
    "pool": "job 20 done\n",
    "process": "log: process:parsers.0: SIGSEGV in parser\n",
}
LIBRARIES = {"embed_libev": ["-lev"]}


def test_all_examples_are_here_and_in_the_readme():
    names = {os.path.basename(p)[:-2] for p in glob.glob(os.path.join(FOLDER, "*.c"))}
    assert names == set(SAYS) | set(CONTAINS)
    readme = open(os.path.join(FOLDER, "README.md")).read()
    assert not [name for name in names if f"| `{name}.c` |" not in readme]


@pytest.mark.parametrize("name", sorted(SAYS) + sorted(CONTAINS))
def test_an_example_runs(installed, tmp_path, name):
    program = installed.compile(os.path.join(FOLDER, name + ".c"), tmp_path,
                                LIBRARIES.get(name, []))
    done = subprocess.run([program], capture_output=True, text=True, timeout=30,
                          env=installed.env)
    assert done.returncode == 0, done.stderr
    if name in SAYS:
        assert done.stdout == SAYS[name]
    else:
        assert CONTAINS[name] in done.stdout


def test_each_public_call_has_an_installed_man_page(installed):
    pages = os.path.join(installed.prefix, "share", "man", "man3")
    for call in ("cogo_send", "cogo_actor_info_read", "cogo_system_stats_read",
                 "cogo_pool_start", "cogo_server_reply", "cogo_fsm_next", "cogo_topic_publish", "cogo_offload"):
        text = open(os.path.join(pages, call + ".3")).read()
        if text.startswith(".so "): # The page of its header, where all its calls are.
            text = open(os.path.join(installed.prefix, "share", "man", text.split()[1])).read()
        assert call + " (" in text and "Threads:" in text, call
    for page in glob.glob(os.path.join(pages, "*.3")):
        assert os.path.basename(page).startswith("cogo_")
    assert os.path.getsize(os.path.join(installed.prefix, "share", "man", "man1", "cogo.1")) > 0
