"""Every answer carries a Request-Id and the API's version, and every log line of a request names it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from config.api.headers import version_of
from config.instruments import method_of, observe_request
from flows import spans
from flows.ids import new_request_id
from flows.tracing import request_id

log = structlog.get_logger(__name__)
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}\Z")


def _note(request: HttpRequest, response: HttpResponse, begun: float) -> None:
    """One line and one observation. The route without its query: a query may hold what a client searches for, a link's path is a key to an image."""
    match = request.resolver_match
    ids = {name: value for name, value in (match.kwargs if match else {}).items() if name in ("flow", "verification", "document")}
    seconds, route = time.monotonic() - begun, match.route if match else ""
    observe_request(str(request.method), route, response.status_code, seconds)
    log.info("request", method=request.method, route=route, status=response.status_code, ms=round(seconds * 1000), **ids)


def _name_span(one: Any, request: HttpRequest, response: HttpResponse) -> None:
    if one is not None:
        route = request.resolver_match.route if request.resolver_match else ""
        one.update_name(f"{method_of(request)} {route}".strip())
        spans.note(one, http__request__method=method_of(request), http__route=route, http__response__status_code=response.status_code)


class RequestIdMiddleware:
    """A client's own Request-Id of 1–128 visible ASCII characters is kept, anything else is replaced. So is a NUL in the path, which names nothing
    either way, but which PostgreSQL does not even look for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("Request-Id", "")
        token, begun = request_id.set(sent if VISIBLE_ASCII.match(sent) else new_request_id()), time.monotonic()
        try:
            with spans.span(f"{method_of(request)}", kind="server", parent=request.headers.get("traceparent", "")) as one:
                request.path, request.path_info = (path.replace("\x00", "\ufffd") for path in (request.path, request.path_info))
                response = self.get_response(request)
                _name_span(one, request, response)
            response["Request-Id"] = request_id.get()
            if request.path.startswith("/api/") and "API-Version" not in response:
                response["API-Version"] = version_of(request)
            _note(request, response, begun)
            return response
        finally:
            request_id.reset(token)
