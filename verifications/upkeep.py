"""What time does to the case: terms that run out, finished work that is forgotten. Every function is safe to repeat."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from verifications.models import MessageState, OutboxMessage
from verifications.services import due_to_expire, expire_due_verification

KEEP_DONE_MESSAGES = timedelta(days=7)


def expire_due() -> int:
    """Started verifications whose term is over. Returns how many were looked at."""
    ids = list(due_to_expire(timezone.now()).values_list("pk", flat=True)[:500])
    for verification_id in ids:
        expire_due_verification(verification_id=verification_id)
    return len(ids)


def forget_done_messages() -> int:
    """Outbox rows whose work was done a week ago."""
    deleted, _ = OutboxMessage.objects.filter(state=MessageState.DONE, done_at__lt=timezone.now() - KEEP_DONE_MESSAGES).delete()
    return deleted
