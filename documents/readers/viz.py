"""The visual zone: printed fields of licences, identity cards and passports.

Licences number their fields (AAMVA DL/ID Card Design Standard, Annex A, data elements 1 to 19; ISO/IEC 18013-1): 1 surname, 2 given names, 3 date of
birth, 4a issued, 4b expires, 4d number, 8 address, 15 sex. Others print words. A value stands after its label, right of it or below it; what
has no label is inferred from form and place, with less confidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from documents.engines.base import TextLine
from documents.fields import Field, country_code, country_name, find_dates, full_name
from documents.readers import mrz
from documents.readers.layout import Item, below, items, right_of
from documents.readers.states import NUMBER_PATTERNS, US_STATES, state_code, state_name

_LABELS: dict[str, str] = {
    "number": r"4 ?D\b ?(?:DLN|DL(?: NO)?|LIC(?:ENSE)?\.? ?(?:#|NO|NUMBER)?|NUMBER|ID(?: NO)?|NO)?\b|"
    r"4D ?(?:LIC|DL|ID)N?\.? ?(?:NO\b|#)?|DLN\b|DL ?(?:NO|#|NUMBER)|"
    r"^N[O0](?:\.|°) ?(?=[A-Z]?\d)|"
    r"LIC(?:ENSE|ENCE)?\.? ?(?:#|NO\b|NUMBER)|(?:ID|CARD|DOCUMENT|PASSPORT'?|CERTIFICATE|MEMBER|STUDENT|ENROLL?MENT)(?: CARD)?'? ?(?:#|NO\b|"
    r"NUMBER|ID\b)|"
    r"CUSTOMER (?:ID(?:ENTIFIER)?\b|NO|NUMBER)|DOD ID(?: NUMBER| NO)?|USCIS ?#?|PASS ?ID|N[O0] ?DU ?PASSEPORT|^NUMBER$|"
    r"^(?:DL|ID|LIC)\b(?=[ :#]+[A-Z]?\d)",
    "dob": r"(?:3 ?)?(?:\bD[O0][B8]\b|D\.O\.B\.?|DATE ?OF ?BIRTH|BIRTH ?DATE|\bBORN\b|FECHA DE NAC\w*)",
    "expiry": r"(?:4 ?B ?)?(?:\bEXP(?:IRES|IRY|IRATION)?\b(?: DATE| ON)?|DATE ?OF ?EXPIR\w+|VALID (?:UNTIL|THRU|THROUGH)|CARD EXPIRES|VENCE)|4 ?B\b",
    "issue": r"(?:4 ?A ?)?(?:\bISS(?:UED?)?\b(?: DATE| ON)?|DATE ?OF ?ISSU\w+|RESIDENT SINCE|EMISION)|4 ?A\b",
    "sex": r"(?:1[5S] ?)?(?:\bSEX\b|\bGENDER\b)|\bSEXE\b",
    "surname": r"^(?:1 ?)?LN\b|(?:1 ?)?(?:LAST NAME|FAMILY NAME|SU(?:RN|MN?)AME|APELLIDOS)|^NOM\b(?! D)|^NAME ?/ ?NOM",
    "given": r"^(?:2 ?)?FN\b|(?:2 ?)?(?:FIRST(?:[ ,/&]+(?:AND )?MIDDLE)? NAMES?|GIVEN NAMES?|^NOMBRES?\b|^PRENOMS?\b)",
    "name": r"^(?:1 ?[,/&] ?2 )?(?:FULL )?NAMES?\b(?! ?/)|^CARDHOLDER\b|^HOLDER\b(?!')",
    "nationality": r"NATIONALIT(?:Y|E)|CITIZENSHIP|NACIONALIDAD|COUNTRY OF BIRTH",
    "authority": r"(?:ISSUING )?AUTHORI(?:TY|TE|DAD)|ISSUED BY|ISSUING (?:OFFICE|AGENCY)|^AGENCY\b",
    "address": r"(?:\b8 )?\bADDRESS\b|\bDOMICILIO\b",
    "other": r"(?:9A? ?)?\bCLASS\b|(?:9A ?)?\bEND(?:ORSEMENTS?)?\b|(?:12 ?)?\bREST(?:R|RICTIONS?)?\b|(?:16 ?)?\bH[GO]T\b|HEIGHT|"
    r"(?:17 ?)?\bWGT\b|WEIGHT|"
    r"(?:18 ?)?\bEYES\b|(?:19 ?)?\bHAIR\b|(?:5 ?)\bD[D0]\b|\bDD\b|\bREV\b|DONOR|VETERAN|PLACE OF BIRTH|\bTYPE\b|\bCODE\b|SIGNATURE|DUPS?\b",
}  # fmt: skip
_LABEL = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _LABELS.items()))
_GLUED = re.compile(  # field number to label, label to value
    r"(?<![A-Z0-9])(?:1[25-9]|4[ABD]|9A?|[35])(?=(?:SEX|H[GO]?T|WG?T|EYES|HAIR|D[O0]B|EXP|ISS|DLN?|LIC|CLASS|END|REST|DD)(?:[^A-Z]|R\b|[MFX]\d|[A-Z]*$))|"
    r"(?<=SEX)(?=[MFX](?![A-Z]))|(?<=SEX[MFX])(?=1\d)|(?<=\d)(?=SEX[MFX]?\b)|(?<=DOB|EXP|ISS)(?=\d\d\W)|"
    r"(?<=[A-Z])(?=1[5-9] ?(?:SEX|HGT|WGT|EYES|HAIR)\b)"
)
_CITY = re.compile(
    r"^(?P<city>[A-Z][A-Z .'-]*?)[, ]+(?P<state>[A-Z]{2}|"
    + "|".join(name.upper() for name in US_STATES.values() if len(name) > 4)
    + r")[., ]+(?P<zip>\d{5}(?:-? ?\d{4})?)$"
)
_CITY_ABOVE = re.compile(r"^(?P<state>[A-Z]{2})[., ]+(?P<zip>\d{5,9}|\d{5}-\d{4})$")
_NAME = re.compile(r"[A-Z][A-Z .,'`-]*[A-Z.]|[A-Z]")
_NOT_NAMES = re.compile(
    r"LICEN|DRIVER|\bCARD\b|\bSTATE\b|IDENTIF|\bUSA\b|UNITED|FEDERAL|LIMIT|VETERAN|DONOR|SPECIMEN|\bNONE\b|CLASS|PASSPORT|GOVERNMENT|"
    r"COMMERCIAL|RESIDENT|DEPARTMENT|UNIVERSITY|PERMANENT|REPUBLI|PERMIS|CONDUIRE|CONDUC|CONDUZIR|F.HRERSCHEIN|RIJBEWIJS|PATENTE DI|UNION|SAFE|"
    r"\bORGAN\b|REAL ID|MOTOR|VEHICLE|ENDORS|RESTRIC|SIGNATURE|UNDER|UNTIL|DOCUMENT|EMPLOYEE|CONTRACTOR|STUDENT|FACULTY|CONSUL|ESTADOS"
)
_SWAPS = {"0": "O", "O": "0", "1": "I", "I": "1", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "Z": "2"}
LABELLED, NUMBERED, INFERRED, GUESSED = 0.93, 0.93, 0.75, 0.55
STREET_REACH = 3
MISPRINT = 0.6
_ISSUERS = {  # whose name is a headline
    "university_id": r"\b(UNIVERSITY|COLLEGE|INSTITUTE|ACADEMY)\b",
    "uniformed_service_id": r"\b(ARMED FORCES|UNIFORMED SERVICES?|DEPARTMENT OF DEFENSE)\b",
    "access_card": r"\bUNITED STATES GOVERNMENT\b",
    "matricula_consular": r"\bCONSULADO\b|RELACIONES EXTERIORES",
    "passport": r"\bDEPARTMENT OF STATE\b|\bPASSPORT (?:OFFICE|AGENCY)\b|\bHMPO\b",
}
_BARE_NUMBERS = {"matricula_consular": re.compile(r"\d{7,9}")}  # of kinds that print no other number of that length
_NAMED_ALONE = ("driver_license", "id_card", "access_card", "university_id", "uniformed_service_id", "matricula_consular")


@dataclass(frozen=True, slots=True)
class Segment:
    """A label and what follows it on its line up to the next label."""

    label: str
    rest: str
    item: Item


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    confidence: float
    item: Item | None


@dataclass(frozen=True, slots=True)
class _Card:
    """What one card's zone is read with."""

    items: list[Item]
    segments: list[Segment]
    state: str
    day_first: bool
    today: date


