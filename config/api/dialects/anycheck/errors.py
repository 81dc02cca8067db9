"""``{error_code, message, errors: [{field, message}]}``, with the code in the dialect's few words and our own beside it."""

from __future__ import annotations

from typing import Any

from config.api.dialects.common import Dialect
from config.api.dialects.described import TEXT, listed, shape
from flows.errors import Refused
from flows.tracing import request_id

ERROR = {
    **shape(error_code=TEXT, message=TEXT, errors=listed(shape(field=TEXT, message=TEXT)), code=TEXT, request_id=TEXT),
    "additionalProperties": True,
}
_BY_STATUS = {
    401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "INVALID_REQUEST", 408: "REQUEST_TIMEOUT", 409: "ALREADY_EXISTS",
    413: "INVALID_REQUEST", 415: "INVALID_REQUEST", 429: "QUOTA_EXCEEDED", 500: "INTERNAL_ERROR", 501: "NOT_OFFERED",
}  # fmt: skip
# A value that is well-formed and will not do.
_VALUES = {
    "documents_missing", "document_type_not_allowed", "image_missing", "image_invalid", "transition_not_allowed", "redacted", "images_redacted",
    "verification_not_submitted", "verification_not_started", "verification_on_hold", "verification_canceled", "no_files",
}  # fmt: skip


def body_of(refusal: Refused) -> dict[str, Any]:
    word = "INVALID_VALUE" if refusal.code in _VALUES else _BY_STATUS.get(refusal.status, "INVALID_REQUEST")
    errors = [{"field": path, "message": message} for path, messages in refusal.errors.items() for message in messages]
    return {"error_code": word, "message": refusal.message, "errors": errors, "code": refusal.code, "request_id": request_id.get(), **refusal.extra}


def status_of(refusal: Refused) -> int | None:
    return {"document_type_taken": 409}.get(refusal.code, 400 if refusal.status == 422 else None)


ANYCHECK = Dialect("anycheck", "verification service", body_of, ERROR, status_of)
