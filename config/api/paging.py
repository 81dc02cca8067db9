"""Lists in two styles: numbered pages (the default) and cursors (``?cursor=``, nothing is counted). Newest first, the id as tie-breaker."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request

from config.api.errors import errors_refusal
from flows.counting import counted

M = TypeVar("M", bound=Model)
PER_PAGE, MOST = 15, 100


def answer_list(request: Request, rows: QuerySet[M], present: Callable[[Sequence[M]], list[Any]]) -> dict[str, Any]:
    """The envelope of one page. Raises Refused 422 for ``page``, ``per_page`` or ``cursor`` out of range."""
    per_page = whole(request, "per_page", PER_PAGE, 1, MOST)
    page = whole(request, "page", 1, 1, 10**9)
    if "cursor" in request.query_params:
        return _cursor_page(request, rows, present, per_page)
    known = counted(rows)
    total, start = known.number, (page - 1) * per_page
    # Where the number is estimated there may be more rows than it says.
    found = list(rows[start : start + per_page]) if start < total or not known.exact else []
    if not known.exact:
        total = max(total, start + len(found))
    last = max(1, -(-total // per_page))
    return {
        "data": present(found),
        "links": {
            "first": _link(request, page=1),
            "last": _link(request, page=last),
            "prev": _link(request, page=min(page - 1, last)) if page > 1 else None,
            "next": _link(request, page=page + 1) if page < last else None,
        },
        "meta": {
            "current_page": page,
            "from": start + 1 if found else None,
            "last_page": last,
            "path": request.build_absolute_uri(request.path),
            "per_page": per_page,
            "to": start + len(found) if found else None,
            "total": total,
            **({} if known.exact else {"total_is_estimated": True}),
        },
    }


def _cursor_page(request: Request, rows: QuerySet[M], present: Callable[[Sequence[M]], list[Any]], per_page: int) -> dict[str, Any]:
    back, at = _read_cursor(request.query_params["cursor"])
    if at is not None:
        made, key = at
        rows = rows.filter(beyond(made, key, newer=back))
    found = list((rows.order_by("created_at", "id") if back else rows.order_by("-created_at", "-id"))[: per_page + 1])
    more, found = len(found) > per_page, found[:per_page]
    if back:
        found.reverse()
    older_left, newer_left = (at is not None or more, more) if back else (more, at is not None)
    return {
        "data": present(found),
        "links": {
            "first": _link(request, cursor=""),
            "last": None,
            "prev": _link(request, cursor=_cursor("p", found[0])) if found and newer_left else None,
            "next": _link(request, cursor=_cursor("n", found[-1])) if found and older_left else None,
        },
        "meta": {"path": request.build_absolute_uri(request.path), "per_page": per_page},
    }


def beyond(made: datetime, key: str, *, newer: bool) -> Q:
    """What comes before or after that row in a list that is newest first. The first half is what an index can begin at."""
    if newer:
        return Q(created_at__gte=made) & (Q(created_at__gt=made) | Q(pk__gt=key))
    return Q(created_at__lte=made) & (Q(created_at__lt=made) | Q(pk__lt=key))


def _cursor(direction: str, row: Any) -> str:
    return base64.urlsafe_b64encode(f"{direction}|{row.created_at.isoformat()}|{row.pk}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[bool, tuple[datetime, str] | None]:
    if text == "":
        return False, None
    try:
        direction, made, key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        at = datetime.fromisoformat(made)
    except (ValueError, binascii.Error) as error:
        raise errors_refusal({"cursor": ["The cursor is not one of ours."]}) from error
    if direction not in ("n", "p") or at.tzinfo is None or "\x00" in key:
        raise errors_refusal({"cursor": ["The cursor is not one of ours."]})
    return direction == "p", (at, key)


def whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    """The number in the query string. Raises Refused 422."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise errors_refusal({name: [f"The {name} must be a whole number from {least} to {most}."]})
    return int(text)


def moment_filter(name: str, text: str | None, at: time) -> datetime | None:
    """A query's date (``at`` that time of it) or time; without a zone it is UTC. Raises 422."""
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise errors_refusal({name: ["This is not a date or a time."]}) from error
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        value = datetime.combine(value.date(), at)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _link(request: Request, **changes: Any) -> str:
    query = {name: values for name, values in request.query_params.lists() if name not in ("page", "cursor")}
    return request.build_absolute_uri(f"{request.path}?{urlencode({**query, **changes}, doseq=True)}")
