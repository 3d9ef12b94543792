"""Traces: what a file for ui.perfetto.dev holds, read with a JSON parser."""
import json
import os
import subprocess
from collections import defaultdict
from decimal import Decimal

from conftest import TOP

INSTANTS = {"send", "spawn", "exit", "restart", "timer", "dead letter", "steal", "wake", "stuck"}
PHASES = {"M", "X", "i", "s", "t", "f"}


def read(text):
    """The events of a trace, each with what the format asks of it."""
    whole = json.loads(text, parse_float=Decimal)
    assert whole["displayTimeUnit"] == "ns"
    for e in whole["traceEvents"]:
        assert e["ph"] in PHASES and e["pid"] == 1 and e["tid"] > 0 and e["name"]
        if e["ph"] != "M":
            assert e["ts"] >= 0
        if e["ph"] == "X":
            assert e["dur"] >= 0
        if e["ph"] == "i":
            assert e["s"] == "t"
        if e["ph"] in "stf":
            assert len(e["id"]) == 16 and e["cat"] == "trace"
    return whole["traceEvents"]


def check_slices_nest(events):
    """On one line a slice ends before the next begins, or lies inside of it."""
    lines = defaultdict(list)
    for e in events:
        if e["ph"] == "X":
            lines[e["tid"]].append((e["ts"], -e["dur"], e["name"]))
    assert lines
    for line in lines.values():
        open_ends = []
        for begin, minus_dur, name in sorted(line):
            while open_ends and open_ends[-1] <= begin:
                open_ends.pop()
            end = begin - minus_dur
            assert not open_ends or end <= open_ends[-1], name
            open_ends.append(end)


def check_flows_join(events):
    """Each arrow begins once, ends once, and touches what carries its trace id."""
    carriers = {(e["tid"], e["ts"], e["args"]["trace"]) for e in events
                if e["ph"] in "Xi" and "trace" in e.get("args", {})}
    flows = defaultdict(list)
    for e in events:
        if e["ph"] in "stf":
            assert (e["tid"], e["ts"], e["id"]) in carriers
            flows[e["id"]].append(e)
    for parts in flows.values():
        parts.sort(key=lambda e: (e["ts"], "stf".index(e["ph"])))
        phases = "".join(e["ph"] for e in parts)
        assert phases == "s" + "t" * (len(parts) - 2) + "f", phases
    return flows


def test_every_kind_of_event_is_in_the_file(installed, tmp_path):
    program = installed.compile(os.path.join(TOP, "tests/integration/trace_scene.c"), tmp_path)
    done = subprocess.run([program], capture_output=True, text=True, timeout=120,
                          env=installed.env)
    assert done.returncode == 0, done.stderr
    events = read(done.stdout)
    assert {e["name"] for e in events if e["ph"] == "i"} == INSTANTS
    handled = [e for e in events if e["ph"] == "X" and e["cat"] == "message"]
    assert {"obedient: 256", "obedient: timer", "worker: 256"} <= {e["name"] for e in handled}
    assert any(e["ph"] == "X" and e["name"] == "parked" for e in events)
    assert {e["args"]["name"] for e in events if e["ph"] == "M"} >= {"lane 0", "lane 1"}
    check_slices_nest(events)
    flow = check_flows_join(events)["0000000000c0ffee"]
    # first's message, last's failure, and the timer that first started.
    assert len({e["tid"] for e in flow}) >= 2 and len(flow) >= 4


def test_a_node_writes_its_trace_when_it_stops(make_cluster, tmp_path):
    path = tmp_path / "trace.json"
    cluster = make_cluster(args=("--trace", str(path)))
    assert cluster.submit("echo", {"a": 1}, wait="10s").status == 200
    assert cluster.stop() == 0
    events = read(path.read_text())
    check_slices_nest(events)
    check_flows_join(events)
    assert any(e["name"] == "gateway: gateway.request" for e in events)
    assert any(e["name"].startswith("orchestrator: ") for e in events)


def test_a_trace_file_that_can_not_be_made_is_told_at_once(tmp_path):
    from conftest import run_cogo
    done = run_cogo("dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), "--trace",
                    str(tmp_path / "no" / "file"), timeout=20)
    assert done.returncode == 2 and "trace file" in done.stderr
