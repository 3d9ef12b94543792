"""What is sent to a collector against the official message types (opentelemetry-proto, PyPI). Skips where PyPI can't be had."""
import json
import subprocess
import sys

import pytest

from collector import Collector

PARSE = """
import base64, json, sys
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
count = 0
for request in json.load(sys.stdin):
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):  # OTLP writes ids in hexadecimal, protobuf in base64.
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    message = json_format.ParseDict(request, ExportTraceServiceRequest())  # Refuses what it does not know.
    for span in message.resource_spans[0].scope_spans[0].spans:
        assert len(span.trace_id) == 16 and len(span.span_id) == 8 and span.start_time_unix_nano <= span.end_time_unix_nano
        count += 1
print(count)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    folder = tmp_path_factory.mktemp("otlp")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    got = subprocess.run([str(folder / "bin" / "pip"), "install", "-q", "opentelemetry-proto>=1.20,<2"],
                         capture_output=True, text=True)
    if got.returncode != 0:
        pytest.skip("opentelemetry-proto can't be installed from PyPI: " + got.stderr[-200:])
    return str(folder / "bin" / "python")


def test_the_official_types_take_all_of_it(python, make_cluster):
    collector = Collector()
    try:
        cluster = make_cluster(args=["--workers", "indexing"], env={
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_RESOURCE_ATTRIBUTES": "a=b"})
        cluster.submit("echo", {}, wait="10s")
        cluster.submit("code-indexer", {"path": "/nowhere"}, wait="10s")
        spans = collector.wait(lambda spans: sum(s["name"].startswith("task ") for s in spans) == 2)
        done = subprocess.run([python, "-c", PARSE], input=json.dumps(collector.requests), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) >= len(spans)
    finally:
        collector.close()
