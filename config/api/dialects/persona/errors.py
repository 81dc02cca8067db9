"""``{"errors": [{title, details, source: {pointer}}]}``, with our own code beside them."""

from __future__ import annotations

from typing import Any

from config.api.dialects.common import Dialect
from config.api.dialects.described import TEXT, listed, shape
from config.api.inflection import to_style
from config.api.views import CONTENT_TYPES
from flows.errors import Refused
from flows.tracing import request_id

JSON_API = "application/vnd.api+json"
_ERROR = {**shape(title=TEXT, details=TEXT, code=TEXT), "additionalProperties": True}
_ERROR["properties"]["source"] = shape(pointer=TEXT)
ERROR = {**shape(errors=listed(_ERROR), meta=shape(request_id=TEXT))}
# What is wrong with the request as such; everything else that our rules refuse with 400 is an action that the state does not allow.
_OF_THE_REQUEST = {"malformed_json", "invalid_key_inflection", "unknown_api_version", "invalid_idempotency_key"}


def body_of(refusal: Refused) -> dict[str, Any]:
    title = refusal.code.replace("_", " ").capitalize()
    found: list[dict[str, Any]] = [
        {"title": title, "details": message, "code": refusal.code, "source": {"pointer": _pointer(path)}}
        for path, messages in refusal.errors.items()
        for message in messages
    ]
    return {"errors": found or [{"title": title, "details": refusal.message, "code": refusal.code}], "meta": {"request_id": request_id.get()}}


def _pointer(path: str) -> str:
    return "/" + "/".join(to_style(word, "kebab") for word in path.split("."))


def status_of(refusal: Refused) -> int | None:
    if refusal.code == "document_type_taken":
        return 409
    return 422 if refusal.status == 400 and refusal.code not in _OF_THE_REQUEST else None


PERSONA = Dialect(
    "persona", "JSON:API", body_of, ERROR, status_of, style="kebab", version_header="Persona-Version", content_types=(*CONTENT_TYPES, JSON_API)
)
