"""What must follow a change: written with it, handed to actors at least once, whatever dies in between.

``emit`` writes; ``@outbox_actor`` makes a Dramatiq actor that claims its row by a lease, works, and marks it done; ``due`` finds rows that
nobody holds. Who hears an event is the wiring table's business (``settings.PIPELINE``), never this room's.
"""

from __future__ import annotations

import importlib
import os
import secrets
import socket
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Protocol

import dramatiq
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from flows import spans
from flows.errors import Refused
from flows.tracing import request_id
from verifications.events import EVENTS
from verifications.models import Event, MessageState, OutboxMessage, Verification, WebhookEndpoint, WebhookSlot

LEASE = timedelta(seconds=60)
RETRY_DELAYS = (2, 15, 60, 300)
LONGEST_WAKE_UP = timedelta(seconds=30)
log = structlog.get_logger(__name__)


class Postponed(Exception):
    """Raised by an actor's function that can do nothing yet: its work is due again after ``delay``, and this attempt does not count."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(delay)
        self.delay = delay


class DocumentLike(Protocol):
    """What an event tells of a document; the room above hands its own model in."""

    pk: str
    type_id: int
    status: int

    def get_status_display(self) -> str: ...


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What an actor's function is told: the outbox row's id, how often it was tried (1 = first), and the event's ids."""

    message_id: str
    attempt: int
    verification_id: str = ""
    document_id: str | None = None
    request: str | None = None
    event_id: str = ""
    delivery_id: str = ""
    link_id: str = ""
    turn: int = 0
    forced: bool = False

    @property
    def run(self) -> str:
        """What the work's results are filed under: the client's request, else the row itself."""
        return self.request or self.message_id


@lru_cache(maxsize=1)
def _pipeline() -> Any:
    return importlib.import_module(settings.PIPELINE)


def emit(
    name: str,
    *,
    verification: Verification,
    document: DocumentLike | None = None,
    decision_id: str | None = None,
    reasons: Sequence[str] = (),
    facts: Mapping[str, str | int] | None = None,
    request: str | None = None,
) -> None:
    """Say what happened, inside the transaction that made it happen, when all of it is written. The caller holds the verification's row lock.
    ``facts`` are ids and counts that only this kind of event has."""
    assert transaction.get_connection().in_atomic_block, "an event is written with its cause"
    if EVENTS[name].public:
        event = _write_event(name, verification=verification, document=document, decision_id=decision_id, reasons=reasons, facts=facts or {})
        for actor in _pipeline().PUBLIC_ROUTES if _listened_to(verification) else ():
            write_message(name, actor, {"event_id": event.pk})
    payload = {"verification_id": verification.pk, "document_id": document.pk if document is not None else None, "request": request}
    for actor in _pipeline().ROUTES.get(name, ()):
        write_message(name, actor, payload)
    for function in _pipeline().AT_ONCE.get(name, ()):
        _do_at_once(function, verification)


def _do_at_once(function: str, verification: Verification) -> None:
    """What cannot be done now is done by an actor later; it must not take the event with it."""
    try:
        with transaction.atomic():
            import_string(function)(verification=verification)
    except Exception as error:
        log.warning("at_once_failed", function=function, verification=verification.pk, error=type(error).__name__, at=_place(error))


def _listened_to(verification: Verification) -> bool:
    """Whether anybody may be told: without a listener a public event is kept, and wakes nobody."""
    if verification.webhook_url and verification.webhook_disabled_at is None:
        return True
    return WebhookEndpoint.objects.filter(workspace_id=verification.workspace_id, environment=verification.environment, active=True).exists()


def _write_event(
    name: str, *, verification: Verification, document: DocumentLike | None, decision_id: str | None, reasons: Sequence[str],
    facts: Mapping[str, str | int],
) -> Event:  # fmt: skip
    Verification.objects.filter(pk=verification.pk).update(sequence=F("sequence") + 1)
    verification.sequence += 1
    subject: Verification | DocumentLike = document if document is not None else verification
    data: dict[str, Any] = {
        "verification_id": verification.pk,
        "flow": verification.flow_id,
        "status": int(subject.status),
        "status_label": subject.get_status_display(),
        "external_ref": verification.external_ref or None,
        "sequence": verification.sequence,
    }
    if reasons:
        data["reasons"] = list(reasons)
    if document is not None:
        data |= {"document_id": document.pk, "document_type": document.type_id}
    if decision_id is not None:
        data["decision_id"] = decision_id
    data |= facts
    return Event.objects.create(
        workspace_id=verification.workspace_id,
        environment=verification.environment,
        verification=verification,
        type=name,
        sequence=verification.sequence,
        data=data,
    )


