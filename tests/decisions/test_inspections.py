"""Inspectors' links: chosen records, for some time, marked, written down, revocable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
from django.test import Client
from django.utils import timezone

from decisions.models import Inspection
from factories import Person, start, upload
from verifications.models import AuditEntry

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]


def opened(person: Person, *cases: dict[str, Any], **body: Any) -> dict[str, Any]:
    response = person.post("/usps1583/inspections", {"verifications": [case["id"] for case in cases], **body})
    assert response.status_code == 201, response.content
    return response.json()["data"]  # type: ignore[no-any-return]


def path_of(made: dict[str, Any]) -> str:
    return str(made["url"].partition("testserver")[2])


def test_chosen_records_are_shown_and_marked(alice: Person) -> None:
    chosen, other = start(alice, external_ref="box-1"), start(alice, external_ref="box-2")
    made = opened(alice, chosen)
    page = Client().get(path_of(made))
    assert (page.status_code, page["Cache-Control"]) == (200, "private, no-store")
    assert (b"box-1" in page.content, b"box-2" in page.content) == (True, False)
    record = Client().get(f"{path_of(made)}/{chosen['id']}")
    shown = [entry.get_textpage().get_text_range() for entry in pypdfium2.PdfDocument(record.content)]
    assert all(made["id"] in text for text in shown)
    assert Client().get(f"{path_of(made)}/{other['id']}").json()["code"] == "link_gone"
    actions = AuditEntry.objects.filter(subject=made["id"]).order_by("number").values_list("action", "actor")
    by = f"token:{alice.token.prefix}"
    assert list(actions) == [("inspection.opened", by), ("inspection.viewed", "inspector"), ("inspection.record_viewed", "inspector")]
    assert path_of(made).rpartition("/")[2] not in str(list(Inspection.objects.values())) + str(list(AuditEntry.objects.values()))


def test_it_ends(alice: Person) -> None:
    case = start(alice)
    made = opened(alice, case, hours=1)
    assert alice.get("/usps1583/inspections").json()["data"][0]["verifications"] == [case["id"]]
    Inspection.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for path in (path_of(made), f"{path_of(made)}/{case['id']}"):
        assert (Client().get(path).status_code, Client().get(path).json()["code"]) == (410, "link_expired")


def test_it_is_revoked(alice: Person, charlie: Person) -> None:
    made = opened(alice, start(alice))
    assert charlie.delete(f"/usps1583/inspections/{made['id']}").json()["code"] == "inspection_not_found"
    assert Client().get(path_of(made)).status_code == 200
    assert [alice.delete(f"/usps1583/inspections/{made['id']}").status_code for _ in range(2)] == [204, 204]
    assert Client().get(path_of(made)).status_code == 410
    assert AuditEntry.objects.filter(action="inspection.revoked").count() == 1


def test_nothing_else_opens(alice: Person, charlie: Person) -> None:
    case = start(alice)
    assert Client().get("/inspect/guess").status_code == 403
    refused = charlie.post("/usps1583/inspections", {"verifications": [case["id"]]})
    assert (refused.status_code, refused.json()["code"]) == (404, "verification_not_found")
    for body in ({"verifications": []}, {"verifications": [case["id"]], "hours": 721}, {}):
        assert alice.post("/usps1583/inspections", body).status_code == 422
    assert not Inspection.objects.exists()


def test_deleted_data_is_not_shown(alice: Person, picture: Picture) -> None:
    case = start(alice)
    upload(alice, case, front=picture())
    made = opened(alice, case)
    alice.delete(f"/usps1583/verifications/{case['id']}/data")
    assert b"data deleted" in Client().get(path_of(made)).content
    assert Client().get(f"{path_of(made)}/{case['id']}").status_code == 410
