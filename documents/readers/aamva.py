"""The AAMVA DL/ID card barcode: a PDF417 payload to named values (AAMVA DL/ID Card Design Standard, Annex D, versions 1 to 11).

Issuers miscount offsets, scanners drop separators, and version 1 has other element names. The parser therefore trusts element identifiers more than
lengths, but insists on a header (D.12.3): what does not declare itself an AAMVA payload is refused, and so is a header without data.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from documents.fields import Box, Field, full_name
from documents.readers.states import CANADIAN_PROVINCES, ISSUERS, MEXICAN_STATES, US_STATES, state_name

_HEADER = re.compile(rb"@[^A-Za-z0-9]{0,4}.{0,4}?(?:ANSI |AAMVA|AMVA) ?(?P<iin>\d{6})(?P<version>\d\d)", re.DOTALL)
_DESIGNATOR = re.compile(rb"[A-Z][A-Z0-9]\d{8}")
_IDENTIFIERS = [
    "DAA", "DAB", "DAC", "DAD", "DAE", "DAF", "DAG", "DAH", "DAI", "DAJ", "DAK", "DAL", "DAM", "DAN", "DAO", "DAP", "DAQ", "DAR", "DAS", "DAT",
    "DAU", "DAV", "DAW", "DAX", "DAY", "DAZ", "DBA", "DBB", "DBC", "DBD", "DBE", "DBF", "DBG", "DBH", "DBI", "DBJ", "DBK", "DBL", "DBM", "DBN",
    "DBO", "DBP", "DBQ", "DBR", "DBS", "DCA", "DCB", "DCD", "DCE", "DCF", "DCG", "DCH", "DCI", "DCJ", "DCK", "DCL", "DCM", "DCN", "DCO", "DCP",
    "DCQ", "DCR", "DCS", "DCT", "DCU", "DDA", "DDB", "DDC", "DDD", "DDE", "DDF", "DDG", "DDH", "DDI", "DDJ", "DDK", "DDL", "DDM", "DDN", "DDO",
    "DDP", "PAA", "PAB", "PAC", "PAD", "PAE", "PAF",
]  # fmt: skip
_VERSION_1 = tuple(name for name in _IDENTIFIERS if name[:2] in ("DA", "DB", "PA"))
_PLACEHOLDERS = {"", "NONE", "UNAVL", "UNAVAIL", "N/A", "UNK"}
_SEX = {"1": "M", "M": "M", "2": "F", "F": "F", "9": "X", "X": "X", "0": "X"}
_SUFFIXES = {"JR", "SR", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "1ST", "2ND", "3RD", "4TH", "5TH", "6TH", "7TH", "8TH", "9TH"}
_MAGSTRIPE = re.compile(
    rb"%(?P<state>[A-Z]{2})(?P<city>[^^?]{1,13})\^(?P<name>[^^?]{1,35})\^(?P<street>[^?]*)\?\s*;(?P<iin>\d{6})(?P<number>\d*)=(?P<expiry>\d{4})(?P<birth>\d{8})"
)


class NotAamva(ValueError):
    """The payload is not an AAMVA one; the message says what is wrong with it and holds no personal data."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a card's barcode says. Dates are ISO 8601, ``sex`` M, F or X, ``state`` two letters, ``postal_code`` without separators, ``country``
    alpha-3; a value that the card leaves out is None. ``elements`` are the raw values by identifier; ``flags`` say what was wrong with the
    encoding."""

    version: int
    iin: str
    document_type: str | None
    document_number: str | None
    last_name: str | None
    first_name: str | None
    middle_name: str | None
    suffix: str | None
    date_of_birth: str | None
    issue_date: str | None
    expiry_date: str | None
    sex: str | None
    street: str | None
    street2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    elements: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    @property
    def issuing_state(self) -> str | None:
        """Who issued it: the issuer number's state, which the address need not share."""
        return ISSUERS.get(self.iin) or self.state

    def as_json(self) -> dict[str, Any]:
        names = [name for name in self.__dataclass_fields__ if name not in ("elements", "flags")]
        return {**{name: getattr(self, name) for name in names}, "elements": dict(self.elements), "flags": list(self.flags)}


