"""How many rows there are, without walking all of them: exact up to a bound, beyond it the database's own estimate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet

EXACT_UP_TO = 3_000


@dataclass(frozen=True, slots=True)
class Counted:
    """``number`` of rows; not ``exact``: estimated, and more than EXACT_UP_TO."""

    number: int
    exact: bool


def counted(rows: QuerySet[Any]) -> Counted:
    """Takes the same time however many rows there are. SQLite, which estimates nothing, counts."""
    if connections[rows.db].vendor != "postgresql":
        return Counted(rows.count(), True)
    least = rows.order_by()[: EXACT_UP_TO + 1].count()
    if least <= EXACT_UP_TO:
        return Counted(least, True)
    plan = json.loads(rows.order_by().explain(format="json"))
    return Counted(max(least, int(plan[0]["Plan"]["Plan Rows"])), False)


class BoundedPaginator(Paginator):
    """For lists of the admin, which say how many there are and how many pages."""

    @cached_property
    def count(self) -> int:
        return counted(self.object_list).number  # type: ignore[arg-type]
