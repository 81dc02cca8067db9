"""PS Form 1583 (June 2024) as data: every box with its value, where the value comes from, and what is still missing (pure).

The form itself is not shipped and not imitated: USPS forms may not be altered. Boxes, labels and order are those of the form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from decisions.rules.case import witness_gaps

OPERATOR, APPLICANT, READ, TYPE, WITNESS = "operator", "applicant", "document", "document type", "witness"
ALWAYS, OPTIONAL = "always", "optional"
PARTS = ("pmb", "cmra", "service_type", "applicant", "authorized", "transfer", "business", "additional_recipients", "signature", "witness")
RECIPIENTS, SEPARATOR = "additional_recipients", "; "
_HOME = (("street", "Street Home Address"), ("city", "City"), ("state", "State"), ("zip4", "ZIP + 4"), ("country", "Country"))
_NAME = (("last", "Last Name"), ("first", "First Name"), ("middle", "Middle Initial"))
_PHOTO = (
    ("name", "Name on the Photo ID"),
    ("number", "ID Number"),
    ("issuer", "Issuing Entity"),
    ("expires_on", "Expiration Date"),
    ("checkbox", "Type"),
)


@dataclass(frozen=True, slots=True)
class Box:
    """``need``: ``always``, ``optional``, or the part of the form which, once used, makes it needed. ``source`` is who gives the value."""

    number: str
    label: str
    key: str
    source: str
    need: str = ALWAYS


@dataclass(frozen=True, slots=True)
class Entry:
    """A box as it stands. ``source`` tells where the value came from, in words; ``missing`` that it is needed and empty."""

    box: Box
    value: str
    source: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read from one accepted identity document: ``values`` by the last word of the box's key, ``source`` its document and reader."""

    values: Mapping[str, str]
    source: str
    undated: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """``complete`` and ``documents_verified`` are two statements: without a witnessed signature a form is not complete,
    whatever the documents say."""

    entries: Sequence[Entry]
    problems: Sequence[str]
    documents_verified: bool

    @property
    def missing(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.missing]

    @property
    def complete(self) -> bool:
        return self.documents_verified and not self.missing and not self.problems


def _lettered(number: int, first: str, prefix: str, pairs: Iterable[tuple[str, str]], *, source: str, need: str) -> list[Box]:
    pairs = list(pairs)
    return [
        Box(f"{number}{chr(ord(first) + at)}", label, f"{prefix}.{name}", source, OPTIONAL if name == "middle" else need)
        for at, (name, label) in enumerate(pairs)
    ]


def _identity(number: int, prefix: str, need: str) -> list[Box]:
    photo = [
        Box(box.number, box.label, box.key, TYPE if box.key.endswith("checkbox") else READ, need)
        for box in _lettered(number, "a", f"{prefix}photo_id", _PHOTO, source=READ, need=need)
    ]
    address = [Box(f"{number + 1}a", "Name on the Address ID", f"{prefix}address_id.name", READ, need)]
    address += _lettered(number + 1, "b", f"{prefix}address_id.address", _HOME, source=READ, need=need)
    return [*photo, *address, Box(f"{number + 1}g", "Type", f"{prefix}address_id.checkbox", TYPE, need)]


