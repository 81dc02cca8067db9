"""How a reader's answer compares with the truth, measure by measure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus import Sample
from rapidfuzz.distance import Levenshtein

SURE = 0.9
EXACT = ("mrz.lines", "barcode.text")
IN_TEXT = ("person.surname", "person.given_names", "document.number", "address.city", "statement.issuer")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader found: measure → (value, confidence 0..1), the plain ``text`` it read, seconds and CPU seconds."""

    values: Mapping[str, tuple[str, float]]
    text: Sequence[str] = ()
    seconds: float = 0.0
    cpu: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One comparison. ``got`` is empty when nothing was answered; ``errors`` is the edit distance and ``length`` the truth's."""

    reader: str
    sample: str
    source: str
    measure: str
    right: bool
    answered: bool
    confidence: float
    errors: int
    length: int

    @property
    def confidently_wrong(self) -> bool:
        return self.answered and not self.right and self.confidence >= SURE


def marks(reader: str, sample: Sample, answer: Answer, claims: Iterable[str]) -> list[Mark]:
    """Every measure of the sample's truth that the reader ``claims`` (prefixes such as ``mrz.``), then whether it invented what is absent. For
    readers of plain text, ``text.<measure>`` asks whether the truth stands in the text."""
    found = []
    for measure, wanted in sample.truth.items():
        if measure.startswith(tuple(claims)):
            value, confidence = answer.values.get(measure, ("", 0.0))
            found.append(_mark(reader, sample, measure, wanted, value, confidence))
        if "text." in claims and measure.startswith(IN_TEXT):
            found.append(_contained(reader, sample, measure, wanted, answer.text))
    for measure in sample.absent:
        if measure.startswith(tuple(claims)):
            value, confidence = answer.values.get(measure, ("", 0.0))
            found.append(Mark(reader, sample.id, sample.source, f"invented {measure}", not value, bool(value), confidence, len(value), 0))
    return found


def _mark(reader: str, sample: Sample, measure: str, wanted: str, value: str, confidence: float) -> Mark:
    left, right = comparable(measure, wanted), comparable(measure, value)
    return Mark(reader, sample.id, sample.source, measure, left == right, bool(value), confidence, Levenshtein.distance(left, right), len(left))


def _contained(reader: str, sample: Sample, measure: str, wanted: str, text: Sequence[str]) -> Mark:
    page = _letters(" ".join(text))
    there = _letters(wanted) in page
    return Mark(reader, sample.id, sample.source, f"text.{measure}", there, bool(page), 0.0, 0 if there else len(wanted), len(wanted))


def comparable(measure: str, value: str) -> str:
    """A zone and a symbol are compared character by character, all else by its letters and digits without accents and case."""
    if measure in EXACT:
        return value.replace("\r\n", "\n").strip()
    return _letters(value)


def _letters(value: str) -> str:
    plain = unicodedata.normalize("NFKD", value).upper()
    return "".join(char for char in plain if char.isalnum())
