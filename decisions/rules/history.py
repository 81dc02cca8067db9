"""Rules about what is known besides the documents: earlier verifications, and the operator's lists."""

from __future__ import annotations

from decisions import names
from decisions.evidence import DocumentEvidence, EarlierUse, Evidence, Observed
from decisions.rules.person import declared_name, name_on, normalised_name
from decisions.rules.registry import (
    ANY_CONTEXT,
    CONFIDENCE,
    Finding,
    Thresholds,
    failed,
    failed_if_sure,
    normalised_number,
    not_applicable,
    observed,
    passed,
    rule,
    unclear,
    with_steps,
)
from documents.fields import same_number
from documents.types import PHOTO_ID


@rule(
    reference="R19",
    group="document",
    inputs=("document.number", "SHA-256 of the images", "earlier verifications"),
    reason_code="duplicate_document",
    sentence="This document was seen before in another application, so a person will look at it.",
    fix="contact_operator",
    severity="warning",
    contexts=ANY_CONTEXT,
    defaults={"days": 365},
)
def document_used_by_one_person(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The same number or picture was not used for another person in this workspace within the last year.

    Found by a keyed hash of number, country and type, and by the hash of the picture. A number under two names always counts; otherwise only what was
    approved for another person does, so that a refused attempt with somebody's papers does not fall back on that person. The same person may come
    again. Never rejects: spouses share a lease, and a hash says nothing about who is in the right.
    """
    if not evidence.document.image_hashes and observed(evidence.document, "document.number") is None:
        return not_applicable("There is nothing to recognise the document by.")
    recent = [use for use in evidence.document.earlier_uses if use.days <= threshold["days"]]
    strange = [use for use in recent if _is_strange(use)]
    uses = [{"verification": use.verification, "same": use.same, "days": use.days, "holder": use.holder, "person": use.person} for use in strange]
    computed = {"uses": uses, "seen_before": len(recent)}
    number = observed(evidence.document, "document.number")
    return unclear(number, code="duplicate_document", computed=computed) if strange else passed(number, computed=computed)


def _is_strange(use: EarlierUse) -> bool:
    return (use.same == "number" and use.holder == "another") or (use.approved and use.person != "same")


def issuers(document: DocumentEvidence) -> set[str]:
    """The countries that a photo ID names as its issuer: as it was declared, and as it was read. Alpha-3."""
    if document.context != PHOTO_ID:
        return set()
    read = observed(document, "document.country_code")
    return {document.country, *([read.value.upper()] if read else [])}


def _matches(evidence: Evidence, kind: str) -> list[tuple[str, str]]:
    return [(entry.entry, entry.value) for entry in evidence.case.listed if entry.kind == kind]


@rule(
    reference="R19",
    group="document",
    inputs=("document.number", "document.country_code", "SHA-256 of the files", "operator's lists"),
    reason_code="document_blocked",
    sentence="This document cannot be accepted. Please contact the operator.",
    fix="contact_operator",
    contexts=ANY_CONTEXT,
    version=3,
    defaults={"confidence": CONFIDENCE},
)
def document_not_blocked(evidence: Evidence, threshold: Thresholds) -> Finding:
    """Neither the document's number, its files nor its issuing country is on the operator's lists, such as of documents reported lost or forged.

    A file is known by the SHA-256 of its bytes as they were uploaded: nothing of that is read, so that nothing of it can be in doubt.
    """
    hashes = set(evidence.document.image_hashes)
    if files := [entry for entry, value in _matches(evidence, "blocked_file") if value.strip().lower() in hashes]:
        return failed(computed={"entries": files, "same": "file"})
    number, country = observed(evidence.document, "document.number"), observed(evidence.document, "document.country_code")
    if blocked := [entry for entry, value in _matches(evidence, "blocked_country") if value.upper() in issuers(evidence.document)]:
        # What was declared alone rejects nobody.
        facts = {"entries": blocked}
        return failed_if_sure(threshold, country, computed=facts) if country else unclear(code="document_blocked", computed=facts)
    if number is None:
        return not_applicable("The document has no number to look up.")
    hits = [entry for entry, value in _matches(evidence, "blocked_document_number") if same_number(number.value, value)]
    found = failed_if_sure(threshold, number, computed={"entries": hits}) if hits else passed(number, computed={"entries": []})
    return with_steps(found, normalised_number("document", number.value))


@rule(
    reference="R19",
    group="person",
    inputs=("person.surname", "person.given_names", "person.full_name", "expected_data.person", "operator's lists"),
    reason_code="name_on_list",
    sentence="A person will look at this application.",
    fix="contact_operator",
    severity="warning",
)
def holder_not_blocked(evidence: Evidence, threshold: Thresholds) -> Finding:
    """Neither the holder nor the declared name is on the operator's list of blocked names. Never rejects: people share names."""
    said, said_values = declared_name(evidence.case)
    paths = ("person.surname", "person.given_names", "person.full_name")
    read: list[Observed] = [entry for path in paths if (entry := observed(evidence.document, path))]
    people = [("document", name_on(evidence.document)), ("declared", said)]
    known = [(side, name) for side, name in people if name]
    if not known:
        return not_applicable("There is no name to look up.")
    listed = [(entry, names.whole(value)) for entry, value in _matches(evidence, "blocked_name")]
    hits = sorted({entry for entry, blocked in listed for _, name in known if names.compare(blocked, name).grade == "A"})
    facts = (*read, *said_values)
    found = unclear(*facts, code="name_on_list", computed={"entries": hits}) if hits else passed(*facts, computed={"entries": []})
    return with_steps(found, *(normalised_name(side, name) for side, name in known))
