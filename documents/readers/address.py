"""Proof of address: to whom a letter is addressed, where they live, who wrote it and when.

A letter shows the issuer's address as well: what stands round a block decides whose it is. Where that stays open the address is left out rather
than taken for the person's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from documents.engines.base import TextLine
from documents.fields import Field, find_dates, fold
from documents.readers import lease
from documents.readers.labels import (
    COMPANY,
    FROM,
    HONORIFIC,
    INFERRED,
    LABELLED,
    LEGAL_FORM,
    NAME_LABEL,
    PLACED,
    TITLE,
    TO,
    is_heading,
    looks_like_person,
)
from documents.readers.layout import Item, below, items, right_of
from documents.readers.postal import STREET, Block, blocks
from documents.readers.statement import Found, dated, day_first_on, expiry, number
from documents.readers.states import state_name

_NO_PERSON = re.compile(
    r"\b(?:INSURED|ADDRESS|MAILING|COVERED|CUSTOMER|ACCOUNT|SERVICE|SUMMARY|INFORMATION|CONTACT|YOU|YOUR|WHO|WHAT|GOOD|KNOW|HELP)\b"
)
STREET_NAME = re.compile(r"(?:URB|URBANIZACION|COND|BO|BARRIO|RES|EDIF|PARC)\b\.? ")  # in Puerto Rico above the street (Pub 28 section 29)
_SECOND_BEST = re.compile(r"\bSHIP(?:PING)? TO|\bSERVICE (?:ADDRESS|LOCATION|AT)\b|DELIVER")
PLACED_PERSON = 0.9  # a person's name: right in 64 of 64 letters that were drawn and damaged, and in 11 of 12 real ones
SPLIT = 0.9
LETTERHEAD = 0.08  # of the page's height, from the first line of print
LEAST_RECIPIENT = 0.8
SAID_TO_BE = 2.5  # "Customer name: …" elsewhere on the page says more than where bills or goods are to be sent


def read(
    lines: Sequence[TextLine], size: tuple[int, int], *, today: date, day_first: bool = False, side: str = "front", page: int = 1
) -> list[Field]:
    """Name, address, issuer and date of the letter of which ``lines`` are one page of ``size`` (width, height)."""
    printed = [_with_o(item) for item in items(lines)]
    found = list(blocks(printed))
    first = min((item.top for item in printed), default=0.0)
    labelled = _name_by_label(printed)
    for block in found:
        block.score = _recipient_score(block, size, labelled[0] if labelled else "")
        if len(found) > 1 and not block.heading and block.top - first < LETTERHEAD * size[1]:
            block.score -= 0.6  # of two addresses the one at the head of the page is the writer's
    recipient = max((block for block in found if block.score > LEAST_RECIPIENT), key=lambda block: (block.score, -block.top), default=None)
    dates = dated(printed, day_first_on(printed, day_first, today), today, size)
    prose = lease.read(printed) if recipient is None else []
    told = {path for path, *_ in prose}
    values = [
        *prose,
        *(value for value in (*_recipient(recipient, printed), *_issuer(printed, found, recipient, size)) if value[0] not in told),
        *dates,
        *number(printed),
        *expiry(printed, day_first, today),
    ]
    return [Field(path, text, round(min(confidence, 0.97), 3), "ocr", side, page, box) for path, text, confidence, box in values if text]


def _same_name(one: str, other: str) -> bool:
    """Whether both name the same, whatever form of company is printed behind it."""
    left, right = (re.sub(r"[^A-Z0-9]", "", LEGAL_FORM.sub("", fold(name))) for name in (one, other))
    return bool(left) and left == right


def _with_o(item: Item) -> Item:
    """A nought between capitals is an O: "3415 KN0X PL"."""
    text, folded = (re.sub(r"(?<=[A-Z])0(?=[A-Z])", "O", line) for line in (item.text, item.folded))
    return replace(item, text=text, folded=folded) if text != item.text else item


def _recipient_score(block: Block, size: tuple[int, int], named: str) -> float:
    """Above 0.5: the letter's addressee. Labels decide, also those elsewhere that say who is ``named``; else a person's name and the place of a
    window envelope's address."""
    height = size[1]
    person = _person_in(block.names)
    name = _after_company(person.folded) if person else block.split_name.upper()
    inline = " ".join(line.folded for line in block.names)
    score = 0.45
    score += 1.6 * bool(TO.search(block.heading)) - 1.0 * bool(_SECOND_BEST.search(block.heading))
    said = person is not None and _same_name(named, person.text)
    score += SAID_TO_BE * said
    score += 1.2 * bool(re.search(r"^(?:ATTN|BILL TO|TO)\b", inline))
    score -= 1.6 * bool(FROM.search(block.heading) and not TO.search(re.sub(r"SHIP(?:PING)? TO|REMIT TO|PAY TO", "", block.heading)))
    score -= 1.0 * bool(FROM.search(inline))
    score += (0.6 if looks_like_person(name) else 0.0) + 0.4 * bool(HONORIFIC.match(name))
    score -= 0.8 * bool(COMPANY.search(inline) and not said and not (person and person is block.names[0] and looks_like_person(name))) + 0.6 * (
        not name
    )
    boxed = not looks_like_person(name)
    score -= 0.7 * boxed * bool(re.search(r"\bTSA \d|CEDEX|P\.? ?O\.? ?BOX", f"{block.street} {block.city}".upper()))
    low = 0.6 if boxed else 0.2  # the slip to be returned at the foot repeats whom it is from
    score += 0.25 * (block.top < 0.45 * height) - low * (block.top > 0.7 * height)
    return score


