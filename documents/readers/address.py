"""Proof of address: to whom a letter is addressed, where they live, who wrote it and when.

Addresses of the USA first (USPS Publication 28: the last line is city, state, ZIP), then Canada, the United Kingdom and lines that begin with a
postal code as in France, Germany and Spain. A letter shows the issuer's address as well: what stands round a block decides whose it is. Where that
stays open the address is left out rather than taken for the person's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from documents.engines.base import TextLine
from documents.fields import Field, find_dates
from documents.readers.layout import Item, below, items, right_of
from documents.readers.states import US_STATES, state_code, state_name

_STATE = r"(?P<state>" + "|".join([*US_STATES, *(name.upper().replace(".", r"\.") for name in US_STATES.values())]) + r")"
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
_BRITAIN = re.compile(r"(?P<city>)(?P<state>)\b(?P<zip>[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2})$")
_CODE_FIRST = re.compile(
    r"^(?:[A-Z]{1,2}-)?(?P<zip>\d{5,6})\s+(?P<city>[A-Z][A-Z' -]{2,40}?(?:\s+CEDEX(?: \d+)?)?)(?:[,\s]+(?P<state>FRANCE|DEUTSCHLAND|GERMANY|"
    r"ESPANA|SPAIN))?$"
)
_STREET = re.compile(
    r"^(?:\d+[A-Z]?\b|P\.? ?O\.? ?BOX|RR \d|HC \d|ONE |TSA \d|BP \d|RUE |AVENUE |BOULEVARD |CALLE |C/)|"
    r"\b(?:ST|STREET|AVE|AVENUE|RD|ROAD|BLVD|BOULEVARD|DR|DRIVE|LN|LANE|CT|COURT|WAY|PL|PLACE|PKWY|PARKWAY|HWY|TER|TERRACE|CIR|CIRCLE|SQ|"
    r"SQUARE|RUE|CALLE|CHEMIN|ALLEE|CLOSE|GARDENS|GROVE|CRESCENT|CRES|MEWS|[A-Z]*STRASSE|[A-Z]+STR|[A-Z]+WEG)\b\.?"
)
_UNIT = re.compile(r"^(?:APT|FLAT|APARTMENT|UNIT|STE|SUITE|FLOOR|FL|BLDG|RM|ROOM|LOT|TRLR|#|PMB|BAT|ESC|ETAGE|RES(?:IDENCE)?)(?:\b|(?=\d))")
_COMPANY = re.compile(
    r"\b(?:INC|LLC|LTD|LIMITED|CORP|CORPORATION|CO|COMPANY|GMBH|SAS?|SARL|PLC|BANK|BANQUE|CREDIT UNION|ELECTRIC|ENERGY|POWER|WATER|GAS|"
    r"UTILIT(?:Y|IES)|LIGHT|INSURANCE|MUTUAL|"
    r"CASUALTY|ASSURANCE|INDEMNITY|UNIVERSITY|HOSPITAL|CLINIC|COLLEGE|MINISTRY|BUREAU|COMMISSION|COUNCIL|FOUNDATION|PARTNERS|ENTERPRISES?|INDUSTRIES|"
    r"FINANCIAL|MORTGAGE|SERVICES?|DEPARTMENT|DEPT|COUNTY|CITY OF|STATE OF|TREASURER|REVENUE|SUPPL(?:Y|IES)|GROUP|COMMUNICATIONS?|TELECOM|"
    r"WIRELESS|MOBILE|CABLE|BROADBAND|NETWORKS?|PROPERT(?:Y|IES)|"
    r"MANAGEMENT|REALTY|ADMINISTRATION|AGENCY|OFFICE|HEADQUARTERS|BILLING|CENTER|CENTRE|AUTHORITY|ASSOCIATION|DISTRICT|TRUST|SOLUTIONS|"
    r"SYSTEMS|CLIENTS?|TECHNOLOG(?:Y|IES)|STORES?|AGENCE|SANITATION|MUNICIPAL|COOPERATIVE)\b\.?"
)
_TO = re.compile(
    r"\b(?:BILL(?:ED)? ?TO|SOLD TO|INVOICE(?:D)? (?:TO|FOR)|STATEMENT FOR|PREPARED FOR|MAIL(?:ED)? TO|MAILING ADDRESS|SERVICE (?:ADDRESS|"
    r"LOCATION|FOR|AT)|CUSTOMER|ACCOUNT (?:HOLDER|NAME|OWNER)|ATTN|TENANTS?|"
    r"LESSEES?|BORROWERS?|(?:NAMED )?INSURED|POLICYHOLDER|REGISTERED OWNER|OWNER|GRANTOR|TRUSTOR|TAXPAYER|RECIPIENT|ADDRESSEE|VOTER|"
    r"SUBSCRIBER|TITULAIRE|DESTINATAIRE|CLIENT|PROPERTY ADDRESS|PREMISES|FACTURE A|BILL TO ADDRESS|TO)\b(?: ADDRESS)?:?"
)
_FROM = re.compile(
    r"\b(?:REMIT(?: TO| PAYMENT)?|PAY(?:ABLE| TO|MENT TO)|RETURN|FROM|SENDER|PROVIDER|HEADQUARTERS|HEAD OFFICE|REGISTERED OFFICE|CORPORATE|"
    r"CONTACT US|LANDLORD|LESSOR|LENDER|BENEFICIARY|TRUSTEE|SELLER|VENDOR|HOTEL|SHIP TO)\b"
)
_SECOND_BEST = re.compile(r"\bSHIP(?:PING)? TO|\bSERVICE (?:ADDRESS|LOCATION|AT)\b|DELIVER")
_TITLE = re.compile(
    r"^(?:TAX )?INVOICE\b|^STATEMENT|^BILL\b|^RECEIPT|^ACCOUNT\b|^YOUR |^PAGE\b|^FACTURE|^RELEVE|^BULLETIN|^AVIS|^DATE\b|^TOTAL|^NOTICE\b|"
    r"STATEMENT$|^PAYMENT|^LOGO$|^INVOICE$|INVOICE #|^SUMMARY|"
    r"^AMOUNT|^DUE\b|^SPECIMEN|^SAMPLE|^COPY|AGREEMENT|^DEED|DECLARATIONS?|^POLICY|REGISTRATION|CERTIFICATE|^DUPLICATA|^CLIENT|^BALANCE|"
    r"^N[O0]\b|^N°|^THANK|^WELCOME|^MONTHLY|^PAR |^NOUS |^VOTRE|^URGENCE|^CONTACT|^ELECTRIC(?:ITY)? BILL|^UTILITY BILL|^BANK STATEMENT"
)
_HONORIFIC = re.compile(r"^(?:MRS?|MS|MISS|DR|MME|MLLE|M|HERR|FRAU|SR|SRA|MONSIEUR|MADAME)\b\.?\s+", re.IGNORECASE)
_COUNTRY_LINE = re.compile(
    r"^(?:UNITED STATES(?: OF AMERICA)?|USA|U\.S\.A\.|FRANCE|CANADA|UNITED KINGDOM|UK|GERMANY|DEUTSCHLAND|ESPANA|SPAIN|MEXICO|HK|INDIA)$"
)
_DATE_LABELS = (
    (
        re.compile(
            r"(?:STATEMENT|INVOICE|BILL(?:ING)?|NOTICE|LETTER|ISSUE|ISSUED|PRINT|CLOSING|MAILING|DOCUMENT|FACTURE|"
            r"EFFECTIVE) ?(?:CLOSING )?DATE|DATE (?:OF )?(?:ISSUED?|STATEMENT|INVOICE|BILL|NOTICE|FACTURE|D.EMISSION)|DATE ISSUED|DATED"
        ),
        1.0,
    ),
    (
        re.compile(r"^(?:DATE|ISSUED(?: ON)?|AS OF|EMISE? LE|LE|FAIT LE|FACTURE DU|DU|FOR)\b|(?:FACTURE|RELEVE|ECHEANCIER)\b.{0,30}\bDU\b|,? LE \d"),
        0.8,
    ),
    (re.compile(r"STATEMENT PERIOD|BILLING PERIOD|STATEMENT FOR|PERIODE|PERIOD"), 0.7),
    (re.compile(r"\bDATE\b"), 0.6),
)
_NOT_THE_DATE = re.compile(
    r"\bDUE\b|PAY BY|ECHEANCE|REGLER|PRELEV|EXPIR|BIRTH|NEXT|SHIP|ORDER|SERVICE PERIOD|MOVE.?IN|DEADLINE|BEFORE|AVANT|LIMITE|CHECK.?(?:IN|"
    r"OUT)|PAST|PREVIOUS|LAST PAYMENT|ENTREE|ANCIENNETE"
)
LABELLED, PLACED, INFERRED = 0.92, 0.85, 0.7
SPLIT = 0.9
NEAR, FAR = 0.95, 2.6
WIDE = 1.5  # line heights between the lines of a widely spaced block
LETTERHEAD = 0.08  # of the page's height, from the first line of print
STATE_BEFORE_CODE = ("USA", "CAN", "GBR", "AUS")
LEAST_RECIPIENT = 0.8


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


def read(
    lines: Sequence[TextLine], size: tuple[int, int], *, today: date, day_first: bool = False, side: str = "front", page: int = 1
) -> list[Field]:
    """Name, address, issuer and date of the letter of which ``lines`` are one page of ``size`` (width, height)."""
    printed = items(lines)
    blocks = list(_blocks(printed))
    first = min((item.top for item in printed), default=0.0)
    for block in blocks:
        block.score = _recipient_score(block, size)
        if len(blocks) > 1 and not block.heading and block.top - first < LETTERHEAD * size[1]:
            block.score -= 0.6  # of two addresses the one at the head of the page is the writer's
    recipient = max((block for block in blocks if block.score > LEAST_RECIPIENT), key=lambda block: (block.score, -block.top), default=None)
    dates = _dated(printed, _day_first(printed, day_first, today), today, size)
    values = [
        *_recipient(recipient, printed),
        *_issuer(printed, blocks, recipient, size),
        *dates,
        *_number(printed),
        *_expiry(printed, day_first, today),
    ]
    return [Field(path, text, round(min(confidence, 0.97), 3), "ocr", side, page, box) for path, text, confidence, box in values if text]


Found = tuple[str, str, float, tuple[int, int, int, int] | None]


def _blocks(printed: list[Item]) -> Iterator[Block]:
    """One block per postal line; its names and streets are the lines above it in the same column."""
    taken: set[Item] = set()
    for item in printed:
        column = _column_above(item, printed)
        parsed = _postal(item, column)
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
        city = town.text if town else _as_written(item, match, "city", used)
        yield Block(
            rest, streets, city.strip(" ,"), code, re.sub(r"\s*-\s*", "-", match["zip"]), country, box, top, left,
            min(line.confidence for line in members), f"{heading} BILL TO" if inline else heading, 0.0, inline,
            f"{city.strip(' ,')}, {county} {match['zip']}" if county else _place(item, match, city, used, printed),
        )  # fmt: skip


def _place(item: Item, match: re.Match[str], city: str, used: list[Item], printed: list[Item]) -> str:
    """The postal line from the city (or the code before it) on, and the country printed under it."""
    begins = match.start("zip") if match["city"] and match.start("zip") < match.start("city") else match.start("city")
    printed_part = match.string[begins:] if match["city"] else match["zip"]
    at = item.folded.rfind(printed_part)
    place = item.text[at:].strip(" ,.") if at >= 0 else printed_part
    if match["city"] and at < 0:
        place = f"{city.strip(' ,')}, {item.text.strip(' ,.') if len(used) > 1 else match.string[match.end('city') :].strip(' ,')}"
    country = below(item, printed, reach=1.6)
    if country and _COUNTRY_LINE.match(country.folded.strip(" .")):
        place = f"{place}, {country.text.strip(' .')}"
    return place if match["city"] else ", ".join(part for part in (city.strip(" ,"), place) if part)


def _postal(item: Item, column: list[Item]) -> tuple[re.Match[str], str, list[str], list[Item]] | None:
    """The postal line: its match, country, what of the street stands on the same line, and which items it took."""
    text = re.sub(r"(?<=[A-Z] )\d(?:[ .,]?\d){4}$", lambda code: re.sub(r"\D", "", code[0]), item.folded.strip(" .,"))  # specks and gaps within a ZIP
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
            if not _plausible(match, country, before, column):
                continue
            return match, country, [street] if before else [], joined
    return None


def _plausible(match: re.Match[str], country: str, before: str, column: list[Item]) -> bool:
    if country in STATE_BEFORE_CODE:
        return True
    return not before and bool(column) and not re.search(r"\b(?:EUROS?|KWH|TTC|HT)\b", match.string)


def _code_first_country(match: re.Match[str], column: list[Item]) -> str:
    words = " ".join([match.string, *(line.folded for line in column)])
    if re.search(r"STRASSE|\bSTR\.|DEUTSCHLAND|GERMANY", words):
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
        if _is_heading(line) and len(text) == len(line.folded) and not re.search(r"\d", text):
            break
        starts = bool(re.match(r"\d|P\.? ?O\.? ?BOX|ONE |TSA|BP ", text))
        if not (starts or _UNIT.match(text) or _STREET.search(text)):
            break
        streets.insert(0, line.text[len(line.text) - len(text) :].strip(" ,"))
        rest.pop()
        complete = starts and not _UNIT.match(text)
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
    last = max((index for index, line in enumerate(names) if _is_heading(line)), default=-1)
    return names[last + 1 :] or [line for line in names if not _is_heading(line)]


def _behind_label(line: Item) -> str:
    match = _NAME_LABEL.match(line.folded)
    return line.text[match.end() :].strip() if match and looks_like_person(line.folded[match.end() :].strip()) else ""


def _name_behind_label(item: Item, column: list[Item], printed: list[Item]) -> str:
    """The name in a line such as ``Invoice for: Ann Example`` that stands above the block and reaches over it."""
    first = column[0] if column else item
    above = [line for line in printed if 0 < first.middle - line.middle < 2.0 * first.height and line.left < first.left < line.right]
    for line in above:
        match = _NAME_LABEL.match(line.folded)
        if match and match.end() < len(line.folded):
            return line.text[match.end() :].strip()
    return ""


def _is_heading(line: Item) -> bool:
    text = line.folded.strip(" :")
    return bool(re.fullmatch(rf"(?:{_TO.pattern}|{_FROM.pattern})(?: ADDRESS)?:?", text)) or (line.folded.endswith(":") and len(text) < 24)


def _heading(first: Item, printed: list[Item], rest: list[Item]) -> str:
    """The label the block stands under: within it, right above it, or left of it."""
    inside = [line.folded for line in rest if _is_heading(line)]
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


def _recipient_score(block: Block, size: tuple[int, int]) -> float:
    """Above 0.5: the letter's addressee. Labels decide; else a person's name and the place of a window envelope's address."""
    height = size[1]
    person = _person_in(block.names)
    name = _after_company(person.folded) if person else block.split_name.upper()
    inline = " ".join(line.folded for line in block.names)
    score = 0.45
    score += 1.6 * bool(_TO.search(block.heading)) - 0.7 * bool(_SECOND_BEST.search(block.heading))
    score += 1.2 * bool(re.search(r"^(?:ATTN|BILL TO|TO)\b", inline))
    score -= 1.6 * bool(_FROM.search(block.heading) and not _TO.search(re.sub(r"SHIP(?:PING)? TO|REMIT TO|PAY TO", "", block.heading)))
    score -= 1.0 * bool(_FROM.search(inline))
    score += (0.6 if looks_like_person(name) else 0.0) + 0.4 * bool(_HONORIFIC.match(name))
    score -= 0.8 * bool(_COMPANY.search(inline)) + 0.4 * (not name)
    boxed = not looks_like_person(name)
    score -= 0.7 * boxed * bool(re.search(r"\bTSA \d|CEDEX|P\.? ?O\.? ?BOX", f"{block.street} {block.city}".upper()))
    score += 0.25 * (block.top < 0.45 * height) - 0.6 * (block.top > 0.7 * height)
    return score


