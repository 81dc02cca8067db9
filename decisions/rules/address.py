"""Rules about the home address and the paper that proves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from decisions import addresses
from decisions.evidence import Case, DocumentEvidence, Evidence, Observed
from decisions.rules.registry import (
    CONFIDENCE,
    Finding,
    Normalised,
    Thresholds,
    day,
    declaration,
    declared,
    failed,
    failed_if_sure,
    not_applicable,
    observed,
    passed,
    rule,
    sure,
    unclear,
    with_steps,
)
from documents.types import PROOF_OF_ADDRESS

_SURE = {"confidence": CONFIDENCE}
_PARTS = ("street", "street2", "city", "state", "postal_code", "country")
_PATHS = ("address.street", "address.city", "address.state", "address.zip")


def declared_address(case: Case) -> tuple[addresses.Address | None, list[Observed]]:
    """What the client declared, and the values it came from."""
    parts = {name: declared(case, "address", name) for name in _PARTS}
    if not parts["street"]:
        return None, []
    return addresses.of(**parts), [declaration("address", name, value) for name, value in parts.items() if value]


def read_address(document: DocumentEvidence) -> tuple[addresses.Address | None, list[Observed]]:
    """From the parts, where there is a street; else from the whole line."""
    found = {path: entry for path in _PATHS if (entry := observed(document, path))}
    country = observed(document, "address.country")
    place = country.value if country else "USA"
    if "address.street" in found:
        street, city, state, code = (found[path].value if path in found else "" for path in _PATHS)
        return addresses.of(street=street, city=city, state=state, postal_code=code, country=place), list(found.values())
    line = observed(document, "address.full")
    return (addresses.of(full=line.value, country=place), [line]) if line else (None, [])


@rule(
    reference="R07",
    group="address",
    inputs=("address.full", "address.street", "address.city", "address.state", "address.zip", "address.country", "expected_data.address"),
    reason_code="address_mismatch",
    sentence="The address on the document differs from the one you entered.",
    fix="correct_expected_data",
    reasons={
        "address_missing": "No address could be read on the document.",
        "address_nearly_agrees": "The addresses are nearly the same, so a person will compare them.",
    },
    contexts=(PROOF_OF_ADDRESS,),
    defaults={"likeness_abroad": 90.0, **_SURE},
)
def declared_address_agrees(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The proof of address shows the home address that the client declared (PS Form 1583 items 4f-4j and 9b-9f).

    House number, street, unit and ZIP by Publication 28; spelling does not matter, and the city may be called by another name of the same ZIP.
    Abroad house number and postal code must be equal and the rest alike. No address at all is a doubt: perhaps it is there and could not be read.
    """
    wanted, said = declared_address(evidence.case)
    if wanted is None:
        return not_applicable("No address was declared to compare with.")
    found, read = read_address(evidence.document)
    if not found:
        return unclear(*said, code="address_missing")
    match = addresses.compare(wanted, found, likeness=threshold["likeness_abroad"])
    computed = {"different": list(match.differences), "missing": list(match.missing)}
    steps = [Normalised(side, *addresses.explained(address)) for side, address in (("document", found), ("declared", wanted))]
    if match.verdict == "pass":
        return with_steps(passed(*read, *said, computed=computed), *steps)
    if match.verdict == "unclear":
        return with_steps(unclear(*read, *said, code="address_nearly_agrees", computed=computed), *steps)
    return with_steps(failed_if_sure(threshold, *read, *said, computed=computed), *steps)


def _home_lines(evidence: Evidence) -> list[Observed]:
    """Street lines of the home: what was declared and what the document shows."""
    said = [declaration("address", name, value) for name in ("street", "street2") if (value := declared(evidence.case, "address", name))]
    read = observed(evidence.document, "address.street") or observed(evidence.document, "address.full")
    return [*said, read] if read else said


