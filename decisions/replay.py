"""Stored judgements run again: to prove that a decision follows from what was seen, and to see what other rules would have made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from decisions import policy
from decisions.evidence import Case
from decisions.frozen import thaw
from decisions.judging import Judged, judge_document, reasons_of, status_of
from decisions.models import Decision, StoredEvidence
from decisions.reprocessing import RuleChange, rule_changes
from flows.definition import FlowDefinition, InvalidFlow
from verifications.models import Verification


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision as it was and as it comes out now. ``changes`` are the rules whose outcomes differ."""

    decision: Decision
    before: int
    after: int
    reasons: Sequence[str]
    changes: Sequence[RuleChange]

    @property
    def same(self) -> bool:
        return self.before == self.after and not self.changes


def stored_case(evidence: StoredEvidence) -> tuple[Case, list[str]] | None:
    """The case, and the documents that were judged together; None when it was redacted."""
    content = evidence.content
    return (thaw(content["case"]), list(content["together"])) if content else None


def replay(decision: Decision, definition: FlowDefinition | None = None) -> Replayed | None:
    """Judge what the decision saw by the rules it was made with, or by those of ``definition``. None when its evidence is gone.

    The comparison is with what was stored, so a rule whose code has changed since shows as a difference.
    """
    found = stored_case(decision.evidence) if decision.evidence else None
    if found is None or decision.evidence is None:
        return None
    case, together = found
    judged = judge_document(definition or decision.evidence.flow_version.definition, case, decision.document_id, together)
    before = {check.rule: check.outcome for check in decision.checks.all()}
    return Replayed(decision, decision.status, status_of(judged), reasons_of(judged), rule_changes(before, _outcomes(judged)))


def _outcomes(judged: Sequence[Judged]) -> dict[str, str]:
    return {entry.rule.id: entry.outcome for entry in judged}


def changed_definition(definition: FlowDefinition, changed: Mapping[str, Any]) -> FlowDefinition:
    """``definition`` with other rules. ``changed`` is a whole flow file, or ``{rule: {threshold: value, …}}``, which is laid over the flow's rules; a
    rule with null is taken out. Raises InvalidFlow."""
    if "slug" in changed or "document_types" in changed:
        return FlowDefinition.parse(changed)
    overlay = changed.get("rules", changed)
    if not isinstance(overlay, Mapping) or not all(isinstance(options, Mapping | None) for options in overlay.values()):
        raise InvalidFlow("rules: expected {rule: {threshold: value}}")
    rules = {name: {**definition.rules.get(name, {}), **(options or {})} for name, options in overlay.items() if options is not None}
    kept = {name: options for name, options in definition.rules.items() if name not in overlay}
    return FlowDefinition.parse({**definition.source, "rules": {**kept, **rules}})


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What other rules make of one document. ``before`` and ``after`` are statuses."""

    document: str
    type_name: str
    before: int
    after: int
    rules: Sequence[RuleChange]


@dataclass(frozen=True, slots=True)
class Backtested:
    """One verification under today's rules and under others; ``documents`` are those for which anything differs."""

    verification: str
    before: int
    after: int
    documents: Sequence[DocumentChange]


def judged_verifications(flow: str, *, workspace: str | None = None) -> QuerySet[Verification]:
    """Those of a flow that have been judged and whose evidence is still there, newest first."""
    kept = StoredEvidence.objects.filter(verification=OuterRef("pk"), content_sealed__isnull=False)
    rows = Verification.objects.filter(Exists(kept), flow_id=flow, redacted_at__isnull=True)
    return (rows if workspace is None else rows.filter(workspace__slug=workspace)).order_by("-created_at", "-id")


def backtest(rows: QuerySet[Verification], now: FlowDefinition, changed: FlowDefinition, *, limit: int | None = None) -> Iterator[Backtested]:
    """Each verification on the evidence of its newest decisions, the day they were made included, by both sets of rules. Documents that a person
    decided keep that decision."""
    decisions = Decision.objects.select_related("evidence", "document").order_by("created_at", "id")
    rows = rows.prefetch_related(Prefetch("decisions", queryset=decisions, to_attr="in_order"))
    for verification in (rows if limit is None else rows[:limit]).iterator(chunk_size=50):
        newest = {entry.document_id: entry for entry in verification.in_order if entry.document.superseded_at is None}
        yield _backtested(verification.pk, list(newest.values()), now, changed)


def _backtested(verification_id: str, newest: Sequence[Decision], now: FlowDefinition, changed: FlowDefinition) -> Backtested:
    found = [_document_change(decision, now, changed) for decision in newest]
    before, after = (policy.settle(statuses) for statuses in ([entry.before for entry in found], [entry.after for entry in found]))
    return Backtested(verification_id, before, after, [entry for entry in found if entry.before != entry.after or entry.rules])


def _document_change(decision: Decision, now: FlowDefinition, changed: FlowDefinition) -> DocumentChange:
    place = (decision.document_id, decision.document.type.name)
    found = stored_case(decision.evidence) if decision.evidence else None
    if found is None:
        return DocumentChange(*place, decision.status, decision.status, [])
    one, other = (judge_document(definition, found[0], decision.document_id, found[1]) for definition in (now, changed))
    return DocumentChange(*place, status_of(one), status_of(other), rule_changes(_outcomes(one), _outcomes(other)))
