"""Verifications over HTTP: make, list, show, change, and their life cycle."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from scripted import Script

from documents.models import Document, DocumentStatus
from factories import Person, start, upload, work_off
from verifications.models import AuditEntry, Event, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
EXPECTED = {
    "person": {"first_name": "Homer", "last_name": "Simpson", "date_of_birth": "1988-07-23"},
    "address": {"street": "742 Evergreen Terrace", "city": "Springfield", "state": "OR", "postal_code": "97477", "country": "USA"},
}


def set_status(case: dict[str, Any], status: VerificationStatus, **fields: Any) -> None:
    """Put a row into a state without a path to it; only tests of single moves do this."""
    Verification.objects.filter(pk=case["id"]).update(status=status, **fields)


def event_types(case: dict[str, Any]) -> list[str]:
    return list(Event.objects.filter(verification_id=case["id"]).order_by("sequence").values_list("type", flat=True))


def test_a_new_verification_has_every_member_of_the_body(alice: Person) -> None:
    case = start(
        alice, external_ref="box-7", expected_data=EXPECTED, metadata={"plan": "gold"}, tags=["a", "b", "a"], webhook_url="https://example.com/h"
    )
    stamps = {name: case.pop(name) for name in ("created_at", "updated_at")}
    assert case.pop("id").startswith("ver_")
    assert case == {
        "flow": "usps1583",
        "flow_version": 1,
        "environment": "sandbox",
        "status": 1,
        "status_label": "Started",
        "external_ref": "box-7",
        "expected_data": EXPECTED,
        "metadata": {"plan": "gold"},
        "tags": ["a", "b"],
        "attempt": 1,
        "renews": None,
        "webhook_url": "https://example.com/h",
        "submitted_at": None,
        "finished_at": None,
        "redacted_at": None,
    }
    assert all(len(value) == 27 and value.endswith("Z") for value in stamps.values())


def test_everything_is_optional(alice: Person) -> None:
    case = start(alice)
    assert (case["external_ref"], case["expected_data"], case["metadata"], case["tags"], case["webhook_url"]) == (None, {}, {}, [], None)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"external_ref": "x" * 256}, "external_ref"),
        ({"external_ref": 5}, "external_ref"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["x" * 65]}, "tags.0"),
        ({"tags": ["t"] * 51}, "tags"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": "x" * 16_400}}, "metadata.a"),
        ({"metadata": {"a": "nul \x00"}}, "metadata"),
        ({"expected_data": {"person": {"date_of_birth": "23.07.1988"}}}, "expected_data.person.date_of_birth"),
        ({"expected_data": {"person": {"date_of_birth": "1988-02-30"}}}, "expected_data.person.date_of_birth"),
        ({"expected_data": {"documents": {"photo_id": {"type": "1"}}}}, "expected_data.documents.photo_id.type"),
        ({"webhook_secret": "short"}, "webhook_secret"),
        ({"webhook_url": "ftp://example.com"}, "webhook_url"),
        ({"webhook_url": "http://example.com"}, "webhook_url"),
        ({"webhook_url": "https://127.0.0.1/hook"}, "webhook_url"),
        ({"webhook_url": "https://[::1]/hook"}, "webhook_url"),
        ({"webhook_url": "https://169.254.169.254/"}, "webhook_url"),
    ],
)
def test_what_is_not_right_is_422_and_nothing_is_made(alice: Person, fields: dict[str, Any], path: str) -> None:
    response = alice.post("/usps1583/verifications", fields)
    assert response.status_code == 422
    assert list(response.json()["errors"]) == [path] or path.partition(".")[0] in str(response.json()["errors"])
    assert Verification.objects.count() == 0


def test_the_webhook_secret_is_never_shown(alice: Person) -> None:
    case = start(alice, webhook_secret="s" * 32)
    assert "webhook_secret" not in case
    assert Verification.objects.get(pk=case["id"]).webhook_secret == "s" * 32


def test_expected_data_is_encrypted_in_the_database(alice: Person) -> None:
    case = start(alice, expected_data=EXPECTED)
    stored = Verification.objects.filter(pk=case["id"]).values_list("expected_sealed", flat=True).get()
    assert stored is not None
    assert b"Simpson" not in bytes(stored)


def test_the_list_is_newest_first_and_paged(alice: Person) -> None:
    ids = [start(alice)["id"] for _ in range(5)]
    body = alice.get("/usps1583/verifications?per_page=2&page=2").json()
    assert [entry["id"] for entry in body["data"]] == list(reversed(ids))[2:4]
    root = "http://testserver/api/v1/usps1583/verifications"
    assert body["meta"] == {"current_page": 2, "from": 3, "last_page": 3, "path": root, "per_page": 2, "to": 4, "total": 5}
    assert body["links"] == {name: f"{root}?per_page=2&page={page}" for name, page in (("first", 1), ("last", 3), ("prev", 1), ("next", 3))}


def test_a_page_past_the_end_is_empty(alice: Person) -> None:
    start(alice)
    body = alice.get("/usps1583/verifications?page=9").json()
    assert (body["data"], body["meta"]["from"], body["meta"]["total"], body["links"]["next"]) == ([], None, 1, None)


@pytest.mark.parametrize("query", ["per_page=0", "per_page=101", "per_page=x", "page=0", "page=-1", "cursor=nonsense", "per_page=", "page=1.5"])
def test_paging_out_of_range_is_422(alice: Person, query: str) -> None:
    response = alice.get(f"/usps1583/verifications?{query}")
    assert (response.status_code, list(response.json()["errors"])) == (422, [query.partition("=")[0]])


def test_cursors_walk_the_whole_list_both_ways(alice: Person) -> None:
    ids = list(reversed([start(alice)["id"] for _ in range(5)]))
    seen, link = [], "/api/v1/usps1583/verifications?cursor=&per_page=2"
    while link:
        body = alice.get(link.partition("/api/v1")[2]).json()
        assert set(body["meta"]) == {"path", "per_page"}
        seen += [entry["id"] for entry in body["data"]]
        last, link = body, body["links"]["next"]
    assert seen == ids
    back = alice.get(last["links"]["prev"].partition("/api/v1")[2]).json()
    assert [entry["id"] for entry in back["data"]] == ids[2:4]
    first = alice.get(back["links"]["prev"].partition("/api/v1")[2]).json()
    assert ([entry["id"] for entry in first["data"]], first["links"]["prev"]) == (ids[:2], None)


def test_filters(alice: Person) -> None:
    one = start(alice, external_ref="box-1", tags=["x"])
    two = start(alice, "address", external_ref="box-2", tags=["y", "xx"])
    set_status(two, VerificationStatus.APPROVED)

    def found(query: str, path: str = "/verifications") -> list[str]:
        return [entry["id"] for entry in alice.get(f"{path}?{query}").json()["data"]]

    assert found("status=3") == [two["id"]]
    assert found("external_ref=box-1") == [one["id"]]
    assert found("tag=x") == [one["id"]]
    assert found("tag=xx") == [two["id"]]
    assert found("q=box-") == [two["id"], one["id"]]
    assert found(f"q={one['id']}") == [one["id"]]
    assert found("q=nothing") == []
    assert found("q=BOX-") == found("q=b_x") == found("q=%25") == []
    assert found("q=box-1") == [one["id"]]
    today = timezone.now().date().isoformat()
    assert found(f"created_from={today}&created_to={today}") == [two["id"], one["id"]]
    assert found(f"created_from={two['created_at']}") == [two["id"]]
    assert found(f"created_to={one['created_at']}") == [one["id"]]
    assert found("", "/address/verifications") == [two["id"]]


@pytest.mark.parametrize("query", ["status=9", "status=x", "created_from=yesterday", "created_to=2026-13-01"])
def test_a_filter_that_means_nothing_is_422(alice: Person, query: str) -> None:
    assert alice.get(f"/verifications?{query}").status_code == 422


def test_patch_changes_what_is_sent_and_only_that(alice: Person) -> None:
    case = start(alice, external_ref="a", metadata={"keep": 1, "drop": 2, "set": 3}, tags=["old"], expected_data=EXPECTED)
    path = f"/usps1583/verifications/{case['id']}"
    assert alice.patch(path, {}).json()["data"] | {"updated_at": ""} == case | {"updated_at": ""}
    changed = alice.patch(path, {"metadata": {"drop": None, "set": {"deep": True}}, "expected_data": {"address": None}}).json()["data"]
    assert changed["metadata"] == {"keep": 1, "set": {"deep": True}}
    assert changed["expected_data"] == {"person": EXPECTED["person"]}
    assert (changed["external_ref"], changed["tags"]) == ("a", ["old"])
    assert alice.patch(path, {"tags": ["new"], "external_ref": None}).json()["data"]["tags"] == ["new"]


def test_an_empty_expected_data_changes_nothing_and_null_clears_it(alice: Person) -> None:
    case = start(alice, expected_data=EXPECTED)
    path = f"/usps1583/verifications/{case['id']}"
    entries = AuditEntry.objects.count()
    response = alice.patch(path, {"expected_data": {}})
    assert (response.status_code, response.json()["data"]) == (200, case)
    assert AuditEntry.objects.count() == entries
    assert alice.patch(path, {"expected_data": None}).json()["data"]["expected_data"] == {}


def test_a_metadata_value_may_take_16_kb_as_compact_json(alice: Person) -> None:
    fitting = ["é" * 1021] * 8  # 16 × 1024 bytes with brackets, quotes and commas, more with white space between them
    fitting[0] += "é" * ((16 * 1024 - len(json.dumps(fitting, ensure_ascii=False, separators=(",", ":")).encode())) // 2)
    assert len(json.dumps(fitting, ensure_ascii=False).encode()) > 16 * 1024
    case = start(alice, metadata={"a": fitting})
    response = alice.patch(f"/usps1583/verifications/{case['id']}", {"metadata": {"b": [*fitting, 1]}})
    assert (response.status_code, list(response.json()["errors"])) == (422, ["metadata.b"])
    assert Verification.objects.get(pk=case["id"]).metadata == {"a": fitting}


def test_expected_data_can_only_be_changed_while_started(alice: Person) -> None:
    case = start(alice, expected_data=EXPECTED)
    set_status(case, VerificationStatus.SUBMITTED)
    path = f"/usps1583/verifications/{case['id']}"
    assert alice.patch(path, {"expected_data": {"person": None}}).json()["code"] == "verification_not_started"
    assert alice.patch(path, {"tags": ["late"]}).status_code == 200
    assert Verification.objects.get(pk=case["id"]).expected == EXPECTED


def test_nothing_can_be_changed_after_redaction(alice: Person) -> None:
    case = start(alice)
    set_status(case, VerificationStatus.CANCELED, redacted_at=timezone.now())
    assert alice.patch(f"/usps1583/verifications/{case['id']}", {"tags": ["x"]}).json()["code"] == "redacted"


S = VerificationStatus
MOVES = {
    "submit": {S.STARTED: S.SUBMITTED},
    "cancel": dict.fromkeys((S.STARTED, S.SUBMITTED, S.DOUBLE_CHECK, S.REJECTED, S.EXPIRED, S.HOLD), S.CANCELED),
    "hold": dict.fromkeys((S.STARTED, S.SUBMITTED, S.DOUBLE_CHECK), S.HOLD),
    "expire": {S.STARTED: S.EXPIRED},
    "resume": {S.EXPIRED: S.STARTED, S.HOLD: S.SUBMITTED},
    "resubmit": {S.REJECTED: S.STARTED, S.DOUBLE_CHECK: S.STARTED},
}
REPEATABLE = {("cancel", S.CANCELED), ("hold", S.HOLD), ("expire", S.EXPIRED)}
OWN_CODES = {
    ("submit", S.CANCELED): "verification_canceled",
    **{("submit", state): "verification_not_started" for state in S if state not in (S.STARTED, S.CANCELED)},
}


@pytest.mark.parametrize("status", list(S), ids=lambda status: status.label)
@pytest.mark.parametrize("call", list(MOVES))
def test_every_move_of_the_table_and_no_other(alice: Person, picture: Picture, call: str, status: VerificationStatus) -> None:
    case = start(alice, "address")
    upload(alice, case, "address", context="PROOF_OF_ADDRESS", type=41, front=picture())
    set_status(case, status, held_from=S.SUBMITTED if status == S.HOLD else None)
    before = event_types(case)
    response = alice.post(f"/address/verifications/{case['id']}/{call}")
    after = Verification.objects.get(pk=case["id"])
    if status in MOVES[call]:
        assert (response.status_code, response.json()["data"]["status"]) == (200, MOVES[call][status])
        assert after.status == MOVES[call][status]
        assert len(event_types(case)) > len(before)
        return
    assert after.status == status
    assert event_types(case) == before
    if (call, status) in REPEATABLE:
        assert response.status_code == 200
        return
    body = response.json()
    assert (response.status_code, body["code"]) == (400, OWN_CODES.get((call, status), "transition_not_allowed"))
    if body["code"] == "transition_not_allowed":
        assert status.label in body["message"]


@pytest.mark.parametrize("call", ["submit", "cancel", "hold", "resume", "expire", "resubmit", "reprocess"])
@pytest.mark.parametrize("body", [[], 5, "text", None, [{}]])
def test_a_call_whose_body_is_no_object_is_422_and_moves_nothing(alice: Person, call: str, body: Any) -> None:
    case = start(alice)
    response = Client().post(
        f"/api/v1/usps1583/verifications/{case['id']}/{call}", data=json.dumps(body), content_type="application/json",
        headers={"Authorization": f"Bearer {alice.secret}"},
    )  # fmt: skip
    assert (response.status_code, response.json()["code"], list(response.json()["errors"])) == (422, "validation_failed", ["body"])
    assert (Verification.objects.get().status, event_types(case)) == (VerificationStatus.STARTED, ["verification.created"])


@pytest.mark.parametrize("origin", [S.STARTED, S.SUBMITTED, S.DOUBLE_CHECK])
def test_hold_resumes_to_where_it_came_from(alice: Person, origin: VerificationStatus) -> None:
    case = start(alice)
    set_status(case, origin)
    path = f"/usps1583/verifications/{case['id']}"
    alice.post(f"{path}/hold")
    assert alice.post(f"{path}/resume").json()["data"]["status"] == origin


def test_submit_names_what_is_missing(alice: Person, picture: Picture) -> None:
    case = start(alice)
    path = f"/usps1583/verifications/{case['id']}"
    upload(alice, case, front=picture())
    body = alice.post(f"{path}/submit").json()
    assert (body["code"], body["missing"]) == ("documents_missing", ["PROOF_OF_ADDRESS"])
    assert Verification.objects.get(pk=case["id"]).status == S.STARTED


def test_a_draft_and_a_canceled_document_count_as_missing(alice: Person, picture: Picture) -> None:
    case = start(alice, "address")
    body = {"verification": case["id"], "draft": True, "document": {"context_type": "PROOF_OF_ADDRESS", "type": 41, "country": "USA"}}
    document = alice.post("/address/documents", body).json()["data"]
    path = f"/address/verifications/{case['id']}/submit"
    assert alice.post(path).json()["missing"] == ["PROOF_OF_ADDRESS"]
    Document.objects.filter(pk=document["id"]).update(status=DocumentStatus.CANCELED, draft=False)
    assert alice.post(path).json()["missing"] == ["PROOF_OF_ADDRESS"]


def test_cancel_cancels_the_documents(alice: Person, picture: Picture) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    draft = {"verification": case["id"], "draft": True, "document": {"context_type": "SELFIE", "type": 61, "country": "USA"}}
    alice.post("/identity/documents", draft)
    alice.post(f"/identity/verifications/{case['id']}/cancel")
    assert set(Document.objects.values_list("status", flat=True)) == {DocumentStatus.CANCELED}
    assert alice.get(f"/identity/documents/{document['id']}").json()["data"]["status_label"] == "Canceled"


def test_a_document_that_is_being_read_is_canceled_when_it_is_read(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    Document.objects.filter(pk=document["id"]).update(status=DocumentStatus.IN_PROGRESS)
    alice.post(f"/usps1583/verifications/{case['id']}/cancel")
    assert Document.objects.get(pk=document["id"]).status == DocumentStatus.IN_PROGRESS
    work_off()
    assert Document.objects.get(pk=document["id"]).status == DocumentStatus.CANCELED


def test_the_detail_tells_the_history_in_order(alice: Person) -> None:
    case = start(alice)
    path = f"/usps1583/verifications/{case['id']}"
    alice.post(f"{path}/hold")
    alice.post(f"{path}/resume")
    history = alice.get(path).json()["data"]["history"]
    assert [(entry["from_label"], entry["to_label"]) for entry in history] == [("Started", "Hold"), ("Hold", "Started")]
    assert all(entry["by"] == f"token:{alice.token.prefix}" for entry in history)


def test_another_flow_in_the_path_is_a_mismatch(alice: Person) -> None:
    case = start(alice)
    for method, tail in (("get", ""), ("patch", ""), ("post", "/submit"), ("post", "/hold"), ("get", "/checks"), ("get", "/pdf")):
        response = alice.call(method, f"/address/verifications/{case['id']}{tail}", {} if method == "patch" else None)
        assert (response.status_code, response.json()["code"], response.json()["message"]) == (400, "flow_mismatch", "Invalid verification flow.")


def test_a_started_verification_expires_when_its_term_is_over(alice: Person) -> None:
    from verifications.upkeep import expire_due

    late, early = start(alice), start(alice)
    Verification.objects.filter(pk=late["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_due()
    expire_due()
    assert Verification.objects.get(pk=late["id"]).status == S.EXPIRED
    assert Verification.objects.get(pk=early["id"]).status == S.STARTED
    assert event_types(late) == ["verification.created", "verification.expired"]


@pytest.mark.parametrize("count", [1, 4])
def test_lists_and_details_take_a_constant_number_of_queries(
    alice: Person, picture: Picture, script: Script, django_assert_num_queries: Any, count: int
) -> None:
    cases = [start(alice, "address", expected_data=EXPECTED) for _ in range(count)]
    for case in cases:
        upload(alice, case, "address", context="PROOF_OF_ADDRESS", type=41, front=picture())
    work_off(twice=False)
    with django_assert_num_queries(4):
        alice.get("/verifications")
    with django_assert_num_queries(15):
        alice.get(f"/address/verifications/{cases[0]['id']}")
    with django_assert_num_queries(12):
        alice.get("/address/documents")
