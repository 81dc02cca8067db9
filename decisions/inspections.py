"""Links for inspectors: for some time, chosen form records can be read by whoever has the link; each view is marked and written down."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from decisions import forms, overlay
from decisions.dossier import open_case
from decisions.models import Inspection
from flows.errors import Refused
from flows.services import get_flow
from verifications import audit
from verifications.models import Verification
from verifications.services import Caller


@dataclass(frozen=True, slots=True)
class IssuedInspection:
    """``token`` is shown once and kept nowhere."""

    inspection: Inspection
    token: str


@transaction.atomic
def open_to_inspector(*, caller: Caller, flow: str, verifications: Sequence[str], hours: int) -> IssuedInspection:
    """Raises Refused: flow_not_found, verification_not_found (naming them)."""
    found_flow = get_flow(caller.workspace, flow)
    wanted = list(dict.fromkeys(verifications))
    rows = Verification.objects.filter(pk__in=wanted, workspace=caller.workspace, environment=caller.environment, flow=found_flow)
    known = set(rows.values_list("pk", flat=True))
    if unknown := [pk for pk in wanted if pk not in known]:
        raise Refused("verification_not_found", "No such verification.", status=404, extra={"verifications": unknown})
    token = secrets.token_urlsafe(32)
    inspection = Inspection.objects.create(
        workspace=caller.workspace, environment=caller.environment, flow=found_flow, digest=_digest(token), created_by=caller.name,
        expires_at=timezone.now() + timedelta(hours=hours),
    )  # fmt: skip
    inspection.verifications.set(rows)
    _record(inspection, caller.name, "inspection.opened")
    return IssuedInspection(inspection, token)


def path_of(token: str) -> str:
    """Where the link leads to on this service."""
    return f"/inspect/{token}"


def list_inspections(*, caller: Caller, flow: str) -> QuerySet[Inspection]:
    """Newest first. Raises Refused("flow_not_found")."""
    get_flow(caller.workspace, flow)
    rows = Inspection.objects.filter(workspace=caller.workspace, environment=caller.environment, flow_id=flow)
    return rows.prefetch_related("verifications").order_by("-created_at", "-id")


@transaction.atomic
def revoke_inspection(*, caller: Caller, flow: str, inspection_id: str) -> None:
    """At once; repeating it changes nothing. Raises Refused: flow_not_found, inspection_not_found."""
    found = list_inspections(caller=caller, flow=flow).select_for_update(of=("self",)).filter(pk=inspection_id).first()
    if found is None:
        raise Refused("inspection_not_found", "No such inspection.", status=404)
    if found.revoked_at is None:
        found.revoked_at = timezone.now()
        found.save(update_fields=["revoked_at"])
        _record(found, caller.name, "inspection.revoked")


def inspected(token: str) -> tuple[Inspection, list[Verification]]:
    """What a link shows: the chosen verifications, oldest first. Raises Refused: link_invalid 403, link_expired 410."""
    inspection = _of(token)
    _record(inspection, "inspector", "inspection.viewed")
    return inspection, list(inspection.verifications.order_by("created_at", "id"))


def inspected_pdf(token: str, verification_id: str) -> bytes:
    """The form record of one of them, every page marked with the inspection and the time. Raises Refused: link_invalid, link_expired, link_gone."""
    inspection = _of(token)
    row = inspection.verifications.select_related("flow_version", "workspace").filter(pk=verification_id, redacted_at__isnull=True).first()
    if row is None:
        raise Refused("link_gone", "The record is not there, or its data was deleted.", status=410)
    _record(inspection, "inspector", "inspection.record_viewed", verification=row.pk)
    data = forms.compose_pdf(forms.fill(open_case(row)))
    return overlay.watermark(data, f"Inspection {inspection.pk}, {timezone.now():%Y-%m-%d %H:%M} UTC. Not for further use.")


def _of(token: str) -> Inspection:
    found = Inspection.objects.select_related("workspace").filter(digest=_digest(token)).first()
    if found is None:
        raise Refused("link_invalid", "The link is not valid.", status=403)
    if found.revoked_at is not None or found.expires_at <= timezone.now():
        raise Refused("link_expired", "The link has expired.", status=410)
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(inspection: Inspection, actor: str, action: str, *, verification: str = "") -> None:
    audit.record(
        workspace_id=inspection.workspace_id, actor=actor, action=action, subject=inspection.pk, verification=verification,
        data={} if verification else {"verifications": sorted(inspection.verifications.values_list("pk", flat=True))},
    )  # fmt: skip
