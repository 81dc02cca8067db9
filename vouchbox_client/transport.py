"""How the client talks: one request at a time over the standard library, with a key that makes a repetition safe."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any

AGAIN = (409, 429, 500, 502, 503, 504)


class ApiError(Exception):
    """A refusal: ``status``, ``code`` (stable), ``message`` (for people), ``errors`` by path of a 422, ``request_id``, and the whole ``body``."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.body = dict(body)
        self.code = str(body.get("code", ""))
        self.message = str(body.get("message", ""))
        self.errors: dict[str, list[str]] = dict(body.get("errors", {}))
        self.request_id = str(body.get("request_id", ""))
        super().__init__(f"{status} {self.code}: {self.message} ({self.request_id})")


class Transport:
    """``host`` such as ``https://vouchbox.example``. A request that could not be answered is repeated up to ``tries`` times in all."""

    def __init__(self, host: str, token: str, *, timeout: float = 30.0, tries: int = 4, version: str | None = None) -> None:
        self.host = host.rstrip("/")
        self.timeout, self.tries = timeout, max(1, tries)
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", **({"API-Version": version} if version else {})}

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        if_match: str | None = None,
    ) -> Any:
        """The answer's body. A change gets a key of its own when none is given, so that a repetition has one effect. Raises ApiError, OSError."""
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        url = f"{self.host}{path}" + (f"?{urllib.parse.urlencode(wanted)}" if wanted else "")
        headers = dict(self._headers)
        if method != "GET":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        if if_match is not None:
            headers["If-Match"] = if_match
        data = None
        if body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(body).encode()
        return self._repeated(urllib.request.Request(url, data=data, headers=headers, method=method))  # noqa: S310 (the host is the caller's)

    def _repeated(self, request: urllib.request.Request) -> Any:
        for number in range(1, self.tries + 1):
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as response:  # noqa: S310
                    return json.loads(response.read() or b"null")
            except urllib.error.HTTPError as error:
                refusal = ApiError(error.code, _json(error.read()))
                if error.code not in AGAIN or number == self.tries:
                    raise refusal from None
                wait = float(error.headers.get("Retry-After") or 0)
            except (OSError, http.client.HTTPException):
                if number == self.tries:
                    raise
                wait = 0.0
            time.sleep(wait or 0.2 * 2**number)
        raise AssertionError("unreachable")


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def quote(text: str) -> str:
    """An id as one word of a path."""
    return urllib.parse.quote(text, safe="")
