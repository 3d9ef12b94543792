"""What the tests of deploy/ share: published schemas, fetched once per build folder.

Repeat one test:  /usr/bin/python3 -m pytest tests/deploy -k NAME
"""
import json
import os
import subprocess

import pytest
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPLOY = os.path.join(TOP, "deploy")
KEPT = os.path.join(TOP, "build", "deploy-tests")
# The compose files refuse to start without these; their values reach nothing in these tests.
SETTINGS = {"COGO_API_TOKEN": "token-of-a-test", "COGO_CLUSTER_SECRET": "secret-of-a-test-cluster", "DB_PASSWORD": "password",
            "COGO_IMAGE": "cogo:dev", "COGO_TOOLBOX_IMAGE": "cogo-toolbox:dev"}


def run(*argv, **kwargs):
    done = subprocess.run(argv, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, f"{' '.join(argv)} exits with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def published():
    """Folder with Kubernetes' OpenAPI document, the Compose specification, Compose v2 and kustomize, out of Debian 13."""
    folder = os.path.join(KEPT, "trixie")
    run("bash", os.path.join(TOP, "tests/deploy/suite.sh"), "trixie", folder, "golang-k8s-kube-openapi-dev",
        "golang-github-compose-spec-compose-go-dev", "docker-compose", "kustomize")
    return os.path.join(folder, "root")


@pytest.fixture(scope="session")
def kubernetes(published):
    with open(os.path.join(published, "usr/share/gocode/src/k8s.io/kube-openapi/pkg/schemaconv/testdata/swagger.json")) as file:
        return json.load(file)


@pytest.fixture(scope="session")
def kustomize(published):
    """kustomize(OVERLAY) -> the rendered documents."""
    def render(overlay):
        text = run(os.path.join(published, "usr/bin/kustomize"), "build", os.path.join(DEPLOY, "k8s/overlays", overlay))
        return [d for d in yaml.safe_load_all(text) if d]
    return render


@pytest.fixture(scope="session")
def compose(published):
    """Compose v2, as a function: compose(FILES, *words) -> what it prints."""
    program = os.path.join(published, "usr/libexec/docker/cli-plugins/docker-compose")

    def call(files, *words):
        names = sum((["-f", os.path.join(DEPLOY, name)] for name in files), [])
        return run(program, *names, *words, env={**os.environ, **SETTINGS})
    return call
