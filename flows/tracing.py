"""Which request the running code serves: named in every log line, and handed on to the work that follows it."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
