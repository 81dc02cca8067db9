"""What holds in every dialect: errors in its own words, keys, casing, versions, idempotency, scopes, tenancy, what is not offered."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from hypothesis import given
from hypothesis import strategies as st
from scripted import Script
from speaking import JSON_API, say, views_of

from config.api.dialects.common import id_of, native_id, under, uuid_of
from config.api.dialects.described import DIALECTS
from documents.models import Document
from factories import Person, b64, make_person, shown, start, submitted, upload, work_off
from flows.definition import RESERVED_SLUGS, FlowDefinition, InvalidFlow
from flows.ids import new_id
from flows.models import IdempotencyKey
from verifications.models import Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
ONE_OF_EACH = {
    "verifa": "/api/v1/sessions/ses_nothing",
    "persona": "/api/v1/inquiries/inq_nothing",
    "anycheck": "/verifications/00000000-0000-0000-0000-000000000000",
}
MEMBERS = {
    "verifa": {"error", "detail", "status_code", "request_id"},
    "persona": {"errors", "meta"},
    "anycheck": {"error_code", "message", "errors", "code", "request_id"},
}
each = pytest.mark.parametrize("dialect", DIALECTS)


@each
def test_what_is_unknown_is_told_in_the_dialects_words(alice: Person, dialect: str) -> None:
    response = say(alice, "get", ONE_OF_EACH[dialect], Request_Id="mine-1")
    assert (response.status_code, set(response.json()), response["Request-Id"]) == (404, MEMBERS[dialect], "mine-1")
    assert "mine-1" in response.content.decode()


@each
def test_without_a_key_nothing_is_answered(alice: Person, dialect: str) -> None:
    response = Client().get(ONE_OF_EACH[dialect])
    assert (response.status_code, set(response.json()), response["WWW-Authenticate"]) == (401, MEMBERS[dialect], "Bearer")


@each
def test_either_header_carries_the_key(alice: Person, dialect: str) -> None:
    found = [
        Client().get(ONE_OF_EACH[dialect], headers=headers).status_code
        for headers in ({"Authorization": f"Bearer {alice.secret}"}, {"X-API-Key": alice.secret})
    ]
    assert found == [404, 404]


@each
def test_a_missing_scope_is_403(flows: None, dialect: str) -> None:
    response = say(make_person("dave", workspace="wonder", scopes=["flows:read"]), "get", ONE_OF_EACH[dialect])
    assert (response.status_code, set(response.json())) == (403, MEMBERS[dialect])


@each
def test_a_body_that_is_no_json_is_told_in_the_dialects_words(alice: Person, dialect: str) -> None:
    path = {"verifa": "/api/v1/sessions", "persona": "/api/v1/inquiries", "anycheck": "/folders"}[dialect]
    response = Client().post(path, data="{", content_type="application/json", headers={"X-API-Key": alice.secret})
    assert (response.status_code, set(response.json()), Verification.objects.count()) == (400, MEMBERS[dialect], 0)


@each
def test_a_wrong_method_is_told_in_the_dialects_words(alice: Person, dialect: str) -> None:
    response = Client().put(ONE_OF_EACH[dialect], headers={"X-API-Key": alice.secret})
    assert (response.status_code, set(response.json())) == (405, MEMBERS[dialect])


@each
def test_a_style_of_names_that_is_unknown_is_refused(alice: Person, dialect: str) -> None:
    assert say(alice, "get", ONE_OF_EACH[dialect], Key_Inflection="shout").status_code == 400


def test_names_in_three_styles(alice: Person) -> None:
    session = say(alice, "post", "/api/v1/sessions", {"workflow_id": "usps1583", "metadata": {"my_key": 1}}).json()
    place, inquiry = f"/api/v1/sessions/{session['id']}", f"/api/v1/inquiries/{session['id']}"
    shown = {style: say(alice, "get", place, Key_Inflection=style).json() for style in ("snake", "camel", "kebab")}
    assert [name in shown[style] for style, name in (("snake", "workflow_id"), ("camel", "workflowId"), ("kebab", "workflow-id"))] == [True] * 3
    assert [entry["metadata"] for entry in shown.values()] == [{"my_key": 1}] * 3
    assert "reference-id" in say(alice, "get", inquiry).json()["data"]["attributes"]
    assert "referenceId" in say(alice, "get", inquiry, Key_Inflection="camel").json()["data"]["attributes"]


@pytest.mark.parametrize("name", ["reference-id", "reference_id", "referenceId"])
def test_names_are_understood_in_any_style(alice: Person, name: str) -> None:
    sent = {"data": {"attributes": {"inquiry-template-id": "usps1583", name: "r-1", "fields": {"name-first": "Homer"}}}}
    assert say(alice, "post", "/api/v1/inquiries", sent).status_code == 201
    case = Verification.objects.get()
    assert (case.external_ref, case.expected) == ("r-1", {"person": {"first_name": "Homer"}})


@pytest.mark.parametrize(("header", "path"), [("Verifa-Version", ONE_OF_EACH["verifa"]), ("Persona-Version", ONE_OF_EACH["persona"])])
@pytest.mark.parametrize(("value", "status"), [("2026-02-01", 404), ("2999-01-01", 400), ("latest", 400), ("2026-02-30", 400)])
def test_versions_are_dates_that_have_come(alice: Person, header: str, path: str, value: str, status: int) -> None:
    response = say(alice, "get", path, **{header: value})
    assert (response.status_code, response.get(header)) == (status, value if status == 404 else None)


@each
def test_a_key_is_answered_once(alice: Person, dialect: str) -> None:
    path, body = {
        "verifa": ("/api/v1/sessions", {"workflow_id": "usps1583"}),
        "persona": ("/api/v1/inquiries", {"data": {"attributes": {"inquiry-template-id": "usps1583"}}}),
        "anycheck": ("/folders", {"name": "June"}),
    }[dialect]
    first, again = (say(alice, "post", path, body, Idempotency_Key="k") for _ in range(2))
    assert (first.status_code, again.status_code, again.json(), again["Idempotency-Replayed"]) == (201, 201, first.json(), "true")
    other = say(alice, "post", path, {**body, "more": 1}, Idempotency_Key="k")
    assert (other.status_code, set(other.json()) - {"errors"}) == (400 if dialect == "anycheck" else 422, MEMBERS[dialect] - {"errors"})
    assert Verification.objects.count() == (0 if dialect == "anycheck" else 1)


def test_answers_that_are_kept_belong_to_the_verification(alice: Person, picture: Picture) -> None:
    """So that they are forgotten with its data."""
    made = say(alice, "post", "/api/v1/sessions", {"workflow_id": "usps1583"}, Idempotency_Key="a").json()
    body = {"document_type": "passport", "country": "USA", "file": b64(picture())}
    say(alice, "post", f"/api/v1/sessions/{made['id']}/documents", body, Idempotency_Key="b")
    say(alice, "delete", f"/api/v1/sessions/{made['id']}/data")
    refused = say(alice, "post", f"/api/v1/sessions/{made['id']}/documents", body, Idempotency_Key="b")
    assert (set(IdempotencyKey.objects.values_list("verification_ref", flat=True)), refused.status_code) == ({native_id(made["id"])}, 422)
    assert refused.json()["error"] == "redacted"


LISTS = ["/api/v1/sessions", "/api/v1/documents", "/api/v1/cases", "/api/v1/inquiries", "/api/v1/fingerprints", "/verifications", "/folders"]


def test_lists_hold_nothing_of_another_workspace(alice: Person, charlie: Person, picture: Picture, script: Script) -> None:
    submitted(alice, picture)
    say(alice, "post", "/folders", {"name": "June"})
    say(alice, "post", "/api/v1/list/names", {"data": {"attributes": {"name": "Ours"}}})
    for path, headers in [*((path, {}) for path in LISTS), *((path, JSON_API) for path in JSON_API_LISTS)]:
        found = say(charlie, "get", path, **headers).json()
        assert found.get("data", found.get("items")) == [], path


def test_lists_take_the_same_number_of_queries_for_little_and_for_much(alice: Person, picture: Picture, script: Script) -> None:
    counted = []
    for seed in (1, 3):
        for number in range(seed):
            case = start(alice)
            upload(alice, case, front=picture(seed=seed * 10 + number))
            upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=seed * 20 + number))
            say(alice, "post", "/folders", {"name": "June"})
            say(alice, "post", "/api/v1/list/names", {"data": {"attributes": {"name": "Ours"}}})
            say(alice, "post", f"/api/v1/sessions/{say(alice, 'post', '/api/v1/sessions', {'workflow_id': 'usps1583'}).json()['id']}/links", {})
            work_off(twice=False)
            alice.post(f"/usps1583/verifications/{case['id']}/submit")
            work_off(twice=False)
        counted.append({name: _queries(alice, name) for name in [*LISTS, "/services", *("JSON:API " + path for path in JSON_API_LISTS)]})
    assert counted[0] == counted[1]


JSON_API_LISTS = ["/api/v1/cases", "/api/v1/lists", "/api/v1/events"]


def _queries(person: Person, name: str) -> int:
    path, headers = name.removeprefix("JSON:API "), JSON_API if name.startswith("JSON:API ") else {}
    with CaptureQueriesContext(connection) as queries:
        assert say(person, "get", path, **headers).status_code == 200
    return len(queries)


NOT_OFFERED = [(pattern, view) for pattern, view, _ in views_of(get_resolver().url_patterns) if hasattr(view, "sentence")]


@pytest.mark.parametrize(("pattern", "view"), NOT_OFFERED, ids=[pattern for pattern, _ in NOT_OFFERED])
def test_what_is_not_offered_says_why(alice: Person, pattern: str, view: Any) -> None:
    response = say(alice, "post", "/" + pattern.replace("<str:", "").replace(">", ""), {})
    assert (response.status_code, view.sentence in json.dumps(response.json(), ensure_ascii=False)) == (501, True)


@pytest.mark.parametrize("word", sorted({pattern.removeprefix("api/v1/").split("/")[0] for pattern, _, _ in views_of(get_resolver().url_patterns)}))
def test_no_flow_can_take_a_word_of_a_dialect(word: str) -> None:
    assert word in RESERVED_SLUGS
    raw = {"slug": word, "name": "x", "contexts": {"required": ["SELFIE"]}, "document_types": [61]}
    with pytest.raises(InvalidFlow, match="slug"):
        FlowDefinition.parse(raw)


@given(st.uuids())
def test_every_uuid_names_one_id(uuid: UUID) -> None:
    assert uuid_of(id_of("ver", uuid)) == str(uuid)


def test_every_id_has_one_uuid_and_its_prefixes_mean_the_same() -> None:
    pk = new_id("ver")
    assert id_of("ver", uuid_of(pk)) == pk
    assert {native_id(under(prefix, pk)) for prefix in ("ver", "ses", "inq", "case")} == {pk}


LISTED = {
    "/api/v1/sessions?status={}": ("verifa", lambda entry: entry["status"]),
    "/api/v1/inquiries?filter[status]={}": ("persona", lambda entry: entry["attributes"]["status"]),
    "/verifications?status={}": ("anycheck", lambda entry: entry["status"]),
}


def test_a_list_of_one_status_has_just_those_that_say_so(alice: Person, picture: Picture, script: Script) -> None:
    for name in ("cancel", "expire", "hold"):
        alice.post(f"/usps1583/verifications/{start(alice)['id']}/{name}")
    start(alice)
    upload(alice, start(alice), front=picture(seed=1))
    submitted(alice, picture)
    unread = submitted(alice, picture)
    for pk in (submitted(alice, picture)["id"], unread["id"]):
        document = shown(alice, {"id": pk})["documents"][0]["id"]
        alice.post("/usps1583/decisions", {"document": document, "status": 5, "note": "again"})
    Document.objects.filter(verification=unread["id"]).update(extraction_failed=True)
    for path, (dialect, status_of) in LISTED.items():
        everything = say(alice, "get", path.partition("?")[0]).json()
        told = [status_of(entry) for entry in everything.get("data", everything.get("items"))]
        known = import_module(f"config.api.dialects.{dialect}.shapes")
        for status in getattr(known, "STATUSES", getattr(known, "INQUIRY_STATUSES", ())):
            found = say(alice, "get", path.format(status)).json()
            assert [status_of(entry) for entry in found.get("data", found.get("items"))] == [status] * told.count(status), (path, status)
        assert len(set(told)) >= 5, path
