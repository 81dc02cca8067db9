"""An accepted document that runs out soon is told once, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from scripted import PASSPORT, Script

from config.upkeep import run_schedule
from documents.expiring import tell_expiring
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


@pytest.mark.parametrize(("days", "told"), [(-1, 0), (0, 1), (30, 1), (31, 0)])
def test_within_thirty_days(alice: Person, picture: Callable[..., bytes], script: Script, days: int, told: int) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        document = _approved(alice, picture, script, "2026-09-15")
        clock.move_to(datetime(2026, 9, 15, 12, tzinfo=ZoneInfo("UTC")) - timedelta(days=days))
        assert [tell_expiring(), tell_expiring()] == [told, 0]
        assert run_schedule(everything=True)["documents.expiring.tell_expiring"] == 0
    found = Event.objects.filter(type="document.expiring")
    assert [event.data["document_id"] for event in found] == [document] * told
    assert all(set(event.data) >= {"status", "document_type", "sequence"} and "2026-09-15" not in str(event.data) for event in found)


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