@rule(
    reference="R08",
    group="address",
    inputs=("address.street", "address.full", "expected_data.address"),
    reason_code="po_box_home",
    sentence="The home address must be a street address, not a post office box.",
    fix="correct_expected_data",
    contexts=(PROOF_OF_ADDRESS,),
    defaults=_SURE,
)
def home_is_not_po_box(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The home address is no post office box (Publication 28 §28). Rural, highway-contract and military boxes are homes."""
    lines = _home_lines(evidence)
    if not lines:
        return not_applicable("There is no home address to look at.")
    boxes = [entry for entry in lines if addresses.is_po_box(entry.value)]
    return _failed_by_any(threshold, [[entry] for entry in boxes]) if boxes else passed(*lines)


def _failed_by_any(threshold: Thresholds, hits: Sequence[Sequence[Observed]]) -> Finding:
    """A fail when one of the hits was declared or read with certainty, whatever doubts there are about the others."""
    certain = [values for values in hits if sure(threshold, *values)]
    if certain:
        return failed(*(entry for values in certain for entry in values))
    return unclear(*(entry for values in hits for entry in values), code="reading_uncertain")


@rule(
    reference="R09",
    group="address",
    inputs=(
        "address.full",
        "address.street",
        "address.city",
        "address.state",
        "address.zip",
        "address.country",
        "expected_data.address",
        "operator's lists",
    ),
    reason_code="cmra_home",
    sentence="The home address must be where you live, not a rented mailbox.",
    fix="correct_expected_data",
    reasons={"address_of_known_cmra": "The home address is that of a business that rents mailboxes, so a person will check it."},
    contexts=(PROOF_OF_ADDRESS,),
    defaults={"own_addresses": [], "known_addresses": [], **_SURE},
)
def home_is_not_cmra(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The home address is no rented mailbox: no PMB (Publication 28 §284), not the operator's own address, not one on its list.

    Addresses come from the operator's lists and from the flow (``own_addresses`` and ``known_addresses``, lines such as ``200 Main St, Austin TX
    78701``). USPS's own CMRA flag needs a licensed service and is not assessed.
    """
    lines = _home_lines(evidence)
    if not lines:
        return not_applicable("There is no home address to look at.")
    boxes = [entry for entry in lines if addresses.is_private_mailbox(entry.value)]
    if boxes:
        return _failed_by_any(threshold, [[entry] for entry in boxes])
    places = [place for place in (declared_address(evidence.case), read_address(evidence.document)) if place[0]]
    own, known = _on_list(evidence, "own_address", threshold["own_addresses"]), _on_list(evidence, "known_cmra_address", threshold["known_addresses"])
    at_own = [values for home, values in places if home and any(_same_house(home, line) for line in own)]
    if at_own:
        return _failed_by_any(threshold, at_own)
    at_known = any(_same_house(home, line) for home, _ in places if home for line in known)
    return unclear(*lines, code="address_of_known_cmra") if at_known else passed(*lines)


def _on_list(evidence: Evidence, kind: str, of_flow: Sequence[str]) -> list[str]:
    return [*of_flow, *(entry.value for entry in evidence.case.listed if entry.kind == kind)]


def _same_house(home: addresses.Address, line: str) -> bool:
    other = addresses.of(full=line)
    return bool(home.number) and (home.number, home.street, home.postal_code) == (other.number, other.street, other.postal_code)


@rule(
    reference="R23",
    group="address",
    inputs=("statement.date", "document.issue_date"),
    reason_code="statement_too_old",
    sentence="The document is too old. Please upload a recent one.",
    fix="reupload",
    reasons={
        "statement_date_missing": "No date could be read on the document.",
        "statement_nearly_too_old": "The document is slightly too old, so a person will decide.",
    },
    contexts=(PROOF_OF_ADDRESS,),
    defaults={"max_age_days": None, "days_over": 7, "confidence": CONFIDENCE},
)
def statement_recent(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The statement is recent: 90 days for bills and bank statements, 180 for letters of authorities, or what the flow says.

    Applies to papers that prove an address only while they are fresh; none of USPS's six address IDs is one.
    """
    limit = evidence.document.type.max_age_days
    if limit is None:
        return not_applicable("A document of this kind has no greatest age.")
    limit = threshold["max_age_days"] or limit
    entry = observed(evidence.document, "statement.date") or observed(evidence.document, "document.issue_date")
    dated = day(entry)
    if dated is None:
        return unclear(entry, code="statement_date_missing")
    age = (evidence.case.today - dated).days
    facts: dict[str, Any] = {"expected": f"at most {limit} days", "computed": {"age_days": age}}
    if age <= limit:
        return passed(entry, **facts)
    return (
        unclear(entry, code="statement_nearly_too_old", **facts)
        if age <= limit + threshold["days_over"]
        else failed_if_sure(threshold, entry, **facts)
    )


@rule(
    reference="R27",
    group="address",
    inputs=("address.state", "address.zip"),
    reason_code="zip_state_mismatch",
    sentence="The ZIP code does not belong to the state of the address, so a person will check it.",
    fix="correct_expected_data",
    severity="warning",
)
def zip_matches_state(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The ZIP code belongs to the state of the address. Never rejects: forwarding ZIPs and slips of the pen are common."""
    state, code = observed(evidence.document, "address.state"), observed(evidence.document, "address.zip")
    if state is None or code is None:
        return not_applicable("The document shows no state and ZIP code.")
    belongs = addresses.zip_belongs_to(state.value, code.value)
    if belongs is None:
        return not_applicable("The address is not one of the USA.")
    return passed(state, code) if belongs else unclear(state, code, code="zip_state_mismatch")


@rule(
    reference="1583-9g",
    group="address",
    inputs=("declared type",),
    reason_code="address_id_not_on_usps_list",
    sentence=(
        "USPS does not list this kind of document as proof of address. It lists: driver's or nondriver's ID card, current lease, "
        "home or vehicle insurance policy, mortgage or deed of trust, vehicle registration card, voter card."
    ),
    fix="reupload",
    severity="warning",
    contexts=(PROOF_OF_ADDRESS,),
)
def usps_address_id_accepted(evidence: Evidence, threshold: Thresholds) -> Finding:
    """The document is one of the six address IDs of PS Form 1583 item 9g. Utility bills were removed in 2022 (Postal Bulletin 22613)."""
    kind = evidence.document.type
    return passed(computed={"box": kind.category}) if kind.category else failed(computed={"type": kind.kind})
