"""The benchmarks as a user runs them, and the arithmetic of the comparison with others."""
import importlib.machinery
import importlib.util
import json
import os
import tempfile

import pytest
from conftest import run_cogo

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load_compare():
    loader = importlib.machinery.SourceFileLoader("compare", os.path.join(TOP, "bench", "compare"))
    spec = importlib.util.spec_from_loader("compare", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


compare = load_compare()


def test_a_result_is_one_line_that_says_of_what_and_where_it_is():
    done = run_cogo("bench", "ping-pong", "ask", "--small", "--runs", "2", "--lanes", "1", "--json")
    assert done.returncode == 0, done.stderr
    ping, ask = [json.loads(line) for line in done.stdout.splitlines()]
    for key in ("bench", "lanes", "unit", "median", "min", "max", "n", "p50", "p99", "p999", "commit", "compiler", "machine"):
        assert ping[key] not in (None, ""), key
    assert (ping["bench"], ping["lanes"], ping["n"]) == ("ping-pong", 1, 2)
    assert ask["base"] == "one-way" and ask["ratio"] == pytest.approx(ask["median"] / ask["base_median"], rel=1e-3)


@pytest.mark.parametrize("option,value", [("--runs", "0"), ("--lanes", "0"), ("--runs", "1001"), ("--burners", "x")])
def test_a_wrong_number_is_told_before_anything_is_measured(option, value):
    done = run_cogo("bench", "ping-pong", option, value, timeout=30)
    assert done.returncode == 2 and done.stdout == ""
    assert f"{option} takes a number from" in done.stderr and f"not '{value}'" in done.stderr


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_durable_tasks_are_measured_on_both_engines(postgres, engine):
    env = {"DATABASE_URL": postgres.journal()} if engine == "postgres" else {}
    left = tempfile.mkdtemp(prefix="cogo-bench-", dir="/tmp")  # As by one that was killed.
    open(os.path.join(left, "cogo.db.lock"), "w").close()
    done = run_cogo("bench", "durable", "--small", "--runs", "1", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert not os.path.exists(left)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(r["unit"] == "tasks/s" and r["median"] > 0 for r in results)
    whole, each, paced, near, far = [r["mode"] for r in results[:4]], *results[4:]
    assert whole == ["batches of 1000", "a chain", "1 to all others to 1", "layers of 100, each task on two"]
    assert each["mode"] == "one per request" and each["p99"] > 0 and paced["rate"] == 1000 and paced["p99"] > 0
    for dispatched in (near, far):
        assert "worker" in dispatched["mode"] and dispatched["rate"] == 1000 and 0 < dispatched["p50"] <= dispatched["p99"]
    if engine == "postgres":
        recorded = int(postgres.sql("SELECT count(*) FROM results", postgres.schema))
        assert recorded == 80 + 4 * 80 + 80 // 2 + 80 // 4 + 80 // 4 + 80 + 80 // 4  # A run of batches goes before, in both scenes.


def test_durable_tasks_are_measured_before_and_after_many_others():
    done = run_cogo("bench", "durable-kept", "--small", "--runs", "2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["median"] > 0 and found["ratio"] == pytest.approx(found["median"] / found["base_median"], rel=1e-3)


def test_the_list_names_what_can_be_run():
    listed = [line.split()[0] for line in run_cogo("bench", "--list").stdout.splitlines()]
    assert {"durable", "durable-kept"} <= set(listed)
    assert set(compare.WORKLOADS) <= set(listed)


def test_a_wrong_number_or_name_is_refused():
    assert run_cogo("bench", "ping-pong", "--burners", "many").returncode == 2
    done = run_cogo("bench", "ping-pogn")
    assert done.returncode == 2 and "ping-pong" in done.stderr


def lines(subject, medians, bench="ping-pong", lanes=2, **more):
    return [{"bench": bench, "lanes": lanes, "subject": subject, "round": n, "median": m, "unit": "ns", **more}
            for n, m in enumerate(medians)]


@pytest.fixture
def results(tmp_path):
    def make(*groups):
        path = tmp_path / "results.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for group in groups for line in group))
        return compare.Results(path)
    return make


def test_the_ratio_is_of_medians_to_the_fastest_peer(results):
    r = compare.row(results(lines("cogo", [90, 100, 900]), lines("go", [300, 310, 305]), lines("caf", [800, 700, 900])), "ping-pong", 2)
    assert (r["fastest"], r["ratio"], r["reached"]) == ("go", 3.05, "must")
    assert (r["vs_caf"], r["caf_reached"]) == (8.0, "must")
    assert r["vs_erlang"] is None and r["erlang_reached"] == "-"


def test_a_goal_that_is_missed_is_said(results):
    r = compare.row(results(lines("cogo", [100]), lines("erlang", [249])), "ping-pong", 2)
    assert (r["reached"], r["erlang_reached"]) == ("MISSED", "MISSED")


def test_a_slice_that_is_measured_again_replaces_the_old_one_and_a_later_round_adds(results):
    again = results(lines("cogo", [500, 500]), lines("cogo", [100, 120]), [dict(lines("cogo", [110])[0], round=2)])
    assert again.median("ping-pong", 2, "cogo") == 110


def test_a_program_that_was_not_done_in_time_has_no_figure(results):
    late = {"bench": "ping-pong", "lanes": 2, "subject": "caf", "round": 0, "fault": "not done in 40 s"}
    r = compare.row(results(lines("cogo", [100]), lines("go", [300]), [late]), "ping-pong", 2)
    assert r["medians"]["caf"] is None and r["vs_caf"] is None


def test_dispatch_is_held_against_the_bare_futex_of_the_same_rate(results):
    def load(subject, mode, p50, p99):
        return lines(subject, [p50], bench="dispatch", lanes=1, rate=10000, mode=mode, p50=p50, p99=p99, p999=p99, max=p99, burners=0)
    rows = compare.dispatch_rows(results(load("futex", "parked", 1000, 5000), load("cogo", "parked", 1200, 11000),
                                         load("cogo", "awake", 900, 2000)), 1)
    said = {(r["subject"], r["mode"]): compare.dispatch_verdict(r) for r in rows}
    assert said[("cogo", "parked")] == "MISSED: p99 p999"
    assert said[("cogo", "awake")] == "p50 reached"


def test_a_link_is_measured_between_two_processes():
    done = run_cogo("bench", "link-rtt", "link-throughput", "--small", "--runs", "2", "--lanes", "1", "--json")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(l["bench"], l["size"]) for l in found] == [("link-rtt", 64)] + [("link-throughput", s) for s in (64, 1024, 65536)]
    assert 0 < found[0]["p50"] <= found[0]["p99"] <= found[0]["p999"]


def test_a_link_is_held_against_raw_tcp_and_against_each_peer(results):
    def rtt(subject, p50):
        return lines(subject, [1], bench="link-rtt", lanes=1, size=64, p50=p50)
    [r] = compare.link_rows(results(rtt("cogo", 1000), rtt("tcp", 800), rtt("zmq", 999), rtt("go", 3000)), "link-rtt", 1)
    assert r["ratios"] == {"tcp": 0.8, "zmq": 0.999, "go": 3.0}
    assert r["reached"] == "MISSED: zmq"
