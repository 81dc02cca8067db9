"""The one way any floor says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A request that a rule of the service forbids.

    ``code`` is a stable snake_case word of the API contract, ``message`` a sentence that may be shown to a client (never
    personal data), ``status`` the HTTP status the front desk answers with, ``extra`` further members of the error body and
    ``errors`` the dotted-path errors of a 422.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        extra: Mapping[str, Any] | None = None,
        errors: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = dict(extra or {})
        self.errors = {path: list(messages) for path, messages in (errors or {}).items()}
        self.headers = dict(headers or {})
