"""Webhooks: who is told, and every event's way to them.

An event's deliveries are written by ``fan_out``; each delivery has one piece of work in the outbox, which ``deliver`` does. What went wrong is
scheduled anew in the transaction that records it, so that a process may die at any time: the event is sent again then, under the same id.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from flows.errors import Refused
from verifications import audit, destinations
from verifications.destinations import Attempt
from verifications.events import TEST_EVENT
from verifications.lifecycle import get_verification
from verifications.models import DeliveryStatus, Event, Verification, WebhookDelivery, WebhookEndpoint
from verifications.outbox import write_message
from verifications.services import Caller
from verifications.signing import ENDPOINT_DIALECTS, dialect_headers, new_secret, signed_headers
from verifications.slots import slot

RETRIES = tuple(
    timedelta(**delay) for delay in ({"seconds": 5}, {"minutes": 5}, {"minutes": 30}, *({"hours": hours} for hours in (2, 5, 10, 14, 20, 24)))
)
JITTER = 0.1
EXHAUSTED_IN_A_ROW = 10
OVERLAP = timedelta(hours=24)
DELIVER = "verifications.actors.deliver_webhook"


@transaction.atomic
def create_endpoint(*, caller: Caller, fields: Mapping[str, Any]) -> WebhookEndpoint:
    """``fields`` of ``url events description active dialect``. Its ``secret`` is readable until the row is read again by an answer without it."""
    endpoint = WebhookEndpoint(workspace=caller.workspace, environment=caller.environment, **_columns(fields))
    endpoint.secret = new_secret()
    endpoint.save(force_insert=True)
    _record(caller, endpoint, "webhook.created")
    return endpoint


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: fields[name] for name in ("url", "active") if fields.get(name) is not None}
    if "events" in fields:
        wanted = list(dict.fromkeys(fields["events"] or []))
        columns["events"] = [] if "*" in wanted else wanted
    for name in ("description", "dialect"):
        if name in fields:
            columns[name] = fields[name] or ""
    return columns


def list_endpoints(*, caller: Caller) -> QuerySet[WebhookEndpoint]:
    """Newest first."""
    return WebhookEndpoint.objects.filter(workspace=caller.workspace, environment=caller.environment).order_by("-created_at", "-id")


def get_endpoint(*, caller: Caller, webhook_id: str) -> WebhookEndpoint:
    """Raises Refused("webhook_not_found")."""
    endpoint = list_endpoints(caller=caller).filter(pk=webhook_id).first()
    if endpoint is None:
        raise Refused("webhook_not_found", "No such webhook.", status=404)
    return endpoint


def _locked(caller: Caller, webhook_id: str) -> WebhookEndpoint:
    get_endpoint(caller=caller, webhook_id=webhook_id)
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=webhook_id).first()
    if endpoint is None:
        raise Refused("webhook_not_found", "No such webhook.", status=404)
    return endpoint


@transaction.atomic
def amend_endpoint(*, caller: Caller, webhook_id: str, fields: Mapping[str, Any]) -> WebhookEndpoint:
    """Only what was sent changes; switching it on again forgets what went wrong. Raises Refused("webhook_not_found")."""
    endpoint = _locked(caller, webhook_id)
    columns = _columns(fields)
    if columns.get("active"):
        columns |= {"disabled_reason": "", "exhausted": 0}
    for name, value in columns.items():
        setattr(endpoint, name, value)
    if columns:
        endpoint.save(update_fields=[*columns, "updated_at"])
        _record(caller, endpoint, "webhook.changed", sorted(fields))
    return endpoint


@transaction.atomic
def delete_endpoint(*, caller: Caller, webhook_id: str) -> None:
    """Its deliveries go with it. Raises Refused("webhook_not_found")."""
    endpoint = _locked(caller, webhook_id)
    _record(caller, endpoint, "webhook.deleted")
    endpoint.delete()


@transaction.atomic
def rotate_secret(*, caller: Caller, webhook_id: str) -> WebhookEndpoint:
    """A new secret; for a day the old one signs, too. Raises Refused("webhook_not_found")."""
    endpoint = _locked(caller, webhook_id)
    endpoint.previous_secret, endpoint.secret = endpoint.secret, new_secret()
    endpoint.previous_until = timezone.now() + OVERLAP
    endpoint.save(update_fields=["secret_sealed", "previous_secret_sealed", "previous_until", "updated_at"])
    _record(caller, endpoint, "webhook.rotated")
    return endpoint


def _record(caller: Caller, endpoint: WebhookEndpoint, action: str, fields: list[str] | None = None) -> None:
    data = {"fields": fields} if fields else None
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action=action, subject=endpoint.pk, data=data)


@transaction.atomic
def send_test(*, caller: Caller, webhook_id: str) -> WebhookDelivery:
    """An event of no verification, sent to this endpoint alone; only once when that is switched off. Raises Refused("webhook_not_found")."""
    endpoint = _locked(caller, webhook_id)
    event = Event.objects.create(workspace=caller.workspace, environment=caller.environment, type=TEST_EVENT, data={"webhook_id": endpoint.pk})
    delivery = WebhookDelivery.objects.create(event=event, endpoint=endpoint)
    _schedule(delivery, timedelta(0), forced=True)
    return delivery


def list_deliveries(*, caller: Caller, webhook_id: str) -> QuerySet[WebhookDelivery]:
    """Newest first. Raises Refused("webhook_not_found")."""
    endpoint = get_endpoint(caller=caller, webhook_id=webhook_id)
    return WebhookDelivery.objects.filter(endpoint=endpoint).select_related("event").order_by("-created_at", "-id")


def deliveries_of(*, caller: Caller, verification_id: str) -> QuerySet[WebhookDelivery]:
    """What was sent about one verification, to every address, newest first. Raises Refused("verification_not_found")."""
    found = get_verification(caller.workspace, caller.environment, verification_id)
    return WebhookDelivery.objects.filter(event__verification=found).select_related("event", "endpoint").order_by("-created_at", "-id")


@transaction.atomic
def retry_delivery(*, caller: Caller, webhook_id: str, delivery_id: str) -> WebhookDelivery:
    """Send it now, whatever became of it; if that fails, the schedule begins anew. Raises Refused: webhook_not_found, delivery_not_found."""
    endpoint = _locked(caller, webhook_id)
    found = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("event")
    delivery = found.filter(endpoint=endpoint, pk=delivery_id).first()
    if delivery is None:
        raise Refused("delivery_not_found", "No such delivery.", status=404)
    delivery.status, delivery.step = DeliveryStatus.PENDING, 0
    _schedule(delivery, timedelta(0), forced=True)
    return delivery


@transaction.atomic
def send_again(*, delivery_ids: Sequence[str]) -> int:
    """The same for an administrator, of verifications' own addresses too. Returns how many were found."""
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("event").filter(pk__in=delivery_ids)
    for delivery in rows:
        delivery.status, delivery.step = DeliveryStatus.PENDING, 0
        _schedule(delivery, timedelta(0), forced=True)
    return len(rows)


