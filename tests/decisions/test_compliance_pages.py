"""Compliance officers' pages: bundles with their progress, inspectors' links, legal holds; and that nobody else has them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from scripted import Script

from decisions.apps import ADMINISTRATORS, COMPLIANCE, REVIEWERS
from decisions.models import Export, Inspection
from factories import Person, start, submitted, work_off
from flows import catalogue
from flows.services import publish_flow
from verifications.models import AuditEntry, LegalHold, Verification

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
EXPORT, INSPECTION, HOLD = "/admin/decisions/export/", "/admin/decisions/inspection/", "/admin/verifications/legalhold/"


def browser(name: str, group: str) -> Client:
    user, client = User.objects.create_user(name, is_staff=True), Client()
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return client


@pytest.fixture
def ned(db: None) -> Client:
    return browser("ned", COMPLIANCE)


@pytest.fixture
def case(alice: Person, picture: Picture, script: Script) -> Verification:
    return Verification.objects.get(pk=submitted(alice, picture)["id"])


def place(case: Verification) -> dict[str, str]:
    return {"workspace": case.workspace_id, "environment": case.environment, "flow": case.flow_id}


def quarter_of(case: Verification) -> str:
    assert case.finished_at is not None
    return f"{case.finished_at.year}Q{(case.finished_at.month + 2) // 3}"


def messages(answer: Any) -> list[str]:
    return [str(entry) for entry in answer.context["messages"]]


def counts() -> tuple[int, ...]:
    return tuple(kind.objects.count() for kind in (Export, Inspection, LegalHold, AuditEntry))


def test_a_bundle_is_ordered_shown_downloaded_and_signed_off(ned: Client, case: Verification) -> None:
    page = ned.post(f"{EXPORT}add/", {**place(case), "quarter": quarter_of(case)}, follow=True)
    export = Export.objects.get()
    assert page.redirect_chain == [(f"{EXPORT}{export.pk}/change/", 302)]
    assert "Pending" in page.content.decode()
    assert "Download" not in page.content.decode()
    assert ned.get(f"{EXPORT}{export.pk}/progress/").json() == {"state": "Pending", "done": 0, "total": 0, "runs": True}
    assert messages(ned.get(f"{EXPORT}{export.pk}/file/", follow=True)) == ["The export is not ready, or no longer kept."]
    assert messages(ned.post(f"{EXPORT}{export.pk}/sign_off/", follow=True)) == ["The export is not ready, or no longer kept."]
    work_off()
    assert ned.get(f"{EXPORT}{export.pk}/progress/").json() == {"state": "Done", "done": 1, "total": 1, "runs": False}
    assert "1 of 1 mailboxes" in ned.get(f"{EXPORT}{export.pk}/change/").content.decode()
    answer = ned.get(f"{EXPORT}{export.pk}/file/")
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert "no-store" in answer["Cache-Control"]
    assert messages(ned.post(f"{EXPORT}{export.pk}/sign_off/", follow=True)) == [f"You answer for {export.quarter}."]
    assert "1 of 1" in ned.get(EXPORT).content.decode()
    trail = AuditEntry.objects.filter(subject=export.pk).order_by("number").values_list("action", "actor")
    assert [action for action, actor in trail if actor == "user:ned"] == ["export.requested", "export.downloaded", "export.signed_off"]


@pytest.mark.parametrize("change", [{"quarter": "1999Q1"}, {"flow": ""}, {"workspace": "wsp_nothing"}])
def test_a_bundle_of_nothing_is_refused(ned: Client, case: Verification, change: dict[str, str]) -> None:
    before = counts()
    assert ned.post(f"{EXPORT}add/", {**place(case), "quarter": quarter_of(case), **change}).status_code == 200
    assert counts() == before


def test_a_link_is_shown_once_logged_and_revoked(ned: Client, case: Verification) -> None:
    answer = ned.post(f"{INSPECTION}add/", {**place(case), "cases": f"{case.pk}\n", "hours": 4})
    found = re.search(r'value="http://testserver(/inspect/[^"]+)"', answer.content.decode())
    assert found
    inspection = Inspection.objects.get()
    assert "no-store" in answer["Cache-Control"]
    assert [row.pk for row in inspection.verifications.all()] == [case.pk]
    assert Client().get(found[1]).status_code == 200
    assert Client().get(f"{found[1]}/{case.pk}").status_code == 200
    shown = ned.get(f"{INSPECTION}{inspection.pk}/change/").content.decode()
    assert found[1].rpartition("/")[2] not in shown
    assert shown.count("<td>inspector</td>") == 2
    assert "inspection.record_viewed" in shown
    assert messages(ned.post(f"{INSPECTION}{inspection.pk}/revoke/", follow=True)) == ["The link opens nothing any more."]
    assert Client().get(found[1]).status_code == 410
    assert "Revoke now" not in ned.get(f"{INSPECTION}{inspection.pk}/change/").content.decode()


@pytest.mark.parametrize("text", ["", "ver_nothing", "  \n "])
def test_a_link_to_nothing_is_refused(ned: Client, case: Verification, text: str) -> None:
    before = counts()
    answer = ned.post(f"{INSPECTION}add/", {**place(case), "cases": text, "hours": 4}, follow=True)
    assert "inspect/" not in answer.content.decode()
    assert counts() == before


def test_a_hold_is_placed_with_its_reason_and_lifted(ned: Client, alice: Person, case: Verification) -> None:
    before = counts()
    assert ned.post(f"{HOLD}add/", {"verification": case.pk, "reason": ""}).status_code == 200
    assert ned.post(f"{HOLD}add/", {"verification": "ver_nothing", "reason": "x"}).status_code == 200
    assert counts() == before
    page = ned.post(f"{HOLD}add/", {"verification": case.pk, "reason": "Subpoena 12/26"}, follow=True)
    hold = LegalHold.objects.get()
    assert (hold.verification_id, hold.reason, hold.placed_by) == (case.pk, "Subpoena 12/26", "user:ned")
    assert "Subpoena 12/26" in page.content.decode()
    assert "Subpoena" not in ned.get(HOLD).content.decode()
    assert "Legal hold" in ned.get(f"/admin/decisions/reviewcase/{case.pk}/change/").content.decode()
    assert alice.delete(f"/usps1583/verifications/{case.pk}/data").json()["code"] == "legal_hold"
    for _ in range(2):
        assert messages(ned.post(f"{HOLD}{hold.pk}/lift/", follow=True)) == ["The hold is lifted; retention times count again."]
    assert LegalHold.objects.get().lifted_by == "user:ned"
    assert list(AuditEntry.objects.filter(subject=hold.pk).order_by("number").values_list("action", flat=True)) == [
        "legal_hold.placed", "legal_hold.lifted",
    ]  # fmt: skip
    assert alice.delete(f"/usps1583/verifications/{case.pk}/data").status_code == 200
    assert ned.get(f"{HOLD}{hold.pk}/change/").status_code == 200


@pytest.mark.parametrize("group", [REVIEWERS, ADMINISTRATORS])
def test_nobody_else_exports_shows_or_stops_anything(alice: Person, ned: Client, case: Verification, group: str) -> None:
    export = Export.objects.get(pk=alice.post("/usps1583/exports", {"quarter": quarter_of(case)}).json()["data"]["id"])
    ned.post(f"{HOLD}add/", {"verification": case.pk, "reason": "x"})
    hold, other = LegalHold.objects.get(), browser("other", group)
    work_off()
    before = counts()
    reads = [EXPORT, f"{EXPORT}add/", INSPECTION, f"{INSPECTION}add/", HOLD, f"{HOLD}add/", f"{HOLD}{hold.pk}/change/"]
    reads += [f"{EXPORT}{export.pk}/{part}/" for part in ("change", "file", "progress")]
    posts = [f"{EXPORT}{export.pk}/sign_off/", f"{HOLD}{hold.pk}/lift/", f"{EXPORT}add/", f"{INSPECTION}add/", f"{HOLD}add/"]
    assert [other.get(address).status_code for address in reads] == [403] * len(reads)
    assert [other.post(address, {**place(case), "quarter": quarter_of(case)}).status_code for address in posts] == [403] * len(posts)
    assert counts() == before
    assert Client().get(f"{EXPORT}{export.pk}/file/").status_code == 302


def test_protected_people_are_exported_by_those_who_may_see_them(alice: Person, case: Verification) -> None:
    user = User.objects.create_user("otto", is_staff=True)
    group = Group.objects.create(name="Exporters")
    group.permissions.set(Group.objects.get(name=COMPLIANCE).permissions.exclude(codename="view_protected_reviewcase"))
    user.groups.add(group)
    otto = Client()
    otto.force_login(user)
    Verification.objects.filter(pk=case.pk).update(protected=True)
    before = counts()
    asked = {**place(case), "quarter": quarter_of(case), "include_protected": "on"}
    assert otto.post(f"{EXPORT}add/", asked).status_code == 403
    assert otto.post(f"{INSPECTION}add/", {**place(case), "cases": case.pk, "hours": 4}).status_code == 403
    assert counts() == before
    export = alice.post("/usps1583/exports", {"quarter": quarter_of(case), "include_protected": True}).json()["data"]["id"]
    work_off()
    assert otto.get(f"{EXPORT}{export}/file/").status_code == 403
    assert not AuditEntry.objects.filter(action="export.downloaded").exists()


def test_a_flow_of_others_is_refused_in_words(ned: Client, alice: Person) -> None:
    case = Verification.objects.get(pk=start(alice)["id"])
    for definition in catalogue.definitions():
        publish_flow(definition=definition)
    flow = case.flow
    flow.active = False
    flow.save()
    before = counts()
    answer = ned.post(f"{EXPORT}add/", {**place(case), "quarter": "2026Q4"}, follow=True)
    assert answer.status_code == 200
    assert counts() == before
