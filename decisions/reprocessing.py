"""Today's rules over stored images: for real, or only to say what would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from decisions.gather import gather_case, judged_documents
from decisions.judging import Judged, judge_document, status_of
from decisions.models import Check, Decision, Workflow
from decisions.services import require_data
from documents.extraction import read_again
from documents.models import Document, DocumentStatus
from documents.services import live_documents
from flows.errors import Refused
from flows.services import current_version, get_flow
from verifications import audit
from verifications.lifecycle import get_verification
from verifications.models import Verification, VerificationStatus
from verifications.services import Caller, locked_in_flow, require_flow

_S = VerificationStatus
REPROCESSED_IN = (_S.SUBMITTED, _S.DOUBLE_CHECK, _S.REJECTED)
DECIDED = (_S.APPROVED, _S.DOUBLE_CHECK, _S.REJECTED)
READ = (DocumentStatus.EXTRACTED, DocumentStatus.DOUBLE_CHECK, DocumentStatus.APPROVED, DocumentStatus.REJECTED)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule whose outcome differs; None where the rule was not run before, or is not run now."""

    rule: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What judging one document anew would change: its status before and after, and the rules whose outcomes differ."""

    document: str
    before: int
    after: int
    rules: Sequence[RuleChange]


@transaction.atomic
def reprocess_verification(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Read the stored images again and judge them by the flow's newest version, in Submitted, Double Check or Rejected. Documents that a person
    decided stay as they were. Nothing moves until the new judgement is there.

    Raises Refused: verification_not_found, flow_mismatch, redacted, verification_canceled, verification_not_submitted, verification_on_hold,
    transition_not_allowed.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    _require(verification, REPROCESSED_IN)
    if verification.images_redacted_at is not None:
        raise Refused("images_redacted", "The verification's images were deleted.")
    require_data(judged_documents(verification))
    version = current_version(verification.flow)
    if version.pk != verification.flow_version_id:
        verification.flow_version = version
        verification.save(update_fields=["flow_version", "updated_at"])
    documents = [document for document in _locked_documents(verification) if document.status in READ]
    decided = _decided_by_people(documents)
    for document in documents:
        if document.pk not in decided and document.images_redacted_at is None:
            read_again(document)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="verification.reprocessed", subject=verification.pk,
        verification=verification.pk, data={"documents": [row.pk for row in documents if row.pk not in decided], "flow_version": version.number},
    )  # fmt: skip
    return verification


@transaction.atomic
def retry_unread(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Read a case again that waits because the machine could not read a document. Raises Refused: as ``reprocess_verification``, and
    transition_not_allowed for any other."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    unread = live_documents(verification).filter(extraction_failed=True).exists()
    if verification.status != _S.DOUBLE_CHECK or not unread:
        label = verification.get_status_display()
        raise Refused("transition_not_allowed", "Only what could not be read is tried again.", extra={"from": label, "to": None})
    return reprocess_verification(caller=caller, flow=flow, verification_id=verification_id)


def _locked_documents(verification: Verification) -> list[Document]:
    ids = [document.pk for document in judged_documents(verification)]
    rows = list(Document.objects.select_for_update().filter(pk__in=ids).order_by("created_at", "id"))
    for document in rows:
        document.verification = verification
    return rows


def _decided_by_people(documents: Sequence[Document]) -> set[str]:
    """Those whose newest decision is a person's approval or rejection."""
    newest: dict[str, Decision] = {}
    for decision in Decision.objects.filter(document__in=[row.pk for row in documents]).order_by("created_at", "id"):
        newest[decision.document_id] = decision
    final = (DocumentStatus.APPROVED, DocumentStatus.REJECTED)
    return {pk for pk, decision in newest.items() if decision.workflow == Workflow.MANUAL and decision.status in final}


def preview_reprocessing(*, caller: Caller, flow: str, verification_id: str) -> list[Change]:
    """What the flow's newest rules would make of what was read, in any decided state. Nothing is read again, nothing is written.

    Raises Refused: verification_not_found, flow_mismatch, redacted, verification_canceled, verification_not_submitted, verification_on_hold,
    verification_not_finished.
    """
    get_flow(caller.workspace, flow)
    verification = get_verification(caller.workspace, caller.environment, verification_id)
    require_flow(verification, flow)
    if verification.status == _S.SUBMITTED:
        raise Refused("verification_not_finished", "The verification is not decided yet.")
    _require(verification, DECIDED)
    documents = judged_documents(verification)
    require_data(documents)
    decided = _decided_by_people(documents)
    anew = [row for row in documents if row.status in READ and row.pk not in decided]
    case = gather_case(verification, documents, remember=False)
    definition = current_version(verification.flow).definition
    before = _outcomes_now(anew)
    together = [row.pk for row in anew]
    changes = [_change(row, before.get(row.pk, {}), judge_document(definition, case, row.pk, together)) for row in anew]
    return [change for change in changes if change.before != change.after or change.rules]


def _outcomes_now(documents: Sequence[Document]) -> dict[str, dict[str, str]]:
    rows = Check.objects.filter(document__in=[row.pk for row in documents], current=True).values_list("document_id", "rule", "outcome")
    found: dict[str, dict[str, str]] = {}
    for document, rule, outcome in rows:
        found.setdefault(document, {})[rule] = outcome
    return found


def _change(document: Document, before: Mapping[str, str], judged: Sequence[Judged]) -> Change:
    after = {entry.rule.id: entry.outcome for entry in judged}
    return Change(document.pk, int(document.status), status_of(judged), rule_changes(before, after))


def rule_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[RuleChange]:
    """By rule, in the alphabet's order. That a rule did not apply is no other outcome than that it was not run."""
    pairs = [(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
    return [RuleChange(*pair) for pair in pairs if (pair[1] or "not_applicable") != (pair[2] or "not_applicable")]


def _require(verification: Verification, allowed: Sequence[VerificationStatus]) -> None:
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if verification.status in allowed:
        return
    if verification.status == _S.CANCELED:
        raise Refused("verification_canceled", "The verification is canceled.")
    if verification.status == _S.HOLD:
        raise Refused("verification_on_hold", "The verification is on hold.")
    if verification.status == _S.APPROVED:
        message = "An Approved verification is not reprocessed; reopen a document first."
        raise Refused("transition_not_allowed", message, extra={"from": "Approved", "to": "Double Check"})
    raise Refused("verification_not_submitted", "The verification is not submitted.")