def read(
    lines: Sequence[TextLine], *, state: str, country: str, kind: str, zone: mrz.Zone | None, today: date, side: str = "front", page: int = 1
) -> list[Field]:
    """Fields of the visual zone, with boxes. ``state`` (two letters) and ``country`` (alpha-3) as classified; ``zone`` keeps its own lines out."""
    printed = [
        _unglued(item)
        for item in items(lines)
        if "<<" not in item.text and not (zone and zone.box and zone.box[1] <= item.middle <= zone.box[1] + zone.box[3])
    ]
    card = _Card(printed, [segment for item in printed for segment in _segments(item)], state, _day_first(country, state, zone), today)
    found: dict[str, Value] = _european(card) if kind == "driver_license" and not state and country not in ("USA", "CAN") else {}
    found = _dates(card) | found
    found = _number(card, kind) | found
    found |= _sex(card)
    place = _place(card) if country in ("USA", "") or state or kind == "matricula_consular" else {}
    found |= {path: value for path, value in place.items() if path != "anchor"}
    found |= _names(card, place.get("anchor"), alone=kind in _NAMED_ALONE)
    found |= _origin(card, country, kind)
    return [
        Field(path, value.text, round(min(0.98, value.confidence), 3), "ocr", side, page, value.item.box if value.item else None)
        for path, value in found.items()
        if value.text
    ]


