"""Every answer carries a Request-Id, and every log line of a request names it."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.api.errors import not_found
from config.logs import request_id
from flows.ids import new_request_id

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}\Z")


class RequestIdMiddleware:
    """A client's own Request-Id of 1–128 visible ASCII characters is kept, anything else is replaced. A path with a NUL names nothing, and
    no database takes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("Request-Id", "")
        token = request_id.set(sent if VISIBLE_ASCII.match(sent) else new_request_id())
        try:
            response = not_found(request) if "\x00" in request.path else self.get_response(request)
            response["Request-Id"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
