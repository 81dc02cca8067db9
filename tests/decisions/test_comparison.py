"""Two documents field by field: what counts as a match, and by which method."""

from __future__ import annotations

import pytest

from decisions.comparison import compare_values


@pytest.mark.parametrize(
    ("path", "one", "other", "match", "score", "method"),
    [
        ("person.full_name", "HOMER J SIMPSON", "Simpson Homer", True, 1.0, "name_tokens"),
        ("person.full_name", "DANIEL LEE", "DANIELA LEE", False, 0.952, "name_tokens"),
        ("person.surname", "MÜLLER", "MUELLER", True, 1.0, "name_tokens"),
        ("person.given_names", "HOMER", "Homer Jay", True, 1.0, "name_tokens"),
        ("address.full", "742 Evergreen Terrace, Springfield OR 97477", "742 EVERGREEN TER, SPRINGFIELD, OR 97477-1234", True, 1.0, "address_parts"),
        ("address.street", "742 Evergreen Terrace", "744 Evergreen Terrace", False, 0.952, "address_parts"),
        ("address.state", "Oregon", "OR", True, 1.0, "state"),
        ("address.zip", "97477-1234", "97477", True, 1.0, "zip"),
        ("address.zip", "SW1A 1AA", "sw1a 1aa", True, 1.0, "zip"),
        ("address.zip", "97477", "97478", False, 0.0, "zip"),
        ("document.number", "A123-4567", "a123 4567", True, 1.0, "number"),
        ("person.date_of_birth", "1988-07-23", "1988-07-23", True, 1.0, "exact"),
        ("document.expiration_date", "2030-01-01", "2030-01-02", False, 0.0, "exact"),
        ("address.city", "Köln", "KOLN", True, 1.0, "text"),
    ],
)
def test_a_field(path: str, one: str, other: str, match: bool, score: float, method: str) -> None:
    row = compare_values({path: one}, {path: other})[path]
    assert row == {"document": one, "reference": other, "match": match, "score": score, "method": method}
    turned = compare_values({path: other}, {path: one})[path]
    assert (turned["match"], turned["score"]) == (match, score)


def test_a_field_that_one_side_lacks_matches_nothing() -> None:
    found = compare_values({"person.surname": "SIMPSON"}, {"address.city": "Springfield"})
    assert found == {
        "address.city": {"document": None, "reference": "Springfield", "match": None, "score": None, "method": "text"},
        "person.surname": {"document": "SIMPSON", "reference": None, "match": None, "score": None, "method": "name_tokens"},
    }