BOXES: tuple[Box, ...] = (
    Box("1a", "Date PMB Opened", "pmb.opened_on", OPERATOR),
    Box("1b", "Date PMB Closed", "pmb.closed_on", OPERATOR, OPTIONAL),
    Box("2a", "Street Address to be Used for Delivery", "cmra.street", OPERATOR),
    Box("2b", "PMB Number", "cmra.pmb", OPERATOR),
    Box("2c", "City", "cmra.city", OPERATOR),
    Box("2d", "State", "cmra.state", OPERATOR),
    Box("2e", "ZIP + 4", "cmra.zip4", OPERATOR),
    Box("3", "Type of Service Requested", "service_type", APPLICANT),
    *_lettered(4, "a", "applicant.name", _NAME, source=APPLICANT, need=ALWAYS),
    Box("4d", "Telephone Number", "applicant.phone", APPLICANT),
    Box("4e", "Email Address", "applicant.email", APPLICANT),
    *_lettered(4, "f", "applicant.home", _HOME, source=APPLICANT, need=ALWAYS),
    Box("4k", "Court-ordered protected individual", "applicant.protected", APPLICANT),
    *_lettered(5, "a", "authorized.name", _NAME, source=APPLICANT, need="authorized"),
    Box("5d", "Telephone Number", "authorized.phone", APPLICANT, OPTIONAL),
    Box("5e", "Email Address", "authorized.email", APPLICANT, OPTIONAL),
    *_lettered(5, "f", "authorized.home", _HOME, source=APPLICANT, need="authorized"),
    *_lettered(6, "a", "transfer.address", (("street", "Street Address"), *_HOME[1:]), source=APPLICANT, need="transfer"),
    Box("6f", "Telephone Number", "transfer.phone", APPLICANT, OPTIONAL),
    Box("6g", "Email Address", "transfer.email", APPLICANT, OPTIONAL),
    Box("7a", "Name of Business/Organization", "business.name", APPLICANT, "business"),
    Box("7b", "Type of Business", "business.type", APPLICANT, "business"),
    *_lettered(7, "c", "business.address", (("street", "Street Address"), *_HOME[1:]), source=APPLICANT, need="business"),
    Box("7h", "Telephone Number", "business.phone", APPLICANT, "business"),
    Box("7i", "Place of Registration", "business.registration", APPLICANT, "business"),
    *_identity(8, "", ALWAYS),
    *_identity(10, "authorized.", "authorized"),
    Box("12", "Additional Recipients of Mail", RECIPIENTS, APPLICANT, OPTIONAL),
    Box("13a", "Signature of Applicant", "signature.name", APPLICANT),
    Box("13b", "Date", "signature.signed_on", APPLICANT),
    Box("14", "Witness: Capacity", "witness.kind", WITNESS),
    Box("14", "Witness: Presence", "witness.mode", WITNESS),
    Box("14", "Witness: Name", "witness.name", WITNESS),
    Box("14", "Witness: Title", "witness.title", WITNESS, OPTIONAL),
    Box("14", "Witness: Date", "witness.signed_at", WITNESS),
    Box("14", "Witness: Session", "witness.session_ref", WITNESS, OPTIONAL),
    Box("14", "Notary: Commissioned in", "witness.commission_jurisdiction", WITNESS, "notary"),
    Box("14", "Notary: Commission Number", "witness.commission_number", WITNESS, "notary"),
    Box("14", "Notary: Commission Expires", "witness.commission_expires_on", WITNESS, "notary"),
    Box("14", "Notary: SHA-256 of the Seal", "witness.seal_image_sha256", WITNESS, OPTIONAL),
)
SECTIONS: tuple[tuple[str, str], ...] = (
    ("1", "Private mailbox"), ("2", "Address for delivery"), ("3", "Service"), ("4", "Applicant"), ("5", "Authorized individual"),
    ("6", "Transfer of mail"), ("7", "Business or organization"), ("8", "Photo ID"), ("9", "Address ID"),
    ("10", "Photo ID of the authorized individual"), ("11", "Address ID of the authorized individual"), ("12", "Additional recipients"),
    ("13", "Signature"), ("14", "Witness"),
)  # fmt: skip
# The boxes of items 8e and 9g by the category of a document's type.
CHECKBOXES = {
    "state_card": "Driver's or Nondriver's ID Card", "uniformed_service": "Uniformed Service ID", "passport": "Passport",
    "naturalization": "Certificate of Naturalization", "access_card": "U.S. Access Card", "matricula": "Matricula Consular",
    "permanent_resident": "U.S. Permanent Resident Card", "university": "U.S. University ID Card", "nexus": "NEXUS Card", "lease": "Lease",
    "insurance": "Home or Vehicle Insurance Policy", "mortgage_or_deed": "Mortgage or Deed of Trust",
    "vehicle_registration": "Vehicle Registration Card", "voter_card": "Voter Card",
}  # fmt: skip
_AT_HOME = {"", "US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"}
_WORDS = {
    "business": "Business/Organization Use", "residential": "Residential/Personal Use", "in_person": "In person",
    "real_time_av": "Live audio and video", "cmra_owner": "CMRA owner", "cmra_manager": "CMRA manager", "cmra_employee": "CMRA employee",
    "notary": "Notary public",
}  # fmt: skip


