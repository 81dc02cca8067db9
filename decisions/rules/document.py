"""Rules about the document itself: its dates, its type, its country, its role."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from decisions.evidence import DocumentEvidence, Evidence, Observed
from decisions.rules.registry import (
    ANY_CONTEXT,
    CONFIDENCE,
    Finding,
    Thresholds,
    day,
    declaration,
    failed,
    failed_if_sure,
    normalised_number,
    not_applicable,
    observed,
    passed,
    rule,
    seen_by,
    sure,
    unclear,
    with_steps,
)
from decisions.rules.zones import issuing_state
from documents.fields import country_code, same_number
from documents.types import PHOTO_ID, PROOF_OF_ADDRESS, US_TERRITORIES

_SURE = {"confidence": CONFIDENCE}


@rule(
    reference="R01",
    group="document",
    inputs=("document.expiration_date",),
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
    inputs=("document.issue_date", "statement.date"),
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
    inputs=("person.date_of_birth", "document.issue_date", "document.expiration_date", "document.issuing_entity"),
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
    if document.type.kind not in ("driver_license", "id_card"):
        return None
    years = int(threshold["licence_years"])
    if issuing_state(document) != "AZ":
        return years
    born, issued = day(observed(document, "person.date_of_birth")), day(observed(document, "document.issue_date"))
    return max(years, born.year + 65 - issued.year) if born and issued else None


@rule(
    reference="R15",
    group="document",
    inputs=("document.country_code", "machine readable zone", "classification", "declared country"),
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
    inputs=("classification", "declared type"),
    reason_code="type_mismatch",
    sentence="This is a document of another type than the one you chose.",
    fix="reupload",
    reasons={
        "type_uncertain": "The type of the document could not be told with certainty, so a person will check it.",
        "type_without_pattern": "Documents of this kind look different everywhere, so a person will look at it.",
    },
    contexts=ANY_CONTEXT,
    defaults={"confidence": 0.80},
)
def type_as_declared(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document is of the type declared at upload, as far as its text and shape tell.

    Papers that read alike are for a person, and so are kinds that follow no pattern (tribal and university cards, certificates).
    """
    document, guess = evidence.document, evidence.document.classified
    if not document.type.has_template:
        return unclear(code="type_without_pattern", expected=document.type.kind, computed={"kind": guess.kind if guess else ""})
    if guess is None or not guess.kind:
        return not_applicable("The type could not be told from the picture: not assessed.")
    facts: dict[str, Any] = {"expected": document.type.kind, "computed": {"kind": guess.kind, "confidence": guess.confidence}}
    if guess.kind == document.type.kind:
        return passed(**facts)
    alike = any({guess.kind, document.type.kind} <= group for group in _ALIKE)
    return unclear(code="type_uncertain", **facts) if alike or guess.confidence < threshold["confidence"] else failed(**facts)


@rule(
    reference="R17",
    group="document",
    inputs=("document.number", "declared type", "SHA-256 of the images"),
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
    inputs=("required fields of the type",),
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
    inputs=("declared type",),
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
    inputs=("document.number", "expected_data.documents"),
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
    same = same_number(entry.value, wanted)
    found = passed(entry, said, expected=wanted) if same else failed_if_sure(threshold, entry, said, expected=wanted)
    return with_steps(found, normalised_number("document", entry.value), normalised_number("declared", wanted))