def parse(payload: bytes) -> Card:
    """The card of ``payload``. Raises NotAamva when there is no compliance indicator and file type, or no usable data (D.12.2, D.12.3)."""
    header = _HEADER.search(payload)
    if header is None:
        if stripe := _MAGSTRIPE.search(payload):
            return _from_magstripe(stripe)
        raise NotAamva("no AAMVA header")
    version = int(header["version"])
    start, designators = _entry_point(payload, header, version)
    segments, flags = _segments(payload, header.start(), start, designators)
    elements = _elements(segments, version)
    if not any(name in elements for name in ("DAQ", "DCS", "DAA", "DAB", "DBB")):
        raise NotAamva("no data elements")
    return _card(header["iin"].decode(), version, designators, elements, flags)


def _entry_point(payload: bytes, header: re.Match[bytes], version: int) -> tuple[int, list[tuple[str, int, int]]]:
    """Where the subfile designators end, and what they say: type, offset, length (D.12.3 fields 5-8). Version 1 has no jurisdiction version."""
    at = header.end()
    counted = payload[at : at + (2 if version < 2 else 4)]
    if not counted.isdigit():
        raise NotAamva("the number of entries is not a number")
    at += len(counted)
    designators = []
    for _ in range(min(int(counted[-2:]) or 1, 10)):
        entry = payload[at : at + 10]
        if not _DESIGNATOR.fullmatch(entry):
            break
        designators.append((entry[:2].decode(), int(entry[2:6]), int(entry[6:10])))
        at += 10
    return at, designators


def _segments(payload: bytes, zero: int, start: int, designators: list[tuple[str, int, int]]) -> tuple[list[bytes], tuple[str, ...]]:
    """The main subfile first, then the others. Offsets are believed only where the subfile's own type stands there."""
    segments, flags = [], []
    for kind, offset, length in designators:
        segment = payload[zero + offset : zero + offset + length]
        if not segment.startswith(kind.encode()) or not _ends_cleanly(payload, zero + offset + length):
            flags.append(f"wrong_offset:{kind}")
            continue
        segments.append(segment[2:])
    if flags or not designators:
        return [payload[start:]], tuple(flags) or ("no_designator",)
    return segments, ()


def _ends_cleanly(payload: bytes, end: int) -> bool:
    """A subfile ends at the payload's end or at a terminator or the next subfile: anything else means that its length was miscounted."""
    return end >= len(payload) - 1 or payload[end - 1 : end] in (b"\r", b"\n") or payload[end : end + 1] in (b"\r", b"\n", b"Z")


def _elements(segments: list[bytes], version: int) -> dict[str, str]:
    text = b"\n".join(segments).decode("latin-1")
    text = re.sub(r"^\s*(?:DL|ID|EN)(?=D[A-D][A-Z]|\s)", "", text)
    lines = re.split(r"[\n\r\x1c-\x1f]+", text)
    if sum(line.strip()[:3] in _IDENTIFIERS or line[2:5] in _IDENTIFIERS for line in lines) < 2:
        lines = _split_unseparated(text, _VERSION_1 if version < 2 else _IDENTIFIERS)
    found: dict[str, str] = {}
    for line in lines:
        match = re.match(r"\s*(?:(?:DL|ID|EN)(?=D[A-D][A-Z]))?([A-Z]{2}[A-Z0-9])(.*)", line, re.DOTALL)
        if match and (match[1] in _IDENTIFIERS or match[1].startswith("Z")):
            found.setdefault(match[1], match[2].strip())
    return found


