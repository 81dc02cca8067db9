"""The same code on production's servers: the behavioural suites on PostgreSQL, the whole service on PostgreSQL and Redis, workers killed."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from installed import Service, await_that, running
from receiver import receiving
from servers import postgres_database, redis_server
from webserver import web_servers

import templates
from documents.specimens import draw, holder

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.service


def test_the_behavioural_suites_pass_on_postgresql(tmp_path: Path) -> None:
    """Row locks, jsonb and NUL rules are PostgreSQL's own: SQLite shows none of them."""
    with postgres_database() as url:
        environment = {**os.environ, "TEST_DATABASE_URL": url, "DATA_DIR": str(tmp_path)}
        judged = [f"tests/decisions/test_{name}.py" for name in ("admin", "replay", "queue_on_postgresql", "exports")]
        suites = ["tests/api", "tests/verifications", "tests/flows", "tests/test_pipeline.py", "tests/documents/test_retention.py", *judged]
        found = [suite for suite in suites if (ROOT / suite).exists()]
        command = [sys.executable, "-m", "pytest", *found, "-q", "-x", "-p", "no:cacheprovider", "--create-db", "-m", "not service"]
        # Other words for the same services, and what is decided before any of them is asked.
        asked_of_no_database = ["dialects", "test_order.py", "test_inflection.py", "test_conventions.py", "test_contract.py"]
        command += [part for name in asked_of_no_database for part in ("--ignore", f"tests/api/{name}")]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_threads_race_on_a_sqlite_file(tmp_path: Path) -> None:
    environment = {**os.environ, "TEST_DATABASE_URL": templates.sqlite(tmp_path / "race.sqlite3", flows=False), "DATA_DIR": str(tmp_path)}
    suites = ["tests/api/test_idempotency.py", "tests/api/test_conditional.py", "tests/api/test_capture_races.py"]
    races = [*suites, "-k", "fifty_threads or forty_at_once or capture_races"]
    command = [sys.executable, "-m", "pytest", *races, "-q", "-p", "no:cacheprovider", "--reuse-db"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "4 passed" in done.stdout


@pytest.mark.parametrize("production", [False, True], ids=["sqlite", "postgresql"])
def test_two_web_processes_share_one_rate_limit(tmp_path: Path, production: bool) -> None:
    """Without Redis: forty requests at once, half to each process, of which ten are answered."""
    with contextlib.ExitStack() as stack:
        settings = {"DATABASE_URL": stack.enter_context(postgres_database(migrated=True))} if production else {}
        addresses, token = stack.enter_context(web_servers(tmp_path, 2, RATE_LIMIT="10/day", **settings))

        def ask(number: int) -> tuple[str, int]:
            address = addresses[number % 2]
            request = urllib.request.Request(f"{address}/api/v1/flows", headers={"Authorization": f"Bearer {token}"})
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    return address, response.status
            except urllib.error.HTTPError as error:
                return address, error.code

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(40)))
    assert Counter(status for _, status in answers) == {200: 10, 429: 30}
    assert {address for address, status in answers if status == 200} == set(addresses)


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
                "DATABASE_URL": stack.enter_context(postgres_database(migrated=True)),
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
    client = redis.Redis.from_url(url)
    for key in client.scan_iter(f"{namespace}:*"):
        client.delete(key)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For tests that leave it as they found it, but for what they uploaded."""
    with running(tmp_path_factory.mktemp("embedded")) as service:
        yield service


@pytest.mark.engine
def test_an_upload_is_answered_while_workers_are_dead_and_read_when_they_are_back(embedded: Service) -> None:
    suspended = embedded.workers("reading")
    assert suspended
    for worker in suspended:
        worker.suspend()
    try:
        pk = _upload(embedded, 9)
        assert embedded.call("GET", f"/address/documents/{pk}")["status_label"] == "Uploaded"
    finally:
        for worker in suspended:
            worker.resume()
    _await_extracted(embedded, [pk])


def test_eight_uploads_at_once_give_one_document(embedded: Service) -> None:
    """The database's constraint decides the race, not the order of two queries."""
    case = embedded.call("POST", "/address/verifications", {})
    content = base64.b64encode(draw("lease", seed=1).jpeg("front")).decode()
    body = {
        "verification": case["id"],
        "document": {"context_type": "PROOF_OF_ADDRESS", "type": 24, "country": "USA", "front_side_data": content},
    }

    def upload() -> tuple[int, str]:
        try:
            embedded.call("POST", "/address/documents", body)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["code"]
        return 201, ""

    with ThreadPoolExecutor(8) as pool:
        answers = [entry.result() for entry in [pool.submit(upload) for _ in range(8)]]
    assert sorted(answers) == [(201, ""), *[(400, "document_type_taken")] * 7]
    assert len(embedded.call("GET", f"/address/documents?verification={case['id']}")) == 1


CANARY = "Zyxwvutsrq"


def _shapes(text: str) -> list[bytes]:
    """As it is, in hexadecimal as databases dump bytes, and in base64 wherever it may begin."""
    raw = text.encode()
    whole = [base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)]
    return [raw.lower(), raw.hex().encode(), raw.lower().hex().encode(), *(shape.lower() for shape in whole)]


def _dumped(url: str) -> bytes:
    return subprocess.run(["pg_dump", "--inserts", url], capture_output=True, check=True).stdout


def _kept_in_redis(url: str, namespace: str) -> bytes:
    """Every key of the service's with its value, as Redis itself writes it down."""
    client = redis.Redis.from_url(url)
    return b"\n".join(key + b"=" + (client.dump(key) or b"") for key in client.scan_iter(f"*{namespace}*"))


