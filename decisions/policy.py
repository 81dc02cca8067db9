"""From findings to outcomes (pure): the flow's severities turn verdicts into outcomes, and the worst outcome wins, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from decisions.rules.registry import Finding

Outcome = Literal["pass", "warning", "error", "not_applicable"]

# The API's numbers, the same for documents and verifications.
APPROVED, REJECTED, DOUBLE_CHECK = 3, 4, 5


def outcome_of(finding: Finding, severity: str) -> Outcome:
    """A fail weighs what the flow says; unclear is always a warning, so that a machine in doubt never rejects a person."""
    if finding.verdict == "fail":
        return "warning" if severity == "warning" else "error"
    return "warning" if finding.verdict == "unclear" else finding.verdict


def judge(outcomes: Iterable[str]) -> int:
    """A document's status out of its rules' outcomes: any error rejects, else any warning asks for a person, else it is approved."""
    seen = set(outcomes)
    return REJECTED if "error" in seen else DOUBLE_CHECK if "warning" in seen else APPROVED


def settle(statuses: Iterable[int]) -> int:
    """A verification's status out of its documents': doubt first, for a person will look anyway. Without documents there is nothing to approve."""
    seen = set(statuses)
    if DOUBLE_CHECK in seen or not seen:
        return DOUBLE_CHECK
    return REJECTED if REJECTED in seen else APPROVED
