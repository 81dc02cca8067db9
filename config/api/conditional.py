"""Conditional requests (RFC 9110, section 13): ETag and If-None-Match on GET, If-Match on PATCH.

A tag is a hash of what is shown, without its signed links. Its second part changes while links grow old, so that a copy that is confirmed by a
304 has links that are good for half their time at least; If-Match looks at the first part alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.headers import style_of
from config.api.links import without_links
from flows.errors import Refused
from flows.models import Workspace
from verifications.models import Verification, WebhookEndpoint

VARY = "Authorization, X-API-Key, Accept, Key-Inflection, API-Version"


def tagged(request: Request, response: HttpResponse) -> HttpResponse:
    """A GET's answer with its tag, or 304 when the client has it. What is streamed has none: its bytes are not known beforehand."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or response.streaming:
        return response
    tag = _tag(request, response)
    if _names(request.headers.get("If-None-Match", ""), tag):
        response = Response(status=304)
    response["ETag"] = f'"{tag}"'
    response.setdefault("Cache-Control", "private, no-cache")
    response["Vary"] = VARY
    return response


def check_unchanged(request: Request, current: Response) -> None:
    """Raises Refused("precondition_failed") 412 when If-Match names none of what ``current`` shows."""
    wanted = request.headers.get("If-Match", "")
    content = _content_hash(current)
    known = {entry.partition("-")[0] for entry in _entries(wanted) if not entry.startswith("W/")}
    if wanted.strip() != "*" and content not in known:
        raise Refused("precondition_failed", "It was changed meanwhile. Get it again.", status=412)


def lock_subject(workspace: Workspace, kwargs: dict[str, Any]) -> None:
    """Hold what a path names, if it is the workspace's, until the transaction ends, so that nothing changes between the comparison and the change."""
    if not transaction.get_connection().in_atomic_block:
        return
    if "webhook" in kwargs:
        list(WebhookEndpoint.objects.select_for_update().filter(workspace=workspace, pk=kwargs["webhook"]).values_list("pk"))
        return
    wanted = {"pk": kwargs["verification"]} if "verification" in kwargs else {"documents__pk": kwargs.get("document")}
    list(Verification.objects.select_for_update(of=("self",)).filter(workspace=workspace, **wanted).values_list("pk"))


def _tag(request: Request, response: HttpResponse) -> str:
    content = _content_hash(response)
    aged = isinstance(response, Response) and bool(without_links(response.data)[1])
    half = max(1, settings.SIGNED_URL_SECONDS // 2)
    return f"{content}-{style_of(request)[0]}{int(time.time() // half) if aged else ''}"


def _content_hash(response: HttpResponse) -> str:
    if not isinstance(response, Response):
        return hashlib.sha256(response.content).hexdigest()[:32]
    shown = json.dumps(without_links(response.data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(shown.encode()).hexdigest()[:32]


def _names(header: str, tag: str) -> bool:
    return header.strip() == "*" or tag in {entry.removeprefix("W/").strip('"') for entry in _entries(header, quotes=True)}


def _entries(header: str, *, quotes: bool = False) -> list[str]:
    found = [entry.strip() for entry in header.split(",") if entry.strip()]
    return found if quotes else [entry.strip('"') for entry in found]