def _person_in(names: list[Item]) -> Item | None:
    """The name line nearest to the street that looks like a person's, else the first."""
    plain = [line for line in names if not _TITLE.search(line.folded)]
    return next((line for line in reversed(plain) if looks_like_person(_after_company(line.folded))), plain[0] if plain else None)


def _after_company(text: str) -> str:
    """The person in "Example Trading, Ann Sample": what follows a comma, if that is a whole name; "Sample, Ann" stays as it is."""
    _, comma, rest = text.rpartition(", ")
    return rest if comma and looks_like_person(rest.upper()) else text


def looks_like_person(folded: str) -> bool:
    """Two to five words of letters, none a company's."""
    bare = _HONORIFIC.sub("", folded).rstrip(" ,")
    words = bare.replace("&", " AND ").split()
    return (
        2 <= len(words) <= 6
        and not re.search(r"\d", bare)
        and not _COMPANY.search(bare)
        and all(re.fullmatch(r"[A-Z][A-Z.'-]*", word) for word in words)
    )


def _recipient(block: Block | None, printed: list[Item]) -> list[Found]:
    labelled = _name_by_label(printed)
    if block is None:
        return _named(labelled[0], labelled[1], labelled[2]) if labelled else []
    trust = (LABELLED if block.score >= 1.5 else PLACED if block.score > 0.9 else INFERRED) * block.confidence
    person = _person_in(block.names)
    name = block.split_name or (re.sub(r"^(?:ATTN|TO|BILL TO|C/O)\b[: ]*", "", person.text, flags=re.IGNORECASE) if person else "")
    name = _after_company(name)
    found = _named(name, trust * (1.0 if person and looks_like_person(person.folded) else 0.85), person.box if person else None) if name else []
    if not found and labelled:
        found = _named(*labelled)
    state = state_name(block.state) if block.country in ("USA", "CAN") else ""
    parts = [
        ("full", _suffix_letters(block.full) if block.country == "USA" else block.full),
        ("street", _suffix_letters(block.street) if block.country == "USA" else block.street),
        ("city", block.city),
        ("state", state),
        ("zip", block.postal),
        ("country", block.country),
    ]
    if not block.street:
        return found
    return [
        *found,
        *((f"address.{name}", text, trust, block.box) for name, text in parts),
        ("document.country_code", block.country, trust * 0.8, block.box),
    ]


