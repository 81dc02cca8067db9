"""Cases over the API, where a client's software stands for the person who looks: claim, give back, escalate, note, decide.

A case is a verification that waits for a person, or that a person decided. Its claims are the review queue's, so that people and clients keep out of
each other's way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from decisions import comments, queue, verdicts
from decisions.models import Assignment, Comment, Decision, Escalation, Opinion, Workflow
from decisions.review_models import Audience
from flows.errors import Refused
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.models import Verification, VerificationStatus
from verifications.services import Caller, find_verification

STATUSES = ("open", "in_review", "escalated", "pending_second_review", "approved", "rejected")
_DECIDED = {VerificationStatus.APPROVED: "approved", VerificationStatus.REJECTED: "rejected"}


@dataclass(frozen=True, slots=True)
class CaseState:
    """``status`` is one of STATUSES; ``holder`` who works on it; ``due_at`` when the flow's target for waiting is over."""

    status: str
    holder: str | None = None
    claimed_at: datetime | None = None
    escalated_at: datetime | None = None
    due_at: datetime | None = None


def states_of(rows: Sequence[Verification]) -> dict[str, CaseState]:
    """By verification, for those that are cases; at most four queries."""
    waiting = {row.pk: row for row in rows if row.status == VerificationStatus.DOUBLE_CHECK}
    found = {pk: _waiting_state(row, None, None, seconded=False) for pk, row in waiting.items()}
    if waiting:
        claims = {entry.pk: entry for entry in Assignment.objects.filter(queue.held(timezone.now()), pk__in=list(waiting)).select_related("reviewer")}
        raised = {entry.pk: entry for entry in Escalation.objects.filter(pk__in=list(waiting))}
        opinions = Opinion.objects.filter(verification__in=list(waiting), closed_at__isnull=True, document__superseded_at__isnull=True)
        second = set(opinions.values_list("verification_id", flat=True))
        found = {pk: _waiting_state(row, claims.get(pk), raised.get(pk), seconded=pk in second) for pk, row in waiting.items()}
    decided = {row.pk: _DECIDED[VerificationStatus(row.status)] for row in rows if row.status in _DECIDED}
    if decided:
        by_hand = Decision.objects.filter(verification__in=list(decided), workflow=Workflow.MANUAL)
        for pk in set(by_hand.values_list("verification_id", flat=True)):
            found[pk] = CaseState(decided[pk])
    return found


def _waiting_state(row: Verification, claim: Assignment | None, raised: Escalation | None, *, seconded: bool) -> CaseState:
    is_raised = raised is not None and raised.attempt == row.attempt
    status = "pending_second_review" if seconded else "escalated" if is_raised else "in_review" if claim is not None else "open"
    return CaseState(
        status=status,
        holder=claim.who if claim is not None else None,
        claimed_at=claim.assigned_at if claim is not None else None,
        escalated_at=raised.escalated_at if raised is not None and is_raised else None,
        due_at=row.submitted_at + timedelta(hours=row.definition.review.target_hours) if row.submitted_at else None,
    )


def list_cases(*, caller: Caller, status: str | None = None) -> QuerySet[Verification]:
    """Newest first; with ``status`` one of STATUSES, only those."""
    rows = Verification.objects.filter(workspace=caller.workspace, environment=caller.environment, standalone=False)
    by_hand = Exists(Decision.objects.filter(verification=OuterRef("pk"), workflow=Workflow.MANUAL))
    waits = rows.filter(status=VerificationStatus.DOUBLE_CHECK)
    if status in _DECIDED.values():
        wanted = next(number for number, word in _DECIDED.items() if word == status)
        rows = rows.filter(by_hand, status=wanted)
    elif status is None:
        rows = waits | rows.filter(by_hand, status__in=list(_DECIDED))
    else:
        rows = _narrowed(waits, status)
    return rows.select_related("flow_version").order_by("-created_at", "-id")


def _narrowed(waits: QuerySet[Verification], status: str) -> QuerySet[Verification]:
    seconded = Exists(Opinion.objects.filter(verification=OuterRef("pk"), closed_at__isnull=True, document__superseded_at__isnull=True))
    raised = Exists(Escalation.objects.filter(verification=OuterRef("pk"), attempt=OuterRef("attempt")))
    taken = Exists(Assignment.objects.filter(queue.held(timezone.now()), verification=OuterRef("pk")))
    if status == "pending_second_review":
        return waits.filter(seconded)
    if status == "escalated":
        return waits.filter(~seconded, raised)
    return waits.filter(~seconded, ~raised, taken if status == "in_review" else ~taken)


