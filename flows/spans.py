"""Traces by OpenTelemetry: where a document's time goes, from the request through the outbox and its actor to the reading process.

Off unless ``configure`` was called, and then nothing of OpenTelemetry is even imported. Attributes are ids, states, numbers and names of our own;
never what a client or a document says.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_tracer: Any = None
Value = str | int | float | bool


def configure(*, processor: Any, service: str) -> None:
    """From now on spans go to ``processor``, an OpenTelemetry SpanProcessor."""
    global _tracer  # noqa: PLW0603
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("vouchbox")


def switch_off() -> None:
    global _tracer  # noqa: PLW0603
    _tracer = None


@contextmanager
def span(name: str, *, kind: str = "internal", parent: str = "", **attributes: Value) -> Iterator[Any]:
    """A span around the block: below ``parent`` (a W3C traceparent), else below the one that runs. Yields it, or None when traces are off. Of an
    exception the type is kept, not the text."""
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    with _tracer.start_as_current_span(
        name,
        context=_context(parent),
        kind=SpanKind[kind.upper()],
        attributes=_named(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as one:
        try:
            yield one
        except Exception as error:
            one.set_attribute("error.type", type(error).__name__)
            one.set_status(Status(StatusCode.ERROR))
            raise


def note(one: Any, **attributes: Value) -> None:
    """More about a span, once it is known."""
    if one is not None:
        one.set_attributes(_named(attributes))


def past(name: str, seconds: float, *, before: float = 0.0, **attributes: Value) -> None:
    """What ran elsewhere and has ended, ``before`` seconds ago: told afterwards, below the span that runs."""
    if _tracer is not None:
        end = time.time_ns() - int(before * 1e9)
        _tracer.start_span(name, start_time=end - int(seconds * 1e9), attributes=_named(attributes)).end(end)


def current() -> str:
    """The running span as a W3C traceparent (55 characters), '' when there is none: kept with work, and given as its ``parent``."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}" if context.is_valid else ""


def _context(parent: str) -> Any:
    if not parent:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def _named(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {f"vouchbox.{name}" if name.isalpha() else name.replace("__", "."): value for name, value in attributes.items()}
