"""What a letter says of itself: its date, the number it goes by, the last day it covers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from documents.fields import find_dates
from documents.readers.labels import LABELLED, PLACED
from documents.readers.layout import Item, below, right_of

Found = tuple[str, str, float, tuple[int, int, int, int] | None]
"""Path, value, confidence, box."""

_DATE_LABELS = (
    (
        re.compile(
            r"(?:STATEMENT|INVOICE|BILL(?:ING)?|NOTICE|LETTER|ISSUE|ISSUED|PRINT|CLOSING|MAILING|DOCUMENT|FACTURE|"
            r"EFFECTIVE|PREPARATION|BILL CLOSE) ?(?:CLOSING )?DATE|DATE (?:OF )?(?:ISSUED?|STATEMENT|INVOICE|BILL|NOTICE|FACTURE|D.EMISSION|LEASE)|"
            r"DATE (?:ISSUED|PREPARED)|DATED|DATE DE (?:LA )?FACTURATION|FECHA DE (?:LA )?(?:FACTURA|EMISION)"
        ),
        1.0,
    ),
    (
        re.compile(r"^(?:DATE|ISSUED(?: ON)?|AS OF|EMISE? LE|LE|FAIT LE|FACTURE DU|DU|FOR)\b|(?:FACTURE|RELEVE|ECHEANCIER)\b.{0,30}\bDU\b|,? LE \d"),
        0.8,
    ),
    (re.compile(r"STATEMENT PERIOD|BILLING PERIOD|STATEMENT FOR|PERIODE|PERIOD"), 0.7),
    (re.compile(r"\bDATE\b|\bDATUM\b|\bFECHA\b"), 0.6),
    (re.compile(r"ORDER (?:PLACED|DATE)"), 0.5),
)
_NOT_THE_DATE = re.compile(
    r"\bDUE\b|PAY BY|ECHEANCE|REGLER|PRELEV|EXPIR|BIRTH|NEXT|SHIP|ORDER(?! (?:PLACED|DATE))|VENCIMIENTO|"
    r"SERVICE PERIOD|MOVE.?IN|DEADLINE|BEFORE|AVANT|LIMITE|CHECK.?(?:IN|"
    r"OUT)|PAST|PREVIOUS|LAST PAYMENT|ENTREE|ANCIENNETE"
)
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


def day_first_on(printed: list[Item], default: bool, today: date) -> bool:
    """03/04/2025 by the company it keeps: a 25/04/2025 on the same page settles it."""
    text = " ".join(item.text for item in printed)
    pairs = [(int(a), int(b)) for a, b in re.findall(r"(?<![\d/])(\d{1,2})[/.](\d{1,2})[/.](?:19|20)?\d\d(?![\d/])", text)]
    if any(a > 12 >= b for a, b in pairs):
        return True
    return False if any(b > 12 >= a for a, b in pairs) else default


def dated(printed: list[Item], day_first: bool, today: date, size: tuple[int, int]) -> list[Found]:
    """The statement's date: behind, right of or below the label that says so; of a period its end; else the first date of the page's upper half."""
    candidates: list[tuple[float, float, date, Item]] = []
    for item in printed:
        for weight, text, line in _date_places(item, printed):
            dates = [
                entry for entry in find_dates(text, day_first=day_first, today=today) if entry.value <= _latest(today) and entry.value.year >= 1990
            ]
            if dates:
                ends = weight <= 0.8 or "CLOSING" in item.folded  # of a period
                value = max(entry.value for entry in dates) if len(dates) == 2 and ends else dates[0].value
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


def number(printed: list[Item]) -> list[Found]:
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


def expiry(printed: list[Item], day_first: bool, today: date) -> list[Found]:
    """The last day of a lease, a policy or a registration: the later date where a period is printed."""
    for item in printed:
        match = _EXPIRY_LABEL.search(item.folded)
        if not match:
            continue
        for line in (item, below(item, printed, reach=1.2), right_of(item, printed, reach=25)):
            dates = find_dates(line.text, day_first=day_first_on(printed, day_first, today), today=today) if line else []
            if line and dates:
                return [("document.expiration_date", max(entry.value for entry in dates).isoformat(), LABELLED * line.confidence, line.box)]
    return []