def _unglued(item: Item) -> Item:
    """``15SEXF16HGT`` as ``15 SEX F 16 HGT``: small type is often read without its spaces."""
    places = [match.end() for match in _GLUED.finditer(item.folded)]
    text, folded = item.text, item.folded
    for at in reversed(places):
        if 0 < at < len(text):
            text, folded = f"{text[:at]} {text[at:]}", f"{folded[:at]} {folded[at:]}"
    return replace(item, text=text, folded=folded) if len(text) > len(item.text) else item


def _day_first(country: str, state: str, zone: mrz.Zone | None) -> bool:
    """Whether 03/04 is the third of April: everywhere but in North America; unknown issuers of travel documents count as elsewhere."""
    return not state and (country not in ("USA", "CAN") if country else zone is not None)


def _segments(item: Item) -> Iterator[Segment]:
    matches = list(_LABEL.finditer(item.folded))
    for match, following in zip(matches, [*matches[1:], None], strict=False):
        end = following.start() if following else len(item.text)
        rest = item.text[match.end() : end].strip(" :.#")
        yield Segment(str(match.lastgroup), "" if rest.startswith(("/", "(")) else rest, item)


def _labelled(card: _Card, label: str) -> Iterator[tuple[str, Item]]:
    """Texts that may be the label's value, best place first: behind it, right of it, below it."""
    for segment in card.segments:
        if segment.label != label:
            continue
        if segment.rest:
            yield segment.rest, segment.item
        for neighbour in (right_of(segment.item, card.items), below(segment.item, card.items)):
            if neighbour and not (_LABEL.match(neighbour.folded) and label != "name"):
                yield neighbour.text, neighbour


def _dates(card: _Card) -> dict[str, Value]:
    found: dict[str, Value] = {}
    taken: set[tuple[Item, date]] = set()
    for label, path in (("dob", "person.date_of_birth"), ("expiry", "document.expiration_date"), ("issue", "document.issue_date")):
        for text, item in _labelled(card, label):
            dates = find_dates(text, day_first=card.day_first, today=card.today)
            if dates and (item, dates[0].value) not in taken:
                doubt = 0.9 if dates[0].ambiguous and card.day_first else 1.0
                found[path] = Value(dates[0].value.isoformat(), LABELLED * item.confidence * doubt, item)
                taken.add((item, dates[0].value))
                break
    return _ordered(found | _inferred_dates(card, found))


def _inferred_dates(card: _Card, found: dict[str, Value]) -> dict[str, Value]:
    """Dates whose label was not read: the earliest is the birth, the latest the expiry, one between the issue."""
    missing = {"person.date_of_birth", "document.expiration_date", "document.issue_date"} - set(found)
    known = {value.text for value in found.values()}
    free: dict[date, Item] = {}
    for item in card.items:
        if re.search(r"\bREV|\bD[D0]\b", item.folded):
            continue
        for entry in find_dates(item.text, day_first=card.day_first, today=card.today):
            if re.search(r"\d{4}", item.text[entry.start : entry.end]) and entry.value.isoformat() not in known:
                free.setdefault(entry.value, item)
    inferred: dict[str, Value] = {}
    for path, value in zip(
        ("person.date_of_birth", "document.issue_date", "document.expiration_date"), _by_age(sorted(free), missing, card.today), strict=True
    ):
        if value is not None and path in missing:
            inferred[path] = Value(value.isoformat(), INFERRED * free[value].confidence, free[value])
    return inferred


