"""What is in deploy/: read by its own tools where they are installed, held against the code everywhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config.pipeline import QUEUES
from factories import Person, start, upload
from verifications.models import WorkerHeartbeat

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
METRIC = re.compile(r"\bvouchbox_[a-z_]+\b")


@pytest.fixture
def measured(alice: Person, picture: Any) -> dict[str, set[str]]:
    """Every metric of a service with work to do, with the names of its labels."""
    WorkerHeartbeat.objects.create(name="worker", queues=["reading"], at=timezone.now())
    upload(alice, start(alice), front=picture())
    families = text_string_to_metric_families(Client().get("/metrics").content.decode())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def _expressions() -> list[str]:
    rules = [rule for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
    board = json.loads((DEPLOY / "grafana" / "vouchbox.json").read_text())
    return [rule["expr"] for rule in rules] + [target["expr"] for panel in board["panels"] for target in panel["targets"]]


@pytest.mark.django_db
def test_alerts_and_dashboard_ask_for_metrics_and_labels_that_there_are(measured: dict[str, set[str]]) -> None:
    expressions = _expressions()
    assert len(expressions) >= 15
    for expression in expressions:
        for name in METRIC.findall(expression):
            assert name in measured, expression
            for selector in re.findall(rf"{name}\{{([^}}]*)\}}", expression):
                assert set(re.findall(r"(\w+)(?:=|!)", selector)) <= measured[name] | {"le"}, expression
        assert expression.count("(") == expression.count(")"), expression


def test_every_alert_says_what_it_means_and_what_to_do_first() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.django_db
def test_a_request_is_observed_by_its_route_and_never_by_its_path(alice: Person) -> None:
    case = start(alice)
    alice.get(f"/usps1583/verifications/{case['id']}")
    text = Client().get("/metrics").content.decode()
    assert 'vouchbox_http_request_seconds_count{method="GET",route="api/v1/<flow:flow>/verifications/<str:verification>",status="200"}' in text
    assert case["id"] not in text
    Client().generic("BREW", "/api/v1/flows")
    assert "BREW" not in Client().get("/metrics").content.decode()


def _tool(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not there")
    return str(found)


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").iterdir()))
def test_systemd_finds_nothing_wrong_with_a_unit(tmp_path: Path, unit: str) -> None:
    """The programs are not installed where the unit expects them, so they are replaced by one that is."""
    tool = _tool("systemd-analyze")
    written = (DEPLOY / "systemd" / unit).read_text()
    stand_in = tmp_path / unit
    stand_in.write_text(re.sub(r"/opt/vouchbox/\.venv/bin/\w+", "/bin/true", written))
    assert _run(tool, "verify", "--man=no", str(stand_in)) == ""
    for hardening in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "LoadCredential=secret_key"):
        assert hardening in written
    assert re.search(r"^TimeoutStopSec=(40|70)$", written, re.M), "a worker is given the minute that it asks for"


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return [entry for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")) for entry in yaml.safe_load_all(path.read_text())]


def test_kubernetes_knows_every_field_of_the_manifests(tmp_path: Path) -> None:
    tool, built = _tool("kubernetes-validate"), tmp_path / "all.yaml"
    built.write_text(_run(_tool("kubectl"), "kustomize", str(DEPLOY / "kubernetes")))
    assert _run(tool, "--strict", str(built)).count("passed") == len([entry for entry in yaml.safe_load_all(built.read_text()) if entry])


def test_every_pod_is_locked_down_and_given_its_time(manifests: list[dict[str, Any]]) -> None:
    pods = {entry["metadata"]["name"]: entry["spec"]["template"]["spec"] for entry in manifests if entry["kind"] in ("Deployment", "Job")}
    assert set(pods) == {"vouchbox-web", "vouchbox-reading", "vouchbox-worker", "vouchbox-migrate"}
    for name, pod in pods.items():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            allowed = container["securityContext"]
            assert allowed == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, name
            assert container["resources"]["limits"]["memory"]
            assert not any(word in entry["value"] for entry in container["env"] for word in ("postgres://", "k1:")), "secrets are files"


def test_the_manifests_name_settings_queues_and_commands_that_there_are(manifests: list[dict[str, Any]]) -> None:
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    known |= {"OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}
    containers = [part for entry in manifests if "template" in entry.get("spec", {}) for part in entry["spec"]["template"]["spec"]["containers"]]
    settings = {entry["name"].removesuffix("_FILE") for part in containers for entry in part["env"]}
    settings |= {name for entry in manifests if entry["kind"] == "ConfigMap" for name in entry["data"]}
    assert settings <= known
    units = [path.read_text() for path in (DEPLOY / "systemd").iterdir()]
    worked = [list(part["args"]) for part in containers if "work" in part.get("args", [])]
    for served in (
        {queue for arguments in worked for queue in arguments[arguments.index("--queues") + 1].split(",")},
        {queue for unit in units for found in re.findall(r"--queues (\S+)", unit) for queue in found.split(",")},
    ):
        assert served == set(QUEUES)
    assert sum("--tick" in arguments for arguments in worked) == sum("--tick" in unit for unit in units) == 1


def test_hadolint_finds_nothing_wrong_with_the_dockerfile() -> None:
    assert _run(_tool("hadolint"), "--no-color", "Dockerfile") == ""


def test_compose_reads_its_file(tmp_path: Path) -> None:
    """Docker's own parser, where its plugin is installed; it needs no engine for that."""
    docker = _tool("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not there")
    written = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for name in written["secrets"]:
        (tmp_path / name).write_text("x")
    environment = {**os.environ, "SECRETS": str(tmp_path)}
    done = subprocess.run(
        [docker, "compose", "-f", "compose.yaml", "config", "--format", "json"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["services"]) == set(written["services"])


def test_every_image_is_named_with_its_version() -> None:
    """Digests are left to whoever builds: the ones that a registry gives can be looked up there only, and a made-up one would stop the build."""
    images = re.findall(r"^\s*image: (\S+)$", (ROOT / "compose.yaml").read_text(), re.M)
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    foreign = [image for image in images if image != "vouchbox"]
    assert len(foreign) >= 5
    for image in foreign:
        assert re.search(r":[\w.-]*\d", image), image
        assert not image.endswith(":latest")
