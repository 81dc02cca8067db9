"""What time does to the case: terms that run out, finished work that is forgotten. Every function is safe to repeat."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from verifications.models import MessageState, OutboxMessage, WebhookSlot
from verifications.outbox import LEASE, RETRY_DELAYS
from verifications.services import due_to_expire, expire_due_verification

KEEP_DONE_MESSAGES = timedelta(days=7)
# What clocks of several hosts may differ by.
CLOCK_MARGIN = timedelta(minutes=1)


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


def mend_clock() -> int:
    """Work and leases from a time when the clock was ahead: without this they would wait until it is as late again. Returns how many rows.

    A webhook's next attempt may lie hours ahead by right, so such a row shows only by when it was written."""
    now = timezone.now()
    late = Q(created_at__gt=now + CLOCK_MARGIN)
    late |= ~Q(queue="webhooks") & Q(available_at__gt=now + timedelta(seconds=max(RETRY_DELAYS)) + CLOCK_MARGIN)
    pending = OutboxMessage.objects.filter(late, state=MessageState.PENDING).update(available_at=now, created_at=now)
    far = now + LEASE + CLOCK_MARGIN
    leases = OutboxMessage.objects.filter(state=MessageState.RUNNING, lease_until__gt=far).update(lease_until=now)
    return pending + leases + WebhookSlot.objects.filter(until__gt=far).update(holder="", until=now)
