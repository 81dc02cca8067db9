"""From a recogniser's output to text: best path, one script to a line (connectionist temporal classification, Graves et al. 2006, section 3.2)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLANK = 0
MOSTLY = 0.6  # of a line's letters: a line of another script has few Latin ones, a Latin line few look-alikes of another


class Certainty(float):
    """Mean confidence of a line's characters, 0..1; ``lowest`` is that of the least certain one."""

    lowest: float

    def __new__(cls, characters: NDArray[np.float32]) -> Certainty:
        made = super().__new__(cls, float(characters.mean()) if characters.size else 0.0)
        made.lowest = float(characters.min()) if characters.size else 0.0
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
        return "".join(self._characters[index] for index in best[kept]), Certainty(steps[np.flatnonzero(kept), best[kept]])


def _foreign(text: str) -> bool:
    return len(text) == 1 and unicodedata.name(text, "").startswith(("GREEK", "CYRILLIC"))