def _by_age(dates: list[date], missing: set[str], today: date) -> tuple[date | None, date | None, date | None]:
    """Birth, issue, expiry among ``dates`` in order. A birth lies at least 14 years back; nothing is inferred from more dates than fields."""
    birth = (
        next((value for value in dates if value.year <= today.year - 14 and value.year > today.year - 110), None)
        if "person.date_of_birth" in missing
        else None
    )
    rest = [value for value in dates if value != birth]
    if len(rest) > 2:
        return birth, None, None
    if len(rest) == 2:
        return birth, rest[0], rest[1]
    if len(rest) == 1:
        future = rest[0] > today or "document.issue_date" not in missing
        return birth, (None if future else rest[0] if "document.expiration_date" not in missing else None), (rest[0] if future else None)
    return birth, None, None


def _ordered(found: dict[str, Value]) -> dict[str, Value]:
    """Birth before issue before expiry, or none of them is believed much."""
    order = [found[path].text for path in ("person.date_of_birth", "document.issue_date", "document.expiration_date") if path in found]
    if order == sorted(order):
        return found
    return {path: Value(value.text, value.confidence * 0.55, value.item) for path, value in found.items()}


def _european(card: _Card) -> dict[str, Value]:
    """Fields 3 and 5 of a licence of the European model (Directive 2006/126/EC, Annex I): birth with place, number; both are bare numbers there."""
    found: dict[str, Value] = {}
    for item in card.items:
        if (match := re.match(r"3[. ]+(?=\d)", item.text)) and (dates := find_dates(item.text[match.end() :], day_first=True, today=card.today)):
            found.setdefault("person.date_of_birth", Value(dates[0].value.isoformat(), NUMBERED * item.confidence, item))
        if (match := re.match(r"5[. ]+(?=[^\W_])", item.text)) and (number := _as_number(item.text[match.end() :])):
            found.setdefault("document.number", Value(number, NUMBERED * item.confidence, item))
    return found


def _number(card: _Card, kind: str) -> dict[str, Value]:
    for text, item in _labelled(card, "number"):
        number = _as_number(text)
        if number:
            return {"document.number": _in_state_form(card, number, LABELLED * item.confidence, item, kind)}
    pattern = _BARE_NUMBERS.get(kind) or NUMBER_PATTERNS.get(card.state)
    if pattern is None:
        return {}
    used = {segment.item for segment in card.segments if segment.label in ("other", "address")}
    plain = [
        (number, item)
        for item in card.items
        if item not in used and (number := _as_number(item.text)) and pattern.fullmatch(number) and len(number) >= 7 and not _CITY.match(item.folded)
    ]
    return {"document.number": Value(plain[0][0], INFERRED * plain[0][1].confidence, plain[0][1])} if len(plain) == 1 else {}


def _as_number(text: str) -> str | None:
    """A document number: one word (or groups of digits, letters before them) with three digits, five characters at least, no date."""
    if find_dates(text):
        return None
    words = re.sub(r"[^A-Z0-9* -]", "", text.upper()).split()
    if not words:
        return None
    grouped = all(re.search(r"\d", word) for word in words) or (len(words[0]) <= 2 and all(re.fullmatch(r"[\d-]+", word) for word in words[1:]))
    joined = "".join(words) if grouped else words[0]
    return joined if len(re.sub(r"[^A-Z0-9]", "", joined)) >= 5 and len(re.findall(r"[\d*]", joined)) >= 3 else None


def _in_state_form(card: _Card, number: str, confidence: float, item: Item, kind: str) -> Value:
    """A licence number that has its state's form but for one look-alike (O read as 0) is put into it, with less confidence."""
    pattern = NUMBER_PATTERNS.get(card.state)
    bare = re.sub(r"[\s-]", "", number)
    if pattern is None or len(bare) < 8 or kind not in ("driver_license", "id_card") or pattern.fullmatch(bare):
        return Value(number, confidence, item)
    fixes = {bare[:at] + _SWAPS[char] + bare[at + 1 :] for at, char in enumerate(bare) if char in _SWAPS}
    fitting = [fixed for fixed in fixes if pattern.fullmatch(fixed)]
    return Value(fitting[0], min(confidence, 0.8), item) if len(fitting) == 1 else Value(number, confidence * 0.93, item)


