"""Every address of the API, asked by somebody of another workspace: what is not theirs does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import get_resolver
from scripted import Script

from decisions.models import Check
from documents.models import Document
from factories import Person, start, upload, work_off
from verifications.models import AuditEntry, Verification

pytestmark = pytest.mark.django_db
BODIES = {
    "POST documents/<str:document>/compare": lambda ids: {"reference_document_id": ids["document"]},
    "PATCH documents/<str:document>": lambda ids: {"verification": ids["verification"]},
    "PATCH documents/<str:document>/extracted-data": lambda ids: {"fields": {"person.surname": "x"}, "reason": "x"},
    "POST verifications/<str:verification>/legal-hold": lambda ids: {"reason": "x"},
    "PATCH verifications/<str:verification>": lambda ids: {"tags": ["mine"]},
}


def routes() -> list[tuple[str, str]]:
    """Method and pattern of every route that names a thing."""
    found = []
    for entry in get_resolver().url_patterns:
        pattern = str(entry.pattern)
        if pattern.startswith("api/") and ("<str:verification>" in pattern or "<str:document>" in pattern):
            view = entry.callback.view_class  # type: ignore[union-attr]
            found += [(method.upper(), pattern) for method in ("get", "post", "patch", "delete") if hasattr(view, method)]
    return found


def test_the_walk_finds_the_routes() -> None:
    assert len(routes()) >= 20


@pytest.mark.parametrize(("method", "pattern"), routes(), ids=lambda value: value)
def test_an_id_of_another_workspace_does_not_exist(
    alice: Person, charlie: Person, picture: Callable[..., bytes], script: Script, method: str, pattern: str
) -> None:
    case = start(alice)
    document = upload(alice, case, front=picture())
    work_off()
    ids = {"verification": case["id"], "document": document["id"]}
    path = pattern.removeprefix("api/v1").replace("<flow:flow>", "usps1583").replace("<str:verification>", ids["verification"])
    path = path.replace("<str:document>", ids["document"]).replace("<str:check>", Check.objects.values_list("pk", flat=True)[0])
    body_of: Callable[[dict[str, str]], Any] = BODIES.get(f"{method} {pattern.partition('<flow:flow>/')[2]}", lambda _: None)
    before = (AuditEntry.objects.count(), Verification.objects.get().status, Document.objects.get().status)
    response = charlie.call(method.lower(), path, body_of(ids))
    assert response.status_code == 404, response.content
    assert response.json()["code"] in ("verification_not_found", "document_not_found")
    assert (AuditEntry.objects.count(), Verification.objects.get().status, Document.objects.get().status) == before


@pytest.mark.parametrize("path", ["/verifications", "/usps1583/verifications", "/usps1583/documents", "/usps1583/decisions"])
def test_lists_hold_nothing_of_another_workspace(alice: Person, charlie: Person, picture: Callable[..., bytes], path: str) -> None:
    upload(alice, start(alice), front=picture())
    assert charlie.get(path).json()["data"] == []


def test_a_document_cannot_be_attached_to_a_foreign_verification(alice: Person, charlie: Person, picture: Callable[..., bytes]) -> None:
    from factories import upload_body

    response = charlie.post("/usps1583/documents", upload_body(start(alice), front=picture()))
    assert (response.status_code, response.json()["code"], Document.objects.count()) == (404, "verification_not_found", 0)
