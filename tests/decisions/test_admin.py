"""The review pages: who may see and do what, the queue, and decisions through the same services as the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from scripted import LEASE, Script

from decisions.apps import COMPLIANCE, REVIEWERS
from decisions.models import Decision
from decisions.seen import state_of
from documents.models import Document, DocumentStatus, Page
from factories import Person, start, upload, work_off
from verifications.models import AuditEntry, Event, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
QUEUE = "/admin/decisions/reviewcase/"
EXPECTED = {
    "person": {"first_name": "Homer", "last_name": "Simpson"},
    "address": {"street": "742 Evergreen Terrace", "city": "Springfield", "state": "OR", "postal_code": "97477", "country": "USA"},
}
D, V = DocumentStatus, VerificationStatus


def sign_in(name: str, *permissions: str, group: str = "") -> Client:
    """A staff user's browser."""
    user = User.objects.create_user(name, password="long-enough-for-everybody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    if group:
        user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def marge(db: None) -> Client:
    """A reviewer, as the first start makes one."""
    return sign_in("marge", group=REVIEWERS)


@pytest.fixture
def ned(db: None) -> Client:
    """A compliance officer."""
    return sign_in("ned", group=COMPLIANCE)


@pytest.fixture
def lisa(db: None) -> Client:
    """She may look and not decide."""
    return sign_in("lisa", "view_reviewcase")


def doubtful(person: Person, picture: Picture, script: Script, *, reference: str = "", selfie: bool = False) -> Verification:
    """A submitted case in Double Check: the passport is approved, the lease shows a ZIP code of another state."""
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = start(person, expected_data=EXPECTED, external_ref=reference or None)
    seed = Verification.objects.count()
    upload(person, case, type=1, front=picture(seed=3 * seed))
    upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=3 * seed + 1))
    if selfie:
        upload(person, case, context="SELFIE", type=61, front=picture(seed=3 * seed + 2))
    work_off(twice=False)
    assert person.post(f"/usps1583/verifications/{case['id']}/submit").status_code == 200
    work_off(twice=False)
    return Verification.objects.get(pk=case["id"], status=V.DOUBLE_CHECK)


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script) -> Verification:
    return doubtful(alice, picture, script, reference="mailbox-1")


def document(case: Verification, context: str = "PROOF_OF_ADDRESS") -> Document:
    return Document.objects.get(verification=case, context=context, superseded_at=None)


def status_of(case: Verification) -> tuple[str, str, str]:
    """Of the case, its photo ID and its proof of address."""
    fresh = Verification.objects.get(pk=case.pk)
    return fresh.get_status_display(), document(case, "PHOTO_ID").get_status_display(), document(case).get_status_display()


