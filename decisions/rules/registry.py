"""What a rule is, and the list of them. A rule is a pure function of the evidence whose name is a claim that holds when it passes.

The docstring is what reviewers and the record show. ``evaluate`` is the only way a rule is run: an exception inside one is *unclear*, never a
rejection. Rules live in the modules of ``MODULES``; ``load`` imports them, so that this module imports none.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from decisions.evidence import Case, DocumentEvidence, Evidence, Observed
from documents.fields import fold
from documents.types import PHOTO_ID, PROOF_OF_ADDRESS, SELFIE

Verdict = Literal["pass", "unclear", "fail", "not_applicable"]
Group = Literal["document", "person", "address", "image", "face"]
Fix = Literal["reupload", "correct_expected_data", "contact_operator", "none"]
Thresholds = Mapping[str, Any]

MODULES = ("document", "zones", "person", "address", "image", "face", "history", "case")
ANY_CONTEXT = frozenset({PHOTO_ID, PROOF_OF_ADDRESS, SELFIE})
ON_PAPER = frozenset({PHOTO_ID, PROOF_OF_ADDRESS})
CONFIDENCE = 0.85
NOT_ASSESSED = "not assessed"

# Codes that any rule may give when it is unclear, beside those of its own.
SHARED_REASONS: Mapping[str, str] = {
    "reading_uncertain": "The text could not be read with certainty, so a person will compare it.",
    "rule_error": "This check could not be completed, so a person will look at it.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Normalised:
    """How one side of a comparison was made comparable: ``side`` says which, ``value`` what it became, ``steps`` what was done to it."""

    side: str
    value: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one document. ``expected``, ``computed`` and ``threshold`` hold JSON values; ``reason_code`` is '' unless unclear or
    failed; ``normalised`` tells what the values became before they were compared."""

    verdict: Verdict
    reason_code: str = ""
    message: str = ""
    fix: Fix = "none"
    inputs: tuple[Observed, ...] = ()
    expected: Any = None
    computed: Any = None
    threshold: Mapping[str, Any] = field(default_factory=dict)
    normalised: tuple[Normalised, ...] = ()


RuleFunction = Callable[[Evidence, Thresholds], Finding]


@dataclass(frozen=True, slots=True)
class Rule:
    """``reference`` is the number in the rule book (R01 …), ``inputs`` the field paths and other facts it looks at, ``reason_code`` and ``sentence``
    what a fail says (the sentence may be shown to the applicant and never repeats a stored value), ``reasons`` further codes with their sentences,
    ``severity`` what a flow should make of a fail when it names none."""

    id: str
    reference: str
    group: Group
    inputs: tuple[str, ...]
    contexts: frozenset[str]
    cross_document: bool
    version: int
    reason_code: str
    sentence: str
    fix: Fix
    reasons: Mapping[str, str]
    defaults: Thresholds
    severity: Literal["error", "warning"]
    function: RuleFunction

    @property
    def claim(self) -> str:
        """The first sentence of the docstring, shown when the rule passes."""
        text = " ".join((self.function.__doc__ or "").split("\n\n")[0].split())
        return re.split(r"(?<=\.) (?=[A-Z])", text)[0]

    def sentence_of(self, code: str) -> str:
        return self.sentence if code == self.reason_code else self.reasons.get(code) or SHARED_REASONS[code]


_RULES: dict[str, Rule] = {}


def rule(
    *,
    reference: str,
    group: Group,
    inputs: tuple[str, ...],
    reason_code: str,
    sentence: str,
    fix: Fix,
    contexts: Iterable[str] = ON_PAPER,
    cross_document: bool = False,
    version: int = 1,
    reasons: Mapping[str, str] | None = None,
    defaults: Thresholds | None = None,
    severity: Literal["error", "warning"] = "error",
) -> Callable[[RuleFunction], RuleFunction]:
    """Registers the decorated function under its own name."""

    def register(function: RuleFunction) -> RuleFunction:
        name = function.__name__
        if name in _RULES and _RULES[name].function.__module__ != function.__module__:
            raise ValueError(f"two rules are named {name}")
        _RULES[name] = Rule(
            name,
            reference,
            group,
            inputs,
            frozenset(contexts),
            cross_document,
            version,
            reason_code,
            sentence,
            fix,
            reasons or {},
            defaults or {},
            severity,
            function,
        )
        return function

    return register


def load() -> Mapping[str, Rule]:
    """All rules by id."""
    _import_modules()
    return dict(_RULES)


@lru_cache(maxsize=1)
def _import_modules() -> None:
    for name in MODULES:
        importlib.import_module(f"decisions.rules.{name}")


