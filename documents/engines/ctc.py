"""From a recogniser's output to text: best path, one script to a line (connectionist temporal classification, Graves et al. 2006, section 3.2)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLANK = 0
FILLER = "<"
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

    def __call__(self, outputs: NDArray[np.float32], *_: Any, **__: Any) -> tuple[list[tuple[str, Certainty]], list[Any]]:
        """``outputs``: lines x steps x characters, probabilities. The second list, of words, is always empty."""
        return [self._line(steps) for steps in outputs], []

    def _line(self, steps: NDArray[np.float32]) -> tuple[str, Certainty]:
        best = steps.argmax(axis=1)
        foreign, latin = int(self._foreign[best].sum()), int(self._letter[best].sum())
        if foreign and latin >= MOSTLY * (latin + foreign):
            best = self._latin[steps[:, self._latin].argmax(axis=1)]
        kept = best != BLANK
        kept[1:] &= best[1:] != best[:-1]
        text = [self._characters[index] for index in best[kept]]
        return "".join(text), Certainty(steps[np.flatnonzero(kept), best[kept]], np.asarray([character == FILLER for character in text], dtype=bool))


def _foreign(text: str) -> bool:
    return len(text) == 1 and unicodedata.name(text, "").startswith(("GREEK", "CYRILLIC"))
