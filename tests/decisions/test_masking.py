"""Masked numbers: nothing of a number but its end is left in a text, however it is written there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.masking import Mask, is_number, masked

NUMBERS = st.text("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", min_size=5, max_size=16)


@pytest.mark.parametrize(("value", "shown"), [("D1234567", "••••4567"), ("AB-123", "••••23"), ("123", "••••"), ("", "")])
def test_the_end_of_a_number_is_shown(value: str, shown: str) -> None:
    assert masked(value) == shown


@given(NUMBERS, st.sampled_from(["", " ", "-", "<"]), st.text("xyz .,", max_size=8))
def test_a_number_is_hidden_with_whatever_stands_between_its_characters(number: str, between: str, around: str) -> None:
    told = Mask.of([number]).text(f"{around} {between.join(number).lower()} {around}")
    assert number.lower() not in told.lower().replace(between, "") if between else number.lower() not in told.lower()
    assert masked(number.lower()) in told


@pytest.mark.parametrize(("path", "is_one"), [("document.number", True), ("document.audit_number", True), ("person.surname", False)])
def test_numbers_are_known_by_their_field(path: str, is_one: bool) -> None:
    assert is_number(path) is is_one
