"""Every built-in flow from upload to decision, with drawn documents and the real engines."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from documents.specimens import Holder, draw, holder
from documents.types import DOCUMENT_TYPES
from factories import Person, drawn, start, upload, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
FLOWS = {
    "usps1583": {"PHOTO_ID": 2, "PROOF_OF_ADDRESS": 29, "SELFIE": 61},
    "identity": {"PHOTO_ID": 1, "SELFIE": 61},
    "address": {"PROOF_OF_ADDRESS": 41},
}


def _expected(person: Holder) -> dict[str, Any]:
    first, _, middle = person.given_names.partition(" ")
    return {
        "person": {"first_name": first, "middle_name": middle, "last_name": person.surname},
        "address": {"street": person.street, "street2": person.street2, "city": person.city, "state": person.state, "postal_code": person.zip},
    }


def _run(alice: Person, flow: str, shown_by: dict[str, Holder], **options: Any) -> dict[str, Any]:
    case = start(alice, flow, expected_data=_expected(next(iter(shown_by.values()))))
    for context, type_id in FLOWS[flow].items():
        specimen = draw(DOCUMENT_TYPES[type_id].kind, seed=21, holder=shown_by[context], today=timezone.now().date(), **options)
        sides = {side: specimen.jpeg(side) for side in specimen.sides}
        upload(alice, case, flow, context=context, type=type_id, front=sides["front"], back=sides.get("back"))
    work_off()
    assert alice.post(f"/{flow}/verifications/{case['id']}/submit").status_code == 200
    work_off()
    return alice.get(f"/{flow}/verifications/{case['id']}").json()["data"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("flow", list(FLOWS))
def test_papers_of_one_person_are_approved(alice: Person, flow: str) -> None:
    person = holder(21, state="CA")
    case = _run(alice, flow, dict.fromkeys(FLOWS[flow], person))
    worst = {
        document["document_type"]["name"]: [check for check in document["checks"] if check["outcome"] in ("warning", "error")]
        for document in case["documents"]
    }
    assert case["status_label"] == "Approved", worst


def test_the_selfie_of_somebody_else_is_not_approved(alice: Person) -> None:
    case = _run(alice, "identity", {"PHOTO_ID": holder(21, state="CA"), "SELFIE": holder(24, state="CA")})
    assert case["status_label"] != "Approved"
    checks = {check["rule"]: check["outcome"] for check in case["checks"]}
    assert checks["selfie_matches"] in ("warning", "error")


def test_an_expired_licence_is_rejected(alice: Person) -> None:
    case = _run(alice, "usps1583", dict.fromkeys(FLOWS["usps1583"], holder(21, state="CA")), expired=True)
    assert case["status_label"] in ("Rejected", "Double Check")
    photo = next(document for document in case["documents"] if document["document_type"]["type_label"] == "Photo ID")
    assert (photo["status_label"], photo["checks"][0]["reason_code"]) == ("Rejected", "document_expired")


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (10, 10)])
def test_pictures_that_show_nothing_are_read_judged_and_left_to_people(alice: Person, size: tuple[int, int]) -> None:
    case = start(alice, "usps1583")
    for seed, (context, type_id) in enumerate(FLOWS["usps1583"].items()):
        back = drawn("PNG", size, seed=7) if type_id == 2 else None
        upload(alice, case, context=context, type=type_id, front=drawn("PNG", size, seed=seed), back=back)
    work_off()
    path = f"/usps1583/verifications/{case['id']}"
    assert {document["status_label"] for document in alice.get(path).json()["data"]["documents"]} == {"Extracted"}
    alice.post(f"{path}/submit")
    work_off()
    case = alice.get(path).json()["data"]
    assert case["status_label"] in ("Double Check", "Rejected")
    for document in case["documents"]:
        assert Client().get(document["url_front"]).status_code == 200
        if document["status_label"] == "Rejected":
            alice.post("/usps1583/decisions", {"document": document["id"], "status": 5, "note": "Seen on paper."})
        assert alice.post("/usps1583/decisions", {"document": document["id"], "status": 3}).status_code == 201
    pdf = alice.get(f"{path}/pdf", accept="application/pdf")
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
