"""Recognised lines of text to a machine readable zone (ICAO Doc 9303).

Lines are folded to the zone's 37 characters, fragments on one baseline joined, and each plausible pair or triple fitted to the layouts. What the
layout forces (digits in dates, letters in names) is taken; beyond that at most one look-alike character is changed, and only when its own check digit
and the composite one then both hold. A printed check digit is never changed: a zone with wrong digits is reported as printed.
"""

from __future__ import annotations

import math
import re
import statistics
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from documents.engines.base import Point, TextLine
from documents.fields import Box, Field, country_code, country_name, full_name
from documents.readers.mrz_fit import FITTERS, fit_two
from documents.readers.mrz_layout import (
    AS_DIGIT,
    LAYOUTS,
    NOWHERE,
    Layout,
    document_number,
    failed_checks,
    names,
    names_truncated,
    possible_date,
    take,
)

_FOLDED = {
    **dict.fromkeys("«≪", "<<"),
    **dict.fromkeys("‹＜くㄑ〈([{≤∠⟨⧼«—–-_~/»*°", "<"),
    "|": "I", "!": "I", "$": "S", "€": "E", "£": "E", "@": "0", "¢": "C", "с": "C", "О": "O", "Ø": "0", "§": "S",
}  # fmt: skip
_HOMOGLYPHS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХЅІЈԌ", "ABEZHIKMNOPTYXABEKMHOPCTYXSIJG")

_AS_LETTER = {"0": "O", "1": "I", "2": "Z", "5": "S", "8": "B", "6": "G", "4": "A", "7": "T", "3": "E"}
_LOOK_ALIKES = {
    "0": "OQD", "O": "0QD", "Q": "0O", "D": "0O", "1": "IL", "I": "1L", "L": "1I", "2": "Z", "Z": "2", "5": "S", "S": "5", "8": "B", "B": "8",
    "6": "G", "G": "6", "4": "A", "A": "4", "7": "T", "T": "7",
}  # fmt: skip
_SEX = {"N": "M", "H": "M", "W": "M", "E": "F", "P": "F", "K": "<", "C": "<"}
_DIGITISH = "[0-9OQDUIJLZSBGAT]"
_CORE = re.compile(rf"[A-Z<0158]{{3}}{_DIGITISH}{{7}}[MFXNHEPK<]{_DIGITISH}{{7}}")
_TD1_CORE = re.compile(rf"{_DIGITISH}{{6,7}}[MFXNHEPK<]{_DIGITISH}{{7}}[A-Z<0158]{{3}}")
LONGEST_SHIFT = 7
LONGEST_NAME_SHIFT = 20
MOST_FORCED_LETTERS = 4
COUNTRY_ONLY = 0.6
UNSURE = 4.0
_FRENCH_GIVEN_NAMES = (1, 13, 27)


@dataclass(frozen=True, slots=True)
class Repair:
    """One character changed: ``line`` and ``position`` count from 1; ``constraint`` says what forced it (``digits``, ``letters``, ``filler``,
    ``sex``, ``check_digit:<name>`` or ``visual_zone``)."""

    line: int
    position: int
    read: str
    became: str
    constraint: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A machine readable zone as printed. ``rank`` orders rival readings; ``box`` is its place on the page, ``confidence`` the OCR's mean,
    ``spelled`` the confidence of the least certain character of the line with the names."""

    format: str
    lines: tuple[str, ...]
    failed: tuple[str, ...]
    repairs: tuple[Repair, ...]
    confidence: float
    rank: float
    box: Box | None = None
    spelled: float = 1.0

    @property
    def valid(self) -> bool:
        return not self.failed

    @property
    def number(self) -> str:
        return document_number(self.format, self.lines)

    @property
    def guessed(self) -> int:
        """How many characters a check digit, not the layout, made us change."""
        return sum(repair.constraint.startswith("check_digit") for repair in self.repairs)

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "lines": list(self.lines),
            "valid": self.valid,
            "failed_checks": list(self.failed),
            "repairs": [
                {"line": r.line, "position": r.position, "read": r.read, "became": r.became, "constraint": r.constraint} for r in self.repairs
            ],
            "confidence": round(self.confidence, 3),
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One printed line: ``text`` in the zone's alphabet; ``along`` and ``across`` its place in the text's own direction, ``height`` in pixels."""

    text: str
    confidence: float
    along: float
    across: float
    height: float
    width: float
    points: tuple[Point, ...]
    lowest: float = 1.0


