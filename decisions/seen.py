"""Optimistic locking of a case: what a reviewer saw when they decided must still be so."""

from __future__ import annotations

from django.db.models import Max

from flows.errors import Refused
from verifications.models import AuditEntry, Verification

# Looking, claiming and talking change nothing that a decision rests on.
_HARMLESS = (
    "image.viewed", "number.revealed", "record.viewed", "protected.viewed", "case.claimed", "case.released", "case.assigned", "comment.added",
)  # fmt: skip


def state_of(verification_id: str) -> int:
    """The number of the newest entry in the audit trail that changed something about the case."""
    rows = AuditEntry.objects.filter(verification_ref=verification_id).exclude(action__in=_HARMLESS)
    return int(rows.aggregate(newest=Max("number"))["newest"] or 0)


def require_unchanged(verification: Verification, seen: int | None) -> None:
    """The caller holds the lock. Raises Refused("stale_review") unless nothing happened since ``seen``; None asks nothing."""
    if seen is not None and state_of(verification.pk) != seen:
        raise Refused("stale_review", "The case was changed meanwhile. Look again before you decide.")
