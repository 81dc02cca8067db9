"""What a rule result rests on is told alike by the API, the review page and the PDF."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pypdfium2
import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from scripted import LEASE, Script

from decisions.apps import REVIEWERS
from decisions.masking import masked
from decisions.models import Check
from decisions.shown import in_words, shown_check
from factories import Person, start, upload, work_off

pytestmark = pytest.mark.django_db
EXPECTED = {
    "person": {"first_name": "Homer", "last_name": "Simpson"},
    "address": {"street": "742 Evergreen Ter", "city": "Springfield", "state": "OR", "postal_code": "97477-1234", "country": "USA"},
}


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_api_review_page_and_record_tell_the_same(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "person.full_name": "SIMPSON, HOMER J."}
    case = start(alice, expected_data=EXPECTED)
    upload(alice, case, type=1, front=picture(seed=1))
    lease = upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    alice.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    told = {row["rule"]: row for row in alice.get(f"/usps1583/documents/{lease['id']}/checks").json()["data"]}
    address = told["declared_address_agrees"]
    read = next(row for row in address["evidence"]["inputs"] if row["path"] == "address.street")
    assert read == {
        "path": "address.street", "value": "742 Evergreen Terrace", "document": lease["id"], "reader": "ocr", "confidence": 0.97, "side": "front",
        "page": 1, "box": [10, 10, 50, 12],
    }  # fmt: skip
    declared = next(row for row in address["evidence"]["inputs"] if row["path"] == "expected_data.address.street")
    assert (declared["value"], declared["reader"], declared["document"]) == ("742 Evergreen Ter", "declared", None)
    assert address["evidence"]["normalised"] == [
        {
            "side": "document", "value": "742 EVERGREEN TER, SPRINGFIELD, OR 97477",
            "steps": ["upper case, punctuation removed (Pub 28 §211)", "TERRACE as TER"],
        },
        {
            "side": "declared", "value": "742 EVERGREEN TER, SPRINGFIELD, OR 97477",
            "steps": ["upper case, punctuation removed (Pub 28 §211)", "ZIP+4 cut to the ZIP code"],
        },
    ]  # fmt: skip
    assert address["evidence"]["threshold"] == {"confidence": 0.85, "likeness_abroad": 90.0}
    assert told["names_agree"]["evidence"]["computed"]["grade"] == "A"

    marge, client = User.objects.create_user("marge", is_staff=True), Client()
    marge.groups.add(Group.objects.get(name=REVIEWERS))
    client.force_login(marge)
    page = squeezed(html.unescape(client.get(f"/admin/decisions/reviewcase/{case['id']}/change/").content.decode()))
    record = alice.get(f"/usps1583/documents/{lease['id']}/pdf", accept="application/pdf").content
    paper = squeezed("".join(part.get_textpage().get_text_bounded() for part in pypdfium2.PdfDocument(record)))
    for check in Check.objects.filter(document_id=lease["id"], current=True).exclude(outcome="not_applicable"):
        shown = shown_check(check)
        for name, value in (*shown.facts, ("Rule", f"{check.rule}, {shown.reference}, version {shown.rule_version}")):
            assert squeezed(f"<dt>{name}</dt><dd>{value}</dd>") in page, (check.rule, name)
        for entry in shown.inputs:
            assert squeezed(entry.value) in page or squeezed(masked(entry.value)) in page  # numbers show when they are asked for
            assert squeezed(f"{entry.value} ({entry.source})") in paper, (check.rule, entry.path)
        for name, value in shown.facts:
            assert squeezed(f"{name}: {value}") in paper, (check.rule, name)
        assert squeezed(f"{shown.reference} version {shown.rule_version}") in paper


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""), ({}, ""), (0, "0"), (False, "false"), ("A", "A"), ({"days_left": 3, "none": None}, "days left 3"),
        ({"missing": ["a", "b"], "of": {"x": 1.5}}, "missing a, b; of x 1.5"),
    ],
)  # fmt: skip
def test_values_in_words(value: object, words: str) -> None:
    assert in_words(value) == words
