"""Cases over the API: claims that keep clients and people out of each other's way, escalation, notes, decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from scripted import LEASE, Script
from speaking import JSON_API, say

from decisions import queue
from decisions.apps import REVIEWERS
from decisions.models import Assignment, Comment, Decision, Escalation
from factories import Person, make_person, submitted
from flows.definition import FlowDefinition
from flows.errors import Refused
from flows.models import FlowVersion
from flows.services import publish_flow
from verifications.models import AuditEntry, Verification, VerificationStatus

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
CASES = "/api/v1/cases"


@pytest.fixture
def doubtful(alice: Person, picture: Picture, script: Script) -> str:
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    return f"case_{submitted(alice, picture)['id'].partition('_')[2]}"


@pytest.fixture
def dora(flows: None) -> Person:
    """Another client of Alice's workspace."""
    return make_person("dora", workspace="wonder")


@pytest.fixture
def marge(db: None) -> User:
    user = User.objects.create_user("marge", password="long-enough-for-everybody", is_staff=True)
    user.groups.add(Group.objects.get(name=REVIEWERS))
    return user


def status(person: Person, case: str) -> str:
    return str(say(person, "get", f"{CASES}/{case}").json()["status"])


def test_the_next_case_is_claimed_and_then_there_is_none(alice: Person, dora: Person, doubtful: str) -> None:
    taken = say(alice, "post", f"{CASES}/claim-next")
    assert (taken.status_code, taken.json()["id"], taken.json()["status"]) == (200, doubtful, "in_review")
    assert taken.json()["assigned_to"] == f"token:{alice.token.prefix}"
    again, other = say(alice, "post", f"{CASES}/claim-next"), say(dora, "post", f"{CASES}/claim-next")
    assert (again.json()["id"], other.status_code, other.content) == (doubtful, 204, b"")
    assert Assignment.objects.get().holder == f"token:{alice.token.prefix}"


def test_two_clients_get_two_cases(alice: Person, dora: Person, doubtful: str, picture: Picture) -> None:
    second = f"case_{submitted(alice, picture)['id'].partition('_')[2]}"
    told = {say(person, "post", f"{CASES}/claim-next").json()["id"] for person in (alice, dora)}
    assert told == {doubtful, second}


def test_another_workspaces_cases_are_nobodys_next(charlie: Person, doubtful: str) -> None:
    assert say(charlie, "post", f"{CASES}/claim-next").status_code == 204


def test_what_somebody_else_works_on_is_theirs(alice: Person, dora: Person, doubtful: str) -> None:
    say(alice, "post", f"{CASES}/{doubtful}/claim")
    for name in ("claim", "approve", "reject", "escalate"):
        refused = say(dora, "post", f"{CASES}/{doubtful}/{name}", {})
        assert (refused.status_code, refused.json()["error"]) == (409, "case_claimed"), name
    assert (say(dora, "post", f"{CASES}/{doubtful}/release").status_code, status(dora, doubtful)) == (200, "in_review")
    assert (Verification.objects.get().status, Escalation.objects.count()) == (VerificationStatus.DOUBLE_CHECK, 0)


def test_a_claim_that_idles_is_free(alice: Person, dora: Person, doubtful: str) -> None:
    say(alice, "post", f"{CASES}/{doubtful}/claim")
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert status(alice, doubtful) == "open"
        assert say(dora, "post", f"{CASES}/claim-next").json()["id"] == doubtful


def test_people_and_clients_keep_out_of_each_others_way(alice: Person, doubtful: str, marge: User) -> None:
    say(alice, "post", f"{CASES}/{doubtful}/claim")
    pk = Verification.objects.get().pk
    assert queue.claim_next(user=marge) is None
    with pytest.raises(Refused, match="token:"):
        queue.claim(user=marge, verification_id=pk)
    for _ in range(2):
        assert say(alice, "post", f"{CASES}/{doubtful}/release").json()["status"] == "open"
    assert queue.claim_next(user=marge) == pk
    shown = say(alice, "get", f"{CASES}/{doubtful}").json()
    assert (shown["status"], shown["assigned_to"]) == ("in_review", "marge")
    assert say(alice, "post", f"{CASES}/{doubtful}/claim").status_code == 409
    assert list(AuditEntry.objects.filter(action__startswith="case.").order_by("number").values_list("action", flat=True)) == [
        "case.claimed", "case.released", "case.claimed",
    ]  # fmt: skip


def test_an_escalated_case_is_nobodys_next_and_can_be_claimed_by_name(alice: Person, dora: Person, doubtful: str) -> None:
    for _ in range(2):
        raised = say(alice, "post", f"{CASES}/{doubtful}/escalate", {"reason": "Ask Ned Flanders"})
        assert (raised.status_code, raised.json()["status"], raised.json()["assigned_to"]) == (200, "escalated", None)
    assert raised.json()["escalated_at"] is not None
    assert (say(dora, "post", f"{CASES}/claim-next").status_code, Escalation.objects.count()) == (204, 1)
    assert b"Flanders" not in bytes(Escalation.objects.get().reason_sealed or b"")
    assert AuditEntry.objects.filter(action="case.escalated").count() == 1
    assert say(dora, "post", f"{CASES}/{doubtful}/claim").json()["assigned_to"] == f"token:{dora.token.prefix}"
    say(dora, "post", f"{CASES}/{doubtful}/approve", {})
    say(alice, "delete", f"/api/v1/sessions/{doubtful}/data")
    assert Escalation.objects.get().reason is None


