"""What a verification's own address is told on each change of its status. Signed as every webhook is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.api.dialects.anycheck.shapes import BY_NUMBER, service_id
from config.api.dialects.common import uuid_of
from config.api.present import moment
from verifications.services import SUSPECTED_FRAUD

if TYPE_CHECKING:
    from verifications.models import Event

_OUTPUTS = {3: "VERIFIED", 4: "NOT_VERIFIED"}


def body_of(event: Event) -> dict[str, Any] | None:
    """The status is the one of the event, whatever became of the verification since. None for what is no change of it."""
    case = event.verification
    if case is None or not event.type.startswith("verification.") or event.type == "verification.redacted":
        return None
    number = int(event.data["status"])
    is_pause = event.type == "verification.held" and SUSPECTED_FRAUD in event.data.get("reasons", ())
    return {
        "event": "verification.status_changed",
        "event_id": event.pk,
        "timestamp": moment(event.created_at),
        "verification_id": uuid_of(case.pk),
        "service_id": service_id(case.flow_id),
        "folder_id": uuid_of(case.folder_id) if case.folder_id else None,
        "result_id": case.group_ref or uuid_of(case.pk),
        "status": "FRAUD_DETECTED" if is_pause else BY_NUMBER[number],
        "output_status": _OUTPUTS.get(number),
        "webhook_metadata": (case.request or {}).get("webhook_metadata", {}),
    }
