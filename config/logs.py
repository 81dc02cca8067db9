"""Log lines: text or JSON, each with its request id; personal data is never handed to a logger in the first place."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import structlog

from flows.tracing import request_id


def _with_request_id(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    if value := request_id.get():
        event.setdefault("request_id", value)
    return event


def _frames_only(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """An exception is told by its type and the way to it: its own text may hold what a client sent or a document says."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, BaseException):
        error = (type(error), error, error.__traceback__)
    if isinstance(error, tuple) and error[0] is not None:
        event["exception"] = f"{error[0].__name__}\n{''.join(traceback.format_tb(error[2]))}"
    return event


_SHARED: list[Any] = [
    _with_request_id,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(style: str) -> dict[str, Any]:
    """A dictConfig; ``style`` is ``text`` or ``json``."""
    renderer: Any = structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _frames_only,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "dramatiq": {"level": "WARNING"},
            "django.server": {"level": "WARNING", "propagate": True},
            "django.request": {"level": "ERROR"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "PIL": {"level": "WARNING"},
        },
    }
