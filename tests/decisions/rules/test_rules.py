"""Every rule against evidence that makes it pass, doubt, fail and stand aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest

from decisions.evidence import (
    Case,
    Classified,
    DocumentEvidence,
    EarlierUse,
    Evidence,
    FaceComparison,
    Listed,
    MrzEvidence,
    Observed,
    SideQuality,
)
from decisions.rules import registry
from documents.readers.states import ISSUERS, NUMBER_PATTERNS, US_STATES
from documents.types import DOCUMENT_TYPES, PHOTO_ID, PROOF_OF_ADDRESS, SELFIE
from flows import catalogue

TODAY = date(2026, 6, 15)
PASSPORT, LICENCE, UNIFORMED, RESIDENT, LICENCE_AS_PROOF = 1, 2, 5, 11, 21
LEASE, INSURANCE, MORTGAGE, REGISTRATION, BILL, SELFIE_TYPE = 24, 26, 27, 29, 41, 61
GOOD = SideQuality("front", 1500, 400.0, 0.0, 140.0)


def seen(values: Mapping[str, Any], reader: str = "ocr", document: str = "doc_1") -> dict[str, Observed]:
    """``{"path": value}`` or ``{"path": (value, confidence)}``."""
    pairs = {path: value if isinstance(value, tuple) else (value, 0.97) for path, value in values.items()}
    return {path: Observed(path, value, reader, document, confidence) for path, (value, confidence) in pairs.items()}


def paper(
    type_id: int, values: Mapping[str, Any] | None = None, *, readers: Mapping[str, Mapping[str, Any]] | None = None, **more: Any
) -> DocumentEvidence:
    kind = DOCUMENT_TYPES[type_id]
    given = {"country": "USA", "extracted": True, "faces": None, **more}
    by_reader = {reader: seen(found, reader) for reader, found in (readers or {}).items()}
    return DocumentEvidence(f"doc_{type_id}", kind.context, kind, fields=seen(values or {}), by_reader=by_reader, **given)


def of(document: DocumentEvidence, *others: DocumentEvidence, expected: Mapping[str, Any] | None = None, listed: Sequence[Listed] = ()) -> Evidence:
    return Evidence(Case("usps1583", TODAY, expected or {}, (document, *others), tuple(listed)), document)


def photo(**values: Any) -> DocumentEvidence:
    return paper(LICENCE, {path.replace("__", "."): value for path, value in values.items()})


def person(surname: str, given: str) -> dict[str, str]:
    return {"person.surname": surname, "person.given_names": given}


def home(street: str, city: str = "Albany", state: str = "New York", code: str = "12207") -> dict[str, str]:
    return {"address.street": street, "address.city": city, "address.state": state, "address.zip": code}


HOME = {"address": {"street": "123 Main St", "city": "Albany", "state": "NY", "postal_code": "12207", "country": "USA"}}
HOMER = {"person": {"first_name": "Homer", "middle_name": "Jay", "last_name": "Simpson", "date_of_birth": "1980-05-12"}}
MRZ = MrzEvidence("TD3", ("P<USASIMPSON<<HOMER<JAY<<<<<<<<<<<<<<<<<<<<<", "5607638869USA8005126M2804213<<<<<<<<<<<<<<<0"), confidence=0.97)
PRINTED = {
    "document.number": "560763886",
    "person.date_of_birth": "1980-05-12",
    "document.expiration_date": "2028-04-21",
    **person("SIMPSON", "HOMER JAY"),
}
CARD = {**PRINTED, "document.number": "A1234567", "address.zip": "12207"}
ELEMENTS = {"iin": "636014", "elements": {"DAJ": "CA", "DDE": "N"}}


@dataclass(frozen=True)
class Row:
    rule: str
    verdict: str
    evidence: Evidence
    code: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def with_name(name: str) -> Evidence:
    proof = paper(LEASE, {"person.full_name": name})
    return of(proof, photo(person__surname="SIMPSON", person__given_names="HOMER JAY"))


def named(surname: str, given: str, proof: str) -> Evidence:
    return of(paper(LEASE, {"person.full_name": proof}), paper(LICENCE, person(surname, given)))


def quality(**changes: Any) -> tuple[SideQuality, ...]:
    return (replace(GOOD, **changes),)


def zones(reader: str, **changes: Any) -> DocumentEvidence:
    """A card or passport whose print is as ``CARD``, its zone the same but for ``changes``."""
    machine = {**(PRINTED if reader == "mrz" else CARD), **{path.replace("__", "."): value for path, value in changes.items()}}
    readers = {reader: machine, "ocr": PRINTED if reader == "mrz" else CARD}
    return paper(PASSPORT, PRINTED, readers=readers, mrz=MRZ) if reader == "mrz" else paper(LICENCE, CARD, readers=readers, aamva=ELEMENTS)


def weak(reader: str, path: str, value: str) -> DocumentEvidence:
    """The same with one printed value that was read with doubt and differs."""
    document = zones(reader)
    return replace(document, by_reader={**document.by_reader, "ocr": {**document.by_reader["ocr"], **seen({path: (value, 0.6)})}})


def both_sides(front: str, back: str, *, front_shows: str = "front") -> Evidence:
    measured = (replace(GOOD, shows=front_shows, phash=front), replace(GOOD, side="back", shows="back", phash=back))
    return of(paper(LICENCE, image_hashes=("aa", "bb"), quality=measured))


def selfie(level: str, score: float | None, px: int = 200, quality: float | None = 0.9) -> Evidence:
    match = FaceComparison(level, score, 0.4, "dlib", "doc_61", "20.0.1")
    found = {"faces": 1, "face_px": px, "face_quality": quality}
    return of(paper(SELFIE_TYPE, **found), paper(LICENCE, face_comparison=match, **found))


def expiry(type_id: int, value: Any) -> Evidence:
    return of(paper(type_id, {"document.expiration_date": value} if value else {}))


def dates(type_id: int, birth: str, issued: str, expires: str) -> Evidence:
    return of(paper(type_id, {"person.date_of_birth": birth, "document.issue_date": issued, "document.expiration_date": expires}))


NOTARY = {
    "kind": "notary", "commission_jurisdiction": "Puerto Rico", "commission_number": "12-3", "commission_expires_on": "2028-01-31",
    "signed_at": "2026-06-10",
}  # fmt: skip


def use(same: str, *, days: int = 3, holder: str = "same", person: str = "same", approved: bool = True) -> EarlierUse:
    return EarlierUse("ver_2", "doc_2", same, days, holder, person, approved)


def seen_before(*uses: EarlierUse) -> Evidence:
    return of(paper(LICENCE, CARD, image_hashes=("aa",), earlier_uses=uses))


def FILE(sha256: str) -> Listed:
    return Listed("lst_1", "blocked_file", sha256)


def BLOCKED(number: str) -> Listed:
    return Listed("lst_1", "blocked_document_number", number)


def NAMED(name: str) -> Listed:
    return Listed("lst_1", "blocked_name", name)


def AT(kind: str) -> Listed:
    return Listed("lst_1", kind, "123 Main Street, Albany, NY 12207")


def witness(**changes: str) -> Evidence:
    record = {"kind": "cmra_employee", "mode": "real_time_av", "name": "Apu N", "signed_at": "2026-06-15", **changes}
    return of(photo(), expected={"witness": record})


def arizona(expires: str) -> Evidence:
    values = {"document.issuing_entity": "Arizona", "person.date_of_birth": "1980-05-12", "document.issue_date": "2010-06-01"}
    return of(paper(LICENCE, {**values, "document.expiration_date": expires}))


def card_with_address(machine: str, printed: str) -> DocumentEvidence:
    place = {"address.city": "Springfield", "address.state": "OR", "address.zip": "97477"}
    readers = {"barcode": {**CARD, **place, "address.street": machine}, "ocr": {**CARD, **place, "address.street": printed}}
    return paper(LICENCE, CARD, readers=readers, aamva=ELEMENTS)


def issuer(**elements: str) -> Evidence:
    aamva = {**ELEMENTS, "elements": {**ELEMENTS["elements"], **elements}}
    return of(paper(LICENCE, readers={"ocr": {"document.issuing_entity": "California"}}, aamva=aamva))


ROWS = [
    # R01
    Row("document_unexpired", "pass", expiry(PASSPORT, "2026-06-15"), note="valid through the printed day"),
    Row("document_unexpired", "pass", expiry(UNIFORMED, "INDEF")),
    Row("document_unexpired", "pass", expiry(PASSPORT, "2026-06-10"), overrides={"grace_days": 5}),
    Row("document_unexpired", "unclear", expiry(PASSPORT, "INDEF"), "expiry_indefinite"),
    Row("document_unexpired", "unclear", expiry(PASSPORT, ""), "expiry_missing"),
    Row("document_unexpired", "unclear", expiry(UNIFORMED, "2030"), "expiry_missing", note="a year is no date"),
    Row("document_unexpired", "unclear", expiry(PASSPORT, ("2026-06-14", 0.84)), "reading_uncertain"),
    Row("document_unexpired", "unclear", expiry(PASSPORT, ("2030-06-14", 0.84)), "reading_uncertain"),
    Row("document_unexpired", "pass", expiry(LEASE, ("2026-09-01", 0.7)), note="doubtful, but none is required"),
    Row("document_unexpired", "unclear", expiry(INSURANCE, ("2026-06-14", 0.7)), "reading_uncertain"),
    Row("document_unexpired", "unclear", expiry(LEASE, "2026-06-01"), "lease_term_ended"),
    Row("document_unexpired", "fail", expiry(PASSPORT, "2026-06-14"), "document_expired"),
    Row("document_unexpired", "fail", expiry(INSURANCE, "2026-06-14"), "document_expired"),
    Row("document_unexpired", "not_applicable", expiry(MORTGAGE, "")),
    Row("document_unexpired", "not_applicable", expiry(RESIDENT, ""), note="cards of 1977-89 have none"),
    # R02
    Row("issue_date_not_in_future", "pass", of(paper(LICENCE, {"document.issue_date": "2026-06-15"}))),
    Row("issue_date_not_in_future", "unclear", of(paper(LICENCE, {"document.issue_date": "2026-06-22"})), "issued_within_days"),
    Row("issue_date_not_in_future", "unclear", of(paper(BILL, {"statement.date": ("2027-06-23", 0.5)})), "reading_uncertain"),
    Row("issue_date_not_in_future", "fail", of(paper(LICENCE, {"document.issue_date": "2026-06-23"})), "document_not_yet_valid"),
    Row("issue_date_not_in_future", "not_applicable", of(paper(LICENCE))),
    # R03
    Row("dates_consistent", "pass", dates(PASSPORT, "1980-05-12", "2018-04-22", "2028-04-21")),
    Row("dates_consistent", "pass", dates(PASSPORT, "1980-05-12", "2018-04-22", "2028-04-22")),
    Row("dates_consistent", "unclear", dates(PASSPORT, "1980-05-12", "2018-04-22", "2030-04-21"), "validity_unusual"),
    Row("dates_consistent", "fail", dates(LICENCE, "1980-05-12", "1979-04-22", "2030-04-21"), "dates_inconsistent"),
    Row("dates_consistent", "unclear", dates(LICENCE, "1980-05-12", ("1979-04-22", 0.5), "2030-04-21"), "reading_uncertain"),
         # type: ignore[arg-type]
    Row("dates_consistent", "not_applicable", of(paper(LICENCE, {"document.issue_date": "2020-01-01"}))),
    # R04
    Row("holder_is_adult", "pass", of(photo(person__date_of_birth="2008-06-15")), note="the birthday itself"),
    Row("holder_is_adult", "unclear", of(photo()), "birth_date_missing"),
    Row("holder_is_adult", "unclear", of(photo(person__date_of_birth=("2012-06-15", 0.7))), "reading_uncertain"),
    Row("holder_is_adult", "fail", of(photo(person__date_of_birth="2008-06-16")), "underage"),
    Row("holder_is_adult", "fail", of(photo(person__date_of_birth="2007-01-01")), "underage", {"minimum_age": 21}),
    Row("holder_is_adult", "not_applicable", of(paper(7))),
    Row("holder_is_adult", "not_applicable", of(paper(BILL)), note="another context"),
    # R05
    Row("names_agree", "pass", with_name("Homer J Simpson")),
    Row("names_agree", "pass", with_name("SIMPSON HOMER")),
    Row("names_agree", "unclear", with_name("Homer Bart Simpson"), "name_mismatch_poa"),
    Row("names_agree", "unclear", of(paper(BILL), photo(person__surname="SIMPSON")), "reading_uncertain"),
    Row("names_agree", "unclear", of(paper(LEASE, {"person.full_name": "Daniela Lee"}), paper(LICENCE, person("LEE", "DANIEL"))),
        "name_mismatch_poa"),
    Row("names_agree", "unclear", of(paper(BILL, {"person.full_name": ("Marge Bouvier", 0.6)}), paper(LICENCE, person("LEE", "DANIEL"))),
        "reading_uncertain"),
    Row("names_agree", "fail", with_name("Marge Simpson"), "name_mismatch_poa"),
    Row("names_agree", "unclear", of(paper(LEASE, {"person.full_name": ("Homer Simpson", 0.84)}), photo(person__surname="SIMPSON",
        person__given_names="HOMER")), "reading_uncertain", note="equal, but read with doubt"),
    Row("names_agree", "pass", of(paper(LEASE, {"person.full_name": ("Homer Simpson", 0.85)}), photo(person__surname="SIMPSON",
        person__given_names="HOMER"))),
    Row("names_agree", "pass", of(paper(LEASE, {"person.full_name": ("Homer Simpson", 0.87), "person.surname": ("Simpson", 0.78),
        "person.given_names": ("Homer", 0.78)}), paper(LICENCE, person("SIMPSON", "HOMER"))), note="the whole name is surer than its guessed parts"),
    Row("names_agree", "not_applicable", of(paper(LEASE, {"person.full_name": "Homer Simpson"}))),
    # R06
    Row("declared_name_agrees", "pass", of(photo(person__surname="SIMPSON", person__given_names="HOMER J"), expected=HOMER)),
    Row("declared_name_agrees", "unclear", of(photo(person__surname="SIMSON", person__given_names="HOMER"), expected=HOMER),
        "name_mismatch_declared"),
    Row("declared_name_agrees", "unclear", of(photo(), expected=HOMER), "reading_uncertain"),
    Row("declared_name_agrees", "unclear", of(photo(person__surname=("SIMPSON", 0.84), person__given_names="HOMER JAY"), expected=HOMER),
        "reading_uncertain", note="equal, but read with doubt"),
    Row("declared_name_agrees", "fail", of(photo(person__surname="SIMPSON", person__given_names="MARGE"), expected=HOMER), "name_mismatch_declared"),
    Row("declared_name_agrees", "not_applicable", of(photo(person__surname="SIMPSON"))),
    Row("declared_birth_date_agrees", "pass", of(photo(person__date_of_birth="1980-05-12"), expected=HOMER)),
    Row("declared_birth_date_agrees", "unclear", of(photo(person__date_of_birth="1980-12-05"), expected=HOMER), "day_and_month_swapped"),
    Row("declared_birth_date_agrees", "fail", of(photo(person__date_of_birth="1981-05-12"), expected=HOMER), "dob_mismatch_declared"),
    Row("declared_birth_date_agrees", "not_applicable", of(photo(person__date_of_birth="1981-05-12"))),
    Row("declared_number_agrees", "pass", of(photo(document__number="A123 4567"), expected={"documents": {"photo_id": {"number": "a1234567"}}})),
    Row("declared_number_agrees", "unclear", of(photo(), expected={"documents": {"photo_id": {"number": "a1234567"}}}), "reading_uncertain"),
    Row("declared_number_agrees", "fail", of(photo(document__number="B1"), expected={"documents": {"photo_id": {"number": "A1"}}}),
        "document_number_mismatch_declared"),
    Row("declared_number_agrees", "not_applicable", of(photo(document__number="B1"), expected={"documents": {"proof_of_address": {"number": "A1"}}})),
    # R07
    Row("declared_address_agrees", "pass", of(paper(LEASE, home("123 MAIN STREET")), expected=HOME)),
    Row("declared_address_agrees", "pass", of(paper(LEASE, {"address.full": "123 MAIN STREET, ALBANY, NY 12207-0001"}), expected=HOME)),
    Row("declared_address_agrees", "unclear", of(paper(LEASE, home("123 MAIN ST APT 4")), expected=HOME), "address_nearly_agrees"),
    Row("declared_address_agrees", "unclear", of(paper(LEASE, home("123 MAIN ST", "Albany", "Tennessee")), expected=HOME), "address_nearly_agrees"),
    Row("declared_address_agrees", "unclear", of(paper(INSURANCE), expected=HOME), "address_missing"),
    Row("declared_address_agrees", "unclear", of(paper(LEASE, {**home("9 ELM ST"), "address.street": ("9 ELM ST", 0.5)}), expected=HOME),
        "reading_uncertain"),
    Row("declared_address_agrees", "fail", of(paper(LEASE, home("125 MAIN ST")), expected=HOME), "address_mismatch"),
    Row("declared_address_agrees", "not_applicable", of(paper(LEASE, home("125 MAIN ST")))),
    # R08, R09
    Row("home_is_not_po_box", "pass", of(paper(LEASE, home("RR 2 Box 15")))),
    Row("home_is_not_po_box", "pass", of(paper(LEASE, home("123 Main St")), expected=HOME)),
    Row("home_is_not_po_box", "unclear", of(paper(LEASE, {"address.street": ("PO Box 4", 0.6)})), "reading_uncertain"),
    Row("home_is_not_po_box", "fail", of(paper(LEASE), expected={"address": {"street": "P.O. Box 12"}}), "po_box_home"),
    Row("home_is_not_po_box", "not_applicable", of(paper(LEASE))),
    Row("home_is_not_cmra", "pass", of(paper(LEASE, home("123 Main St # 45")))),
    Row("home_is_not_cmra", "unclear", of(paper(LEASE, home("123 Main St"))), "address_of_known_cmra",
        {"known_addresses": ["123 Main St, Albany NY 12207"]}),
    Row("home_is_not_cmra", "fail", of(paper(LEASE, home("123 Main St"))), "cmra_home", {"own_addresses": ["123 MAIN STREET, Albany NY 12207"]}),
    Row("home_is_not_cmra", "fail", of(paper(LEASE, home("123 Main St PMB 45"))), "cmra_home"),
    Row("home_is_not_cmra", "not_applicable", of(paper(LEASE))),
    # R10
    Row("mrz_check_digits_hold", "pass", of(paper(PASSPORT, mrz=MRZ))),
    Row("mrz_check_digits_hold", "unclear", of(paper(PASSPORT)), "mrz_unreadable"),
    Row("mrz_check_digits_hold", "unclear", of(paper(PASSPORT, mrz=replace(MRZ, repairs=1))), "mrz_repaired"),
    Row("mrz_check_digits_hold", "unclear", of(paper(PASSPORT, mrz=replace(MRZ, failed_checks=("birth",)))), "mrz_check_digit_doubtful"),
    Row("mrz_check_digits_hold", "unclear", of(paper(PASSPORT, mrz=replace(MRZ, failed_checks=("number", "composite"), confidence=0.8))),
        "mrz_check_digit_doubtful"),
    Row("mrz_check_digits_hold", "fail", of(paper(PASSPORT, mrz=replace(MRZ, failed_checks=("number", "composite")))), "mrz_check_digits_wrong"),
    Row("mrz_check_digits_hold", "not_applicable", of(paper(LICENCE))),
    # R11, R12, R13
    Row("mrz_agrees_with_print", "pass", of(zones("mrz"))),
    Row("mrz_agrees_with_print", "unclear", of(zones("mrz", person__surname="SIMPSONE")), "mrz_name_differs"),
    Row("mrz_agrees_with_print", "unclear", of(weak("mrz", "document.number", "560763880")), "reading_uncertain"),
    Row("mrz_agrees_with_print", "unclear", of(replace(zones("mrz", document__number="X1"), mrz=replace(MRZ, failed_checks=("number",)))),
        "reading_uncertain"),
    Row("mrz_agrees_with_print", "fail", of(zones("mrz", document__number="560763880")), "mrz_viz_mismatch"),
    Row("mrz_agrees_with_print", "not_applicable", of(paper(PASSPORT, PRINTED))),
    Row("barcode_agrees_with_print", "pass", of(zones("barcode", document__number="A 123-4567", address__zip="12207-1234"))),
    Row("barcode_agrees_with_print", "unclear", of(paper(LICENCE, CARD)), "barcode_unreadable"),
    Row("barcode_agrees_with_print", "unclear", of(zones("barcode", address__zip="90210")), "barcode_name_or_address_differs"),
    Row("barcode_agrees_with_print", "unclear", of(weak("barcode", "person.date_of_birth", "1990-05-12")), "reading_uncertain"),
    Row("barcode_agrees_with_print", "fail", of(zones("barcode", person__date_of_birth="1990-05-12")), "barcode_front_mismatch"),
    Row("barcode_agrees_with_print", "not_applicable", of(paper(LEASE))),
    Row("issuer_agrees_with_barcode", "pass", of(paper(LICENCE, readers={"ocr": {"document.issuing_entity": "California"}}, aamva=ELEMENTS))),
    Row("issuer_agrees_with_barcode", "unclear", of(paper(LICENCE, aamva={"iin": "999999"})), "issuer_unknown"),
    Row("issuer_agrees_with_barcode", "unclear", of(paper(LICENCE, readers={"ocr": {"document.issuing_entity": ("Texas", 0.5)}}, aamva=ELEMENTS)),
        "reading_uncertain"),
    Row("issuer_agrees_with_barcode", "fail", of(paper(LICENCE, readers={"ocr": {"document.issuing_entity": "Texas"}}, aamva=ELEMENTS)),
        "aamva_jurisdiction_mismatch"),
    Row("issuer_agrees_with_barcode", "not_applicable", of(paper(LICENCE))),
    # R14
    Row("document_number_well_formed", "pass", of(photo(document__number="A1234567", document__issuing_entity="California"))),
    Row("document_number_well_formed", "unclear", of(photo(document__number="12345678", document__issuing_entity="California")),
        "document_number_format"),
    Row("document_number_well_formed", "unclear", of(photo(document__number="12345678", document__issuing_entity="Guam")), "number_format_unknown"),
    Row("document_number_well_formed", "not_applicable", of(paper(PASSPORT, PRINTED))),
    # R15, R16
    Row("country_as_declared", "pass", of(paper(PASSPORT, mrz=MRZ))),
    Row("country_as_declared", "pass", of(paper(LICENCE, readers={"barcode": {"document.country_code": "USA"}}, country="PRI")), note="territory"),
    Row("country_as_declared", "pass", of(paper(PASSPORT, mrz=replace(MRZ, lines=("P<D<<MUSTERMANN<<ERIKA", "")), country="DEU"))),
    Row("country_as_declared", "unclear", of(paper(PASSPORT, mrz=replace(MRZ, lines=("P<UNOSIMPSON<<HOMER", "")))), "country_uncertain"),
    Row("country_as_declared", "unclear", of(paper(LICENCE, classified=Classified("driver_license", "CAN", 0.7))), "country_uncertain"),
    Row("country_as_declared", "fail", of(paper(PASSPORT, mrz=MRZ, country="CAN")), "country_mismatch"),
    Row("country_as_declared", "fail", of(paper(LICENCE, classified=Classified("driver_license", "CAN", 0.9))), "country_mismatch"),
    Row("country_as_declared", "not_applicable", of(paper(LEASE, classified=Classified("lease", "CAN", 0.9)))),
    Row("type_as_declared", "pass", of(paper(PASSPORT, classified=Classified("passport", "USA", 0.6)))),
    Row("type_as_declared", "unclear", of(paper(PASSPORT, classified=Classified("nexus", "USA", 0.79))), "type_uncertain"),
    Row("type_as_declared", "unclear", of(paper(BILL, classified=Classified("bank_statement", "", 0.95))), "type_uncertain"),
    Row("type_as_declared", "fail", of(paper(PASSPORT, classified=Classified("driver_license", "USA", 0.9))), "type_mismatch"),
    Row("type_as_declared", "fail", of(paper(LEASE, classified=Classified("passport", "USA", 0.9))), "type_mismatch"),
    Row("type_as_declared", "not_applicable", of(paper(PASSPORT))),
    # R17
    Row("documents_differ", "pass", of(paper(LEASE, {"document.number": "L-4966"}), photo(document__number="A1234567"))),
    Row("documents_differ", "fail", of(paper(LICENCE_AS_PROOF), photo()), "same_document_both_roles"),
    Row("documents_differ", "fail", of(paper(22), photo()), "same_document_both_roles", note="one box of the form: licence and ID card"),
    Row("documents_differ", "fail", of(paper(LEASE, {"document.number": "A123-4567"}), photo(document__number="A1234567")),
        "same_document_both_roles"),
    Row("documents_differ", "fail", of(paper(LEASE, image_hashes=("aa",)), paper(PASSPORT, image_hashes=("aa",))), "same_document_both_roles"),
    Row("documents_differ", "not_applicable", of(paper(LEASE))),
    # R18, R22, R28
    Row("image_usable", "pass", of(paper(LICENCE, quality=(GOOD, replace(GOOD, side="back"))))),
    Row("image_usable", "pass", of(paper(SELFIE_TYPE, quality=quality(width=720, blur=12.0)))),
    Row("image_usable", "unclear", of(paper(LICENCE, quality=quality(width=1010))), "image_poor"),
    Row("image_usable", "unclear", of(paper(LICENCE, quality=quality(blur=99.0))), "image_poor"),
    Row("image_usable", "fail", of(paper(LICENCE, quality=quality(glare=0.06))), "image_unusable"),
    Row("image_usable", "fail", of(paper(LICENCE, quality=quality(exposure=30.0))), "image_unusable"),
    Row("image_usable", "fail", of(paper(LICENCE, quality=quality(exposure=230.0))), "image_unusable"),
    Row("image_usable", "not_applicable", of(paper(LICENCE))),
    Row("image_usable", "pass", of(paper(LICENCE, quality=quality(), faces=1, face_px=112))),
    Row("image_usable", "unclear", of(paper(LICENCE, quality=quality(), faces=1, face_px=111)), "image_poor", note="portrait"),
    Row("image_usable", "fail", of(paper(SELFIE_TYPE, quality=quality(), faces=1, face_px=79)), "image_unusable", note="portrait"),
    Row("image_usable", "fail", of(paper(LICENCE, quality=quality(width=505))), "image_unusable", note="under 150 dpi"),
    Row("image_usable", "pass", of(paper(LICENCE, quality=quality(corners=4)))),
    Row("image_usable", "unclear", of(paper(LICENCE, quality=quality(corners=3))), "image_poor", note="one corner outside"),
    Row("image_usable", "fail", of(paper(LICENCE, quality=quality(corners=2))), "image_unusable", note="two corners outside"),
    Row("image_usable", "pass", of(paper(SELFIE_TYPE, quality=quality(corners=0))), note="a selfie has no corners"),
    Row("portrait_present", "pass", of(paper(LICENCE, faces=2, face_px=150))),
    Row("portrait_present", "unclear", of(paper(SELFIE_TYPE, faces=2, face_px=190)), "portrait_uncertain"),
    Row("portrait_present", "fail", of(paper(LICENCE, faces=0)), "portrait_missing"),
    Row("portrait_present", "not_applicable", of(paper(LICENCE))),
    Row("sides_differ", "pass", of(paper(LICENCE, image_hashes=("aa", "bb"))), note="by content alone"),
    Row("sides_differ", "pass", both_sides("ff00ff00ff00ff00", "ff00ff00ff00f8ff"), note="11 bits apart"),
    Row("sides_differ", "unclear", both_sides("ff00ff00ff00ff00", "ff00ff00ff00fcff"), "sides_alike", note="10 bits apart"),
    Row("sides_differ", "pass", both_sides("ff00ff00ff00ff00", "ff00ff00ff00fcff"), overrides={"phash_distance": 9}),
    Row("sides_differ", "unclear", both_sides("00", "ffffff", front_shows="back"), "side_misplaced"),
    Row("sides_differ", "fail", of(paper(LICENCE, image_hashes=("aa", "aa"))), "both_sides_same"),
    Row("sides_differ", "not_applicable", of(paper(PASSPORT, image_hashes=("aa",)))),
    # R20
    Row("selfie_matches", "pass", selfie("strong", 0.6985)),
    Row("selfie_matches", "pass", selfie("moderate", 0.6), overrides={"strong": 0.6}, note="the flow's limit, not the engine's"),
    Row("selfie_matches", "unclear", selfie("strong", 0.6984), "selfie_uncertain", note="moderate"),
    Row("selfie_matches", "unclear", selfie("strong", 0.9), "selfie_uncertain", overrides={"strong": 0.95}, note="a stricter flow"),
    Row("selfie_matches", "unclear", selfie("weak", 0.2), "selfie_uncertain", note="weak"),
    Row("selfie_matches", "unclear", selfie("weak", 0.1, px=90), "selfie_uncertain", note="a small face never rejects"),
    Row("selfie_matches", "unclear", selfie("weak", 0.1, quality=0.49), "selfie_uncertain", note="an unclear face never rejects"),
    Row("selfie_matches", "unclear", selfie("weak", 0.1, quality=None), "selfie_uncertain", note="quality not measured"),
    Row("selfie_matches", "fail", selfie("weak", 0.1999), "selfie_mismatch"),
    Row("selfie_matches", "not_applicable", selfie("not_assessed", None)),
    # R23, R26, R27, R29, R30, the form's list
    Row("statement_recent", "pass", of(paper(BILL, {"statement.date": "2026-03-17"}))),
    Row("statement_recent", "unclear", of(paper(BILL, {"statement.date": "2026-03-16"})), "statement_nearly_too_old"),
    Row("statement_recent", "unclear", of(paper(BILL)), "statement_date_missing"),
    Row("statement_recent", "fail", of(paper(BILL, {"statement.date": "2026-03-09"})), "statement_too_old"),
    Row("statement_recent", "fail", of(paper(BILL, {"statement.date": "2026-05-01"})), "statement_too_old", {"max_age_days": 30}),
    Row("statement_recent", "not_applicable", of(paper(LEASE, {"statement.date": "2019-01-01"}))),
    Row("required_fields_present", "pass", of(paper(PASSPORT, PRINTED))),
    Row("required_fields_present", "pass", of(paper(LEASE, {"person.surname": "SIMPSON", "address.street": "1 MAIN ST"}))),
    Row("required_fields_present", "unclear", of(paper(PASSPORT, {**PRINTED, "document.number": " "})), "required_field_missing"),
    Row("required_fields_present", "unclear", of(paper(PASSPORT, PRINTED, extraction_failed=True)), "required_field_missing"),
    Row("zip_matches_state", "pass", of(paper(LEASE, home("1 A ST")))),
    Row("zip_matches_state", "unclear", of(paper(LEASE, home("742 Evergreen", "Springfield", "Tennessee", "92026"))), "zip_state_mismatch"),
    Row("zip_matches_state", "not_applicable", of(paper(LEASE, home("1 A ST", state="Ontario", code="K1A 0B1")))),
    Row("birth_dates_agree", "pass", of(paper(LICENCE_AS_PROOF, {"person.date_of_birth": "1980-05-12"}), photo(person__date_of_birth="1980-05-12"))),
    Row("birth_dates_agree", "unclear", of(paper(22, {"person.date_of_birth": "1980-12-05"}), photo(person__date_of_birth="1980-05-12")),
        "day_and_month_swapped"),
    Row("birth_dates_agree", "fail", of(paper(22, {"person.date_of_birth": "1981-05-12"}), photo(person__date_of_birth="1980-05-12")),
        "dob_mismatch"),
    Row("birth_dates_agree", "not_applicable", of(paper(LEASE), photo(person__date_of_birth="1980-05-12"))),
    Row("copying_unrestricted", "pass", of(paper(PASSPORT))),
    Row("copying_unrestricted", "unclear", of(paper(UNIFORMED)), "copy_restricted_type"),
    Row("usps_address_id_accepted", "pass", of(paper(LEASE))),
    Row("usps_address_id_accepted", "fail", of(paper(BILL)), "address_id_not_on_usps_list"),
    # R19
    Row("document_used_by_one_person", "pass", seen_before()),
    Row("document_used_by_one_person", "pass", seen_before(use("number")), note="the same person again"),
    Row("document_used_by_one_person", "pass", seen_before(use("image", person="another", days=366)), note="more than a year ago"),
    Row("document_used_by_one_person", "pass", seen_before(use("image", person="another", approved=False)), note="a refused attempt by somebody"),
    Row("document_used_by_one_person", "unclear", seen_before(use("image", person="another", days=365)), "duplicate_document"),
    Row("document_used_by_one_person", "unclear", seen_before(use("number", person="unknown")), "duplicate_document", note="of whom is not known"),
    Row("document_used_by_one_person", "unclear", seen_before(use("number", holder="another", approved=False)), "duplicate_document",
        note="one number under two names"),
    Row("document_used_by_one_person", "not_applicable", of(paper(LICENCE))),
    Row("document_not_blocked", "pass", of(photo(document__number="A1234567"), listed=[BLOCKED("A7654321")])),
    Row("document_not_blocked", "unclear", of(photo(document__number=("A1234567", 0.6)), listed=[BLOCKED("A123-4567")]), "reading_uncertain"),
    Row("document_not_blocked", "fail", of(photo(document__number="A1234567"), listed=[BLOCKED("a123 4567")]), "document_blocked"),
    Row("document_not_blocked", "not_applicable", of(paper(LEASE), listed=[BLOCKED("A1234567")])),
    Row("document_not_blocked", "fail", of(paper(LEASE, image_hashes=("ab" * 32, "cd" * 32)), listed=[FILE("CD" * 32)]), "document_blocked"),
    Row("document_not_blocked", "not_applicable", of(paper(LEASE, image_hashes=("ab" * 32,)), listed=[FILE("cd" * 32)])),
    Row("document_not_blocked", "fail", of(paper(SELFIE_TYPE, image_hashes=("ab" * 32,)), listed=[FILE("ab" * 32)]), "document_blocked"),
    Row("holder_not_blocked", "pass", of(paper(LICENCE, person("LEE", "DANIEL")), listed=[NAMED("Daniela Lee")])),
    Row("holder_not_blocked", "unclear", of(paper(LICENCE, person("SIMPSON", "HOMER J")), listed=[NAMED("Homer Simpson")]), "name_on_list"),
    Row("holder_not_blocked", "unclear", of(paper(LICENCE), expected=HOMER, listed=[NAMED("Simpson Homer")]), "name_on_list", note="declared"),
    Row("holder_not_blocked", "not_applicable", of(paper(LICENCE), listed=[NAMED("Homer Simpson")])),
    Row("home_is_not_cmra", "unclear", of(paper(LEASE, home("123 Main St")), listed=[AT("known_cmra_address")]),
        "address_of_known_cmra", note="list"),
    Row("home_is_not_cmra", "unclear", of(paper(LEASE, home("123 Main St # 45")), listed=[AT("known_cmra_address")]), "address_of_known_cmra",
        note="a number at a known agency"),
    Row("home_is_not_cmra", "fail", of(paper(LEASE, home("123 Main St")), listed=[AT("own_address")]), "cmra_home", note="list"),
    Row("home_is_not_cmra", "pass", of(paper(LEASE, home("125 Main St")), listed=[AT("own_address"), AT("known_cmra_address")]), note="next door"),
    Row("home_is_not_po_box", "fail", of(paper(LEASE, {"address.street": ("PO Box 4", 0.6)}), expected={"address": {"street": "PO Box 4"}}),
        "po_box_home", note="declared for certain, read with doubt"),
    Row("home_is_not_cmra", "unclear", of(paper(LEASE, {**home("x"), "address.street": ("123 Main St", 0.6)}), listed=[AT("own_address")]),
        "reading_uncertain", note="list"),
    Row("home_is_not_cmra", "fail", of(paper(LEASE, {**home("x"), "address.street": ("123 Main St", 0.6)}), expected=HOME,
        listed=[AT("own_address")]), "cmra_home", note="declared for certain"),
    # R31, R32
    Row("holder_not_court_protected", "pass", of(photo(), expected={"person": {"protected": False}})),
    Row("holder_not_court_protected", "unclear", of(photo(), expected={"person": {"protected": True}}), "protected_individual"),
    Row("holder_not_court_protected", "not_applicable", of(photo(), expected=HOMER)),
    Row("signature_witnessed", "pass", witness()),
    Row("signature_witnessed", "pass", witness(**NOTARY)),
    Row("signature_witnessed", "unclear", witness(name=""), "witness_incomplete"),
    Row("signature_witnessed", "unclear", witness(kind="notary"), "witness_incomplete", note="no commission"),
    Row("signature_witnessed", "fail", witness(signed_at="2026-06-16"), "witness_not_accepted", note="tomorrow"),
    Row("signature_witnessed", "fail", witness(kind="friend"), "witness_not_accepted"),
    Row("signature_witnessed", "fail", witness(**{**NOTARY, "commission_jurisdiction": "Ontario"}), "witness_not_accepted", note="abroad"),
    Row("signature_witnessed", "fail", witness(**{**NOTARY, "commission_expires_on": "2026-05-31"}), "witness_not_accepted", note="lapsed"),
    Row("signature_witnessed", "not_applicable", of(photo())),
    # the measured traps
    Row("names_agree", "pass", with_name("HOMER J SIMPSON"), note="another order"),
    Row("names_agree", "fail", of(paper(LEASE, {"person.full_name": "James Watson"}), paper(LICENCE, person("WILSON", "JAMES"))), "name_mismatch_poa",
        note="one of the likest pairs of strangers"),
    Row("names_agree", "fail", of(paper(LEASE, {"person.full_name": "Michelle Johnson"}), paper(LICENCE, person("JOHNSON", "MICHAEL"))),
        "name_mismatch_poa", note="0.962 by Jaro-Winkler"),
    Row("zip_matches_state", "not_applicable", of(paper(LEASE, home("1 A ST", state="", code="92026")))),
    Row("home_is_not_po_box", "pass", of(paper(LEASE, home("HC 68 Box 23A")))),
    Row("home_is_not_po_box", "pass", of(paper(LEASE, home("PSC 802 Box 74")))),
    Row("home_is_not_po_box", "pass", of(paper(LEASE, home("Unit 2050 Box 4190")))),
    Row("document_unexpired", "pass", expiry(UNIFORMED, "INDEFINITE"), note="retirees"),
    Row("dates_consistent", "pass", arizona("2045-05-12"), note="Arizona, to the 65th birthday"),
    Row("dates_consistent", "unclear", arizona("2047-06-12"), "validity_unusual", note="Arizona, beyond it"),
    Row("barcode_agrees_with_print", "pass", of(card_with_address("742 EVERGREEN TER", "742 Evergreen Terrace"))),
    Row("barcode_agrees_with_print", "unclear", of(card_with_address("742 EVERGREEN TER", "744 Evergreen Terrace")),
        "barcode_name_or_address_differs", note="house number"),
    Row("issuer_agrees_with_barcode", "unclear", issuer(DAJ="NV"), "issuer_address_differs", note="a mailing address elsewhere"),
    Row("issuer_agrees_with_barcode", "unclear", issuer(DCG="CAN"), "issuer_address_differs", note="country"),
    Row("type_as_declared", "unclear", of(paper(7, classified=Classified("university_id", "USA", 0.95))), "type_without_pattern"),
    # no engine is installed for these
    Row("image_untampered", "not_applicable", of(paper(PASSPORT))),
    Row("image_is_original", "not_applicable", of(paper(PASSPORT))),
    Row("selfie_is_live", "not_applicable", of(paper(SELFIE_TYPE))),
]  # fmt: skip

VERDICTS = frozenset({"pass", "unclear", "fail", "not_applicable"})
NO_ENGINE = dict.fromkeys(("pass", "unclear", "fail"), "no engine for it is installed, and without one nothing is claimed")
CANNOT: dict[str, dict[str, str]] = {
    "required_fields_present": {
        "fail": "what a machine could not read is no fault of the document", "not_applicable": "every type of document requires something",
    },
    "zip_matches_state": {"fail": "the ZIP table is not authoritative: the rule book allows no rejection (R27)"},
    "copying_unrestricted": {"fail": "restricted types are always for a person (R30)", "not_applicable": "every photo ID is restricted or not"},
    "document_number_well_formed": {"fail": "any nine digits fit thirty states: the rule book allows no rejection (R14)"},
    "document_used_by_one_person": {"fail": "only the operator's own list rejects (R19), which document_not_blocked looks at"},
    "holder_not_blocked": {"fail": "people share names, so a listed name is for a person"},
    "holder_not_court_protected": {"fail": "court protection is a duty of care, no fault (R31)"},
    "documents_differ": {"unclear": "number, box and hash are equal or not (R17)"},
    "usps_address_id_accepted": {"unclear": "a type is on the list or not", "not_applicable": "every proof of address is on the list or not"},
    **dict.fromkeys(("image_untampered", "image_is_original", "selfie_is_live"), NO_ENGINE),
}  # fmt: skip
NOT_ASSESSED = {name for name, reasons in CANNOT.items() if reasons is NO_ENGINE}

# The measured traps, each by its name.
TRAPS: dict[str, tuple[str, Evidence, str]] = {
    "DANIEL and DANIELA LEE, 98 % alike": ("names_agree", named("LEE", "DANIEL", "Daniela Lee"), "unclear"),
    "SIMPSON HOMER is HOMER J SIMPSON": ("names_agree", named("SIMPSON", "HOMER J", "SIMPSON HOMER"), "pass"),
    "HOMER J SIMPSON is SIMPSON HOMER": ("names_agree", named("SIMPSON", "HOMER", "HOMER J SIMPSON"), "pass"),
    "MICHAEL and MICHELLE JOHNSON": ("names_agree", named("JOHNSON", "MICHAEL", "Michelle Johnson"), "fail"),
    "JAMES WILSON and JAMES WATSON": ("names_agree", named("WILSON", "JAMES", "James Watson"), "fail"),
    "JOHN and JANE SMITH": ("names_agree", named("SMITH", "JOHN", "Jane Smith"), "fail"),
    "ROBERT and BOB SMITH": ("names_agree", named("SMITH", "ROBERT", "Bob Smith"), "unclear"),
    "NGUYEN VAN AN in another order": ("names_agree", named("NGUYEN", "VAN AN", "An Van Nguyen"), "pass"),
    "MARIA GARCIA LOPEZ without her second surname": ("names_agree", named("GARCIA LOPEZ", "MARIA", "Maria Garcia"), "unclear"),
    "Tennessee 92026": ("zip_matches_state", of(paper(LEASE, home("742 Evergreen Ter", "Springfield", "Tennessee", "92026"))), "unclear"),
    "a rural route is no PO box": ("home_is_not_po_box", of(paper(LEASE, home("RR 2 Box 15"))), "pass"),
    "a highway contract route is no PO box": ("home_is_not_po_box", of(paper(LEASE, home("HC 68 Box 23A"))), "pass"),
    "a military box is no PO box": ("home_is_not_po_box", of(paper(LEASE, home("PSC 802 Box 74", "APO", "AE", "09499"))), "pass"),
    "a unit's box overseas is no PO box": ("home_is_not_po_box", of(paper(LEASE, home("Unit 2050 Box 4190", "APO", "AP", "96278"))), "pass"),
    "a caller service is a PO box": ("home_is_not_po_box", of(paper(LEASE, home("Caller Service 12"))), "fail"),
    "INDEF on a retiree's card": ("document_unexpired", expiry(UNIFORMED, "INDEF"), "pass"),
    "INDEF on a passport": ("document_unexpired", expiry(PASSPORT, "INDEF"), "unclear"),
    "a card of Puerto Rico is one of the USA": (
        "country_as_declared", of(paper(LICENCE, readers={"barcode": {"document.country_code": "USA"}}, country="PRI")), "pass",
    ),
    "a territory's number has no known form": (
        "document_number_well_formed", of(photo(document__number="1234567", document__issuing_entity="Puerto Rico")), "unclear",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule}-{row.verdict}-{row.code or row.note}")
def test_verdict(row: Row) -> None:
    finding = registry.evaluate(row.rule, row.evidence, row.overrides)
    rule = registry.get(row.rule)
    assert (finding.verdict, finding.reason_code) == (row.verdict, row.code)
    assert finding.message
    assert finding.fix == (rule.fix if row.verdict in ("unclear", "fail") else "none")
    assert finding.threshold == {**rule.defaults, **row.overrides}


def _looked_at(rule_id: str) -> set[str]:
    """What the rows' findings rest on: field paths, and the declared parts."""
    if rule_id == "required_fields_present":
        return set()
    findings = [registry.evaluate(row.rule, row.evidence, row.overrides) for row in ROWS if row.rule == rule_id]
    paths = {entry.path for finding in findings for entry in finding.inputs}
    return {".".join(path.split(".")[:2]) if path.startswith("expected_data") else path for path in paths}


