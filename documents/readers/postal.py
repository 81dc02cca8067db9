"""Postal addresses on a page: blocks of lines under names, told by the last line.

Addresses of the USA first (USPS Publication 28: the last line is city, state, ZIP), then Canada, the United Kingdom and lines that begin with a
postal code as in France, Germany and Spain; of any other country where its name or code is printed at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from documents.fields import country_code
from documents.readers.labels import NAME_LABEL, is_heading, looks_like_person
from documents.readers.layout import Item, below
from documents.readers.states import US_STATES, state_code

_STATE = r"(?P<state>" + "|".join(["AA", "AE", "AP", *US_STATES, *(name.upper().replace(".", r"\.") for name in US_STATES.values())]) + r")"
_US_LAST = re.compile(rf"(?:^|[,\s])(?P<city>[A-Z][A-Z .'-]{{1,30}}?)[,\s]\s*{_STATE}[.,]?\s*(?P<zip>\d{{5}}(?:\s?-\s?\d{{4}})?)\b")
_US_TAIL = re.compile(rf"^{_STATE}[.,]?\s*(?P<zip>\d{{5}}(?:-\d{{4}})?)$")
_PROVINCES = {
    "ALBERTA": "AB", "BRITISH COLUMBIA": "BC", "MANITOBA": "MB", "NEW BRUNSWICK": "NB", "NEWFOUNDLAND AND LABRADOR": "NL", "NOVA SCOTIA": "NS",
    "NORTHWEST TERRITORIES": "NT", "NUNAVUT": "NU", "ONTARIO": "ON",
    "PRINCE EDWARD ISLAND": "PE", "QUEBEC": "QC", "SASKATCHEWAN": "SK",
    "YUKON": "YT",
}  # fmt: skip
_PROVINCE = "|".join([*_PROVINCES.values(), *_PROVINCES])
_CANADA = re.compile(rf"(?P<city>[A-Z][A-Z .'-]+?)[,\s]+\(?(?P<state>{_PROVINCE})\)?[,\s]+(?P<zip>[A-Z]\d[A-Z]\s?\d[A-Z]\d)\b")
_AUSTRALIA = re.compile(r"^(?P<city>[A-Z][A-Z .'-]+?)[,\s]+(?P<state>NSW|VIC|QLD|TAS|ACT)[,\s]+(?P<zip>\d{4})$")
_BRITAIN = re.compile(r"(?P<city>)(?P<state>)\b(?P<zip>[A-Z]{1,2}\d[A-Z\d]?\s[\dO][A-Z]{2})$")
_CODE_FIRST = re.compile(
    r"^(?:[A-Z]{1,2}-)?(?P<zip>\d{5,6})\s+(?P<city>[A-Z][A-Z' -]{2,40}?(?:\s+CEDEX(?: \d+)?)?)(?:[,\s]+(?P<state>FRANCE|DEUTSCHLAND|GERMANY|"
    r"ESPANA|SPAIN))?$"
)
_ABROAD = (
    re.compile(r"^(?P<zip>\d{4}(?: ?[A-Z]{2})?|\d{2,3}[ -]\d{2,3}|\d{5,6})\s+(?P<city>[A-Z][A-Z .'-]{1,40})(?P<state>)$"),
    re.compile(r"^(?P<city>[A-Z][A-Z .'-]*?)(?:,\s*(?P<state>[A-Z][A-Z. ]{1,20}))?[,\s]\s*(?P<zip>(?=[A-Z -]*\d)[A-Z\d][A-Z\d -]{2,9})$"),
)  # before or under a country's name only: alone they fit too much
STREET = re.compile(
    r"^(?:\d+[A-Z]?\b|[NSEW]\d+\b|P\.? ?O\.? ?BOX|RR \d|HC \d|PSC \d|CMR \d|UNIT \d+ BOX|ONE |TSA \d|BP \d|RUE |AVENUE |BOULEVARD |CALLE |C/)|"
    r"\b(?:ST|STREET|AVE|AVENUE|RD|ROAD|BLVD|BOULEVARD|DR|DRIVE|LN|LANE|CT|COURT|WAY|PL|PLACE|PKWY|PARKWAY|HWY|TER|TERRACE|CIR|CIRCLE|SQ|"
    r"SQUARE|RUE|CALLE|CHEMIN|ALLEE|CLOSE|GARDENS|GROVE|CRESCENT|CRES|MEWS|[A-Z]*STRASS?E|[A-Z]+STR|[A-Z]+WEG)\b\.?"
)
_NUMBER_LAST = re.compile(r"^[A-Z][A-Z.' -]+ \d{1,4} ?[A-Z]?$")
_UNIT = re.compile(r"^(?:APT|FLAT|APARTMENT|UNIT|STE|SUITE|FLOOR|FL|BLDG|RM|ROOM|LOT|TRLR|#|PMB|BAT|ESC|ETAGE|RES(?:IDENCE)?)(?:\b|(?=\d))")
_COUNTRY_LINE = re.compile(
    r"^(?:UNITED STATES(?: OF AMERICA)?|USA|U\.S\.A\.|FRANCE|CANADA|UNITED KINGDOM|UK|GERMANY|DEUTSCHLAND|ESPANA|SPAIN|MEXICO|HK|INDIA)$"
)
NEAR, FAR = 0.95, 2.6
LONGEST_STREET = 60  # characters before the city on one line: more is a sentence
WIDE = 1.5  # line heights between the lines of a widely spaced block
STATE_BEFORE_CODE = ("USA", "CAN", "GBR", "AUS")


@dataclass(slots=True)
class Block:
    """Lines of one column one under the other, the postal line among them: ``names`` above the ``streets``, ``heading`` the label it stands under,
    ``place`` the postal line and a country under it as they are printed."""

    names: list[Item]
    streets: list[str]
    city: str
    state: str
    postal: str
    country: str
    box: tuple[int, int, int, int]
    top: float
    left: float
    confidence: float
    heading: str = ""
    score: float = 0.0
    split_name: str = field(default="")
    place: str = ""

    @property
    def street(self) -> str:
        return ", ".join(self.streets)

    @property
    def full(self) -> str:
        return ", ".join(part for part in (self.street, self.place) if part)

    @property
    def name(self) -> str:
        return self.split_name or (self.names[0].text if self.names else "")


def blocks(printed: list[Item]) -> Iterator[Block]:
    """One block per postal line; its names and streets are the lines above it in the same column."""
    taken: set[Item] = set()
    for item in printed:
        column = _column_above(item, printed)
        parsed = _postal(item, column) or _postal_abroad(item, column, printed)
        if parsed is None or item in taken:
            continue
        match, country, streets_in_line, used = parsed
        taken.update(used)
        column = [line for line in column if line not in used]
        town, county = _town(column) if country == "GBR" else (None, "")
        streets, rest = _split_column(column, streets_in_line, country)
        heading = _heading(rest[0] if rest else (column[-1] if column else item), printed, rest)
        rest = _under_heading(rest)
        inline = _behind_label(rest[-1]) if rest else _name_behind_label(item, column, printed)
        if not streets and not rest:
            continue
        state = match["state"] or ""
        code = state_code(state) or state if country == "USA" else county or _PROVINCES.get(state, state)
        members = [item, *column]
        top, left = min(line.top for line in members), min(line.left for line in members)
        box = (round(left), round(top), round(max(line.right for line in members) - left), round(item.bottom - top))
        postal = _code(match["zip"], country)
        city = town.text if town else _as_written(item, match, "city", used)
        yield Block(
            rest, streets, city.strip(" ,"), code, postal, country, box, top, left,
            min(line.confidence for line in members), f"{heading} BILL TO" if inline else heading, 0.0, inline,
            f"{city.strip(' ,')}, {county} {postal}" if county else _place(item, match, city, used, printed).replace(match["zip"], postal),
        )  # fmt: skip


def _code(printed: str, country: str) -> str:
    """The postal code; in a British one the fifth last place but two is a digit."""
    return re.sub(r" O(?=[A-Z]{2}$)", " 0", printed) if country == "GBR" else re.sub(r"\s*-\s*", "-", printed)


def _place(item: Item, match: re.Match[str], city: str, used: list[Item], printed: list[Item]) -> str:
    """The postal line from the city (or the code before it) on, and the country printed under it."""
    begins = match.start("zip") if match["city"] and match.start("zip") < match.start("city") else match.start("city")
    printed_part = match.string[begins:] if match["city"] else match["zip"]
    at = item.folded.rfind(printed_part)
    place = item.text[at:].strip(" ,.") if at >= 0 else printed_part
    if match["city"] and at < 0:
        place = f"{city.strip(' ,')}, {item.text.strip(' ,.') if len(used) > 1 else match.string[match.end('city') :].strip(' ,')}"
    country = below(item, printed, reach=1.6)
    if country and (_COUNTRY_LINE.match(name := country.folded.strip(" .")) or (len(name) > 3 and country_code(name))):
        place = f"{place}, {country.text.strip(' .')}"
    return place if match["city"] else ", ".join(part for part in (city.strip(" ,"), place) if part)


def _postal(item: Item, column: list[Item]) -> tuple[re.Match[str], str, list[str], list[Item]] | None:
    """The postal line: its match, country, what of the street stands on the same line, and which items it took."""
    text = re.sub(r"(?<=[A-Z] )\d(?:[ .,]?\d){4}$", lambda code: re.sub(r"\D", "", code[0]), item.folded.strip(" .,"))  # specks and gaps within a ZIP
    text = re.sub(r"(?<=[A-Z]{2})0(?=[ ,]+[A-Z]{2} \d{5})", "O", text)  # PLAN0, TX 75093
    joined = [item]
    if _US_TAIL.match(text) or re.fullmatch(r"\d{5}(?:-\d{4})?", text):
        above = column[-1] if column else None
        if above is None:
            return None
        text, joined = f"{above.folded.strip(' ,')}, {text}" if "," not in above.folded[-2:] else f"{above.folded} {text}", [item, above]
    text = re.sub(r",?\s*(?:UNITED STATES(?: OF AMERICA)?|USA)$", "", text)
    for pattern, country in ((_US_LAST, "USA"), (_CANADA, "CAN"), (_AUSTRALIA, "AUS"), (_BRITAIN, "GBR"), (_CODE_FIRST, "")):
        match = pattern.search(text)
        if match and match.end() >= len(text) - 1:
            country = country or _code_first_country(match, column)
            before = text[: match.start("city") if match["city"] and country in ("USA", "CAN", "AUS") else match.start()].strip(" ,")
            written = "".join(part.text for part in joined[1:]) + item.text
            start = written.upper().find(before) if before else -1
            street = written[start : start + len(before)] if start >= 0 else before
            if not _plausible(match, country, before, column) or len(before) > LONGEST_STREET:
                continue
            return match, country, [street] if before else [], joined
    return None


def _postal_abroad(item: Item, column: list[Item], printed: list[Item]) -> tuple[re.Match[str], str, list[str], list[Item]] | None:
    """A postal line with its country behind it or on a line of its own under it."""
    text, comma, last = item.folded.strip(" .,").rpartition(",")
    country = country_code(last.strip()) if comma else None
    if country is None:
        under = below(item, printed, reach=1.2)
        text, country = item.folded.strip(" .,"), country_code(under.folded.strip(" .")) if under else None
    if country in (None, "USA") or not column:
        return None
    text = re.sub(r"^[A-Z]{1,2}-(?=\d)", "", text)
    match = next((match for pattern in _ABROAD if (match := pattern.search(text))), None)
    return (match, str(country), [], [item]) if match else None


def _plausible(match: re.Match[str], country: str, before: str, column: list[Item]) -> bool:
    if country in STATE_BEFORE_CODE:
        return True
    return not before and bool(column) and not re.search(r"\b(?:EUROS?|KWH|TTC|HT)\b", match.string)


def _code_first_country(match: re.Match[str], column: list[Item]) -> str:
    words = " ".join([match.string, *(line.folded for line in column)])
    if re.search(r"STRASS?E|\bSTR\.|DEUTSCHLAND|GERMANY", words):
        return "DEU"
    if re.search(r"\bCALLE\b|\bC/|ESPANA|SPAIN", words):
        return "ESP"
    return "FRA"


def _as_written(item: Item, match: re.Match[str], group: str, used: list[Item]) -> str:
    """The matched city in the case it was printed in."""
    wanted = match[group] or ""
    for line in used:
        at = line.folded.find(wanted) if wanted else -1
        if at >= 0:
            return line.text[at : at + len(wanted)]
    return wanted.title()


def _column_above(item: Item, printed: list[Item]) -> list[Item]:
    """The lines above ``item`` at its left edge (or centred on it), without gaps, top first; at most six."""
    column: list[Item] = []
    current, gap = item, WIDE
    while len(column) < 6:
        above = [
            line
            for line in printed
            if line.middle < current.middle - 0.4 * current.height
            and current.top - line.bottom < gap * max(current.height, 0.6 * line.height)
            and 0.5 < line.height / item.height < 2.2
            and (abs(line.left - item.left) < 1.3 * item.height or abs((line.left + line.right) - (item.left + item.right)) < 1.2 * item.height)
        ]
        line = max(above, key=lambda entry: (entry.middle, -abs(entry.left - item.left)), default=None)
        if line is None:
            break
        column.insert(0, line)
        gap = max(NEAR, 1.2 * (current.top - line.bottom) / item.height) if current is item else gap
        current = line
    return column


def _split_column(column: list[Item], streets_in_line: list[str], country: str) -> tuple[list[str], list[Item]]:
    """Street lines from the bottom up to the one with the house number; what stands above are names."""
    streets, rest = list(streets_in_line), list(column)
    complete = bool(streets) and bool(re.match(r"\d+\S* +[^\W\d]|P\.? ?O", streets[0].upper()))
    while rest and not complete and len(streets) < 3:
        line = rest[-1]
        text = re.sub(r"^(?:ADDRESS|SERVICE ADDRESS|MAILING ADDRESS|ADRESSE) ?:? ?", "", line.folded)
        if is_heading(line) and len(text) == len(line.folded) and not re.search(r"\d", text):
            break
        starts = bool(re.match(r"\d|[NSEW]\d|P\.? ?O\.? ?BOX|(?:RR|HC|PSC|CMR) \d|UNIT \d+ BOX|ONE |TSA|BP ", text))
        number_last = country not in STATE_BEFORE_CODE and _NUMBER_LAST.match(text) is not None
        if not (starts or number_last or _UNIT.match(text) or STREET.search(text)):
            break
        streets.insert(0, line.text[len(line.text) - len(text) :].strip(" ,"))
        rest.pop()
        complete = (starts or number_last) and not _UNIT.match(text)
    if streets and rest and len(streets) < 3 and _UNIT.match(rest[-1].folded) and re.search(r"\d", rest[-1].text):
        streets.insert(0, rest.pop().text.strip(" ,"))
    return streets, rest


def _town(column: list[Item]) -> tuple[Item | None, str]:
    """A British post town, taken off the end of ``column``, and the county where one is printed between it and the postcode."""
    bare = [not re.search(r"\d", line.text) for line in column]
    if len(column) > 2 and bare[-1] and bare[-2] and not bare[-3]:
        county = column.pop().text
        return column.pop(), county
    return (column.pop(), "") if len(column) > 1 and bare[-1] else (None, "")


def _under_heading(names: list[Item]) -> list[Item]:
    """What stands under the last label among ``names``; all but labels where nothing does."""
    last = max((index for index, line in enumerate(names) if is_heading(line)), default=-1)
    return names[last + 1 :] or [line for line in names if not is_heading(line)]


def _behind_label(line: Item) -> str:
    match = NAME_LABEL.match(line.folded)
    return line.text[match.end() :].strip() if match and looks_like_person(line.folded[match.end() :].strip()) else ""


def _name_behind_label(item: Item, column: list[Item], printed: list[Item]) -> str:
    """The name in a line such as ``Invoice for: Ann Example`` that stands above the block and reaches over it."""
    first = column[0] if column else item
    above = [line for line in printed if 0 < first.middle - line.middle < 2.0 * first.height and line.left < first.left < line.right]
    for line in above:
        match = NAME_LABEL.match(line.folded)
        if match and match.end() < len(line.folded):
            return line.text[match.end() :].strip()
    return ""


def _heading(first: Item, printed: list[Item], rest: list[Item]) -> str:
    """The label the block stands under: within it, right above it, or left of it."""
    inside = [line.folded for line in rest if is_heading(line)]
    above = [
        line
        for line in printed
        if 0 < first.middle - line.middle < FAR * max(first.height, line.height) + line.height
        and abs(line.left - first.left) < 2.5 * first.height
        and line not in rest
    ]
    left = [line for line in printed if abs(line.middle - first.middle) < 0.6 * first.height and 0 < first.left - line.right < 6 * first.height]
    near = max(above, key=lambda line: line.middle, default=None)
    words = [*inside, *([near.folded] if near and len(near.folded) < 40 else []), *(line.folded for line in left if len(line.folded) < 30)]
    return " ".join(words)
