"""Every no in one shape: ``{message, code, request_id}``, with ``errors`` for a 422; or the same facts as RFC 9457 when asked for."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from config.api.headers import asks_for, style_of
from config.api.inflection import outbound_error
from flows.errors import Refused
from flows.tracing import request_id

PROBLEM = "application/problem+json"
log = structlog.get_logger(__name__)


def answer_exception(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: nothing leaves the API in another shape."""
    return refusal_response(refused_by(error), context["request"])


def refused_by(error: Exception) -> Refused:
    """The refusal to be answered; what was begun is rolled back, and a failure of ours is in the log."""
    refusal = as_refusal(error)
    if refusal.code == "internal_error":
        # The exception's own text may hold what a client sent: only its type and the way to it are told.
        log.error("internal_error", error=type(error).__name__, way="".join(traceback.format_tb(error.__traceback__)))
    set_rollback()
    return refusal


def as_refusal(error: Exception) -> Refused:  # noqa: PLR0911 (a table in the shape of a function)
    """The refusal that says what ``error`` means to a client."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, exceptions.ValidationError):
        return validation_refusal(error.detail)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return Refused("unauthenticated", "Unauthenticated.", status=401, headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, exceptions.MethodNotAllowed):
        return Refused("method_not_allowed", "Method not allowed.", status=405)
    if isinstance(error, exceptions.ParseError):
        return Refused("malformed_json", "The body is not valid JSON.")
    if isinstance(error, RequestDataTooBig):
        return Refused("payload_too_large", "The request is too large.", status=413)
    if isinstance(error, Http404 | exceptions.NotFound):
        return Refused("not_found", "There is nothing at this address.", status=404)
    return Refused("internal_error", "Something went wrong on our side.", status=500)


def validation_refusal(detail: Any) -> Refused:
    """DRF's nested errors as dotted paths; ``message`` is the first and counts the others."""
    errors: dict[str, list[str]] = {}
    for path, message in _flat(detail, ""):
        errors.setdefault(path, []).append(message)
    return errors_refusal(errors)


def errors_refusal(errors: Mapping[str, list[str]]) -> Refused:
    messages = [message for entries in errors.values() for message in entries]
    more = len(messages) - 1
    tail = f" (and {more} more error{'s' if more > 1 else ''})" if more else ""
    return Refused("validation_failed", messages[0] + tail, status=422, errors=errors)


def _flat(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            own = path if key == "non_field_errors" else f"{path}.{key}" if path else str(key)
            yield from _flat(value, own)
    elif isinstance(detail, list | tuple):
        for entry in detail:
            yield from _flat(entry, path)
    else:
        yield path or "body", str(detail)


def body_of(refusal: Refused) -> dict[str, Any]:
    body: dict[str, Any] = {"message": refusal.message, "code": refusal.code, "request_id": request_id.get(), **refusal.extra}
    if refusal.errors:
        body["errors"] = refusal.errors
    return body


def problem_of(refusal: Refused) -> dict[str, Any]:
    """RFC 9457: type, title, status and detail, with our members as extensions."""
    return as_problem(body_of(refusal), refusal.status)


def as_problem(body: Mapping[str, Any], status: int) -> dict[str, Any]:
    """An error's body in the words of RFC 9457."""
    return {
        "type": f"urn:vouchbox:error:{body['code']}",
        "title": str(body["code"]).replace("_", " ").capitalize(),
        "status": status,
        "detail": body["message"],
        **{name: value for name, value in body.items() if name != "message"},
    }


def refusal_response(refusal: Refused, request: Request) -> Response:
    if asks_for(request, PROBLEM):
        return Response(problem_of(refusal), status=refusal.status, content_type=PROBLEM, headers=refusal.headers)
    return Response(body_of(refusal), status=refusal.status, headers=refusal.headers)


def refusal_json(request: HttpRequest, refusal: Refused) -> JsonResponse:
    """For what is refused outside DRF: unknown routes, links, a crash in a middleware."""
    problem = asks_for(request, PROBLEM)
    body = outbound_error(problem_of(refusal) if problem else body_of(refusal), style_of(request), of_body=False)
    content_type = PROBLEM if problem else "application/json"
    return JsonResponse(body, status=refusal.status, headers=refusal.headers, content_type=content_type)


def safe_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Django's require_safe, refusing in our words."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        return refusal_json(request, Refused("method_not_allowed", "Method not allowed.", status=405, headers={"Allow": "GET, HEAD"}))

    return guarded


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return refusal_json(request, Refused("bad_request", "The request cannot be understood."))


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return refusal_json(request, Refused("not_found", "There is nothing at this address.", status=404))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return refusal_json(request, Refused("forbidden", "This is not allowed.", status=403))


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """A form of the admin without its token: an old page, or another site."""
    return refusal_json(request, Refused("csrf_failed", "The form has expired. Load the page again.", status=403))


def server_error(request: HttpRequest) -> JsonResponse:
    return refusal_json(request, Refused("internal_error", "Something went wrong on our side.", status=500))
