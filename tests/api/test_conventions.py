"""What holds for every call: method, token, scope, content type, size, body, ids, error bodies, and the order in which these are checked."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from decisions.models import Decision
from documents.models import Document, Extraction
from factories import Person, b64, drawn, make_person, start, upload, upload_body
from flows.models import ApiToken
from flows.services import revoke_token
from verifications.models import Verification

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_token_opens_the_api_in_either_header(alice: Person, header: str) -> None:
    value = f"Bearer {alice.secret}" if header == "Authorization" else alice.secret
    assert Client().get("/api/v1/flows", headers={header: value}).status_code == 200


def _expire(person: Person) -> None:
    ApiToken.objects.filter(pk=person.token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("spoil", ["missing", "unknown", "expired", "revoked", "mangled"])
def test_every_bad_token_gets_the_same_401(alice: Person, spoil: str) -> None:
    headers = {"Authorization": f"Bearer {alice.secret}"}
    if spoil == "missing":
        headers = {}
    elif spoil == "unknown":
        headers = {"Authorization": "Bearer vk_live_000000000000_nothing"}
    elif spoil == "expired":
        _expire(alice)
    elif spoil == "revoked":
        revoke_token(prefix=alice.token.prefix)
    else:
        headers = {"Authorization": f"Bearer {alice.secret[:-1]}"}
    response = Client().get("/api/v1/flows", headers=headers)
    body = response.json()
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert {name: body[name] for name in ("message", "code")} == {"message": "Unauthenticated.", "code": "unauthenticated"}


def test_a_missing_scope_is_403_and_changes_nothing(bob: Person) -> None:
    response = bob.post("/usps1583/verifications", {})
    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")
    assert Verification.objects.count() == 0


def test_the_token_remembers_when_it_was_used(alice: Person) -> None:
    alice.get("/flows")
    assert ApiToken.objects.get(pk=alice.token.pk).last_used_at is not None


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/nowhere/at/all", 404, "not_found"),
        ("get", "/settings", 404, "not_found"),
        ("post", "/nowhere/at/all", 404, "not_found"),
        ("put", "/flows", 405, "method_not_allowed"),
        ("post", "/flows", 405, "method_not_allowed"),
        ("options", "/flows", 405, "method_not_allowed"),
        ("delete", "/usps1583/verifications", 405, "method_not_allowed"),
        ("post", "/openapi.json", 405, "method_not_allowed"),
    ],
)
def test_route_and_method_come_before_the_token(db: None, method: str, path: str, status: int, code: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1{path}")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Request-Id"] == response.json()["request_id"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/usps1583/documents/doc_%00", "document_not_found"),
        ("/usps1583/verifications/%00/checks", "verification_not_found"),
        ("/webhooks/whk_%00", "webhook_not_found"),
        ("/usps%00", "flow_not_found"),
        ("/usps1583/%00", "not_found"),
    ],
)
def test_a_nul_in_the_path_names_nothing(alice: Person, path: str, code: str) -> None:
    response = alice.get(path)
    assert (response.status_code, response.json()["code"]) == (404, code)


@pytest.mark.parametrize("name", ["x" * 61, "x" * 100_000, "doc_\x00", "doc_\ud83d\ude00" * 20])
def test_an_id_in_a_body_that_names_nothing_is_404_whatever_it_looks_like(alice: Person, name: str) -> None:
    case = start(alice)
    document = upload(alice, case, front=drawn())
    calls = [
        (alice.post, "/usps1583/documents", upload_body({"id": name}, front=drawn()), "verification_not_found"),
        (alice.patch, f"/usps1583/documents/{document['id']}", {"verification": name}, "verification_not_found"),
        (alice.post, "/usps1583/decisions", {"document": name, "status": 3}, "document_not_found"),
        (alice.post, f"/usps1583/documents/{document['id']}/compare", {"reference_document_id": name}, "document_not_found"),
        (alice.post, "/usps1583/verifications", {"renews": name}, "verification_not_found"),
    ]
    for call, path, body, code in calls:
        response = call(path, body)
        assert (response.status_code, response.json()["code"]) == (404, code), path
    assert (Document.objects.count(), Verification.objects.count(), Decision.objects.count(), Extraction.objects.count()) == (1, 1, 0, 0)


def test_a_nul_in_a_filter_is_422(alice: Person) -> None:
    response = alice.get("/usps1583/documents?verification=%00")
    assert (response.status_code, list(response.json()["errors"])) == (422, ["verification"])


@pytest.mark.parametrize("sent", ["abc-123", "x" * 128])
def test_a_visible_request_id_is_kept(alice: Person, sent: str) -> None:
    assert alice.get("/flows", request_id=sent)["Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "with space", "x" * 129, "ümlaut"])
def test_any_other_request_id_is_replaced(alice: Person, sent: str) -> None:
    assert alice.get("/flows", request_id=sent)["Request-Id"].startswith("req_")


def _raw(person: Person, body: bytes, content_type: str = "application/json", path: str = "/usps1583/verifications") -> tuple[int, str]:
    client = Client(raise_request_exception=False)
    response = client.post(f"/api/v1{path}", data=body, content_type=content_type, headers={"Authorization": f"Bearer {person.secret}"})
    return response.status_code, response.json().get("code", "")


@pytest.mark.parametrize(
    "body",
    [b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e999}', b"\xff\xfe", b'{"external_ref": "\\ud800"}', b"[" * 100_000],
)
def test_malformed_json_is_400(alice: Person, body: bytes) -> None:
    assert _raw(alice, body) == (400, "malformed_json")
    assert Verification.objects.count() == 0


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true"])
def test_a_body_that_is_no_object_is_422(alice: Person, body: bytes) -> None:
    assert _raw(alice, body) == (422, "validation_failed")


def _nested(depth: int) -> bytes:
    """An object whose metadata make it ``depth`` containers deep."""
    return b'{"metadata": {"a": ' + b"[" * (depth - 2) + b"]" * (depth - 2) + b"}}"


@pytest.mark.parametrize("depth", [101, 500, 900, 2000])
@pytest.mark.parametrize("style", ["snake", "camel"])
def test_json_nested_deeper_than_a_hundred_is_malformed(alice: Person, depth: int, style: str) -> None:
    headers = {"Authorization": f"Bearer {alice.secret}", "Key-Inflection": style}
    client = Client(raise_request_exception=False)
    response = client.post("/api/v1/usps1583/verifications", data=_nested(depth), content_type="application/json", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_json")
    assert Verification.objects.count() == 0


def test_json_nested_a_hundred_deep_is_kept_as_it_is(alice: Person) -> None:
    assert _raw(alice, _nested(100)) == (201, "")
    assert json.dumps(Verification.objects.get().metadata).count("[") == 98


@pytest.mark.parametrize("depth", [101, 900])
def test_names_of_a_form_nested_deeper_than_a_hundred_are_malformed(alice: Person, depth: int) -> None:
    headers = {"Authorization": f"Bearer {alice.secret}"}
    form = {"verification": "ver_nothing", "document" + ".a" * depth: "1"}
    response = Client(raise_request_exception=False).post("/api/v1/usps1583/documents", data=form, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_json")


def test_an_empty_body_is_an_empty_object(alice: Person) -> None:
    assert _raw(alice, b"") == (201, "")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_another_content_type_is_415(alice: Person, content_type: str) -> None:
    assert _raw(alice, b"{}", content_type) == (415, "unsupported_media_type")


@override_settings(MAX_REQUEST_BYTES=100)
def test_a_body_that_is_too_large_is_413_before_it_is_parsed(alice: Person) -> None:
    assert _raw(alice, b"{" * 101) == (413, "payload_too_large")


@override_settings(MAX_IMAGE_BYTES=1000)
@pytest.mark.parametrize("wrap", [False, True])
def test_a_decoded_side_that_is_too_large_is_413(alice: Person, wrap: bool) -> None:
    text = b64(b"x" * 1001)
    text = "\n".join(text[at : at + 76] for at in range(0, len(text), 76)) if wrap else text
    body = {"verification": "ver_nothing", "document": {"context_type": "PHOTO_ID", "type": 1, "country": "USA", "front_side_data": text}}
    response = alice.post("/usps1583/documents", body)
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@override_settings(MAX_IMAGE_BYTES=1000)
def test_a_side_of_exactly_the_limit_is_not_too_large(alice: Person) -> None:
    body = upload_body({"id": "ver_nothing"}, front=b"x" * 1000)
    assert alice.post("/usps1583/documents", body).json()["code"] == "verification_not_found"


def test_validation_errors_have_dotted_paths_and_count_the_others(alice: Person) -> None:
    response = alice.post("/usps1583/documents", {"document": {"context_type": "CAR", "type": "5", "country": "Narnia"}})
    body = response.json()
    assert response.status_code == 422
    assert set(body["errors"]) == {"verification", "document.context_type", "document.type", "document.country"}
    first = next(iter(body["errors"].values()))[0]
    assert body["message"] == f"{first} (and 3 more errors)"


def test_two_errors_are_one_more_error(alice: Person) -> None:
    assert alice.post("/usps1583/documents", {}).json()["message"].endswith("(and 1 more error)")


@pytest.mark.parametrize("value", ["5", 5.0, True, None, [], {}])
def test_a_whole_number_is_a_json_integer(alice: Person, value: object) -> None:
    body = {"verification": "ver_x", "document": {"context_type": "PHOTO_ID", "type": value, "country": "USA"}}
    response = alice.post("/usps1583/documents", body)
    assert (response.status_code, list(response.json()["errors"])) == (422, ["document.type"])


def test_problem_json_says_the_same_as_rfc_9457(alice: Person) -> None:
    plain = alice.post("/usps1583/documents", {}).json()
    response = alice.post("/usps1583/documents", {}, accept="application/problem+json")
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert (body["status"], body["detail"], body["code"], body["errors"]) == (422, plain["message"], plain["code"], plain["errors"])
    assert {"type", "title"} <= set(body)


@pytest.mark.parametrize(
    ("accept", "problem"),
    [
        ("application/problem+json", True),
        ("Application/Problem+JSON; charset=utf-8", True),
        ("application/json, application/problem+json", True),
        ("application/problem+json;q=0.9, */*;q=0.1", True),
        ("application/problem+json;q=0", False),
        ("application/problem+json;q=0, */*", False),
        ("application/json, application/problem+json;q=0.5", False),
        ("application/problem+jsonx", False),
        ("*/*", False),
        ("application/*", False),
        ("", False),
    ],
)
def test_problem_json_is_for_those_who_ask_for_it(alice: Person, accept: str, problem: bool) -> None:
    wanted = "application/problem+json" if problem else "application/json"
    assert alice.post("/usps1583/documents", {}, accept=accept)["Content-Type"] == wanted
    assert alice.get("/nowhere/at/all/of/it", accept=accept)["Content-Type"] == wanted


def test_a_crash_is_a_json_500_without_details(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: object, **options: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("config.api.flow.verifications.current_versions", crash)
    response = alice.get("/flows")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert b"secret" not in response.content


ORDER = [
    ("unknown flow, bad body", "/nosuchflow/documents", {}, "flow_not_found"),
    ("bad body, unknown verification", "/usps1583/documents", {"verification": "ver_x"}, "validation_failed"),
    (
        "unknown verification, type not allowed, no image",
        "/usps1583/documents",
        {"verification": "ver_x", "document": {"context_type": "PHOTO_ID", "type": 999, "country": "USA"}},
        "verification_not_found",
    ),
]


@pytest.mark.parametrize(("name", "path", "body", "code"), ORDER, ids=[entry[0] for entry in ORDER])
def test_the_first_check_in_order_answers(alice: Person, name: str, path: str, body: object, code: str) -> None:
    assert alice.post(path, body).json()["code"] == code


def test_business_rules_are_checked_in_order(alice: Person) -> None:
    """Each step repairs one fault; the next in the contract's order must answer."""
    case = start(alice, "address")
    body = upload_body(case, context="PHOTO_ID", type=999, front=b"")
    assert alice.post("/usps1583/documents", body).json()["code"] == "flow_mismatch"
    assert alice.post("/address/documents", body).json()["code"] == "document_type_not_allowed"
    body = upload_body(case, context="PROOF_OF_ADDRESS", type=41, front=b"")
    assert alice.post("/address/documents", body).json()["code"] == "image_missing"
    alice.post(f"/address/verifications/{case['id']}/cancel")
    assert alice.post("/address/documents", body).json()["code"] == "verification_canceled"


def test_unknown_keys_and_unknown_query_parameters_are_ignored(alice: Person) -> None:
    response = alice.call("post", "/usps1583/verifications?nonsense=1", {"colour": "blue", "external_ref": "a"})
    assert response.status_code == 201
    assert "colour" not in json.dumps(response.json())


@override_settings(RATE_LIMIT="3/min")
def test_requests_are_counted_per_token(alice: Person, charlie: Person) -> None:
    answers = [alice.get("/flows") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer["X-RateLimit-Remaining"] for answer in answers[:3]] == ["2", "1", "0"]
    assert answers[3].json()["code"] == "rate_limited"
    assert 1 <= int(answers[3]["Retry-After"]) <= 60
    assert charlie.get("/flows").status_code == 200


@override_settings(RATE_LIMIT="3/min")
def test_a_401_carries_no_rate_headers_and_is_limited_by_address(db: None) -> None:
    answers = [Client().get("/api/v1/flows") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert "RateLimit" not in answers[0]


def test_tokens_of_another_environment_see_other_things(alice: Person) -> None:
    case = start(alice)
    live = make_person("live", workspace="wonder", environment="live")
    assert live.get(f"/usps1583/verifications/{case['id']}").json()["code"] == "verification_not_found"