def _suffix_letters(text: str) -> str:
    """In mixed case a small l looks like a capital I: "Park PI" is Park Pl and "Oak BIvd" Oak Blvd (Pub 28 appendix C1 knows no PI)."""
    return re.sub(r"\bPI(?=\.?(?:,|\s|$))", "Pl", text).replace("BIvd", "Blvd") if any(map(str.islower, text)) else text


def _named(name: str, trust: float, box: tuple[int, int, int, int] | None) -> list[Found]:
    """A name as printed, whose order nobody can know; surname and given names, with less confidence, where it is a person's."""
    bare = _HONORIFIC.sub("", name).strip(" ,:")
    found: list[Found] = [("person.full_name", name.strip(" ,:"), trust, box)]
    if "," in bare:
        surname, _, given = (part.strip() for part in bare.partition(","))
    else:
        given, _, surname = bare.rpartition(" ")
    suffix = re.fullmatch(r"(?i)(?:jr|sr|ii|iii|iv)\.?", surname)
    if suffix and " " in given:
        given, _, surname = given.rpartition(" ")
    if (
        looks_like_person(re.sub(r"[^A-Z.' -]", "", bare.upper().replace(",", "")))
        and given
        and " AND " not in bare.upper()
        and "&" not in bare
        and " ET " not in bare.upper()
    ):
        found += [("person.surname", surname, trust * SPLIT, box), ("person.given_names", given, trust * SPLIT, box)]
    return found