def list_events(
    *,
    caller: Caller,
    kind: str | None = None,
    verification_id: str | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    kinds: Sequence[str] | None = None,
) -> QuerySet[Event]:
    """Newest first; tests of webhooks are not among them."""
    rows = Event.objects.filter(workspace=caller.workspace, environment=caller.environment, verification__isnull=False)
    rows = rows.filter(type__in=list(kinds)) if kinds is not None else rows
    wanted = {"type": kind, "verification_id": verification_id, "created_at__gte": created_from, "created_at__lte": created_to}
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None}).order_by("-created_at", "-id")


def get_event(*, caller: Caller, event_id: str, kinds: Sequence[str] | None = None) -> Event:
    """Raises Refused("event_not_found")."""
    event = list_events(caller=caller, kinds=kinds).select_related("verification").filter(pk=event_id).first()
    if event is None:
        raise Refused("event_not_found", "No such event.", status=404)
    return event


def event_body(event: Event) -> dict[str, Any]:
    """What is sent and listed."""
    stamp = event.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"id": event.pk, "type": event.type, "timestamp": stamp, "data": event.data}


@transaction.atomic
def fan_out(*, event_id: str) -> None:
    """Write an event's deliveries; a second call writes none."""
    event = Event.objects.select_related("verification").filter(pk=event_id).first()
    if event is None:
        return
    told = WebhookEndpoint.objects.filter(workspace=event.workspace_id, environment=event.environment, active=True, created_at__lte=event.created_at)
    for endpoint in told:
        if (not endpoint.events or event.type in endpoint.events) and told_body(event, endpoint.dialect) is not None:
            _deliver_to(event, endpoint)
    verification = event.verification
    if verification is not None and verification.webhook_url and verification.webhook_disabled_at is None and callback_body(event) is not None:
        _deliver_to(event, None)


