"""Use cases of judgement: judge by the rules, settle the case, decide by hand, reopen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_fsm import can_proceed

from decisions import opinions, policy
from decisions.evidence import Case, Evidence
from decisions.frozen import freeze
from decisions.gather import gather_case, judged_documents
from decisions.grounds import ground_of
from decisions.judging import Judged, judge_document, judge_rule, reasons_of, status_of
from decisions.models import Check, Decision, DecisionStatus, Fix, Outcome, StoredEvidence, Workflow
from decisions.rules import registry
from decisions.rules.registry import Finding, Rule
from decisions.seen import require_unchanged
from documents.extraction import is_being_read_again
from documents.models import Document, DocumentStatus
from documents.services import get_document, live_documents
from flows.errors import Refused
from flows.services import get_flow
from verifications import audit
from verifications.lifecycle import SYSTEM, lock_verification, move
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit
from verifications.services import Caller, locked_in_flow

UNREAD = (DocumentStatus.UPLOADED, DocumentStatus.IN_PROGRESS)
PREVIEWED = (DocumentStatus.EXTRACTED, DocumentStatus.DOUBLE_CHECK)
REPROCESSED_IN = (VerificationStatus.DOUBLE_CHECK, VerificationStatus.REJECTED)
DECIDED = (DocumentStatus.APPROVED, DocumentStatus.REJECTED, DocumentStatus.DOUBLE_CHECK)
_MOVE_TO = {DecisionStatus.APPROVED: "approve", DecisionStatus.REJECTED: "reject", DecisionStatus.DOUBLE_CHECK: "refer"}


@transaction.atomic
def judge_verification(*, verification_id: str) -> None:
    """Run the flow's rules over what was read. After submission, when every document is read, each gets its decision and the case its outcome;
    before that the results are a preview. Documents that are being reprocessed are decided anew. Calling it again changes nothing decided."""
    verification = lock_verification(verification_id)
    if verification.redacted_at is not None or verification.status == VerificationStatus.CANCELED:
        return
    documents = judged_documents(verification)
    anew = [document for document in documents if document.reprocess_run]
    deciding = verification.status == VerificationStatus.SUBMITTED or (anew and verification.status in REPROCESSED_IN)
    waiting = any(document.status in UNREAD or is_being_read_again(document) for document in documents)
    case = gather_case(verification, documents)
    if not deciding or waiting:
        _preview(verification, case, documents)
        return
    undecided = [document for document in documents if document.status == DocumentStatus.EXTRACTED or document in anew]
    _decide_all(verification, case, [document for document in undecided if document.redacted_at is None])
    _reopen_if_changed(verification)
    settle_verification(verification)


def preview_verification(*, verification: Verification) -> None:
    """What the rules say of all that was read and is not decided; the caller holds the verification's lock. It decides nothing."""
    if verification.redacted_at is None and verification.status != VerificationStatus.CANCELED:
        documents = judged_documents(verification)
        if any(entry.status in PREVIEWED for entry in documents):
            _preview(verification, gather_case(verification, documents), documents)


def _preview(verification: Verification, case: Case, documents: Sequence[Document]) -> None:
    """What was found in a document that was redacted since stays found."""
    open_documents = [entry for entry in documents if entry.status in PREVIEWED and entry.redacted_at is None]
    together = [entry.pk for entry in open_documents]
    for document in open_documents:
        _write_checks(verification, document, judge_document(verification.definition, case, document.pk, together), None)


def _decide_all(verification: Verification, case: Case, documents: Sequence[Document]) -> None:
    if not documents:
        return
    together = [document.pk for document in documents]
    evidence = StoredEvidence(verification=verification, flow_version=verification.flow_version)
    evidence.content = {"case": freeze(case), "together": together}
    evidence.save(force_insert=True)
    for document in documents:
        _decide(verification, document, judge_document(verification.definition, case, document.pk, together), evidence)


