"""What every engine promises. Engines turn pixels into lines, barcodes and faces, and know nothing of documents.

Images are height x width x 3 uint8 RGB arrays, never paths or addresses. Coordinates are pixels of that array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Embedding = NDArray[np.float64]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an engine can run here and, if not, exactly what is missing. Never asks the network."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text: ``confidence`` 0..1, ``polygon`` its corners from the text's own top left, clockwise; ``lowest`` the confidence of its least
    certain character, where the engine tells."""

    text: str
    confidence: float
    polygon: tuple[Point, Point, Point, Point]
    lowest: float = 1.0


@dataclass(frozen=True, slots=True)
class Barcode:
    """One decoded symbol: ``format`` such as ``PDF417``, ``data`` its exact bytes, ``text`` those bytes as text, ``corners`` as a polygon,
    ``series`` the id of the message that it is a part of ('' when it is a whole one)."""

    format: str
    data: bytes
    text: str
    corners: tuple[Point, Point, Point, Point]
    series: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """One face: ``box`` x, y, width, height; ``quality`` 0..1 from the detector's score; ``turn`` degrees the image was turned
    counter-clockwise to find it (``box`` is in the untouched image)."""

    box: tuple[int, int, int, int]
    quality: float
    turn: int = 0


@runtime_checkable
class Engine(Protocol):
    """``name`` is what settings call it, ``version`` what it reports beside its results."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def available(self) -> Availability: ...

    def warm_up(self) -> None:
        """Loads every model, so that the first real image does not pay for it."""


@runtime_checkable
class TextEngine(Engine, Protocol):
    def read(self, rgb: Pixels) -> list[TextLine]:
        """Lines in reading order of detection. An image without text gives an empty list."""


@runtime_checkable
class BarcodeEngine(Engine, Protocol):
    def scan(self, rgb: Pixels, *, thorough: bool = True) -> list[Barcode]:
        """Symbols found; ``thorough`` tries turning, enlarging and thresholding when the plain look finds none."""


@runtime_checkable
class FaceEngine(Engine, Protocol):
    def detect(self, rgb: Pixels, *, turned: bool = False, closely: bool = True) -> list[Face]:
        """Faces, largest first; ``turned`` also tries the three other quarter turns when none is upright, ``closely`` an enlarged picture, which
        takes four times as long and finds faces half as large."""

    def embed(self, rgb: Pixels, face: Face) -> Embedding:
        """A unit-free vector; the distance of two tells how alike the faces are."""

    def distance(self, one: Embedding, other: Embedding) -> float:
        """0 for the same picture, growing with unlikeness."""


@runtime_checkable
class LineEngine(Engine, Protocol):
    """A second opinion on machine-printed monospace zones: raw lines or None."""

    def read_zone(self, rgb: Pixels) -> tuple[str, ...] | None: ...
