"""The OpenAPI side of the views: one decorator that documents request, answer and every error with an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers

from config.api import reference
from flows.versions import API_VERSIONS

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
    "webhook_not_found": (404, "No such webhook."),
    "delivery_not_found": (404, "No such delivery."),
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
    "renewal_open": (400, "A renewal is under way: ver_01jd8x3m5k7n9p1r3t5v7x9z1b."),
    "image_missing": (400, "front_side_data is missing."),
    "image_invalid": (400, "front_side_data: The image is truncated."),
    "rate_limited": (429, "Too many requests."),
    "invalid_key_inflection": (400, "Key-Inflection is one of snake, camel, kebab."),
    "unknown_api_version": (400, "There is no such version of the API."),
    "invalid_idempotency_key": (400, "An idempotency key has 1 to 255 visible ASCII characters."),
    "idempotency_mismatch": (422, "This idempotency key was used with another body."),
    "idempotency_in_progress": (409, "A request with this idempotency key is still running."),
    "precondition_failed": (412, "It was changed meanwhile. Get it again."),
    "internal_error": (500, "Something went wrong on our side."),
}
_EXTRA: dict[str, dict[str, Any]] = {
    "validation_failed": {"errors": {"verification": ["This field is required."], "document.country": ["This field is required."]}},
    "same_document": {"errors": {"reference_document_id": ["A document is not compared with itself."]}},
    "not_extracted": {"errors": {"reference_document_id": ["Nothing was read yet on one of the documents."]}},
    "documents_missing": {"missing": ["PROOF_OF_ADDRESS"]},
    "transition_not_allowed": {"from": "Approved", "to": "Canceled"},
    "unknown_api_version": {"versions": list(API_VERSIONS)},
}
EVERYWHERE = (
    "method_not_allowed",
    "unauthenticated",
    "missing_scope",
    "rate_limited",
    "invalid_key_inflection",
    "unknown_api_version",
    "internal_error",
)
_CODES = "x-error-codes"
BY_METHOD: dict[str, tuple[str, ...]] = {
    "get": (),
    "post": ("validation_failed", "invalid_idempotency_key", "idempotency_mismatch", "idempotency_in_progress"),
    "patch": ("validation_failed", "invalid_idempotency_key", "idempotency_mismatch", "idempotency_in_progress", "precondition_failed"),
    "delete": ("invalid_idempotency_key", "idempotency_mismatch", "idempotency_in_progress"),
}


class Schema(AutoSchema):
    """Tags by the thing a path is about; the description names the scope that is needed. What holds for every operation of a method is added
    here: headers, errors that any call can meet, links from what is made to what can be done with it."""

    def get_description(self) -> str:  # type: ignore[override]
        scopes: dict[str, str] = self.view.scopes  # type: ignore[attr-defined]
        return f"Needs the scope `{scopes[self.method.lower()]}`."

    def get_tags(self) -> list[str]:
        path = self.path.removeprefix("/api/v1/")
        return [next((tag for word, tag in _TAGS if word in path), "Flows")]

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> dict[str, Any] | None:
        found: dict[str, Any] | None = super().get_operation(path, path_regex, path_prefix, method, registry)
        if found is not None:
            codes = dict.fromkeys([*EVERYWHERE, *BY_METHOD[method.lower()], *found.pop(_CODES, ())])
            links = LINKS.get(found["operationId"], ())
            reference.complete(found, method.lower(), refusals=[(ERRORS[code][0], example_of(code)) for code in codes], links=links)
        return found


_CASE = {"flow": "$request.path.flow", "verification": "$response.body#/data/id"}
_DOCUMENT = {"flow": "$request.path.flow", "document": "$response.body#/data/id"}
_OF_CASE = (
    "show_a_verification", "change_a_verification", "submit_a_verification", "cancel_a_verification", "put_a_verification_on_hold",
    "resume_a_verification_that_is_on_hold_or_expired", "expire_a_verification", "ask_for_documents_again",
    "list_the_rule_results_of_a_verification", "download_the_verification_record",
)  # fmt: skip
_OF_DOCUMENT = (
    "show_a_document", "delete_a_document", "list_a_document_extractions", "list_a_document_rule_results", "read_a_document_again",
    "show_what_was_read_field_by_field", "correct_what_was_read", "submit_a_draft_document", "download_a_document_record",
)  # fmt: skip
_OF_WEBHOOK = ("show_a_webhook", "change_a_webhook", "delete_a_webhook", "rotate_a_webhook_secret", "send_a_test_event", "list_a_webhook_deliveries")
_OF_ENTRY = ("show_a_list_entry", "take_a_value_off_a_list")
_OF_EXPORT = ("show_a_registration_bundle", "download_a_registration_bundle", "sign_off_a_quarter")
_EXPORT = {"flow": "$request.path.flow", "export": "$response.body#/data/id"}
_INSPECTION = {"flow": "$request.path.flow", "inspection": "$response.body#/data/id"}
_DOCUMENT_OF_CASE = {"verification": "$response.body#/data/id"}
# From an answer to the operations on what it made: which of their parameters, and what of their bodies, its id fills.
LINKS: dict[str, tuple[reference.Link, ...]] = {
    "start_a_verification": (
        *(reference.Link(name, _CASE) for name in _OF_CASE),
        reference.Link("upload_a_document", {"flow": "$request.path.flow"}, {**_DOCUMENT_OF_CASE, "document": reference.DOCUMENT}),
    ),
    "upload_a_document": (
        *(reference.Link(name, _DOCUMENT) for name in _OF_DOCUMENT),
        reference.Link("change_a_document_that_is_still_uploaded", _DOCUMENT, {"verification": "$response.body#/data/verification_id"}),
        reference.Link("decide_a_document_by_hand", {"flow": "$request.path.flow"}, {"document": "$response.body#/data/id", "status": 4}),
    ),
    "register_a_webhook": tuple(reference.Link(name, {"webhook": "$response.body#/data/id"}) for name in _OF_WEBHOOK),
    "put_a_value_on_a_list": tuple(reference.Link(name, {"entry": "$response.body#/data/id"}) for name in _OF_ENTRY),
    "ask_for_the_registration_bundle_of_a_quarter": tuple(reference.Link(name, _EXPORT) for name in _OF_EXPORT),
    "make_a_link_for_an_inspector": (reference.Link("revoke_an_inspector_link", _INSPECTION),),
    "send_a_test_event": (reference.Link("send_a_delivery_again", {"webhook": "$request.path.webhook", "delivery": "$response.body#/data/id"}),),
}


_TAGS = (
    ("lists", "Lists"),
    ("webhooks", "Webhooks"),
    ("events", "Webhooks"),
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

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """Either header is enough."""
        return [{"bearer": []}, {"apiKey": []}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [{"type": "http", "scheme": "bearer"}, {"type": "apiKey", "in": "header", "name": "X-API-Key"}]


def query(name: str, description: str, schema: dict[str, Any] | None = None) -> OpenApiParameter:
    """A parameter of a list; text when no ``schema`` says otherwise."""
    return OpenApiParameter(name, schema or OpenApiTypes.STR, OpenApiParameter.QUERY, description=description)


_PAGING = [
    query("page", "Page number", {"type": "integer", "minimum": 1, "maximum": 10**9}),
    query("per_page", "15 by default", {"type": "integer", "minimum": 1, "maximum": 100}),
    query("cursor", "Empty to begin; then what links.next carries"),
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


_CONTENT_TYPES = {False: ("application/json",), True: ("application/json", "multipart/form-data")}


def operation(
    summary: str,
    answer: dict[int, Any],
    *,
    request: Any = None,
    errors: Iterable[str] = (),
    parameters: Sequence[OpenApiParameter] = (),
    paged: bool = False,
    example: Any = None,
    with_files: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Document one method; ``errors`` are its own, the others are added for all. ``with_files``: the body may be a form, too."""
    codes = [*errors]
    if request is not None:
        codes += ["malformed_json", "payload_too_large", "unsupported_media_type"]
    if paged:
        codes.append("validation_failed")
    return extend_schema(
        summary=summary,
        operation_id=re.sub(r"[^a-z]+", "_", summary.lower().replace("'s", "")).strip("_"),
        request=dict.fromkeys(_CONTENT_TYPES[with_files], request) if request is not None else None,
        responses=answer,
        extensions={_CODES: list(dict.fromkeys(codes))},
        parameters=[*parameters, *(_PAGING if paged else [])],
        examples=[*_examples(example, with_files)] if example is not None else [],
    )


def _examples(example: Any, with_files: bool) -> Iterator[OpenApiExample]:
    yield OpenApiExample("Request", value=example, request_only=True)
    if with_files:
        yield OpenApiExample("Form", value=_form(example), request_only=True, media_type="multipart/form-data")


def _form(body: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """A body as the fields of a form: members of members by dotted names."""
    fields: dict[str, Any] = {}
    for name, value in body.items():
        fields |= _form(value, f"{path}{name}.") if isinstance(value, dict) else {f"{path}{name}": value}
    return fields


def example_of(code: str) -> dict[str, Any]:
    """The body of an error."""
    return {"message": ERRORS[code][1], "code": code, "request_id": "req_01jdexample0000000000000000", **_EXTRA.get(code, {})}


def with_shared_components(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """What every operation refers to."""
    for kind, entries in reference.COMPONENTS.items():
        result["components"].setdefault(kind, {}).update(entries)
    return result
