"""Two documents of a workspace side by side, field by field, on a client's request. It informs; it decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from rapidfuzz import fuzz

from decisions import addresses, names
from documents.cases import documents_by_case
from documents.extracted import current_values
from documents.extraction import record_comparison
from documents.fields import fold, same_number
from documents.models import Document, Extraction
from documents.readers.states import state_code
from documents.services import find_document, get_document, require_not_redacted
from documents.types import PHOTO_ID
from flows.errors import Refused
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.models import VerificationStatus
from verifications.services import Caller, find_verification

SAME = "A document is not compared with itself."
UNREAD = "Nothing was read yet on one of the documents."


@transaction.atomic
def compare_documents(*, caller: Caller, flow: str, document_id: str, reference_id: str) -> Extraction:
    """A completed record with ``comparison_results``. The reference may be any document of the caller's, whatever its flow.

    Raises Refused: document_not_found, flow_mismatch, redacted, same_document, not_extracted.
    """
    document = get_document(caller=caller, flow=flow, document_id=document_id)
    reference = find_document(caller=caller, document_id=reference_id)
    for side in (document, reference):
        require_not_redacted(side.verification, side)
    if document.pk == reference.pk:
        raise Refused("same_document", SAME, status=422, errors={"reference_document_id": [SAME]})
    started = time.monotonic()
    sides = [_values(side) for side in (document, reference)]
    if not all(sides):
        raise Refused("not_extracted", UNREAD, status=422, errors={"reference_document_id": [UNREAD]})
    results = compare_values(*sides)
    lock_verification(document.verification_id)
    row = record_comparison(document, reference, results, duration_ms=round((time.monotonic() - started) * 1000))
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="document.compared", subject=document.pk, verification=document.verification_id,
        data={"reference": reference.pk},
    )  # fmt: skip
    return row


@transaction.atomic
def compare_with_identity(*, caller: Caller, document_id: str, verification_id: str) -> Extraction:
    """A completed record of ``document`` beside what an Approved verification established of its person: the values of its photo ID, and of its other
    documents where that has none. The reference is the photo ID, else the first document.

    Raises Refused: document_not_found, verification_not_found, redacted, verification_not_approved, same_document, not_extracted.
    """
    document = find_document(caller=caller, document_id=document_id)
    identity = find_verification(caller=caller, verification_id=verification_id)
    for case in (document.verification, identity):
        if case.redacted_at is not None:
            raise Refused("redacted", "The verification's data was deleted.")
    if identity.status != VerificationStatus.APPROVED:
        raise Refused("verification_not_approved", "Only an Approved verification is somebody's identity.")
    shown = documents_by_case([identity])[identity.pk]
    ordered = sorted(shown, key=lambda entry: entry.context != PHOTO_ID)
    if document.pk in {entry.pk for entry in ordered}:
        raise Refused("same_document", SAME, status=422, errors={"verification_id": [SAME]})
    started, own = time.monotonic(), _values(document)
    known: dict[str, str] = {}
    for entry in reversed(ordered):
        known |= _values(entry)
    if not own or not known:
        raise Refused("not_extracted", UNREAD, status=422, errors={"verification_id": [UNREAD]})
    results = compare_values(own, known)
    lock_verification(document.verification_id)
    row = record_comparison(document, ordered[0], results, duration_ms=round((time.monotonic() - started) * 1000))
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="document.compared", subject=document.pk, verification=document.verification_id,
        data={"identity": identity.pk},
    )  # fmt: skip
    return row


def _values(document: Document) -> dict[str, str]:
    return {path: entry.value for path, entry in current_values(document).items() if entry.value.strip()}


def compare_values(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """By path over all fields of either: ``document``, ``reference``, ``match``, ``score`` 0..1 and ``method``; where one side lacks the field both
    ``match`` and ``score`` are None."""
    return {path: _row(path, one, other) for path in sorted({*one, *other})}


def _row(path: str, one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, Any]:
    method = _method(path)
    row: dict[str, Any] = {"document": one.get(path), "reference": other.get(path), "match": None, "score": None, "method": _NAMES[method]}
    if path in one and path in other:
        match, score = method(one[path], other[path])
        row |= {"match": match, "score": round(score, 3)}
    return row


def _name(one: str, other: str) -> tuple[bool, float]:
    return _graded(names.whole(one), names.whole(other))


def _surname(one: str, other: str) -> tuple[bool, float]:
    return _graded(names.structured(one, ""), names.structured(other, ""))


def _given_names(one: str, other: str) -> tuple[bool, float]:
    return _graded(names.structured("", one), names.structured("", other))


def _graded(one: names.Name, other: names.Name) -> tuple[bool, float]:
    """Grade A is a match; the likeness is for the eye."""
    match = names.compare(one, other)
    return match.grade == "A", match.scores["token_set"] / 100


def _address(one: str, other: str) -> tuple[bool, float]:
    found = addresses.compare(addresses.of(full=one), addresses.of(full=other))
    likeness = fuzz.token_set_ratio(addresses.plain(one), addresses.plain(other)) / 100
    return found.verdict == "pass", 1.0 if found.verdict == "pass" else likeness


def _street(one: str, other: str) -> tuple[bool, float]:
    pair = [addresses.of(street=line, city="-", postal_code="00000") for line in (one, other)]
    found = addresses.compare(*pair)
    return found.verdict == "pass", 1.0 if found.verdict == "pass" else fuzz.ratio(addresses.plain(one), addresses.plain(other)) / 100


def _state(one: str, other: str) -> tuple[bool, float]:
    pair = [state_code(text) or fold(text) for text in (one, other)]
    return pair[0] == pair[1], float(pair[0] == pair[1])


def _zip(one: str, other: str) -> tuple[bool, float]:
    """ZIP+4 is the same place as its ZIP."""
    same = fold(one).replace("-", "")[:5] == fold(other).replace("-", "")[:5] if one[:5].isdigit() else fold(one) == fold(other)
    return same, float(same)


def _number(one: str, other: str) -> tuple[bool, float]:
    return same_number(one, other), float(same_number(one, other))


def _exact(one: str, other: str) -> tuple[bool, float]:
    return one.strip() == other.strip(), float(one.strip() == other.strip())


def _text(one: str, other: str) -> tuple[bool, float]:
    return fold(one) == fold(other), fuzz.ratio(fold(one), fold(other)) / 100


_METHODS: Mapping[str, Callable[[str, str], tuple[bool, float]]] = {
    "person.full_name": _name,
    "person.surname": _surname,
    "person.given_names": _given_names,
    "address.full": _address,
    "address.street": _street,
    "address.state": _state,
    "address.zip": _zip,
    "document.number": _number,
}
_NAMES: Mapping[Callable[[str, str], tuple[bool, float]], str] = {
    _name: "name_tokens",
    _surname: "name_tokens",
    _given_names: "name_tokens",
    _address: "address_parts",
    _street: "address_parts",
    _state: "state",
    _zip: "zip",
    _number: "number",
    _exact: "exact",
    _text: "text",
}


def _method(path: str) -> Callable[[str, str], tuple[bool, float]]:
    return _METHODS.get(path) or (_exact if path.endswith(("date", "date_of_birth")) else _text)
