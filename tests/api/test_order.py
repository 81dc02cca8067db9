"""The order in which a request is checked: two faults at once, and the earlier one answers. Every pair of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from documents.models import Document
from factories import Person, b64, make_person, start, upload, upload_body
from verifications.models import Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]


@dataclass
class Attempt:
    """A request in the making, and what was prepared for it."""

    person: Person
    picture: Picture
    case: dict[str, Any]
    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    tail: str = ""
    content_type: str = "application/json"
    settings: ExitStack = field(default_factory=ExitStack)

    def set(self, **values: Any) -> None:
        self.settings.enter_context(override_settings(**values))

    def send(self) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.person.secret}", **self.headers}
        client = Client(raise_request_exception=False)
        data = json.dumps(self.body) + self.tail
        with self.settings:
            response = client.generic(self.method, f"/api/v1{self.path}", data, content_type=self.content_type, headers=headers)
        return response.status_code, response.json().get("code", "")


def _no_scope(attempt: Attempt) -> None:
    attempt.person = make_person("reader", workspace="wonder", scopes=["flows:read"])


def _exhaust(attempt: Attempt) -> None:
    for person in (attempt.person, make_person("spare", workspace="wonder")):
        type(person.token).objects.filter(pk=person.token.pk).update(rate_limit="1/day")
    attempt.person.get("/flows")


def _used_key(attempt: Attempt) -> None:
    attempt.headers["Idempotency-Key"] = "used"
    attempt.person.call(attempt.method.lower(), attempt.path, {"other": "body"}, idempotency_key="used")


def _change(**changes: Any) -> Callable[[Attempt], None]:
    def apply(attempt: Attempt) -> None:
        attempt.body = {**attempt.body, **changes}

    return apply


def _document(**changes: Any) -> Callable[[Attempt], None]:
    def apply(attempt: Attempt) -> None:
        attempt.body = {**attempt.body, "document": {**attempt.body["document"], **changes}}

    return apply


def _header(name: str, value: str) -> Callable[[Attempt], None]:
    return lambda attempt: attempt.headers.update({name: value})


def _large_side(attempt: Attempt) -> None:
    attempt.set(MAX_IMAGE_BYTES=5000)
    _document(front_side_data=b64(b"x" * 6000))(attempt)


def _large_body(attempt: Attempt) -> None:
    attempt.set(MAX_REQUEST_BYTES=100_000)
    attempt.tail = " " * 100_001 + attempt.tail


def _redact(attempt: Attempt) -> None:
    Verification.objects.filter(pk=attempt.case["id"]).update(redacted_at=timezone.now())


def _flow(slug: str) -> Callable[[Attempt], None]:
    return lambda attempt: setattr(attempt, "path", f"/{slug}/documents")


def _move(word: str) -> Callable[[Attempt], None]:
    return lambda attempt: attempt.person.post(f"/usps1583/verifications/{attempt.case['id']}/{word}")  # type: ignore[return-value]


FAULTS: list[tuple[int, str, Callable[[Attempt], None]]] = [
    (404, "not_found", lambda attempt: setattr(attempt, "path", "/nowhere/at/all")),
    (405, "method_not_allowed", lambda attempt: setattr(attempt, "method", "PUT")),
    (401, "unauthenticated", _header("Authorization", "Bearer nothing")),
    (403, "missing_scope", _no_scope),
    (429, "rate_limited", _exhaust),
    (415, "unsupported_media_type", lambda attempt: setattr(attempt, "content_type", "text/plain")),
    (413, "payload_too_large", _large_body),
    (413, "payload_too_large", _large_side),
    (400, "invalid_key_inflection", _header("Key-Inflection", "pascal")),
    (400, "unknown_api_version", _header("API-Version", "1999-01-01")),
    (400, "invalid_idempotency_key", _header("Idempotency-Key", "not a key")),
    (400, "malformed_json", lambda attempt: setattr(attempt, "tail", f"{attempt.tail}{{")),
    (422, "idempotency_mismatch", _used_key),
    (404, "flow_not_found", _flow("nosuchflow")),
    (422, "validation_failed", _document(country="Narnia")),
    (404, "verification_not_found", _change(verification="ver_nothing")),
    (400, "flow_mismatch", _flow("identity")),
    (400, "redacted", _redact),
    (400, "verification_canceled", _move("cancel")),
    (400, "verification_not_started", _move("hold")),
    (400, "document_type_not_allowed", _document(type=999)),
    (400, "document_type_taken", lambda attempt: upload(attempt.person, attempt.case, front=attempt.picture(seed=7))),  # type: ignore[list-item]
    (400, "image_missing", _document(front_side_data="")),
]
# Both are about the same thing and cannot be wrong at once.
EXCLUSIVE = {
    ("verification_canceled", "verification_not_started"),
    ("invalid_idempotency_key", "idempotency_mismatch"),
    ("payload_too_large", "payload_too_large"),
    ("payload_too_large", "image_missing"),
}
PAIRS = [
    (first, second)
    for first, second in itertools.combinations(FAULTS, 2)
    if (first[1], second[1]) not in EXCLUSIVE and (first[2], second[1]) != (_large_side, "malformed_json")
]


def test_every_pair_of_faults_is_answered_by_the_earlier(alice: Person, picture: Picture) -> None:
    wrong = []
    for (status, code, earlier), (_, later_code, later) in PAIRS:
        cache.clear()
        with transaction.atomic():
            case = start(alice)
            body = upload_body(case, type=1, front=picture())
            attempt = Attempt(alice, picture, case, "POST", "/usps1583/documents", body)
            # What needs a verification that still is Started comes first, and the limit comes last.
            faults = sorted([(later_code, later), (code, earlier)], key=lambda fault: _SETUP.get(fault[0], 2))
            for _, fault in faults:
                fault(attempt)
            found = attempt.send()
            if found != (status, code):
                wrong.append(f"{code} with {later_code}: {found}")
            transaction.set_rollback(True)
    assert wrong == []


_SETUP = {"document_type_taken": 0, "redacted": 1, "verification_canceled": 3, "verification_not_started": 3, "missing_scope": 4, "rate_limited": 5}


def _replaced(document: dict[str, Any]) -> dict[str, Any]:
    return {"verification": document["verification_id"], "document": {"country": "USA"}}


UPDATE = [
    (404, "verification_not_found", lambda a, c, d, b: b.update(verification="ver_nothing")),
    (404, "document_not_found", lambda a, c, d, b: d.update(id="doc_nothing")),
    (400, "verification_mismatch", lambda a, c, d, b: b.update(verification=start(a)["id"])),
    (400, "document_canceled", lambda a, c, d, b: Document.objects.filter(pk=d["id"]).update(status=6)),
    (400, "document_not_uploaded", lambda a, c, d, b: Document.objects.filter(pk=d["id"]).update(status=7)),
    (400, "transition_not_allowed", lambda a, c, d, b: b.update(status=3)),
    (400, "document_type_not_allowed", lambda a, c, d, b: b["document"].update(type=999)),
    (400, "image_missing", lambda a, c, d, b: b["document"].update(front_side_data="")),
]
NOT_TOGETHER = {("document_canceled", "document_not_uploaded"), ("verification_not_found", "verification_mismatch")}


@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in itertools.combinations(UPDATE, 2) if (pair[0][1], pair[1][1]) not in NOT_TOGETHER],
    ids=lambda fault: fault[1],
)
def test_every_pair_of_faults_of_an_update_too(alice: Person, picture: Picture, first: Any, second: Any) -> None:
    case = start(alice, "identity")
    document = upload(alice, case, "identity", front=picture())
    body = _replaced(document)
    for _, _, fault in (second, first):
        fault(alice, case, document, body)
    response = alice.patch(f"/identity/documents/{document['id']}", body)
    assert (response.status_code, response.json()["code"]) == first[:2]