def find_zone(lines: Sequence[TextLine]) -> Zone | None:
    """The best machine readable zone among ``lines``, or None. Never makes one out of prose: see ``_credible``."""
    rows = [row for row in _rows(lines) if looks_like_zone(row.text)]
    best: Zone | None = None
    for group in _groups(rows):
        for zone in _fits(group):
            if (best is None or zone.rank > best.rank) and _credible(zone, group):
                best = replace(zone, box=_box(group))
    return best


def zone_from_text(lines: Iterable[str]) -> Zone | None:
    """The same for lines that are text already."""
    return find_zone(
        [TextLine(text, 1.0, ((0, 20.0 * n), (600, 20.0 * n), (600, 20.0 * n + 14), (0, 20.0 * n + 14))) for n, text in enumerate(lines)]
    )


def zone_rows(lines: Sequence[TextLine]) -> list[Row]:
    """Rows that look like parts of a zone, whether or not they fit: where a closer look would pay."""
    return [row for row in _rows(lines) if looks_like_zone(row.text)]


def shows_zone(text: str) -> bool:
    """Stronger than ``looks_like_zone``: enough to be worth a closer look at that place."""
    if sum(char.isalpha() for char in text) < 4:  # rows of a table; every line of a zone has a country or a name
        return False
    return len(text) >= 24 and ("<<" in text or _CORE.search(text) is not None or _TD1_CORE.search(text) is not None)


def fold_line(text: str) -> str:
    """``text`` in the zone's alphabet A-Z 0-9 <: accents stripped, look-alike signs of other scripts folded, the rest dropped."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)).upper().translate(_HOMOGLYPHS)
    return re.sub(r"[^A-Z0-9<]", "", "".join(_FOLDED.get(char, char) for char in plain))


def looks_like_zone(text: str) -> bool:
    """Twenty characters or more, with fillers or the birth-sex-expiry core, or the beginning of a TD1 line."""
    if len(text) < 20:
        return False
    fillers, digits = text.count("<"), sum(char.isdigit() for char in text)
    if re.match(r"D[1IL]FRA", text) and 28 <= len(text) <= 32:
        return True
    if re.match(r"[I1AC][A-Z0-9<][A-Z0-9<]{3}", text) and 26 <= len(text) <= 34 and (fillers >= 1 or digits >= 9):
        return True
    return fillers >= 3 or _CORE.search(text) is not None or _TD1_CORE.search(text) is not None


def _rows(lines: Sequence[TextLine]) -> list[Row]:
    """Folded lines joined along common baselines, top to bottom in the direction of the text."""
    parts = [(fold_line(line.text), line) for line in lines]
    parts = [(text, line) for text, line in parts if text and not _prose(line.text)]
    angles = [_angle(line) for _, line in parts if _width(line) > 3 * _height(line)]
    turn = statistics.median(angles) if angles else 0.0
    placed = sorted((_place(text, line, turn) for text, line in parts), key=lambda row: row.across)
    joined: list[list[Row]] = []
    for row in placed:
        home = next((group for group in reversed(joined[-6:]) if _same_baseline(group, row)), None)
        if home is None:
            joined.append([row])
        else:
            home.append(row)
    return [_join(group) for group in joined]


def _prose(text: str) -> bool:
    """A zone has no lower case; recognition errs on a letter or two."""
    letters = [char for char in text if char.isalpha()]
    return len(letters) > 3 and sum(char.islower() for char in letters) > 0.35 * len(letters)


def _angle(line: TextLine) -> float:
    (x0, y0), (x1, y1) = line.polygon[0], line.polygon[1]
    return math.atan2(y1 - y0, x1 - x0)


def _width(line: TextLine) -> float:
    return math.dist(line.polygon[0], line.polygon[1])


def _height(line: TextLine) -> float:
    return math.dist(line.polygon[0], line.polygon[3])


def _place(text: str, line: TextLine, turn: float) -> Row:
    cx = sum(point[0] for point in line.polygon) / 4
    cy = sum(point[1] for point in line.polygon) / 4
    along, across = cx * math.cos(turn) + cy * math.sin(turn), cy * math.cos(turn) - cx * math.sin(turn)
    return Row(text, line.confidence, along, across, _height(line), _width(line), line.polygon, line.lowest)


def _same_baseline(group: list[Row], row: Row) -> bool:
    near = min(group, key=lambda other: abs(other.along - row.along))
    apart = abs(near.along - row.along) - (near.width + row.width) / 2
    alike = 0.6 < near.height / max(row.height, 1) < 1.7
    return alike and abs(near.across - row.across) < 0.5 * min(near.height, row.height) and -near.height < apart < 8 * near.height


def _join(group: list[Row]) -> Row:
    """Fragments in order; a gap wider than a character stands for fillers that the detector skipped."""
    group = sorted(group, key=lambda row: row.along)
    text = group[0].text
    for left, right in pairwise(group):
        gap = (right.along - right.width / 2) - (left.along + left.width / 2)
        pitch = max(1.0, left.width / max(1, len(left.text)))
        text += ("<" if gap > 1.2 * pitch and "<" in left.text + right.text else "") + right.text
    weight = sum(len(row.text) for row in group)
    first, last = group[0], group[-1]
    width = (last.along + last.width / 2) - (first.along - first.width / 2)
    confidence = sum(row.confidence * len(row.text) for row in group) / weight
    points = tuple(point for row in group for point in row.points)
    lowest = min(row.lowest for row in group)
    return Row(text, confidence, first.along - first.width / 2 + width / 2, first.across, first.height, width, points, lowest)


def _groups(rows: list[Row]) -> Iterator[tuple[Row, ...]]:
    """One row, or two or three one under the other, letting one stray row lie between."""
    for first in range(len(rows)):
        yield (rows[first],)
        for second in range(first + 1, min(first + 3, len(rows))):
            yield (rows[first], rows[second])
            for third in range(second + 1, min(second + 3, len(rows))):
                yield (rows[first], rows[second], rows[third])


def _fits(group: tuple[Row, ...]) -> Iterator[Zone]:
    texts = [row.text for row in group]
    confidence = statistics.fmean(row.confidence for row in group)
    for layout in LAYOUTS.values():
        if layout.lines != len(texts) or not _long_enough(layout, texts) or not _opens(layout, texts[0]):
            continue
        drift = 0.6 * sum(abs(len(text) - layout.length) for text in texts)
        for lines, cost in FITTERS.get(layout.format, fit_two)(layout, texts):
            yield replace(_judged(layout, lines, confidence, cost + drift), spelled=group[layout.names[0]].lowest)


def _long_enough(layout: Layout, texts: list[str]) -> bool:
    """The names' line may have lost most of its trailing fillers, the others not."""
    for number, text in enumerate(texts):
        shift = layout.length - len(text)
        if abs(shift) > LONGEST_SHIFT and not (number == layout.names[0] and LONGEST_SHIFT < shift <= LONGEST_NAME_SHIFT):
            return False
    return True