@pytest.mark.parametrize("rule", registry.load().values(), ids=lambda rule: rule.id)
def test_every_rule_is_complete(rule: registry.Rule) -> None:
    assert rule.claim.endswith(".")
    assert rule.reason_code
    assert rule.sentence.endswith(".")
    assert all(sentence.endswith(".") for sentence in rule.reasons.values())
    assert rule.fix in ("reupload", "correct_expected_data", "contact_operator", "none")
    assert rule.group in ("document", "person", "address", "image", "face")
    assert set(rule.inputs) >= _looked_at(rule.id)
    assert rule.inputs
    assert rule.contexts <= {PHOTO_ID, PROOF_OF_ADDRESS, SELFIE}
    assert len(rule.id) <= 60
    assert all(len(code) <= 60 for code in (rule.reason_code, *rule.reasons))


@pytest.mark.parametrize("rule", sorted({*registry.load(), *(name for flow in catalogue.definitions() for name in flow.rules)}))
def test_every_verdict_of_a_rule_has_a_row_or_a_reason_why_not(rule: str) -> None:
    assert {row.verdict for row in ROWS if row.rule == rule} == VERDICTS - CANNOT.get(rule, {}).keys()


def test_exceptions_are_of_rules_there_are() -> None:
    assert CANNOT.keys() <= registry.load().keys()


