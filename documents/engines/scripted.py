"""Engines for tests: they return what they were told, in order, and remember what they were shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from documents.engines.base import Availability, Barcode, Embedding, Face, Pixels, TextLine


@dataclass
class Scripted:
    """What every scripted engine has: the sizes of the images it was shown, and whether it is available."""

    name: str = "scripted"
    version: str = "1"
    reason: str = ""
    seen: list[tuple[int, ...]] = field(default_factory=list)

    def available(self) -> Availability:
        return Availability(not self.reason, self.reason)

    def warm_up(self) -> None:
        return None


@dataclass
class ScriptedText(Scripted):
    """``answers`` are the lines of the first, second ... image; the last answer repeats."""

    answers: Sequence[Sequence[TextLine]] = ((),)

    def read(self, rgb: Pixels) -> list[TextLine]:
        self.seen.append(rgb.shape)
        return list(self.answers[min(len(self.seen), len(self.answers)) - 1])


@dataclass
class ScriptedBarcodes(Scripted):
    answers: Sequence[Sequence[Barcode]] = ((),)

    def scan(self, rgb: Pixels, *, thorough: bool = True) -> list[Barcode]:
        self.seen.append(rgb.shape)
        return list(self.answers[min(len(self.seen), len(self.answers)) - 1])


@dataclass
class ScriptedFaces(Scripted):
    """``apart`` is the distance between any two faces."""

    answers: Sequence[Sequence[Face]] = ((),)
    apart: float = 0.0

    def detect(self, rgb: Pixels, *, turned: bool = False, closely: bool = True) -> list[Face]:
        self.seen.append(rgb.shape)
        return list(self.answers[min(len(self.seen), len(self.answers)) - 1])

    def embed(self, rgb: Pixels, face: Face) -> Embedding:
        return np.zeros(1)

    def distance(self, one: Embedding, other: Embedding) -> float:
        return self.apart


@dataclass
class ScriptedZone(Scripted):
    zone: tuple[str, ...] | None = None

    def read_zone(self, rgb: Pixels) -> tuple[str, ...] | None:
        self.seen.append(rgb.shape)
        return self.zone


def lines(*texts: str, left: float = 20, top: float = 20, pitch: float = 30, height: float = 20) -> list[TextLine]:
    """Lines of text one under the other, 11 pixels a character, read with confidence 0.99."""
    made = []
    for row, text in enumerate(texts):
        y, width = top + row * pitch, 11.0 * len(text)
        made.append(TextLine(text, 0.99, ((left, y), (left + width, y), (left + width, y + height), (left, y + height))))
    return made


ENGINE = ScriptedText()
