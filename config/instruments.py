"""What this process counts itself; the rest of /metrics is asked of the database when somebody looks.

With several web processes $PROMETHEUS_MULTIPROC_DIR names a folder in memory that they share, as prometheus_client has it.
"""

from __future__ import annotations

import os

from django.http import HttpRequest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

_SHARED = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if _SHARED:
    os.makedirs(_SHARED, mode=0o700, exist_ok=True)

HTTP_SECONDS = Histogram(
    "vouchbox_http_request_seconds",
    "Seconds from a request to its answer",
    ["method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=None,
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def method_of(request: HttpRequest) -> str:
    """Anybody can make methods up; there is one name for all of those."""
    return request.method if request.method in _METHODS else "other"


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """``route`` is the pattern, never the path: a path holds ids, and there are as many of them as there are cases."""
    HTTP_SECONDS.labels(method if method in _METHODS else "other", route, str(status)).observe(seconds)


def register_on(registry: CollectorRegistry) -> None:
    if _SHARED:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(HTTP_SECONDS)