def callback_body(event: Event) -> dict[str, Any] | None:
    """What the verification's own address is told, in the words of the dialect it was asked for in; None where that has no word for the event."""
    assert event.verification is not None
    return told_body(event, event.verification.dialect)


def told_body(event: Event, dialect: str) -> dict[str, Any] | None:
    """The event in the words of ``dialect``; a test of a webhook, which is of no verification, in ours."""
    name = import_string(f"{settings.PIPELINE}.CALLBACKS").get(dialect) if event.type != TEST_EVENT else None
    said: dict[str, Any] | None = import_string(name)(event) if name else event_body(event)
    return said


def _deliver_to(event: Event, endpoint: WebhookEndpoint | None) -> None:
    delivery, created = WebhookDelivery.objects.get_or_create(event=event, endpoint=endpoint)
    if created:
        _schedule(delivery, timedelta(0))


def _schedule(delivery: WebhookDelivery, delay: timedelta, *, forced: bool = False) -> None:
    """The next turn; what was scheduled before is out of date by it."""
    delivery.turn += 1
    delivery.next_attempt_at = timezone.now() + delay
    delivery.save()
    write_message(delivery.event.type, DELIVER, {"delivery_id": delivery.pk, "turn": delivery.turn, "forced": forced}, delay=delay)


def deliver(*, delivery_id: str, turn: int, forced: bool) -> None:
    """Send one delivery and record what came of it; a turn that is over changes nothing. Raises Postponed while its receiver is busy."""
    delivery = WebhookDelivery.objects.select_related("event__verification", "endpoint").filter(pk=delivery_id, turn=turn).first()
    if delivery is None or delivery.next_attempt_at is None:
        return
    url, secrets, enabled = _target(delivery)
    if not url or not (enabled or forced):
        record_attempt(delivery_id=delivery_id, turn=turn, attempt=Attempt(None, "webhook_disabled"))
        return
    dialect = delivery.endpoint.dialect if delivery.endpoint is not None else ""
    told = told_body(delivery.event, dialect) if delivery.endpoint is not None else callback_body(delivery.event)
    body = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    now = timezone.now()
    signed = signed_headers(event_id=delivery.event_id, body=body, secrets=secrets, at=now)
    if dialect in ENDPOINT_DIALECTS:
        signed |= dialect_headers(dialect, body=body, secrets=secrets, at=now) | _attempt_headers(delivery, dialect)
    headers = {"Content-Type": "application/json", "User-Agent": "Vouchbox-Webhooks", **signed}
    with slot(_receiver(delivery, url)):
        attempt = destinations.post(url, body, headers)
    record_attempt(delivery_id=delivery_id, turn=turn, attempt=attempt)


