"""The memory that cannot be rewritten: an append-only, hash-linked trail per workspace."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from flows.models import Workspace
from verifications.models import AuditEntry, AuditHead


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
        entry.hash = link_hash(entry)
        entry.save(force_insert=True)
        head.number, head.hash = entry.number, entry.hash
        head.save(update_fields=["number", "hash"])
        return entry


def link_hash(entry: AuditEntry) -> str:
    """Keyed SHA-256 (hex) over the previous hash and every column of the entry."""
    parts = [entry.workspace_id, entry.number, entry.at.isoformat(), entry.actor, entry.action, entry.subject, entry.verification_ref, entry.data]
    message = entry.previous + json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(b"audit|" + settings.SECRET_KEY.encode(), message.encode(), hashlib.sha256).hexdigest()


def verify_chain(workspace: Workspace) -> BrokenLink | None:
    """Walk a workspace's chain from its first link to its head; None when every link holds."""
    previous, number = "0" * 64, 0
    for entry in _entries(workspace).iterator(chunk_size=2000):
        number += 1
        if entry.number != number:
            return BrokenLink(workspace.slug, number, "an entry is missing")
        if entry.previous != previous or entry.hash != link_hash(entry):
            return BrokenLink(workspace.slug, number, "an entry was changed")
        previous = entry.hash
    head = AuditHead.objects.filter(workspace=workspace).first()
    if (head.number, head.hash) != (number, previous) if head else number:
        return BrokenLink(workspace.slug, number + 1, "the newest entries are missing")
    return None


def _entries(workspace: Workspace) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(workspace=workspace).order_by("number")


def _locked_head(workspace_id: str) -> AuditHead:
    head = AuditHead.objects.select_for_update().filter(workspace_id=workspace_id).first()
    if head is None:
        AuditHead.objects.get_or_create(workspace_id=workspace_id)
        head = AuditHead.objects.select_for_update().get(workspace_id=workspace_id)
    return head