def _split_unseparated(text: str, identifiers: Collection[str]) -> list[str]:
    """Cuts a payload that lost every separator before each identifier not seen yet, so that a value's own letters seldom cut it."""
    lines, seen, begin, at = [], set(), 0, 0
    while at < len(text):
        name = text[at : at + 3]
        if name in identifiers and name not in seen and (at == begin or at - begin > 3 or _may_be_empty(text[begin : begin + 3])):
            if at > begin:
                lines.append(text[begin:at])
            seen.add(name)
            begin, at = at, at + 3
        else:
            at += 1
    return [*lines, text[begin:]]


def _may_be_empty(name: str) -> bool:
    return name not in ("DAQ", "DAA", "DCS", "DBA", "DBB", "DBD")


def _card(iin: str, version: int, designators: list[tuple[str, int, int]], elements: dict[str, str], flags: tuple[str, ...]) -> Card:
    def value(*names: str) -> str | None:
        return next((elements[name] for name in names if elements.get(name, "").upper() not in _PLACEHOLDERS), None)

    state = value("DAJ", "DAO")
    state = state.upper() if state else None
    country = _country(value("DCG"), state, iin, version)
    last, first, middle, suffix = _names(elements, value)
    types = [kind for kind, _, _ in designators if kind in ("DL", "ID", "EN")]
    return Card(
        version, iin, types[0] if types else None, value("DAQ", "DBJ"), last, first, middle, suffix,
        _date(value("DBB"), country, version), _date(value("DBD"), country, version), _date(value("DBA"), country, version),
        _SEX.get((value("DBC") or "").upper()), value("DAG", "DAL"), value("DAH", "DAM"), value("DAI", "DAN"), state,
        _postal_code(value("DAK", "DAP"), country), country, elements, flags,
    )  # fmt: skip


def _country(written: str | None, state: str | None, iin: str, version: int) -> str | None:
    """Alpha-3. DCG came with version 2: before, and where it is left out of a later one, the state or the issuer tells."""
    if written and written.upper() in ("USA", "CAN", "MEX"):
        return written.upper()
    issuer = ISSUERS.get(iin)
    place = state or issuer
    if place in CANADIAN_PROVINCES:
        return "CAN"
    if issuer in MEXICAN_STATES:
        return "MEX"
    return "USA" if version >= 1 and (place in US_STATES or iin in ISSUERS) else None


def _names(elements: dict[str, str], value: Any) -> tuple[str | None, str | None, str | None, str | None]:
    """Last, first, middle, suffix: DCS/DAC/DAD/DCU (version 4 on), DCS/DCT (2-3), DAB/DAC/DAD/DAE or DAA ``LAST,FIRST,MIDDLE,SUFFIX`` (1)."""
    last, first, middle, suffix = value("DCS", "DAB"), value("DAC"), value("DAD"), value("DCU", "DAE")
    whole = value("DAA")
    if whole and not last:
        last, first, middle, suffix = _split_whole(whole)
    given = value("DCT")
    if given and not first:
        first, middle = _first_and_rest([part for part in re.split(r"[,\s]+", given) if part], middle)
    if first and not middle and "DAC" in elements and " " in first and not elements.get("DAD", "").strip():
        first, middle = _first_and_rest(first.split(), None)
    return last, first, middle, suffix


def _first_and_rest(parts: list[str], middle: str | None) -> tuple[str | None, str | None]:
    return (parts[0] if parts else None), middle or " ".join(parts[1:]) or None


def _split_whole(whole: str) -> tuple[str | None, str | None, str | None, str | None]:
    """DAA of version 1: comma (or @) separated; some issuers write it as spoken, first name first."""
    parts = [part.strip() for part in re.split(r"[,@]", whole)]
    if len(parts) == 1:
        words = whole.split()
        suffix = words.pop() if len(words) > 2 and words[-1].upper() in _SUFFIXES else None
        return words[-1], (words[0] if len(words) > 1 else None), " ".join(words[1:-1]) or None, suffix
    last, first, middle, suffix = [*parts, "", "", ""][:4]
    if " " in first and not middle:
        words = first.split()
        first, middle = words[0], " ".join(words[1:])
    return last or None, first or None, middle or None, suffix or None


