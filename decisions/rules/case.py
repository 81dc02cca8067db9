"""Rules about what the client told of the case: a court's protection, the witness of the signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from decisions.evidence import Evidence
from decisions.rules.registry import NOT_ASSESSED, Finding, Thresholds, declaration, failed, not_applicable, passed, rule, unclear
from documents.readers.states import MILITARY, US_STATES, state_code
from documents.types import PHOTO_ID

_KINDS = ("cmra_owner", "cmra_manager", "cmra_employee", "notary")
_MODES = ("in_person", "real_time_av")
_COMMISSION = ("commission_jurisdiction", "commission_number", "commission_expires_on")


@rule(
    reference="R31",
    group="person",
    inputs=("expected_data.person",),
    reason_code="protected_individual",
    sentence="A person will look at this application, because it concerns somebody whom a court protects.",
    fix="contact_operator",
    severity="warning",
    contexts=(PHOTO_ID,),
)
def holder_not_court_protected(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The applicant is not under a court's protection (PS Form 1583 item 4k).

    Somebody who is needs a copy of the order and restricted access, so a person takes the case.
    """
    said = (evidence.case.expected.get("person") or {}).get("protected")
    if said is None:
        return not_applicable(f"Court protection was not declared: {NOT_ASSESSED}.")
    entry = declaration("person", "protected", "yes" if said else "no")
    return unclear(entry, code="protected_individual") if said else passed(entry)


@rule(
    reference="R32",
    group="person",
    inputs=("expected_data.witness",),
    reason_code="witness_not_accepted",
    sentence="The signature's witness is not one that USPS accepts: an authorized employee, or a notary commissioned in the USA.",
    fix="contact_operator",
    reasons={"witness_incomplete": "The record of the signature's witness is incomplete, so a person will look at it."},
    severity="warning",
    contexts=(PHOTO_ID,),
)
def signature_witnessed(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The signature was witnessed by an authorized employee, in person or by live video, or by a notary commissioned in the USA (DMM 508.1.8.3a3).

    Documents are judged without it: where no witness was recorded the rule does not apply, and a PS Form 1583 is not complete.
    """
    record: Mapping[str, Any] = evidence.case.expected.get("witness") or {}
    if not record:
        return not_applicable(f"The signature's witness: {NOT_ASSESSED}. A PS Form 1583 is not complete without one.")
    values = [declaration("witness", name, str(value)) for name, value in sorted(record.items()) if value]
    missing, wrong = witness_gaps(record, evidence.case.today)
    if missing:
        return unclear(*values, code="witness_incomplete", expected=list(_wanted(record)), computed={"missing": missing})
    return failed(*values, computed={"wrong": wrong}) if wrong else passed(*values, computed={"wrong": []})


def witness_gaps(record: Mapping[str, Any], today: date) -> tuple[list[str], list[str]]:
    """What a witness record lacks, and what in a whole one USPS does not accept."""
    missing = [name for name in _wanted(record) if not record.get(name)]
    return missing, [] if missing else _wrong(record, today)


def _wanted(record: Mapping[str, Any]) -> tuple[str, ...]:
    return ("kind", "mode", "name", "signed_at", *(_COMMISSION if record.get("kind") == "notary" else ()))


def _wrong(record: Mapping[str, Any], today: date) -> list[str]:
    signed = date.fromisoformat(str(record["signed_at"])[:10])
    found = {
        "kind": record["kind"] not in _KINDS,
        "mode": record["mode"] not in _MODES,
        "signed_at": signed > today,
    }
    if record["kind"] == "notary":
        state = state_code(str(record["commission_jurisdiction"]))
        found["commission_jurisdiction"] = state is None or state not in US_STATES or state in MILITARY
        found["commission_expires_on"] = date.fromisoformat(str(record["commission_expires_on"])) < signed
    return [name for name, is_wrong in found.items() if is_wrong]
