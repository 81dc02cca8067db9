"""Legal holds: while one stands, nothing of a case is deleted, by request or by time."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from flows.errors import Refused
from verifications import audit
from verifications.models import LegalHold, Verification
from verifications.services import Caller, locked_in_flow


def is_held(verification: Verification) -> bool:
    return LegalHold.objects.filter(verification=verification, lifted_at__isnull=True).exists()


def require_not_held(verification: Verification) -> None:
    """Raises Refused("legal_hold")."""
    if is_held(verification):
        raise Refused("legal_hold", "The verification is under a legal hold; nothing of it may be deleted.", status=409)


@transaction.atomic
def place_hold(*, caller: Caller, flow: str, verification_id: str, reason: str) -> LegalHold:
    """Repeating it changes nothing. Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    found = LegalHold.objects.filter(verification=verification, lifted_at__isnull=True).first()
    if found is not None:
        return found
    hold = LegalHold(verification=verification, placed_by=caller.name)
    hold.reason = reason
    try:
        with transaction.atomic():
            hold.save(force_insert=True)
    except IntegrityError:
        return LegalHold.objects.get(verification=verification, lifted_at__isnull=True)
    _record(caller, verification, "legal_hold.placed", hold)
    return hold


@transaction.atomic
def lift_hold(*, caller: Caller, flow: str, verification_id: str) -> None:
    """Repeating it changes nothing. Raises Refused: flow_not_found, verification_not_found, flow_mismatch."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    for hold in LegalHold.objects.filter(verification=verification, lifted_at__isnull=True):
        hold.lifted_at, hold.lifted_by = timezone.now(), caller.name
        hold.save(update_fields=["lifted_at", "lifted_by"])
        _record(caller, verification, "legal_hold.lifted", hold)


def _record(caller: Caller, verification: Verification, action: str, hold: LegalHold) -> None:
    audit.record(workspace_id=verification.workspace_id, actor=caller.name, action=action, subject=hold.pk, verification=verification.pk)
