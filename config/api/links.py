"""Signed links in answers: text that remembers which file it opens, so that a stored answer can be given again with links that are good."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from documents import storage
from documents.models import Blob

Place = list[str | int]
LINKS = "/files/"


class Link(str):
    """A signed URL of ``blob``; ``under`` is the path before the token, with what follows it after a ``*``."""

    __slots__ = ("blob", "under")
    blob: Blob
    under: str


def link_to(request: Request | HttpRequest, blob: Blob, under: str = "") -> Link:
    """An absolute URL, good for SIGNED_URL_SECONDS. ``under`` is where a dialect opens its links (``/somewhere/*/name``); a bucket has an address
    of its own."""
    path = storage.signed_path(blob)
    if under and path.startswith(LINKS):
        path = under.replace("*", path.removeprefix(LINKS))
    if not path.startswith("http"):
        path = f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else str(request.build_absolute_uri(path))
    link = Link(path)
    link.blob, link.under = blob, under
    return link


def without_links(data: Any) -> tuple[Any, list[list[Any]]]:
    """``data`` with null in the place of each link, and ``[place, blob key, content type, under]`` of each."""
    found: list[list[Any]] = []
    return _stripped(data, [], found), found


def _stripped(data: Any, place: Place, found: list[list[Any]]) -> Any:
    if isinstance(data, Link):
        found.append([place, data.blob.key, data.blob.content_type, data.under])
        return None
    if isinstance(data, dict):
        return {name: _stripped(value, [*place, name], found) for name, value in data.items()}
    if isinstance(data, list):
        return [_stripped(value, [*place, at], found) for at, value in enumerate(data)]
    return data


def with_links(request: Request, data: Any, links: list[list[Any]]) -> Any:
    """Fresh links in their places; changes ``data``."""
    for place, key, content_type, under in links:
        holder = data
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = link_to(request, Blob(key=key, content_type=content_type), under)
    return data