def decide(client: Client, case: Verification, action: str, *, on: Document | None = None, **form: Any) -> Any:
    subject = on or document(case)
    sent = {"action": action, "document": subject.pk, "seen": state_of(case.pk), **form}
    return client.post(f"{QUEUE}{case.pk}/decide/", sent, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def everything() -> tuple[int, int, int, list[tuple[str, int]], list[tuple[str, int]]]:
    """What a refusal must leave as it was."""
    return (
        Decision.objects.count(),
        Event.objects.count(),
        AuditEntry.objects.count(),
        list(Verification.objects.order_by("pk").values_list("pk", "status")),
        list(Document.objects.order_by("pk").values_list("pk", "status")),
    )


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def listed(response: Any) -> list[str]:
    return [row.pk for row in response.context["cl"].result_list]


def test_the_queue_shows_what_waits_for_a_person_oldest_first(marge: Client, alice: Person, picture: Picture, script: Script) -> None:
    cases = [doubtful(alice, picture, script) for _ in range(3)]
    start(alice)
    for case, days in zip(cases, (1, 3, 2), strict=True):
        Verification.objects.filter(pk=case.pk).update(submitted_at=timezone.now() - timedelta(days=days))
    response = marge.get(QUEUE)
    assert listed(response) == [cases[1].pk, cases[2].pk, cases[0].pk]
    page = response.content.decode()
    assert "zip state mismatch" in page
    assert "3\N{NO-BREAK SPACE}days" in page


def test_the_queue_can_be_filtered_and_searched(
    marge: Client, alice: Person, charlie: Person, case: Verification, picture: Picture, script: Script
) -> None:
    other = doubtful(charlie, picture, script, reference="locker-9")
    fresh = start(alice)
    assert listed(marge.get(QUEUE)) == [case.pk, other.pk]
    assert listed(marge.get(QUEUE, {"status": 1})) == [fresh["id"]]
    assert set(listed(marge.get(QUEUE, {"status": "all"}))) == {case.pk, other.pk, fresh["id"]}
    assert listed(marge.get(QUEUE, {"workspace": other.workspace_id})) == [other.pk]
    assert listed(marge.get(QUEUE, {"flow": "identity"})) == []
    assert listed(marge.get(QUEUE, {"environment": "live"})) == []
    assert listed(marge.get(QUEUE, {"q": "mailbox"})) == [case.pk]
    assert listed(marge.get(QUEUE, {"q": other.pk})) == [other.pk]


@pytest.mark.parametrize("value", ["99", "-1", "nonsense"])
def test_a_status_that_does_not_exist_breaks_nothing(marge: Client, case: Verification, value: str) -> None:
    assert marge.get(QUEUE, {"status": value}, follow=True).status_code == 200


def test_the_queue_asks_the_database_as_often_for_one_case_as_for_four(
    marge: Client, alice: Person, case: Verification, picture: Picture, script: Script
) -> None:
    marge.get(QUEUE)
    one = queries(marge, QUEUE)
    for _ in range(3):
        doubtful(alice, picture, script)
    assert len(listed(marge.get(QUEUE))) == 4
    assert queries(marge, QUEUE) == one


def test_the_review_page_asks_the_database_as_often_for_three_documents_as_for_two(
    marge: Client, ned: Client, alice: Person, case: Verification, picture: Picture, script: Script
) -> None:
    address = f"{QUEUE}{case.pk}/change/"
    marge.get(address)
    two = queries(marge, address)
    larger = doubtful(alice, picture, script, selfie=True)
    decide(marge, larger, "reject", reasons="address_mismatch")
    decide(ned, larger, "reopen", note="They called.")
    marge.get(address)
    assert queries(marge, f"{QUEUE}{larger.pk}/change/") == two


def test_the_review_page_shows_images_fields_declared_data_and_checks(marge: Client, case: Verification) -> None:
    page = marge.get(f"{QUEUE}{case.pk}/change/").content.decode()
    for number in Page.objects.values_list("pk", flat=True):
        assert f'data-href="{QUEUE}{case.pk}/page/{number}/"' in page
    for text in ("mailbox-1", "742 Evergreen Terrace", "92026", "97477", "zip_matches_state", "zip_state_mismatch", "names_agree", "Double Check"):
        assert text in page
    assert " style=" not in page
    assert "<style" not in page
    assert "onclick" not in page


def test_only_people_who_sign_in_see_anything(case: Verification) -> None:
    page = Page.objects.earliest("pk")
    for address in (QUEUE, f"{QUEUE}{case.pk}/change/", f"{QUEUE}{case.pk}/page/{page.pk}/"):
        response = Client().get(address)
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/admin/login/")
    before = everything()
    assert decide(Client(), case, "approve").redirect_chain[0][0].startswith("/admin/login/")
    assert everything() == before


def test_a_member_of_staff_without_permission_sees_nothing(case: Verification) -> None:
    client, page, before = sign_in("barney"), Page.objects.earliest("pk"), everything()
    for address in (QUEUE, f"{QUEUE}{case.pk}/change/", f"{QUEUE}{case.pk}/page/{page.pk}/"):
        assert client.get(address).status_code == 403
    assert decide(client, case, "approve").status_code == 403
    assert client.post(f"{QUEUE}{case.pk}/resubmit/", {"documents": document(case).pk, "reason": "other"}).status_code == 403
    assert everything() == before


def test_somebody_who_may_only_look_gets_no_forms_and_cannot_post(lisa: Client, case: Verification) -> None:
    page = lisa.get(f"{QUEUE}{case.pk}/change/").content.decode()
    assert "742 Evergreen Terrace" in page
    assert "/decide/" not in page
    assert "/resubmit/" not in page
    before = everything()
    assert decide(lisa, case, "approve").status_code == 403
    assert lisa.post(f"{QUEUE}{case.pk}/resubmit/", {"documents": document(case).pk, "reason": "other"}).status_code == 403
    assert everything() == before


def test_nobody_adds_or_deletes_a_case_here(case: Verification) -> None:
    boss = User.objects.create_superuser("burns", password="long-enough-for-everybody")
    boss.groups.add(Group.objects.get(name=COMPLIANCE))
    client, before = Client(), everything()
    client.force_login(boss)
    assert client.post(f"{QUEUE}add/", {}).status_code == 403
    assert client.post(f"{QUEUE}{case.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(QUEUE, {"action": "delete_selected", "_selected_action": case.pk, "post": "yes"}, follow=True).status_code == 200
    assert everything() == before


def test_approving_the_last_doubt_approves_the_case(marge: Client, case: Verification) -> None:
    assert status_of(case) == ("Double Check", "Approved", "Double check")
    assert said(decide(marge, case, "approve", note="Seen on paper.")) == ["The document is Approved."]
    assert status_of(case) == ("Approved", "Approved", "Approved")
    newest = Decision.objects.latest("created_at")
    assert (newest.workflow, newest.decided_by, newest.note, newest.reasons) == ("Manual", "user:marge", "Seen on paper.", [])
    trail = AuditEntry.objects.filter(actor="user:marge").order_by("number").values_list("action", flat=True)
    assert list(trail) == ["case.claimed", "document.approve", "verification.approve", "case.released"]


def test_rejecting_names_a_reason(marge: Client, case: Verification) -> None:
    assert said(decide(marge, case, "reject", reasons="address_mismatch")) == ["The document is Rejected."]
    assert status_of(case) == ("Rejected", "Approved", "Rejected")
    newest = Decision.objects.latest("created_at")
    assert (newest.reasons, newest.decided_by, newest.note) == (["address_mismatch"], "user:marge", None)
    assert Event.objects.filter(type="verification.finished").get().data["reasons"] == ["address_mismatch"]


@pytest.mark.parametrize(
    ("action", "form", "answer"),
    [
        ("reject", {}, "Choose a reason for the rejection."),
        ("reject", {"reasons": "   "}, "Choose a reason for the rejection."),
        ("", {}, "Choose what to decide."),
        ("cancel", {}, "Choose what to decide."),
        ("approve", {"seen": "soon"}, "The form was incomplete."),
        ("approve", {"document": "doc_unknown"}, "No such document."),
        ("approve", {"document": ""}, "No such document."),
    ],
)
def test_an_incomplete_form_is_refused_and_changes_nothing(marge: Client, case: Verification, action: str, form: dict[str, str], answer: str) -> None:
    before = everything()
    assert said(decide(marge, case, action, **form)) == [answer]
    assert everything() == before


def test_a_screen_that_is_out_of_date_is_refused(marge: Client, case: Verification) -> None:
    seen = state_of(case.pk)
    decide(marge, case, "reject", reasons="address_mismatch")
    before = everything()
    assert said(decide(marge, case, "approve", seen=seen)) == ["The case was changed meanwhile. Look again before you decide."]
    assert everything() == before


def test_a_document_of_another_case_is_not_decided_here(marge: Client, charlie: Person, case: Verification, picture: Picture, script: Script) -> None:
    other = doubtful(charlie, picture, script)
    before = everything()
    assert said(decide(marge, case, "approve", on=document(other))) == ["No such document."]
    assert everything() == before


def test_only_a_compliance_officer_reopens_and_says_why(marge: Client, ned: Client, case: Verification) -> None:
    decide(marge, case, "approve")
    before = everything()
    assert decide(marge, case, "reopen", note="A complaint came in.").status_code == 403
    assert said(decide(ned, case, "reopen", note=" ")) == ["Reopening a decided document needs a note."]
    assert everything() == before
    assert said(decide(ned, case, "reopen", note="A complaint came in.")) == ["The document is in Double check again."]
    assert status_of(case) == ("Double Check", "Approved", "Double check")
    assert Verification.objects.get(pk=case.pk).finished_at is None
    assert Decision.objects.latest("created_at").note == "A complaint came in."


def test_asking_again_frees_the_documents_that_were_named(marge: Client, case: Verification) -> None:
    asked = document(case)
    form = {"documents": asked.pk, "reasons": "document_unreadable", "instruction": "Please in better light.", "seen": state_of(case.pk)}
    response = marge.post(f"{QUEUE}{case.pk}/resubmit/", form, follow=True)
    assert said(response) == ["The documents were asked for again."]
    fresh = Verification.objects.get(pk=case.pk)
    assert (fresh.status, fresh.attempt) == (V.STARTED, 2)
    assert Document.objects.get(pk=asked.pk).superseded_at is not None
    assert document(case, "PHOTO_ID").superseded_at is None
    assert "Earlier attempt: Proof of Address" in response.content.decode()


@pytest.mark.parametrize("left_out", ["documents", "reasons"])
def test_asking_again_needs_documents_and_a_reason(marge: Client, case: Verification, left_out: str) -> None:
    form = {"documents": document(case).pk, "reasons": "other", "seen": state_of(case.pk)}
    del form[left_out]
    before = everything()
    assert said(marge.post(f"{QUEUE}{case.pk}/resubmit/", form, follow=True)) == ["Choose the documents to ask for again, and a reason."]
    assert everything() == before


def test_asking_again_is_not_possible_once_approved(marge: Client, case: Verification) -> None:
    decide(marge, case, "approve")
    before = everything()
    response = marge.post(f"{QUEUE}{case.pk}/resubmit/", {"documents": document(case).pk, "reasons": "other", "seen": state_of(case.pk)}, follow=True)
    assert said(response) == ["A verification cannot go from Approved to Started."]
    assert everything() == before


def test_a_page_is_shown_to_reviewers_kept_by_nobody_and_written_down(marge: Client, case: Verification) -> None:
    page = Page.objects.filter(image__document=document(case)).get()
    response = marge.get(f"{QUEUE}{case.pk}/page/{page.pk}/")
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.content[:3] == b"\xff\xd8\xff"
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.actor, entry.subject, entry.verification_ref) == ("image.viewed", "user:marge", page.image_id, case.pk)


def test_a_page_of_another_case_does_not_exist(marge: Client, charlie: Person, case: Verification, picture: Picture, script: Script) -> None:
    other = doubtful(charlie, picture, script)
    page = Page.objects.filter(image__document__verification=other).earliest("pk")
    before = everything()
    assert marge.get(f"{QUEUE}{case.pk}/page/{page.pk}/").status_code == 404
    assert marge.get(f"{QUEUE}{case.pk}/page/987654/").status_code == 404
    assert marge.get(f"{QUEUE}ver_unknown/change/").status_code == 404
    assert everything() == before


@pytest.mark.parametrize("path", ["decide/", "resubmit/"])
def test_decisions_are_posts(marge: Client, case: Verification, path: str) -> None:
    before = everything()
    assert marge.get(f"{QUEUE}{case.pk}/{path}").status_code == 405
    assert everything() == before


def test_a_forged_form_is_refused(case: Verification) -> None:
    client, before = Client(enforce_csrf_checks=True), everything()
    user = User.objects.create_user("marge", password="long-enough-for-everybody", is_staff=True)
    user.groups.add(Group.objects.get(name=REVIEWERS))
    client.force_login(user)
    assert decide(client, case, "approve").status_code == 403
    assert everything() == before
