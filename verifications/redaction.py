"""Forgetting what a case says: what each floor's redactor is asked, and this floor's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flows.idempotency import forget_answers
from verifications.models import LegalHold, Verification


@dataclass(frozen=True, slots=True)
class Removed:
    """What one redactor removed: how many documents lost their data, and the SHA-256 (hex) of every file that went."""

    documents: int = 0
    hashes: tuple[str, ...] = ()

    def __add__(self, other: Removed) -> Removed:
        return Removed(self.documents + other.documents, self.hashes + other.hashes)


def redact_case(verification: Verification, images_of: Collection[str] | None) -> Removed:
    """What the client declared and noted. The external reference stays: it is an id, by which the client knows what was forgotten."""
    if images_of is None:
        verification.expected_sealed = None
        verification.metadata, verification.tags = {}, []
        verification.save(update_fields=["expected_sealed", "metadata", "tags", "updated_at"])
        LegalHold.objects.filter(verification=verification).update(reason_sealed=None)
    return Removed()


def forget_replies(verification: Verification, images_of: Collection[str] | None) -> Removed:
    """Answers kept for repeated requests about the verification; links to images in them are made anew each time, so these may stay."""
    if images_of is None:
        forget_answers([verification.pk], code="redacted")
    return Removed()
