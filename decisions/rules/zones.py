"""Rules about a document's zones: does each hold in itself, and do they tell the same."""

from __future__ import annotations

import re
from typing import Any

from decisions import addresses, names
from decisions.evidence import DocumentEvidence, Evidence, Observed
from decisions.rules.person import elements, name_on, normalised_name
from decisions.rules.registry import (
    CONFIDENCE,
    Finding,
    Thresholds,
    failed,
    failed_if_sure,
    not_applicable,
    observed,
    passed,
    rule,
    seen_by,
    unclear,
    with_steps,
)
from documents.fields import same_number
from documents.readers.states import ISSUERS, NUMBER_FORMS, NUMBER_PATTERNS, state_code

_SURE = {"confidence": CONFIDENCE}
_EXACT = ("document.number", "person.date_of_birth", "document.expiration_date")


def issuing_state(document: DocumentEvidence) -> str:
    """The issuing state of a card: printed, by the barcode's issuer number, else the address's."""
    for path in ("document.issuing_entity", "address.state"):
        if (entry := observed(document, path)) and (code := state_code(entry.value)):
            return code
    return str(elements(document).get("DAJ", ""))


@rule(
    reference="R10",
    group="document",
    inputs=("machine readable zone",),
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
    inputs=("document.number", "person.date_of_birth", "document.expiration_date", "person.surname", "person.given_names", "machine readable zone"),
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
    inputs=(
        "document.number",
        "person.date_of_birth",
        "document.expiration_date",
        "person.surname",
        "person.given_names",
        "address.street",
        "address.city",
        "address.state",
        "address.zip",
        "bar code",
    ),
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


def _place(document: DocumentEvidence, reader: str) -> addresses.Address | None:
    """The address as one reader saw it, where it saw its street."""
    street, city, state, code = (seen_by(document, reader, path) for path in ("address.street", "address.city", "address.state", "address.zip"))
    if street is None:
        return None
    return addresses.of(
        street=street.value, city=city.value if city else "", state=state.value if state else "", postal_code=code.value if code else ""
    )


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
    zone_place, print_place = _place(document, reader), _place(document, "ocr")
    if zone_place and print_place and not soft:
        # What one side lacks, such as a suffix that print has no room for, is no difference.
        soft += [f"address.{part}" for part in addresses.compare(zone_place, print_place).differences]
    zone_name, print_name = name_on(document, reader), name_on(document, "ocr")
    if zone_name and print_name and names.compare(zone_name, print_name).grade != "A":
        soft.append("person.name")
    if not pairs and not (zone_name and print_name):
        return not_applicable("Nothing was read in both places, so there is nothing to compare.")
    whole = {"person.name": zone_name and print_name, "address": zone_place and print_place}
    computed = {"compared": [*pairs, *(name for name, both in whole.items() if both)], "different": hard + soft}
    sides = (("machine", zone_name), ("print", print_name))
    steps = [normalised_name(side, name) for side, name in sides if name]
    if hard and trusted:
        found = failed_if_sure(threshold, *(entry for path in hard for entry in pairs[path]), expected="equal", computed=computed)
    elif hard or soft:
        found = unclear(*flat, code="reading_uncertain" if hard else soft_code, expected="equal", computed=computed)
    else:
        found = passed(*flat, expected="equal", computed=computed)
    return with_steps(found, *steps)


def _equal(path: str, one: Observed, other: Observed) -> bool:
    return same_number(one.value, other.value) if path == "document.number" else one.value == other.value


@rule(
    reference="R13",
    group="document",
    inputs=("document.issuing_entity", "bar code"),
    reason_code="aamva_jurisdiction_mismatch",
    sentence="The bar code on the back was made for another state than the one printed on the front.",
    fix="reupload",
    reasons={
        "issuer_unknown": "The bar code's issuer is not in the list of states, so a person will check it.",
        "issuer_address_differs": "The bar code's issuer and the state of the address in it differ, so a person will check it.",
    },
    defaults=_SURE,
)
def issuer_agrees_with_barcode(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The bar code's issuer number belongs to the state that is printed on the front (AAMVA issuer identification numbers).

    The state of the address (DAJ) may be another by a mailing address, and the country (DCG) is the USA: where either differs a person looks.
    """
    number = (evidence.document.aamva or {}).get("iin")
    if not number:
        return not_applicable("No bar code with an issuer number was read.")
    printed = seen_by(evidence.document, "ocr", "document.issuing_entity")
    front, issuer = state_code(printed.value) if printed else None, ISSUERS.get(number)
    if issuer is None:
        return unclear(printed, code="issuer_unknown", computed={"iin": number})
    home, country = str(elements(evidence.document).get("DAJ") or "").strip(), str(elements(evidence.document).get("DCG") or "").strip()
    facts: dict[str, Any] = {"expected": front, "computed": {"iin": number, "issuer": issuer, "address_state": home, "country": country}}
    if front is not None and issuer != front:
        return failed_if_sure(threshold, printed, **facts)
    if (home and home != issuer) or (country and country != "USA"):
        return unclear(printed, code="issuer_address_differs", **facts)
    return not_applicable("The state was not read on the front.") if front is None else passed(printed, **facts)


@rule(
    reference="R14",
    group="document",
    inputs=("document.number", "document.issuing_entity", "address.state"),
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
    state = issuing_state(document)
    if state not in NUMBER_PATTERNS:
        return unclear(entry, code="number_format_unknown")
    fits = NUMBER_PATTERNS[state].fullmatch(re.sub(r"[\s-]", "", entry.value.upper())) is not None
    return (passed if fits else unclear)(entry, expected=NUMBER_FORMS[state])
