"""Spans to a collector: where the time of a request and its task went, and what a collector may do without harm."""
import re
import time

import pytest

from collector import Collector, attributes
from conftest import run_cogo
from hand import Hand

FAST = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "collector-s3cret"


@pytest.fixture
def collector():
    c = Collector()
    yield c
    c.close()


def of_task(spans, task_id):
    return [s for s in spans if attributes(s).get("cogo.task.id") == task_id]


def ended(task_id):
    return lambda spans: any(s["name"].startswith("task ") for s in of_task(spans, task_id))


def test_a_request_its_task_its_attempts_and_their_phases_are_one_tree(make_cluster, collector):
    env = dict(FAST, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url + "/", OTEL_SERVICE_NAME="ours",
               OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test,who=a%2Cb",
               OTEL_EXPORTER_OTLP_HEADERS=f"api-key={SECRET},x-two=2")
    cluster = make_cluster(env=env, args=["--workers", "indexing"])
    hand = Hand(cluster)
    try:
        began = time.time_ns()
        task = cluster.call("POST", "/v1/tasks", {"role": "echo", "labels": ["by=hand"]},
                            {"traceparent": f"00-{TRACE}-{CALLER}-01"}).json["taskId"]
        first = hand.offer()
        assert hand.result(first, status="failed") == "accepted"
        cluster.finished(task)
        retried = cluster.call("POST", f"/v1/tasks/{task}:retry").json
        assert retried["state"] in ("queued", "scheduled")
        second = hand.offer()
        assert second["context"]["traceparent"].split("-")[1] == TRACE
        assert hand.result(second, {}) == "accepted"
        spans = collector.wait(lambda spans: sum(s["name"] == "task echo" for s in of_task(spans, task)) == 2)
    finally:
        hand.close()
    http = next(s for s in spans if s["name"] == "POST /v1/tasks")
    assert http["traceId"] == TRACE and http["parentSpanId"] == CALLER and http["kind"] == 2
    assert attributes(http) == {"http.request.method": "POST", "http.route": "/v1/tasks",
                                "http.response.status_code": "202", "cogo.request.id": attributes(http)["cogo.request.id"]}
    mine = of_task(spans, task)
    assert {s["traceId"] for s in mine} == {TRACE}
    failed, done = [s for s in mine if s["name"] == "task echo"]
    assert failed["parentSpanId"] == http["spanId"] and failed["status"]["code"] == 2 and done["status"] == {}
    attempts = [s for s in mine if s["name"] == "attempt echo"]
    assert [a["parentSpanId"] for a in attempts] == [failed["spanId"]] * 2
    assert second["context"]["traceparent"].split("-")[2] == attempts[1]["spanId"] != attempts[0]["spanId"]
    assert attributes(attempts[0])["cogo.worker.id"] == "wrk_hand"
    for attempt in attempts:
        assert {"dispatch", "run"} <= {s["name"] for s in mine if s.get("parentSpanId") == attempt["spanId"]}
    assert "queued" in {s["name"] for s in mine if s.get("parentSpanId") == failed["spanId"]}
    for s in spans:
        start, end = int(s["startTimeUnixNano"]), int(s["endTimeUnixNano"])
        assert began - 1e9 < start <= end < time.time_ns() + 1e9
        assert re.fullmatch("[0-9a-f]{32}", s["traceId"]) and re.fullmatch("[0-9a-f]{16}", s["spanId"])
    path, headers, _, _ = collector.seen[0]
    assert path == "/v1/traces" and headers["api-key"] == SECRET and headers["x-two"] == "2"
    resource = {a["key"]: a["value"]["stringValue"] for a in collector.requests[0]["resourceSpans"][0]["resource"]["attributes"]}
    assert resource["service.name"] == "ours" and resource["who"] == "a,b" and resource["deployment.environment"] == "test"
    metrics = cluster.call("GET", "/metrics").body.decode()
    assert int(re.search(r'cogo_otlp_spans_total{outcome="sent"} (\d+)', metrics).group(1)) >= len(spans)
    assert "spans: ok" in cluster.call("GET", "/ready").json["checks"]
    cluster.stop()
    assert SECRET not in open(cluster.log_path).read() + metrics


