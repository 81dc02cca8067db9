"""One file that is shown in many cases at once, and a paused case that many let go on: on PostgreSQL by ``tests/test_production.py``."""

from __future__ import annotations

from collections import Counter

import pytest
from racing import at_once

from config.api.uploads import Base64Upload
from decisions import suspicion
from documents import packages
from documents.services import DocumentChange
from factories import Person, b64, drawn
from verifications.models import Event, OutboxMessage, Verification
from verifications.services import Caller

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("racing")]


def _package(caller: Caller, number: int) -> Verification:
    """A case with a photo ID that all have, and a paper of its own."""
    changes = [DocumentChange("PHOTO_ID", 1, "USA", Base64Upload(b64(drawn())), None),
               DocumentChange("PROOF_OF_ADDRESS", 24, "USA", Base64Upload(b64(drawn(seed=number + 2))), None)]  # fmt: skip
    return packages.submit_package(caller=caller, flow="usps1583", fields={}, documents=changes, gate=suspicion.signs_of_fraud)


def test_one_file_in_many_cases_at_once_is_noticed_in_all_but_the_first(alice: Person) -> None:
    told = at_once([lambda number=number: _package(alice.caller, number).get_status_display() for number in range(4)])  # type: ignore[misc]
    assert Counter(told) == {"Submitted": 1, "Hold": 3}


def test_many_who_let_a_case_go_on_at_once_do_it_once(alice: Person) -> None:
    _package(alice.caller, 1)
    paused = _package(alice.caller, 2)
    assert paused.is_paused

    def go_on() -> str:
        return packages.continue_verification(caller=alice.caller, flow="usps1583", verification_id=paused.pk).get_status_display()

    assert at_once([go_on] * 6) == ["Submitted"] * 6
    assert Event.objects.filter(type="verification.resumed").count() == 1
    assert OutboxMessage.objects.filter(event="document.reading_requested", payload__verification_id=paused.pk).count() == 4
