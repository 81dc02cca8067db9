"""AAMVA payloads: every version's header, dates, names, broken encodings, refusals. Payloads are built by the tests' own encoder."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.readers import aamva

BASE = {
    "DAQ": "T64235789", "DCS": "SAMPLE", "DAC": "MICHAEL", "DAD": "JOHN", "DCU": "JR", "DBD": "06062019", "DBB": "06061986",
    "DBA": "12102024", "DBC": "1",
    "DAG": "2300 WEST BROAD STREET", "DAI": "RICHMOND", "DAJ": "VA", "DAK": "232690000  ", "DCG": "USA",
}  # fmt: skip


def payload(
    elements: dict[str, str] = BASE,
    *,
    version: int = 10,
    iin: str = "636000",
    kind: str = "DL",
    shift: int = 0,
    separator: str = "\n",
    prefix: str = "@\n\x1e\rANSI ",
) -> bytes:
    """A payload after D.12.3: header, designator, subfile. ``shift`` miscounts the offset."""
    body = kind + separator.join(f"{name}{value}" for name, value in elements.items()) + "\r"
    jurisdiction = "" if version < 2 else "00"
    header = f"{prefix}{iin}{version:02d}{jurisdiction}01"
    offset = len(header) + 10
    return f"{header}{kind}{offset + shift:04d}{len(body):04d}{body}".encode("latin-1")


@pytest.mark.parametrize("version", range(2, 12))
def test_every_version_with_us_dates(version: int) -> None:
    card = aamva.parse(payload(version=version))
    assert (card.version, card.iin, card.document_type, card.document_number) == (version, "636000", "DL", "T64235789")
    assert (card.last_name, card.first_name, card.middle_name, card.suffix) == ("SAMPLE", "MICHAEL", "JOHN", "JR")
    assert (card.date_of_birth, card.issue_date, card.expiry_date, card.sex) == ("1986-06-06", "2019-06-06", "2024-12-10", "M")
    assert (card.street, card.city, card.state, card.postal_code, card.country) == ("2300 WEST BROAD STREET", "RICHMOND", "VA", "23269", "USA")
    assert card.flags == ()


def test_version_1_has_its_own_names_and_dates() -> None:
    elements = {
        "DAQ": "0123456789ABC",
        "DAA": "PUBLIC,JOHN,Q,3RD",
        "DAL": "123 MAIN STREET",
        "DAN": "ANYTOWN",
        "DAO": "VA",
        "DAP": "123459999",
        "DBA": "20111201",
        "DBB": "19761123",
        "DBC": "M",
    }
    card = aamva.parse(payload(elements, version=1))
    assert (card.last_name, card.first_name, card.middle_name, card.suffix) == ("PUBLIC", "JOHN", "Q", "3RD")
    assert (card.date_of_birth, card.expiry_date, card.street, card.city, card.state) == (
        "1976-11-23",
        "2011-12-01",
        "123 MAIN STREET",
        "ANYTOWN",
        "VA",
    )


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("PUBLIC,JOHN,QUINCY", ("PUBLIC", "JOHN", "QUINCY", None)),
        ("PUBLIC@JOHN@Q@JR", ("PUBLIC", "JOHN", "Q", "JR")),
        ("PUBLIC, JOHN QUINCY", ("PUBLIC", "JOHN", "QUINCY", None)),
        ("JOHN QUINCY ADAMS PUBLIC", ("PUBLIC", "JOHN", "QUINCY ADAMS", None)),
        ("JOHN PUBLIC JR", ("PUBLIC", "JOHN", None, "JR")),
        ("PUBLIC,JOHN,,3RD", ("PUBLIC", "JOHN", None, "3RD")),
    ],
)
def test_names_written_as_one(name: str, parts: tuple[str | None, ...]) -> None:
    card = aamva.parse(payload({"DAQ": "1", "DAA": name}, version=1))
    assert (card.last_name, card.first_name, card.middle_name, card.suffix) == parts


def test_given_names_of_versions_2_and_3() -> None:
    card = aamva.parse(payload({"DAQ": "1", "DCS": "TESTER", "DCT": "MARY,ROSE ANN", "DBB": "05141994"}, version=3))
    assert (card.first_name, card.middle_name) == ("MARY", "ROSE ANN")


def test_canada_writes_years_first() -> None:
    elements = BASE | {"DBB": "19860706", "DBA": "20241210", "DBD": "20190102", "DCG": "CAN", "DAJ": "ON", "DAK": "K1A 0B1"}
    card = aamva.parse(payload(elements, iin="636012"))
    assert (card.date_of_birth, card.expiry_date, card.issue_date, card.postal_code, card.country) == (
        "1986-07-06",
        "2024-12-10",
        "2019-01-02",
        "K1A0B1",
        "CAN",
    )


@pytest.mark.parametrize(("iin", "state", "country"), [("636056", "MX-COA", "MEX"), ("636057", "MX-HID", "MEX"), ("636027", "US-DOS", "USA")])
def test_issuers_that_are_no_state_of_the_usa_or_canada(iin: str, state: str, country: str) -> None:
    elements = {name: value for name, value in BASE.items() if name not in ("DCG", "DAJ")}
    card = aamva.parse(payload(elements, iin=iin))
    assert (card.issuing_state, card.country) == (state, country)


def test_the_other_order_of_a_date_is_tried_second() -> None:
    assert aamva.parse(payload(BASE | {"DBA": "20211031"})).expiry_date == "2021-10-31"
    assert aamva.parse(payload(BASE | {"DBA": "99999999"})).expiry_date is None


@pytest.mark.parametrize("shift", [-7, -1, 1, 30, 900])
def test_miscounted_offsets_are_seen_through(shift: int) -> None:
    card = aamva.parse(payload(shift=shift))
    assert (card.document_number, card.last_name, card.postal_code) == ("T64235789", "SAMPLE", "23269")
    assert card.flags == ("wrong_offset:DL",)


@pytest.mark.parametrize("prefix", ["@\n\rANSI ", "@\nANSI ", "\n@\nANSI ", "@\n\x1e\rAAMVA", "@a\nANSI ", " @\n6ANSI "])
def test_damaged_preambles_are_seen_through(prefix: str) -> None:
    assert aamva.parse(payload(prefix=prefix)).document_number == "T64235789"


def test_separators_of_any_kind_or_none() -> None:
    assert aamva.parse(payload(separator="\r\n")).elements["DAI"] == "RICHMOND"
    card = aamva.parse(
        payload(
            {"DAA": "PUBLIC,JOHN,A,3RD", "DAG": "60 STATE ST", "DAI": "HARTFORD", "DAJ": "CT", "DAQ": "119000555", "DBB": "19940101"},
            version=1,
            separator="",
        )
    )
    assert (card.suffix, card.street, card.city, card.document_number, card.date_of_birth) == (
        "3RD",
        "60 STATE ST",
        "HARTFORD",
        "119000555",
        "1994-01-01",
    )


def test_placeholders_are_no_values() -> None:
    card = aamva.parse(payload(BASE | {"DAD": "NONE", "DCU": "", "DAC": "UNAVL"}))
    assert (card.middle_name, card.suffix, card.first_name) == (None, None, None)


def test_identity_cards_say_so() -> None:
    assert aamva.parse(payload(kind="ID")).document_type == "ID"


@pytest.mark.parametrize(("sex", "value"), [("1", "M"), ("2", "F"), ("9", "X"), ("M", "M"), ("F", "F"), ("Q", None)])
def test_sex(sex: str, value: str | None) -> None:
    assert aamva.parse(payload(BASE | {"DBC": sex})).sex == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"AAAAAAAAAAAAAAAAAAAAAAAA",
        b"@\n\x1e\rANSI 6360141001XX",
        b"@\n\n\nANSI 636000100000",
        b"@\n\x1e\rANSI 63600A100101DL00410010",
        b"DAQ123\nDCSSAMPLE\nDBB01011980",
        b"@\n\x1e\rANSI 636000100101DL00310010DL\r",
    ],
)
def test_what_is_no_aamva_payload_is_refused(data: bytes) -> None:
    with pytest.raises(aamva.NotAamva):
        aamva.parse(data)


def test_magnetic_stripes_are_read() -> None:
    card = aamva.parse(b"%TXAUSTIN^DOE$JANE$Q^100 MAIN ST^?;63601512345678=250119800115?")
    assert (card.state, card.city, card.last_name, card.first_name, card.middle_name) == ("TX", "AUSTIN", "DOE", "JANE", "Q")
    assert (card.document_number, card.date_of_birth, card.iin) == ("12345678", "1980-01-15", "636015")


def test_fields_of_a_record() -> None:
    values = {field.path: field.value for field in aamva.fields(aamva.parse(payload()))}
    assert values == {
        "person.surname": "SAMPLE JR",
        "person.given_names": "MICHAEL JOHN",
        "person.full_name": "SAMPLE JR MICHAEL JOHN",
        "person.date_of_birth": "1986-06-06",
        "person.sex": "M",
        "document.number": "T64235789",
        "document.issue_date": "2019-06-06",
        "document.expiration_date": "2024-12-10",
        "document.issuing_entity": "Virginia",
        "document.country_code": "USA",
        "address.full": "2300 WEST BROAD STREET, RICHMOND, VA 23269",
        "address.street": "2300 WEST BROAD STREET",
        "address.city": "RICHMOND",
        "address.state": "Virginia",
        "address.zip": "23269",
        "address.country": "USA",
    }


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=120).map(lambda tail: b"@\n\x1e\rANSI 636000100101" + tail)))
def test_arbitrary_bytes_are_parsed_or_refused(data: bytes) -> None:
    with contextlib.suppress(aamva.NotAamva):
        aamva.parse(data)