_NO_NAME = re.compile(
    r"NUMBER|CHECKING|SAVINGS|BALANCE|TOTAL|\bDATE\b|\bDUE\b|ACCOUNT|DETAILS|CONTRA[CT]|\bPAGE|AMOUNT|ADDRESS|INVOICE|SERVICE|DESCRIPTION|"
    r"\bDU\b|STATEMENT|POLICY|SUPPORT|CONTACT|^(?:STREET|CITY|TOWN|STATE|ZIP|POST(?:AL)? ?CODE|COUNTRY|COUNTY|PHONE|TELEPHONE|E-?MAIL|PLAN|METER)\b"
)
_NAME_LABEL = re.compile(
    r"^(?:BILL(?:ED)? TO|SOLD TO|INVOICE(?:D)? (?:TO|FOR)|CUSTOMER(?: NAME)?|ACCOUNT (?:HOLDER|NAME)|NAME|CLIENT|GUEST NAME|TENANT|BORROWER|"
    r"NAMED INSURED|INSURED|POLICYHOLDER|OWNER|TITULAIRE|VOTER|RECEIVED FROM|ATTN)\b ?[:#]? ?"
)


def _name_by_label(printed: list[Item]) -> tuple[str, float, tuple[int, int, int, int]] | None:
    for item in printed:
        match = _NAME_LABEL.match(item.folded)
        if not match:
            continue
        rest = item.text[match.end() :].strip()
        candidates = [(rest, item)] if rest else [(line.text, line) for line in (right_of(item, printed, reach=18), below(item, printed)) if line]
        for text, line in candidates:
            if (
                re.fullmatch(r"[^\W\d_][\w.,'& -]+", text)
                and not re.search(r"\d", text)
                and not _NO_NAME.search(text.upper())
                and not _NAME_LABEL.match(line.folded if line is not item else text.upper())
                and len(text) < 40
            ):
                return text, PLACED * line.confidence, line.box
    return None


