"""What a reviewer does with a case. Each use case takes the case first, refuses one's own, and decides on nothing but what the screen showed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from decisions import comments, opinions, queue
from decisions.grounds import ground_of
from decisions.models import Check, Decision, DecisionStatus, Opinion, Outcome, Override, Workflow
from decisions.reviewers import caller_of, is_about
from decisions.seen import require_unchanged
from decisions.services import judge_verification, review_document
from documents.extraction import correct_fields
from documents.models import Document, DocumentStatus
from documents.services import resume_verification
from flows.errors import Refused
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit
from verifications.services import create_verification, hold_verification

OPEN = (DocumentStatus.DOUBLE_CHECK, DocumentStatus.EXTRACTED)


def _begin(user: Any, case: Verification, seen: int | None) -> Verification:
    """The case, locked and the user's. Raises Refused: case_claimed, own_case, stale_review."""
    if is_about(user, case):
        raise Refused("own_case", "The applicant bears your own name. Somebody else must decide this case.")
    queue.claim(user=user, verification_id=case.pk)
    verification = lock_verification(case.pk)
    require_unchanged(verification, seen)
    return verification


@transaction.atomic
def decide(*, user: Any, case: Verification, document_id: str, status: int, reasons: Sequence[str], note: str, seen: int) -> bool:
    """Approve, reject or reopen one document of the case. Answers whether it is decided: a first opinion waits for a second person.

    Raises Refused: what ``review_document`` raises, case_claimed, own_case.
    """
    _begin(user, case, seen)
    if not Document.objects.filter(pk=document_id, verification=case).exists():
        raise Refused("document_not_found", "No such document.", status=404)
    document = review_document(
        caller=caller_of(user, case), flow=case.flow_id, document_id=document_id, status=status, reasons=reasons, note=note, seen=seen
    )
    _give_back_when_done(user, case)
    return int(document.status) == status


@transaction.atomic
def ask_again(*, user: Any, case: Verification, documents: Sequence[str], reasons: Sequence[str], instruction: str, seen: int) -> None:
    """Ask the applicant for documents again. ``instruction``, what to do, becomes a message for the applicant.

    Raises Refused: what ``comments.ask_again`` raises, case_claimed, own_case, stale_review.
    """
    _begin(user, case, seen)
    comments.ask_again(
        caller=caller_of(user, case), flow=case.flow_id, verification_id=case.pk, documents=documents, reasons=reasons, note=instruction
    )  # fmt: skip
    for document in Document.objects.filter(pk__in=documents):
        opinions.withdraw(document)
    _give_back_when_done(user, case)


@transaction.atomic
def correct(*, user: Any, case: Verification, document_id: str, path: str, value: str, reason: str, seen: int) -> None:
    """Put a person's value in the machine's place; the rules look at it at once.

    Raises Refused: what ``correct_fields`` raises, case_claimed, own_case, stale_review, validation_failed (no reason).
    """
    _begin(user, case, seen)
    _require_reason(reason)
    _document(case, document_id)
    correct_fields(caller=caller_of(user, case), flow=case.flow_id, document_id=document_id, values={path: value.strip()}, reason=reason.strip())
    judge_verification(verification_id=case.pk)


@transaction.atomic
def override(*, user: Any, case: Verification, check_id: str, reason: str, seen: int) -> Override:
    """Set one rule's result aside. The check stays as it is; a decision by the person tells so, and what else is in doubt.

    Raises Refused: case_claimed, own_case, stale_review, validation_failed (no reason), check_not_found, check_passed, document_decided.
    """
    verification = _begin(user, case, seen)
    _require_reason(reason)
    check = Check.objects.select_related("document").filter(pk=check_id, verification=case, current=True, override__isnull=True).first()
    if check is None or check.document.superseded_at is not None:
        raise Refused("check_not_found", "No such check.", status=404)
    if check.outcome not in (Outcome.ERROR, Outcome.WARNING):
        raise Refused("check_passed", "The check stands in nobody's way.")
    if verification.status != VerificationStatus.DOUBLE_CHECK or check.document.status not in OPEN:
        raise Refused("document_decided", "The document is decided. Reopen it first.")
    return _overridden(user, verification, check, reason.strip())


def _overridden(user: Any, verification: Verification, check: Check, reason: str) -> Override:
    caller = caller_of(user, verification)
    doubts = Check.objects.filter(document=check.document, current=True, outcome__in=[Outcome.ERROR, Outcome.WARNING], override__isnull=True)
    left = list(dict.fromkeys(doubts.exclude(pk=check.pk).order_by("pk").values_list("reason_code", flat=True)))
    ground = ground_of(left[0]) if left else None
    decision = Decision(
        verification=verification, document=check.document, status=DecisionStatus.DOUBLE_CHECK, workflow=Workflow.MANUAL, reasons=left,
        decided_by=caller.name, attempt=verification.attempt, reason_code=left[0] if left else "", sentence=ground.sentence if ground else "",
    )  # fmt: skip
    decision.note = reason
    decision.save(force_insert=True)
    audit.record(
        workspace_id=verification.workspace_id, actor=caller.name, action="check.overridden", subject=check.pk, verification=verification.pk,
        data={"rule": check.rule, "outcome": check.outcome, "decision": decision.pk},
    )  # fmt: skip
    emit("decision.made", verification=verification, document=check.document, decision_id=decision.pk, reasons=left)
    return Override.objects.create(check_result=check, decision=decision)


@transaction.atomic
def hold(*, user: Any, case: Verification, seen: int) -> None:
    """Put aside. Raises Refused: transition_not_allowed, case_claimed, own_case, stale_review."""
    _begin(user, case, seen)
    hold_verification(caller=caller_of(user, case), flow=case.flow_id, verification_id=case.pk)
    _give_back_when_done(user, case)


@transaction.atomic
def resume(*, user: Any, case: Verification, seen: int) -> None:
    """Take up again what was put aside. Raises Refused: transition_not_allowed, case_claimed, own_case, stale_review."""
    _begin(user, case, seen)
    resume_verification(caller=caller_of(user, case), flow=case.flow_id, verification_id=case.pk)


def renew(*, user: Any, case: Verification) -> Verification:
    """Start the case in which the same person shows documents anew. Raises Refused: what ``create_verification`` raises, own_case."""
    if is_about(user, case):
        raise Refused("own_case", "The applicant bears your own name. Somebody else must renew this case.")
    return create_verification(caller=caller_of(user, case), flow=case.flow_id, fields={"renews": case.pk})


def _document(case: Verification, document_id: str) -> Document:
    found = Document.objects.filter(pk=document_id, verification=case).first()
    if found is None:
        raise Refused("document_not_found", "No such document.", status=404)
    return found


def _require_reason(reason: str) -> None:
    if not reason.strip():
        message = "A reason is needed."
        raise Refused("validation_failed", message, status=422, errors={"reason": [message]})


def _give_back_when_done(user: Any, case: Verification) -> None:
    """What this person has nothing left to do with is nobody's: decided, or waiting for a second one to look at all that is open."""
    status = Verification.objects.values_list("status", flat=True).get(pk=case.pk)
    if status != VerificationStatus.DOUBLE_CHECK or _awaits_another(case):
        queue.release(user=user, verification_id=case.pk)


def _awaits_another(case: Verification) -> bool:
    said = Opinion.objects.filter(document=OuterRef("pk"), closed_at__isnull=True)
    return not Document.objects.filter(~Exists(said), verification=case, superseded_at__isnull=True, status__in=OPEN).exists()