def _sex(card: _Card) -> dict[str, Value]:
    for text, item in _labelled(card, "sex"):
        match = re.match(r"(?:[/\w]* )?(M|F|X|MALE|FEMALE)\b", text.upper())
        if match:
            return {"person.sex": Value(match[1][0], LABELLED * item.confidence, item)}
    return {}


def _place(card: _Card) -> dict[str, Value]:
    """The address: its last line gives city, state and ZIP; the lines above it, at the same left edge, the street."""
    for item in card.items:
        match = _CITY.match(re.sub(r"^8 ", "", item.folded).rstrip("."))
        if not match or not (code := state_code(match["state"])):
            continue
        streets = _streets(card, item)
        if not streets:
            continue
        text = re.sub(r"^8 ", "", item.text)
        city = text[: match.end("city")].strip(" ,") if len(text) == len(match.string) else match["city"].strip(" ,")
        postal = re.sub(r"(\d{5})-? ?(\d{4})$", r"\1-\2", match["zip"])
        street = ", ".join(value for value, _ in streets)
        confidence = LABELLED * min([item.confidence, *(line.confidence for _, line in streets)])
        top = streets[0][1]
        return {
            "address.full": Value(f"{street}, {city}, {code} {postal}", confidence, top),
            "address.street": Value(street, confidence, top),
            "address.city": Value(city, confidence, item),
            "address.state": Value(state_name(code), confidence, item),
            "address.zip": Value(postal, confidence, item),
            "address.country": Value("USA", confidence, item),
            "anchor": Value("", 0.0, top),
        }
    return _place_in_two_lines(card)


def _place_in_two_lines(card: _Card) -> dict[str, Value]:
    """``Street, City,`` over ``ST ZIP``. A ZIP of another length than five or nine digits is given as printed, with little confidence."""
    for item in card.items:
        match = _CITY_ABOVE.match(item.folded)
        above = [line for line in card.items if 0 < item.middle - line.middle < 2.0 * item.height and abs(line.left - item.left) < item.height]
        if not match or not (code := state_code(match["state"])) or not above:
            continue
        line = max(above, key=lambda entry: entry.middle)
        street, comma, city = line.text.strip(" ,").rpartition(",")
        if not comma or not re.fullmatch(r"[^\W\d][^\d]+", city.strip()):
            continue
        street, city, postal = street.strip(" ,"), city.strip(), match["zip"]
        confidence = LABELLED * min(item.confidence, line.confidence)
        trust = 1.0 if len(postal) in (5, 9, 10) else MISPRINT
        return {
            "address.full": Value(f"{street}, {city}, {code} {postal}", confidence * trust, line),
            "address.street": Value(street, confidence, line),
            "address.city": Value(city, confidence, line),
            "address.state": Value(state_name(code), confidence, item),
            "address.zip": Value(postal, confidence * trust, item),
            "address.country": Value("USA", confidence, item),
            "anchor": Value("", 0.0, line),
        }
    return {}


def _streets(card: _Card, city: Item) -> list[tuple[str, Item]]:
    """Up to three lines above the city's, from the one that begins with a house number (or a box) down."""
    found: list[tuple[str, Item]] = []
    current = city
    for _ in range(STREET_REACH):
        above = [
            item
            for item in card.items
            if item.middle < current.middle - 0.4 * current.height
            and len(item.text) > 2
            and current.top - item.bottom < 0.9 * city.height
            and abs(item.left - city.left) < 3.0 * city.height
        ]
        line = max(above, key=lambda item: item.middle, default=None)
        if line is None:
            return []
        found.insert(0, (_without_eight(card, line), line))
        if re.match(r"\d|P\.? ?O\.? BOX|RR \d|HC \d|[NSEW]\d", found[0][0].upper()):
            return found
        current = line
    return []


def _without_eight(card: _Card, line: Item) -> str:
    """The street without the field number 8, which may be glued to the house number where the card glues the others, too."""
    match = re.match(r"8[ .]+(?=\S)", line.text)
    if match and re.match(r"8[ .]+(\d|P\.? ?O|[NSEW]\d)", line.text):
        return line.text[match.end() :].strip()
    numbered = sum(bool(re.match(r"(?:4[ABD]|[1-3]|1[5-8])[ .]{0,2}[A-Z]{2}", item.folded)) for item in card.items)
    alone = any(re.match(r"8[ .]*(?:$|\D)", item.text) for item in card.items)
    return line.text[1:] if numbered >= 3 and not alone and re.match(r"8(?:\d{2,5}|[NSEW]\d+) ", line.text) else line.text