def _issuer(printed: list[Item], blocks: list[Block], recipient: Block | None, size: tuple[int, int]) -> list[Found]:
    """The writer: named by a label, else the most prominent name at the top that is no title, else the name on its own address."""
    scored = [(score, item) for item in printed if (score := _issuer_score(item, blocks, recipient, size)) > 0.9]
    if scored:
        score, item = max(scored, key=lambda pair: (pair[0], -pair[1].top))
        return [("statement.issuer", _issuer_text(item, printed), min(0.9, 0.5 + 0.15 * score) * item.confidence, item.box)]
    return []


def _issuer_text(item: Item, printed: list[Item]) -> str:
    """The name; a second line in the same large type, which ends like a company, belongs to it."""
    text = re.sub(r"^(?:FROM|MAKE CHECKS PAYABLE TO|PAYABLE TO)\b:?\s*", "", item.text, flags=re.IGNORECASE).strip(" :")
    follower = below(item, printed, reach=0.6)
    if (
        follower
        and abs(follower.height - item.height) < 0.25 * item.height
        and _COMPANY.search(follower.folded)
        and abs(follower.left - item.left) < item.height
        and not re.search(r"\d", follower.text)
    ):
        text = f"{text} {follower.text}"
    return re.sub(r"\s+Invoice$", "", text)


