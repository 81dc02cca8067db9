"""What a reader reports: one named value with its confidence and the place it was read from; and how values are normalised."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime

from flows.countries import COUNTRIES

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the upright page image."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value read from one page.

    ``path`` is dotted (``person.surname``); ``value`` is normalised (dates ISO 8601, countries ISO 3166-1 alpha-3);
    ``confidence`` is 0..1; ``reader`` is ``mrz``, ``barcode``, ``ocr`` or ``face``; ``side`` is ``front`` or ``back``;
    ``page`` counts from 1 within the side; ``box`` is None where the value has no place of its own (barcode payloads have the symbol's box).
    Of a merged value, ``agrees`` names the other readers that say the same, ``differs`` those that say something else.
    """

    path: str
    value: str
    confidence: float
    reader: str
    side: str = "front"
    page: int = 1
    box: Box | None = None
    agrees: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()


_HOMOGLYPHS = str.maketrans(
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХЅІЈԌ",
    "ABEZHIKMNOPTYXABEKMHOPCTYXSIJG",
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janvier janv enero ene januar",
            "feb february fevrier fevr fev febrero februar",
            "mar march mars marzo marz",
            "apr april avril avr abril abr",
            "may mai mayo",
            "jun june juin junio juni",
            "jul july juillet juil julio juli",
            "aug august aout agosto ago",
            "sep sept september septembre septiembre",
            "oct october octobre octubre oktober okt",
            "nov november novembre noviembre",
            "dec december decembre diciembre dic dezember dez",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")"
_DATE = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?P<y1>(?:19|20)\d\d)\s?[-/.]\s?(?P<m1>\d{1,2})\s?[-/.]\s?(?P<d1>\d{1,2})"
    r"|(?P<a>\d{1,2})\s?[-/.]\s?(?P<b>\d{1,2})\s?[-/.]\s?(?P<y2>(?:19|20)\d\d|\d\d)"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\s/.-]*(?:de |"
    rf"(?:day )?of )?{_MONTH.replace('(', '(?P<m3>', 1)}[.,]?(?:\s*/\s*[a-z]{{3,9}})?[\s/.-]*(?:de )?(?P<y3>(?:19|20)\d\d|\d\d)"
    rf"|{_MONTH.replace('(', '(?P<m4>', 1)}[.,]?\s*(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|\s+)(?P<y4>(?:19|20)\d\d)"
    rf"|(?P<y5>(?:19|20)\d\d)[\s/.-]?{_MONTH.replace('(', '(?P<m5>', 1)}[\s/.-]?(?P<d5>\d{{1,2}})"
    r")(?![\d/-])"
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text: ``value``, where it stands (``start``, ``end``), and whether day and month could also be the other way round."""

    value: date
    start: int
    end: int
    ambiguous: bool = False


def fold(text: str) -> str:
    """Upper-case ASCII letters of ``text`` for comparing: accents stripped, look-alike Greek and Cyrillic letters folded, spaces collapsed."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("’", "'")) if not unicodedata.combining(char))
    return re.sub(r"\s+", " ", plain.upper().translate(_HOMOGLYPHS)).strip()


def find_dates(text: str, *, day_first: bool = False, today: date | None = None) -> list[FoundDate]:
    """Dates written in ``text``. ``day_first`` says how to take 03/04/2025; two-digit years lie within 80 years before and 20 after ``today``."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(char))
    if len(plain) != len(text):
        plain = text.lower()
    plain = re.sub(r"(?<![a-z0-9])0(?=ct\b|ctob)|(?<=\d{4})0(?=ct\d)", "o", plain)  # 0CT: what recognition makes of OCT
    found = (_found(match, day_first, (today or datetime.now(UTC).date()).year) for match in _DATE.finditer(plain))
    return [entry for entry in found if entry]


def _found(match: re.Match[str], day_first: bool, this_year: int) -> FoundDate | None:
    part = match.groupdict()
    year_text = part["y1"] or part["y2"] or part["y3"] or part["y4"] or part["y5"]
    year = int(year_text)
    if year < 100:
        year += 2000 if year + 2000 <= this_year + 20 else 1900
    if part["a"]:
        first, second = int(part["a"]), int(part["b"])
        orders = [(second, first), (first, second)] if day_first else [(first, second), (second, first)]
        dates = [made for month, day in orders if (made := _date(year, month, day))]
        return FoundDate(dates[0], *match.span(), ambiguous=len(set(dates)) > 1) if dates else None
    month = int(part["m1"]) if part["m1"] else _MONTHS[part["m3"] or part["m4"] or part["m5"]]
    made = _date(year, month, int(part["d1"] or part["d3"] or part["d4"] or part["d5"]))
    return FoundDate(made, *match.span()) if made else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def full_name(surname: str, given_names: str) -> str:
    """Surname first, as on the flow's records: ``Simpson Homer``."""
    return " ".join(part for part in (surname.strip(), given_names.strip()) if part)


def name_case(text: str) -> str:
    """Capitals to name case: ``O'NEIL-SMITH`` becomes ``O'Neil-Smith``; text with lower case in it stays."""
    if any(char.islower() for char in text):
        return text
    cased = re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), text)
    return re.sub(r"\b(Ii|Iii|Iv)\b", lambda word: word[0].upper(), cased)


def same_number(one: str, other: str) -> bool:
    """Document numbers equal but for case, spaces and punctuation."""
    return bool(one) and re.sub(r"[^A-Z0-9]", "", fold(one)) == re.sub(r"[^A-Z0-9]", "", fold(other))


def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-3 for a code or English name, or None. ``D`` and the British ``GBx`` codes are ICAO's (Doc 9303-3 section 5)."""
    folded = fold(text).replace("<", "")
    if folded in COUNTRIES:
        return folded
    return _COUNTRY_CODES.get(folded)


def country_name(code: str) -> str:
    """English name of an alpha-3 code; unknown codes come back as they are."""
    entry = COUNTRIES.get(code)
    return entry.name if entry else code


_COUNTRY_CODES = {
    **{fold(entry.name): code for code, entry in COUNTRIES.items()},
    **{entry.iso2: code for code, entry in COUNTRIES.items()},
    **dict.fromkeys(("GBD", "GBN", "GBO", "GBP", "GBS", "UK", "GREAT BRITAIN", "ENGLAND", "SCOTLAND", "WALES"), "GBR"),
    **dict.fromkeys(("D", "DEUTSCHLAND"), "DEU"),
    **dict.fromkeys(("U.S.A.", "UNITED STATES", "U.S.", "AMERICA"), "USA"),
    "RKS": "XKX",
    "RUSSIA": "RUS",
    "SOUTH KOREA": "KOR",
    "CZECH REPUBLIC": "CZE",
    "TURKEY": "TUR",
}
