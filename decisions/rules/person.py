"""Rules about the holder: age and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from decisions import names
from decisions.evidence import Case, DocumentEvidence, Evidence, Observed
from decisions.rules.registry import (
    CONFIDENCE,
    Finding,
    Normalised,
    Thresholds,
    day,
    declaration,
    declared,
    failed_if_sure,
    not_applicable,
    observed,
    passed,
    rule,
    seen_by,
    sure,
    unclear,
    with_steps,
)
from documents.types import PHOTO_ID, PROOF_OF_ADDRESS

_SURE = {"confidence": CONFIDENCE}
_NAME_PATHS = ("person.surname", "person.given_names", "person.full_name")
# Where the names end in each format's line: TD1 has 30 characters, TD2 31 after its prefix, TD3 39 (9303-4 §4.2.2, 9303-5 §4.2.2, 9303-6 §4.2.2).
_NAME_LINE = {"TD1": 2, "TD2": 0, "TD3": 0, "MRVA": 0, "MRVB": 0}


@rule(
    reference="R04",
    group="person",
    inputs=("person.date_of_birth",),
    reason_code="underage",
    sentence="The holder of the document is too young for this service.",
    fix="contact_operator",
    reasons={"birth_date_missing": "No complete date of birth could be read on the document."},
    contexts=(PHOTO_ID,),
    defaults={"minimum_age": 18, "confidence": CONFIDENCE},
)
def holder_is_adult(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The holder has reached the minimum age. Minors are named on a guardian's form (PS Form 1583 item 12)."""
    entry = observed(evidence.document, "person.date_of_birth")
    born, today = day(entry), evidence.case.today
    if born is None:
        carries = "person.date_of_birth" in evidence.document.type.fields
        return unclear(entry, code="birth_date_missing") if carries else not_applicable("A document of this kind shows no date of birth.")
    # Somebody born on 29 February completes the year on 1 March.
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    facts: dict[str, Any] = {"expected": f"{threshold['minimum_age']} or more", "computed": {"age": age}}
    return passed(entry, **facts) if age >= threshold["minimum_age"] else failed_if_sure(threshold, entry, **facts)


def name_on(document: DocumentEvidence, reader: str = "") -> names.Name | None:
    """The holder's name on a document, as merged or as one reader saw it; None when it shows none."""
    values = {entry.path: entry for entry in _name_values(document, reader)}
    if surname := values.get("person.surname"):
        given = values.get("person.given_names")
        return names.structured(surname.value, given.value if given else "", cut=_cut_parts(document, surname, given))
    return names.whole(values["person.full_name"].value) if "person.full_name" in values else None


def _name_values(document: DocumentEvidence, reader: str = "") -> list[Observed]:
    """What a name is made of: its parts, or the whole name where that is surer, for a letter does not tell which of its words is the surname."""
    surname, given, whole = (_entry(document, reader, path) for path in _NAME_PATHS)
    parts = [entry for entry in (surname, given) if entry]
    if whole and (surname is None or whole.confidence > min(entry.confidence for entry in parts)):
        return [whole]
    return parts


def _entry(document: DocumentEvidence, reader: str, path: str) -> Observed | None:
    return seen_by(document, reader, path) if reader else observed(document, path)


def _cut_parts(document: DocumentEvidence, surname: Observed, given: Observed | None) -> frozenset[str]:
    """Which parts a machine readable zone or bar code had no room for (4.2.2 of 9303-4; AAMVA DDE and DDF)."""
    cut = set()
    readers = {entry.reader for entry in (surname, given) if entry}
    if "mrz" in readers and document.mrz and len(document.mrz.lines) > _NAME_LINE.get(document.mrz.format, 0):
        line = document.mrz.lines[_NAME_LINE.get(document.mrz.format, 0)]
        if not line.endswith("<"):
            cut.add("given" if "<<" in line[5:] else "surname")
    flags = elements(document)
    if "barcode" in readers:
        cut |= {part for part, names_of in (("surname", ("DDE",)), ("given", ("DDF", "DDG"))) if any(flags.get(name) == "T" for name in names_of)}
    return frozenset(cut)


def elements(document: DocumentEvidence) -> Mapping[str, Any]:
    """The raw AAMVA elements by identifier."""
    barcode: Mapping[str, Any] = document.aamva or {}
    inner = barcode.get("elements")
    return inner if isinstance(inner, Mapping) else barcode


@dataclass(frozen=True, slots=True)
class _Side:
    """One name of a comparison: where it stands, the name, and the values it was made of."""

    place: str
    name: names.Name
    inputs: Sequence[Observed]


def normalised_name(place: str, name: names.Name, text: str = "") -> Normalised:
    return Normalised(place, *names.explained(name, text))