def test_notes_are_for_colleagues_and_go_with_the_data(alice: Person, bob: Person, doubtful: str) -> None:
    made = say(alice, "post", f"{CASES}/{doubtful}/notes", {"text": "Called Homer."})
    assert (made.status_code, made.json()["text"], made.json()["author"]) == (201, "Called Homer.", f"token:{alice.token.prefix}")
    assert [note["id"] for note in say(bob, "get", f"{CASES}/{doubtful}/notes").json()["data"]] == [made.json()["id"]]
    assert b"Homer" not in bytes(Comment.objects.get().text_sealed or b"")
    for body in ({"text": ""}, {"text": "x" * 2001}, {}):
        assert say(alice, "post", f"{CASES}/{doubtful}/notes", body).status_code == 422
    assert (say(bob, "post", f"{CASES}/{doubtful}/notes", {"text": "x"}).status_code, Comment.objects.count()) == (403, 1)
    say(alice, "post", f"{CASES}/{doubtful}/reject", {})
    say(alice, "delete", f"/api/v1/sessions/{doubtful}/data")
    assert (say(alice, "get", f"{CASES}/{doubtful}/notes").json()["data"], Comment.objects.get().text) == ([], None)


@pytest.mark.parametrize(("name", "ends"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decided_case_stays_a_case(alice: Person, doubtful: str, name: str, ends: str) -> None:
    say(alice, "post", f"{CASES}/{doubtful}/claim")
    done = say(alice, "post", f"{CASES}/{doubtful}/{name}", {"reason": "Seen in person"})
    assert (done.json()["status"], done.json()["case_status"], status(alice, doubtful)) == ("completed", ends, ends)
    decided = Decision.objects.filter(workflow="Manual")
    assert (say(alice, "post", f"{CASES}/{doubtful}/{name}", {}).status_code, decided.count(), Assignment.objects.count()) == (200, 1, 0)
    for other in ("claim", "escalate"):
        refused = say(alice, "post", f"{CASES}/{doubtful}/{other}", {})
        assert (refused.status_code, refused.json()["error"]) == (400, "transition_not_allowed")
    assert (Assignment.objects.count(), Escalation.objects.count()) == (0, 0)


def test_a_list_of_one_status_has_just_those(alice: Person, dora: Person, doubtful: str, picture: Picture) -> None:
    others = [f"case_{submitted(alice, picture)['id'].partition('_')[2]}" for _ in range(3)]
    say(alice, "post", f"{CASES}/{others[0]}/claim")
    say(alice, "post", f"{CASES}/{others[1]}/escalate", {})
    say(alice, "post", f"{CASES}/{others[2]}/approve", {})
    wanted = dict(zip(("open", "in_review", "escalated", "approved"), [doubtful, *others], strict=True))
    for word in ("open", "in_review", "escalated", "pending_second_review", "approved", "rejected"):
        found = [(entry["id"], entry["status"]) for entry in say(alice, "get", f"{CASES}?status={word}").json()["data"]]
        assert found == ([(wanted[word], word)] if word in wanted else []), word
    assert {entry["id"] for entry in say(alice, "get", CASES).json()["data"]} == {doubtful, *others}
    inquiries = say(alice, "get", CASES, **JSON_API).json()["data"]
    assert {entry["attributes"]["status"] for entry in inquiries} == set(wanted)


def test_a_second_client_must_agree_where_two_are_needed(alice: Person, dora: Person, picture: Picture, script: Script) -> None:
    raw = {**FlowVersion.objects.filter(flow="usps1583").latest("number").document, "review": {"second_reviewer": True}}
    publish_flow(definition=FlowDefinition.parse(raw))
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.zip": "92026"}
    case = f"case_{submitted(alice, picture)['id'].partition('_')[2]}"
    first = say(alice, "post", f"{CASES}/{case}/approve", {})
    assert (first.json()["status"], first.json()["case_status"]) == ("under_review", "pending_second_review")
    assert say(alice, "post", f"{CASES}/claim-next").status_code == 204
    assert say(dora, "post", f"{CASES}/claim-next").json()["id"] == case
    assert say(dora, "post", f"{CASES}/{case}/approve", {}).json()["case_status"] == "approved"


def test_what_waits_for_nobody_is_no_case(alice: Person, picture: Picture, script: Script) -> None:
    passed = submitted(alice, picture)
    assert passed["status"] == VerificationStatus.APPROVED
    for method, path in (("get", ""), ("post", "/claim"), ("post", "/escalate"), ("get", "/notes")):
        refused = say(alice, method, f"{CASES}/{passed['id']}{path}", {} if method == "post" else None)
        assert (refused.status_code, refused.json()["error"]) == (404, "case_not_found")
    assert say(alice, "get", f"/api/v1/sessions/{passed['id']}").json()["case_id"] is None


def test_claiming_needs_the_scope_for_decisions(bob: Person, doubtful: str) -> None:
    for path in ("claim-next", f"{doubtful}/claim", f"{doubtful}/release", f"{doubtful}/escalate"):
        assert say(bob, "post", f"{CASES}/{path}", {}).status_code == 403
    assert Assignment.objects.count() == 0


def test_people_see_that_a_case_was_escalated_and_why(alice: Person, doubtful: str, marge: User) -> None:
    say(alice, "post", f"{CASES}/{doubtful}/escalate", {"reason": "The portrait looks pasted"})
    browser = Client()
    browser.force_login(marge)
    place = f"/admin/decisions/reviewcase/{Verification.objects.get().pk}/change/"
    shown = browser.get(place, follow=True).content.decode()
    assert ("Escalated" in shown, "The portrait looks pasted" in shown) == (True, True)
    assert "escalated" in browser.get("/admin/decisions/reviewcase/").content.decode()