def get(rule_id: str) -> Rule:
    """Raises KeyError for an unknown id."""
    return load()[rule_id]


def evaluate(rule_id: str, evidence: Evidence, overrides: Thresholds | None = None) -> Finding:
    """Runs one rule with its default thresholds, those in ``overrides`` replaced. Raises KeyError for an unknown id or threshold, and for nothing
    else."""
    entry = get(rule_id)
    thresholds = {**entry.defaults, **(overrides or {})}
    if unknown := sorted(set(thresholds) - set(entry.defaults)):
        raise KeyError(f"{rule_id} has no threshold {', '.join(unknown)}")
    if evidence.document.context not in entry.contexts:
        return replace(not_applicable("This rule does not concern a document of this kind."), threshold=thresholds)
    try:
        return _completed(entry, entry.function(evidence, thresholds), thresholds)
    except Exception as error:
        # The exception's text may hold what was read from the document: only its type is told.
        log.error("rule %s raised %s", rule_id, type(error).__name__)
        return Finding("unclear", "rule_error", SHARED_REASONS["rule_error"], "contact_operator", threshold=thresholds)


def _completed(entry: Rule, finding: Finding, thresholds: Thresholds) -> Finding:
    if finding.verdict in ("pass", "not_applicable"):
        return replace(finding, reason_code="", message=finding.message or entry.claim, fix="none", threshold=thresholds)
    code = finding.reason_code or entry.reason_code
    return replace(finding, reason_code=code, message=finding.message or entry.sentence_of(code), fix=entry.fix, threshold=thresholds)


def passed(*inputs: Observed | None, expected: Any = None, computed: Any = None) -> Finding:
    return Finding("pass", inputs=_present(inputs), expected=expected, computed=computed)


def failed(*inputs: Observed | None, code: str = "", expected: Any = None, computed: Any = None) -> Finding:
    return Finding("fail", code, inputs=_present(inputs), expected=expected, computed=computed)


def unclear(*inputs: Observed | None, code: str = "", expected: Any = None, computed: Any = None) -> Finding:
    return Finding("unclear", code, inputs=_present(inputs), expected=expected, computed=computed)


def with_steps(finding: Finding, *normalised: Normalised) -> Finding:
    """The finding with how its values were made comparable."""
    return replace(finding, normalised=normalised)


def normalised_number(side: str, number: str) -> Normalised:
    bare = re.sub(r"[^A-Z0-9]", "", fold(number))
    return Normalised(side, bare, ("upper case, blanks and punctuation removed",) if bare != number else ())


def not_applicable(message: str) -> Finding:
    return Finding("not_applicable", message=message)


def failed_if_sure(thresholds: Thresholds, *inputs: Observed | None, code: str = "", expected: Any = None, computed: Any = None) -> Finding:
    """A fail, unless one of the values was read with less than ``confidence``: a poor reading never rejects a person."""
    if sure(thresholds, *inputs):
        return failed(*inputs, code=code, expected=expected, computed=computed)
    return unclear(*inputs, code="reading_uncertain", expected=expected, computed=computed)


def sure(thresholds: Thresholds, *inputs: Observed | None) -> bool:
    return all(entry.confidence >= thresholds["confidence"] for entry in _present(inputs))


def _present(inputs: Iterable[Observed | None]) -> tuple[Observed, ...]:
    return tuple(entry for entry in inputs if entry is not None)


def observed(document: DocumentEvidence, path: str) -> Observed | None:
    """The merged value of ``path``; None when there is none or it is empty."""
    entry = document.fields.get(path)
    return entry if entry is not None and entry.value.strip() else None


def seen_by(document: DocumentEvidence, reader: str, path: str) -> Observed | None:
    """The value of ``path`` as one reader saw it; None when it did not."""
    entry = document.by_reader.get(reader, {}).get(path) or document.by_reader.get(path, {}).get(reader)
    return entry if entry is not None and entry.value.strip() else None


def day(entry: Observed | None) -> date | None:
    """The date of a value; None when it is none, or only a part of one."""
    try:
        return date.fromisoformat(entry.value) if entry else None
    except ValueError:
        return None


def declared(case: Case, part: str, *names: str) -> str:
    """What the client declared under ``expected_data.<part>.<name>``, the names' values joined by blanks; '' when nothing was."""
    section = case.expected.get(part) or {}
    return " ".join(str(section[name]).strip() for name in names if section.get(name))


def declaration(part: str, name: str, value: str) -> Observed:
    return Observed(f"expected_data.{part}.{name}", value, "declared")
