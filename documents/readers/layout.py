"""Lines of text as boxes on a page: what stands right of, below and above what. Shared by the readers of printed zones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from documents.engines.base import TextLine
from documents.fields import Box, fold


@dataclass(frozen=True, slots=True)
class Item:
    """One line: ``text`` as read with single spaces, ``folded`` in plain capitals of the same length, edges in pixels."""

    text: str
    folded: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def height(self) -> float:
        return max(4.0, self.bottom - self.top)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def box(self) -> Box:
        return (round(self.left), round(self.top), round(self.right - self.left), round(self.bottom - self.top))


def items(lines: Iterable[TextLine]) -> list[Item]:
    """Upright lines as items; text that runs up or down the page is left out."""
    made = []
    for line in lines:
        xs, ys = [point[0] for point in line.polygon], [point[1] for point in line.polygon]
        text = re.sub(r"\s+", " ", line.text).strip()
        folded = fold(text)
        if len(folded) != len(text):
            folded = "".join((fold(char) or " ")[0] if not char.isspace() else " " for char in text)
        if not text or (max(ys) - min(ys) > 1.5 * (max(xs) - min(xs)) and len(text) > 2):
            continue
        made.append(Item(text if len(text) == len(folded) else folded, folded, min(xs), min(ys), max(xs), max(ys), line.confidence))
    return made


def same_row(one: Item, other: Item) -> bool:
    return abs(one.middle - other.middle) < 0.55 * min(one.height, other.height)


def right_of(label: Item, others: Sequence[Item], *, reach: float = 10.0) -> Item | None:
    """The nearest item to the right on the same row, at most ``reach`` line heights away."""
    near = [
        item
        for item in others
        if item is not label and same_row(label, item) and -0.5 * label.height <= item.left - label.right < reach * label.height
    ]
    return min(near, key=lambda item: item.left, default=None)


def below(label: Item, others: Sequence[Item], *, reach: float = 1.6) -> Item | None:
    """The nearest item under the label that begins near its left edge or lies under it, at most ``reach`` line heights lower."""
    near = [
        item
        for item in others
        if item is not label
        and 0.3 * label.height < item.middle - label.middle
        and item.top - label.bottom < reach * max(label.height, 0.7 * item.height)
        and _under(label, item)
    ]
    return min(near, key=lambda item: (item.middle - label.middle) + 0.3 * abs(item.left - label.left), default=None)


def _under(label: Item, item: Item) -> bool:
    begins_near = abs(item.left - label.left) < 2.2 * label.height
    overlap = min(label.right, item.right) - max(label.left, item.left)
    return begins_near or overlap > 0.5 * min(label.right - label.left, item.right - item.left)
