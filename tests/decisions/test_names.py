"""Grades of pairs of names, the measured traps among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.names import compare, spellings, structured, tokens, whole

PAIRS = [
    ("HOMER J SIMPSON", "SIMPSON HOMER", "A"),
    ("SIMPSON, HOMER J", "Homer Simpson", "A"),
    ("HOMER JAY SIMPSON", "HOMER SIMPSON", "A"),
    ("NGUYEN VAN AN", "AN VAN NGUYEN", "A"),
    ("Mr. John Smith", "SMITH JOHN", "A"),
    ("J SMITH", "JOHN SMITH", "A"),
    ("JOHN SMITH JR", "SMITH JOHN", "A"),
    ("Jürgen Müller", "JUERGEN MUELLER", "A"),
    ("MULLER JURGEN", "JUERGEN MUELLER", "A"),
    ("Łukasz Żółty", "LUKASZ ZOLTY", "A"),
    ("O'Connor Mary", "MARY O CONNOR", "A"),
    ("JAN DE LA CRUZ", "DELACRUZ JAN", "A"),
    ("MARY-ANN LEE", "MARYANN LEE", "A"),
    ("JEAN-PIERRE DUBOIS", "DUBOIS JEAN", "A"),
    ("ROBERT SMITH", "BOB SMITH", "B"),
    ("CHRIS PAINE", "CHRISTOPHER PAINE", "B"),
    ("ELIZABETH KING", "BETTY KING", "B"),
    ("HOMER JAY SIMPSON", "HOMER BART SIMPSON", "B"),
    ("MARIA GARCIA LOPEZ", "MARIA GARCIA", "C"),
    ("DANIEL LEE", "DANIELA LEE", "C"),
    ("MICHAL NOWAK", "MICHAEL NOWAK", "C"),
    ("JOSE MARTINEZ", "JOSE MARTINES", "C"),
    ("JOHN SMITH JR", "JOHN SMITH III", "C"),
    ("MICHAEL JOHNSON", "MICHELLE JOHNSON", "D"),
    ("JAMES WILSON", "JAMES WATSON", "D"),
    ("JOHN SMITH", "JANE SMITH", "D"),
    ("HOMER SIMPSON", "MARGE SIMPSON", "D"),
    ("ELIZABETH KING", "MARY KING", "D"),
]


@pytest.mark.parametrize(("one", "other", "grade"), PAIRS)
def test_grades_of_whole_names(one: str, other: str, grade: str) -> None:
    assert compare(whole(one), whole(other)).grade == grade
    assert compare(whole(other), whole(one)).grade == grade


@pytest.mark.parametrize(
    ("surname", "given", "other", "grade"),
    [
        ("SIMPSON", "HOMER JAY", "Homer J Simpson", "A"),
        ("GARCIA LOPEZ", "MARIA", "Maria Garcia Lopez", "A"),
        ("GARCIA LOPEZ", "MARIA", "Maria Lopez", "C"),
        ("SIMPSON", "HOMER", "Simpson", "C"),
        ("VAN DER BERG", "ANNA", "BERG, ANNA", "B"),
        ("LEE", "DANIEL", "Daniela Lee", "C"),
        ("SMITH", "JOHN", "Jane Smith", "D"),
    ],
)
def test_a_card_against_a_letter(surname: str, given: str, other: str, grade: str) -> None:
    assert compare(structured(surname, given), whole(other)).grade == grade


def test_only_a_flagged_name_is_compared_by_its_beginning() -> None:
    full = structured("VENKATANARASIMHARAJU", "ANANTHAKRISHNAN")
    assert compare(full, structured("VENKATANARASIMHARAJU", "ANANTHAKR", cut=frozenset({"given"}))).grade == "A"
    assert compare(full, structured("VENKATANARASIMHARAJU", "ANANTHAKR")).grade == "B"
    assert compare(full, structured("VENKATANARAS", "ANANTHAKRISHNAN", cut=frozenset({"surname"}))).grade == "A"
    assert compare(full, structured("VENKATANARAS", "ANANTHAKRISHNAN")).grade == "D"


def test_similarity_is_told_but_does_not_decide() -> None:
    match = compare(whole("DANIEL LEE"), whole("DANIELA LEE"))
    assert match.scores["jaro_winkler"] == pytest.approx(0.982, abs=0.001)
    assert match.grade == "C"


def test_spellings_are_both_the_plain_and_the_spelled_out() -> None:
    assert {"MULLER", "MUELLER"} <= spellings("MÜLLER")
    assert {"SORENSEN", "SOERENSEN"} <= spellings("SØRENSEN")
    assert "STRASSE" in spellings("STRAßE".upper())


def test_tokens_drop_titles_and_marks() -> None:
    assert tokens("Dr. Mary-Jane O'Hara") == ("MARY", "JANE", "OHARA")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_can_be_compared_and_order_does_not_matter(one: str, other: str) -> None:
    assert compare(whole(one), whole(other)).grade == compare(whole(other), whole(one)).grade


@given(st.lists(st.from_regex(r"[A-Z]{2,9}", fullmatch=True), min_size=2, max_size=5))
def test_every_name_equals_itself(words: list[str]) -> None:
    assert compare(whole(" ".join(words)), whole(" ".join(words))).grade == "A"
