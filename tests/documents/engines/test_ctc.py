"""Network output to text: repeated characters, blanks, one script per line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.engines.ctc import OneScript

CHARACTERS = ["", "A", "P", "Ρ", "О", "O", "<", "ハ", "1", "Θ", " "]


def _output(*steps: dict[str, float]) -> np.ndarray:
    rows = np.zeros((1, len(steps), len(CHARACTERS)), np.float32)
    for number, step in enumerate(steps):
        for character, probability in step.items():
            rows[0, number, CHARACTERS.index(character)] = probability
    return rows


def _decoded(*steps: dict[str, float]) -> tuple[str, float, float]:
    ((text, certainty),), words = OneScript(CHARACTERS)(_output(*steps))
    assert words == []
    return text, float(certainty), certainty.lowest


def test_repeats_are_one_character_unless_a_blank_stands_between() -> None:
    text, mean, lowest = _decoded({"A": 0.9}, {"A": 0.8}, {"": 1.0}, {"A": 0.5}, {"1": 1.0})
    assert text == "AA1"
    assert (mean, lowest) == (pytest.approx((0.9 + 0.5 + 1.0) / 3), pytest.approx(0.5))


def test_among_latin_letters_the_latin_look_alike_is_taken_with_its_own_confidence() -> None:
    text, _, lowest = _decoded({"A": 0.9}, {"Ρ": 0.6, "P": 0.3}, {"A": 0.9}, {"О": 0.5, "O": 0.4}, {"P": 0.9})
    assert text == "APAOP"
    assert lowest == pytest.approx(0.3)


def test_a_greek_line_stays_greek() -> None:
    assert _decoded({"Θ": 0.9}, {"Ρ": 0.6, "P": 0.3}, {"О": 0.9})[0] == "ΘΡО"


def test_kana_stays_as_a_mark_of_a_line_not_understood() -> None:
    assert _decoded({"A": 0.9}, {"ハ": 0.6, "<": 0.3}, {"A": 0.9})[0] == "AハA"


def test_fillers_do_not_count_as_the_least_certain_character() -> None:
    text, _, lowest = _decoded({"A": 0.9}, {"<": 0.3}, {"": 1.0}, {"<": 0.4})
    assert (text, lowest) == ("A<<", pytest.approx(0.9))


def test_an_empty_line_has_no_confidence() -> None:
    assert _decoded({"": 1.0}, {"": 1.0}) == ("", 0.0, 0.0)


@given(st.lists(st.sampled_from(["A", "P", "O", "<", "1", " "]), min_size=1, max_size=40))
def test_any_latin_line_comes_out_as_written(letters: list[str]) -> None:
    steps = [step for letter in letters for step in ({letter: 0.97}, {"": 1.0})]
    assert _decoded(*steps)[0] == "".join(letters)
