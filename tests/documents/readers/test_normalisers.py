"""Dates, names, countries and numbers as readers normalise them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.fields import country_code, country_name, find_dates, fold, full_name, name_case, same_number
from documents.readers.states import ISSUERS, NUMBER_PATTERNS, US_STATES, state_code, state_name

TODAY = date(2026, 1, 15)


@pytest.mark.parametrize(
    ("text", "day_first", "value"),
    [
        ("03/04/2025", False, date(2025, 3, 4)),
        ("03/04/2025", True, date(2025, 4, 3)),
        ("25/04/2025", False, date(2025, 4, 25)),
        ("2025-04-03", True, date(2025, 4, 3)),
        ("15 Apr 1990", False, date(1990, 4, 15)),
        ("15 0CT 2020", False, date(2020, 10, 15)),
        ("2028SEP11", False, date(2028, 9, 11)),
        ("20280CT04", False, date(2028, 10, 4)),
        ("11SEP2028", False, date(2028, 9, 11)),
        ("01 JAN /JAN 85", False, date(1985, 1, 1)),
        ("January 5, 2026", False, date(2026, 1, 5)),
        ("02 Juillet 2015", True, date(2015, 7, 2)),
        ("28 février 2002", True, date(2002, 2, 28)),
        ("3. Dezember 2024", True, date(2024, 12, 3)),
        ("12/31/49", False, date(1949, 12, 31)),
        ("12/31/45", False, date(2045, 12, 31)),
    ],
)
def test_dates_as_people_write_them(text: str, day_first: bool, value: date) -> None:
    assert [found.value for found in find_dates(f"on {text} at", day_first=day_first, today=TODAY)] == [value]


@pytest.mark.parametrize("text", ["31/31/2020", "555-12-1234567", "1.2.3.4.5", "99/99/9999", "no date", "INV/2023/03/0008"])
def test_what_is_no_date(text: str) -> None:
    assert find_dates(text, today=TODAY) == []


def test_ambiguity_is_said() -> None:
    assert [found.ambiguous for found in find_dates("03/04/2025 and 13/04/2025 and 04/04/2025", today=TODAY)] == [True, False, False]


@given(st.text(max_size=80))
def test_any_text_can_be_searched_and_folded(text: str) -> None:
    find_dates(text, today=TODAY)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("USA", "USA"),
        ("us", "USA"),
        ("D<<", "DEU"),
        ("GBD", "GBR"),
        ("France", "FRA"),
        ("MÉXICO", "MEX"),
        ("UTOPIA", None),
        ("United States of America", "USA"),
    ],
)
def test_countries(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_names_and_numbers() -> None:
    assert country_name("FRA") == "France"
    assert full_name("Simpson", "Homer") == "Simpson Homer"
    assert full_name("", "Homer") == "Homer"
    assert name_case("O'NEIL-SMITH III") == "O'Neil-Smith III"
    assert same_number("K04-76-5990", "k04765990")
    assert not same_number("", "")


def test_states_and_issuers() -> None:
    assert (state_code("Tennessee"), state_code("tn"), state_code("Utopia")) == ("TN", "TN", None)
    assert state_name("TN") == "Tennessee"
    assert ISSUERS["636014"] == "CA"
    assert len(set(ISSUERS.values())) == len(ISSUERS)
    assert set(NUMBER_PATTERNS) <= set(US_STATES)
    assert NUMBER_PATTERNS["CA"].fullmatch("A1234567")
    assert not NUMBER_PATTERNS["CA"].fullmatch("01234567")