@pytest.mark.parametrize("trap", TRAPS)
def test_the_measured_traps(trap: str) -> None:
    rule, evidence, verdict = TRAPS[trap]
    assert registry.evaluate(rule, evidence).verdict == verdict


def test_reason_codes_name_one_thing() -> None:
    codes = [code for rule in registry.load().values() for code in (rule.reason_code, *rule.reasons)]
    assert {code for code in codes if codes.count(code) > 1} == {"day_and_month_swapped"}


@pytest.mark.parametrize("rule_id", sorted(NOT_ASSESSED))
def test_what_no_engine_looks_at_says_so(rule_id: str) -> None:
    row = next(row for row in ROWS if row.rule == rule_id)
    assert "not assessed" in registry.evaluate(rule_id, row.evidence).message


def test_no_sentence_repeats_what_was_read() -> None:
    for row in ROWS:
        message = registry.evaluate(row.rule, row.evidence, row.overrides).message.upper()
        assert not any(word in message for word in ("SIMPSON", "HOMER", "MAIN ST", "A1234567", "1980"))


def test_an_exception_is_unclear_and_tells_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(evidence: Evidence, threshold: registry.Thresholds) -> registry.Finding:
        raise ValueError("Homer Simpson")

    load: Callable[[], Mapping[str, registry.Rule]] = registry.load
    rules = {**load(), "document_unexpired": replace(registry.get("document_unexpired"), function=broken)}
    monkeypatch.setattr(registry, "load", lambda: rules)
    finding = registry.evaluate("document_unexpired", of(photo()))
    assert (finding.verdict, finding.reason_code) == ("unclear", "rule_error")
    assert "Simpson" not in caplog.text + finding.message