def _person_in(names: list[Item]) -> Item | None:
    """The first name line that looks like a person's, else the first: of two holders the first is the one the letter is addressed to."""
    plain = [line for line in names if not (TITLE.search(line.folded) or STREET_NAME.match(line.folded) or _NO_PERSON.search(line.folded))]
    return next((line for line in plain if looks_like_person(_after_company(line.folded))), plain[0] if plain else None)


def _after_company(text: str) -> str:
    """The person in "Example Trading, Ann Sample": what follows a comma, if that is a whole name; "Sample, Ann" and "SAMPLE, ANN B" stay as they
    are."""
    before, comma, rest = text.rpartition(", ")
    surname_first = " " not in before.strip() and before.isupper()
    return rest if comma and not surname_first and looks_like_person(rest.upper()) else text


def _recipient(block: Block | None, printed: list[Item]) -> list[Found]:
    labelled = _name_by_label(printed)
    if block is None:
        return _named(labelled[0], labelled[1], labelled[2]) if labelled else []
    trust = (LABELLED if block.score >= 1.5 else PLACED if block.score > 0.9 else INFERRED) * block.confidence
    of_person = max(trust, PLACED_PERSON * block.confidence) if block.score > 0.9 else trust
    person = _person_in(block.names)
    name = block.split_name or (re.sub(r"^(?:ATTN|TO|BILL TO|C/O)\b[: ]*", "", person.text, flags=re.IGNORECASE) if person else "")
    name = labelled[0] if labelled and _same_name(labelled[0], name) else _after_company(name)
    sure = of_person if person and looks_like_person(person.folded) else trust * 0.85
    found = _named(name, sure, person.box if person else None) if name else []
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
    bare = HONORIFIC.sub("", name).strip(" ,:")
    found: list[Found] = [("person.full_name", name.strip(" ,:"), trust, box)]
    if "," in bare:
        surname, _, given = (part.replace(",", " ").strip() for part in bare.partition(","))
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


