"""From a recogniser's output to text: best path, one script to a line (connectionist temporal classification, Graves et al. 2006, section 3.2).

A line of a machine readable zone is read in the zone's own alphabet and pitch (ICAO Doc 9303-3 §4.3, OCR-B at ten characters to the inch): where two
characters stand twice as far apart as the rest, one was lost between them.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLANK = 0
FILLER = "<"
ZONE_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
SEEN_AS = {"Λ": "<", "‹": "<", "∏": "T", "Π": "T", "О": "O", "Ο": "O", "Т": "T"}  # what the network makes of a zone's type, and what stands there
FILLER_LIKE = frozenset(character for character, meant in SEEN_AS.items() if meant == FILLER) | {FILLER, "«", "≤", "く"}
ZONE_LENGTH, ZONE_FILLERS, ZONE_SHARE = 20, 3, 0.9
LOST, MOST_LOST = 1.6, 2  # pitches between neighbours from which one is missing; letters that are put in at one place
NEARLY_ONE, LIKELIER = 0.999, math.log(0.5)  # of a space: what a step can say at most; the logarithm of no space being as likely as one
MAY_BE, SEEM, LONG_TAIL = 0.03, 0.2, 8  # probability of a filler: of each character of a line's last run of them, on average; its length
SURE = 0.9  # probability of a letter that is none of them, also where a filler begins beside it
MOSTLY = 0.6  # of a line's letters: a line of another script has few Latin ones, a Latin line few look-alikes of another


class Certainty(float):
    """Mean confidence of a line's characters, 0..1; ``lowest`` is that of the least certain one, fillers left out: their number is uncertain in
    every long row of them, and the length of a zone's line settles it."""

    lowest: float

    def __new__(cls, confidences: NDArray[np.float32], fillers: NDArray[np.bool_]) -> Certainty:
        made = super().__new__(cls, float(confidences.mean()) if confidences.size else 0.0)
        made.lowest = float(confidences[~fillers].min(initial=1.0)) if confidences.size else 0.0
        return made


