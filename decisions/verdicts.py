"""A person's verdict on a whole case: the same decision for every document that waits for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from decisions.models import DecisionStatus
from decisions.services import judge_verification, review_document
from documents.extraction import give_up_unread
from documents.models import DocumentStatus
from documents.services import live_documents, resume_verification
from flows.errors import Refused
from flows.models import Environment
from verifications import audit
from verifications.lifecycle import get_verification
from verifications.models import Verification, VerificationStatus
from verifications.services import Caller, expire_verification, locked_in_flow

_OUTCOMES = {
    VerificationStatus.APPROVED: "approved", VerificationStatus.REJECTED: "rejected", VerificationStatus.DOUBLE_CHECK: "needs_review",
}  # fmt: skip
_OPEN = (DocumentStatus.EXTRACTED, DocumentStatus.DOUBLE_CHECK)


@transaction.atomic
def review_verification(
    *, caller: Caller, flow: str, verification_id: str, approve: bool, reasons: Sequence[str] = (), note: str = ""
) -> Verification:
    """Approve or reject all that is open of a case in Double Check. Repeating it on a case that ended so changes nothing. Where two people must
    agree, the first verdict leaves the case as it is.

    Raises Refused: verification_not_found, flow_mismatch, redacted, transition_not_allowed.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    target = VerificationStatus.APPROVED if approve else VerificationStatus.REJECTED
    if verification.status == target:
        return verification
    documents = list(live_documents(verification).exclude(status=DocumentStatus.CANCELED))
    rejected = any(entry.status == DocumentStatus.REJECTED for entry in documents)
    waiting = [entry for entry in documents if entry.status in _OPEN]
    if verification.status != VerificationStatus.DOUBLE_CHECK or not waiting or (approve and rejected):
        label = verification.get_status_display()
        message = f"A verification cannot go from {label} to {target.label}."
        raise Refused("transition_not_allowed", message, extra={"from": label, "to": target.label})
    status = DecisionStatus.APPROVED if approve else DecisionStatus.REJECTED
    for entry in waiting:
        review_document(caller=caller, flow=flow, document_id=entry.pk, status=status, reasons=reasons, note=note)
    return get_verification(caller.workspace, caller.environment, verification_id)


def outcome_of(verification: Verification) -> str:
    """``approved``, ``rejected`` or ``needs_review``. Raises Refused("result_not_ready")."""
    found = _OUTCOMES.get(VerificationStatus(verification.status))
    if found is None:
        raise Refused("result_not_ready", "The session has no result yet.", status=404)
    return found


@transaction.atomic
def decide_held(*, caller: Caller, flow: str, verification_id: str, approve: bool, note: str = "") -> Verification:
    """Take a case up again that waited for somebody else's word, and decide it so. Raises Refused: as review_verification, and transition_not_allowed
    for a case that is not on Hold."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.status != VerificationStatus.HOLD:
        label = verification.get_status_display()
        raise Refused("transition_not_allowed", f"A verification cannot be taken up again from {label}.", extra={"from": label, "to": None})
    resume_verification(caller=caller, flow=flow, verification_id=verification_id)
    return review_verification(caller=caller, flow=flow, verification_id=verification_id, approve=approve, note=note)


@transaction.atomic
def simulate(*, caller: Caller, flow: str, verification_id: str, action: str, note: str = "") -> Verification:
    """In the sandbox, what a person, time or a broken machine would do: ``approve``, ``reject``, ``review`` (a decided case is opened again),
    ``expire`` or ``fail`` (what was still to be read could not be read); only from where it could really happen.

    Raises Refused: sandbox_only (403), and as the use case itself does."""
    if caller.environment != Environment.SANDBOX:
        raise Refused("sandbox_only", "Simulation is for sandbox tokens.", status=403)
    place: dict[str, Any] = {"caller": caller, "flow": flow, "verification_id": verification_id}
    if action == "expire":
        return expire_verification(**place)
    if action == "fail":
        return _fail_reading(**place)
    if action in ("approve", "reject"):
        return review_verification(**place, approve=action == "approve", note=note)
    verification = locked_in_flow(**place)
    for document in live_documents(verification).filter(status__in=(DocumentStatus.APPROVED, DocumentStatus.REJECTED)):
        review_document(caller=caller, flow=flow, document_id=document.pk, status=DecisionStatus.DOUBLE_CHECK, note=note or "simulated")
    found = get_verification(caller.workspace, caller.environment, verification_id)
    if found.status != VerificationStatus.DOUBLE_CHECK:
        label = found.get_status_display()
        raise Refused(
            "transition_not_allowed", f"A verification cannot go from {label} to Double Check.", extra={"from": label, "to": "Double Check"}
        )
    return found


def _fail_reading(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """By the doors of the real thing: reading is given up, and what was submitted is judged. A case that was not submitted yet fails when it is.

    Raises Refused: redacted, transition_not_allowed where no document was still to be read.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    over = verification.status in (VerificationStatus.CANCELED, VerificationStatus.EXPIRED)
    failed = 0 if over else give_up_unread(verification=verification)
    if not failed:
        label = verification.get_status_display()
        message = "No document is still to be read, so that none could fail."
        raise Refused("transition_not_allowed", message, extra={"from": label, "to": "Double Check"})
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="verification.failure_simulated", subject=verification.pk,
        verification=verification.pk, data={"documents": failed},
    )  # fmt: skip
    judge_verification(verification_id=verification.pk)
    return get_verification(caller.workspace, caller.environment, verification_id)