def _date(text: str | None, country: str | None, version: int) -> str | None:
    """MMDDCCYY in the USA, CCYYMMDD in Canada and in version 1 (D.12.4.3); the other order where the first gives no date between 1900 and 2100."""
    digits = re.sub(r"\D", "", text or "")
    if len(digits) != 8:
        return None
    year_first, month_first = (digits[:4], digits[4:6], digits[6:]), (digits[4:], digits[:2], digits[2:4])
    orders = (year_first, month_first) if country == "CAN" or version == 1 else (month_first, year_first)
    for year, month, day in orders:
        try:
            made = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if 1900 <= made.year <= 2100:
            return made.isoformat()
    return None


def _postal_code(text: str | None, country: str | None) -> str | None:
    """Without separators, and without the zeros that pad an unknown ZIP+4 (DAK is always 11 characters)."""
    code = re.sub(r"[^A-Z0-9]", "", (text or "").upper())
    if country == "CAN":
        return code[:6] or None
    return (code[:-4] if len(code) >= 9 and code.endswith("0000") else code) or None


def _from_magstripe(stripe: re.Match[bytes]) -> Card:
    """Tracks 1 and 2 of the magnetic stripe (Annex F): state, city, names, street; issuer, number, expiry YYMM, birth CCYYMMDD."""
    track = {name: (text or b"").decode("latin-1").strip() for name, text in stripe.groupdict().items()}
    last, first, middle = [*(part.strip() or None for part in track["name"].split("$")), None, None, None][:3]
    birth = _date(track["birth"], "CAN", 1)
    return Card(
        0, track["iin"], None, track["number"] or None, last, first, middle, None, birth, None, None, None, track["street"].replace("$", " ") or None,
        None, track["city"] or None, track["state"], None, "USA", {}, ("magnetic_stripe",),
    )  # fmt: skip


def fields(card: Card, *, side: str = "back", page: int = 1, box: Box | None = None) -> list[Field]:
    """The card's values under the paths of a record. A checked symbol is either read exactly or not at all, hence the high confidence."""
    given = " ".join(part for part in (card.first_name, card.middle_name) if part)
    surname = " ".join(part for part in (card.last_name, card.suffix) if part)
    street = ", ".join(part for part in (card.street, card.street2) if part)
    state = state_name(card.state or "")
    code = card.postal_code or ""
    postal = f"{code[:5]}-{code[5:]}" if len(code) == 9 and card.country == "USA" else code
    place = ", ".join(part for part in (card.city, f"{card.state or ''} {postal}".strip()) if part)
    truncated = any(card.elements.get(name) == "T" for name in ("DDE", "DDF", "DDG"))
    values = [
        ("person.surname", surname, 0.9 if truncated else 0.99),
        ("person.given_names", given, 0.9 if truncated else 0.99),
        ("person.full_name", full_name(surname, given), 0.9 if truncated else 0.99),
        ("person.date_of_birth", card.date_of_birth, 0.99),
        ("person.sex", card.sex, 0.99),
        ("document.number", card.document_number, 0.99),
        ("document.issue_date", card.issue_date, 0.99),
        ("document.expiration_date", card.expiry_date, 0.99),
        ("document.issuing_entity", state_name(card.issuing_state or ""), 0.98),
        ("document.country_code", card.country, 0.98),
        ("address.full", ", ".join(part for part in (street, place) if part), 0.98),
        ("address.street", street, 0.98),
        ("address.city", card.city, 0.98),
        ("address.state", state, 0.98),
        ("address.zip", postal, 0.98),
        ("address.country", card.country, 0.98),
    ]
    return [Field(path, value, confidence, "barcode", side, page, box) for path, value, confidence in values if value]
