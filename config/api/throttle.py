"""Requests per token, counted atomically and for all processes together; unauthenticated ones per address.

With Redis its counter counts, else a row of the database, which one statement makes or raises.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from flows.errors import Refused
from flows.models import ApiToken, RateWindow

SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86400}
_COUNT = (
    "INSERT INTO flows_ratewindow (name, used, ends_at) VALUES (%s, 1, %s)"
    " ON CONFLICT (name) DO UPDATE SET used = flows_ratewindow.used + 1 RETURNING used"
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a window: ``reset`` in seconds."""

    limit: int
    window: int
    remaining: int
    reset: int
    exceeded: bool = False

    def enforce(self) -> None:
        """Raises Refused("rate_limited") when this request was one too many."""
        if self.exceeded:
            headers = {**dict(self.headers()), "Retry-After": str(self.reset)}
            raise Refused("rate_limited", "Too many requests.", status=429, headers=headers)

    def headers(self) -> Iterator[tuple[str, str]]:
        yield "RateLimit-Policy", f'"default";q={self.limit};w={self.window}'
        yield "RateLimit", f'"default";r={self.remaining};t={self.reset}'
        yield "X-RateLimit-Limit", str(self.limit)
        yield "X-RateLimit-Remaining", str(self.remaining)


def spend_token(token: ApiToken) -> Budget | None:
    """Count one request of ``token`` against its own limit, else the common one. None when limits are off."""
    return _spend(f"token:{token.pk}", token.rate_limit or settings.RATE_LIMIT)


def spend_address(address: str) -> None:
    """Count one unauthenticated request, under a hash of the address. Raises Refused("rate_limited")."""
    name = hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()[:32]
    budget = _spend(f"address:{name}", settings.RATE_LIMIT)
    if budget is not None:
        budget.enforce()


def _spend(key: str, rate: str) -> Budget | None:
    if rate == "off":
        return None
    number, unit = rate.split("/")
    limit, window, now = int(number), SECONDS[unit], time.time()
    start = int(now // window)
    used = _count(f"rate:{key}:{window}:{start}", (start + 1) * window)
    return Budget(limit, window, max(0, limit - used), max(1, int((start + 1) * window - now)), exceeded=used > limit)


def _count(name: str, end: float) -> int:
    if not settings.REDIS_URL:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [name, connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(end, UTC))])
            return int(cursor.fetchall()[0][0])
    # add then incr: the cache decides who was first, so that no two requests see the same count.
    cache.add(name, 0, timeout=int(end - time.time()) + 5)
    try:
        return int(cache.incr(name))
    except ValueError:
        return 1


def forget_windows() -> int:
    """Delete windows that are over."""
    deleted, _ = RateWindow.objects.filter(ends_at__lt=datetime.now(UTC)).delete()
    return deleted
