"""The form record: every box, where its value comes from, what is missing, and two statements that are never mixed up."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date
from typing import Any

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import PASSPORT, Script

from decisions.form1583 import BOXES, CHECKBOXES, Form, Verified, fill
from documents.types import DOCUMENT_TYPES
from factories import Person, start, submitted, upload, work_off
from verifications.models import AuditEntry, Verification

Picture = Callable[..., bytes]
TODAY = date(2026, 6, 15)
WITNESS = {"kind": "cmra_manager", "mode": "in_person", "name": "Apu N.", "signed_at": "2026-06-10"}
NOTARY = {
    **WITNESS, "kind": "notary", "mode": "real_time_av", "commission_jurisdiction": "TN", "commission_number": "N-1",
    "commission_expires_on": "2027-01-01",
}  # fmt: skip
HOME = {"street": "742 Evergreen Terrace", "city": "Springfield", "state": "OR", "zip4": "97477", "country": "USA"}
DECLARED: dict[str, Any] = {
    "pmb": {"opened_on": "2026-06-10"},
    "cmra": {"street": "1 Main Street", "pmb": "1042", "city": "Springfield", "state": "OR", "zip4": "97477-0001"},
    "service_type": "residential",
    "applicant": {"name": {"last": "Simpson", "first": "Homer"}, "phone": "555", "email": "h@example.com", "home": HOME, "protected": False},
    "signature": {"name": "Homer Simpson", "signed_on": "2026-06-10"},
    "witness": WITNESS,
}
PHOTO = Verified({"name": "Homer Simpson", "number": "L89", "issuer": "USA", "expires_on": "2030-01-01", "checkbox": "Passport"}, "read from doc_1")
ADDRESS = Verified({"name": "Homer Simpson", "checkbox": "Lease", **{f"address.{name}": value for name, value in HOME.items()}}, "read from doc_2")
IDENTITY = {"photo_id": PHOTO, "address_id": ADDRESS}


def filled(change: dict[str, Any] | None = None, *, identity: Any = None, approved: bool = True, expected: Any = None) -> Form:
    return fill({**DECLARED, **(change or {})}, expected or {}, IDENTITY if identity is None else identity, approved=approved, today=TODAY)


def missing(form: Form) -> list[str]:
    return [entry.box.key for entry in form.missing]


def test_boxes_stand_in_the_forms_order() -> None:
    numbers = [box.number for box in BOXES if not box.number.startswith("14")]
    letters = {"1": "ab", "2": "abcde", "4": "abcdefghijk", "5": "abcdefghij", "6": "abcdefg", "7": "abcdefghi", "8": "abcde", "9": "abcdefg"}
    letters |= {"10": "abcde", "11": "abcdefg", "13": "ab", "3": "", "12": ""}
    order = [f"{number}{letter}" for number in map(str, range(1, 14)) for letter in (letters[number] or [""])]
    assert numbers == order
    assert len({box.key for box in BOXES}) == len(BOXES)


def test_a_whole_form_is_complete() -> None:
    form = filled()
    assert (missing(form), form.problems, form.documents_verified, form.complete) == ([], [], True, True)
    by_key = {entry.box.key: entry for entry in form.entries}
    assert (by_key["photo_id.number"].value, by_key["photo_id.number"].source) == ("L89", "read from doc_1")
    assert (by_key["applicant.protected"].value, by_key["witness.kind"].value) == ("No", "CMRA manager")


def test_verified_documents_are_not_a_complete_form_and_the_other_way_round() -> None:
    unsigned = filled({"witness": {}, "signature": {}})
    assert (unsigned.documents_verified, unsigned.complete) == (True, False)
    assert missing(unsigned) == ["signature.name", "signature.signed_on", "witness.kind", "witness.mode", "witness.name", "witness.signed_at"]
    unverified = filled(approved=False)
    assert (unverified.documents_verified, unverified.complete, missing(unverified)) == (False, False, [])


NEEDED = [box.key for box in BOXES if box.need == "always" and box.source not in ("document", "document type")]


@pytest.mark.parametrize("key", NEEDED)
def test_each_needed_box_that_is_empty_is_missing(key: str) -> None:
    form = fill(_without(DECLARED, key.split(".")), {}, IDENTITY, approved=True, today=TODAY)
    assert key in missing(form)
    assert not form.complete


def _without(parts: dict[str, Any], path: list[str]) -> dict[str, Any]:
    name, *rest = path
    return {key: _without(value, rest) if key == name and rest else value for key, value in parts.items() if key != name or rest}


def test_what_was_not_entered_comes_from_the_expected_data() -> None:
    expected = {"person": {"last_name": "Simpson", "first_name": "Homer", "phone": "1", "email": "e", "protected": True},
                "address": {"street": "1 Elm", "street2": "Apt 2", "city": "X", "state": "OR", "postal_code": "97477", "country": "USA"}}  # fmt: skip
    form = filled({"applicant": {"phone": "2"}}, expected=expected)
    told = {entry.box.key: (entry.value, entry.source) for entry in form.entries}
    assert told["applicant.phone"] == ("2", "applicant")
    assert told["applicant.home.street"] == ("1 Elm, Apt 2", "expected data")
    assert told["applicant.protected"] == ("Yes", "expected data")
    assert missing(form) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"service_type": "business"}, [
            "business.name", "business.type", *[f"business.address.{name}" for name in HOME], "business.phone", "business.registration"]),
        ({"transfer": {"phone": "5"}}, [f"transfer.address.{name}" for name in HOME]),
        ({"authorized": {"name": {"last": "B", "first": "M"}, "home": HOME}}, [
            "authorized.photo_id.name", "authorized.photo_id.number", "authorized.photo_id.issuer", "authorized.photo_id.expires_on",
            "authorized.photo_id.checkbox", "authorized.address_id.name", *[f"authorized.address_id.address.{name}" for name in HOME],
            "authorized.address_id.checkbox"]),
        ({"witness": {**WITNESS, "kind": "notary"}}, [
            "witness.commission_jurisdiction", "witness.commission_number", "witness.commission_expires_on"]),
    ],
)  # fmt: skip
def test_parts_that_are_used_are_needed_whole(change: dict[str, Any], expected: list[str]) -> None:
    assert missing(filled(change)) == expected


def test_an_authorized_individual_has_documents_of_their_own() -> None:
    person = {"authorized": {"name": {"last": "B", "first": "M"}, "home": HOME}}
    identity = {**IDENTITY, "authorized.photo_id": PHOTO, "authorized.address_id": ADDRESS}
    assert filled(person, identity=identity).complete


def test_a_certificate_without_an_expiry_lacks_nothing() -> None:
    values = {key: value for key, value in PHOTO.values.items() if key != "expires_on"}
    assert missing(filled(identity={**IDENTITY, "photo_id": Verified(values, "x")})) == ["photo_id.expires_on"]
    assert missing(filled(identity={**IDENTITY, "photo_id": Verified(values, "x", undated=True)})) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"witness": {**NOTARY, "commission_jurisdiction": "France"}}, "witness.commission_jurisdiction"),
        ({"witness": {**NOTARY, "commission_expires_on": "2026-06-09"}}, "witness.commission_expires_on"),
        ({"witness": {**WITNESS, "signed_at": "2026-06-16"}}, "witness.signed_at"),
        ({"witness": {**WITNESS, "signed_at": "2026-06-09"}}, "signature.signed_on"),
        ({"pmb": {"opened_on": "2026-06-10", "closed_on": "2026-06-09"}}, "pmb.closed_on"),
    ],
)
def test_what_usps_does_not_accept_is_told(change: dict[str, Any], problem: str) -> None:
    form = filled(change)
    assert (list(form.problems), missing(form), form.complete) == ([problem], [], False)


@given(st.recursive(st.none() | st.text() | st.booleans() | st.lists(st.text()), lambda inner: st.dictionaries(st.text(), inner), max_leaves=8))
def test_nothing_that_was_entered_breaks_it(value: Any) -> None:
    parts = value if isinstance(value, dict) else {"applicant": value}
    assert len(fill(parts, {}, {}, approved=True, today=TODAY).entries) == len(BOXES)


@pytest.mark.django_db
@pytest.mark.parametrize(("country", "missing"), [("France", False), ("U.S.A.", True), ("usa", True), (None, True)])
def test_abroad_needs_no_state(country: str | None, missing: bool) -> None:
    declared = {**DECLARED, "transfer": {"address": {"street": "9 Rue de la Paix", "city": "Paris", "country": country}}}
    form = fill(declared, {}, {}, approved=True, today=TODAY)
    found = {entry.box.key for entry in form.missing if entry.box.key.startswith("transfer.")}
    assert {"transfer.address.state", "transfer.address.zip4"} & found == ({"transfer.address.state", "transfer.address.zip4"} if missing else set())


class TestOverHttp:
    def approved(self, person: Person, picture: Picture) -> dict[str, Any]:
        address = {"street": "742 Evergreen Terrace", "city": "Springfield", "state": "OR", "postal_code": "97477", "country": "USA"}
        case = start(person, expected_data={"person": {"first_name": "Homer", "last_name": "Simpson"}, "address": address})
        upload(person, case, type=1, front=picture(seed=1))
        upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
        work_off(twice=False)
        person.post(f"/usps1583/verifications/{case['id']}/submit")
        work_off(twice=False)
        return case

    def test_it_grows_until_it_is_complete(self, alice: Person, picture: Picture, script: Script) -> None:
        case = self.approved(alice, picture)
        path = f"/usps1583/verifications/{case['id']}/form"
        form = alice.get(path).json()["data"]
        assert (form["identity_documents_verified"], form["form_complete"]) == (True, False)
        assert "witness.kind" in form["missing"]
        by_key = {box["key"]: box for box in form["boxes"]}
        assert by_key["photo_id.number"]["value"] == PASSPORT["document.number"]
        assert by_key["photo_id.number"]["source"].startswith("read from Passport doc_")
        assert by_key["address_id.address.street"]["value"] == "742 Evergreen Terrace"
        parts = {key: value for key, value in DECLARED.items() if key != "witness"}
        assert alice.patch(path, parts).json()["data"]["form_complete"] is False
        done = alice.patch(path, {"witness": WITNESS, "crd_uploaded_at": "2026-06-12T08:00:00Z"}).json()["data"]
        assert (done["form_complete"], done["missing"], done["problems"]) == (True, [], [])
        assert done["crd_uploaded_at"] == "2026-06-12T08:00:00.000000Z"
        assert alice.patch(path, {"pmb": {"opened_on": "2026-06-10", "closed_on": "2026-06-14"}}).status_code == 200
        assert Verification.objects.get().closed_on == date(2026, 6, 14)
        assert alice.patch(path, {"pmb": None}).json()["data"]["missing"] == ["pmb.opened_on"]
        assert Verification.objects.get().closed_on is None
        assert AuditEntry.objects.filter(action="form.amended").count() == 4

    def test_the_boxes_are_named_as_on_the_form(self, alice: Person, picture: Picture, script: Script) -> None:
        """The layout of an overlay names them so, too."""
        case = submitted(alice, picture)
        boxes = {row["key"]: row["value"] for row in alice.get(f"/usps1583/verifications/{case['id']}/form").json()["data"]["boxes"]}
        assert (boxes["photo_id.checkbox"], boxes["address_id.checkbox"]) == ("Passport", "Lease")
        assert {kind.category for kind in DOCUMENT_TYPES.values() if kind.category} == set(CHECKBOXES)

    @pytest.mark.parametrize(
        ("body", "path"),
        [({"pmb": {"opened_on": "June"}}, "pmb.opened_on"), ({"service_type": "hobby"}, "service_type"),
         ({"witness": {"kind": "friend"}}, "witness.kind"),
         ({"authorized": {"verification": "ver_nothing"}}, "authorized.verification"),
         ({"additional_recipients": [{}]}, "additional_recipients.0.name")],
    )  # fmt: skip
    def test_what_is_wrong_is_refused(self, alice: Person, body: dict[str, Any], path: str) -> None:
        case = start(alice)
        response = alice.patch(f"/usps1583/verifications/{case['id']}/form", body)
        assert response.status_code == 422
        assert any(path.startswith(name) for name in response.json()["errors"]), response.json()
        assert alice.get(f"/usps1583/verifications/{case['id']}/form").json()["data"]["crd_uploaded_at"] is None
        assert not AuditEntry.objects.filter(action="form.amended").exists()

    def test_only_flows_that_ask_for_both_documents_have_one(self, alice: Person) -> None:
        case = start(alice, "address")
        response = alice.get(f"/address/verifications/{case['id']}/form")
        assert (response.status_code, response.json()["code"]) == (400, "form_not_available")

    def test_the_pdf_says_what_is_missing_and_shows_the_images(self, alice: Person, picture: Picture, script: Script) -> None:
        case = self.approved(alice, picture)
        path = f"/usps1583/verifications/{case['id']}/form"
        alice.patch(path, {key: value for key, value in DECLARED.items() if key != "witness"})
        data = base64.b64decode(alice.get(f"{path}/pdf").json()["data"])
        shown = " ".join(" ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(data)).split())
        for words in ("Identity documents verified", "Form not complete", "Still missing", "witness.kind", "MISSING", "742 Evergreen Terrace",
                      "L898902C3", "Passport", "not used", "read from Passport", "This is not the USPS form"):  # fmt: skip
            assert words in shown, words
        alice.patch(path, {"witness": WITNESS})
        shown = alice.call("get", f"{path}/pdf", accept="application/pdf").content
        text = " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(shown))
        assert "Form complete" in text
        assert "MISSING" not in text
