"""Events as this dialect tells them: JSON:API objects whose payload is the resource as it was. Never personal data, so that of a document only what
it is and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.api.dialects.common import under
from config.api.dialects.persona.shapes import BY_NUMBER, stamp
from config.api.inflection import outbound

if TYPE_CHECKING:
    from verifications.models import Event

NAMES = {
    "verification.created": "inquiry.created",
    "verification.submitted": "inquiry.completed",
    "verification.finished": "inquiry.approved",
    "verification.review_required": "inquiry.marked-for-review",
    "verification.canceled": "inquiry.failed",
    "verification.expired": "inquiry.expired",
    "verification.held": "inquiry.marked-for-review",
    "verification.resumed": "inquiry.transitioned",
    "verification.resubmission_requested": "inquiry.transitioned",
    "verification.redacted": "inquiry.redacted",
    "document.uploaded": "document.submitted",
    "document.extracted": "document.processed",
    "document.extraction_failed": "document.errored",
    "document.canceled": "document.errored",
}
_DOCUMENT_STATUS = {"document.submitted": "submitted", "document.processed": "processed", "document.errored": "errored"}
_DECLINED = 4


def name_of(event: Event) -> str | None:
    """None for what this dialect has no word for."""
    return "inquiry.declined" if event.type == "verification.finished" and int(event.data["status"]) == _DECLINED else NAMES.get(event.type)


def event_resource(event: Event) -> dict[str, Any]:
    """In snake_case, of an event that has a name."""
    name, data = str(name_of(event)), event.data
    attributes = {"name": name, "payload": {"data": _payload(name, data)}, "created_at": stamp(event.created_at)}
    return {"type": "event", "id": event.pk, "attributes": attributes, "relationships": {}}


def _payload(name: str, data: dict[str, Any]) -> dict[str, Any]:
    inquiry = under("inq", data["verification_id"])
    if "document_id" in data:
        return {
            "type": "document",
            "id": data["document_id"],
            "attributes": {"status": _DOCUMENT_STATUS[name]},
            "relationships": {"inquiry": {"data": {"type": "inquiry", "id": inquiry}}},
        }
    number = int(data["status"])
    return {
        "type": "inquiry",
        "id": inquiry,
        "attributes": {"status": BY_NUMBER.get(number, "created"), "reference_id": data["external_ref"]},
        "relationships": {"template": {"data": {"type": "inquiry-template", "id": data["flow"]}}},
    }


def body_of(event: Event) -> dict[str, Any] | None:
    return outbound({"data": event_resource(event)}, "kebab") if name_of(event) is not None else None
