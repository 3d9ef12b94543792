"""Kubernetes and Compose files are what their schemas say, strictly: an unknown field is an error too."""
import json
import os

import jsonschema
import pytest
import yaml

from conftest import DEPLOY, SETTINGS, TOP, run

OVERLAYS = ["dev", "prod", "prod-tls"]
BYTES_OR_NUMBER = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?[0-9]+(\.[0-9]*)?([KMGTPE]i|[numkMGTPE])?$"}]}


def strict(schema):
    """A published schema that refuses fields it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: strict(item) for name, item in value.items()}
        elif not key.startswith("x-") and key not in ("description", "default", "format"):
            out[key] = strict(value)
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        out["type"] = ["integer", "string"]
    if "properties" in out and not schema.get("x-kubernetes-preserve-unknown-fields"):
        out.setdefault("additionalProperties", False)
    return out


def problems(document, swagger):
    group, _, version = document["apiVersion"].rpartition("/")
    for name, schema in swagger["definitions"].items():
        kind = {"group": group, "version": version, "kind": document["kind"]}
        if kind in schema.get("x-kubernetes-group-version-kind", []):
            break
    else:
        return [f"no schema for {document['apiVersion']} {document['kind']}"]
    if "strict" not in swagger:
        swagger["strict"] = strict(swagger["definitions"])
        swagger["strict"]["io.k8s.apimachinery.pkg.api.resource.Quantity"] = BYTES_OR_NUMBER
    root = {"definitions": swagger["strict"], "$ref": f"#/definitions/{name}"}
    checker = jsonschema.Draft4Validator(root)
    return [f"{document['kind']}/{document['metadata']['name']}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
            for e in checker.iter_errors(document)]


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request, kustomize):
    return kustomize(request.param)


def of_kind(overlay, *kinds):
    return [d for d in overlay if d["kind"] in kinds]


def test_each_manifest_is_what_kubernetes_publishes(overlay, kubernetes):
    found = sum((problems(d, kubernetes) for d in overlay), [])
    assert not found, "\n".join(found)
    assert len(of_kind(overlay, "StatefulSet")) == 9


@pytest.mark.parametrize("change", [lambda d: d["spec"].update(replica=3), lambda d: d["spec"].update(replicas="three"),
                                    lambda d: d["spec"].pop("selector")])
def test_a_misspelt_a_mistyped_and_a_missing_field_are_found(overlay, kubernetes, change):
    broken = json.loads(json.dumps(of_kind(overlay, "StatefulSet")[0]))
    change(broken)
    assert problems(broken, kubernetes)


def test_a_stateful_set_agrees_with_its_services(overlay):
    services = {d["metadata"]["name"]: d for d in of_kind(overlay, "Service")}
    for d in of_kind(overlay, "StatefulSet"):
        name, spec = d["metadata"]["name"], d["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items(), name
        headless = services[spec["serviceName"]]["spec"]
        assert headless["clusterIP"] == "None" and headless["publishNotReadyAddresses"], name
        assert headless["selector"].items() <= labels.items(), name
        assert spec["podManagementPolicy"] == "Parallel", name


def test_every_pod_is_restricted_probed_and_limited(overlay):
    for d in of_kind(overlay, "StatefulSet", "Job"):
        name, pod = d["metadata"]["name"], d["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", name
        for c in pod["containers"]:
            security = c["securityContext"]
            assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"], name
            assert security["capabilities"]["drop"] == ["ALL"], name
            assert set(c["resources"]["requests"]) == set(c["resources"]["limits"]) == {"cpu", "memory"}, name
            if d["kind"] == "StatefulSet":
                ports = {p["name"] for p in c["ports"]}
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    assert c[probe]["httpGet"]["port"] in ports, f"{name} {probe}"
                assert "preStop" in c["lifecycle"], name
            for variable in c.get("env", []):
                secret = any(word in variable["name"] for word in ("TOKEN", "SECRET", "DATABASE_URL", "PASSWORD"))
                assert not secret or "secretKeyRef" in variable["valueFrom"], f"{name} {variable['name']}"


def test_links_are_encrypted_in_every_pod_of_prod_tls(kustomize):
    for d in of_kind(kustomize("prod-tls"), "StatefulSet"):
        name, pod = d["metadata"]["name"], d["spec"]["template"]["spec"]
        c = pod["containers"][0]
        assert [a for a in c["args"] if a.startswith("--node-name")] == ["--node-name=$(POD_NAME).cogo.nodes"], name
        mount = next(m for m in c["volumeMounts"] if m["name"] == "node-tls")
        env = {e["name"]: e.get("value") for e in c["env"]}
        for variable, file in (("CERT", "tls.crt"), ("KEY", "tls.key"), ("CA", "ca.crt")):
            assert env["COGO_TLS_" + variable] == f"{mount['mountPath']}/{file}", name
        assert mount["readOnly"] and "subPath" not in mount, name  # A mount of one file would never change.
        secret = next(v for v in pod["volumes"] if v["name"] == "node-tls")["secret"]
        assert secret["secretName"] == "cogo-node-tls" and secret["defaultMode"] == 0o440, name


def test_autoscalers_and_budgets_name_what_is_there(overlay):
    sets = {d["metadata"]["name"]: d["spec"] for d in of_kind(overlay, "StatefulSet")}
    for d in of_kind(overlay, "HorizontalPodAutoscaler"):
        target = d["spec"]["scaleTargetRef"]
        assert target["kind"] == "StatefulSet" and target["name"] in sets
        assert d["spec"]["minReplicas"] == sets[target["name"]]["replicas"] and d["spec"]["maxReplicas"] == 10
    for d in of_kind(overlay, "PodDisruptionBudget"):
        wanted = d["spec"]["selector"]["matchLabels"].items()
        assert any(wanted <= s["template"]["metadata"]["labels"].items() for s in sets.values()), d["metadata"]["name"]


def test_only_the_deployment_worker_may_ask_the_api_server(overlay):
    for d in of_kind(overlay, "StatefulSet"):
        pod = d["spec"]["template"]["spec"]
        deployer = d["metadata"]["name"] == "cogo-deployment-worker"
        assert pod["automountServiceAccountToken"] == deployer
        assert (pod["serviceAccountName"] == "cogo-deployer") == deployer


def test_replicas_resources_and_scaling_are_as_promised(kustomize):
    documents = {(d["kind"], d["metadata"]["name"]): d for d in kustomize("prod")}
    orchestrator = documents["StatefulSet", "cogo-orchestrator"]["spec"]
    assert orchestrator["replicas"] == 3
    assert orchestrator["template"]["spec"]["containers"][0]["resources"] == {
        "requests": {"memory": "512Mi", "cpu": "250m"}, "limits": {"memory": "1Gi", "cpu": "500m"}}
    codegen = documents["StatefulSet", "cogo-codegen-worker"]["spec"]
    assert codegen["replicas"] == 2
    scaler = documents["HorizontalPodAutoscaler", "cogo-codegen-worker"]["spec"]
    resources = {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in scaler["metrics"] if m["type"] == "Resource"}
    assert (scaler["minReplicas"], scaler["maxReplicas"], resources) == (2, 10, {"cpu": 70, "memory": 80})
    assert any(m["type"] == "External" for m in scaler["metrics"])


COMPOSE = [["compose.yml"], ["compose.yml", "compose.prod.yml"], ["compose.dev.yml"]]


@pytest.mark.parametrize("files", COMPOSE, ids=" ".join)
def test_compose_files_are_what_the_specification_says(compose, published, files):
    text = compose(files, "config")
    schema_file = os.path.join(published, "usr/share/gocode/src/github.com/compose-spec/compose-go/schema/compose-spec.json")
    with open(schema_file) as file:
        schema = json.load(file)
    jsonschema.Draft7Validator(schema).validate(yaml.safe_load(text))


def test_compose_refuses_a_misspelt_field(compose, tmp_path):
    with open(os.path.join(DEPLOY, "compose.yml")) as file:
        text = file.read().replace("cap_drop:", "cap_dropp:")
    broken = tmp_path / "compose.yml"
    broken.write_text(text)
    with pytest.raises(AssertionError, match="cap_dropp"):
        compose([str(broken)], "config", "-q")


def test_compose_has_each_worker_type_with_its_replicas(compose):
    services = yaml.safe_load(compose(["compose.yml", "compose.prod.yml"], "config"))["services"]
    workers = {s["environment"]["WORKER_TYPE"]: s for s in services.values() if "WORKER_TYPE" in s.get("environment", {})}
    replicas = {kind: s["deploy"]["replicas"] for kind, s in workers.items()}
    assert replicas == {"code-generation": 2, "quality-assurance": 2, "knowledge-management": 1, "integration-testing": 1,
                        "research": 1, "sandbox": 1, "indexing": 1, "deployment": 1}
    for kind, s in workers.items():
        assert s["depends_on"]["cogo-orchestrator"]["condition"] == "service_healthy", kind
        assert s["read_only"] and s["cap_drop"] == ["ALL"] and "container_name" not in s, kind
    for name in ("COGO_API_TOKEN", "COGO_CLUSTER_SECRET", "DB_PASSWORD"):
        with open(os.path.join(DEPLOY, "compose.yml")) as file:
            assert "${%s:?" % name in file.read(), f"{name} must have no default"


def test_the_dockerfile_checks_health_as_promised():
    with open(os.path.join(TOP, "Dockerfile")) as file:
        text = file.read()
    for line in ("HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3", "EXPOSE 3000", "USER 1001:1001"):
        assert text.count(line) == 2, line


def test_shell_scripts_are_clean():
    scripts = run("git", "-C", TOP, "ls-files", "deploy/*.sh", "deploy/**/*.sh", "tests/deploy/*.sh").split()
    run("shellcheck", "-S", "warning", *[os.path.join(TOP, s) for s in scripts])


def test_the_example_settings_name_every_secret():
    with open(os.path.join(DEPLOY, "example.env")) as file:
        named = {line.split("=")[0] for line in file if "=" in line and not line.startswith("#")}
    assert set(SETTINGS) <= named
