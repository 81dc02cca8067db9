"""What the rules about a single document say of it, as one word."""

from __future__ import annotations

from collections.abc import Sequence

from decisions.models import Check, Outcome
from documents.models import Document, DocumentStatus

_DECIDED = {DocumentStatus.APPROVED: "passed", DocumentStatus.REJECTED: "failed", DocumentStatus.CANCELED: "failed"}
_DOUBTS = (Outcome.ERROR, Outcome.WARNING)


def own_checks(document: Document) -> list[Check]:
    """The current results that rest on this document alone. Needs ``current_checks`` (``decisions.dossier``)."""
    checks: list[Check] = document.current_checks  # type: ignore[attr-defined]
    return [check for check in checks if not check.cross_document]


def outcome_of(document: Document, checks: Sequence[Check]) -> str:
    """``initiated`` (a draft), ``submitted`` (it is read, judged, or waits for a person), ``passed`` or ``failed``.

    What was decided is decided. Before that a document passes when no rule has a doubt. A doubt waits for a person where its case goes to one; a
    document that stands alone goes to nobody, and fails.
    """
    status = DocumentStatus(document.status)
    if document.draft:
        return "initiated"
    if status in _DECIDED:
        return _DECIDED[status]
    if document.extraction_failed:
        return "failed"
    if status != DocumentStatus.EXTRACTED or not checks:
        return "submitted"
    if not any(check.outcome in _DOUBTS for check in checks):
        return "passed"
    return "failed" if document.verification.standalone or any(check.outcome == Outcome.ERROR for check in checks) else "submitted"