def write_message(event: str, actor: str, payload: dict[str, Any], *, delay: timedelta = timedelta(0)) -> OutboxMessage:
    """Work for ``actor``, ``delay`` from now."""
    target = import_string(actor)
    message = OutboxMessage.objects.create(
        event=event,
        actor=actor,
        queue=target.queue_name,
        payload=payload,
        request_id=request_id.get(),
        trace=spans.current(),
        available_at=timezone.now() + delay,
    )
    transaction.on_commit(lambda: _wake_worker(message, delay), robust=True)
    return message


def order(event: str, *, request: str) -> None:
    """Write the work that ``event`` leads to, for what belongs to no single verification; ``request`` is its id."""
    assert transaction.get_connection().in_atomic_block, "work is ordered with its cause"
    for actor in _pipeline().ROUTES.get(event, ()):
        write_message(event, actor, {"verification_id": "", "document_id": None, "request": request})


def wake(event: str, *, verification: Verification, document: DocumentLike | None = None) -> None:
    """Write the work that ``event`` leads to once more, without telling the outside again: for what got stuck."""
    payload = {"verification_id": verification.pk, "document_id": document.pk if document is not None else None, "request": None}
    for actor in _pipeline().ROUTES.get(event, ()):
        write_message(event, actor, payload)


def is_live(message_id: str) -> bool:
    """Whether the row still has work to do."""
    return OutboxMessage.objects.filter(pk=message_id, state__in=(MessageState.PENDING, MessageState.RUNNING)).exists()


def has_live_message(verification_id: str) -> bool:
    return OutboxMessage.objects.filter(state__in=(MessageState.PENDING, MessageState.RUNNING), payload__verification_id=verification_id).exists()


def outbox_actor(
    *, queue: str, max_attempts: int = 4, on_exhausted: str | None = None
) -> Callable[[Callable[[WorkOrder], None]], dramatiq.Actor[..., Any]]:
    """Make ``function(order)`` a Dramatiq actor over outbox rows.

    It may run twice for one row (a lease lost, a crash before the row was marked): its effects must be idempotent. A Refused ends it at once,
    any other exception is retried after RETRY_DELAYS seconds; then ``on_exhausted``, a dotted ``function(order)``, is called.
    """

    def decorate(function: Callable[[WorkOrder], None]) -> dramatiq.Actor[..., Any]:
        def work(message_id: str) -> None:
            _execute(message_id, function, max_attempts, on_exhausted)

        work.__doc__ = function.__doc__
        name = f"{function.__module__}.{function.__name__}"
        actor: dramatiq.Actor[..., Any] = dramatiq.actor(actor_name=name, queue_name=queue, max_retries=0, time_limit=600_000)(work)
        return actor

    return decorate


def _execute(message_id: str, function: Callable[[WorkOrder], None], max_attempts: int, on_exhausted: str | None) -> None:
    token = _claim(message_id)
    if token is None:
        return
    message = OutboxMessage.objects.get(pk=message_id)
    requested = request_id.set(message.request_id)
    order = WorkOrder(message.pk, message.attempts, **message.payload)
    stop = threading.Event()
    keeper = threading.Thread(target=_keep_lease, args=(message_id, token, stop), daemon=True)
    keeper.start()
    waited = max(0.0, (timezone.now() - message.created_at).total_seconds())
    with spans.span(
        message.actor, kind="consumer", parent=message.trace, queue=message.queue, attempt=message.attempts, message=message_id, waited=waited
    ) as one:
        try:
            if message.attempts > max_attempts:
                _exhaust(order, token, on_exhausted, "attempts_exhausted")
                return
            function(order)
            _finish(message_id, token, MessageState.DONE)
        except Postponed as postponed:
            _postpone(message, token, postponed.delay)
        except Refused as refusal:
            spans.note(one, refused=refusal.code)
            _exhaust(order, token, on_exhausted, refusal.code)
        except Exception as error:
            spans.note(one, error__type=type(error).__name__)
            log.warning(
                "actor_failed", actor=message.actor, message=message_id, attempt=message.attempts, error=type(error).__name__, at=_place(error)
            )
            if message.attempts >= max_attempts:
                _exhaust(order, token, on_exhausted, type(error).__name__)
            else:
                _release(message, token, type(error).__name__)
        finally:
            stop.set()
            request_id.reset(requested)


