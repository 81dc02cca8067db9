"""Endpoints that are told in a dialect's words and checked by its signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from scripted import Script
from speaking import say

from decisions.apps import ADMINISTRATORS
from factories import Person, start, submitted, work_off
from verifications import destinations
from verifications.destinations import Attempt
from verifications.models import AuditEntry, WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
Post = tuple[str, bytes, dict[str, str]]


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> list[Post]:
    """What was posted, in place of the network."""
    found: list[Post] = []

    def post(url: str, body: bytes, headers: dict[str, str]) -> Attempt:
        found.append((url, body, headers))
        return Attempt(200, "")

    monkeypatch.setattr(destinations, "post", post)
    return found


def endpoint(person: Person, dialect: str | None, **more: Any) -> dict[str, Any]:
    made = person.post("/webhooks", {"url": f"https://hooks.example/{dialect}", "dialect": dialect, **more})
    assert made.status_code == 201, made.content
    return made.json()["data"]  # type: ignore[no-any-return]


def signed(secret: str, stamp: str, body: bytes) -> str:
    """As receivers of both services compute it: the secret as it is written, over time and body."""
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def pairs(text: str) -> list[tuple[str, str]]:
    return [(name, value) for part in text.split(",") for name, _, value in [part.partition("=")]]


def test_each_endpoint_is_told_in_its_own_words(alice: Person, posts: list[Post], picture: Picture, script: Script) -> None:
    """A whole case, told to three endpoints."""
    sessions, inquiries, ours = (endpoint(alice, dialect) for dialect in ("verifa", "persona", None))
    assert [hook["dialect"] for hook in (sessions, inquiries, ours)] == ["verifa", "persona", None]
    case = submitted(alice, picture)
    to = {hook["url"]: [post for post in posts if post[0] == hook["url"]] for hook in (sessions, inquiries, ours)}
    _told_sessions(to[sessions["url"]], sessions["secret"], case)
    _told_inquiries(alice, to[inquiries["url"]], inquiries["secret"], case)
    native = [json.loads(body) for _, body, _ in to[ours["url"]]]
    assert ("decision.made" in {entry["type"] for entry in native}, set(native[0])) == (True, {"id", "type", "timestamp", "data"})
    others = "".join(body.decode() for url in (sessions["url"], inquiries["url"]) for _, body, _ in to[url])
    assert ("decision" in others, "Simpson" in others) == (False, False)
    assert WebhookDelivery.objects.count() == len(posts)


def _told_sessions(posts: list[Post], secret: str, case: dict[str, Any]) -> None:
    told = [json.loads(body) for _, body, _ in posts]
    kinds = [entry["type"] for entry in told]
    assert kinds[0] == "session.created"
    assert {"session.processing", "session.completed", "document.uploaded", "document.extracted"} <= set(kinds)
    last = next(entry for entry in told if entry["type"] == "session.completed")
    assert last["data"] == {
        "session_id": f"ses_{case['id'].partition('_')[2]}", "workflow_id": "usps1583", "external_ref": None, "status": "completed",
        "result": "approved",
    }  # fmt: skip
    for _, body, headers in posts:
        (_, stamp), (_, digest) = pairs(headers["X-Verifa-Signature"])
        assert (digest, "Persona-Signature" in headers) == (signed(secret, stamp, body), False)


def _told_inquiries(person: Person, posts: list[Post], secret: str, case: dict[str, Any]) -> None:
    told = [json.loads(body)["data"] for _, body, _ in posts]
    assert {entry["type"] for entry in told} == {"event"}
    names = [entry["attributes"]["name"] for entry in told]
    assert (names[0], names[-1]) == ("inquiry.created", "inquiry.approved")
    payload = told[0]["attributes"]["payload"]["data"]
    assert (payload["type"], payload["id"], set(payload["attributes"])) == (
        "inquiry", f"inq_{case['id'].partition('_')[2]}", {"status", "reference-id"},
    )  # fmt: skip
    for _, body, headers in posts:
        (_, stamp), (_, digest) = pairs(headers["Persona-Signature"])
        assert digest == signed(secret, stamp, body)
        assert (headers["Persona-Webhook-Attempts-Made"], headers["Persona-Webhook-Attempts-Left"]) == ("0", "9")
    listed = say(person, "get", f"/api/v1/events/{told[0]['id']}").json()["data"]
    assert listed["attributes"] == told[0]["attributes"]


@pytest.mark.parametrize("dialect", ["verifa", "persona"])
def test_for_a_day_both_secrets_sign(alice: Person, posts: list[Post], dialect: str) -> None:
    before = endpoint(alice, dialect)
    after = alice.post(f"/webhooks/{before['id']}/rotate").json()["data"]["secret"]
    start(alice)
    work_off()
    _, body, headers = posts[-1]
    if dialect == "persona":
        signatures = [dict(pairs(part)) for part in headers["Persona-Signature"].split(" ")]
        told = [(entry["t"], entry["v1"]) for entry in signatures]
    else:
        (_, stamp), *rest = pairs(headers["X-Verifa-Signature"])
        told = [(stamp, digest) for _, digest in rest]
    assert [digest for _, digest in told] == [signed(secret, told[0][0], body) for secret in (after, before["secret"])]


def test_the_words_change_with_the_endpoint(alice: Person, posts: list[Post]) -> None:
    hook = endpoint(alice, "verifa")
    assert alice.patch(f"/webhooks/{hook['id']}", {"dialect": None}).json()["data"]["dialect"] is None
    start(alice)
    work_off()
    assert ("type" in json.loads(posts[-1][1]), "X-Verifa-Signature" in posts[-1][2]) == (True, False)
    refused = alice.patch(f"/webhooks/{hook['id']}", {"dialect": "anycheck"})
    assert (refused.status_code, WebhookEndpoint.objects.get().dialect) == (422, "")


def test_a_test_event_is_sent_in_our_words_with_the_dialects_signature(alice: Person, posts: list[Post]) -> None:
    hook = endpoint(alice, "persona")
    alice.post(f"/webhooks/{hook['id']}/test")
    work_off()
    (_, body, headers) = posts[-1]
    (_, stamp), (_, digest) = pairs(headers["Persona-Signature"])
    assert (json.loads(body)["type"], digest) == ("webhook.test", signed(hook["secret"], stamp, body))


def test_an_administrator_changes_the_dialect_and_nothing_else(alice: Person) -> None:
    hook = endpoint(alice, None)
    administrator = User.objects.create_user("lisa", password="long-enough-for-everybody", is_staff=True)
    administrator.groups.set(Group.objects.filter(name=ADMINISTRATORS))
    browser = Client()
    browser.force_login(administrator)
    place = f"/admin/verifications/webhookendpoint/{hook['id']}/change/"
    shown = browser.get(place)
    assert (shown.status_code, "verification service" in shown.content.decode()) == (200, False)
    assert browser.post(place, {"dialect": "persona", "url": "https://evil.example"}).status_code == 302
    row = WebhookEndpoint.objects.get()
    assert (row.dialect, row.url) == ("persona", hook["url"])
    assert AuditEntry.objects.filter(action="webhook.changed", actor="user:lisa").count() == 1
    assert (browser.post(place, {"dialect": "anycheck"}).status_code, WebhookEndpoint.objects.get().dialect) == (200, "persona")