def _issuer_score(item: Item, blocks: list[Block], recipient: Block | None, size: tuple[int, int]) -> float:
    text = item.folded.strip(" :.")
    letters = sum(char.isalpha() for char in text)
    if letters < 3 or letters < 0.6 * len(text) or len(text) > 60 or _TITLE.search(text) or find_dates(item.text) or _is_heading(item):
        return 0.0
    if recipient and (item in recipient.names or item.text in recipient.streets or item.box == recipient.box or _inside(item, recipient)):
        return 0.0
    typical = _typical_height(size)
    score = 1.3 * max(0.0, 1.0 - item.top / (0.33 * size[1])) + min(1.2, 0.5 * max(0.0, item.height / typical - 1.0))
    score += 0.8 * bool(_COMPANY.search(text)) + 0.5 * (item.top < 0.12 * size[1])
    score += 0.9 * any(item in block.names[:1] and block is not recipient and block.score < 0.9 for block in blocks)
    score -= (
        0.8 * (":" in item.text)
        + 0.8 * bool(re.search(r"@|WWW\.|HTTP|\bPHONE\b|\bTEL\b|\bPAGE\b|QUESTIONS?|\bCALL\b", text))
        + 0.4 * bool(re.search(r"\d", text))
    )
    score -= 0.7 * bool(re.search(r"HEADQUARTERS|OFFICE|BILLING|SUPPORT|SERVICES?$", text)) + 0.5 * bool(_TO.fullmatch(text))
    score -= 0.9 * bool(_STREET.search(text)) + 0.5 * (len(text.split()) > 6) + 0.6 * bool(_TO.match(text))
    return score


