"""Leases in prose: who lets, who rents and where, told by the sentences that say so rather than by blocks on the page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from documents.readers.labels import LABELLED
from documents.readers.layout import Item
from documents.readers.statement import Found
from documents.readers.states import US_STATES, state_code, state_name

TRUST = 0.9 * LABELLED
TITLE = re.compile(r"\b(?:LEASE|RENTAL|TENANCY) (?:AGREEMENT|CONTRACT)\b|\bAGREEMENT TO (?:LEASE|RENT)\b")
_WORD = r"(?:[A-Z][\w.'’-]*|de|la|del|van|der|von|bin)"
_NAME = rf"[A-Z][\w.'’-]+(?: {_WORD}){{1,5}}(?:,? (?:LLC|L\.L\.C\.|Inc\.?|LP|Ltd\.?|Co\.))?"
_LETS, _RENTS = r"(?:Landlord|LANDLORD|Lessor|LESSOR|Owner|OWNER)", r"(?:Tenant|TENANT|Lessee|LESSEE|Resident|RESIDENT|Renter|RENTER)"
_LANDLORD = (
    re.compile(rf"{_LETS}(?:\(?[sS]\)?)?\s*:\s*(?P<name>{_NAME})"),
    re.compile(rf"\b(?:between|BETWEEN) (?P<name>{_NAME})(?=[^.]{{0,140}}?{_LETS})"),
    re.compile(rf"\bthe owner:? (?P<name>{_NAME})"),
)
_TENANT = (
    re.compile(rf"{_RENTS}(?:\(?[sS]\)?)?\s*:\s*(?P<name>{_NAME})"),
    re.compile(rf"\b(?:and|AND) (?P<name>{_NAME})(?: and {_NAME})* ?[(,][^.]{{0,100}}?{_RENTS}"),
    re.compile(rf"\bresidents?(?:\(s\))?,? [^:.]{{0,80}}: (?P<name>{_NAME})"),
)
_STATES = "|".join([*US_STATES, *US_STATES.values()])
_ADDRESS = re.compile(
    r"(?P<street>\d+ [A-Z0-9][\w.'-]*(?: [\w.'#-]+){1,6}?)(?:,? (?P<unit>(?:Apartment|Apt|Unit|Lot|Suite|Ste|No|#)\.?(?: No\.)? ?#?\w+))?"
    rf",? (?P<city>[A-Z][A-Za-z.'-]+(?: [A-Z][A-Za-z.'-]+){{0,3}}),? (?P<state>{_STATES}),? (?P<zip>\d{{5}}(?:-\d{{4}})?)\b"
)
_LET = re.compile(r"PREMISES|PROPERTY|DWELLING|APARTMENT|HOME\b|HOUSE\b|LOCATED AT|SITUATED AT|KNOWN AS|LEASES|LETS\b|RENTS?\b", re.IGNORECASE)
_SOMEBODYS = re.compile(r"RESID(?:ING|ES) AT|MAILING ADDRESS|NOTICES?\b|AGENT|PAYABLE|DELIVERED TO|BANK|OFFICE", re.IGNORECASE)
BEFORE = 110  # characters in which a sentence says whose an address is


def read(printed: Sequence[Item]) -> list[Found]:
    """Writer, first tenant and rented address of a lease in prose; nothing of other letters."""
    if not any(TITLE.search(item.folded) for item in printed[:6]):
        return []
    text = re.sub(r"\s+", " ", " ".join(item.text for item in printed))
    found: list[Found] = []
    if name := _first(_LANDLORD, text):
        found.append(("statement.issuer", name, TRUST, None))
    if name := _first(_TENANT, text):
        given, _, surname = name.rpartition(" ")
        found += [
            ("person.full_name", name, TRUST, None),
            ("person.surname", surname, TRUST * 0.9, None),
            ("person.given_names", given, TRUST * 0.9, None),
        ]
    return found + _premises(text)


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> str:
    return next((match["name"].strip(" ,") for pattern in patterns if (match := pattern.search(text))), "")


def _premises(text: str) -> list[Found]:
    for match in _ADDRESS.finditer(text):
        before = text[max(0, match.start() - BEFORE) : match.start()]
        let, others = [[found.end() for found in pattern.finditer(before)] for pattern in (_LET, _SOMEBODYS)]
        if not let or (others and others[-1] > let[-1]):
            continue
        street = ", ".join(part for part in (match["street"], match["unit"]) if part)
        code = state_code(match["state"].upper()) or match["state"]
        parts: dict[str, str] = {
            "full": f"{street}, {match['city']}, {code} {match['zip']}", "street": street, "city": match["city"], "state": state_name(code),
            "zip": match["zip"],
        }  # fmt: skip
        parts["country"] = "USA"
        return [*((f"address.{name}", value, TRUST, None) for name, value in parts.items()), ("document.country_code", "USA", TRUST * 0.8, None)]
    return []
