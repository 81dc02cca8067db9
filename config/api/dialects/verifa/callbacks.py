"""What an endpoint of this dialect is told: its names of events, its ids and statuses. Never personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.api.dialects.common import under
from config.api.dialects.verifa.shapes import BY_NUMBER, DOCUMENT_STATUSES
from config.api.present import moment

if TYPE_CHECKING:
    from verifications.models import Event

NAMES = {
    "verification.created": "session.created",
    "verification.submitted": "session.processing",
    "verification.finished": "session.completed",
    "verification.review_required": "session.requires-review",
    "verification.expired": "session.expired",
    "verification.canceled": "session.expired",
    "verification.held": "session.awaiting-external",
    "verification.resumed": "session.resumed",
    "verification.resubmission_requested": "session.resubmission-requested",
    "verification.redacted": "session.redacted",
    "document.uploaded": "document.uploaded",
    "document.extracted": "document.extracted",
    "document.extraction_failed": "document.extraction-failed",
    "document.deleted": "document.redacted",
    "document.redacted": "document.redacted",
}
RESULTS = {3: "approved", 4: "rejected", 5: "needs_review"}


def body_of(event: Event) -> dict[str, Any] | None:
    """The status is the one of the event, whatever became of the session since. None for what this dialect has no word for."""
    name, data = NAMES.get(event.type), event.data
    if name is None:
        return None
    told: dict[str, Any] = {"session_id": under("ses", data["verification_id"]), "workflow_id": data["flow"], "external_ref": data["external_ref"]}
    number = int(data["status"])
    if "document_id" in data:
        told |= {"document_id": data["document_id"], "status": DOCUMENT_STATUSES[number]}
    else:
        told |= {"status": BY_NUMBER.get(number, "pending"), "result": RESULTS.get(number)}
    return {"id": event.pk, "type": name, "created_at": moment(event.created_at), "environment": event.environment, "data": told}
