"""What a caller asks of a specimen, and what it gets back."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from PIL import Image

from documents.specimens.holders import Holder

TODAY = date(2026, 6, 15)


@dataclass(frozen=True)
class Specimen:
    """A drawn document and what is printed on it.

    ``truth`` maps field paths to the values a perfect reader returns (dates ISO 8601, names and addresses as printed, ``address.state`` by its name,
    countries alpha-3), plus ``mrz`` (lines joined by a line feed) and ``aamva`` (the raw PDF417 payload) where the document has them.
    """

    kind: str
    sides: Mapping[str, Image.Image]
    truth: Mapping[str, str]
    holder: Holder

    def jpeg(self, side: str = "front", quality: int = 90) -> bytes:
        return self._saved([self.sides[side]], "JPEG", quality=quality, dpi=(300, 300))

    def png(self, side: str = "front") -> bytes:
        return self._saved([self.sides[side]], "PNG", compress_level=3)

    def pdf(self) -> bytes:
        """All sides as pages of one scanned PDF; no clock is read."""
        day = TODAY.timetuple()
        return self._saved(list(self.sides.values()), "PDF", resolution=150.0, creationDate=day, modDate=day)

    @staticmethod
    def _saved(images: list[Image.Image], form: str, **options: Any) -> bytes:
        out = io.BytesIO()
        if form == "PDF":
            options |= {"save_all": True, "append_images": images[1:]}
        images[0].save(out, form, **options)
        return out.getvalue()


@dataclass(frozen=True)
class Wanted:
    """One request: the person, the day it is drawn for, and what is to be wrong with it."""

    kind: str
    seed: int
    holder: Holder
    today: date = TODAY
    issued: date | None = None
    expires: date | None = None
    expired: bool = False
    wrong_check_digit: bool = False
    barcode: bool = True
    country: str = "USA"
    barcode_differs: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def rng(self) -> random.Random:
        return random.Random(f"{self.kind} {self.seed}")  # noqa: S311

    def term(self, years: int, *, on_birthday: bool = False) -> tuple[date, date]:
        """Issue and expiry of a document good for ``years``; within its term unless ``expired``."""
        ago = self.rng.randint(40, 300) if self.expired else -self.rng.randint(200, 300 * years)
        expiry = self.expires or self._end(self.today - timedelta(days=ago), on_birthday)
        issued = self.issued or _moved(expiry, -years) + (timedelta(days=0) if on_birthday else timedelta(days=1))
        return min(issued, self.today - timedelta(days=3)) if not self.issued else issued, expiry

    def _end(self, near: date, on_birthday: bool) -> date:
        if not on_birthday:
            return near
        birthday = _moved(self.holder.date_of_birth, near.year - self.holder.date_of_birth.year)
        return (
            _moved(birthday, -1)
            if self.expired and birthday >= self.today
            else birthday
            if self.expired or birthday > self.today
            else _moved(birthday, 1)
        )

    def number(self, pattern: str) -> str:
        """``A`` becomes a letter, ``#`` a digit, ``*`` either; the rest stays."""
        letters, digits = "ABCDEFGHJKLMNPRSTVWXYZ", "0123456789"
        pools = {"A": letters, "#": digits, "*": letters + digits[1:]}
        return "".join(self.rng.choice(pools[c]) if c in pools else c.lower().upper() if c.isupper() else c for c in pattern)


def _moved(day: date, years: int) -> date:
    """The same day ``years`` later; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def wanted(
    kind: str,
    seed: int,
    holder: Holder,
    *,
    name: tuple[str, str] | None = None,
    address: Mapping[str, Any] | None = None,
    underage: bool = False,
    **options: Any,
) -> Wanted:
    """``name`` is (surname, given names); ``address`` overrides street, street2, city, state, zip; ``underage`` makes the holder sixteen."""
    request = Wanted(kind, seed, holder, **options)
    if name:
        holder = replace(holder, surname=name[0], given_names=name[1])
    if address:
        holder = replace(holder, **address)
    if underage:
        holder = replace(holder, date_of_birth=_moved(request.today, -16) - timedelta(days=40))
    return replace(request, holder=holder)