def _place(error: Exception) -> str:
    """Where it was raised; the exception's own text may hold what was read from a document."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _claim(message_id: str) -> str | None:
    """One UPDATE is the lock, on every database: None when the row is done, not due, or somebody else's."""
    now, token = timezone.now(), f"{process_name()}:{secrets.token_hex(8)}"
    free = Q(state=MessageState.PENDING, available_at__lte=now) | Q(state=MessageState.RUNNING, lease_until__lt=now)
    claimed = (
        OutboxMessage.objects.filter(pk=message_id)
        .filter(free)
        .update(state=MessageState.RUNNING, lease_until=now + LEASE, lease_token=token, attempts=F("attempts") + 1)
    )
    return token if claimed else None


def _keep_lease(message_id: str, token: str, stop: threading.Event) -> None:
    while not stop.wait(LEASE.total_seconds() / 4):
        try:
            OutboxMessage.objects.filter(pk=message_id, lease_token=token).update(lease_until=timezone.now() + LEASE)
        finally:
            connection.close()


def _finish(message_id: str, token: str, state: MessageState, error: str = "") -> None:
    OutboxMessage.objects.filter(pk=message_id, lease_token=token).update(
        state=state, done_at=timezone.now(), lease_until=None, lease_token="", last_error=error[:200]
    )


def _postpone(message: OutboxMessage, token: str, delay: timedelta) -> None:
    held = OutboxMessage.objects.filter(pk=message.pk, lease_token=token)
    held.update(state=MessageState.PENDING, available_at=timezone.now() + delay, lease_until=None, lease_token="", attempts=F("attempts") - 1)
    _wake_worker(message, delay)


def _wake_worker(message: OutboxMessage, delay: timedelta) -> None:
    """A broker is told of what is near; the rest is found by the sweep when it is due."""
    if settings.REDIS_URL and delay <= LONGEST_WAKE_UP:
        import_string(message.actor).send_with_options(args=(message.pk,), delay=int(delay.total_seconds() * 1000) or None)


def _release(message: OutboxMessage, token: str, error: str) -> None:
    delay = timedelta(seconds=RETRY_DELAYS[min(message.attempts, len(RETRY_DELAYS)) - 1])
    held = OutboxMessage.objects.filter(pk=message.pk, lease_token=token)
    released = held.update(state=MessageState.PENDING, available_at=timezone.now() + delay, lease_until=None, lease_token="", last_error=error[:200])
    if released:
        _wake_worker(message, delay)


def _exhaust(order: WorkOrder, token: str, on_exhausted: str | None, error: str) -> None:
    if on_exhausted is not None:
        import_string(on_exhausted)(order)
    _finish(order.message_id, token, MessageState.DEAD, error)


def process_name(pid: int | None = None) -> str:
    """Host and process id: who holds a lease."""
    return f"{socket.gethostname()[:100]}:{pid or os.getpid()}"


def release_leases(pid: int) -> int:
    """Give back what a process of this host held when it died, so that nobody waits for the lease to end. Returns how many rows of work."""
    held, now = f"{process_name(pid)}:", timezone.now()
    WebhookSlot.objects.filter(holder__startswith=held).update(holder="", until=now)
    return OutboxMessage.objects.filter(state=MessageState.RUNNING, lease_token__startswith=held).update(lease_until=now)


def due(queues: Sequence[str] | None = None, *, grace: timedelta = timedelta(0), limit: int = 100) -> list[OutboxMessage]:
    """Rows that are due and that nobody holds, oldest first. ``grace`` leaves fresh ones to the broker's own wake-up."""
    now = timezone.now()
    rows = OutboxMessage.objects.filter(
        Q(state=MessageState.PENDING, available_at__lte=now - grace) | Q(state=MessageState.RUNNING, lease_until__lt=now)
    )
    if queues is not None:
        rows = rows.filter(queue__in=queues)
    return list(rows.order_by("available_at", "id")[:limit])


def relay(queues: Sequence[str] | None = None, *, grace: timedelta = timedelta(0), limit: int = 100) -> int:
    """Hand every due row to its actor's queue; safe to repeat, because the row decides who works. Returns how many were handed over."""
    rows = due(queues, grace=grace, limit=limit)
    for row in rows:
        import_string(row.actor).send(row.pk)
    return len(rows)