def _names(card: _Card, anchor: Value | None, *, alone: bool) -> dict[str, Value]:
    """Names by label, by number, by their place above the address; ``alone``: else the one line of the card that can be nothing but a name."""
    surname = _labelled_name(card, "surname") or _numbered_name(card, "1")
    given = _labelled_name(card, "given") or _numbered_name(card, "2")
    if given and given.item and not surname:
        surname = _line_above(card, given.item)
    if not surname and not given and anchor and anchor.item:
        surname, given = _names_above(card, anchor.item)
    if not surname and not given:
        surname, given = _whole_name(card)
    if not surname and not given and alone:
        surname, given = _only_name(card)
    found = {}
    if surname:
        found["person.surname"] = surname
    if given:
        found["person.given_names"] = given
    if surname and given:
        found["person.full_name"] = Value(full_name(surname.text, given.text), min(surname.confidence, given.confidence), surname.item)
    return found


def _whole_name(card: _Card) -> tuple[Value | None, Value | None]:
    """Both names under one label or behind the numbers of both, on one line or, after a comma, on the next as well."""
    whole = _labelled_name(card, "name")
    if whole and whole.item and whole.item.text.endswith(",") and (line := below(whole.item, card.items)) and _is_name(line.text):
        trust = INFERRED / LABELLED
        return Value(whole.text, whole.confidence * trust, whole.item), Value(_tidy(line.text), INFERRED * line.confidence, line)
    if whole:
        return _split(whole, GUESSED)
    for item in card.items:
        match = re.match(r"1 ?[,/&] ?2[ .]+(?=[^\W\d])", item.text)
        if match and _is_name(item.text[match.end() :]):
            return _split(Value(_tidy(item.text[match.end() :]), item.confidence, item), INFERRED)
    return None, None


def _labelled_name(card: _Card, label: str) -> Value | None:
    for text, item in _labelled(card, label):
        if _is_name(text, told=label != "name"):
            return Value(_tidy(text), LABELLED * item.confidence, item)
    return None


def _numbered_name(card: _Card, digit: str) -> Value | None:
    """The name behind a field number that stands alone at the beginning of a line or left of it."""
    for item in card.items:
        match = re.match(rf"{digit}[ .]{{0,2}}(?=[^\W\d])", item.text)
        if match and _is_name(item.text[match.end() :], told=True):
            return Value(_tidy(item.text[match.end() :]), NUMBERED * item.confidence, item)
        if item.text.strip(". ") == digit:
            neighbour = right_of(item, card.items, reach=3.0)
            if neighbour and _is_name(neighbour.text, told=True):
                return Value(_tidy(neighbour.text), NUMBERED * neighbour.confidence, neighbour)
    return None


def _line_above(card: _Card, given: Item) -> Value | None:
    """The unlabelled line right above the given names holds the surname."""
    column = [item for item in card.items if 0 < given.middle - item.middle < 1.9 * given.height and abs(item.left - given.left) < 2.0 * given.height]
    line = max(column, key=lambda item: item.middle, default=None)
    return Value(_tidy(line.text), INFERRED * line.confidence, line) if line and _is_name(line.text) else None


def _names_above(card: _Card, street: Item) -> tuple[Value | None, Value | None]:
    """Two lines above the street are surname and given names, one line the whole name as spoken."""
    column = [
        item
        for item in card.items
        if item.bottom <= street.top + 0.3 * street.height and abs(item.left - street.left) < 3.0 * street.height and _is_name(item.text)
    ]
    column.sort(key=lambda item: -item.middle)
    near = [item for index, item in enumerate(column[:2]) if street.top - item.bottom < (1.2 + 1.6 * index) * max(street.height, item.height)]
    if len(near) == 2 and abs(near[0].height - near[1].height) < 0.5 * near[0].height:
        upper, lower = near[1], near[0]
        return Value(_tidy(upper.text), INFERRED * upper.confidence, upper), Value(_tidy(lower.text), INFERRED * lower.confidence, lower)
    if near and " " in near[0].text:
        return _split(Value(_tidy(near[0].text), near[0].confidence, near[0]), INFERRED)
    return None, None