class OneScript:
    """Decodes lines. Where Latin letters prevail, Greek and Cyrillic look-alikes (Ρ, О, Λ) are not candidates: the best other character is taken
    instead, with its own, lower confidence. What comes out as kana or Han in a Latin line stays: it is a mark of a line not understood."""

    def __init__(self, characters: Sequence[str]) -> None:
        self._characters = list(characters)
        self._foreign = np.asarray([_foreign(text) for text in self._characters])
        self._latin = np.flatnonzero(~self._foreign)
        self._letter = np.asarray([text.isalpha() for text in self._characters]) & ~self._foreign
        self._letter[BLANK] = False
        self._space = self._characters.index(" ") if " " in self._characters else None
        self._of_zone = np.flatnonzero([index == BLANK or text in ZONE_ALPHABET for index, text in enumerate(self._characters)])
        self._filler_column = next((place for place, index in enumerate(self._of_zone) if self._characters[index] == FILLER), -1)
        places = {self._characters[index]: place for place, index in enumerate(self._of_zone)}
        self._seen_as = [(index, places[SEEN_AS[text]]) for index, text in enumerate(self._characters) if SEEN_AS.get(text) in places]

    def __call__(self, steps: NDArray[np.float32]) -> tuple[str, Certainty]:
        """The text of a line. ``steps``: steps x characters, probabilities."""
        best = steps.argmax(axis=1)
        foreign, latin = int(self._foreign[best].sum()), int(self._letter[best].sum())
        if foreign and latin >= MOSTLY * (latin + foreign):
            best = self._latin[steps[:, self._latin].argmax(axis=1)]
        found = _peaks(best)
        if self._zone_like(best[found]):
            return self._zone_line(steps)
        text = [self._characters[index] for index in best[found]]
        certainty = Certainty(steps[found, best[found]], np.asarray([character == FILLER for character in text], dtype=bool))
        return "".join(self._spaced(text, found, steps)), certainty

    def _spaced(self, text: Sequence[str], found: NDArray[np.int64], steps: NDArray[np.float32]) -> list[str]:
        """``text`` with the spaces that no single step is sure of, but all between two characters together are."""
        if self._space is None or not text:
            return list(text)
        none = np.concatenate([[0.0], np.cumsum(np.log1p(-np.minimum(steps[:, self._space], NEARLY_ONE)))])
        spaced = [text[0]]
        for before, character, left, right in zip(text[:-1], text[1:], found[:-1], found[1:], strict=True):
            if " " not in (before, character) and none[right] - none[left + 1] < LIKELIER:
                spaced.append(" ")
            spaced.append(character)
        return spaced

    def _zone_like(self, found: NDArray[np.int64]) -> bool:
        """Long, of capitals, digits and fillers or what fillers are mistaken for."""
        text = [self._characters[index] for index in found]
        fillers = sum(character in FILLER_LIKE for character in text)
        own = sum(character in ZONE_ALPHABET or character in FILLER_LIKE or character in SEEN_AS for character in text)
        return len(text) >= ZONE_LENGTH and fillers >= ZONE_FILLERS and own >= ZONE_SHARE * len(text)

    def _zone_line(self, steps: NDArray[np.float32]) -> tuple[str, Certainty]:
        own = steps[:, self._of_zone]
        for seen, meant in self._seen_as:
            np.maximum(own[:, meant], steps[:, seen], out=own[:, meant])
        best = own.argmax(axis=1)
        found = _peaks(best)
        places, chosen = list(found), list(best[found])
        pitch = float(np.median(np.diff(found))) if len(found) > 1 else 0.0
        for at in range(len(found) - 2, -1, -1):
            left, right = found[at], found[at + 1]
            lost = round((right - left) / pitch) - 1
            if right - left < LOST * pitch or (lost > MOST_LOST and not self._filler(chosen[at]) and not self._filler(chosen[at + 1])):
                continue
            for number in range(lost, 0, -1):
                place, character = _likeliest(own, left + (right - left) * number / (lost + 1), pitch)
                places.insert(at + 1, place)
                chosen.insert(at + 1, character)
        for index in self._tail(own, places, chosen):
            chosen[index] = self._filler_column
        text = [self._characters[self._of_zone[column]] for column in chosen]
        return "".join(text), Certainty(
            own[np.asarray(places, int), np.asarray(chosen, int)], np.asarray([character == FILLER for character in text], dtype=bool)
        )

    def _tail(self, own: NDArray[np.float32], places: Sequence[int], chosen: Sequence[int]) -> Sequence[int]:
        """Which characters stand in the run of fillers that ends a line: all of them could be one, and many seem to be. On a poor picture a long
        run comes out mixed with what fillers look like; a letter of a name is none to the network, however poor it is."""
        likely = [float(own[max(0, place - 1) : place + 2, self._filler_column].max()) for place in places]
        first = len(chosen)
        while first and (self._filler(chosen[first - 1]) or (likely[first - 1] >= MAY_BE and own[places[first - 1], chosen[first - 1]] < SURE)):
            first -= 1
        tail = range(first, len(chosen))
        return tail if len(tail) >= LONG_TAIL and sum(likely[first:]) >= SEEM * len(tail) else ()

    def _filler(self, column: int) -> bool:
        return column == self._filler_column


def _peaks(best: NDArray[np.int64]) -> NDArray[np.int64]:
    """Steps at which a character begins."""
    kept = best != BLANK
    kept[1:] &= best[1:] != best[:-1]
    return np.flatnonzero(kept)


def _likeliest(own: NDArray[np.float32], middle: float, pitch: float) -> tuple[int, int]:
    """The likeliest character about the step ``middle``, where one was lost: (step, column)."""
    first = max(0, round(middle - 0.4 * pitch))
    window = own[first : round(middle + 0.4 * pitch) + 1, BLANK + 1 :]
    step, column = np.unravel_index(int(window.argmax()), window.shape)
    return first + int(step), int(column) + BLANK + 1


def _foreign(text: str) -> bool:
    return len(text) == 1 and unicodedata.name(text, "").startswith(("GREEK", "CYRILLIC"))
