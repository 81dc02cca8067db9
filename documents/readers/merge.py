"""Several readers' values for one path to one value: the stronger reader wins, agreement raises confidence, contradiction lowers it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from documents.fields import Field, fold

STRENGTH = {"barcode": 1.0, "mrz": 0.97, "ocr": 0.8, "face": 0.5}
AGREED = 0.5
DISAGREED = 0.75
NOTICEABLE = 0.5
_VAGUE = frozenset({"document.issuing_entity"})  # a zone knows the country, print the authority: no contradiction


def merge(fields: Iterable[Field]) -> dict[str, Field]:
    """The best field per path. A weak value of a strong reader (a failed check digit) loses against a good one of a weaker reader."""
    by_path: dict[str, list[Field]] = {}
    for entry in fields:
        by_path.setdefault(entry.path, []).append(entry)
    return {path: _best(rivals) for path, rivals in by_path.items()}


def _best(rivals: list[Field]) -> Field:
    ranked = sorted(rivals, key=lambda entry: -entry.confidence * STRENGTH.get(entry.reader, 0.5))
    winner, confidence = ranked[0], ranked[0].confidence
    agrees, differs = set(), set()
    for other in ranked[1:]:
        if other.reader == winner.reader:
            continue
        if agree(winner.path, winner.value, other.value):
            confidence += (1.0 - confidence) * AGREED * other.confidence
            agrees.add(other.reader)
        elif other.confidence >= NOTICEABLE and winner.path not in _VAGUE:
            confidence *= DISAGREED
            differs.add(other.reader)
    return replace(winner, confidence=round(min(confidence, 0.999), 3), agrees=tuple(sorted(agrees)), differs=tuple(sorted(differs)))


def agree(path: str, one: str, other: str) -> bool:
    """Equal but for case, accents, punctuation; names also when one is the other's beginning (truncation) or lacks a middle name."""
    left, right = _plain(one), _plain(other)
    if left == right:
        return True
    if path.startswith("person.") and "name" in path:
        short, long = sorted((left, right), key=len)
        return len(short) >= 2 and (long.startswith(short) or set(short.split()) <= set(long.split()))
    if path == "address.zip":
        return left.replace(" ", "")[:5] == right.replace(" ", "")[:5]
    return left.replace(" ", "") == right.replace(" ", "")


def _plain(text: str) -> str:
    return re.sub(r"[^A-Z0-9 ]", "", fold(text.replace("-", " "))).strip()
