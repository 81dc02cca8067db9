"""Whose a case is: claims, the next case, idle ones, assignment, second looks, protected people; and what each refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from scripted import LEASE, Script

from decisions import casework, opinions, queue
from decisions.apps import ADMINISTRATORS, COMPLIANCE, REVIEWERS, ROLES
from decisions.duplicates import possible_duplicates
from decisions.models import Assignment, Check, Comment, Decision, DecisionStatus, Opinion, Override
from decisions.review_models import Audience
from decisions.reviewers import all_reviewers
from decisions.seen import state_of
from documents.models import Correction, Document
from factories import Person, start, upload, work_off
from flows import catalogue
from flows.definition import FlowDefinition, InvalidFlow
from flows.errors import Refused
from flows.services import publish_flow
from verifications.models import AuditEntry, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
QUEUE = "/admin/decisions/reviewcase/"


def person(name: str, group: str = REVIEWERS, **names: str) -> User:
    user = User.objects.create_user(name, password="long-enough-for-everybody", is_staff=True, **names)
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def marge(db: None) -> User:
    return person("marge")


@pytest.fixture
def bart(db: None) -> User:
    return person("bart")


def doubtful(alice: Person, picture: Picture, script: Script, **said: object) -> Verification:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = start(alice, expected_data={"person": {"first_name": "Homer", "last_name": "Simpson", **said}})
    seed = 2 * Verification.objects.count()
    upload(alice, case, type=1, front=picture(seed=seed))
    upload(alice, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=seed + 1))
    work_off(twice=False)
    assert alice.post(f"/usps1583/verifications/{case['id']}/submit").status_code == 200
    work_off(twice=False)
    return Verification.objects.select_related("workspace", "flow_version").get(pk=case["id"], status=VerificationStatus.DOUBLE_CHECK)


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script) -> Verification:
    return doubtful(alice, picture, script)


def proof(case: Verification) -> Document:
    return Document.objects.get(verification=case, context="PROOF_OF_ADDRESS", superseded_at=None)


def decide(user: User, case: Verification, status: int = DecisionStatus.APPROVED, seen: int | None = None) -> bool:
    return casework.decide(
        user=user, case=case, document_id=proof(case).pk, status=status, reasons=["other"] if status == DecisionStatus.REJECTED else [], note="",
        seen=state_of(case.pk) if seen is None else seen,
    )  # fmt: skip


def rows() -> tuple[int, ...]:
    return tuple(kind.objects.count() for kind in (Assignment, Decision, Opinion, Override, Comment, Correction, AuditEntry, Check))


def refused(code: str, act: Callable[[], object]) -> None:
    before = rows()
    with pytest.raises(Refused) as refusal:
        act()
    assert refusal.value.code == code
    assert rows() == before


def two_reviewers(**terms: object) -> None:
    flow = next(entry for entry in catalogue.definitions() if entry.slug == "usps1583")
    publish_flow(definition=FlowDefinition.parse({**flow.source, "review": terms}))


def test_the_next_case_is_the_oldest_that_nobody_has(
    marge: User, bart: User, case: Verification, alice: Person, picture: Picture, script: Script
) -> None:
    later = doubtful(alice, picture, script)
    assert queue.claim_next(user=marge) == case.pk
    assert queue.claim_next(user=marge) == case.pk
    assert queue.claim_next(user=bart) == later.pk
    assert queue.claim_next(user=person("lisa")) is None
    assert AuditEntry.objects.filter(action="case.claimed").count() == 2


def test_a_claim_that_idles_for_thirty_minutes_is_free(marge: User, bart: User, case: Verification) -> None:
    now = timezone.now()
    queue.claim(user=marge, verification_id=case.pk)
    with time_machine.travel(now + timedelta(minutes=29), tick=False):
        refused("case_claimed", lambda: queue.claim(user=bart, verification_id=case.pk))
        queue.keep_alive(user=marge, verification_id=case.pk)
    with time_machine.travel(now + timedelta(minutes=58), tick=False):
        assert queue.claim_next(user=bart) is None
    with time_machine.travel(now + timedelta(minutes=60), tick=False):
        assert queue.claim_next(user=bart) == case.pk


def test_a_case_is_given_back_by_whoever_has_it(marge: User, bart: User, case: Verification) -> None:
    queue.claim(user=marge, verification_id=case.pk)
    queue.release(user=bart, verification_id=case.pk)
    assert Assignment.objects.get().reviewer == marge
    queue.release(user=marge, verification_id=case.pk)
    assert not Assignment.objects.exists()


def test_an_assigned_case_waits_for_its_person(marge: User, bart: User, case: Verification) -> None:
    ned = person("ned", COMPLIANCE)
    assert queue.assign(user=ned, reviewer=bart, verification_ids=[case.pk, "ver_unknown"]) == 1
    with time_machine.travel(timezone.now() + timedelta(hours=5)):
        assert queue.claim_next(user=marge) is None
        assert queue.claim_next(user=bart) == case.pk
    assert queue.assign(user=ned, reviewer=None, verification_ids=[case.pk]) == 1
    assert not Assignment.objects.exists()


def test_many_are_assigned_from_the_queue_by_those_who_may(marge: User, bart: User, case: Verification) -> None:
    ned = person("ned", COMPLIANCE)
    form = {"action": "assign", "reviewer": bart.pk, "_selected_action": case.pk, "index": 0}
    client = Client()
    client.force_login(marge)
    client.post(QUEUE, form)
    assert not Assignment.objects.exists()
    client.force_login(ned)
    answer = client.post(QUEUE, form, follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["1 of 1 cases: assigned to bart."]
    assert (Assignment.objects.get().reviewer, Assignment.objects.get().assigned_by) == (bart, "user:ned")


def test_counts_tell_what_waits(marge: User, bart: User, case: Verification, alice: Person, picture: Picture, script: Script) -> None:
    later = doubtful(alice, picture, script)
    Verification.objects.filter(pk=case.pk).update(submitted_at=timezone.now() - timedelta(hours=25))
    queue.claim(user=bart, verification_id=later.pk)
    with CaptureQueriesContext(connection) as captured:
        counts = queue.counts(marge)
    assert (counts.waiting, counts.free, counts.mine, counts.late) == (2, 1, 0, 1)
    assert len(captured) <= 5


@pytest.mark.parametrize(("hours", "level"), [(0, "ok"), (17.9, "ok"), (18, "soon"), (24, "soon"), (24.1, "late")])
def test_the_age_has_a_colour(hours: float, level: str) -> None:
    now = timezone.now()
    assert queue.urgency(now - timedelta(hours=hours), 24, now) == level


def test_what_the_screen_did_not_show_is_not_decided(marge: User, bart: User, case: Verification) -> None:
    seen = state_of(case.pk)
    decide(marge, case, DecisionStatus.REJECTED)
    refused("stale_review", lambda: decide(bart, case, seen=seen))


def test_looking_and_talking_make_no_screen_stale(marge: User, case: Verification) -> None:
    seen = state_of(case.pk)
    queue.claim(user=marge, verification_id=case.pk)
    assert state_of(case.pk) == seen


def test_two_people_must_agree(marge: User, bart: User, alice: Person, picture: Picture, script: Script, flows: None) -> None:
    two_reviewers(second_reviewer=True)
    case = doubtful(alice, picture, script)
    assert decide(marge, case) is False
    assert decide(marge, case) is False
    assert proof(case).get_status_display() == "Double check"
    assert queue.claim_next(user=marge) is None
    assert decide(bart, case, DecisionStatus.REJECTED) is False
    assert decide(marge, case, DecisionStatus.REJECTED) is True
    assert proof(case).get_status_display() == "Rejected"
    closed = list(Opinion.objects.order_by("created_at").values_list("author", "status", "closed_by"))
    assert closed == [("user:marge", 3, ""), ("user:marge", 3, "user:bart"), ("user:bart", 4, "user:marge")]
    assert Decision.objects.get(workflow="Manual").decided_by == "user:marge"


@pytest.mark.parametrize(("percent", "decided"), [(0, True), (100, False)])
def test_second_looks_are_taken_at_random(
    marge: User, alice: Person, picture: Picture, script: Script, flows: None, percent: int, decided: bool
) -> None:
    two_reviewers(second_look_percent=percent)
    assert decide(marge, doubtful(alice, picture, script)) is decided


def test_the_api_needs_agreement_too(marge: User, alice: Person, picture: Picture, script: Script, flows: None) -> None:
    two_reviewers(second_reviewer=True)
    case = doubtful(alice, picture, script)
    body = {"document": proof(case).pk, "status": 3}
    assert alice.post("/usps1583/decisions", body).json()["data"]["status"] == 5
    assert decide(marge, case) is True


def test_an_opinion_ends_with_its_document(marge: User, alice: Person, picture: Picture, script: Script, flows: None) -> None:
    two_reviewers(second_reviewer=True)
    case = doubtful(alice, picture, script)
    decide(marge, case)
    document = proof(case)
    opinions.withdraw(document)
    assert opinions.open_opinion(document) is None


def test_nobody_decides_a_case_of_their_own_name(case: Verification) -> None:
    homer = person("homer", first_name="Homer", last_name="Simpson")
    refused("own_case", lambda: decide(homer, case))
    assert decide(person("lenny", first_name="Lenny", last_name="Leonard"), case) is True


def test_an_override_leaves_the_check_as_it_is(case: Verification) -> None:
    ned = person("ned", COMPLIANCE)
    check = Check.objects.get(verification=case, current=True, reason_code="zip_state_mismatch")
    before = (check.outcome, check.message, check.evidence)
    made = casework.override(user=ned, case=case, check_id=check.pk, reason="Reassigned in May.", seen=state_of(case.pk))
    after = Check.objects.get(pk=check.pk)
    assert (after.outcome, after.message, after.evidence) == before
    decision = made.decision
    assert (decision.workflow, decision.status, decision.decided_by, decision.note) == ("Manual", 5, "user:ned", "Reassigned in May.")
    assert "zip_state_mismatch" not in decision.reasons
    again = {"user": ned, "case": case, "check_id": check.pk}
    refused("check_not_found", lambda: casework.override(**again, reason="Again", seen=state_of(case.pk)))


def test_overriding_needs_the_role_and_a_reason(marge: User, case: Verification) -> None:
    ned, check = person("ned", COMPLIANCE), Check.objects.get(verification=case, current=True, reason_code="zip_state_mismatch")
    form = {"check": check.pk, "reason": "Because", "seen": state_of(case.pk)}
    client, before = Client(), rows()
    client.force_login(marge)
    assert client.post(f"{QUEUE}{case.pk}/override/", form).status_code == 403
    client.force_login(ned)
    client.post(f"{QUEUE}{case.pk}/override/", {**form, "reason": " "})
    assert rows() == before
    passed = Check.objects.filter(verification=case, current=True, outcome="pass").first()
    assert passed is not None
    refused("check_passed", lambda: casework.override(user=ned, case=case, check_id=passed.pk, reason="x", seen=state_of(case.pk)))


def test_the_same_document_elsewhere_is_a_possible_duplicate(case: Verification, alice: Person, picture: Picture, script: Script) -> None:
    other = doubtful(alice, picture, script)
    found = possible_duplicates(Verification.objects.get(pk=other.pk), with_protected=False)
    assert [entry.case_id for entry in found] == [case.pk]
    assert "same document number" in found[0].why


def test_cases_of_protected_people_are_for_compliance_officers(marge: User, alice: Person, picture: Picture, script: Script) -> None:
    open_case, case = doubtful(alice, picture, script), doubtful(alice, picture, script, protected=True)
    Verification.objects.filter(pk=case.pk).update(external_ref="hidden-1")
    assert Check.objects.filter(verification=case, current=True, reason_code="protected_individual").exists()
    page = Document.objects.filter(verification=case).get(context="PHOTO_ID").images.get().page_images.get()
    addresses = [f"{QUEUE}{case.pk}/change/", f"{QUEUE}{case.pk}/page/{page.pk}/"]
    searches = [QUEUE, f"{QUEUE}?q={case.pk}", f"{QUEUE}?q=hidden", f"{QUEUE}?status=all", f"{QUEUE}?reason=protected_individual"]
    client, before = Client(), rows()
    client.force_login(marge)
    assert [client.get(address).status_code for address in addresses] == [403, 403]
    assert client.post(f"{QUEUE}{case.pk}/reveal/", {"document": proof(case).pk, "path": "document.number"}).status_code == 403
    for address in searches:
        listed = [row.pk for row in client.get(address).context["cl"].result_list]
        assert listed == ([open_case.pk] if address in (QUEUE, f"{QUEUE}?status=all") else []), address
    assert (queue.counts(marge).waiting, client.get(f"{QUEUE}dashboard/").context["board"].created) == (1, 1)
    assert "Protected individual" not in client.get(f"{QUEUE}dashboard/").content.decode()
    assert rows() == before
    client.get(f"{QUEUE}{open_case.pk}/change/")
    assert case.pk not in client.get(f"{QUEUE}{open_case.pk}/change/").content.decode(), "not even as a possible duplicate"
    assert queue.claim_next(user=marge) == open_case.pk
    ned = person("ned", COMPLIANCE)
    client.force_login(ned)
    assert client.get(addresses[0]).status_code == 200
    assert queue.counts(ned).waiting == 2
    assert client.get(f"{QUEUE}dashboard/").context["board"].created == 2
    assert queue.claim_next(user=ned) == case.pk


def test_each_view_of_a_protected_case_is_written_down(alice: Person, picture: Picture, script: Script) -> None:
    case = doubtful(alice, picture, script, protected=True)
    other = doubtful(alice, picture, script)
    ned = Client()
    ned.force_login(person("ned", COMPLIANCE))
    AuditEntry.objects.filter(action="protected.viewed")
    seen = state_of(case.pk)
    before = AuditEntry.objects.filter(action="protected.viewed").count()
    for pk in (case.pk, other.pk):
        ned.get(f"{QUEUE}{pk}/change/")
        for address in (f"/{pk}", f"/{pk}/form", f"/{pk}/checks"):
            assert alice.get(f"/usps1583/verifications{address}").status_code == 200
    assert alice.get(f"/usps1583/documents/{proof(case).pk}").status_code == 200
    for address in ("/verifications", "/usps1583/verifications", f"/usps1583/documents?verification={case.pk}"):
        alice.get(address)
    views = AuditEntry.objects.filter(action="protected.viewed").order_by("number")[before:]
    by = f"token:{alice.token.prefix}"
    assert [(entry.actor, entry.subject) for entry in views] == [("user:ned", case.pk), *[(by, case.pk)] * 7]
    assert state_of(case.pk) == seen


def test_who_is_protected_follows_what_is_declared(alice: Person) -> None:
    pk = start(alice)["id"]

    def protected() -> bool:
        return Verification.objects.get(pk=pk).protected

    case = f"/usps1583/verifications/{pk}"
    told = []
    for path, body in (
        (case, {"expected_data": {"person": {"protected": True}}}), (case, {"expected_data": {"address": None}}),
        (case, {"expected_data": {"person": None}}), (f"{case}/form", {"applicant": {"protected": True}}), (f"{case}/form", {"pmb": None}),
        (f"{case}/form", {"applicant": None}),
    ):  # fmt: skip
        assert alice.patch(path, body).status_code == 200
        told.append(protected())
    assert told == [True, True, True, True, True, False]


def test_an_administrator_sees_tokens_and_no_case(case: Verification) -> None:
    client = Client()
    client.force_login(person("burns", ADMINISTRATORS))
    assert client.get("/admin/flows/apitoken/").status_code == 200
    pages = Document.objects.get(pk=proof(case).pk).images.get().page_images.values_list("pk", flat=True)
    addresses = [QUEUE, f"{QUEUE}{case.pk}/change/", f"{QUEUE}dashboard/", *(f"{QUEUE}{case.pk}/page/{pk}/" for pk in pages)]
    assert [client.get(address).status_code for address in addresses] == [403] * len(addresses)


def test_a_superuser_sees_no_case_without_a_role(case: Verification) -> None:
    """Being one keeps the service; cases, images and what is made of them are a group's matter, and joining one is written down."""
    page = proof(case).images.get().page_images.get()
    boss, other = User.objects.create_superuser("burns", password="long-enough-for-everybody"), Client()
    client, before = Client(), rows()
    client.force_login(boss)
    addresses = [
        QUEUE, f"{QUEUE}{case.pk}/change/", f"{QUEUE}dashboard/", f"{QUEUE}{case.pk}/page/{page.pk}/", "/admin/decisions/export/",
        "/admin/decisions/export/add/", "/admin/decisions/inspection/", "/admin/decisions/inspection/add/", "/admin/verifications/legalhold/",
    ]  # fmt: skip
    assert [client.get(address).status_code for address in addresses] == [403] * len(addresses)
    posts = [client.post(f"{QUEUE}{case.pk}/{act}/").status_code for act in ("reveal", "decide", "claim", "override", "hold", "renew")]
    assert posts == [403] * len(posts)
    assert rows() == before
    assert "reviewcase" not in client.get("/admin/").content.decode()
    assert boss not in all_reviewers()

    form = {"username": "burns", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": [Group.objects.get(name=REVIEWERS).pk]}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "last_login_0": "2026-01-01", "last_login_1": "00:00:00"}
    assert client.post(f"/admin/auth/user/{boss.pk}/change/", {**form, **dates}).status_code == 302
    entry = AuditEntry.objects.get(action="roles.changed")
    assert (entry.actor, entry.subject, entry.workspace_id) == ("user:burns", f"user:#{boss.pk}", case.workspace_id)
    assert json.loads(entry.data) == {"groups": ["Reviewers"], "permissions": [], "active": True, "superuser": True}
    assert [client.get(address).status_code for address in addresses] == [200] * 4 + [403] * 5
    group = Group.objects.get(name=REVIEWERS)
    assert client.post(f"/admin/auth/group/{group.pk}/change/", {"name": group.name, "permissions": []}).status_code == 302
    assert json.loads(AuditEntry.objects.filter(action="roles.changed").latest("number").data) == {"name": "Reviewers", "permissions": []}
    assert client.get(QUEUE).status_code == 403
    assert other.get(QUEUE).status_code == 302


def test_each_role_holds_what_it_says(db: None) -> None:
    for name, permissions in ROLES.items():
        held = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
        assert {f"{app}.{code}" for app, code in held} == set(permissions)


def test_numbers_are_masked_on_the_whole_page_and_shown_on_demand(marge: User, case: Verification) -> None:
    photo = Document.objects.get(verification=case, context="PHOTO_ID")
    number = photo.reading["fields"]["document.number"]["value"]
    client = Client()
    client.force_login(marge)
    assert number not in client.get(f"{QUEUE}{case.pk}/change/").content.decode()
    before = AuditEntry.objects.count()
    assert client.post(f"{QUEUE}{case.pk}/reveal/", {"document": photo.pk, "path": "person.surname"}).status_code == 404
    assert AuditEntry.objects.count() == before
    assert client.post(f"{QUEUE}{case.pk}/reveal/", {"document": photo.pk, "path": "document.number"}).json() == {"value": number}
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.actor, entry.data) == ("number.revealed", "user:marge", '{"field":"document.number"}')


