"""The memory that cannot be rewritten: an append-only, hash-linked trail per workspace."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from flows import servicekeys
from flows.models import Workspace
from flows.vault import Unreadable
from verifications.models import AuditCheckpoint, AuditEntry, AuditHead


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first entry of a chain that does not follow from the one before it."""

    workspace: str
    number: int
    why: str


def record(*, workspace_id: str, actor: str, action: str, subject: str, verification: str = "", data: Mapping[str, Any] | None = None) -> AuditEntry:
    """Append one link in the caller's transaction: no entry without its effect, no effect without its entry."""
    with transaction.atomic():
        head = _locked_head(workspace_id)
        entry = AuditEntry(
            workspace_id=workspace_id,
            number=head.number + 1,
            at=timezone.now(),
            actor=actor,
            action=action,
            subject=subject,
            verification_ref=verification,
            data=json.dumps(data or {}, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
            previous=head.hash,
        )
        entry.hash = link_hash(entry, _key(head))
        entry.save(force_insert=True)
        head.number, head.hash = entry.number, entry.hash
        head.save(update_fields=["number", "hash", "key_sealed"])
        return entry


def link_hash(entry: AuditEntry, key: bytes) -> str:
    """HMAC-SHA-256 (hex) over the previous hash and every column of the entry."""
    parts = [
        entry.pk,
        entry.workspace_id,
        entry.number,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        entry.verification_ref,
        entry.data,
    ]
    message = entry.previous + json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()


def _key(head: AuditHead) -> bytes:
    """The chain's own key, made with its first link. It is sealed like all secrets, so that neither SECRET_KEY nor rotated keys change a hash."""
    if head.key_sealed is None:
        head.key = base64.b64encode(secrets.token_bytes(32)).decode()
    return base64.b64decode(head.key)


def verify_chain(workspace: Workspace, *, kept: Iterable[Mapping[str, Any]] = ()) -> BrokenLink | None:
    """Walk a workspace's chain from its first link to its head, against the stored checkpoints and those ``kept`` elsewhere (``{content,
    signature}``); None when every link holds."""
    signed = _checkpoints(workspace, kept)
    if isinstance(signed, BrokenLink):
        return signed
    head = AuditHead.objects.filter(workspace=workspace).first()
    key, previous, number = _key_or_none(head), "0" * 64, 0
    for entry in _entries(workspace).iterator(chunk_size=2000):
        number += 1
        if why := _fault(entry, number, previous, key, signed):
            return BrokenLink(workspace.slug, number, why)
        previous = entry.hash
    if (head.number, head.hash) != (number, previous) if head else number:
        return BrokenLink(workspace.slug, number + 1, "the newest entries are missing")
    beyond = max(signed, default=0)
    return BrokenLink(workspace.slug, number + 1, f"a signed checkpoint knows {beyond} entries") if beyond > number else None


def _fault(entry: AuditEntry, number: int, previous: str, key: bytes | None, signed: Mapping[int, str]) -> str:
    """Why this entry does not follow; '' when it does."""
    if entry.number != number:
        return "an entry is missing"
    if key is None:
        return "the chain's key is gone"
    if entry.previous != previous or entry.hash != link_hash(entry, key):
        return "an entry was changed"
    return "" if signed.get(number, entry.hash) == entry.hash else "the chain contradicts a signed checkpoint"


def _key_or_none(head: AuditHead | None) -> bytes | None:
    try:
        return _key(head) if head is not None and head.key_sealed is not None else None
    except Unreadable:
        return None


def _checkpoints(workspace: Workspace, kept: Iterable[Mapping[str, Any]]) -> dict[int, str] | BrokenLink:
    """Hash by number; the first checkpoint whose signature does not hold instead."""
    rows = [(row.number, row.content, row.signature) for row in AuditCheckpoint.objects.filter(workspace=workspace).order_by("number")]
    rows += [(entry["content"]["number"], entry["content"], entry["signature"]) for entry in kept if entry["content"]["workspace"] == workspace.pk]
    for number, content, signature in rows:
        whole = content.get("number") == number and content.get("workspace") == workspace.pk
        if not whole or not servicekeys.verifies(servicekeys.canonical(content), signature):
            return BrokenLink(workspace.slug, number, "a checkpoint was changed")
    return {number: content["hash"] for number, content, _ in rows}


def checkpoint_chains() -> int:
    """Sign how far each chain has come, where it went on since the last time. Returns how many were signed."""
    return sum(_checkpoint(pk) for pk in AuditHead.objects.filter(number__gt=0).values_list("pk", flat=True))


@transaction.atomic
def _checkpoint(workspace_id: str) -> bool:
    head = _locked_head(workspace_id)
    if AuditCheckpoint.objects.filter(workspace_id=workspace_id, number=head.number).exists():
        return False
    content = {"workspace": workspace_id, "number": head.number, "hash": head.hash, "at": timezone.now().isoformat()}
    signature = servicekeys.sign(servicekeys.canonical(content))
    AuditCheckpoint.objects.create(workspace_id=workspace_id, number=head.number, content=content, signature=signature)
    return True


def newest_checkpoints() -> list[dict[str, Any]]:
    """The last one of each chain, to be kept elsewhere."""
    newest: dict[str, AuditCheckpoint] = {row.workspace_id: row for row in AuditCheckpoint.objects.order_by("number")}
    return [{"content": row.content, "signature": row.signature} for row in newest.values()]


def _entries(workspace: Workspace) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(workspace=workspace).order_by("number")


def _locked_head(workspace_id: str) -> AuditHead:
    head = AuditHead.objects.select_for_update().filter(workspace_id=workspace_id).first()
    if head is None:
        AuditHead.objects.get_or_create(workspace_id=workspace_id)
        head = AuditHead.objects.select_for_update().get(workspace_id=workspace_id)
    return head
