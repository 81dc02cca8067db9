"""One rule's result as it is shown: the same facts for the API, the review page and the PDF. Made from a stored check, without further queries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from decisions.models import Check
from decisions.rules import registry

READERS = {
    "mrz": "machine readable zone",
    "barcode": "bar code",
    "ocr": "printed text",
    "face": "face",
    "person": "corrected by hand",
    "declared": "declared",
}
FIXES = {
    "reupload": "Upload a new picture, or another document.",
    "correct_expected_data": "Correct what was entered, or upload another document.",
    "contact_operator": "Contact the operator.",
    "none": "",
}
_WORST_FIRST = {"error": 0, "warning": 1, "pass": 2, "not_applicable": 3}


@dataclass(frozen=True, slots=True)
class ShownInput:
    """One value that was compared. ``box`` is x, y, width, height in pixels of the upright page; ``document`` None for what was declared."""

    path: str
    value: str
    document: str | None
    reader: str
    confidence: float | None
    side: str
    page: int | None
    box: list[int] | None

    @property
    def label(self) -> str:
        return self.path.rpartition(".")[2].replace("_", " ").capitalize()

    @property
    def source(self) -> str:
        """Where the value came from, in words."""
        parts = [READERS.get(self.reader, self.reader)]
        if self.document is not None:
            parts += [f"{self.confidence:.0%}".replace("%", " %")] if self.confidence is not None and self.reader != "person" else []
            parts += [f"{self.side}, page {self.page}" if self.page else self.side]
            parts += [f"box {', '.join(map(str, self.box))}"] if self.box else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """``title`` is the rule's claim, ``reference`` its number in the rule book, ``help`` what the applicant can do. ``expected``, ``computed`` and
    ``threshold`` are JSON values; ``normalised`` are ``{side, value, steps}``."""

    id: str
    document_id: str
    rule: str
    reference: str
    title: str
    group: str
    cross_document: bool
    outcome: str
    reason_code: str
    message: str
    fix: str
    rule_version: int
    inputs: tuple[ShownInput, ...]
    expected: Any
    computed: Any
    normalised: tuple[Mapping[str, Any], ...]
    threshold: Mapping[str, Any]
    created_at: datetime

    @property
    def help(self) -> str:
        return FIXES[self.fix]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What was expected, computed and allowed, each in a line; empty for a rule that did not apply."""
        if self.outcome == "not_applicable":
            return []
        steps = [(f"Compared as ({entry['side']})", _compared_as(entry)) for entry in self.normalised]
        told = [("Expected", in_words(self.expected)), ("Found", in_words(self.computed)), *steps, ("Thresholds", in_words(self.threshold))]
        return [(name, text) for name, text in told if text]


def _compared_as(entry: Mapping[str, Any]) -> str:
    return f"{entry['value']} ({'; '.join(entry['steps'])})" if entry["steps"] else str(entry["value"])


def in_words(value: Any) -> str:
    """A JSON value as a reader may see it; '' for nothing."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, Mapping):
        found = [(name, in_words(inner)) for name, inner in value.items()]
        return "; ".join(f"{name.replace('_', ' ')} {text}" for name, text in found if text)
    if isinstance(value, list | tuple):
        return ", ".join(in_words(entry) for entry in value)
    return value if isinstance(value, str) else json.dumps(value)


def shown_check(check: Check) -> ShownCheck:
    evidence: Mapping[str, Any] = check.evidence or {}
    rule = registry.load().get(check.rule)
    return ShownCheck(
        id=check.pk,
        document_id=check.document_id,
        rule=check.rule,
        reference=rule.reference if rule else "",
        title=rule.claim if rule else check.rule.replace("_", " "),
        group=check.group,
        cross_document=check.cross_document,
        outcome=check.outcome,
        reason_code=check.reason_code,
        message=check.message,
        fix=check.fix,
        rule_version=check.rule_version,
        inputs=tuple(_input(entry) for entry in evidence.get("inputs") or []),
        expected=evidence.get("expected"),
        computed=evidence.get("computed"),
        normalised=tuple(evidence.get("normalised") or []),
        threshold=evidence.get("threshold") or {},
        created_at=check.created_at,
    )


def _input(entry: Mapping[str, Any]) -> ShownInput:
    return ShownInput(
        entry["path"], entry["value"], entry["document"], entry["reader"], entry["confidence"], entry["side"], entry["page"], entry["box"]
    )


def shown_checks(checks: Iterable[Check]) -> list[ShownCheck]:
    """Worst first."""
    return [shown_check(check) for check in sorted(checks, key=lambda entry: (_WORST_FIRST[entry.outcome], entry.pk))]