def _attempt_headers(delivery: WebhookDelivery, dialect: str) -> dict[str, str]:
    if dialect != "persona":
        return {}
    return {
        "Persona-Webhook-Attempts-Made": str(delivery.attempts),
        "Persona-Webhook-Attempts-Left": str(max(0, len(RETRIES) - delivery.step)),
        "Persona-Webhook-First-Attempted-At": delivery.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


def _receiver(delivery: WebhookDelivery, url: str) -> str:
    """Who is sent to, for ``slot``: an endpoint, or the host of a workspace's verifications' own addresses."""
    return delivery.endpoint_id or hashlib.sha256(f"{delivery.event.workspace_id} {urlsplit(url).netloc}".encode()).hexdigest()


def _target(delivery: WebhookDelivery) -> tuple[str, list[str], bool]:
    """Address, secrets (the newest first), and whether it is switched on."""
    endpoint, verification = delivery.endpoint, delivery.event.verification
    if endpoint is None:
        assert verification is not None
        return verification.webhook_url, [verification.webhook_secret] if verification.webhook_secret else [], not verification.webhook_disabled_at
    overlap = endpoint.previous_until is not None and timezone.now() < endpoint.previous_until
    return endpoint.url, [endpoint.secret, *([endpoint.previous_secret] if overlap else [])], endpoint.active


@transaction.atomic
def record_attempt(*, delivery_id: str, turn: int, attempt: Attempt) -> None:
    """Delivered, tried again later, or given up. A second call for the same turn changes nothing."""
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("event")
    delivery = rows.filter(pk=delivery_id, turn=turn, next_attempt_at__isnull=False).first()
    if delivery is None:
        return
    tried = attempt.error != "webhook_disabled"
    delivery.attempts += tried
    delivery.last_status_code, delivery.last_error, delivery.next_attempt_at = attempt.status_code, attempt.error, None
    if attempt.succeeded:
        delivery.status, delivery.step, delivery.delivered_at = DeliveryStatus.DELIVERED, 0, timezone.now()
        _count(delivery, 0)
    elif tried and attempt.status_code != 410 and delivery.step < len(RETRIES) and not _is_trial(delivery):
        delivery.status, delivery.step = DeliveryStatus.FAILED, delivery.step + 1
        _schedule(delivery, RETRIES[delivery.step - 1] * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 (spreads load)
        return
    else:
        delivery.status = DeliveryStatus.EXHAUSTED
        _give_up(delivery, attempt, tried=tried)
    delivery.save()


def _is_trial(delivery: WebhookDelivery) -> bool:
    """A test of what is switched off: it is sent once, and that it failed counts for nothing."""
    return delivery.event.type == TEST_EVENT and delivery.endpoint is not None and not delivery.endpoint.active


def _give_up(delivery: WebhookDelivery, attempt: Attempt, *, tried: bool) -> None:
    if attempt.status_code == 410:
        _disable(delivery, "gone")
    elif tried and not _is_trial(delivery) and _count(delivery, F("exhausted") + 1) >= EXHAUSTED_IN_A_ROW:
        _disable(delivery, "too_many_failures")


def _count(delivery: WebhookDelivery, value: Any) -> int:
    """How many deliveries were given up in a row, after this one."""
    if delivery.endpoint_id is not None:
        rows = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id)
        rows.update(exhausted=value)
        return int(rows.values_list("exhausted", flat=True).first() or 0)
    cases = Verification.objects.filter(pk=delivery.event.verification_id)
    cases.update(webhook_exhausted=F("webhook_exhausted") + 1 if value else 0)
    return int(cases.values_list("webhook_exhausted", flat=True).first() or 0)


def _disable(delivery: WebhookDelivery, reason: str) -> None:
    if delivery.endpoint_id is None:
        Verification.objects.filter(pk=delivery.event.verification_id).update(webhook_disabled_at=timezone.now())
        return
    WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(active=False, disabled_reason=reason, updated_at=timezone.now())
