"""Repeated requests with one effect: who holds a key, which answer it got, how long both are remembered.

The row is inserted before the work, so that a unique constraint decides who works; the answer is written in the transaction of the effect. A
holder that died is replaced at once by a process of its host, by others when its lease ends.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import zlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from flows.effects import light_atomic
from flows.errors import Refused
from flows.models import IdempotencyKey, IdempotencyState, Workspace

LEASE = timedelta(seconds=60)
REMEMBERED = timedelta(hours=24)


def claim(*, workspace: Workspace, environment: str, method: str, path: str, key: str, fingerprint: str) -> IdempotencyKey:
    """The key's row: RUNNING when the caller shall do the work, else DONE or ERASED with what was answered.

    Raises Refused: idempotency_mismatch 422, idempotency_in_progress 409.
    """
    digest = hashlib.sha256("\n".join((method, path, key)).encode()).hexdigest()
    for _ in range(3):
        fresh = IdempotencyKey(workspace=workspace, environment=environment, digest=digest, fingerprint=fingerprint, **_lease())
        try:
            with light_atomic():
                fresh.save(force_insert=True)
        except IntegrityError:
            held = IdempotencyKey.objects.filter(workspace=workspace, environment=environment, digest=digest).first()
            if held is None:
                continue
            return _follow(held, fingerprint)
        return fresh
    raise _in_progress()


def _follow(held: IdempotencyKey, fingerprint: str) -> IdempotencyKey:
    now = timezone.now()
    if held.created_at < now - REMEMBERED:
        return _take_over(held, fingerprint=fingerprint, state=IdempotencyState.RUNNING, answer_sealed=None, created_at=now)
    if held.fingerprint != fingerprint:
        raise Refused("idempotency_mismatch", "This idempotency key was used with another body.", status=422)
    if held.state != IdempotencyState.RUNNING:
        return held
    if held.lease_until > now and not _holder_is_gone(held.lease_token):
        raise _in_progress()
    return _take_over(held)


def _take_over(held: IdempotencyKey, **changes: Any) -> IdempotencyKey:
    """The old lease's token in the condition makes one of several successors the holder."""
    changes |= _lease()
    if not IdempotencyKey.objects.filter(pk=held.pk, lease_token=held.lease_token).update(**changes):
        raise _in_progress()
    for column, value in changes.items():
        setattr(held, column, value)
    return held


def _lease() -> dict[str, Any]:
    return {"lease_token": f"{_host()}{os.getpid():08x}{secrets.token_hex(8)}", "lease_until": timezone.now() + LEASE}


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _holder_is_gone(token: str) -> bool:
    """Whether the holder was a process of this host that is there no more. Should that be wrong (two hosts of one name), the holder finds its lease
    lost and undoes what it did."""
    if token[:8] != _host() or not re.fullmatch("[0-9a-f]{32}", token):
        return False
    try:
        os.kill(int(token[8:16], 16), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return False


def _in_progress() -> Refused:
    message = "A request with this idempotency key is still running."
    return Refused("idempotency_in_progress", message, status=409, headers={"Retry-After": "1"})


def keep_answer(row: IdempotencyKey, *, answer: dict[str, Any], verification: str = "", document: str = "") -> None:
    """Remember what was answered, and whom it is about. Raises Refused("idempotency_in_progress") when the lease was lost to somebody else:
    in the effect's transaction that undoes the effect."""
    row.answer, row.state = answer, IdempotencyState.DONE
    changes = {"answer_sealed": row.answer_sealed, "state": row.state, "verification_ref": verification, "document_ref": document}
    open_states = (IdempotencyState.RUNNING, IdempotencyState.DONE)
    if not IdempotencyKey.objects.filter(pk=row.pk, lease_token=row.lease_token, state__in=open_states).update(**changes):
        raise _in_progress()


def release(row: IdempotencyKey) -> None:
    """Nothing was done: the key is free again."""
    IdempotencyKey.objects.filter(pk=row.pk, lease_token=row.lease_token, state=IdempotencyState.RUNNING).delete()


def forget_answers(ids: Iterable[str], *, code: str) -> None:
    """Erase the stored answers about these verifications or documents. Their keys stay taken until they run out, so that a late repetition
    brings nothing back; it is refused with ``code``."""
    wanted = list(ids)
    rows = IdempotencyKey.objects.filter(Q(verification_ref__in=wanted) | Q(document_ref__in=wanted), state=IdempotencyState.DONE)
    rows.update(state=IdempotencyState.ERASED, answer_sealed=None, erased_as=code)


def forget_old_answers() -> int:
    """Delete keys that are older than a day."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - REMEMBERED).delete()
    return deleted