def get_case(*, caller: Caller, verification_id: str) -> tuple[Verification, CaseState]:
    """Raises Refused: verification_not_found, case_not_found."""
    found = find_verification(caller=caller, verification_id=verification_id)
    state = states_of([found]).get(found.pk)
    if state is None:
        raise Refused("case_not_found", "No such case.", status=404)
    return found, state


@transaction.atomic
def claim_next(*, caller: Caller) -> Verification | None:
    """The caller's own oldest open case, else the oldest that is free and not escalated; None when there is none. Two who ask at once get two."""
    rows = Verification.objects.filter(workspace=caller.workspace, environment=caller.environment, status=VerificationStatus.DOUBLE_CHECK)
    first_line = rows.exclude(escalation__attempt=F("attempt")).order_by("submitted_at", "id")
    pk = queue.take_next(first_line, queue.Worker(caller.name))
    return find_verification(caller=caller, verification_id=pk) if pk is not None else None


@transaction.atomic
def claim(*, caller: Caller, verification_id: str) -> None:
    """Take a case, or go on with one's own. Raises Refused: verification_not_found, case_not_found, case_claimed, transition_not_allowed."""
    found = _waiting(caller, verification_id)
    queue.take_this(found.pk, queue.Worker(caller.name))


@transaction.atomic
def release(*, caller: Caller, verification_id: str) -> None:
    """Give a case back; repeating it changes nothing. Raises Refused: verification_not_found, case_not_found."""
    found, _ = get_case(caller=caller, verification_id=verification_id)
    lock_verification(found.pk)
    queue.give_back(found.pk, queue.Worker(caller.name))


@transaction.atomic
def escalate(*, caller: Caller, verification_id: str, reason: str) -> None:
    """Leave a case to somebody more experienced: it is given back, and nobody gets it as their next one. Repeating it changes nothing.

    Raises Refused: verification_not_found, case_not_found, case_claimed, transition_not_allowed.
    """
    found = _waiting(caller, verification_id)
    worker = queue.Worker(caller.name)
    if Escalation.objects.filter(verification=found, attempt=found.attempt).exists():
        return
    queue.take_this(found.pk, worker)
    Escalation.objects.filter(verification=found).delete()
    raised = Escalation(verification=found, attempt=found.attempt, escalated_by=caller.name, escalated_at=timezone.now())
    raised.reason = reason or None
    raised.save(force_insert=True)
    audit.record(workspace_id=found.workspace_id, actor=caller.name, action="case.escalated", subject=found.pk, verification=found.pk)
    queue.give_back(found.pk, worker)


@transaction.atomic
def add_note(*, caller: Caller, verification_id: str, text: str) -> Comment:
    """For colleagues only. Raises Refused: verification_not_found, case_not_found, redacted, validation_failed."""
    found, _ = get_case(caller=caller, verification_id=verification_id)
    return comments.add_comment(caller=caller, flow=found.flow_id, verification_id=found.pk, audience=Audience.PRIVATE, text=text)


def list_notes(*, caller: Caller, verification_id: str) -> QuerySet[Comment]:
    """What colleagues wrote and is still kept, newest first. Raises Refused: verification_not_found, case_not_found."""
    found, _ = get_case(caller=caller, verification_id=verification_id)
    rows = Comment.objects.filter(verification=found, audience=Audience.PRIVATE, text_sealed__isnull=False)
    return rows.order_by("-created_at", "-id")


@transaction.atomic
def decide(*, caller: Caller, verification_id: str, approve: bool, reasons: Sequence[str] = (), note: str = "") -> Verification:
    """Approve or reject all that is open; what somebody else works on is theirs. Repeating it on a case that ended so changes nothing.

    Raises Refused: case_claimed, and as ``review_verification``.
    """
    found = find_verification(caller=caller, verification_id=verification_id)
    lock_verification(found.pk)
    worker, now = queue.Worker(caller.name), timezone.now()
    held = Assignment.objects.filter(queue.held(now), verification=found).select_related("reviewer").first()
    if held is not None and not worker.has(held):
        raise Refused("case_claimed", f"Somebody else is working on this case: {held.who}.")
    place: dict[str, Any] = {"caller": caller, "flow": found.flow_id, "verification_id": found.pk}
    done = verdicts.review_verification(**place, approve=approve, reasons=reasons, note=note)
    queue.give_back(found.pk, worker)
    return done


def _waiting(caller: Caller, verification_id: str) -> Verification:
    """The case, locked. Raises Refused: verification_not_found, case_not_found, transition_not_allowed."""
    found, _ = get_case(caller=caller, verification_id=verification_id)
    locked = lock_verification(found.pk)
    if locked.status != VerificationStatus.DOUBLE_CHECK:
        label = locked.get_status_display()
        raise Refused("transition_not_allowed", f"A case that is {label} is decided.", extra={"from": label, "to": None})
    return locked
