"""Health, metrics, the OpenAPI document and its page."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, override_settings
from django.utils import timezone
from openapi_spec_validator import OpenAPIV31SpecValidator

from config.api.docs import openapi_document
from decisions.apps import ADMINISTRATORS, REVIEWERS
from flows.models import ApiToken
from flows.services import SCOPES, get_or_create_workspace
from verifications.models import AuditEntry, WorkerHeartbeat

pytestmark = pytest.mark.django_db
DRIFT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def _beat(queues: list[str], readers: dict[str, str]) -> None:
    WorkerHeartbeat.objects.create(name=f"host:{queues[0]}", queues=queues, readers=readers, at=timezone.now())


def test_live_asks_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Client().get("/health/live").json() == {"status": "ok"}


def test_ready_wants_every_queue_served_and_readers_loaded() -> None:
    response = Client().get("/health/ready")
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert {name: entry["ok"] for name, entry in checks.items()} == {
        "database": True,
        "broker": True,
        "storage": True,
        "workers": False,
        "readers": False,
    }
    _beat(["reading"], {"text": "rapidocr"})
    _beat(["decisions", "records", "webhooks"], {})
    assert Client().get("/health/ready").status_code == 200


def test_a_worker_that_stopped_beating_does_not_count() -> None:
    _beat(["reading", "decisions", "records", "webhooks"], {"text": "rapidocr"})
    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert Client().get("/health/ready").status_code == 503


def test_metrics_are_for_the_machine_itself_or_with_the_token() -> None:
    assert b"vouchbox_verifications" in Client().get("/metrics").content
    away = Client(REMOTE_ADDR="203.0.113.9")
    assert away.get("/metrics").status_code == 404
    assert Client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    with override_settings(METRICS_TOKEN="scrape"):
        assert away.get("/metrics", headers={"Authorization": "Bearer scrape"}).status_code == 200
        assert away.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404


def test_the_openapi_document_is_valid_3_1_and_has_not_drifted() -> None:
    served = Client().get("/api/v1/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(served).validate()
    assert served == json.loads(DRIFT.read_text())


def test_the_openapi_document_is_not_sent_twice() -> None:
    tag = Client().get("/api/v1/openapi.json")["ETag"]
    assert Client().get("/api/v1/openapi.json", headers={"If-None-Match": tag}).status_code == 304


def test_every_operation_has_an_example_for_each_error_and_request() -> None:
    for path, item in openapi_document()["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert answer["content"]["application/json"]["examples"], (path, method, status)
            if body := operation.get("requestBody"):
                assert body["content"]["application/json"]["examples"], (path, method)


def test_the_page_loads_only_what_we_serve() -> None:
    response = Client().get("/docs")
    assert response.status_code == 200
    assert b"http://" not in response.content
    assert b"https://" not in response.content
    assert "default-src 'none'" in response["Content-Security-Policy"]


class TestSandboxTokenOfTheDocumentation:
    @pytest.fixture
    def administrator(self, db: None) -> Client:
        client, user = Client(), User.objects.create_user("lisa", is_staff=True)
        user.groups.set(Group.objects.filter(name=ADMINISTRATORS))
        get_or_create_workspace(slug="springfield")
        client.force_login(user)
        return client

    def test_it_is_made_for_hours_and_told_once(self, administrator: Client, flows: None) -> None:
        response = administrator.post("/docs/token", {"workspace": "springfield"})
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
        token = ApiToken.objects.get()
        assert (token.environment, token.workspace.slug, token.scopes) == ("sandbox", "springfield", list(SCOPES))
        assert token.expires_at is not None
        assert token.expires_at <= timezone.now() + timedelta(hours=4)
        found = Client().get("/api/v1/flows", headers={"Authorization": f"Bearer {response.json()['token']}"})
        assert found.status_code == 200
        entry = AuditEntry.objects.get(action="token.issued")
        assert (entry.actor, response.json()["token"] in entry.data) == ("user:lisa", False)

    def test_refusals_make_none(self, administrator: Client, settings: Any) -> None:
        reviewer, stranger = Client(), Client()
        user = User.objects.create_user("marge", is_staff=True)
        user.groups.set(Group.objects.filter(name=REVIEWERS))
        reviewer.force_login(user)
        sent = {"workspace": "springfield"}
        for client in (reviewer, stranger):
            assert client.post("/docs/token", sent).json()["code"] == "forbidden"
            assert b"sandbox token" not in client.get("/docs").content
        assert administrator.get("/docs/token").status_code == 405
        for unknown in ("shelbyville", "\0", ""):
            assert administrator.post("/docs/token", {"workspace": unknown}).json()["code"] == "not_found"
        careful = Client(enforce_csrf_checks=True)
        careful.cookies = administrator.cookies
        assert careful.post("/docs/token", sent).status_code == 403
        settings.ADMIN_REQUIRE_2FA = True
        assert administrator.post("/docs/token", sent).json()["code"] == "forbidden"
        assert ApiToken.objects.count() == 0
