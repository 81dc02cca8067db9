"""Is it alive, is it ready, how is it doing: for load balancers, orchestrators and Prometheus."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import dramatiq
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from config import instruments
from config.api.errors import refusal_json, safe_only
from flows.counting import counted
from flows.errors import Refused
from verifications.models import MessageState, OutboxMessage, Verification, VerificationStatus, WorkerHeartbeat

STALE_WORKER = timedelta(seconds=60)


@safe_only
def live(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@safe_only
def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything a verification needs is there, else 503 with what is not."""
    checks = {name: _tried(probe) for name, probe in PROBES.items()}
    ok = all(entry["ok"] for entry in checks.values())
    response = JsonResponse({"status": "ok" if ok else "unavailable", "checks": checks}, status=200 if ok else 503)
    # Not being ready yet is an answer, not an error to be logged at every probe.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _tried(probe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"ok": True, **probe()}
    except Exception as error:
        return {"ok": False, "error": type(error).__name__}


def check_database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"engine": connection.vendor}


def check_broker() -> dict[str, Any]:
    if not settings.REDIS_URL:
        return {"engine": "embedded"}
    dramatiq.get_broker().client.ping()  # type: ignore[attr-defined]
    return {"engine": "redis"}


def check_storage() -> dict[str, Any]:
    name = default_storage.save("health/probe", ContentFile(b"probe"))
    try:
        with default_storage.open(name) as file:
            if file.read() != b"probe":
                raise OSError("the storage returned other bytes than it was given")
    finally:
        default_storage.delete(name)
    return {}


def check_workers() -> dict[str, Any]:
    since = timezone.now() - STALE_WORKER
    alive = list(WorkerHeartbeat.objects.filter(at__gte=since))
    served = {queue for row in alive for queue in row.queues}
    missing = sorted({"reading", "decisions", "records", "webhooks"} - served)
    return {"ok": not missing, "alive": len(alive), "queues_without_worker": missing}


def check_readers() -> dict[str, Any]:
    since = timezone.now() - STALE_WORKER
    loaded = [row.readers for row in WorkerHeartbeat.objects.filter(at__gte=since) if row.readers]
    return {"ok": bool(loaded), "loaded": loaded[0] if loaded else {}}


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "database": check_database,
    "broker": check_broker,
    "storage": check_storage,
    "workers": check_workers,
    "readers": check_readers,
}


@safe_only
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format; from the machine itself, or with METRICS_TOKEN as bearer token."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    with_token = bool(settings.METRICS_TOKEN) and hmac.compare_digest(sent, settings.METRICS_TOKEN.encode())
    direct = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and "X-Forwarded-For" not in request.headers
    if not (with_token or direct):
        return refusal_json(request, Refused("not_found", "There is nothing at this address.", status=404))
    registry = CollectorRegistry()
    registry.register(_Collector())
    instruments.register_on(registry)
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")


class _Collector(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        by_status = GaugeMetricFamily("vouchbox_verifications", "Verifications by status; above 3,000 the database's estimate", labels=["status"])
        for status in VerificationStatus:
            by_status.add_metric([status.label], counted(Verification.objects.filter(status=status)).number)
        yield by_status
        waiting = GaugeMetricFamily("vouchbox_outbox_waiting", "Outbox rows that are not done", labels=["queue"])
        oldest = GaugeMetricFamily("vouchbox_outbox_oldest_seconds", "Age of the oldest row that is due", labels=["queue"])
        rows = OutboxMessage.objects.filter(state__in=(MessageState.PENDING, MessageState.RUNNING)).values("queue")
        for row in rows.annotate(count=Count("pk"), oldest=Min("available_at")):
            waiting.add_metric([row["queue"]], row["count"])
            oldest.add_metric([row["queue"]], max(0.0, (now - row["oldest"]).total_seconds()))
        yield waiting
        yield oldest
        dead = OutboxMessage.objects.filter(Q(state=MessageState.DEAD)).count()
        yield GaugeMetricFamily("vouchbox_outbox_dead", "Outbox rows given up", value=dead)
        beats = GaugeMetricFamily("vouchbox_worker_heartbeat_age_seconds", "Age of each worker's heartbeat", labels=["worker"])
        for beat in WorkerHeartbeat.objects.all():
            beats.add_metric([beat.name], (now - beat.at).total_seconds())
        yield beats
