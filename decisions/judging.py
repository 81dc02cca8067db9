"""The judgement itself (pure): a flow's rules over a case, to findings with outcomes. The same for a preview, a decision, a replay and a backtest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from decisions import policy
from decisions.evidence import Case, DocumentEvidence, Evidence
from decisions.rules import registry
from decisions.rules.registry import Finding, Rule
from flows.definition import FlowDefinition


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule's finding with the outcome that the flow's severity gives it."""

    rule: Rule
    finding: Finding
    outcome: str

    @property
    def counts(self) -> bool:
        """Whether it stands in the way of an approval."""
        return self.outcome in ("error", "warning")


def judge_document(definition: FlowDefinition, case: Case, document_id: str, together: Sequence[str]) -> list[Judged]:
    """Every rule of the flow that concerns the document. ``together`` are the ids of those judged in one go, this one among them: its first also
    answers for rules that compare documents and belong to one that was decided before."""
    own = next(entry for entry in case.documents if entry.id == document_id)
    rules = flow_rules(definition)
    views = [(rule, own) for rule in rules if own.context in rule.contexts]
    if together and document_id == together[0]:
        views += _left_over(rules, case, set(together))
    return [judge_rule(definition, rule, Evidence(case, seen_from)) for rule, seen_from in views]


def judge_rule(definition: FlowDefinition, rule: Rule, evidence: Evidence) -> Judged:
    # A stored flow version may set a threshold that the rule has lost since; `manage.py check` tells of those in today's files.
    known = {name: value for name, value in definition.thresholds(rule.id).items() if name in rule.defaults}
    finding = registry.evaluate(rule.id, evidence, known)
    return Judged(rule, finding, policy.outcome_of(finding, definition.severity(rule.id)))


def flow_rules(definition: FlowDefinition) -> list[Rule]:
    known = registry.load()
    return [known[name] for name in definition.rules if name in known]


def _left_over(rules: Sequence[Rule], case: Case, together: Collection[str]) -> list[tuple[Rule, DocumentEvidence]]:
    """A new document must still agree with one that was decided in an earlier attempt."""
    contexts = {entry.context for entry in case.documents if entry.id in together}
    decided = [entry for entry in case.documents if entry.id not in together and entry.extracted]
    return [
        (rule, entry) for rule in rules if rule.cross_document and not contexts & rule.contexts for entry in decided if entry.context in rule.contexts
    ]


def status_of(judged: Sequence[Judged]) -> int:
    """The document's status by its rules."""
    return policy.judge(entry.outcome for entry in judged)


def reasons_of(judged: Sequence[Judged]) -> list[str]:
    """Codes of what stands in the way, errors first: the first of a rejection is why it was rejected."""
    ordered = sorted((entry for entry in judged if entry.counts), key=lambda entry: entry.outcome != "error")
    return list(dict.fromkeys(entry.finding.reason_code for entry in ordered))