def test_what_the_caller_left_out_is_left_out(make_cluster, collector):
    cluster = make_cluster(env=dict(FAST, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector.url + "/own/path"))
    quiet = cluster.call("POST", "/v1/tasks?wait=10s", {"role": "echo"}, {"traceparent": f"00-{TRACE}-{CALLER}-00"}).json
    loud = cluster.submit("echo", {}, wait="10s").json
    spans = collector.wait(ended(loud["taskId"]))
    assert not of_task(spans, quiet["taskId"]) and TRACE not in {s["traceId"] for s in spans}
    assert collector.seen[0][0] == "/own/path"


def test_of_a_ratio_of_none_nothing_is_sent(make_cluster, collector):
    cluster = make_cluster(env=dict(FAST, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
                                    OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0"))
    cluster.submit("echo", {}, wait="10s")
    known = cluster.call("POST", "/v1/tasks?wait=10s", {"role": "echo"}, {"traceparent": f"00-{TRACE}-{CALLER}-01"}).json
    spans = collector.wait(ended(known["taskId"]))
    assert {s["traceId"] for s in spans} == {TRACE}, "only what the caller wanted"


def test_a_collector_that_is_busy_is_asked_again_and_one_that_says_no_is_not(make_cluster):
    busy = Collector(statuses=[503, 429], headers={"Retry-After": "1"})
    cluster = make_cluster("busy", env=dict(FAST, OTEL_EXPORTER_OTLP_ENDPOINT=busy.url))
    task = cluster.submit("echo", {}, wait="10s").json["taskId"]
    busy.wait(ended(task))
    statuses = [status for _, _, status, _ in busy.seen]
    assert statuses[:3] == [503, 429, 200]
    assert busy.seen[1][3] - busy.seen[0][3] >= 0.5, "not at once"
    assert "spans can't be exported: the collector answered 503" in open(cluster.log_path).read()
    busy.close()
    stern = Collector(statuses=[400])
    cluster = make_cluster("stern", env=dict(FAST, OTEL_EXPORTER_OTLP_ENDPOINT=stern.url))
    cluster.submit("echo", {}, wait="10s")
    end = time.monotonic() + 30
    while 'outcome="failed"} 0' in cluster.call("GET", "/metrics").body.decode():
        assert time.monotonic() < end
        time.sleep(0.1)
    stern.close()


def test_one_that_is_away_costs_spans_and_nothing_else(make_cluster):
    gone = Collector()
    gone.close()
    env = dict(FAST, OTEL_EXPORTER_OTLP_ENDPOINT=gone.url, OTEL_BSP_MAX_QUEUE_SIZE="20", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10")
    cluster = make_cluster(env=env, args=["--workers", "indexing"])
    for _ in range(60):
        assert cluster.submit("echo", {}, wait="10s").json["state"] == "succeeded"
    assert cluster.call("GET", "/ready").status == 200, "a collector makes nothing unready"
    metrics = cluster.call("GET", "/metrics").body.decode()
    lost = re.findall(r'cogo_otlp_spans_total{outcome="dropped"} (\d+)|cogo_\w*spans_refused_total (\d+)', metrics)
    assert sum(int(a or b) for a, b in lost) > 100, lost
    assert int(re.search(r"cogo_otlp_queue (\d+)", metrics).group(1)) <= 20
    assert cluster.stop() == 0


@pytest.mark.parametrize("name, value, word", [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ("OTEL_EXPORTER_OTLP_HEADERS", f"novalue{SECRET}", "OTEL_EXPORTER_OTLP_HEADERS"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "OTEL_EXPORTER_OTLP_TIMEOUT"),
    ("OTEL_TRACES_SAMPLER", "sometimes", "OTEL_TRACES_SAMPLER"),
    ("OTEL_TRACES_SAMPLER_ARG", "2", "OTEL_TRACES_SAMPLER_ARG"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "OTEL_BSP_MAX_QUEUE_SIZE")])
def test_a_bad_setting_is_named_at_the_start(tmp_path, name, value, word):
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "traceidratio", name: value}
    done = run_cogo("dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), env=env, timeout=30)
    assert done.returncode == 2 and word in done.stderr and SECRET not in done.stderr, done.stderr