def _decide(verification: Verification, document: Document, judged: Sequence[Judged], evidence: StoredEvidence) -> None:
    document.verification = verification
    status, reasons = DecisionStatus(status_of(judged)), reasons_of(judged)
    first = next((entry.finding for entry in judged if entry.counts and entry.finding.reason_code == reasons[0]), None) if reasons else None
    decision = Decision.objects.create(
        verification=verification, document=document, status=status, workflow=Workflow.AUTOMATIC, reasons=reasons, attempt=verification.attempt,
        reason_code=reasons[0] if reasons else "", sentence=first.message if first else "", fix=first.fix if first else Fix.NONE,
        evidence=evidence, run=document.reprocess_run,
    )  # fmt: skip
    _write_checks(verification, document, judged, decision)
    _move_to(verification, document, status, reasons[0] if reasons else "")
    if document.reprocess_run:
        document.reprocess_run = ""
        document.save(update_fields=["reprocess_run"])
    emit("decision.made", verification=verification, document=document, decision_id=decision.pk, reasons=reasons)


def _move_to(verification: Verification, document: Document, status: DecisionStatus, reason: str) -> None:
    """One that was decided before moves only where the new decision differs, and then by way of being reopened."""
    if int(document.status) == int(status):
        return
    if document.status in (DocumentStatus.APPROVED, DocumentStatus.REJECTED):
        move(document, "reopen", verification=verification, actor=SYSTEM, reason="reprocessed")
    if int(document.status) != int(status):
        move(document, _MOVE_TO[status], verification=verification, actor=SYSTEM, reason=reason)


def _reopen_if_changed(verification: Verification) -> None:
    """A case that was rejected goes through Double Check to what it is now."""
    if verification.status != VerificationStatus.REJECTED:
        return
    documents = [entry for entry in live_documents(verification) if entry.status != DocumentStatus.CANCELED and not entry.draft]
    if policy.settle(int(entry.status) for entry in documents) != policy.REJECTED:
        move(verification, "reopen", verification=verification, actor=SYSTEM, reason="reprocessed", changes={"finished_at": None})


def _write_checks(verification: Verification, document: Document, judged: Sequence[Judged], decision: Decision | None) -> None:
    """A preview that says what the preview or the decision before it said leaves that as it is: clients may know its ids."""
    current = Check.objects.filter(document=document, current=True)
    checks = [_check(verification, document, entry, decision) for entry in judged]
    if decision is None and _say_the_same(current.select_related("override"), checks):
        return
    current.filter(decision__isnull=True, override__isnull=True).delete()
    current.update(current=False)
    Check.objects.bulk_create(checks)


def _say_the_same(before: Iterable[Check], after: Iterable[Check]) -> bool:
    def said(checks: Iterable[Check]) -> list[str]:
        columns = ("rule", "outcome", "reason_code", "message", "fix", "rule_version")
        return sorted(json.dumps([*(getattr(check, name) for name in columns), check.evidence], sort_keys=True) for check in checks)

    rows = list(before)
    return not any(hasattr(row, "override") for row in rows) and said(rows) == said(after)


def _check(verification: Verification, document: Document, judged: Judged, decision: Decision | None) -> Check:
    rule, finding = judged.rule, judged.finding
    check = Check(
        verification=verification,
        document=document,
        decision=decision,
        rule=rule.id,
        group=rule.group,
        cross_document=rule.cross_document,
        outcome=judged.outcome,
        reason_code=finding.reason_code if judged.counts else "",
        message=finding.message,
        fix=finding.fix if judged.counts else Fix.NONE,
        rule_version=rule.version,
    )
    check.evidence = _evidence(finding)
    return check


def _evidence(finding: Finding) -> Mapping[str, Any]:
    inputs = [{**asdict(entry), "box": list(entry.box) if entry.box else None} for entry in finding.inputs]
    steps = [asdict(entry) for entry in finding.normalised]
    facts = {"expected": finding.expected, "computed": finding.computed, "normalised": steps, "threshold": finding.threshold}
    return {"inputs": inputs, **facts}


