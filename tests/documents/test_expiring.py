"""An accepted document that runs out is told 60 and 30 days ahead and on the day, each once, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from scripted import PASSPORT, Script

from config.upkeep import run_schedule
from documents import expiring
from documents.expiring import stage_of, tell_expiring
from documents.models import Document
from factories import Person, start, upload, work_off
from verifications.models import Event, Verification

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("UTC"))


def _approved(alice: Person, picture: Callable[..., bytes], script: Script, expiry: str) -> str:
    script.fields["PHOTO_ID"] = {**PASSPORT, "document.expiration_date": expiry}
    case = start(alice, "identity")
    photo = upload(alice, case, "identity", front=picture(seed=1))
    upload(alice, case, "identity", context="SELFIE", type=61, front=picture(seed=2))
    alice.post(f"/identity/verifications/{case['id']}/submit")
    work_off()
    if Verification.objects.get(pk=case["id"]).status != 3:
        # The drawn zone of the machine says another date: a person has looked.
        for document in alice.get(f"/identity/verifications/{case['id']}").json()["data"]["documents"]:
            alice.post("/identity/decisions", {"document": document["id"], "status": 3, "note": "seen"})
        work_off()
    assert Verification.objects.get(pk=case["id"]).status == 3
    return str(photo["id"])


def told() -> list[int]:
    return [event.data["days"] for event in Event.objects.filter(type="document.expiring").order_by("sequence")]


def days_before(day: int) -> datetime:
    return datetime(2026, 9, 15, 12, tzinfo=ZoneInfo("UTC")) - timedelta(days=day)


@pytest.mark.parametrize(("left", "stage"), [(61, None), (60, 60), (31, 60), (30, 30), (1, 30), (0, 0), (-1, 0), (-400, 0)], ids=str)
def test_the_nearest_stage_that_has_come(left: int, stage: int | None) -> None:
    assert stage_of(left) == stage


def test_three_times_each_once(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        document = _approved(alice, picture, script, "2026-09-15")
        found = []
        for day in range(65, -6, -1):
            clock.move_to(days_before(day))
            assert tell_expiring() + tell_expiring() == (day in (60, 30, 0))
            found.append((day, list(told())))
        assert run_schedule(everything=True)["documents.expiring.tell_expiring"] == 0
    assert [stages for day, stages in found if day in (61, 60, 31, 30, 1, 0, -5)] == [[], [60], [60], [60, 30], [60, 30], [60, 30, 0], [60, 30, 0]]
    for event in Event.objects.filter(type="document.expiring"):
        assert event.data["document_id"] == document
        assert set(event.data) >= {"status", "document_type", "sequence"}
        assert "2026-09-15" not in str(event.data)


@pytest.mark.parametrize(("days", "expected"), [((45,), [60]), ((20, 10), [30]), ((-3,), [0]), ((58, -2), [60, 0]), ((20, -2, -4), [30, 0])])
def test_what_was_missed_is_not_made_up_for(
    alice: Person, picture: Callable[..., bytes], script: Script, days: tuple[int, ...], expected: list[int]
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        _approved(alice, picture, script, "2026-09-15")
        for day in days:
            clock.move_to(days_before(day))
            tell_expiring()
    assert told() == expected


def test_two_at_once_tell_it_once(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    """The second has looked before the first wrote."""
    with time_machine.travel(NOW, tick=False) as clock:
        _approved(alice, picture, script, "2026-09-15")
        clock.move_to(days_before(60))
        both = [list(expiring._due()), list(expiring._due())]
        assert [sum(expiring._tell(*row) for row in rows) for rows in both] == [1, 0]
    assert told() == [60]


def test_what_had_run_out_when_it_was_accepted_is_no_news(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    with time_machine.travel(NOW, tick=False):
        _approved(alice, picture, script, "2026-06-11")
        assert stage_of(10) == 30
        Verification.objects.update(finished_at=NOW + timedelta(days=11))
        assert tell_expiring() == 0


def test_a_corrected_date_begins_anew(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        document = _approved(alice, picture, script, "2026-06-11")
        assert (tell_expiring(), told()) == (1, [30])
        alice.post("/identity/decisions", {"document": document, "status": 5, "note": "misread"})
        corrected = {"fields": {"document.expiration_date": "2026-07-11"}, "reason": "misread"}
        assert alice.patch(f"/identity/documents/{document}/extracted-data", corrected).status_code == 200
        alice.post("/identity/decisions", {"document": document, "status": 3})
        work_off()
        assert (tell_expiring(), told()) == (1, [30, 60])
        clock.move_to(datetime(2026, 7, 11, 12, tzinfo=ZoneInfo("UTC")))
        assert (tell_expiring(), told()) == (1, [30, 60, 0])


def test_a_renewed_one_is_not_told(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    with time_machine.travel(NOW, tick=False):
        document = _approved(alice, picture, script, "2026-06-15")
        earlier = Document.objects.get(pk=document).verification_id
        renewal = start(alice, "identity", renews=earlier)
        assert Verification.objects.get(pk=renewal["id"]).renews_id == earlier
        with transaction.atomic():
            Verification.objects.filter(pk=renewal["id"]).update(**{"status": 3})
            assert tell_expiring() == 0
            transaction.set_rollback(True)
        assert tell_expiring() == 1


def test_a_redacted_or_reopened_one_is_not(alice: Person, picture: Callable[..., bytes], script: Script) -> None:
    with time_machine.travel(NOW, tick=False):
        document = _approved(alice, picture, script, "2026-06-15")
        alice.post("/identity/decisions", {"document": document, "status": 5, "note": "again"})
        assert tell_expiring() == 0
        alice.post("/identity/decisions", {"document": document, "status": 3})
        work_off()
        Verification.objects.update(redacted_at=NOW)
        assert tell_expiring() == 0
        Verification.objects.update(redacted_at=None)
        assert tell_expiring() == 1
