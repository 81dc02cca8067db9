"""The operator's lists: kept over HTTP and in the admin, honoured by the rules, ended by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from scripted import LEASE, Script

from decisions.models import ListEntry
from factories import Person, make_person, start, upload, work_off
from verifications.models import AuditEntry

pytestmark = pytest.mark.django_db
Picture = Callable[..., bytes]
NUMBER = {"kind": "blocked_document_number", "value": "L898902C3", "reason": "Reported stolen."}
ADDRESS = {"kind": "own_address", "value": "742 Evergreen Terrace, Springfield OR 97477", "reason": "Our store."}


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def add(person: Person, entry: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = person.post("/lists", {**entry, **more})
    assert response.status_code == 201, response.content
    return response.json()["data"]  # type: ignore[no-any-return]


def judged(person: Person, picture: Picture, **expected: Any) -> dict[str, Any]:
    case = start(person, expected_data=expected)
    upload(person, case, type=1, front=picture(seed=1))
    upload(person, case, context="PROOF_OF_ADDRESS", type=24, front=picture(seed=2))
    work_off(twice=False)
    person.post(f"/usps1583/verifications/{case['id']}/submit")
    work_off(twice=False)
    return person.get(f"/usps1583/verifications/{case['id']}").json()["data"]  # type: ignore[no-any-return]


def outcome(case: dict[str, Any], rule: str) -> tuple[str, str | None]:
    checks = [check for document in case["documents"] for check in document["checks"] if check["rule"] == rule]
    worst = min(checks, key=lambda check: ["error", "warning", "pass", "not_applicable"].index(check["outcome"]))
    return worst["outcome"], worst["reason_code"]


def test_an_entry_is_added_shown_listed_and_removed(alice: Person) -> None:
    entry = add(alice, NUMBER, expires_at="2099-01-31T10:00:00+02:00")
    assert entry == {
        "id": entry["id"], "kind": "blocked_document_number", "value": "L898902C3", "reason": "Reported stolen.",
        "created_by": f"token:{alice.token.prefix}", "created_at": entry["created_at"], "expires_at": "2099-01-31T08:00:00.000000Z",
    }  # fmt: skip
    other = add(alice, ADDRESS)
    assert alice.get(f"/lists/{entry['id']}").json()["data"] == entry
    assert [row["id"] for row in alice.get("/lists").json()["data"]] == [other["id"], entry["id"]]
    assert [row["id"] for row in alice.get("/lists?kind=own_address").json()["data"]] == [other["id"]]
    assert alice.get("/lists").json()["meta"]["total"] == 2
    assert alice.delete(f"/lists/{entry['id']}").status_code == 204
    assert refused(alice.get(f"/lists/{entry['id']}")) == (404, "list_entry_not_found")
    assert refused(alice.delete(f"/lists/{entry['id']}")) == (404, "list_entry_not_found")
    actions = [row.action for row in AuditEntry.objects.filter(action__startswith="list_entry").order_by("number")]
    assert actions == ["list_entry.added", "list_entry.added", "list_entry.removed"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "people"}, "kind"), ({"kind": None}, "kind"), ({"value": ""}, "value"), ({"value": "A-1"}, "value"), ({"reason": ""}, "reason"),
        ({"value": 5}, "value"), ({"expires_at": "2020-01-01"}, "expires_at"), ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": "2099-01-01T10:00:00"}, "expires_at"), ({"kind": "own_address", "value": "Main Street"}, "value"),
        ({"kind": "blocked_name", "value": " . "}, "value"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed(alice: Person, change: dict[str, Any], field: str) -> None:
    response = alice.post("/lists", {**NUMBER, **change})
    assert refused(response) == (422, "validation_failed")
    assert list(response.json()["errors"]) == [field]
    assert (ListEntry.objects.count(), AuditEntry.objects.filter(action__startswith="list_entry").count()) == (0, 0)


def test_a_value_is_listed_once_however_it_is_written(alice: Person) -> None:
    add(alice, NUMBER)
    assert refused(alice.post("/lists", {**NUMBER, "value": "l898-902 c3"})) == (400, "list_entry_exists")
    assert ListEntry.objects.count() == 1
    ListEntry.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    add(alice, NUMBER)
    assert ListEntry.objects.count() == 1


def test_another_workspace_or_environment_has_lists_of_its_own(alice: Person, bob: Person, charlie: Person) -> None:
    entry = add(alice, NUMBER)
    live = make_person("live", workspace="wonder", environment="live")
    for stranger in (charlie, live):
        assert stranger.get("/lists").json()["data"] == []
        assert refused(stranger.get(f"/lists/{entry['id']}")) == (404, "list_entry_not_found")
        assert refused(stranger.delete(f"/lists/{entry['id']}")) == (404, "list_entry_not_found")
    assert bob.get("/lists").json()["meta"]["total"] == 1
    assert refused(bob.post("/lists", ADDRESS)) == (403, "missing_scope")
    assert refused(bob.delete(f"/lists/{entry['id']}")) == (403, "missing_scope")
    assert ListEntry.objects.count() == 1
    assert refused(alice.get("/lists?kind=people")) == (422, "validation_failed")


def test_nothing_of_an_entry_is_stored_in_the_clear(alice: Person) -> None:
    add(alice, NUMBER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM decisions_listentry")
        stored = repr([bytes(value) if isinstance(value, memoryview) else value for row in cursor.fetchall() for value in row])
    assert "L898902C3" not in stored
    assert "stolen" not in stored
    assert "L898902C3" not in repr(list(AuditEntry.objects.values()))


def test_a_blocked_number_rejects_with_code_sentence_and_fix(alice: Person, picture: Picture, script: Script) -> None:
    entry = add(alice, NUMBER)
    case = judged(alice, picture)
    assert (case["status_label"], outcome(case, "document_not_blocked")) == ("Rejected", ("error", "document_blocked"))
    decision = next(row for row in case["decisions"] if row["status"] == 4)
    assert (decision["reasons"], decision["fix"]) == (["document_blocked"], "contact_operator")
    assert decision["message"] == "This document cannot be accepted. Please contact the operator."
    check = next(check for check in case["documents"][0]["checks"] if check["outcome"] == "error")
    assert check["evidence"]["computed"] == {"entries": [entry["id"]]}


def test_a_number_read_with_doubt_rejects_nobody(alice: Person, picture: Picture, script: Script) -> None:
    add(alice, NUMBER)
    script.confidence = 0.6
    case = judged(alice, picture)
    assert (case["status_label"], outcome(case, "document_not_blocked")) == ("Double Check", ("warning", "reading_uncertain"))


def test_a_blocked_name_is_for_a_person(alice: Person, picture: Picture, script: Script) -> None:
    add(alice, {"kind": "blocked_name", "value": "HOMER SIMPSON", "reason": "Mail fraud in 2024."})
    case = judged(alice, picture)
    assert (case["status_label"], outcome(case, "holder_not_blocked")) == ("Double Check", ("warning", "name_on_list"))


def test_the_operators_own_address_is_no_home(alice: Person, picture: Picture, script: Script) -> None:
    add(alice, ADDRESS)
    case = judged(alice, picture)
    assert (case["status_label"], outcome(case, "home_is_not_cmra")) == ("Rejected", ("error", "cmra_home"))


def test_a_known_agency_is_for_a_person(alice: Person, picture: Picture, script: Script) -> None:
    add(alice, {**ADDRESS, "kind": "known_cmra_address", "value": "742 EVERGREEN TER # 9, SPRINGFIELD, OR 97477-1234"})
    script.fields["PROOF_OF_ADDRESS"] = {**LEASE, "address.street": "742 Evergreen Terrace # 12"}
    case = judged(alice, picture)
    assert (case["status_label"], outcome(case, "home_is_not_cmra")) == ("Double Check", ("warning", "address_of_known_cmra"))


@pytest.mark.parametrize("entry", [NUMBER, ADDRESS, {"kind": "blocked_name", "value": "Homer Simpson", "reason": "x"}], ids=lambda row: row["kind"])
def test_an_entry_that_ended_or_is_elsewhere_counts_no_more(
    alice: Person, charlie: Person, picture: Picture, script: Script, entry: dict[str, Any]
) -> None:
    add(alice, entry)
    add(charlie, entry)
    ListEntry.objects.filter(workspace=alice.token.workspace).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert judged(alice, picture)["status_label"] == "Approved"


class TestAdmin:
    @pytest.fixture
    def boss(self) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("burns", password="long-enough-for-everybody"))
        return client

    def form(self, alice: Person, **changes: str) -> dict[str, str]:
        return {"workspace": alice.token.workspace_id, "environment": "sandbox", **ADDRESS, "expires_at_0": "", "expires_at_1": "", **changes}

    def test_an_entry_is_added_with_its_reason_and_taken_off(self, boss: Client, alice: Person) -> None:
        added = boss.post("/admin/decisions/listentry/add/", self.form(alice, expires_at_0="2099-01-31", expires_at_1="00:00:00"))
        assert added.status_code == 302
        entry = ListEntry.objects.get()
        assert (entry.content["reason"], entry.created_by, entry.expires_at.year) == ("Our store.", "user:burns", 2099)  # type: ignore[union-attr]
        page = boss.get("/admin/decisions/listentry/").content.decode()
        assert "742 Evergreen Terrace" in page
        assert "Our store." in page
        assert alice.get(f"/lists/{entry.pk}").status_code == 200
        assert boss.get(f"/admin/decisions/listentry/{entry.pk}/change/").status_code == 200
        assert boss.post(f"/admin/decisions/listentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 302
        assert ListEntry.objects.count() == 0
        assert [row.action for row in AuditEntry.objects.filter(action__startswith="list_entry").order_by("number")] == [
            "list_entry.added",
            "list_entry.removed",
        ]

    def test_a_file_is_blocked_by_its_hash(self, boss: Client, alice: Person) -> None:
        short = boss.post("/admin/decisions/listentry/add/", self.form(alice, kind="blocked_file", value="ab" * 31))
        assert "The SHA-256 of the file as it is uploaded is needed" in short.content.decode()
        added = boss.post("/admin/decisions/listentry/add/", self.form(alice, kind="blocked_file", value="AB" * 32))
        entry = ListEntry.objects.get()
        assert (added.status_code, entry.kind, refused(alice.post("/lists", {"kind": "blocked_file", "value": "ab" * 32, "reason": "x"}))) == (
            302, "blocked_file", (400, "list_entry_exists"),
        )  # fmt: skip
        assert "AB" * 32 in boss.get("/admin/decisions/listentry/").content.decode()

    def test_several_are_taken_off_at_once(self, boss: Client, alice: Person) -> None:
        ids = [add(alice, NUMBER)["id"], add(alice, ADDRESS)["id"]]
        boss.post("/admin/decisions/listentry/", {"action": "delete_selected", "_selected_action": ids, "post": "yes"})
        assert (ListEntry.objects.count(), AuditEntry.objects.filter(action="list_entry.removed").count()) == (0, 2)

    def test_what_cannot_be_listed_is_told_in_the_form(self, boss: Client, alice: Person) -> None:
        response = boss.post("/admin/decisions/listentry/add/", self.form(alice, value="Main Street"))
        assert "A street address of the USA with house number and ZIP code is needed." in response.content.decode()
        add(alice, ADDRESS)
        again = boss.post("/admin/decisions/listentry/add/", self.form(alice), follow=True)
        assert "This value is on the list already." in again.content.decode()
        assert ListEntry.objects.count() == 1

    def test_nobody_edits_an_entry(self, boss: Client, alice: Person) -> None:
        entry = add(alice, ADDRESS)
        assert boss.post(f"/admin/decisions/listentry/{entry['id']}/change/", self.form(alice, reason="Another")).status_code == 403
        assert ListEntry.objects.get().content["reason"] == "Our store."