def fill(declared: Mapping[str, Any], expected: Mapping[str, Any], identity: Mapping[str, Verified], *, approved: bool, today: date) -> Form:
    """``declared`` holds the parts of the form as they were entered, ``expected`` the verification's expected data, which fills what was not
    entered; ``identity`` what was read, by ``photo_id``, ``address_id``, ``authorized.photo_id``, ``authorized.address_id``."""
    entered, fallback = flat(declared), _from_expected(expected)
    used = _used(entered)
    entries = [_entry(box, entered=entered, fallback=fallback, identity=identity, used=used) for box in BOXES]
    return Form(entries, _problems(entered, fallback, today), approved)


def flat(parts: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings by dotted path; empty values are left out."""
    if not isinstance(parts, Mapping):
        return {} if parts is None or parts in ("", []) else {prefix: parts}
    return {path: value for name, inner in parts.items() for path, value in flat(inner, f"{prefix}.{name}" if prefix else str(name)).items()}


def _from_expected(expected: Mapping[str, Any]) -> dict[str, Any]:
    person, address = expected.get("person") or {}, expected.get("address") or {}
    street = ", ".join(part for part in (address.get("street"), address.get("street2")) if part)
    found = {
        "name": {"last": person.get("last_name"), "first": person.get("first_name"), "middle": person.get("middle_name")},
        "phone": person.get("phone"), "email": person.get("email"), "protected": person.get("protected"),
        "home": {
            "street": street, "city": address.get("city"), "state": address.get("state"), "zip4": address.get("postal_code"),
            "country": address.get("country"),
        },
    }  # fmt: skip
    return flat({"applicant": found, "witness": expected.get("witness") or {}})


def _used(entered: Mapping[str, Any]) -> set[str]:
    """The conditional parts that this form uses."""
    used = {part for part in ("authorized", "transfer") if any(key.startswith(f"{part}.") for key in entered)}
    if entered.get("service_type") == "business":
        used.add("business")
    if entered.get("witness.kind") == "notary":
        used.add("notary")
    return used | {ALWAYS}


def _entry(box: Box, *, entered: Mapping[str, Any], fallback: Mapping[str, Any], identity: Mapping[str, Verified], used: set[str]) -> Entry:
    if box.source in (READ, TYPE):
        prefix = "authorized." if box.key.startswith("authorized.") else ""
        role = f"{prefix}{'photo_id' if 'photo_id' in box.key else 'address_id'}"
        found = identity.get(role)
        value = found.values.get(box.key.removeprefix(f"{role}."), "") if found else ""
        undated = bool(found and found.undated and box.key.endswith("expires_on"))
        excused = undated or _needless_abroad(box, found.values.get("address.country") if found else None)
        return Entry(box, value, found.source if found and value else "", box.need in used and not value and not excused)
    value = entered.get(box.key, fallback.get(box.key))
    source = "" if value is None else box.source if box.key in entered else "expected data"
    country = f"{box.key.rpartition('.')[0]}.country"
    excused = _needless_abroad(box, entered.get(country, fallback.get(country)))
    return Entry(box, _told(value), source, box.need in used and value is None and not excused)


def _needless_abroad(box: Box, country: Any) -> bool:
    """Many countries have no states, and some no postal codes."""
    return box.key.endswith((".state", ".zip4")) and str(country or "").replace(".", "").strip().upper() not in _AT_HOME


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return SEPARATOR.join(", ".join(str(part) for part in flat(entry).values()) if isinstance(entry, Mapping) else str(entry) for entry in value)
    return _WORDS.get(str(value), str(value))


def _problems(entered: Mapping[str, Any], fallback: Mapping[str, Any], today: date) -> list[str]:
    """What is there and not as USPS wants it (DMM 508.1.8.3a3)."""
    own = {key: value for key, value in entered.items() if key.startswith("witness.")}
    record = {key.removeprefix("witness."): value for key, value in (own or fallback).items() if key.startswith("witness.")}
    missing, wrong = witness_gaps(record, today)
    problems = [f"witness.{name}" for name in wrong]
    signed, witnessed = entered.get("signature.signed_on"), record.get("signed_at")
    if not missing and signed and str(witnessed)[:10] < str(signed)[:10]:
        problems.append("signature.signed_on")
    opened, closed = entered.get("pmb.opened_on"), entered.get("pmb.closed_on")
    return [*problems, *(["pmb.closed_on"] if opened and closed and closed < opened else [])]
