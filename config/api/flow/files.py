"""Opens a signed link: the image itself, for as long as the link is good."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.api.errors import refusal_json, safe_only
from documents import viewing
from flows.errors import Refused

log = structlog.get_logger(__name__)
HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@safe_only
def open_link(request: HttpRequest, token: str, name: str | None = None) -> HttpResponseBase:
    try:
        blob, data = viewing.open_link(token, name=name)
    except Refused as refusal:
        return refusal_json(request, refusal)
    except FileNotFoundError:
        return refusal_json(request, Refused("link_gone", "The file was deleted.", status=410))
    log.info("file_opened", blob=blob.key, size=blob.size)
    return HttpResponse(data, content_type=blob.content_type, headers=HEADERS)
