"""Use cases of judgement: judge by the rules, settle the case, decide by hand, reopen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from decisions import policy
from decisions.evidence import Case, DocumentEvidence, Evidence
from decisions.gather import gather_case, judged_documents
from decisions.models import Check, Decision, DecisionStatus, Workflow
from decisions.rules import registry
from decisions.rules.registry import Finding, Rule
from documents.models import Document, DocumentStatus
from documents.services import get_document, live_documents
from flows.errors import Refused
from flows.services import get_flow
from verifications.lifecycle import SYSTEM, lock_verification, move
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit
from verifications.services import Caller

UNREAD = (DocumentStatus.UPLOADED, DocumentStatus.IN_PROGRESS)
DECIDED = (DocumentStatus.APPROVED, DocumentStatus.REJECTED, DocumentStatus.DOUBLE_CHECK)
_MOVE_TO = {DecisionStatus.APPROVED: "approve", DecisionStatus.REJECTED: "reject", DecisionStatus.DOUBLE_CHECK: "refer"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule's finding with the outcome that the flow's severity gives it."""

    rule: Rule
    finding: Finding
    outcome: str


@transaction.atomic
def judge_verification(*, verification_id: str) -> None:
    """Run the flow's rules over what was read. After submission, when every document is read, each gets its decision and the case its outcome;
    before that the results are a preview. Calling it again changes nothing that was decided."""
    verification = lock_verification(verification_id)
    if verification.redacted_at is not None or verification.status == VerificationStatus.CANCELED:
        return
    documents = judged_documents(verification)
    case = gather_case(verification, documents)
    waiting = any(document.status in UNREAD for document in documents)
    if verification.status != VerificationStatus.SUBMITTED or waiting:
        _preview(verification, case, documents)
        return
    to_decide = [document for document in documents if document.status == DocumentStatus.EXTRACTED]
    for document in to_decide:
        _decide(verification, document, _judge(verification, case, document, to_decide))
    settle_verification(verification)


def _preview(verification: Verification, case: Case, documents: Sequence[Document]) -> None:
    open_documents = [entry for entry in documents if entry.status in (DocumentStatus.EXTRACTED, DocumentStatus.DOUBLE_CHECK)]
    for document in open_documents:
        _write_checks(verification, document, _judge(verification, case, document, open_documents), None)


def _judge(verification: Verification, case: Case, document: Document, together: Sequence[Document]) -> list[Judged]:
    own = next(entry for entry in case.documents if entry.id == document.pk)
    views = [(rule, own) for rule in _flow_rules(verification) if own.context in rule.contexts]
    if together and document.pk == together[0].pk:
        views += _left_over(verification, case, together)
    return [_evaluated(verification, rule, Evidence(case, seen_from)) for rule, seen_from in views]


def _flow_rules(verification: Verification) -> list[Rule]:
    known = registry.load()
    return [known[name] for name in verification.definition.rules if name in known]


def _left_over(verification: Verification, case: Case, together: Sequence[Document]) -> list[tuple[Rule, DocumentEvidence]]:
    """Rules that compare documents and belong to one that was decided in an earlier attempt: a new document must still agree with it, so the
    first document being judged answers for them."""
    judged, contexts = {document.pk for document in together}, {document.context for document in together}
    decided = [entry for entry in case.documents if entry.id not in judged and entry.extracted]
    rules = [rule for rule in _flow_rules(verification) if rule.cross_document and not contexts & rule.contexts]
    return [(rule, entry) for rule in rules for entry in decided if entry.context in rule.contexts]


def _evaluated(verification: Verification, rule: Rule, evidence: Evidence) -> Judged:
    definition = verification.definition
    finding = registry.evaluate(rule.id, evidence, definition.thresholds(rule.id))
    return Judged(rule, finding, policy.outcome_of(finding, definition.severity(rule.id)))


def _decide(verification: Verification, document: Document, judged: Sequence[Judged]) -> None:
    document.verification = verification
    status = DecisionStatus(policy.judge(entry.outcome for entry in judged))
    reasons = list(dict.fromkeys(entry.finding.reason_code for entry in judged if entry.outcome in ("error", "warning")))
    decision = Decision.objects.create(
        verification=verification, document=document, status=status, workflow=Workflow.AUTOMATIC, reasons=reasons, attempt=verification.attempt
    )
    _write_checks(verification, document, judged, decision)
    move(document, _MOVE_TO[status], verification=verification, actor=SYSTEM, reason=reasons[0] if reasons else "")
    emit("decision.made", verification=verification, document=document, decision_id=decision.pk, reasons=reasons)


def _write_checks(verification: Verification, document: Document, judged: Sequence[Judged], decision: Decision | None) -> None:
    current = Check.objects.filter(document=document, current=True)
    current.filter(decision__isnull=True).delete()
    current.update(current=False)
    Check.objects.bulk_create([_check(verification, document, entry, decision) for entry in judged])


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
        reason_code=finding.reason_code if judged.outcome in ("error", "warning") else "",
        message=finding.message,
        fix=finding.fix if judged.outcome in ("error", "warning") else "none",
        rule_version=rule.version,
    )
    check.evidence = _evidence(finding)
    return check


def _evidence(finding: Finding) -> Mapping[str, Any]:
    inputs = [{**asdict(entry), "box": list(entry.box) if entry.box else None} for entry in finding.inputs]
    return {"inputs": inputs, "expected": finding.expected, "computed": finding.computed, "threshold": finding.threshold}


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
    *, caller: Caller, flow: str, document_id: str, status: int, reasons: Sequence[str] = (), note: str = "", seen_status: int | None = None
) -> Document:
    """A person's decision, which beats the engine's. ``seen_status`` is what the reviewer's screen showed.

    Raises Refused: document_not_found, flow_mismatch, redacted, verification_canceled, document_canceled, verification_not_submitted,
    verification_on_hold, transition_not_allowed, validation_failed (reopening needs a note), stale_review.
    """
    found = get_document(caller=caller, flow=flow, document_id=document_id)
    verification = lock_verification(found.verification_id)
    document = Document.objects.select_for_update().get(pk=found.pk)
    document.verification = verification
    _require_reviewable(verification, document)
    if seen_status is not None and document.status != seen_status:
        raise Refused("stale_review", "The document was decided meanwhile.")
    wanted, reopening = DecisionStatus(status), document.status in (DocumentStatus.APPROVED, DocumentStatus.REJECTED)
    if wanted == DecisionStatus.DOUBLE_CHECK and reopening and not note.strip():
        message = "Reopening a decided document needs a note."
        raise Refused("validation_failed", message, status=422, errors={"note": [message]})
    codes = list(dict.fromkeys(reasons)) or (["rejected_by_reviewer"] if wanted == DecisionStatus.REJECTED else [])
    _apply_review(caller, document, wanted, codes, note=note, reopening=reopening)
    return document


def _apply_review(caller: Caller, document: Document, wanted: DecisionStatus, codes: list[str], *, note: str, reopening: bool) -> None:
    verification = document.verification
    reopened = reopening and wanted == DecisionStatus.DOUBLE_CHECK
    name = "reopen" if reopened else _MOVE_TO[wanted]
    move(document, name, verification=verification, actor=caller.name, reason=codes[0] if codes else "")
    decision = Decision(
        verification=verification, document=document, status=wanted, workflow=Workflow.MANUAL, reasons=codes, decided_by=caller.name,
        attempt=verification.attempt,
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
    if verification.status == VerificationStatus.CANCELED:
        raise Refused("verification_canceled", "The verification is canceled.")
    if document.status == DocumentStatus.CANCELED:
        raise Refused("document_canceled", "The document is canceled.")
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
