"""``{error, detail, status_code}``, with the request's id, and with the fields of what is invalid."""

from __future__ import annotations

from typing import Any

from config.api.dialects.common import Dialect
from config.api.dialects.described import TEXT, WHOLE, listed, shape
from flows.errors import Refused
from flows.tracing import request_id

_FIELD = shape(field=TEXT, message=TEXT)
ERROR = {**shape(error=TEXT, detail=TEXT, status_code=WHOLE, request_id=TEXT), "additionalProperties": True}
ERROR["properties"]["errors"] = listed(_FIELD)
# What cannot be done with the thing as it is, where the reference knows 422 only.
UNPROCESSABLE = {
    "redacted", "images_redacted", "document_is_draft", "document_canceled", "document_in_progress", "verification_canceled", "image_invalid",
    "image_missing", "document_type_not_allowed",
}  # fmt: skip


def body_of(refusal: Refused) -> dict[str, Any]:
    body: dict[str, Any] = {"error": refusal.code, "detail": refusal.message, "status_code": refusal.status, "request_id": request_id.get()}
    fields = [{"field": path, "message": message} for path, messages in refusal.errors.items() for message in messages]
    return {**body, **refusal.extra, **({"errors": fields} if fields else {})}


def status_of(refusal: Refused) -> int | None:
    if refusal.code in ("case_claimed", "legal_hold"):
        return 409
    return 422 if refusal.code in UNPROCESSABLE and refusal.status == 400 else None


VERIFA = Dialect("verifa", "sessions and documents", body_of, ERROR, status_of, version_header="Verifa-Version")