def _name_by_label(printed: list[Item]) -> tuple[str, float, tuple[int, int, int, int]] | None:
    for item in printed:
        match = NAME_LABEL.match(item.folded)
        if not match:
            continue
        rest = item.text[match.end() :].strip()
        candidates = [(rest, item)] if rest else [(line.text, line) for line in (right_of(item, printed, reach=18), below(item, printed)) if line]
        for text, line in candidates:
            if (
                re.fullmatch(r"[^\W\d_][\w.,'& -]+", text)
                and not re.search(r"\d", text)
                and not _NO_NAME.search(text.upper())
                and not NAME_LABEL.match(line.folded if line is not item else text.upper())
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


_KIND = re.compile(rf"(?:(?:{COMPANY.pattern}|ELECTRONICS|WEALTH|NATURAL)[. ]*){{1,3}}")
_DEPARTMENT = re.compile(
    r"(?<=\w)[,\s]+(?:CUSTOMER (?:SERVICES?|CARE)|SERVICES? (?:CLIENTS?|ABONN[EÉ]S?)|BILLING (?:DEP\w*|OFFICE|CENTER)|PAYMENT (?:CENTER|PROCESSING)|"
    r"ACCOUNTS? (?:RECEIVABLE|DEP\w*)|HEADQUARTERS)$",
    re.IGNORECASE,
)


def _issuer_text(item: Item, printed: list[Item]) -> str:
    """The name; a second line in the same large type, which ends like a company, belongs to it."""
    text = re.sub(r"^(?:FROM|MAKE CHECKS PAYABLE TO|PAYABLE TO)\b:?\s*", "", item.text, flags=re.IGNORECASE).strip(" :")
    if (leader := _leader(item, printed)) is not None:
        return f"{leader.text} {text}"
    follower = below(item, printed, reach=0.6)
    if follower and abs(follower.left - item.left) < item.height and _goes_on(item, follower):
        text = f"{text} {follower.text}"
    return _DEPARTMENT.sub("", re.sub(r"\s+Invoice$", "", text))


def _goes_on(item: Item, follower: Item) -> bool:
    """Whether ``follower`` is the second line of the name: what kind of company it is, or, in the same large type, an end like a company's."""
    if _KIND.fullmatch(follower.folded):
        return COMPANY.search(item.folded) is None
    alike = abs(follower.height - item.height) < 0.25 * item.height and not follower.folded.startswith(item.folded)
    return alike and COMPANY.search(follower.folded) is not None and re.search(r"[\d,]", follower.text) is None


def _leader(item: Item, printed: list[Item]) -> Item | None:
    """The first line of a name of which only the second was taken for the writer's: "VOLTSIDE" over "Electronics"."""
    if not _KIND.fullmatch(item.folded):
        return None
    above = [
        line
        for line in printed
        if 0 < item.middle - line.middle < 2.2 * max(line.height, item.height)
        and abs(line.left - item.left) < 1.5 * line.height
        and re.fullmatch(r"[A-Z&.' -]{3,24}", line.folded)
        and not TITLE.search(line.folded)
        and not is_heading(line)
    ]
    return max(above, key=lambda line: line.middle, default=None)


def _issuer_score(item: Item, blocks: list[Block], recipient: Block | None, size: tuple[int, int]) -> float:
    text = item.folded.strip(" :.")
    letters = sum(char.isalpha() for char in text)
    if letters < 3 or letters < 0.6 * len(text) or len(text) > 60 or TITLE.search(text) or find_dates(item.text) or is_heading(item):
        return 0.0
    if recipient and (item in recipient.names or item.text in recipient.streets or item.box == recipient.box or _inside(item, recipient)):
        return 0.0
    typical = _typical_height(size)
    score = 1.3 * max(0.0, 1.0 - item.top / (0.33 * size[1])) + min(1.2, 0.5 * max(0.0, item.height / typical - 1.0))
    score += 0.8 * bool(COMPANY.search(text)) + 0.5 * (item.top < 0.12 * size[1])
    score += 0.9 * any(item in block.names[:1] and block is not recipient and block.score < 0.9 for block in blocks)
    score -= (
        0.8 * (":" in item.text)
        + 0.8 * bool(re.search(r"@|WWW\.|HTTP|\bPHONE\b|\bTEL\b|\bPAGE\b|QUESTIONS?|\bCALL\b", text))
        + 0.4 * bool(re.search(r"\d", text))
    )
    score -= 0.7 * bool(re.search(r"HEADQUARTERS|OFFICE|BILLING|SUPPORT|SERVICES?$", text)) + 0.5 * bool(TO.fullmatch(text))
    score -= 1.2 * bool(re.fullmatch(r"(?:YOUR )?(?:AGENCY|AGENT|COMPANY|BANK|INSURANCE COMPANY|SERVICE PROVIDER)", text))
    score -= 0.9 * bool(STREET.search(text)) + 0.5 * (len(text.split()) > 6) + 0.6 * bool(TO.match(text))
    return score


def _inside(item: Item, block: Block) -> bool:
    left, top, width, height = block.box
    return left - 2 <= item.left <= left + width and top - 2 <= item.middle <= top + height


def _typical_height(size: tuple[int, int]) -> float:
    """The height of a line of body text: about a seventieth of the page."""
    return max(8.0, max(size) / 75)
