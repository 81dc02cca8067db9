"""Headers that change what a request means: their values are checked at one place, after the body's size and before its syntax."""

from __future__ import annotations

import re

from django.http import HttpRequest
from rest_framework.request import Request

from config.api.inflection import STYLES
from flows.errors import Refused
from flows.versions import API_VERSIONS, newest

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}\Z")
UNSAFE = ("POST", "PATCH", "DELETE")


def check_headers(request: Request) -> None:
    """Raises Refused 400: invalid_key_inflection, unknown_api_version, invalid_idempotency_key."""
    if request.headers.get("Key-Inflection", "snake") not in STYLES:
        raise Refused("invalid_key_inflection", f"Key-Inflection is one of {', '.join(STYLES)}.")
    if request.headers.get("API-Version", newest()) not in API_VERSIONS:
        raise Refused("unknown_api_version", "There is no such version of the API.", extra={"versions": list(API_VERSIONS)})
    key = idempotency_key(request)
    if key is not None and not _VISIBLE_ASCII.match(key):
        raise Refused("invalid_idempotency_key", "An idempotency key has 1 to 255 visible ASCII characters.")


def idempotency_key(request: Request) -> str | None:
    """The key without quotes; None when there is none, or the method needs none."""
    sent = request.headers.get("Idempotency-Key")
    if sent is None or request.method not in UNSAFE:
        return None
    text = str(sent).strip()
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def asks_for(request: HttpRequest | Request, media_type: str) -> bool:
    """Whether ``Accept`` names ``media_type`` itself, with no less weight than the JSON that is answered otherwise (RFC 9110, section 12.5.1)."""
    wanted = max((entry.quality for entry in request.accepted_types if f"{entry.main_type}/{entry.sub_type}" == media_type), default=0)
    usual = request.accepted_type("application/json")
    return wanted > 0 and (usual is None or wanted >= usual.quality)


def style_of(request: HttpRequest | Request) -> str:
    """How members are named: what the header says, else what the request's dialect does (``default_style``), else snake_case."""
    usual = str(getattr(request, "default_style", "snake"))
    sent = str(request.headers.get("Key-Inflection", usual))
    return sent if sent in STYLES else usual


def version_of(request: HttpRequest | Request, pinned: str = "") -> str:
    """The version that is in force: the one asked for, else the token's own, else the newest."""
    sent = str(request.headers.get("API-Version", ""))
    return sent if sent in API_VERSIONS else pinned or newest()