def _inside(item: Item, block: Block) -> bool:
    left, top, width, height = block.box
    return left - 2 <= item.left <= left + width and top - 2 <= item.middle <= top + height


def _typical_height(size: tuple[int, int]) -> float:
    """The height of a line of body text: about a seventieth of the page."""
    return max(8.0, max(size) / 75)


def _day_first(printed: list[Item], default: bool, today: date) -> bool:
    """03/04/2025 by the company it keeps: a 25/04/2025 on the same page settles it."""
    text = " ".join(item.text for item in printed)
    pairs = [(int(a), int(b)) for a, b in re.findall(r"(?<![\d/])(\d{1,2})[/.](\d{1,2})[/.](?:19|20)?\d\d(?![\d/])", text)]
    if any(a > 12 >= b for a, b in pairs):
        return True
    return False if any(b > 12 >= a for a, b in pairs) else default


def _dated(printed: list[Item], day_first: bool, today: date, size: tuple[int, int]) -> list[Found]:
    """The statement's date: behind, right of or below the label that says so; of a period its end; else the first date of the page's upper half."""
    candidates: list[tuple[float, float, date, Item]] = []
    for item in printed:
        for weight, text, line in _date_places(item, printed):
            dates = [
                entry for entry in find_dates(text, day_first=day_first, today=today) if entry.value <= _latest(today) and entry.value.year >= 1990
            ]
            if dates:
                value = max(entry.value for entry in dates) if len(dates) == 2 and weight <= 0.8 else dates[0].value
                candidates.append((weight, -item.top, value, line))
    if candidates:
        weight, _, value, line = max(candidates, key=lambda entry: entry[:2])
        return [("statement.date", value.isoformat(), (0.72 + 0.2 * weight) * line.confidence, line.box)]
    for item in sorted(printed, key=lambda entry: entry.top):
        dates = [
            entry for entry in find_dates(item.text, day_first=day_first, today=today) if entry.value.year >= 1990 and entry.value <= _latest(today)
        ]
        if dates and item.top < 0.5 * size[1] and not _NOT_THE_DATE.search(item.folded):
            return [("statement.date", dates[-1].value.isoformat(), 0.6 * item.confidence, item.box)]
    return []