def _opens(layout: Layout, text: str) -> bool:
    """Whether the first line may begin a zone of this layout: visas begin with V, passports with P, cards with A, C or I (9303-3 §4.4)."""
    head = text[:3]
    if layout.format.startswith("MRV"):
        return "V" in head[:2]
    if layout.format == "FRA2013":
        return re.match(r"D[1IL]FRA", text) is not None
    if layout.format == "FRA1988":
        return text[:5] in ("IDFRA", "1DFRA") or "DFRA" in text[:6]
    if layout.format == "TD3":
        return head[:1] != "V" and (head[:1] in "PRFB<" or "P" in head)
    return head[:1] not in "VP" and any(char in "ACI1" for char in head[:2])


def _judged(layout: Layout, raw: tuple[str, ...], confidence: float, cost: float) -> Zone:
    lines, repairs = _forced(layout, raw)
    lines, guessed = _repaired(layout, lines)
    failed = failed_checks(layout.format, lines)
    passed = len(layout.checks) - len(failed)
    spelled = sum(repair.constraint == "letters" for repair in repairs)
    rank = (
        3.0 * passed
        - 3.0 * len(failed)
        - cost
        - UNSURE * (1.0 - confidence)
        - 0.2 * len(repairs)
        - 0.5 * spelled
        - 1.0 * len(guessed)
        - _oddities(layout, lines)
        - (len(layout.checks) < 4)
    )
    return Zone(layout.format, lines, failed, (*repairs, *guessed), confidence, rank)


