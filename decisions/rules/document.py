"""Rules about the document itself: its dates, its numbers, its type, and whether its zones tell the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from decisions import names
from decisions.evidence import DocumentEvidence, Evidence, Observed
from decisions.rules.person import elements, name_on
from decisions.rules.registry import (
    ANY_CONTEXT,
    CONFIDENCE,
    Finding,
    Thresholds,
    day,
    declaration,
    failed,
    failed_if_sure,
    not_applicable,
    observed,
    passed,
    rule,
    seen_by,
    sure,
    unclear,
)
from documents.fields import country_code, same_number
from documents.readers.states import ISSUERS, state_code
from documents.types import PHOTO_ID, PROOF_OF_ADDRESS, US_TERRITORIES

_SURE = {"confidence": CONFIDENCE}
_EXACT = ("document.number", "person.date_of_birth", "document.expiration_date")


@rule(
    reference="R01",
    group="document",
    reason_code="document_expired",
    sentence="The document has expired. Please upload one that is valid today.",
    fix="reupload",
    reasons={
        "expiry_missing": "No expiry date could be read on the document.",
        "expiry_indefinite": "The document gives no end of validity, so a person will check it.",
        "lease_term_ended": "The lease's term has ended; a person will check whether it continues.",
    },
    defaults={"grace_days": 0, **_SURE},
)
def document_unexpired(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document has not expired.

    Valid through the end of the printed day, in the operator's time zone (DMM 508.1.8.3: IDs must be current).
    """
    document, kind = evidence.document, evidence.document.type
    if kind.expiry == "never":
        return not_applicable("A document of this kind does not expire.")
    entry = observed(document, "document.expiration_date")
    if entry is not None and re.match(r"INDEF|PERMANENT|NO EXP", entry.value.upper()):
        return passed(entry) if kind.kind == "uniformed_service_id" else unclear(entry, code="expiry_indefinite")
    expires = day(entry)
    if expires is None:
        return (
            not_applicable("This document shows no expiry date, and need not.")
            if kind.expiry == "optional" and entry is None
            else unclear(entry, code="expiry_missing")
        )
    left = (expires - evidence.case.today).days
    facts: dict[str, Any] = {"expected": f"on or after {evidence.case.today.isoformat()}", "computed": {"days_left": left}}
    if left >= -threshold["grace_days"]:
        # Where no date need be shown a doubtful one that lies ahead is no worse than none.
        enough = kind.expiry == "optional" or sure(threshold, entry)
        return passed(entry, **facts) if enough else unclear(entry, code="reading_uncertain", **facts)
    if kind.kind == "lease":
        return unclear(entry, code="lease_term_ended", **facts)
    return failed_if_sure(threshold, entry, **facts)