def _only_name(card: _Card) -> tuple[Value | None, Value | None]:
    """The one line without label that can be nothing but a name: ``SURNAME, GIVEN``, else the one pair of lines of a size, one under the other, of
    which the upper is the surname, else words in a row. Where a second would do there is none."""
    labelled = {segment.item for segment in card.segments}
    likely = [item for item in card.items if item not in labelled and len(item.text) > 2 and _is_name(item.text) and not _is_street(item)]
    reversed_ = [item for item in likely if re.fullmatch(r"[^,]{2,}, [^,]{2,}", item.text)]
    pairs = [(upper, lower) for upper in likely for lower in likely if _stand_together(upper, lower)]
    long = [item for item in likely if item.text.count(" ") in (1, 2, 3)]
    if len(reversed_) != 1 and pairs:
        surname, given = (Value(_tidy(item.text), GUESSED * item.confidence, item) for item in pairs[0])
        return (surname, given) if len(pairs) == 1 and " " not in surname.text else (None, None)
    line = next((lines[0] for lines in (reversed_, long) if len(lines) == 1), None)
    return _split(Value(_tidy(line.text), line.confidence, line), GUESSED) if line else (None, None)


def _stand_together(upper: Item, lower: Item) -> bool:
    height = min(upper.height, lower.height)
    return (
        0 < lower.middle - upper.middle < 3.5 * height
        and abs(lower.left - upper.left) < 0.6 * height
        and abs(lower.height - upper.height) < 0.25 * height
    )


def _is_street(item: Item) -> bool:
    return item.text.endswith(",") or re.search(r"\b(STREET|ST|ROAD|RD|AVENUE|AVE|DRIVE|DR|LANE|LN|BLVD|COURT|CT|WAY)\b\.?$", item.folded) is not None


def _split(whole: Value, confidence: float) -> tuple[Value | None, Value | None]:
    """``SMITH, CHRIS`` or ``Chris Smith`` to surname and given names."""
    if "," in whole.text:
        last, _, first = whole.text.partition(",")
    else:
        first, _, last = whole.text.rpartition(" ")
    if not last.strip() or not first.strip():
        return None, None
    made = whole.confidence * confidence
    return Value(last.strip(), made, whole.item), Value(first.strip(), made, whole.item)


def _is_name(text: str, *, told: bool = False) -> bool:
    """Whether it may be a name; that of a state only where a label has ``told`` that it is one."""
    folded = text.upper().strip(" .,")
    plain = "".join(char for char in folded if char.isalpha() or char in " .,'`-’")
    return (
        len(plain) == len(folded) >= 2 and not _NOT_NAMES.search(folded) and not _LABEL.fullmatch(folded) and (told or state_code(folded) is None)
    ) or (len(folded) == 1 and folded.isalpha())


def _tidy(text: str) -> str:
    return text.replace("`", "'").replace("’", "'").strip(" .,:") + ("." if re.search(r"\b[A-Z]\.$", text.strip()) else "")


def _origin(card: _Card, country: str, kind: str) -> dict[str, Value]:
    """Issuer and nationality: a licence is its state's, anything else its country's."""
    found: dict[str, Value] = {}
    if card.state and kind in ("driver_license", "id_card", "voter_card", "vehicle_registration"):
        found["document.issuing_entity"] = Value(state_name(card.state), 0.85, None)
    if country:
        found["document.country_code"] = Value(country, 0.8, None)
        if not card.state or kind not in ("driver_license", "id_card"):
            found.setdefault("document.issuing_entity", Value(country_name(country), 0.7, None))
    if (named := _ISSUERS.get(kind)) and (line := next((item for item in card.items if re.search(named, item.folded)), None)):
        found["document.issuing_entity"] = Value(line.text.strip(" .,:"), INFERRED * line.confidence, line)
    for text, item in _labelled(card, "authority"):
        if sum(char.isalpha() for char in text) >= 4 and not find_dates(text):
            found["document.issuing_entity"] = Value(text.strip(" :/"), LABELLED * item.confidence, item)
            break
    for text, item in _labelled(card, "nationality"):
        code = country_code(re.sub(r"[^A-Za-z ]", "", text).strip())
        if code:
            found["person.nationality"] = Value(code, LABELLED * item.confidence, item)
            break
    return found
