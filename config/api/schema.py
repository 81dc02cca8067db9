"""The OpenAPI side of the views: one decorator that documents request, answer and every error with an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

ERRORS: dict[str, tuple[int, str]] = {
    "unauthenticated": (401, "Unauthenticated."),
    "missing_scope": (403, "The token lacks the scope documents:write."),
    "method_not_allowed": (405, "Method not allowed."),
    "unsupported_media_type": (415, "Send application/json or multipart/form-data."),
    "payload_too_large": (413, "The request is too large."),
    "malformed_json": (400, "The body is not valid JSON."),
    "validation_failed": (422, "This field is required. (and 1 more error)"),
    "flow_not_found": (404, "No such flow."),
    "verification_not_found": (404, "No such verification."),
    "document_not_found": (404, "No such document."),
    "flow_mismatch": (400, "Invalid verification flow."),
    "redacted": (400, "The verification's data was deleted."),
    "verification_canceled": (400, "The verification is canceled."),
    "verification_not_started": (400, "The verification is not in Started status."),
    "verification_not_submitted": (400, "The verification is not submitted."),
    "verification_on_hold": (400, "The verification is on hold."),
    "verification_not_approved": (400, "The verification is not Approved."),
    "verification_not_finished": (400, "The verification is not decided yet."),
    "images_redacted": (400, "The document's images were deleted."),
    "export_not_found": (404, "No such export."),
    "export_not_ready": (400, "The export is not ready, or no longer kept."),
    "form_blank_missing": (400, "No blank of PS Form 1583 was set up; FORM_1583_BLANK names it."),
    "inspection_not_found": (404, "No such inspection."),
    "form_not_available": (400, "This flow does not ask for the documents of a PS Form 1583."),
    "legal_hold": (409, "The verification is under a legal hold; nothing of it may be deleted."),
    "check_not_found": (404, "No such check."),
    "check_passed": (400, "The check has passed; there is nothing to evaluate again."),
    "same_document": (422, "A document is not compared with itself."),
    "not_extracted": (422, "Nothing was read yet on one of the documents."),
    "list_entry_not_found": (404, "No such list entry."),
    "list_entry_exists": (400, "This value is on the list already."),
    "verification_mismatch": (400, "The document belongs to another verification."),
    "documents_missing": (400, "The verification has no Proof of Address document."),
    "transition_not_allowed": (400, "A verification cannot go from Approved to Canceled."),
    "document_type_not_allowed": (400, "Document type not allowed."),
    "document_type_taken": (400, "The verification already has a Photo ID document."),
    "document_canceled": (400, "The document is canceled."),
    "document_not_uploaded": (400, "The document is not in Uploaded status."),
    "document_not_extracted": (400, "Fields can be corrected while the document is Extracted or in Double check."),
    "document_in_progress": (400, "The document is being read."),
    "document_is_draft": (400, "The document is a draft; submit it first."),
    "document_locked": (400, "Documents can only be deleted while the verification is Started or Expired."),
    "not_draft": (400, "The document is not a draft."),
    "no_files": (400, "A side of the document is missing."),
    "image_missing": (400, "front_side_data is missing."),
    "image_invalid": (400, "front_side_data: The image is truncated."),
    "internal_error": (500, "Something went wrong on our side."),
}
_EXTRA: dict[str, dict[str, Any]] = {
    "validation_failed": {"errors": {"verification": ["This field is required."], "document.country": ["This field is required."]}},
    "same_document": {"errors": {"reference_document_id": ["A document is not compared with itself."]}},
    "not_extracted": {"errors": {"reference_document_id": ["Nothing was read yet on one of the documents."]}},
    "documents_missing": {"missing": ["PROOF_OF_ADDRESS"]},
    "transition_not_allowed": {"from": "Approved", "to": "Canceled"},
}


class ErrorAnswer(serializers.Serializer):
    """Why a request was refused. ``code`` is stable, ``message`` is for people."""

    message = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)  # type: ignore[assignment]


class Schema(AutoSchema):
    """Tags by the thing a path is about; the description names the scope that is needed."""

    def get_description(self) -> str:  # type: ignore[override]
        scopes: dict[str, str] = self.view.scopes  # type: ignore[attr-defined]
        return f"Needs the scope `{scopes[self.method.lower()]}`."

    def get_tags(self) -> list[str]:
        path = self.path.removeprefix("/api/v1/")
        return [next((tag for word, tag in _TAGS if word in path), "Flows")]


_TAGS = (
    ("lists", "Lists"),
    ("exports", "Exports"),
    ("inspections", "Exports"),
    ("decisions", "Decisions"),
    ("documents", "Documents"),
    ("document-types", "Flows"),
    ("verifications", "Verifications"),
)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "config.api.auth.TokenAuthentication"
    name = ["bearer", "apiKey"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [{"type": "http", "scheme": "bearer"}, {"type": "apiKey", "in": "header", "name": "X-API-Key"}]


def query(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.QUERY, description=description)


_PAGING = [
    OpenApiParameter("page", OpenApiTypes.INT, OpenApiParameter.QUERY, description="Page number, 1 or more"),
    OpenApiParameter("per_page", OpenApiTypes.INT, OpenApiParameter.QUERY, description="1 to 100, 15 by default"),
    OpenApiParameter("cursor", OpenApiTypes.STR, OpenApiParameter.QUERY, description="Empty to begin; then what links.next carries"),
]


def answers_with(serializer: serializers.BaseSerializer, status: int = 200) -> dict[int, Any]:
    """The ``{"data": …}`` envelope around a body."""
    many = isinstance(serializer, serializers.ListSerializer)
    inner = serializer.child if isinstance(serializer, serializers.ListSerializer) else serializer
    name = f"{type(inner).__name__.removesuffix('Answer')}{'List' if many else ''}Envelope"
    return {status: named_serializer(name, data=serializer)}


_named: dict[str, serializers.Serializer] = {}


def named_serializer(name: str, **fields: serializers.Field | serializers.BaseSerializer) -> serializers.Serializer:
    """One component of that name, however often it is asked for."""
    if name not in _named:
        _named[name] = inline_serializer(name, dict(fields))
    return _named[name]


def operation(
    summary: str,
    answer: dict[int, Any],
    *,
    request: Any = None,
    errors: Iterable[str] = (),
    parameters: Sequence[OpenApiParameter] = (),
    paged: bool = False,
    example: Any = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Document one method. Errors every call can meet are added: 401, 403, 500, and for bodies 400, 413, 415."""
    codes = ["unauthenticated", "missing_scope", "internal_error", *errors]
    if request is not None:
        codes += ["malformed_json", "payload_too_large", "unsupported_media_type"]
    if paged:
        codes.append("validation_failed")
    return extend_schema(
        summary=summary,
        operation_id=re.sub(r"[^a-z]+", "_", summary.lower().replace("'s", "")).strip("_"),
        request={"application/json": request, "multipart/form-data": request} if request is not None else None,
        responses={**answer, **_error_responses(dict.fromkeys(codes))},
        parameters=[*parameters, *(_PAGING if paged else [])],
        examples=[OpenApiExample("Request", value=example, request_only=True)] if example is not None else [],
    )


def _error_responses(codes: Iterable[str]) -> dict[int, OpenApiResponse]:
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(ERRORS[code][0], []).append(code)
    return {
        status: OpenApiResponse(ErrorAnswer, description=", ".join(found), examples=[_example(code) for code in found])
        for status, found in sorted(by_status.items())
    }


def _example(code: str) -> OpenApiExample:
    status, message = ERRORS[code]
    value = {"message": message, "code": code, "request_id": "req_01jdexample0000000000000000", **_EXTRA.get(code, {})}
    return OpenApiExample(code, value=value, response_only=True, status_codes=[str(status)])
