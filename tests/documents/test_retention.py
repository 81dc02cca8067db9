"""What time deletes: images first, then everything, by the times of the flow that judged the case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from scripted import Script

from documents.models import Document, Image
from documents.retention import redact_due
from documents.storage import sweep
from factories import Person, start, upload, work_off
from verifications.holds import place_hold
from verifications.models import AuditEntry, Event, RedactionReceipt, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
EXPECTED = {"person": {"first_name": "Homer", "last_name": "Simpson"}}
_S = VerificationStatus


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script) -> Verification:
    """Passport, lease and selfie, read."""
    made = start(alice, expected_data=EXPECTED)
    upload(alice, made, type=1, front=picture(seed=1))
    upload(alice, made, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    upload(alice, made, context="SELFIE", type=61, front=picture(seed=3))
    work_off(twice=False)
    return Verification.objects.get()


def put(case: Verification, **columns: Any) -> None:
    """``…_at`` columns are given as days ago."""
    now = timezone.now()
    values = {name: now - timedelta(days=value) if name.endswith("_at") else value for name, value in columns.items()}
    Verification.objects.filter(pk=case.pk).update(**values)


def gone() -> set[str]:
    return set(Document.objects.filter(images_redacted_at__isnull=False).values_list("context", flat=True))


ALL = {"PHOTO_ID", "PROOF_OF_ADDRESS", "SELFIE"}
DUE: list[tuple[dict[str, Any], set[str]]] = [
    ({"status": _S.STARTED}, set()),
    ({"status": _S.DOUBLE_CHECK, "updated_at": 300}, set()),
    ({"status": _S.SUBMITTED, "updated_at": 4000, "crd_uploaded_at": 4000}, set()),
    ({"status": _S.APPROVED, "finished_at": 29.9}, set()),
    ({"status": _S.APPROVED, "finished_at": 30.1}, {"SELFIE"}),
    ({"status": _S.APPROVED, "finished_at": 89.9}, {"SELFIE"}),
    ({"status": _S.APPROVED, "finished_at": 90.1}, ALL),
    ({"status": _S.APPROVED, "finished_at": 10, "crd_uploaded_at": 29.9}, set()),
    ({"status": _S.APPROVED, "finished_at": 10, "crd_uploaded_at": 30.1}, ALL),
    ({"status": _S.REJECTED, "finished_at": 29.9}, set()),
    ({"status": _S.REJECTED, "finished_at": 30.1}, ALL),
    ({"status": _S.CANCELED, "updated_at": 30.1}, ALL),
    ({"status": _S.EXPIRED, "updated_at": 29.9}, set()),
]


@pytest.mark.parametrize(("columns", "expected"), DUE)
def test_images_go_when_their_time_is_over(case: Verification, columns: dict[str, Any], expected: set[str]) -> None:
    put(case, **columns)
    redact_due()
    assert gone() == expected
    assert redact_due() == 0
    kept = Verification.objects.get()
    assert (kept.redacted_at, kept.expected) == (None, EXPECTED)
    assert (kept.images_redacted_at is not None) == (expected == ALL)
    assert {row.kind for row in RedactionReceipt.objects.all()} == ({"images"} if expected else set())


def test_a_document_whose_copying_is_restricted_goes_first(case: Verification) -> None:
    put(case, status=_S.APPROVED, finished_at=2, crd_uploaded_at=1.1)
    Document.objects.filter(context="PHOTO_ID").update(type_id=5)
    redact_due()
    assert gone() == {"PHOTO_ID"}


def test_a_selfie_is_not_kept_for_longer_than_a_year_whatever_the_state(case: Verification) -> None:
    put(case, status=_S.DOUBLE_CHECK)
    Document.objects.update(created_at=timezone.now() - timedelta(days=366))
    redact_due()
    assert gone() == {"SELFIE"}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"status": _S.APPROVED, "finished_at": 9000}, False),
        ({"status": _S.APPROVED, "finished_at": 9000, "closed_on": date.today() - timedelta(days=360)}, False),
        ({"status": _S.APPROVED, "finished_at": 9000, "closed_on": date.today() - timedelta(days=370)}, True),
        ({"status": _S.REJECTED, "finished_at": 364}, False),
        ({"status": _S.REJECTED, "finished_at": 366}, True),
        ({"status": _S.CANCELED, "updated_at": 366}, True),
        ({"status": _S.STARTED, "updated_at": 366}, False),
    ],
)
def test_data_goes_a_year_after_the_mailbox_or_the_case_was_closed(case: Verification, columns: dict[str, Any], expected: bool) -> None:
    put(case, **columns)
    redact_due()
    redact_due()
    assert (Verification.objects.get().redacted_at is not None) == expected
    assert Event.objects.filter(type="verification.redacted").count() == int(expected)
    assert AuditEntry.objects.filter(action="verification.redacted", actor="system").count() == int(expected)


def test_a_legal_hold_stops_time(alice: Person, case: Verification) -> None:
    put(case, status=_S.REJECTED, finished_at=4000)
    place_hold(caller=alice.caller, flow="usps1583", verification_id=case.pk, reason="x")
    assert redact_due() == 0
    assert (gone(), Verification.objects.get().redacted_at) == (set(), None)


def test_what_is_left_after_the_images_are_gone(alice: Person, case: Verification) -> None:
    links = [row["url_front"].partition("testserver")[2] for row in alice.get("/usps1583/documents").json()["data"]]
    alice.post(f"/usps1583/verifications/{case.pk}/submit")
    work_off()
    assert alice.get(f"/usps1583/verifications/{case.pk}/pdf").status_code == 200
    put(case, status=_S.APPROVED, finished_at=91)
    redact_due()
    sweep()
    rows = alice.get("/usps1583/documents").json()["data"]
    assert [row["url_front"] for row in rows] == [None] * 3
    assert rows[-1]["extracted_data"]["person"]["surname"] == "Simpson"
    assert [Client().get(link).status_code for link in links] == [410] * 3
    for path in (f"/usps1583/verifications/{case.pk}/pdf", f"/usps1583/documents/{rows[0]['id']}/pdf"):
        assert (alice.get(path).status_code, alice.get(path).json()["code"]) == (400, "images_redacted")
    refused = alice.post(f"/usps1583/documents/{rows[0]['id']}/extract")
    assert (refused.status_code, refused.json()["code"]) == (400, "images_redacted")
    assert all(len(sha) == 64 for sha in Image.objects.values_list("sha256", flat=True))


def test_a_record_without_the_selfie_is_made_anew(alice: Person, case: Verification) -> None:
    alice.post(f"/usps1583/verifications/{case.pk}/submit")
    work_off()
    put(case, status=_S.APPROVED, finished_at=31)
    before = alice.get(f"/usps1583/verifications/{case.pk}/pdf").content
    selfie = Document.objects.get(context="SELFIE").pk
    assert alice.get(f"/usps1583/documents/{selfie}/pdf").status_code == 200
    redact_due()
    own = alice.get(f"/usps1583/documents/{selfie}/pdf")
    assert (own.status_code, own.json()["code"]) == (400, "images_redacted")
    after = alice.get(f"/usps1583/verifications/{case.pk}/pdf")
    assert after.status_code == 200
    assert after.content != before
    assert alice.get(f"/usps1583/verifications/{case.pk}/pdf").content == after.content
