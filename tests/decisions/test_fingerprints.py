"""The same document in another verification: found by keyed hashes, of one workspace only, and after redaction too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from scripted import HOMER, LEASE, PASSPORT, Script

from decisions.fingerprints import digest, plain_number, workspace_key
from decisions.models import Fingerprint, FingerprintKey
from documents.models import Document, Extraction, Image
from factories import Person, make_person, start, upload, work_off
from verifications.models import Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
MARGE = {**HOMER, "person.full_name": "Simpson Marge", "person.given_names": "Marge", "person.date_of_birth": "1990-03-19"}


def judged(person: Person, picture: Picture, *, passport: int = 1, lease: int = 2, expected: dict[str, Any] | None = None) -> dict[str, Any]:
    case = start(person, expected_data=expected)
    upload(person, case, type=1, front=picture(seed=passport))
    upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=lease))
    work_off(twice=False)
    person.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    return person.get(f"/usps1583/verifications/{case['id']}").json()["data"]  # type: ignore[no-any-return]


def seen(case: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """By type: what the rule found, as (what is the same, whose it is)."""
    found = {}
    for document in case["documents"]:
        check = next(check for check in document["checks"] if check["rule"] == "document_used_by_one_person")
        uses = (check["evidence"]["computed"] or {}).get("uses", [])
        found[document["document_type"]["name"]] = [(use["same"], use["person"]) for use in uses]
    return found


def as_marge(script: Script, *, number: str = "X1234567") -> None:
    script.fields = {**script.fields, "PHOTO_ID": {**PASSPORT, **MARGE, "document.number": number}, "PROOF_OF_ADDRESS": {**LEASE, **MARGE}}


def test_the_same_person_may_come_again(alice: Person, picture: Picture, script: Script) -> None:
    judged(alice, picture)
    again = judged(alice, picture)
    assert (again["status_label"], seen(again)) == ("Approved", {"Passport": [], "Lease": []})


def test_one_number_under_two_names_is_for_a_person(alice: Person, picture: Picture, script: Script) -> None:
    first = judged(alice, picture)
    as_marge(script, number="l898 902-c3")
    second = judged(alice, picture, passport=3, lease=4)
    assert (second["status_label"], seen(second)) == ("Double Check", {"Passport": [("number", "another")], "Lease": []})
    check = next(check for check in second["documents"][0]["checks"] if check["rule"] == "document_used_by_one_person")
    assert check["evidence"]["computed"]["uses"][0]["verification"] == first["id"]
    assert check["fix"] == "contact_operator"


def test_one_picture_of_two_people_is_for_a_person(alice: Person, picture: Picture, script: Script) -> None:
    judged(alice, picture)
    as_marge(script)
    second = judged(alice, picture, passport=3)
    assert (second["status_label"], seen(second)) == ("Double Check", {"Passport": [], "Lease": [("image", "another")]})


def test_the_same_number_of_another_kind_or_country_is_another_document(alice: Person, picture: Picture, script: Script) -> None:
    judged(alice, picture)
    as_marge(script, number="L898902C3")
    case = start(alice)
    upload(alice, case, type=1, country="CAN", front=picture(seed=3))
    work_off(twice=False)
    document = alice.get(f"/usps1583/verifications/{case['id']}").json()["data"]["documents"][0]
    check = next(check for check in document["checks"] if check["rule"] == "document_used_by_one_person")
    assert check["outcome"] == "pass"


def test_papers_declared_for_another_person_are_for_a_person(alice: Person, picture: Picture, script: Script) -> None:
    judged(alice, picture, expected={"person": {"first_name": "Homer", "last_name": "Simpson"}})
    second = judged(alice, picture, expected={"person": {"first_name": "Abe", "last_name": "Simpson"}})
    pairs = [("image", "another"), ("number", "another")]
    assert {name: sorted(found) for name, found in seen(second).items()} == {"Passport": pairs, "Lease": [("image", "another")]}


def test_a_refused_attempt_does_not_fall_back_on_whose_papers_they_are(alice: Person, picture: Picture, script: Script) -> None:
    refused = judged(alice, picture, expected={"person": {"first_name": "Abe", "last_name": "Simpson"}})
    owner = judged(alice, picture, expected={"person": {"first_name": "Homer", "last_name": "Simpson"}})
    assert (refused["status_label"], owner["status_label"]) == ("Rejected", "Approved")
    check = next(check for check in owner["documents"][0]["checks"] if check["rule"] == "document_used_by_one_person")
    assert check["evidence"]["computed"] == {"uses": [], "seen_before": 2}


def test_it_is_found_after_a_year_but_no_longer_counts(alice: Person, picture: Picture, script: Script) -> None:
    judged(alice, picture)
    Fingerprint.objects.update(created_at=timezone.now() - timedelta(days=367))
    as_marge(script)
    second = judged(alice, picture, passport=3)
    assert second["status_label"] == "Approved"
    check = next(check for check in second["documents"][1]["checks"] if check["rule"] == "document_used_by_one_person")
    assert check["evidence"]["computed"] == {"uses": [], "seen_before": 0}


def test_other_workspaces_and_environments_know_nothing(alice: Person, charlie: Person, picture: Picture, script: Script) -> None:
    judged(alice, picture)
    as_marge(script, number="L898902C3")
    for stranger in (charlie, make_person("live", workspace="wonder", environment="live")):
        assert judged(stranger, picture)["status_label"] == "Approved"
    one, other = (workspace_key(person.token.workspace_id) for person in (alice, charlie))
    assert digest(one, "number", "passport", "USA", "L898902C3") != digest(other, "number", "passport", "USA", "L898902C3")


def test_it_survives_the_deletion_of_everything_that_was_read(alice: Person, picture: Picture, script: Script) -> None:
    """What redaction leaves of a verification: a husk of ids, statuses and hashes."""
    first = judged(alice, picture)
    Verification.objects.filter(pk=first["id"]).update(redacted_at=timezone.now(), expected_sealed=None)
    Document.objects.update(reading_sealed=None)
    Extraction.objects.update(result_sealed=None)
    Image.objects.all().delete()
    as_marge(script, number="L898902C3")
    assert seen(judged(alice, picture, passport=3)) == {"Passport": [("number", "another")], "Lease": [("image", "another")]}


def test_a_correction_changes_what_is_remembered(alice: Person, picture: Picture, script: Script) -> None:
    case = start(alice)
    document = upload(alice, case, type=1, front=picture(seed=1))
    work_off(twice=False)
    before = set(Fingerprint.objects.values_list("kind", "digest"))
    body = {"fields": {"document.number": "Z7654321"}, "reason": "misread"}
    assert alice.patch(f"/usps1583/documents/{document['id']}/extracted-data", body).status_code == 200
    work_off()
    after = set(Fingerprint.objects.values_list("kind", "digest"))
    assert {kind for kind, _ in before ^ after} == {"number"}
    assert len(before) == len(after) == 4


def test_a_deleted_document_is_forgotten(alice: Person, picture: Picture, script: Script) -> None:
    document = upload(alice, start(alice), type=1, front=picture(seed=1))
    work_off(twice=False)
    assert Fingerprint.objects.count() == 4
    assert alice.delete(f"/usps1583/documents/{document['id']}").status_code == 204
    assert Fingerprint.objects.count() == 0


def test_nothing_that_was_read_can_be_read_back(alice: Person, picture: Picture, script: Script) -> None:
    judged(alice, picture)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM decisions_fingerprint")
        stored = repr(cursor.fetchall()).upper()
    assert not any(word in stored for word in ("SIMPSON", "HOMER", "L898902C3", "1988-07-23"))
    secret = bytes(FingerprintKey.objects.get().secret_sealed)
    assert workspace_key(alice.token.workspace_id) not in secret
    assert workspace_key(alice.token.workspace_id) == workspace_key(alice.token.workspace_id)


@pytest.mark.parametrize(("number", "plain"), [("l898 902-c3", "L898902C3"), ("A-12", ""), ("", ""), ("Ä12345", "A12345")])
def test_numbers_are_compared_by_letters_and_digits(number: str, plain: str) -> None:
    assert plain_number(number) == plain
