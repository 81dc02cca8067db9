"""Use cases that touch the case alone: create, amend, hold, resume, expire."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from flows.errors import Refused
from flows.ids import new_verification_id
from flows.models import Workspace
from flows.services import current_version, get_flow
from verifications import audit
from verifications.lifecycle import SYSTEM, get_verification, lock_verification, move
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit

EXPECTED_PARTS = ("person", "address", "documents", "witness")
METADATA_VALUE_BYTES = 16 * 1024
OPEN_STATUSES = (VerificationStatus.STARTED, VerificationStatus.SUBMITTED, VerificationStatus.DOUBLE_CHECK, VerificationStatus.HOLD)
MOST_TAGS = 50
SUSPECTED_FRAUD = "suspected_fraud"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the tenant, and a name for the audit trail ("token:vk_live_…", "user:3")."""

    workspace: Workspace
    environment: str
    name: str


@transaction.atomic
def create_verification(*, caller: Caller, flow: str, fields: Mapping[str, Any], pk: str | None = None) -> Verification:
    """``fields`` of ``external_ref expected_data metadata tags webhook_url webhook_secret renews group_ref folder request dialect``. What renews
    another begins with that one's expected data, of which each part that is sent replaces the part, and with its external reference. ``pk`` is an id
    that something was sealed under already.

    Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, verification_not_approved, renewal_open.
    """
    found = get_flow(caller.workspace, flow)
    earlier = _to_renew(caller, flow, fields["renews"]) if fields.get("renews") else None
    version = current_version(found)
    days = version.definition.expires_after_days
    verification = Verification(
        id=pk or new_verification_id(),
        workspace=caller.workspace,
        environment=caller.environment,
        flow=found,
        flow_version=version,
        external_ref=fields.get("external_ref") or (earlier.external_ref if earlier else ""),
        renews=earlier,
        metadata=merged_metadata({}, fields.get("metadata") or {}),
        tags=list(dict.fromkeys(fields.get("tags") or [])),
        webhook_url=fields.get("webhook_url") or "",
        folder=fields.get("folder"),
        group_ref=fields.get("group_ref") or "",
        dialect=fields.get("dialect") or "",
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    verification.expected = _merged_expected((earlier.expected if earlier else None) or {}, fields.get("expected_data") or {})
    verification.protected = bool(earlier and earlier.protected) or is_declared_protected(verification.expected)
    verification.request = fields.get("request")
    verification.webhook_secret = fields.get("webhook_secret")
    verification.save(force_insert=True)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="verification.created", subject=verification.pk, verification=verification.pk,
        data={"renews": earlier.pk} if earlier else None,
    )  # fmt: skip
    emit("verification.created", verification=verification)
    return verification


def _to_renew(caller: Caller, flow: str, verification_id: str) -> Verification:
    """The Approved case that is renewed, locked: one renewal of it at a time."""
    earlier = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if earlier.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if earlier.status != VerificationStatus.APPROVED:
        raise Refused("verification_not_approved", "Only an Approved verification is renewed.")
    under_way = earlier.renewals.filter(status__in=OPEN_STATUSES).values_list("pk", flat=True).first()
    if under_way is not None:
        raise Refused("renewal_open", f"A renewal is under way: {under_way}.", extra={"renewed_by": under_way})
    return earlier


def renewals_of(verification: Verification) -> list[str]:
    """The ids of the cases that renew this one, newest first."""
    return list(verification.renewals.order_by("-created_at", "-id").values_list("pk", flat=True))


def is_declared_protected(expected: Mapping[str, Any] | None) -> bool:
    """Whether the client said that a court protects the person."""
    return bool(((expected or {}).get("person") or {}).get("protected"))


@transaction.atomic
def amend_verification(*, caller: Caller, flow: str, verification_id: str, fields: Mapping[str, Any]) -> Verification:
    """Change what was sent and only that. Raises Refused: verification_not_found, flow_mismatch, redacted, verification_not_started."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if "expected_data" in fields and verification.status != VerificationStatus.STARTED:
        raise Refused("verification_not_started", "Expected data can only be changed while the verification is Started.")
    changed = _apply_amendment(verification, fields)
    if changed:
        verification.save(update_fields=[*changed, "updated_at"])
        audit.record(
            workspace_id=caller.workspace.pk,
            actor=caller.name,
            action="verification.amended",
            subject=verification.pk,
            verification=verification.pk,
            data={"fields": sorted(fields)},
        )
    if "expected_sealed" in changed:
        emit("verification.expectation_changed", verification=verification)
    return verification


@transaction.atomic
def change_tags(*, caller: Caller, verification_id: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Verification:
    """Repeating it changes nothing. Raises Refused: verification_not_found, redacted, validation_failed (more than 50)."""
    found = find_verification(caller=caller, verification_id=verification_id)
    tags = [tag for tag in dict.fromkeys([*lock_verification(found.pk).tags, *add]) if tag not in remove]
    require_few_tags(tags)
    return amend_verification(caller=caller, flow=found.flow_id, verification_id=found.pk, fields={"tags": tags})


def require_few_tags(tags: Sequence[str]) -> None:
    """Raises Refused("validation_failed")."""
    if len(tags) > MOST_TAGS:
        message = f"There are {MOST_TAGS} tags at the most."
        raise Refused("validation_failed", message, status=422, errors={"tags": [message]})


def _apply_amendment(verification: Verification, fields: Mapping[str, Any]) -> list[str]:
    changed: list[str] = []
    if "external_ref" in fields:
        verification.external_ref = fields["external_ref"] or ""
        changed.append("external_ref")
    if "tags" in fields:
        verification.tags = list(dict.fromkeys(fields["tags"] or []))
        changed.append("tags")
    if "metadata" in fields:
        verification.metadata = merged_metadata(verification.metadata, fields["metadata"] or {})
        changed.append("metadata")
    if "expected_data" in fields and fields["expected_data"] != {}:
        sent = dict.fromkeys(EXPECTED_PARTS) if fields["expected_data"] is None else fields["expected_data"]
        verification.expected = _merged_expected(verification.expected or {}, sent)
        changed.append("expected_sealed")
        # Taking it back here hides the case no less: the form, of which this floor knows nothing, may say so, too, and looks at both.
        verification.protected = verification.protected or is_declared_protected(verification.expected)
        changed.append("protected")
    return changed


def merged_metadata(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """One level deep; null removes a key. Raises Refused("validation_failed") for a value over 16 KB."""
    for key, value in sent.items():
        if value is not None and len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) > METADATA_VALUE_BYTES:
            message = "A metadata value may take 16 KB at most."
            raise Refused("validation_failed", message, status=422, errors={f"metadata.{key}": [message]})
    merged = {**stored, **sent}
    return {key: value for key, value in merged.items() if value is not None}


def _merged_expected(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**stored, **{part: sent[part] for part in EXPECTED_PARTS if part in sent}}
    return {part: value for part, value in merged.items() if value is not None}


def find_verification(*, caller: Caller, verification_id: str) -> Verification:
    """One of the caller's, whatever its flow. Raises Refused("verification_not_found")."""
    found = get_verification(caller.workspace, caller.environment, verification_id)
    if found.standalone:
        raise Refused("verification_not_found", "No such verification.", status=404)
    return found