def _forced(layout: Layout, raw: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Repair, ...]]:
    """Characters that the layout forces: digits in dates and check digits, letters in codes and names, a sex, fillers after the names."""
    lines = [list(line) for line in raw]
    repairs: list[Repair] = []

    def put(line: int, position: int, became: str, constraint: str) -> None:
        read = lines[line][position]
        if became != read:
            repairs.append(Repair(line + 1, position + 1, read, became, constraint))
            lines[line][position] = became

    dated = tuple(span for span in (layout.birth, layout.expiry) if span)
    for span in (*dated, *((check.at[0], check.at[1], check.at[1] + 1) for check in layout.checks)):
        for position in range(span[1], span[2]):
            put(span[0], position, _mapped(AS_DIGIT, lines[span[0]][position]), "digits")
    for span in ((0, 0, 1), layout.issuer, layout.nationality, layout.names, *((_FRENCH_GIVEN_NAMES,) if layout.format == "FRA1988" else ())):
        for position in range(span[1], span[2]):
            put(span[0], position, _mapped(_AS_LETTER, lines[span[0]][position]), "letters")
    line, position, end = layout.sex
    if end > position:
        put(line, position, _mapped(_SEX, lines[line][position]), "sex")
    if layout.format == "FRA2013":
        put(0, 1, _mapped(AS_DIGIT, lines[0][1]), "digits")
    if not layout.format.startswith("FRA"):
        for position in _strays(take(["".join(row) for row in lines], layout.names)):
            put(layout.names[0], layout.names[1] + position, "<", "filler")
    return tuple("".join(line) for line in lines), tuple(repairs)


def _mapped(table: dict[str, str], char: str) -> str:
    return table.get(char, char)


def _strays(field: str) -> list[int]:
    """Positions in a name field that hold a lone letter amid the fillers after the names."""
    tail = re.search(r"<{3,}", field)
    if not tail or field[tail.start() :].count("<") < 0.6 * len(field[tail.start() :]):
        return []
    return [match.start() + tail.start() for match in re.finditer(r"[A-Z]", field[tail.start() :])]


def _repaired(layout: Layout, lines: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Repair, ...]]:
    """At most one look-alike swap, in a field whose check digit fails, when exactly one swap makes every check digit hold."""
    failed = failed_checks(layout.format, lines)
    broken = [check for check in layout.checks if check.name in failed and check.name != "composite"]
    if len(broken) != 1:
        return lines, ()
    check = broken[0]
    found: list[tuple[tuple[str, ...], Repair]] = []
    dates = check.name in ("birth", "expiry")
    for row, start, stop in check.over:
        for position in range(start, stop):
            for became in _LOOK_ALIKES.get(lines[row][position], ""):
                if dates and not became.isdigit():
                    continue
                changed = lines[row][:position] + became + lines[row][position + 1 :]
                tried = (*lines[:row], changed, *lines[row + 1 :])
                if not failed_checks(layout.format, tried):
                    found.append((tried, Repair(row + 1, position + 1, lines[row][position], became, f"check_digit:{check.name}")))
    return (found[0][0], (found[0][1],)) if len(found) == 1 else (lines, ())


def _oddities(layout: Layout, lines: tuple[str, ...]) -> float:
    """What speaks against the fit: impossible dates, an unknown country, no sex, digits in a name, a name that starts with a filler."""
    odd = 0.0
    for span in (layout.birth, layout.expiry):
        odd += 2.0 * (span not in (None, NOWHERE) and not possible_date(take(lines, span)))
    odd += 1.5 * (take(lines, layout.sex) not in "MFX<")
    for span in (layout.issuer, layout.nationality):
        odd += 0.7 * (span != NOWHERE and _issuer(take(lines, span)) is None)
    field = take(lines, layout.names)
    return odd + 0.5 * sum(char.isdigit() for char in field) + 1.5 * field.startswith("<") + 1.0 * ("<<" not in field)


def _credible(zone: Zone, group: tuple[Row, ...]) -> bool:
    """A zone must carry proof: two of its check digits hold or, where they are printed wrong, one holds and everything else is exactly in place."""
    layout = LAYOUTS[zone.format]
    if layout.lines == 1:
        return zone.valid and not zone.guessed
    if (len(layout.checks) - len(zone.failed)) < 1 or take(zone.lines, layout.sex) not in "MFX<":
        return False
    if sum(repair.constraint == "letters" for repair in zone.repairs) > MOST_FORCED_LETTERS:
        return False
    own = [name for name in ("number", "birth", "expiry") if name in zone.failed]
    fields = 2 if layout.expiry is None else 3
    exact = all(abs(len(row.text) - layout.length) <= 1 for row in group)
    odd = _oddities(layout, zone.lines)
    if fields - len(own) >= 2:
        return odd < 4.5
    return exact and odd < 2.5 and fields - len(own) >= 1 and "<<" in zone.lines[layout.names[0]]