@rule(
    reference="R02",
    group="document",
    reason_code="document_not_yet_valid",
    sentence="The document's date of issue lies in the future.",
    fix="reupload",
    reasons={"issued_within_days": "The document's date of issue lies a few days ahead, so a person will check it."},
    defaults={"days_ahead": 7, **_SURE},
)
def issue_date_not_in_future(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document was issued, or begins, today or earlier."""
    entry = observed(evidence.document, "document.issue_date") or observed(evidence.document, "statement.date")
    issued = day(entry)
    if issued is None:
        return not_applicable("No date of issue was read on this document.")
    ahead = (issued - evidence.case.today).days
    facts: dict[str, Any] = {"expected": f"on or before {evidence.case.today.isoformat()}", "computed": {"days_ahead": ahead}}
    if ahead <= 0:
        return passed(entry, **facts)
    return unclear(entry, code="issued_within_days", **facts) if ahead <= threshold["days_ahead"] else failed_if_sure(threshold, entry, **facts)


@rule(
    reference="R03",
    group="document",
    reason_code="dates_inconsistent",
    sentence="The dates on the document contradict each other.",
    fix="reupload",
    reasons={"validity_unusual": "The document's term of validity is unusually long, so a person will check it."},
    defaults={"passport_years": 10, "licence_years": 12, **_SURE},
)
def dates_consistent(evidence: Evidence, threshold: Thresholds) -> Finding:
    """Birth, issue and expiry are in this order, and the term is one that is issued.

    Passports run ten years at most; US licences twelve, Arizona's to the holder's 65th birthday.
    """
    paths = ("person.date_of_birth", "document.issue_date", "document.expiration_date")
    entries = [entry for path in paths if day(entry := observed(evidence.document, path)) is not None]
    days = [day(entry) for entry in entries]
    if len(entries) < 2:
        return not_applicable("The document shows fewer than two dates.")
    if any(one >= other for one, other in pairwise(days) if one and other):
        return failed_if_sure(threshold, *entries, expected="birth < issue < expiry")
    limit = _longest_term(evidence.document, threshold)
    issued, expires = day(observed(evidence.document, paths[1])), day(observed(evidence.document, paths[2]))
    if limit and issued and expires and (expires - issued).days > limit * 365.25 + 3:
        return unclear(*entries, code="validity_unusual", expected=f"at most {limit} years", computed={"days": (expires - issued).days})
    return passed(*entries)


def _longest_term(document: DocumentEvidence, threshold: Thresholds) -> int | None:
    if document.type.category == "passport":
        return int(threshold["passport_years"])
    if document.type.kind in ("driver_license", "id_card") and _state(document) != "AZ":
        return int(threshold["licence_years"])
    return None


def _state(document: DocumentEvidence) -> str:
    """The issuing state of a card: printed, by the barcode's issuer number, else the address's."""
    for path in ("document.issuing_entity", "address.state"):
        if (entry := observed(document, path)) and (code := state_code(entry.value)):
            return code
    return str(elements(document).get("DAJ", ""))


@rule(
    reference="R10",
    group="document",
    reason_code="mrz_check_digits_wrong",
    sentence="The code lines at the bottom of the document do not check out. Please photograph them again, or use another document.",
    fix="reupload",
    reasons={
        "mrz_unreadable": "The code lines of the document could not be read.",
        "mrz_repaired": "One character of the code lines had to be inferred, so a person will check it.",
        "mrz_check_digit_doubtful": "One check of the code lines failed, perhaps because of the picture; a person will look at it.",
    },
    defaults={"failed_checks": 2, "line_confidence": 0.90},
)
def mrz_check_digits_hold(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The machine readable zone's check digits hold (ICAO Doc 9303-3 §4.9).

    One failure may be the reader's; two with the composite, in lines read well, are the document's. A repaired zone is never taken as proof: check
    digits are blind to swaps such as G and 6.
    """
    zone = evidence.document.mrz
    if zone is None:
        if evidence.document.type.mrz_formats:
            return unclear(code="mrz_unreadable")
        return not_applicable("A document of this kind need not have a machine readable zone.")
    facts: dict[str, Any] = {
        "expected": [],
        "computed": {"failed_checks": list(zone.failed_checks), "repairs": zone.repairs, "format": zone.format, "confidence": zone.confidence},
    }
    if not zone.failed_checks:
        return passed(**facts) if not zone.repairs else unclear(code="mrz_repaired", **facts)
    broken = (
        len(zone.failed_checks) >= threshold["failed_checks"]
        and "composite" in zone.failed_checks
        and zone.confidence >= threshold["line_confidence"]
    )
    return failed(**facts) if broken else unclear(code="mrz_check_digit_doubtful", **facts)


@rule(
    reference="R11",
    group="document",
    reason_code="mrz_viz_mismatch",
    sentence="The code lines and the printed text of the document say different things.",
    fix="reupload",
    reasons={"mrz_name_differs": "The name in the code lines differs from the printed one, so a person will compare them."},
    defaults=_SURE,
)
def mrz_agrees_with_print(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The machine readable zone says what is printed: number, dates, name.

    NIST SP 800-63A requires the comparison where a zone is present. Names are compared by 9303-3 §6 transliteration and truncation.
    """
    if evidence.document.mrz is None:
        return not_applicable("No machine readable zone was read.")
    return _zones_agree(evidence.document, "mrz", threshold, "mrz_name_differs", trusted=not evidence.document.mrz.failed_checks)


@rule(
    reference="R12",
    group="document",
    reason_code="barcode_front_mismatch",
    sentence="The bar code on the back and the text on the front of the document say different things.",
    fix="reupload",
    reasons={
        "barcode_unreadable": "The bar code on the back could not be read.",
        "barcode_name_or_address_differs": "The name or address in the bar code differs from the printed one, so a person will compare them.",
    },
    defaults=_SURE,
)
def barcode_agrees_with_print(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The bar code says what is printed: number, dates, name, address (AAMVA DL/ID Card Design Standard, annex D)."""
    document = evidence.document
    if document.aamva is None:
        wanted = document.type.kind in ("driver_license", "id_card")
        return unclear(code="barcode_unreadable") if wanted else not_applicable("A document of this kind need not have such a bar code.")
    return _zones_agree(document, "barcode", threshold, "barcode_name_or_address_differs", trusted=True)


def _zones_agree(document: DocumentEvidence, reader: str, threshold: Thresholds, soft_code: str, *, trusted: bool) -> Finding:
    """Numbers and dates must be equal; a name or ZIP that differs is for a person, since print is cut and read in many ways."""
    pairs = {
        path: (one, other)
        for path in (*_EXACT, "address.zip")
        if (one := seen_by(document, reader, path)) and (other := seen_by(document, "ocr", path))
    }
    flat = [entry for pair in pairs.values() for entry in pair]
    hard = [path for path in _EXACT if path in pairs and not _equal(path, *pairs[path])]
    soft = ["address.zip"] if "address.zip" in pairs and pairs["address.zip"][0].value[:5] != pairs["address.zip"][1].value[:5] else []
    zone_name, print_name = name_on(document, reader), name_on(document, "ocr")
    if zone_name and print_name and names.compare(zone_name, print_name).grade != "A":
        soft.append("person.name")
    if not pairs and not (zone_name and print_name):
        return not_applicable("Nothing was read in both places, so there is nothing to compare.")
    computed = {"compared": [*pairs, *(["person.name"] if zone_name and print_name else [])], "different": hard + soft}
    if hard and trusted:
        return failed_if_sure(threshold, *(entry for path in hard for entry in pairs[path]), expected="equal", computed=computed)
    if hard or soft:
        return unclear(*flat, code="reading_uncertain" if hard else soft_code, expected="equal", computed=computed)
    return passed(*flat, expected="equal", computed=computed)


def _equal(path: str, one: Observed, other: Observed) -> bool:
    return same_number(one.value, other.value) if path == "document.number" else one.value == other.value


@rule(
    reference="R13",
    group="document",
    reason_code="aamva_jurisdiction_mismatch",
    sentence="The bar code on the back was made for another state than the one printed on the front.",
    fix="reupload",
    reasons={"issuer_unknown": "The bar code's issuer is not in the list of states, so a person will check it."},
    defaults=_SURE,
)
def issuer_agrees_with_barcode(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The bar code's issuer number belongs to the state that is printed on the front (AAMVA issuer identification numbers)."""
    number = (evidence.document.aamva or {}).get("iin")
    if not number:
        return not_applicable("No bar code with an issuer number was read.")
    printed = seen_by(evidence.document, "ocr", "document.issuing_entity")
    front, issuer = state_code(printed.value) if printed else None, ISSUERS.get(number)
    if issuer is None:
        return unclear(printed, code="issuer_unknown", computed={"iin": number})
    if printed is None or front is None:
        return not_applicable("The state was not read on the front.")
    facts: dict[str, Any] = {"expected": front, "computed": {"iin": number, "issuer": issuer}}
    return passed(printed, **facts) if issuer == front else failed_if_sure(threshold, printed, **facts)


# Patterns of US licence numbers without blanks and hyphens, from the public NTSI list: N digit, A letter, * either; a range follows in digits.
_NUMBERS: Mapping[str, str] = {
    "AL": "N1-7", "AK": "N1-7", "AZ": "A1N8|A1N9|N9|A2N2-5", "AR": "N4-9", "CA": "A1N7", "CO": "N9|A1N3-6|A2N2-5", "CT": "N9", "DE": "N1-7",
    "DC": "N7|N9", "FL": "A1N12", "GA": "N7-9", "HI": "A1N8|N9", "ID": "A2N6A1|N9", "IL": "A1N11-12", "IN": "A1N9|N9-10", "IA": "N9|N3A2N4",
    "KS": "N9|A1N8|A1N1A1N1A1", "KY": "A1N8-9|N9", "LA": "N1-9", "ME": "N7|N7A1|N8", "MD": "A1N12", "MA": "A1N8|A2N7|N9", "MI": "A1N10|A1N12",
    "MN": "A1N12", "MS": "N9", "MO": "A1N5-9|A1N6A1|N8A2|N9A1|N9|N3A1N6", "MT": "A1N8|N9|N13-14", "NE": "A1N6-8", "NV": "N9-10|N12|A1N8",
    "NH": "N2A3N5|A3N8", "NJ": "A1N14", "NM": "N8-9", "NY": "N8-9|A1N7|A1N18|N16|A8", "NC": "N1-12", "ND": "A3N6|N9", "OH": "A1N4-8|A2N3-7|N8",
    "OK": "A1N9|N9", "OR": "N1-9", "PA": "N8", "RI": "N7|A1N6", "SC": "N5-11", "SD": "N6-10|N12", "TN": "N7-9", "TX": "N7-8", "UT": "N4-10",
    "VT": "N8|N7A1", "VA": "A1N8-11|N9", "WA": "A1*11|A3*9", "WV": "N7|A1-2N5-6", "WI": "A1N13", "WY": "N9-10",
}  # fmt: skip
_CLASSES = {"N": "[0-9]", "A": "[A-Z]", "*": "[A-Z0-9]"}


def number_pattern(state: str) -> re.Pattern[str] | None:
    """The compiled pattern of a state's licence numbers; None for one that is not in the table."""
    if state not in _NUMBERS:
        return None
    parts = re.sub(r"([NA*])(\d+)(?:-(\d+))?", lambda part: f"{_CLASSES[part[1]]}{{{part[2]}{',' + part[3] if part[3] else ''}}}", _NUMBERS[state])
    return re.compile(f"(?:{parts})")


@rule(
    reference="R14",
    group="document",
    reason_code="document_number_format",
    sentence="The document's number does not look like those of its state, so a person will check it.",
    fix="none",
    reasons={"number_format_unknown": "The form of this issuer's document numbers is not known, so a person will check it."},
)
def document_number_well_formed(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The number has the form that its state uses. A weak sign: it never rejects, since any nine digits fit thirty states and states change forms."""
    document = evidence.document
    entry = observed(document, "document.number")
    if document.type.kind not in ("driver_license", "id_card") or entry is None:
        return not_applicable("The form of the number is known for US licences and ID cards only.")
    pattern = number_pattern(_state(document))
    if pattern is None:
        return unclear(entry, code="number_format_unknown")
    fits = pattern.fullmatch(re.sub(r"[\s-]", "", entry.value.upper())) is not None
    return (
        passed(entry, expected=_NUMBERS[_state(document)])
        if fits
        else unclear(entry, code="document_number_format", expected=_NUMBERS[_state(document)])
    )


@rule(
    reference="R15",
    group="document",
    reason_code="country_mismatch",
    sentence="The document was issued by another country than the one you chose.",
    fix="reupload",
    reasons={"country_uncertain": "The document's country could not be told with certainty, so a person will check it."},
    defaults={"confidence": 0.80},
)
def country_as_declared(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document's own country is the one declared at upload. Territories of the USA count as the USA."""
    found = _issuing_country(evidence.document)
    if found is None:
        return not_applicable("Nothing on the document names its country.")
    declared_code = _folded(evidence.document.country)
    facts: dict[str, Any] = {"expected": evidence.document.country, "computed": {"country": found.value, "confidence": found.confidence}}
    if _folded(found.value) == declared_code:
        return passed(found, **facts)
    if len(found.value) != 3 or found.value.startswith(("X", "UN", "EU")) or found.confidence < threshold["confidence"]:
        return unclear(found, code="country_uncertain", **facts)
    return failed(found, **facts)


def _folded(code: str) -> str:
    return "USA" if code in US_TERRITORIES else code


def _issuing_country(document: DocumentEvidence) -> Observed | None:
    """From the machine readable zone, else the bar code, else what the pixels look like. None for papers, which any country's may be."""
    if document.mrz and document.mrz.lines:
        raw = document.mrz.lines[0][2:5].rstrip("<")
        return Observed("document.country_code", country_code(raw) or raw, "mrz", document.id, document.mrz.confidence)
    for reader in ("mrz", "barcode"):
        if entry := seen_by(document, reader, "document.country_code"):
            return entry
    guess = document.classified
    if guess and guess.country and document.type.has_template and "face" in document.type.zones:
        return Observed("document.country_code", guess.country, "ocr", document.id, guess.confidence)
    return None


_ALIKE = (
    frozenset({"mortgage", "deed_of_trust"}),
    frozenset({"home_insurance", "vehicle_insurance"}),
    frozenset({"driver_license", "id_card"}),
    frozenset(
        {
            "utility_bill",
            "bank_statement",
            "government_letter",
            "invoice",
            "receipt",
            "lease",
            "mortgage",
            "deed_of_trust",
            "home_insurance",
            "vehicle_insurance",
        }
    ),
)


@rule(
    reference="R16",
    group="document",
    reason_code="type_mismatch",
    sentence="This is a document of another type than the one you chose.",
    fix="reupload",
    reasons={"type_uncertain": "The type of the document could not be told with certainty, so a person will check it."},
    contexts=ANY_CONTEXT,
    defaults={"confidence": 0.80},
)
def type_as_declared(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document is of the type declared at upload, as far as its text and shape tell. Papers that read alike are for a person."""
    document, guess = evidence.document, evidence.document.classified
    if guess is None or not guess.kind or not document.type.has_template:
        return not_applicable("The type could not be told from the picture: not assessed.")
    facts: dict[str, Any] = {"expected": document.type.kind, "computed": {"kind": guess.kind, "confidence": guess.confidence}}
    if guess.kind == document.type.kind:
        return passed(**facts)
    alike = any({guess.kind, document.type.kind} <= group for group in _ALIKE)
    return unclear(code="type_uncertain", **facts) if alike or guess.confidence < threshold["confidence"] else failed(**facts)


@rule(
    reference="R17",
    group="document",
    reason_code="same_document_both_roles",
    sentence="The same document, or the same kind of card, cannot serve both as photo ID and as proof of address. Please upload another one.",
    fix="reupload",
    cross_document=True,
    defaults={"shortest_number": 5},
)
def documents_differ(evidence: Evidence, threshold: Thresholds) -> Finding:
    """Photo ID and proof of address are two different documents.

    PS Form 1583 items 8e and 9g: one card may be used for only one of the two, so the same box is refused twice; also the same number or picture.
    """
    photo, proof = evidence.case.document(PHOTO_ID), evidence.case.document(PROOF_OF_ADDRESS)
    if photo is None or proof is None:
        return not_applicable("There is no second document to compare with.")
    one, other = observed(photo, "document.number"), observed(proof, "document.number")
    shared = {
        "category": photo.type.category is not None and photo.type.category == proof.type.category,
        "number": bool(one and other and len(one.value) >= threshold["shortest_number"] and same_number(one.value, other.value)),
        "image": bool(set(photo.image_hashes) & set(proof.image_hashes)),
    }
    computed = {"same": [name for name, value in shared.items() if value]}
    return failed(one, other, computed=computed) if any(shared.values()) else passed(one, other, computed=computed)


@rule(
    reference="R26",
    group="document",
    reason_code="required_field_missing",
    sentence="Some of the information that is needed could not be read on the document.",
    fix="reupload",
    severity="warning",
)
def required_fields_present(evidence: Evidence, threshold: Thresholds) -> Finding:
    """Everything that a record of this document needs was read. Never rejects: a machine that cannot read is no fault of the document."""
    document = evidence.document
    missing = [path for path in document.type.required if not _has(document, path)]
    facts: dict[str, Any] = {"expected": list(document.type.required), "computed": {"missing": missing}}
    if document.extraction_failed or not document.extracted or missing:
        return unclear(**facts)
    return passed(*(observed(document, path) for path in document.type.required), **facts)


_EQUIVALENT = {
    "person.full_name": ("person.surname",),
    "person.surname": ("person.full_name",),
    "address.full": ("address.street",),
    "address.street": ("address.full",),
}


def _has(document: DocumentEvidence, path: str) -> bool:
    return any(observed(document, name) for name in (path, *_EQUIVALENT.get(path, ())))


@rule(
    reference="R30",
    group="document",
    reason_code="copy_restricted_type",
    sentence="US law restricts copying this kind of document, so a person will decide. Another ID is preferred.",
    fix="contact_operator",
    severity="warning",
    contexts=(PHOTO_ID,),
)
def copying_unrestricted(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document may be copied without special authority (18 U.S.C. 701 restricts military and government ID cards)."""
    return unclear(computed={"type": evidence.document.type.kind}) if evidence.document.type.copy_restricted else passed()


@rule(
    reference="R06",
    group="document",
    reason_code="document_number_mismatch_declared",
    sentence="The document's number differs from the one you entered.",
    fix="correct_expected_data",
    severity="warning",
    defaults=_SURE,
)
def declared_number_agrees(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document's number is the one the client declared."""
    part = "photo_id" if evidence.document.context == PHOTO_ID else "proof_of_address"
    wanted = str(((evidence.case.expected.get("documents") or {}).get(part) or {}).get("number") or "")
    if not wanted:
        return not_applicable("Nothing was declared to compare with.")
    entry, said = observed(evidence.document, "document.number"), declaration(f"documents.{part}", "number", wanted)
    if entry is None:
        return unclear(said, code="reading_uncertain")
    return passed(entry, said, expected=wanted) if same_number(entry.value, wanted) else failed_if_sure(threshold, entry, said, expected=wanted)