def _places(service: Service, folder: Path) -> list[str]:
    """Where the canary is found: in the dump of the database, in Redis, in any file or log of the service."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    everything = {
        "pg_dump": _dumped(service.environment["DATABASE_URL"]),
        "redis": _kept_in_redis(service.environment["REDIS_URL"], service.environment["REDIS_NAMESPACE"]),
        **files,
    }
    return [name for name, data in everything.items() if any(shape in data.lower() for shape in _shapes(CANARY))]


def _filled(service: Service, hook: str) -> str:
    """A case with marks in everything that a client can say, read by real engines, decided by hand, exported."""
    shown = replace(holder(7), surname=CANARY.upper(), street=f"742 {CANARY.upper()} TER")
    person = {"first_name": shown.given_names, "last_name": CANARY, "email": f"{CANARY}@example.com"}
    body = {
        "external_ref": f"{CANARY}-7", "metadata": {"note": CANARY}, "tags": [CANARY], "webhook_url": f"{hook}/{CANARY}",
        "webhook_secret": "s" * 40, "expected_data": {"person": person, "address": {"street": f"742 {CANARY} Terrace"}},
    }  # fmt: skip
    case = str(service.call("POST", "/usps1583/verifications", body)["id"])
    documents = []
    for kind, context, number in (("passport", "PHOTO_ID", 1), ("lease", "PROOF_OF_ADDRESS", 24)):
        image = base64.b64encode(draw(kind, seed=7, holder=shown).jpeg("front")).decode()
        content = {"context_type": context, "type": number, "country": "USA", "front_side_data": image}
        documents.append(str(service.call("POST", "/usps1583/documents", {"verification": case, "document": content})["id"]))
    await_that(lambda: {service.call("GET", f"/usps1583/documents/{pk}")["status"] for pk in documents} == {7})
    corrected = {"fields": {"address.street": f"743 {CANARY} Terrace"}, "reason": f"{CANARY} wrote it"}
    service.call("PATCH", f"/usps1583/documents/{documents[1]}/extracted-data", corrected)
    applicant = {"name": {"last": CANARY, "first": "Homer"}, "email": f"{CANARY}@example.com"}
    service.call("PATCH", f"/usps1583/verifications/{case}/form", {"applicant": applicant, "additional_recipients": [{"name": f"{CANARY} junior"}]})
    service.call("POST", f"/usps1583/verifications/{case}/submit")
    status = f"/usps1583/verifications/{case}"
    await_that(lambda: service.call("GET", status)["status"] in (3, 4, 5))
    for pk in documents:
        if service.call("GET", f"/usps1583/documents/{pk}")["status"] != 5:
            service.call("POST", "/usps1583/decisions", {"document": pk, "status": 5, "note": f"{CANARY} again"})
        service.call("POST", "/usps1583/decisions", {"document": pk, "status": 3, "note": f"{CANARY} it is"})
    await_that(lambda: service.call("GET", status)["status"] == 3)
    service.call("POST", f"{status}/legal-hold", {"reason": f"{CANARY} against the state"})
    service.call("DELETE", f"{status}/legal-hold")
    for path in ("pdf", "form/pdf", "data"):
        service.call("GET", f"{status}/{path}")
    return case


@pytest.mark.engine
def test_a_canary_is_found_nowhere_on_production_servers(tmp_path: Path) -> None:
    """The whole service on PostgreSQL and Redis; afterwards the database is dumped and every file, key and log line searched."""
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        namespace = f"test-{secrets.token_hex(6)}"
        environment = {
            "DATABASE_URL": stack.enter_context(postgres_database(migrated=True)), "REDIS_URL": stack.enter_context(redis_server()),
            "REDIS_NAMESPACE": namespace, "WEBHOOK_ALLOWED_HOSTS": receiver.host, "LOG_FORMAT": "json",
        }  # fmt: skip
        service = stack.enter_context(running(tmp_path, **environment))
        case = _filled(service, receiver.url)
        quarter = time.strftime("%Y") + f"Q{(int(time.strftime('%m')) + 2) // 3}"
        export = service.call("POST", "/usps1583/exports", {"quarter": quarter})["id"]
        await_that(lambda: service.call("GET", f"/usps1583/exports/{export}")["state"] == "done")
        assert "pg_dump" in _places(service, tmp_path), "the search finds what is there"
        assert list((tmp_path / "files").rglob("*"))

        gone = service.call("DELETE", f"/usps1583/verifications/{case}/data")
        assert gone == {"status": "redacted", "documents_removed": 2}
        await_that(lambda: any(entry.json["type"] == "verification.redacted" for entry in receiver.seen))
        time.sleep(1)
        subprocess.run([sys.executable, "manage.py", "tick"], cwd=ROOT, env=service.environment, check=True, capture_output=True)
        assert _places(service, tmp_path) == []
        assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
        assert service.call("GET", f"/usps1583/exports/{export}")["state"] == "no_longer_kept"
        told = next(entry.json for entry in receiver.seen if entry.json["type"] == "verification.redacted")
        assert (told["data"]["verification_id"], told["data"]["external_ref"]) == (case, None)
        assert service.call("GET", f"/usps1583/verifications/{case}")["webhook_url"] is None
        verified = subprocess.run([sys.executable, "manage.py", "verify_audit"], cwd=ROOT, env=service.environment, check=True, capture_output=True)
        assert b"every link holds" in verified.stdout