@lru_cache(maxsize=8)
def _latest(today: date) -> date:
    return today.replace(year=today.year + 1, day=min(today.day, 28))


def _date_places(item: Item, printed: list[Item]) -> Iterator[tuple[float, str, Item]]:
    if _NOT_THE_DATE.search(item.folded) and not re.search(r"STATEMENT DATE|INVOICE DATE|BILL DATE", item.folded):
        return
    for pattern, weight in _DATE_LABELS:
        match = pattern.search(item.folded)
        if not match:
            continue
        yield weight, item.text[match.start() :], item
        for line in (right_of(item, printed, reach=25), below(item, printed, reach=1.8)):
            if line and not _NOT_THE_DATE.search(line.folded) and len(line.text) < 40:
                yield weight - 0.05, line.text, line
        return


_NUMBER_LABELS = (
    re.compile(
        r"\b(?:POLICY|LOAN|LEASE|MORTGAGE|ACCOUNT|VOTER|REGISTRATION|RECORDING|INSTRUMENT|PARCEL|CONTRACT|NOTICE|PLATE|"
        r"LICENSE PLATE) ?(?:NUMBER|NO\b\.?|N°|#|ID\b)"
    ),
    re.compile(r"^(?:LICENSE )?PLATE\b|^TAG\b"),
    re.compile(
        r"\b(?:CUSTOMER|INVOICE|CLIENT|REFERENCE|CASE|BILL|STATEMENT|FACTURE) ?(?:NUMBER|NO\b\.?|N°|#|ID\b)|NUMERO DE (?:COMPTE|CLIENT)|"
        r"N° (?:DE )?(?:COMPTE|CLIENT|CONTRAT)"
    ),
)
_NUMBER = re.compile(r"(?=[A-Z0-9X* -]*\d)[A-Z0-9X*][A-Z0-9X*/-]*(?: [A-Z0-9X*/-]*[\dX*][A-Z0-9X*/-]*)*")
_EXPIRY_LABEL = re.compile(
    r"\bEXP(?:IRES|IRY|IRATION)?\b|VALID (?:UNTIL|THRU|THROUGH|TO)|TERM ENDS?|\b(?:LEASE|POLICY) (?:TERM )?ENDS?\b|END DATE|POLICY PERIOD|"
    r"LEASE TERM|COVERAGE PERIOD"
)


def _number(printed: list[Item]) -> list[Found]:
    """The account, policy, loan, plate or other number that the paper goes by: behind, below or right of its label."""
    for pattern in _NUMBER_LABELS:
        for item in printed:
            match = pattern.search(item.folded)
            if not match:
                continue
            rest = item.text[match.end() :].strip(" :.#")
            places = (
                [(rest, item)]
                if rest
                else [(line.text, line) for line in (below(item, printed, reach=1.2), right_of(item, printed, reach=25)) if line]
            )
            for text, line in places:
                value = _NUMBER.match(text.upper())
                if value and len(value[0]) >= 4 and value.end() == len(text) and not find_dates(text):
                    return [("document.number", text.strip(), PLACED * line.confidence, line.box)]
    return []


def _expiry(printed: list[Item], day_first: bool, today: date) -> list[Found]:
    """The last day of a lease, a policy or a registration: the later date where a period is printed."""
    for item in printed:
        match = _EXPIRY_LABEL.search(item.folded)
        if not match:
            continue
        for line in (item, below(item, printed, reach=1.2), right_of(item, printed, reach=25)):
            dates = find_dates(line.text, day_first=_day_first(printed, day_first, today), today=today) if line else []
            if line and dates:
                return [("document.expiration_date", max(entry.value for entry in dates).isoformat(), LABELLED * line.confidence, line.box)]
    return []
