"""Accepted documents that run out soon: the outside is told once, in time to ask for another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from documents.extracted import current_values
from documents.models import Document, DocumentStatus
from documents.services import lock_document
from verifications.lifecycle import lock_verification
from verifications.models import Event, Verification, VerificationStatus
from verifications.outbox import emit

TOLD_BEFORE = timedelta(days=30)
EVENT = "document.expiring"


def tell_expiring() -> int:
    """Emit ``document.expiring`` for each Approved document of an Approved verification that runs out within 30 days, once. The date is sealed,
    so that each has to be opened. Returns how many were told."""
    return sum(_tell(pk, verification_id) for pk, verification_id in list(_expiring(timezone.now().date())))


def _expiring(today: date) -> Iterator[tuple[str, str]]:
    accepted = Document.objects.filter(
        status=DocumentStatus.APPROVED,
        superseded_at__isnull=True,
        verification__status=VerificationStatus.APPROVED,
        verification__redacted_at__isnull=True,
    )
    for document in accepted.prefetch_related("corrections").iterator(chunk_size=200):
        ends = _expiry(document)
        if ends is not None and today <= ends <= today + TOLD_BEFORE:
            yield document.pk, document.verification_id


def _expiry(document: Document) -> date | None:
    found = current_values(document).get("document.expiration_date")
    try:
        return date.fromisoformat(found.value) if found is not None else None
    except ValueError:
        return None


@transaction.atomic
def _tell(document_id: str, verification_id: str) -> bool:
    verification: Verification = lock_verification(verification_id)
    if Event.objects.filter(verification=verification, type=EVENT, data__document_id=document_id).exists():
        return False
    emit(EVENT, verification=verification, document=lock_document(document_id))
    return True
