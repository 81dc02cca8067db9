"""Lists in the dialects' styles. Newest first, the id as tie-breaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from config.api.errors import errors_refusal
from config.api.paging import beyond, whole
from flows.counting import counted

M = TypeVar("M", bound=Model)
MOST = 100


def window(request: Request, rows: QuerySet[M], *, size: str, offset: str, default: int) -> tuple[list[M], dict[str, int]]:
    """A slice by number of rows: the rows, and ``{total, size, offset}``. Raises Refused 422 for parameters out of range."""
    many, start = whole(request, size, default, 1, MOST), whole(request, offset, 0, 0, 10**9)
    known = counted(rows)
    found = list(rows[start : start + many]) if start < known.number or not known.exact else []
    return found, {"total": max(known.number, start + len(found)) if found else known.number, "size": many, "offset": start}


def after_id(request: Request, rows: QuerySet[M], native: Callable[[str], str], default: int = 10) -> tuple[list[M], bool, bool]:
    """A page between ids: the rows, whether there are newer ones, whether there are older ones. An id of nothing of the caller's is 422."""
    many, after, before = (
        whole(request, "page[size]", default, 1, MOST),
        _edge(request, rows, "after", native),
        _edge(request, rows, "before", native),
    )
    if before is not None and after is None:
        newer = beyond(before.created_at, before.pk, newer=True)  # type: ignore[attr-defined]
        found = list(rows.filter(newer).order_by("created_at", "id")[: many + 1])
        return list(reversed(found[:many])), len(found) > many, True
    if after is not None:
        rows = rows.filter(beyond(after.created_at, after.pk, newer=False))  # type: ignore[attr-defined]
    found = list(rows[: many + 1])
    return found[:many], after is not None, len(found) > many


def _edge(request: Request, rows: QuerySet[M], name: str, native: Callable[[str], str]) -> M | None:
    sent = request.query_params.get(f"page[{name}]")
    if not sent:
        return None
    found = rows.filter(pk=native(sent)).first()
    if found is None:
        raise errors_refusal({f"page[{name}]": ["There is no such object in this list."]})
    return found


def ids_in(text: str) -> Sequence[str]:
    """A list separated by commas."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def one_of(request: Request, name: str, known: Sequence[str]) -> str | None:
    """Raises Refused 422."""
    text: Any = request.query_params.get(name)
    if text is not None and text not in known:
        raise errors_refusal({name: [f"This is one of {', '.join(known)}."]})
    return text  # type: ignore[no-any-return]
