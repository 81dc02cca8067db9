"""The machine readable zone as ICAO Doc 9303 lays it out: lines, positions, check digits, names.

TD1 (part 5, §4.2.2), TD2 (part 6, §4.2.2), TD3 (part 4, §4.2.2), MRV-A and MRV-B (part 7, §4.2), check digits (part 3, §4.9), names (part 3, §4.6),
the French identity card of 1988, which is two lines of 36 of its own design, and the French driving licence of 2013, one line of 30 (number, expiry
and eight letters of the surname; check digits over the first 14 characters and over the line, weights as in 9303-3 §4.9).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int, int]
"""Line, first position, position after the last; all counted from 0."""

NOWHERE: Span = (0, 0, 0)
"""The place of a field that a layout does not have."""

WEIGHTS = (7, 3, 1)
AS_DIGIT = dict(zip("OQDUILJZSBGATY", "00001112586474", strict=True))
"""Letters that stand for digits where only digits may be."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check digit: what it is over and where it is printed. ``may_be_filler``: an empty field's digit may be ``<`` (9303-4 §4.2.2)."""

    name: str
    over: tuple[Span, ...]
    at: tuple[int, int]
    may_be_filler: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """One format: how many lines of how many characters, its check digits and where its fields stand."""

    format: str
    lines: int
    length: int
    checks: tuple[Check, ...]
    number: Span
    birth: Span
    sex: Span
    expiry: Span | None
    issuer: Span
    nationality: Span
    names: Span
    optional: tuple[Span, ...]


def _two_lines(format_: str, length: int, *, optional_check: bool, composite: bool) -> Layout:
    last = length - 1
    checks = [
        Check("number", ((1, 0, 9),), (1, 9)),
        Check("birth", ((1, 13, 19),), (1, 19)),
        Check("expiry", ((1, 21, 27),), (1, 27)),
    ]
    if optional_check:
        checks.append(Check("optional", ((1, 28, last - 1),), (1, last - 1), may_be_filler=True))
    if composite:
        checks.append(Check("composite", ((1, 0, 10), (1, 13, 20), (1, 21, last)), (1, last)))
    end = length - optional_check - composite
    return Layout(
        format_, 2, length, tuple(checks), (1, 0, 9), (1, 13, 19), (1, 20, 21), (1, 21, 27), (0, 2, 5), (1, 10, 13), (0, 5, length), ((1, 28, end),)
    )


_TD1 = Layout(
    "TD1",
    3,
    30,
    (
        Check("number", ((0, 5, 14),), (0, 14)),
        Check("birth", ((1, 0, 6),), (1, 6)),
        Check("expiry", ((1, 8, 14),), (1, 14)),
        Check("composite", ((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)), (1, 29)),
    ),
    (0, 5, 14),
    (1, 0, 6),
    (1, 7, 8),
    (1, 8, 14),
    (0, 2, 5),
    (1, 15, 18),
    (2, 0, 30),
    ((0, 15, 30), (1, 18, 29)),
)
_FRA1988 = Layout(
    "FRA1988",
    2,
    36,
    (
        Check("number", ((1, 0, 12),), (1, 12)),
        Check("birth", ((1, 27, 33),), (1, 33)),
        Check("composite", ((0, 0, 36), (1, 0, 35)), (1, 35)),
    ),
    (1, 0, 12),
    (1, 27, 33),
    (1, 34, 35),
    None,
    (0, 2, 5),
    (0, 2, 5),
    (0, 5, 30),
    ((0, 30, 36),),
)
_FRA2013 = Layout(
    "FRA2013",
    1,
    30,
    (
        Check("number", ((0, 0, 14),), (0, 14)),
        Check("composite", ((0, 0, 29),), (0, 29)),
    ),
    (0, 5, 14),
    NOWHERE,
    NOWHERE,
    (0, 15, 21),
    (0, 2, 5),
    NOWHERE,
    (0, 21, 29),
    (),
)
LAYOUTS: dict[str, Layout] = {
    layout.format: layout
    for layout in (
        _TD1,
        _two_lines("TD2", 36, optional_check=False, composite=True),
        _two_lines("TD3", 44, optional_check=True, composite=True),
        _two_lines("MRVA", 44, optional_check=False, composite=False),
        _two_lines("MRVB", 36, optional_check=False, composite=False),
        _FRA1988,
        _FRA2013,
    )
}


def check_digit(text: str) -> str:
    """The digit over ``text`` (9303-3 §4.9): weights 7, 3, 1; A=10 ... Z=35, ``<`` = 0; modulo 10."""
    return str(sum(_value(char) * WEIGHTS[index % 3] for index, char in enumerate(text)) % 10)


def _value(char: str) -> int:
    if char == "<":
        return 0
    return ord(char) - 48 if char.isdigit() else ord(char) - 55


def take(lines: Sequence[str], span: Span) -> str:
    return lines[span[0]][span[1] : span[2]]


def failed_checks(format_: str, lines: Sequence[str]) -> tuple[str, ...]:
    """Names of the check digits that do not hold, in the order number, birth, expiry, optional, composite."""
    layout = LAYOUTS[format_]
    return tuple(check.name for check in layout.checks if not holds(check, layout, lines))


def holds(check: Check, layout: Layout, lines: Sequence[str]) -> bool:
    printed = lines[check.at[0]][check.at[1]]
    text = "".join(take(lines, span) for span in check.over)
    if check.may_be_filler and not text.strip("<"):
        return printed in "<0"
    if check.name == "number" and printed == "<" and (long := _long_number(layout, lines)):
        return check_digit(long[:-1]) == long[-1]
    return check_digit(text) == printed


def _long_number(layout: Layout, lines: Sequence[str]) -> str:
    """A number of more than nine characters runs on in the optional data, its check digit last (9303-5 §4.2.2 note j); '' when it does not."""
    if layout.format not in ("TD1", "TD2"):
        return ""
    tail = take(lines, layout.optional[0]).split("<")[0]
    return take(lines, layout.number) + tail if len(tail) >= 2 and tail[-1].isdigit() else ""


def document_number(format_: str, lines: Sequence[str]) -> str:
    layout = LAYOUTS[format_]
    check = next(check for check in layout.checks if check.name == "number")
    if lines[check.at[0]][check.at[1]] == "<" and (long := _long_number(layout, lines)):
        return long[:-1].replace("<", "")
    return take(lines, layout.number).strip("<").replace("<", " ").replace(" ", "")


def names(format_: str, lines: Sequence[str]) -> tuple[str, str]:
    """Surname and given names with spaces for fillers (9303-3 §4.6). The French card of 1988 has its given names on line 2, the licence has none."""
    field = take(lines, LAYOUTS[format_].names)
    if format_ == "FRA1988":
        return _words(field), _words(take(lines, (1, 13, 27)))
    surname, _, given = field.strip("<").partition("<<")
    return _words(surname), _words(given)


def _words(text: str) -> str:
    return " ".join(part for part in text.split("<") if part)


def names_truncated(format_: str, lines: Sequence[str]) -> bool:
    """True when the name field is filled to its last position, so that names may have been cut (9303-3 §4.6)."""
    return not take(lines, LAYOUTS[format_].names).endswith("<")


def possible_date(text: str) -> bool:
    """YYMMDD; an unknown month or day may be ``<<`` (9303-3 §4.8)."""
    if not re.fullmatch(r"\d\d(\d\d|<<)(\d\d|<<)|<{6}", text):
        return False
    month, day = text[2:4], text[4:6]
    return (month == "<<" or 1 <= int(month) <= 12) and (day == "<<" or 1 <= int(day) <= 31)