def test_unknown_ids_and_thresholds_are_errors_of_the_flow() -> None:
    with pytest.raises(KeyError):
        registry.evaluate("document_is_pretty", of(photo()))
    with pytest.raises(KeyError, match="grace_weeks"):
        registry.evaluate("document_unexpired", of(photo()), {"grace_weeks": 1})


def test_a_poor_reading_never_rejects() -> None:
    for row in (row for row in ROWS if row.verdict == "fail" and "confidence" in registry.get(row.rule).defaults):
        poor = [_blurred(document) for document in row.evidence.case.documents]
        evidence = Evidence(replace(row.evidence.case, documents=tuple(poor)), poor[0])
        finding = registry.evaluate(row.rule, evidence, row.overrides)
        declared_only = all(entry.reader == "declared" for entry in finding.inputs) and finding.inputs
        # A file that is on the operator's list is so however well it can be read.
        of_the_file = isinstance(finding.computed, dict) and finding.computed.get("same") == "file"
        assert finding.verdict != "fail" or declared_only or of_the_file, row


def _blurred(document: DocumentEvidence) -> DocumentEvidence:
    def faint(entries: Mapping[str, Observed]) -> dict[str, Observed]:
        return {path: replace(entry, confidence=0.3) for path, entry in entries.items()}

    return replace(
        document,
        fields=faint(document.fields),
        by_reader={reader: faint(entries) for reader, entries in document.by_reader.items()},
        mrz=replace(document.mrz, confidence=0.3) if document.mrz else None,
        classified=replace(document.classified, confidence=0.3) if document.classified else None,
    )


