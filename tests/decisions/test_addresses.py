"""Addresses: parsing by parts, boxes that are homes and boxes that are not, ZIP and state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.addresses import Comparison, compare, is_po_box, is_private_mailbox, of, zip_belongs_to
from documents.readers.states import US_STATES

PAIRS = [
    ("742 Evergreen Terrace Apt 4B, Springfield, TN 37172", "742 EVERGREEN TER # 4B SPRINGFIELD TN 37172-1234", Comparison("pass")),
    ("123 N Main St, Albany NY 12207", "123 North Main Street, ALBANY, New York 12207", Comparison("pass")),
    ("5 W 5th St, Austin TX 78701", "5 West Fifth Street, Austin TX 78701", Comparison("pass")),
    ("RR 2 BOX 15, Foo KY 40003", "RR 2 Box 15, Foo, KY 40003", Comparison("pass")),
    ("PSC 1234 Box 567, APO AE 09012", "PSC 1234 BOX 567 APO AE 09012", Comparison("pass")),
    ("10 Elm St, Brooklyn NY 11201", "10 Elm St, New York NY 11201", Comparison("pass")),
    ("123 Main St, Albany NY 12207", "123 Main, Albany NY 12207", Comparison("unclear", (), ("suffix",))),
    ("123 Main St Apt 2, Albany NY 12207", "123 Main St, Albany NY 12207", Comparison("unclear", (), ("unit",))),
    ("123 Main St Apt 2, Albany NY 12207", "123 Main St Apt 3, Albany NY 12207", Comparison("unclear", ("unit",))),
    ("123 N Main St, Albany NY 12207", "123 Main St, Albany NY 12207", Comparison("unclear", (), ("directional",))),
    ("123 Main St, Albany NY 12207", "123 Main St, Albany NY 12208", Comparison("unclear", ("zip",))),
    ("742 Evergreen Ter, Springfield, TN 92026", "742 Evergreen Ter, Springfield CA 92026", Comparison("unclear", ("state",))),
    ("123 Maple St, Albany NY 12207", "123 Mapie St, Albany NY 12207", Comparison("unclear", ("street",))),
    ("123 Main St, Albany NY 12207", "125 Main St, Albany NY 12207", Comparison("fail", ("number",))),
    ("5 W 5th St, Austin TX 78701", "5 W 6th St, Austin TX 78701", Comparison("fail", ("street",))),
    ("123 Main St, Albany NY 12207", "123 Main St, Troy NY 12180", Comparison("fail", ("zip", "city"))),
]


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_compare(one: str, other: str, expected: Comparison) -> None:
    assert compare(of(full=one), of(full=other)) == expected
    assert compare(of(full=other), of(full=one)) == expected


def test_parts_and_one_line_are_the_same_address() -> None:
    parts = of(street="742 Evergreen Terrace", street2="Apt 4B", city="Springfield", state="Tennessee", postal_code="37172-1234", country="USA")
    assert compare(parts, of(full="742 EVERGREEN TER APT 4B, SPRINGFIELD, TN 37172")) == Comparison("pass")


@pytest.mark.parametrize("country", ["", "US", "USA", "usa", "United States", "U.S.A.", "PRI"])
def test_the_usa_however_it_is_written(country: str) -> None:
    home = of(street="742 Evergreen Ter", city="Springfield", state="OR", postal_code="97477", country="USA")
    assert compare(home, of(street="742 Evergreen Terrace", city="Springfield", state="OR", postal_code="97477", country=country)).verdict == "pass"


@pytest.mark.parametrize(
    ("street", "code", "verdict"),
    [
        ("HAUPTSTRASSE 12", "50667", "pass"), ("Gartenweg 12", "50667", "unclear"), ("Hauptstraße 14", "50667", "fail"),
        ("Hauptstraße 12", "50668", "fail"), ("Hauptstraße", "50667", "unclear"), ("Hauptstraße 12", "", "unclear"), ("Hauptstraße", "", "unclear"),
    ],
)  # fmt: skip
def test_abroad_number_and_code_decide_and_likeness_only_doubts(street: str, code: str, verdict: str) -> None:
    home = of(street="Hauptstraße 12", city="Köln", postal_code="50667", country="Germany")
    assert compare(home, of(street=street, city="Köln", postal_code=code, country="DEU")).verdict == verdict


def test_abroad() -> None:
    home = of(street="Hauptstraße 12", city="Köln", postal_code="50667", country="DEU")
    assert compare(home, of(street="HAUPTSTRASSE 12", city="KOLN", postal_code="50667", country="DEU")).verdict in ("pass", "unclear")
    assert compare(home, of(street="Hauptstraße 14", city="Köln", postal_code="50667", country="DEU")).verdict == "fail"
    assert compare(home, of(street="Hauptstraße 12", city="Köln", postal_code="50667", country="AUT")) == Comparison("fail", ("country",))


@pytest.mark.parametrize(
    "text",
    [
        "PO Box 12",
        "P.O. Box 12",
        "P O BOX 5",
        "POB 12",
        "Post Office Box 9",
        "Caller Service 5",
        "Lockbox 12",
        "Drawer 5",
        "Drawer K",
        "General Delivery",
        "Apartado 44",
        "BOX 12",
    ],
)
def test_post_office_boxes(text: str) -> None:
    assert is_po_box(text)


@pytest.mark.parametrize(
    "text",
    [
        "RR 2 Box 15", "RURAL ROUTE 4 BOX 2", "HC 68 Box 23A", "PSC 1234 Box 567", "UNIT 2050 BOX 4190", "12 Boxwood Ln", "5 Drawbridge Rd",
        "12 Drawer St", "45 Box Elder Dr",
        "12 Bin St", "1 Post Rd", "123 Main St # 45",
    ],
)  # fmt: skip
def test_homes_that_are_no_post_office_boxes(text: str) -> None:
    assert not is_po_box(text)


def test_private_mailboxes() -> None:
    assert is_private_mailbox("123 Main St PMB 45")
    assert is_private_mailbox("123 Main St, P.M.B. #45")
    assert not is_private_mailbox("123 Main St # 45")
    assert not is_private_mailbox("1 Mailbox Rd")


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("Tennessee", "92026", False), ("TN", "37203", True), ("CA", "92026", True), ("PR", "00901", True), ("GU", "96910", True), ("VI", "00802",
        True), ("AS", "96799", True),
        ("MP", "96950", True), ("AE", "09012", True), ("DC", "20001", True), ("NY", "06390-0001", True), ("Ontario", "K1A 0B1", None), ("TN", "",
        None),
    ],
)  # fmt: skip
def test_zip_and_state(state: str, code: str, expected: bool | None) -> None:
    assert zip_belongs_to(state, code) is expected


@pytest.mark.parametrize("code", sorted(US_STATES))
def test_every_state_and_territory_has_zip_codes(code: str) -> None:
    assert sum(bool(zip_belongs_to(code, f"{prefix:03d}{end}")) for prefix in range(1000) for end in ("01", "10", "50", "99")) > 0


@given(st.text(max_size=80))
def test_any_text_is_an_address_that_equals_itself_or_is_unclear(text: str) -> None:
    assert compare(of(full=text), of(full=text)).verdict in ("pass", "unclear")
