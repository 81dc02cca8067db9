"""Network output to text: repeated characters, blanks, one script per line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.engines.ctc import ZONE_LENGTH, OneScript

CHARACTERS = ["", "A", "P", "Ρ", "О", "O", "<", "ハ", "1", "Θ", " "]


def _output(*steps: dict[str, float]) -> np.ndarray:
    rows = np.zeros((len(steps), len(CHARACTERS)), np.float32)
    for number, step in enumerate(steps):
        for character, probability in step.items():
            rows[number, CHARACTERS.index(character)] = probability
    return rows


def _decoded(*steps: dict[str, float]) -> tuple[str, float, float]:
    text, certainty = OneScript(CHARACTERS)(_output(*steps))
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


def test_a_space_that_no_single_step_is_sure_of_is_read_where_all_of_the_gap_are() -> None:
    assert _decoded({"A": 1.0}, {"": 0.6, " ": 0.4}, {"": 0.6, " ": 0.4}, {"P": 1.0}) == ("A P", 1.0, 1.0)
    assert _decoded({"A": 1.0}, {"": 0.7, " ": 0.2}, {"": 0.7, " ": 0.2}, {"P": 1.0})[0] == "AP"
    assert _decoded({"A": 1.0}, {" ": 0.8, "": 0.2}, {"": 0.6, " ": 0.4}, {"P": 1.0})[0] == "A P"


def test_an_empty_line_has_no_confidence() -> None:
    assert _decoded({"": 1.0}, {"": 1.0}) == ("", 0.0, 0.0)


@given(st.lists(st.sampled_from(["A", "P", "O", "<", "1", " "]), min_size=1, max_size=ZONE_LENGTH - 1))
def test_any_latin_line_comes_out_as_written(letters: list[str]) -> None:
    steps = [step for letter in letters for step in ({letter: 0.97}, {"": 1.0})]
    assert _decoded(*steps)[0] == "".join(letters)


def _zone(text: str, *, pitch: int = 4, lost: int = -1, faint: dict[str, float] | None = None) -> tuple[str, float, float]:
    """``text`` as a network sees a zone's line, ``pitch`` steps a character; at ``lost`` it sees but what is ``faint``."""
    characters = ["", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<Λ∏a "]
    rows = np.zeros((1, pitch * len(text), len(characters)), np.float32)
    rows[0, :, 0] = 0.6
    for place, character in enumerate(text):
        for seen, probability in (faint or {}).items() if place == lost else [(character, 0.95)]:
            rows[0, pitch * place + 1, characters.index(seen)] = probability
    read, certainty = OneScript(characters)(rows[0])
    return read, float(certainty), certainty.lowest


@given(st.lists(st.sampled_from("CAK<"), min_size=10, max_size=20), st.sampled_from(["VZOR", "MARIA", "C"]))
def test_a_run_of_fillers_that_look_like_letters_ends_a_zones_line(seen: list[str], name: str) -> None:
    """What is certainly a letter before it stays, also where it is one that fillers are taken for."""
    line = f"P<CZESPECIMEN<<{name}"
    characters = ["", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<Λ∏a "]
    rows = np.zeros((4 * (len(line) + len(seen)), len(characters)), np.float32)
    rows[:, 0] = 0.6
    for place, character in enumerate([*line, *seen]):
        faint = place >= len(line)
        rows[4 * place + 1, characters.index(character)] = 0.65 if faint else 0.95
        if faint and character != "<":
            rows[4 * place + 1, characters.index("<")] = 0.3
    read, certainty = OneScript(characters)(rows)
    assert read == line + "<" * len(seen)
    assert certainty.lowest >= 0.9
    assert certainty < 0.95 if set(seen) != {"<"} else certainty > 0


def test_a_letter_beside_the_last_fillers_stays_where_the_network_sees_one_begin_early() -> None:
    line = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
    characters = ["", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<Λ∏a "]
    rows = np.zeros((3 * len(line), len(characters)), np.float32)
    rows[:, 0] = 0.6
    for place, character in enumerate(line):
        rows[3 * place + 1, characters.index(character)] = 0.95
    rows[3 * line.rindex("A") + 2, characters.index("<")] = 0.3
    assert OneScript(characters)(rows)[0] == line


@pytest.mark.parametrize("lost", [5, 12, 18])
@pytest.mark.parametrize("pitch", [3, 4, 5])
def test_a_character_lost_in_a_zone_is_missed_by_its_pitch(lost: int, pitch: int) -> None:
    line = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
    read, _, lowest = _zone(line, pitch=pitch, lost=lost, faint={line[lost]: 0.2, "X": 0.1})
    assert read == line
    assert lowest == pytest.approx(0.2), "and makes the line doubtful"


def test_fillers_and_slab_serifs_seen_as_other_signs_are_what_they_stand_for() -> None:
    line = "P<UTOPATEL<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<<<<"
    seen = line.replace("<<ANNA", "ΛΛANNA").replace("T", "∏")
    assert _zone(seen)[0] == line


def test_a_line_of_words_is_not_read_as_a_zone() -> None:
    line = "Aaaaaaaa<aaaaaaaa<aaaaaaaa<aaa"
    assert _zone(line)[0] == line


@given(st.text("ABCXYZ019<", min_size=20, max_size=44).map(lambda text: text[:-3] + "<<<"))
def test_any_zone_comes_out_as_printed(line: str) -> None:
    assert _zone(line)[0] == line