def _box(group: tuple[Row, ...]) -> Box:
    xs = [point[0] for row in group for point in row.points]
    ys = [point[1] for row in group for point in row.points]
    return (round(min(xs)), round(min(ys)), round(max(xs) - min(xs)), round(max(ys) - min(ys)))


def _issuer(code: str) -> str | None:
    """Alpha-3 of an ICAO code (9303-3 §5), the codes of organisations and of the specimen state Utopia included."""
    bare = code.replace("<", "")
    if bare in ("UTO", "UNO", "UNA", "UNK", "XXA", "XXB", "XXC", "XXX", "XOM", "XPO", "EUE", "XCC", "XCE", "XEC", "XMP"):
        return bare
    return country_code(bare) if len(bare) == 3 or bare == "D" else None


def _issuer_name(code: str) -> str:
    return "Utopia" if code == "UTO" else country_name(code)


def dates(zone: Zone, today: date) -> tuple[date | None, date | None]:
    """Birth and expiry. Birth lies in the past and before expiry; a document expires within 50 years from now, or expired in the last century."""
    layout = LAYOUTS[zone.format]
    expiry = _full_date(take(zone.lines, layout.expiry), today.year + 50) if layout.expiry else None
    birth = _full_date(take(zone.lines, layout.birth), min(today.year, expiry.year if expiry else today.year))
    if birth and birth > today:
        birth = _full_date(take(zone.lines, layout.birth), today.year - 1)
    return birth, expiry


def _full_date(text: str, latest_year: int) -> date | None:
    if not re.fullmatch(r"\d{6}", text):
        return None
    year = 2000 + int(text[:2])
    while year > latest_year:
        year -= 100
    try:
        return date(year, int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None


def fields(zone: Zone, *, today: date, side: str = "front", page: int = 1) -> list[Field]:
    """The zone's values. Confidence follows the check digits: high only where the value's own digit and the composite hold and
    nothing was guessed."""
    layout = LAYOUTS[zone.format]
    surname, given = names(zone.format, zone.lines)
    birth, expiry = dates(zone, today)
    trust = min(1.0, 0.6 + 0.4 * zone.confidence)
    spelled = trust * (0.9 if zone.valid else 0.75) * (0.95 if names_truncated(zone.format, zone.lines) else 1.0)

    def checked(name: str) -> float:
        if name in zone.failed:
            return 0.35
        if any(repair.constraint == f"check_digit:{name}" for repair in zone.repairs):
            return 0.7
        return trust * (0.99 if zone.valid else 0.8)

    issuer, nationality = _issuer(take(zone.lines, layout.issuer)), _issuer(take(zone.lines, layout.nationality))
    sex = take(zone.lines, layout.sex)
    values = [
        ("person.surname", surname, spelled),
        ("person.given_names", given, spelled),
        ("person.full_name", full_name(surname, given) if zone.format != "FRA2013" else "", spelled),
        ("person.date_of_birth", birth.isoformat() if birth else "", checked("birth")),
        ("person.sex", {"M": "M", "F": "F", "X": "X", "<": "X"}.get(sex, ""), spelled if sex != "<" else 0.6),
        ("person.nationality", nationality or "", spelled),
        ("document.number", zone.number, checked("number")),
        ("document.expiration_date", expiry.isoformat() if expiry else "", checked("expiry")),
        ("document.country_code", issuer or "", spelled),
        ("document.issuing_entity", _issuer_name(issuer or ""), COUNTRY_ONLY),
    ]
    return [Field(path, value, round(confidence, 3), "mrz", side, page, zone.box) for path, value, confidence in values if value]


def look_alike(one: str, other: str) -> bool:
    """Same length, different, and every difference one that readers make: O and 0, I and 1, G and 6."""
    if len(one) != len(other) or one == other:
        return False
    return all(a == b or b in _LOOK_ALIKES.get(a, "") for a, b in zip(one, other, strict=True))