def locked_in_flow(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """The caller's verification, locked. Raises Refused: flow_not_found, verification_not_found, flow_mismatch."""
    get_flow(caller.workspace, flow)
    found = get_verification(caller.workspace, caller.environment, verification_id)
    require_flow(found, flow)
    return lock_verification(found.pk)


def require_flow(verification: Verification, flow: str) -> None:
    if verification.flow_id != flow:
        raise Refused("flow_mismatch", "Invalid verification flow.")


@transaction.atomic
def hold_verification(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Repeating it changes nothing."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.status == VerificationStatus.HOLD:
        return verification
    origin = int(verification.status)
    return move(verification, "hold", verification=verification, actor=caller.name, changes={"held_from": origin, "held_reasons": []})


def pause_verification(verification: Verification, *, reasons: Sequence[str]) -> Verification:
    """Put a Submitted case on Hold before any of it is read, for codes of which the first says why and the others what was noticed. The caller holds
    the lock."""
    changes = {"held_from": int(verification.status), "held_reasons": list(reasons)}
    return move(verification, "hold", verification=verification, actor=SYSTEM, reason=reasons[0], reasons=reasons, changes=changes)


@transaction.atomic
def expire_verification(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Repeating it changes nothing."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.status == VerificationStatus.EXPIRED:
        return verification
    return move(verification, "expire", verification=verification, actor=caller.name, reason="requested")


def due_to_expire(now: datetime) -> QuerySet[Verification]:
    return Verification.objects.filter(status=VerificationStatus.STARTED, expires_at__lte=now)


@transaction.atomic
def expire_due_verification(*, verification_id: str) -> None:
    """Expire one whose time is up; anything else, and a second call, changes nothing."""
    verification = lock_verification(verification_id)
    due = verification.expires_at is not None and verification.expires_at <= timezone.now()
    if verification.status == VerificationStatus.STARTED and due:
        move(verification, "expire", verification=verification, actor=SYSTEM, reason="time_is_up")


@dataclass(frozen=True, slots=True)
class VerificationFilter:
    """What a list is narrowed to; None is "any". ``q`` is an id or the start of an external_ref."""

    flow: str | None = None
    status: int | None = None
    statuses: Collection[int] | None = None
    group_ref: str | None = None
    folder_id: str | None = None
    external_ref: str | None = None
    tag: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    q: str | None = None


def list_verifications(*, caller: Caller, wanted: VerificationFilter) -> QuerySet[Verification]:
    """Newest first, without those of standalone documents."""
    rows = Verification.objects.filter(workspace=caller.workspace, environment=caller.environment, standalone=False)
    exact: Sequence[tuple[str, Any]] = (
        ("flow_id", wanted.flow),
        ("status", wanted.status),
        ("status__in", wanted.statuses),
        ("group_ref", wanted.group_ref),
        ("folder_id", wanted.folder_id),
        ("external_ref", wanted.external_ref),
        ("created_at__gte", wanted.created_from),
        ("created_at__lte", wanted.created_to),
    )
    rows = rows.filter(**{name: value for name, value in exact if value is not None})
    if wanted.tag is not None:
        rows = _tagged(rows, wanted.tag)
    if wanted.q is not None:
        rows = rows.filter(Q(pk=wanted.q) | _begins_with(wanted.q))
    return rows.select_related("flow_version").order_by("-created_at", "-id")


def _begins_with(text: str) -> Q:
    """Upper and lower case are two things on both databases: PostgreSQL's LIKE knows that and has an index for it; SQLite's does not, but its
    comparisons do."""
    if transaction.get_connection().vendor == "sqlite":
        return Q(external_ref__gte=text, external_ref__lt=text + "\U0010ffff")
    return Q(external_ref__startswith=text)


def _tagged(rows: QuerySet[Verification], tag: str) -> QuerySet[Verification]:
    if transaction.get_connection().vendor == "sqlite":
        # SQLite has no containment operator for JSON: look for the quoted value in the list's text.
        return rows.extra(where=["EXISTS (SELECT 1 FROM json_each(verifications_verification.tags) WHERE json_each.value = %s)"], params=[tag])
    return rows.filter(tags__contains=[tag])