def test_what_the_applicant_shall_do_is_a_comment_for_the_applicant(marge: User, case: Verification) -> None:
    casework.ask_again(
        user=marge, case=case, documents=[proof(case).pk], reasons=["document_unreadable"], instruction="In daylight, please.", seen=state_of(case.pk)
    )  # fmt: skip
    comment = Comment.objects.get()
    assert (comment.audience, comment.text, comment.author) == (Audience.APPLICANT, "In daylight, please.", "user:marge")
    assert not Assignment.objects.exists()


def test_the_dashboard_asks_a_constant_number_of_queries(marge: User, case: Verification, alice: Person, picture: Picture, script: Script) -> None:
    client = Client()
    client.force_login(marge)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{QUEUE}dashboard/").status_code == 200
        return len(captured)

    first = asked()
    decide(marge, case)
    doubtful(alice, picture, script)
    assert asked() == first


@pytest.mark.parametrize(
    "review", [{"second_reviewer": 1}, {"second_look_percent": 101}, {"second_look_percent": True}, {"target_hours": 0}, {"who": "me"}, []]
)
def test_review_terms_that_make_no_sense_are_refused(review: object) -> None:
    source = next(iter(catalogue.definitions())).source
    with pytest.raises(InvalidFlow, match="review"):
        FlowDefinition.parse({**source, "review": review})


def test_five_wrong_passwords_lock_a_login(marge: User) -> None:
    client = Client()
    form = {"username": "marge", "password": "wrong", "next": "/admin/"}
    answers = [client.post("/admin/login/", form).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    right = {**form, "password": "long-enough-for-everybody"}
    assert client.post("/admin/login/", right).status_code == 429
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert client.post("/admin/login/", right).status_code == 302
