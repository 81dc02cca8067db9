"""Requests per token, counted atomically in the shared cache; unauthenticated ones per address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.response import Response

from flows.errors import Refused

SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a window: ``reset`` in seconds."""

    limit: int
    window: int
    remaining: int
    reset: int

    def headers(self) -> Iterator[tuple[str, str]]:
        yield "RateLimit-Policy", f'"default";q={self.limit};w={self.window}'
        yield "RateLimit", f'"default";r={self.remaining};t={self.reset}'
        yield "X-RateLimit-Limit", str(self.limit)
        yield "X-RateLimit-Remaining", str(self.remaining)


def spend(key: str) -> Budget | None:
    """Count one request against ``key``. None when limits are off. Raises Refused("rate_limited")."""
    if settings.RATE_LIMIT == "off":
        return None
    number, unit = settings.RATE_LIMIT.split("/")
    limit, window, now = int(number), SECONDS[unit], time.time()
    start = int(now // window)
    name = f"rate:{key}:{window}:{start}"
    # add then incr: the cache decides who was first, so that no two requests see the same count.
    cache.add(name, 0, timeout=window + 5)
    try:
        used = cache.incr(name)
    except ValueError:
        used = 1
    budget = Budget(limit, window, max(0, limit - used), max(1, int((start + 1) * window - now)))
    if used > limit:
        headers = {**dict(budget.headers()), "Retry-After": str(budget.reset)}
        raise Refused("rate_limited", "Too many requests.", status=429, headers=headers)
    return budget


def show(request: Request, response: Response) -> None:
    """Put the budget on an answer."""
    budget: Any = getattr(request, "rate_budget", None)
    for name, value in budget.headers() if budget is not None else ():
        response.setdefault(name, value)
