"""Calls in a dialect: whole paths, JSON bodies, and files as forms."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from factories import Person


def say(person: Person, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """One request of ``path`` from the root on; headers by their names with underscores."""
    named = {"X-API-Key": person.secret, **{name.replace("_", "-"): value for name, value in headers.items()}}
    content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(raise_request_exception=False), method.lower())(path, **content, headers=named)


JSON_API = {"Accept": "application/vnd.api+json"}
