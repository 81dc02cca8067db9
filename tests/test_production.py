"""The same code on production's servers: the behavioural suites on PostgreSQL, the whole service on PostgreSQL and Redis, workers killed."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from servers import free_port, postgres_database, redis_server

from documents.specimens import draw

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.service


def test_the_behavioural_suites_pass_on_postgresql(tmp_path: Path) -> None:
    """Row locks, jsonb and NUL rules are PostgreSQL's own: SQLite shows none of them."""
    with postgres_database() as url:
        environment = {**os.environ, "TEST_DATABASE_URL": url, "DATA_DIR": str(tmp_path)}
        suites = ["tests/api", "tests/verifications", "tests/flows", "tests/test_pipeline.py", "tests/decisions/test_admin.py"]
        found = [suite for suite in suites if (ROOT / suite).exists()]
        command = [sys.executable, "-m", "pytest", *found, "-q", "-x", "-p", "no:cacheprovider", "--create-db", "-m", "not service"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=420, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_fifty_threads_with_one_key_race_on_a_sqlite_file(tmp_path: Path) -> None:
    environment = {**os.environ, "TEST_DATABASE_URL": f"sqlite:///{tmp_path / 'race.sqlite3'}", "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "tests/api/test_idempotency.py", "-k", "fifty", "-q", "-p", "no:cacheprovider", "--create-db"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout


@dataclass
class Service:
    """A running service with its process group."""

    address: str
    token: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/v1{path}", data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"{}").get("data")

    def workers(self, queue: str) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "work" in child.cmdline() and any(queue in part for part in child.cmdline())]


@contextlib.contextmanager
def running(folder: Path, **environment: str) -> Iterator[Service]:
    """`manage.py start` on a free port, ready; stopped like Ctrl-C does."""
    port = free_port()
    settings = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "RATE_LIMIT": "off",
        "WORKERS": "1",
        **environment,
    }
    log = (folder / "service.log").open("wb")
    command = [sys.executable, "manage.py", "start", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _await_ready(address, folder)
        yield Service(address, (folder / "demo" / "token").read_text(), process, settings)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log.close()


def _await_ready(address: str, folder: Path) -> None:
    for _ in range(400):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health/ready", timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError((folder / "service.log").read_text()[-4000:])


def _upload(service: Service, seed: int) -> str:
    case = service.call("POST", "/address/verifications", {})
    content = base64.b64encode(draw("utility_bill", seed=seed).jpeg("front")).decode()
    document = {"context_type": "PROOF_OF_ADDRESS", "type": 41, "country": "USA", "front_side_data": content}
    return str(service.call("POST", "/address/documents", {"verification": case["id"], "document": document})["id"])


def _await_extracted(service: Service, ids: list[str], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        states = {service.call("GET", f"/address/documents/{pk}")["status_label"] for pk in ids}
        if states == {"Extracted"}:
            return
        time.sleep(0.3)
    raise AssertionError(f"not all were read in time: {states}")


@pytest.mark.engine
@pytest.mark.parametrize("production", [False, True], ids=["embedded", "postgresql and redis"])
def test_killed_workers_and_a_lost_broker_delay_work_and_never_lose_or_double_it(tmp_path: Path, production: bool) -> None:
    with contextlib.ExitStack() as stack:
        environment = {}
        if production:
            environment = {
                "DATABASE_URL": stack.enter_context(postgres_database()),
                "REDIS_URL": stack.enter_context(redis_server()),
                "REDIS_NAMESPACE": f"test-{secrets.token_hex(6)}",
            }
        service = stack.enter_context(running(tmp_path, **environment))
        ids = [_upload(service, seed) for seed in range(4)]
        for _ in range(2):
            time.sleep(0.7)
            for worker in service.workers("reading"):
                worker.kill()
        if production:
            _forget(environment["REDIS_URL"], environment["REDIS_NAMESPACE"])
        _await_extracted(service, ids)
        for pk in ids:
            kinds = [entry["extraction_type"] for entry in service.call("GET", f"/address/documents/{pk}/extractions")]
            assert len(kinds) == len(set(kinds)), "a reader's work was recorded twice"


def _forget(url: str, namespace: str) -> None:
    """The broker loses what it held, as after a restart without persistence."""
    import redis

    client = redis.Redis.from_url(url)
    for key in client.scan_iter(f"{namespace}:*"):
        client.delete(key)


@pytest.mark.engine
def test_an_upload_is_answered_while_workers_are_dead_and_read_when_they_are_back(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        for worker in service.workers("reading"):
            worker.suspend()
        pk = _upload(service, 9)
        assert service.call("GET", f"/address/documents/{pk}")["status_label"] == "Uploaded"
        for worker in service.workers("reading"):
            worker.resume()
        _await_extracted(service, [pk])


def test_eight_uploads_at_once_give_one_document(tmp_path: Path) -> None:
    """The database's constraint decides the race, not the order of two queries."""
    with running(tmp_path) as service:
        case = service.call("POST", "/address/verifications", {})
        content = base64.b64encode(draw("lease", seed=1).jpeg("front")).decode()
        body = {
            "verification": case["id"],
            "document": {"context_type": "PROOF_OF_ADDRESS", "type": 24, "country": "USA", "front_side_data": content},
        }

        def upload() -> tuple[int, str]:
            try:
                service.call("POST", "/address/documents", body)
            except urllib.error.HTTPError as error:
                return error.code, json.loads(error.read())["code"]
            return 201, ""

        with ThreadPoolExecutor(8) as pool:
            answers = [entry.result() for entry in [pool.submit(upload) for _ in range(8)]]
        assert sorted(answers) == [(201, ""), *[(400, "document_type_taken")] * 7]
        assert len(service.call("GET", f"/address/documents?verification={case['id']}")) == 1