@pytest.mark.parametrize(
    ("state", "number"),
    [
        ("CA", "A1234567"),
        ("NY", "123456789"),
        ("FL", "G123456789012"),
        ("WA", "WDL1YE4GSDC6"),
        ("WA", "SIMPSHJ123*4"),
        ("NH", "NHL12345678"),
        ("OH", "RR123456"),
        ("AL", "12345678"),
        ("MO", "S123456R"),
        ("NV", "X12345678"),
        ("VT", "1234567A"),
        ("ID", "AB123456C"),
    ],
)
def test_number_patterns(state: str, number: str) -> None:
    pattern = NUMBER_PATTERNS[state]
    assert pattern.fullmatch(number)
    assert not pattern.fullmatch(number + "00000000000000000")


@pytest.mark.parametrize(
    ("state", "number"),
    [
        ("NH", "ABC12345678"),
        ("NV", "A12345678"),
        ("VT", "1234567B"),
        ("MO", "S1234567Q"),
        ("CA", "12345678"),
        ("WA", "1DL1YE4GSDC6"),
        ("AL", "123456789"),
    ],
)
def test_numbers_that_a_state_does_not_issue(state: str, number: str) -> None:
    pattern = NUMBER_PATTERNS[state]
    assert not pattern.fullmatch(number)


def test_issuer_numbers_are_told_apart() -> None:
    assert len(ISSUERS) == len({*ISSUERS.values()})
    assert (ISSUERS["636000"], ISSUERS["636061"], ISSUERS["604431"]) == ("VA", "WV", "PR")
    assert (ISSUERS["636027"], ISSUERS["636056"], ISSUERS["636057"]) == ("US-DOS", "MX-COA", "MX-HID")


def test_every_state_and_the_district_has_a_number_pattern() -> None:
    assert US_STATES.keys() - NUMBER_PATTERNS.keys() == {"PR", "GU", "VI", "AS", "MP", "AA", "AE", "AP"}
