"""Documents run out: a new verification that is linked to the one it renews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from scripted import Script

from decisions.apps import REVIEWERS
from factories import EXPECTED, Person, shown, start, submitted
from verifications.models import AuditEntry, Event, Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]


@pytest.fixture
def approved(alice: Person, picture: Picture, script: Script) -> dict[str, Any]:
    case = submitted(alice, picture)
    assert case["status_label"] == "Approved"
    alice.patch(f"/usps1583/verifications/{case['id']}", {"external_ref": "box-7", "metadata": {"plan": "gold"}})
    return case


def refused(person: Person, body: dict[str, Any], flow: str = "usps1583") -> tuple[int, str]:
    before = (Verification.objects.count(), Event.objects.count(), AuditEntry.objects.count())
    answer = person.post(f"/{flow}/verifications", body)
    assert (Verification.objects.count(), Event.objects.count(), AuditEntry.objects.count()) == before
    return answer.status_code, answer.json()["code"]


def test_expected_data_and_reference_are_carried_over(alice: Person, approved: dict[str, Any]) -> None:
    renewal = start(alice, renews=approved["id"])
    assert (renewal["renews"], renewal["external_ref"], renewal["expected_data"]) == (approved["id"], "box-7", EXPECTED)
    assert (renewal["metadata"], renewal["status_label"], renewal["attempt"]) == ({}, "Started", 1)
    assert shown(alice, approved)["renewed_by"] == [renewal["id"]]
    assert (shown(alice, renewal)["renewed_by"], shown(alice, renewal)["documents"]) == ([], [])
    assert shown(alice, approved)["status_label"] == "Approved"
    assert [row["renews"] for row in alice.get("/verifications").json()["data"]] == [approved["id"], None]
    entry = AuditEntry.objects.get(action="verification.created", subject=renewal["id"])
    assert entry.data == f'{{"renews":"{approved["id"]}"}}'


def test_each_part_that_is_sent_replaces_the_part(alice: Person, approved: dict[str, Any]) -> None:
    moved = {"street": "1 Elm Street", "city": "Springfield"}
    renewal = start(alice, renews=approved["id"], external_ref="box-8", expected_data={"address": moved})
    assert (renewal["external_ref"], renewal["expected_data"]) == ("box-8", {**EXPECTED, "address": moved})


def test_one_at_a_time(alice: Person, approved: dict[str, Any]) -> None:
    first = start(alice, renews=approved["id"])
    assert refused(alice, {"renews": approved["id"]}) == (400, "renewal_open")
    alice.post(f"/usps1583/verifications/{first['id']}/cancel")
    second = start(alice, renews=approved["id"])
    assert shown(alice, approved)["renewed_by"] == [second["id"], first["id"]]


def test_what_cannot_be_renewed(alice: Person, charlie: Person, bob: Person, approved: dict[str, Any]) -> None:
    fresh = start(alice)
    assert refused(alice, {"renews": fresh["id"]}) == (400, "verification_not_approved")
    assert refused(alice, {"renews": "ver_nothing"}) == (404, "verification_not_found")
    assert refused(charlie, {"renews": approved["id"]}) == (404, "verification_not_found")
    assert refused(alice, {"renews": approved["id"]}, flow="identity") == (400, "flow_mismatch")
    assert refused(alice, {"renews": 7}) == (422, "validation_failed")
    assert refused(bob, {"renews": approved["id"]}) == (403, "missing_scope")
    alice.delete(f"/usps1583/verifications/{approved['id']}/data")
    assert refused(alice, {"renews": approved["id"]}) == (400, "redacted")


def test_who_was_protected_stays_so(alice: Person, approved: dict[str, Any]) -> None:
    assert alice.patch(f"/usps1583/verifications/{approved['id']}/form", {"applicant": {"protected": True}}).status_code == 200
    assert Verification.objects.get(pk=start(alice, renews=approved["id"])["id"]).protected is True


def test_redacting_one_leaves_the_other(alice: Person, approved: dict[str, Any]) -> None:
    renewal = start(alice, renews=approved["id"])
    assert alice.delete(f"/usps1583/verifications/{approved['id']}/data").status_code == 200
    after = shown(alice, renewal)
    assert (after["renews"], after["expected_data"], after["external_ref"]) == (approved["id"], EXPECTED, "box-7")


def test_from_the_review_page(alice: Person, approved: dict[str, Any]) -> None:
    marge, client = User.objects.create_user("marge", is_staff=True), Client()
    marge.groups.add(Group.objects.get(name=REVIEWERS))
    client.force_login(marge)
    page = f"/admin/decisions/reviewcase/{approved['id']}"
    said = [str(entry) for entry in client.post(f"{page}/renew/", follow=True).context["messages"]]
    renewal = Verification.objects.get(renews=approved["id"])
    assert said == [f"The renewal is {renewal.pk}. It waits for new documents."]
    assert AuditEntry.objects.get(action="verification.created", subject=renewal.pk).actor == "user:marge"
    assert renewal.pk in client.get(f"{page}/change/").content.decode()
    assert approved["id"] in client.get(f"/admin/decisions/reviewcase/{renewal.pk}/change/").content.decode()
    again = [str(entry) for entry in client.post(f"{page}/renew/", follow=True).context["messages"]]
    assert again == [f"A renewal is under way: {renewal.pk}."]
    assert Verification.objects.filter(renews=approved["id"]).count() == 1
