"""How many posts one receiver is sent at a time: a slow one must not hold the threads that others wait for.

A slot is a row that one UPDATE takes, on every database, with a lease that outlasts the time limit of a post.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from verifications.models import WebhookSlot
from verifications.outbox import Postponed, process_name

SLOTS = 2
SLOW_SECONDS = 3.0
WAIT_SECONDS, LOOK_SECONDS = 0.25, 0.02
LEASE = timedelta(seconds=25)
SHORTEST_DELAY, LONGEST_DELAY = 0.2, 20.0


@contextmanager
def slot(receiver: str) -> Iterator[None]:
    """Hold one of the receiver's slots. Raises Postponed when none is free within a quarter of a second; a receiver whose last post was slow has a
    single one, and is not waited for."""
    holder = f"{process_name()}:{secrets.token_hex(8)}"
    number = _waited_for(receiver, holder)
    begun = time.monotonic()
    try:
        yield
    finally:
        WebhookSlot.objects.filter(receiver=receiver, number=number, holder=holder).update(holder="", until=timezone.now())
        WebhookSlot.objects.filter(receiver=receiver).update(took=round(time.monotonic() - begun, 3))


def _waited_for(receiver: str, holder: str) -> int:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        rows = {row.number: row for row in WebhookSlot.objects.filter(receiver=receiver)}
        took = max((row.took for row in rows.values()), default=0.0)
        for number in range(1 if took >= SLOW_SECONDS else SLOTS):
            if _taken(receiver, number, holder, rows):
                return number
        if took >= SLOW_SECONDS or time.monotonic() >= until:
            raise Postponed(_delay(took))
        time.sleep(LOOK_SECONDS)


def _taken(receiver: str, number: int, holder: str, rows: dict[int, WebhookSlot]) -> bool:
    now = timezone.now()
    if number not in rows:
        WebhookSlot.objects.get_or_create(receiver=receiver, number=number, defaults={"until": now})
    elif rows[number].until > now:
        return False
    return bool(WebhookSlot.objects.filter(receiver=receiver, number=number, until__lte=now).update(holder=holder, until=now + LEASE))


def _delay(took: float) -> timedelta:
    return timedelta(seconds=min(LONGEST_DELAY, max(SHORTEST_DELAY, took)) * random.uniform(0.75, 1.25))  # noqa: S311 (spreads load)


def forget_slots() -> int:
    """Slots of receivers that were sent nothing for a day."""
    deleted, _ = WebhookSlot.objects.filter(until__lt=timezone.now() - timedelta(days=1)).delete()
    return deleted