@transaction.atomic
def retry_check(*, caller: Caller, flow: str, verification_id: str, check_id: str) -> Check:
    """Evaluate one rule again on today's evidence. The new result becomes the current one; the one of the decision stays with it, and no status
    changes: that is for a person, or for reprocessing.

    Raises Refused: verification_not_found, flow_mismatch, check_not_found, redacted, verification_canceled, document_canceled, check_passed.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    check = Check.objects.select_related("document").filter(pk=check_id, verification=verification).first()
    rule = registry.load().get(check.rule) if check else None
    documents = judged_documents(verification)
    if check is None or rule is None or rule.id not in verification.definition.rules or check.document.superseded_at is not None:
        raise Refused("check_not_found", "No such check.", status=404)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    require_data(documents if rule.cross_document else [check.document])
    if verification.status == VerificationStatus.CANCELED:
        raise Refused("verification_canceled", "The verification is canceled.")
    if check.document_id not in {row.pk for row in documents}:
        raise Refused("document_canceled", "The document is canceled.")
    if check.outcome == Outcome.PASS:
        raise Refused("check_passed", "The check has passed; there is nothing to evaluate again.")
    return _retried(caller, verification, check.document, rule, gather_case(verification, documents))


def require_data(documents: Iterable[Document]) -> None:
    """What is judged anew is judged by all it was judged by. Raises Refused("redacted")."""
    if any(document.redacted_at is not None for document in documents):
        raise Refused("redacted", "The data of a document was deleted; what rests on it is not judged anew.")


def _retried(caller: Caller, verification: Verification, document: Document, rule: Rule, case: Case) -> Check:
    own = next(entry for entry in case.documents if entry.id == document.pk)
    judged = judge_rule(verification.definition, rule, Evidence(case, own))
    Check.objects.filter(document=document, rule=rule.id, current=True).update(current=False)
    check = _check(verification, document, judged, None)
    check.save(force_insert=True)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="check.retried", subject=check.pk, verification=verification.pk,
        data={"rule": rule.id, "outcome": judged.outcome},
    )  # fmt: skip
    return check


def settle_verification(verification: Verification, *, actor: str = SYSTEM) -> None:
    """Combine the documents' statuses once each of them is decided; the caller holds the lock. Not ready, or already so: nothing happens."""
    if verification.status not in (VerificationStatus.SUBMITTED, VerificationStatus.DOUBLE_CHECK):
        return
    documents = [entry for entry in live_documents(verification) if entry.status != DocumentStatus.CANCELED and not entry.draft]
    if not documents or any(entry.status not in DECIDED for entry in documents):
        return
    outcome = VerificationStatus(policy.settle(int(entry.status) for entry in documents))
    if outcome == verification.status:
        return
    name = {VerificationStatus.APPROVED: "approve", VerificationStatus.REJECTED: "reject"}.get(outcome, "refer")
    changes = {} if name == "refer" else {"finished_at": timezone.now()}
    move(verification, name, verification=verification, actor=actor, reasons=_reasons(verification), changes=changes)


def _reasons(verification: Verification) -> list[str]:
    latest: dict[str, Decision] = {}
    for decision in Decision.objects.filter(verification=verification, document__superseded_at__isnull=True).order_by("created_at", "id"):
        latest[decision.document_id] = decision
    return list(dict.fromkeys(code for decision in latest.values() for code in decision.reasons))


