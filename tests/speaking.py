"""Calls in a dialect: whole paths, JSON bodies, and files as forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.test import Client
from django.urls import URLResolver

from factories import Person


def say(person: Person, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """One request of ``path`` from the root on; headers by their names with underscores."""
    named = {"X-API-Key": person.secret, **{name.replace("_", "-"): value for name, value in headers.items()}}
    content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(raise_request_exception=False), method.lower())(path, **content, headers=named)


JSON_API = {"Accept": "application/vnd.api+json"}


def views_of(patterns: Any) -> Iterator[tuple[str, Any, bool]]:
    """Pattern, view, and whether only who accepts JSON:API gets there."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from views_of(entry.url_patterns)
        else:
            view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
            if hasattr(view, "dialect"):
                yield str(entry.pattern).replace("<public_id:", "<str:"), view, False
            if other := getattr(entry.callback, "other", None):
                yield str(entry.pattern).replace("<public_id:", "<str:"), other, True
