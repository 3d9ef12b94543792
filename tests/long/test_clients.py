"""Other people's clients against the door: made by generators from /openapi.json (PyPI, npm), and curl. They skip where a package
can't be had. WebSocket clients and redis-cli: tests/integration/test_websocket.py, test_workers_outside.py, test_redis.py."""
import json
import subprocess
import sys

import pytest

USE_PYTHON = """
import sys
sys.path.insert(0, sys.argv[2])
from cogo_client import AuthenticatedClient
from cogo_client.api.default import get_v1_tasks, get_v1_tasks_id, get_v1_tasks_id_events, post_v1_tasks, post_v1_tasks_id_cancel
from cogo_client.models import OrchestratorInstruction, Problem, Task, TaskState

client = AuthenticatedClient(base_url=sys.argv[1], token="root-for-clients")
body = OrchestratorInstruction.from_dict({"role": "echo", "context": {"by": "a generated client"}})
done = post_v1_tasks.sync(client=client, body=body, wait="20s")
assert isinstance(done, Task) and done.state == TaskState.SUCCEEDED, done
assert done.result.output == {"by": "a generated client"}
again = get_v1_tasks_id.sync(client=client, id=done.task_id)
assert again.to_dict() == done.to_dict()
events = get_v1_tasks_id_events.sync(client=client, id=done.task_id).events
assert [event.sequence for event in events] == list(range(1, len(events) + 1))
page = get_v1_tasks.sync(client=client, page_size=1)
assert [task.task_id for task in page.tasks] == [done.task_id]
late = post_v1_tasks_id_cancel.sync_detailed(client=client, id=done.task_id)
assert late.status_code == 409
wrong = post_v1_tasks.sync_detailed(client=client, body=OrchestratorInstruction.from_dict({"role": "ecko"}))
assert wrong.status_code == 422 and isinstance(wrong.parsed, Problem) and wrong.parsed.code == "UNKNOWN_ROLE", wrong
print("python: all well")
"""

USE_TYPESCRIPT = """
import createClient from 'openapi-fetch';
import assert from 'node:assert';
import type { paths } from './schema.js';

const client = createClient<paths>({ baseUrl: process.argv[2], headers: { Authorization: 'Bearer root-for-clients' } });
const made = await client.POST('/v1/tasks', {
  params: { query: { wait: '20s' } }, body: { role: 'echo', context: { by: 'openapi-fetch' } },
});
assert.equal(made.data?.state, 'succeeded');
const id = made.data!.taskId;
const one = await client.GET('/v1/tasks/{id}', { params: { path: { id } } });
assert.deepEqual(one.data?.result?.output, { by: 'openapi-fetch' });
const wrong = await client.POST('/v1/tasks', { body: { role: 'ecko' } });
assert.equal(wrong.response.status, 422);
assert.equal(wrong.error?.code, 'UNKNOWN_ROLE');
console.log('typescript: all well');
"""


@pytest.fixture
def server(make_cluster):
    return make_cluster(env={"COGO_API_TOKEN": "root-for-clients"}, args=["--workers", "indexing"])


@pytest.fixture
def description(server, tmp_path):
    path = tmp_path / "openapi.json"
    path.write_bytes(server.call("GET", "/openapi.json", headers={"Authorization": "Bearer root-for-clients"}).body)
    return path


def run(*command, cwd):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_a_python_client_made_from_the_description(server, description, tmp_path):
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    got = subprocess.run([tmp_path / "venv/bin/pip", "install", "-q", "openapi-python-client>=0.26,<1"], capture_output=True, text=True)
    if got.returncode != 0:
        pytest.skip("openapi-python-client can't be installed from PyPI: " + got.stderr[-200:])
    said = run(tmp_path / "venv/bin/openapi-python-client", "generate", "--path", description, "--output-path",
               tmp_path / "made", cwd=tmp_path)
    assert "will not be generated" not in said, said
    (tmp_path / "use.py").write_text(USE_PYTHON)
    assert "all well" in run(tmp_path / "venv/bin/python", "use.py", server.url, tmp_path / "made", cwd=tmp_path)


def test_a_typescript_client_made_from_the_description(server, description, tmp_path):
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": {
        "module": "nodenext", "target": "es2022", "strict": True, "types": ["node"], "skipLibCheck": True}, "files": ["use.ts"]}))
    got = subprocess.run(["npm", "install", "--silent", "openapi-typescript@7", "openapi-fetch@0.17", "typescript@5", "@types/node@22"],
                         cwd=tmp_path, capture_output=True, text=True)
    if got.returncode != 0:
        pytest.skip("openapi-typescript can't be installed from npm: " + (got.stdout + got.stderr)[-200:])
    run("npx", "openapi-typescript", description, "-o", "schema.ts", cwd=tmp_path)
    (tmp_path / "use.ts").write_text(USE_TYPESCRIPT)
    run("npx", "tsc", "-p", ".", cwd=tmp_path)  # The types fit what it does.
    assert "all well" in run("node", "use.js", server.url, cwd=tmp_path)


def test_curl(server, tmp_path):
    """Submits twice with one key, waits, and follows the events as a stream that ends by itself."""
    token = ("-H", "Authorization: Bearer root-for-clients")
    submit = ("curl", "-sS", "-i", *token, "-H", "Content-Type: application/json", "-H", "Idempotency-Key: curl-1", "-d",
              '{"role":"echo","context":{"delayMs":300}}', server.url + "/v1/tasks")
    first, second = run(*submit, cwd=tmp_path), run(*submit, cwd=tmp_path)
    assert " 202 " in first.splitlines()[0] and "idempotency-replayed: true" in second.lower()
    task = json.loads(first.split("\n\n" if "\n\n" in first else "\r\n\r\n")[-1])
    stream = run("curl", "-sS", "-N", *token, "-H", "Accept: text/event-stream", f"{server.url}/v1/tasks/{task['taskId']}/events",
                 cwd=tmp_path)
    assert "event: cogo.task.succeeded" in stream and "id: 1\n" in stream.replace("\r", "")
    rest = run("curl", "-sS", "-N", *token, "-H", "Accept: text/event-stream", "-H", "Last-Event-ID: 2",
               f"{server.url}/v1/tasks/{task['taskId']}/events", cwd=tmp_path)
    assert "id: 2\n" not in rest and "id: 3\n" in rest
    code = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", server.url + "/v1/tasks"], capture_output=True, text=True)
    assert code.stdout == "401"
