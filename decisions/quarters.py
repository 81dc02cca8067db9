"""Quarters of the registration of mailboxes with USPS: what a quarter holds, and when it is certified (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Quarter:
    """``begins`` and ``ends`` are its first and last day, ``due`` the day it is certified: the 15th of January, April, July or October after it."""

    name: str
    begins: date
    ends: date
    due: date

    def holds(self, day: date | None) -> bool:
        return day is not None and self.begins <= day <= self.ends


def quarter_of(name: str) -> Quarter:
    """``2026Q2``. Raises ValueError."""
    found = re.fullmatch(r"(20\d\d)Q([1-4])", name)
    if not found:
        raise ValueError("expected a year and a quarter such as 2026Q2")
    year, number = int(found[1]), int(found[2])
    after = date(year + (number == 4), number * 3 % 12 + 1, 1)
    return Quarter(name, date(year, number * 3 - 2, 1), after - timedelta(days=1), after.replace(day=15))


def change_in(quarter: Quarter, opened: date | None, closed: date | None, *, amended: bool) -> str:
    """What happened to a mailbox in the quarter: ``closed``, ``opened``, ``changed`` or ``unchanged``."""
    if quarter.holds(closed):
        return "closed"
    if quarter.holds(opened):
        return "opened"
    return "changed" if amended else "unchanged"
