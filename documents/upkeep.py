"""What time does to documents: work that everybody forgot is woken."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from documents.models import DocumentStatus
from documents.services import live_documents
from verifications.lifecycle import lock_verification
from verifications.models import Verification, VerificationStatus
from verifications.outbox import has_live_message, wake

STUCK_AFTER = timedelta(minutes=10)


def wake_stuck() -> int:
    """Submitted verifications that nothing works on any more: their messages were given up after too many failures, and what failed may have
    healed. Each is tried again; returns how many."""
    since = timezone.now() - STUCK_AFTER
    ids = Verification.objects.filter(status=VerificationStatus.SUBMITTED, submitted_at__lt=since).values_list("pk", flat=True)[:200]
    return sum(_wake(pk) for pk in list(ids))


@transaction.atomic
def _wake(verification_id: str) -> bool:
    verification = lock_verification(verification_id)
    if verification.status != VerificationStatus.SUBMITTED or has_live_message(verification_id):
        return False
    unread = live_documents(verification).filter(status__in=(DocumentStatus.UPLOADED, DocumentStatus.IN_PROGRESS), draft=False)
    for document in unread:
        wake("document.reading_requested", verification=verification, document=document)
    if not unread:
        wake("verification.submitted", verification=verification)
    return True
