"""A thousand idle links of one node: how much memory each holds, and what their heartbeats cost.

Repeat:  /usr/bin/python3 -m pytest -s tests/long/test_idle_links.py
"""
import json
import os
import subprocess
import time

from test_long import base

LINKS, PROCESSES = 1000, 5
LINK_BYTES_MAX = 65536
IDLE_S = 10
CPU_SHARE_MAX = 0.2  # Two thousand heartbeats a second, sent and received.


def build(folder):
    program = os.path.join(str(folder), "idle_links")
    subprocess.run(["cc", "-std=gnu11", "-O1", "-Wall", "-Werror", "-I", os.path.join(base.TOP, "runtime/include"), "-o", program,
                    os.path.join(base.TOP, "tests/long/idle_links.c"), os.path.join(base.TOP, "build/libcogo.a"), "-lmsgpackc", "-lck",
                    "-lssl", "-lcrypto", "-lpthread"], check=True, timeout=120)
    return program


def open_one(*words):
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def memory(pid):
    """Bytes that are its own: private pages."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Private_"))


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_thousand_idle_links_are_small_and_cost_little(tmp_path):
    program = build(tmp_path)
    hub, spokes = open_one(program, "hub"), []
    try:
        port = hub.stdout.readline().strip()
        hub.stdout.readline()
        before = memory(hub.pid)
        began = time.monotonic()
        spokes = [open_one(program, "spokes", port, str(LINKS // PROCESSES)) for _ in range(PROCESSES)]
        for spoke in spokes:
            assert spoke.stdout.readline().strip() == str(LINKS // PROCESSES)
        hub.stdin.write("\n")
        assert hub.stdout.readline().strip() == str(LINKS)
        linked = time.monotonic() - began
        time.sleep(IDLE_S)  # What the handshakes needed is given back; heartbeats have gone round.
        each = (memory(hub.pid) - before) / LINKS
        cpu = cpu_s(hub.pid)
        time.sleep(IDLE_S)
        share = (cpu_s(hub.pid) - cpu) / IDLE_S
        hub.stdin.write("\n")
        assert hub.stdout.readline().strip() == str(LINKS), "none was lost meanwhile"
        print(json.dumps({"bench": "idle-links", "links": LINKS, "bytes_each": round(each), "cpu_share": round(share, 4),
                          "linked_s": round(linked, 1)}))
        assert each < LINK_BYTES_MAX and share < CPU_SHARE_MAX
    finally:
        for process in spokes + [hub]:
            process.stdin.close()
            process.wait(60)
