"""What happens once though many ask at the same time: the first visit of a link, and the claim of a case. Run by ``tests/test_production.py``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from django.utils import timezone
from racing import at_once

from decisions import desk
from documents import capture
from factories import Person, make_person, start
from verifications.models import AuditEntry, CaptureLink, Verification, VerificationStatus
from verifications.services import Caller

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("racing")]


def test_one_of_many_visits_at_once_is_the_first(alice: Person) -> None:
    case = start(alice)
    token = str(capture.path_of(capture.issue_link(caller=alice.caller, verification_id=case["id"]))).rpartition("/")[2]

    def visit() -> str:
        return capture.visit(token).link.pk

    told = Counter(at_once([visit] * 8))
    assert told == {CaptureLink.objects.get().pk: 1, "link_used": 7}
    assert AuditEntry.objects.filter(action="capture.opened").count() == 1


def test_clients_that_ask_at_once_get_a_case_each(alice: Person) -> None:
    wanted = {start(alice)["id"] for _ in range(3)}
    Verification.objects.filter(pk__in=wanted).update(status=VerificationStatus.DOUBLE_CHECK, submitted_at=timezone.now())
    callers = [make_person(f"client {number}", workspace="wonder").caller for number in range(5)]

    def ask(caller: Caller) -> Callable[[], str | None]:
        def act() -> str | None:
            found = desk.claim_next(caller=caller)
            return found.pk if found is not None else None

        return act

    told = at_once([ask(caller) for caller in callers])
    assert Counter(told) == {None: 2, **dict.fromkeys(wanted, 1)}
