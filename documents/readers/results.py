"""What reading a document gives: pages, runs of readers, merged fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from documents.fields import Field

if TYPE_CHECKING:
    from documents.engines.base import BarcodeEngine, FaceEngine, LineEngine, Pixels, TextEngine


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of one process: text, barcodes, faces (None: switched off) and, where one is installed, a second opinion on a machine readable
    zone."""

    text: TextEngine
    barcodes: BarcodeEngine
    faces: FaceEngine | None
    mrz_second: LineEngine | None = None


@dataclass(frozen=True)
class ReaderRun:
    """One reader's work on the document: ``kind`` mrz, barcode, ocr or face; ``details`` is JSON-able."""

    kind: str
    engine: str
    version: str
    duration_ms: int
    fields: tuple[Field, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadPage:
    """One page, upright: ``number`` counts from 1 within its ``side``; ``quality`` as ``quality.measure``; ``faces`` as JSON, largest first.
    ``turned`` is how many degrees counter-clockwise the picture was turned to stand upright, ``shows`` the side it looks like ('' unknown), ``phash``
    its perceptual hash in hex. ``rgb`` stays in the process that read it: None elsewhere."""

    side: str
    number: int
    width: int
    height: int
    rgb: Pixels | None
    quality: dict[str, Any]
    faces: list[dict[str, Any]]
    turned: int = 0
    shows: str = ""
    phash: str = ""


@dataclass(frozen=True)
class Reading:
    """A document as read. ``fields`` is the best value per path, ``runs`` what each reader said, ``mrz``, ``aamva``, ``barcodes``, ``classified``,
    ``faces`` and ``quality`` are JSON-able, ``text`` the recognised lines in reading order."""

    pages: tuple[ReadPage, ...]
    runs: tuple[ReaderRun, ...]
    fields: dict[str, Field]
    mrz: dict[str, Any] | None
    barcodes: list[dict[str, Any]]
    aamva: dict[str, Any] | None
    classified: dict[str, Any]
    text: list[str]
    faces: list[dict[str, Any]]
    quality: dict[str, Any]
    seconds: float