@transaction.atomic
def review_document(
    *, caller: Caller, flow: str, document_id: str, status: int, reasons: Sequence[str] = (), note: str = "", seen: int | None = None
) -> Document:
    """A person's decision, which beats the engine's. Where two people must agree, the first one's is kept as an opinion and the document stays as it
    is. ``seen`` is the state of the case that the reviewer's screen showed (``decisions.seen``).

    Raises Refused: document_not_found, flow_mismatch, redacted, document_canceled, verification_canceled, verification_not_submitted,
    verification_on_hold, transition_not_allowed, validation_failed (reopening needs a note), stale_review.
    redacted for a husk, which nobody can look at, but to reject it.
    """
    found = get_document(caller=caller, flow=flow, document_id=document_id)
    verification = lock_verification(found.verification_id)
    document = Document.objects.select_for_update().get(pk=found.pk)
    document.verification = verification
    _require_reviewable(verification, document)
    require_unchanged(verification, seen)
    if document.redacted_at is not None and status != DecisionStatus.REJECTED:
        raise Refused("redacted", "The document's data was deleted: it can be rejected, or asked for again.")
    wanted, reopening = DecisionStatus(status), document.status in (DocumentStatus.APPROVED, DocumentStatus.REJECTED)
    if wanted == DecisionStatus.DOUBLE_CHECK and reopening and not note.strip():
        message = "Reopening a decided document needs a note."
        raise Refused("validation_failed", message, status=422, errors={"note": [message]})
    codes = list(dict.fromkeys(reasons)) or (["rejected_by_reviewer"] if wanted == DecisionStatus.REJECTED else [])
    if wanted == DecisionStatus.DOUBLE_CHECK:
        opinions.withdraw(document)
    elif can_proceed(getattr(document, _MOVE_TO[wanted])) and not opinions.agreed(
        verification, document, author=caller.name, status=wanted, reasons=codes, note=note
    ):
        return document
    _apply_review(caller, document, wanted, codes, note=note, reopening=reopening)
    return document


def _apply_review(caller: Caller, document: Document, wanted: DecisionStatus, codes: list[str], *, note: str, reopening: bool) -> None:
    verification = document.verification
    reopened = reopening and wanted == DecisionStatus.DOUBLE_CHECK
    name = "reopen" if reopened else _MOVE_TO[wanted]
    # A person's decision beats the engine's: what was to be judged anew is decided.
    changes = {"reprocess_run": ""} if document.reprocess_run else {}
    move(document, name, verification=verification, actor=caller.name, reason=codes[0] if codes else "", changes=changes)
    ground = ground_of(codes[0]) if codes else None
    decision = Decision(
        verification=verification, document=document, status=wanted, workflow=Workflow.MANUAL, reasons=codes, decided_by=caller.name,
        attempt=verification.attempt, reason_code=codes[0] if codes else "", sentence=ground.sentence if ground else "",
        fix=ground.fix if ground else Fix.NONE,
    )  # fmt: skip
    decision.note = note or None
    decision.save(force_insert=True)
    emit("decision.made", verification=verification, document=document, decision_id=decision.pk, reasons=codes)
    if reopened and verification.status in (VerificationStatus.APPROVED, VerificationStatus.REJECTED):
        move(verification, "reopen", verification=verification, actor=caller.name, reason="document_reopened", changes={"finished_at": None})
    settle_verification(verification, actor=caller.name)


def _require_reviewable(verification: Verification, document: Document) -> None:
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if document.status == DocumentStatus.CANCELED:
        raise Refused("document_canceled", "The document is canceled.")
    if verification.status == VerificationStatus.CANCELED:
        raise Refused("verification_canceled", "The verification is canceled.")
    if verification.status in (VerificationStatus.STARTED, VerificationStatus.EXPIRED):
        raise Refused("verification_not_submitted", "The verification is not submitted.")
    if verification.status == VerificationStatus.HOLD:
        raise Refused("verification_on_hold", "The verification is on hold.")
    if document.superseded_at is not None:
        message = "The document was replaced by a resubmission."
        raise Refused("transition_not_allowed", message, extra={"from": document.get_status_display(), "to": None})


def list_decisions(*, caller: Caller, flow: str, document_id: str | None, verification_id: str | None) -> QuerySet[Decision]:
    """Newest first; unknown ids give an empty list. Raises Refused("flow_not_found")."""
    get_flow(caller.workspace, flow)
    rows = Decision.objects.filter(verification__workspace=caller.workspace, verification__environment=caller.environment, verification__flow_id=flow)
    if document_id is not None:
        rows = rows.filter(document_id=document_id)
    if verification_id is not None:
        rows = rows.filter(verification_id=verification_id)
    return rows.prefetch_related("checks").order_by("-created_at", "-id")