def _judged(one: _Side, other: _Side, threshold: Thresholds) -> Finding:
    """Grade A passes, B and C are for a person, D fails. A name that was read with doubt is for a person whatever its grade."""
    match = names.compare(one.name, other.name)
    inputs = [*one.inputs, *other.inputs]
    computed = {"grade": match.grade, "why": match.why, "scores": match.scores}
    if match.grade == "A":
        found = passed(*inputs, computed=computed) if sure(threshold, *inputs) else unclear(*inputs, code="reading_uncertain", computed=computed)
    else:
        found = unclear(*inputs, computed=computed) if match.grade in "BC" else failed_if_sure(threshold, *inputs, computed=computed)
    return with_steps(found, *(normalised_name(side.place, side.name, " ".join(entry.value for entry in side.inputs)) for side in (one, other)))


@rule(
    reference="R05",
    group="person",
    inputs=("person.surname", "person.given_names", "person.full_name"),
    reason_code="name_mismatch_poa",
    sentence="The name on the proof of address differs from the name on the photo ID.",
    fix="reupload",
    cross_document=True,
    version=2,
    defaults=_SURE,
)
def names_agree(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The proof of address and the photo ID name the same person.

    Compared by tokens, not by similarity: order, initials, middle names, transliteration and truncation do not matter; nicknames and slips are for a
    person.
    """
    photo, proof = evidence.case.document(PHOTO_ID), evidence.case.document(PROOF_OF_ADDRESS)
    if photo is None or proof is None:
        return not_applicable("There is no second document to compare with.")
    one, other = name_on(photo), name_on(proof)
    if not one or not other:
        return unclear(*_name_values(photo), *_name_values(proof), code="reading_uncertain")
    return _judged(_Side("photo ID", one, _name_values(photo)), _Side("proof of address", other, _name_values(proof)), threshold)


def declared_name(case: Case) -> tuple[names.Name | None, list[Observed]]:
    """What the client declared, and the values it came from."""
    last, first = declared(case, "person", "last_name"), declared(case, "person", "first_name", "middle_name")
    parts = ("last_name", "first_name", "middle_name")
    said = [declaration("person", name, value) for name in parts if (value := declared(case, "person", name))]
    if not last and not first:
        return None, said
    return names.structured(last, first) if last and first else names.whole(last or first), said


@rule(
    reference="R06",
    group="person",
    inputs=("person.surname", "person.given_names", "person.full_name", "expected_data.person"),
    reason_code="name_mismatch_declared",
    sentence="The name on the document differs from the name you entered.",
    fix="correct_expected_data",
    version=2,
    defaults=_SURE,
)
def declared_name_agrees(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document names the person that the client declared."""
    wanted, said = declared_name(evidence.case)
    if wanted is None:
        return not_applicable("No name was declared to compare with.")
    found = name_on(evidence.document)
    if not found:
        return unclear(*said, code="reading_uncertain")
    return _judged(_Side("document", found, _name_values(evidence.document)), _Side("declared", wanted, said), threshold)


def _same_day(one: Observed, other: Observed, threshold: Thresholds, swapped_code: str) -> Finding:
    first, second = day(one), day(other)
    if first is None or second is None:
        return unclear(one, other, code="reading_uncertain")
    if first == second:
        return passed(one, other)
    swapped = (first.year, first.month, first.day) == (second.year, second.day, second.month)
    return unclear(one, other, code=swapped_code) if swapped else failed_if_sure(threshold, one, other)


_SWAPPED = {"day_and_month_swapped": "Day and month of the date of birth seem to be swapped, so a person will compare them."}


@rule(
    reference="R29",
    group="person",
    inputs=("person.date_of_birth",),
    reason_code="dob_mismatch",
    sentence="The dates of birth on the two documents differ.",
    fix="reupload",
    reasons=_SWAPPED,
    cross_document=True,
    defaults=_SURE,
)
def birth_dates_agree(evidence: Evidence, threshold: Thresholds) -> Finding:
    """Photo ID and proof of address, where both show one, give the same date of birth."""
    photo, proof = evidence.case.document(PHOTO_ID), evidence.case.document(PROOF_OF_ADDRESS)
    one, other = (observed(document, "person.date_of_birth") if document else None for document in (photo, proof))
    if one is None or other is None:
        return not_applicable("Not both documents show a date of birth.")
    return _same_day(one, other, threshold, "day_and_month_swapped")


@rule(
    reference="R06",
    group="person",
    inputs=("person.date_of_birth", "expected_data.person"),
    reason_code="dob_mismatch_declared",
    sentence="The date of birth on the document differs from the one you entered.",
    fix="correct_expected_data",
    reasons=_SWAPPED,
    defaults=_SURE,
)
def declared_birth_date_agrees(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document gives the date of birth that the client declared."""
    wanted, entry = declared(evidence.case, "person", "date_of_birth"), observed(evidence.document, "person.date_of_birth")
    if not wanted:
        return not_applicable("No date of birth was declared to compare with.")
    if entry is None:
        return not_applicable("The document shows no date of birth.")
    return _same_day(entry, declaration("person", "date_of_birth", wanted), threshold, "day_and_month_swapped")
