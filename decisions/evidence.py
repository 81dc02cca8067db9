"""What a rule may look at: a frozen picture of one verification on one day.

Pure data: no database, no clock. ``today`` is part of the evidence, so that any judgement can be replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from documents.fields import Box
from documents.types import DocumentType


@dataclass(frozen=True, slots=True)
class Observed:
    """One value and where it came from.

    ``reader`` is ``mrz``, ``barcode``, ``ocr``, ``face``, ``person`` (corrected by a reviewer) or ``declared`` (the client's expected data, then
    ``document`` is None and ``confidence`` is 1). ``box`` is in pixels of the upright page.
    """

    path: str
    value: str
    reader: str
    document: str | None = None
    confidence: float = 1.0
    side: str = "front"
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class MrzEvidence:
    """The machine readable zone as printed (ICAO Doc 9303): ``failed_checks`` of ``number birth expiry optional composite``, ``repairs`` how many
    characters a check digit made us change, ``confidence`` the mean OCR confidence of its lines."""

    format: str
    lines: tuple[str, ...]
    failed_checks: tuple[str, ...] = ()
    repairs: int = 0
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Classified:
    """What the pixels say the document is: ``kind`` as in ``DocumentType.kind`` ('' unknown), ``country`` alpha-3 or ''."""

    kind: str
    country: str
    confidence: float


@dataclass(frozen=True, slots=True)
class SideQuality:
    """Image quality of one side (R18). None = not measured. ``width`` px of the page, ``blur`` variance of the Laplacian at 1000 px width,
    ``glare`` share 0..1 of saturated pixels in text, ``exposure`` mean luminance 0..255, ``corners`` how many of the document's are in the picture.

    ``shows`` is the side that the pixels look like (``front``, ``back``, '' unknown), ``phash`` the picture's perceptual hash in hex ('' none).
    """

    side: str
    width: int | None = None
    blur: float | None = None
    glare: float | None = None
    exposure: float | None = None
    corners: int | None = None
    shows: str = ""
    phash: str = ""


@dataclass(frozen=True, slots=True)
class FaceComparison:
    """Portrait against selfie. ``level`` is ``strong``, ``moderate``, ``weak`` or ``not_assessed`` by the engine's customary limits; ``score`` 0..1,
    growing with likeness; ``distance`` the engine's raw one; ``version`` that of the engine with its model."""

    level: str
    score: float | None
    distance: float | None
    engine: str
    selfie_document: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class EarlierUse:
    """The same document elsewhere in the workspace: ``same`` is ``number`` or ``image``, ``days`` how long ago it was first seen there.

    ``holder`` tells whether that document names the ``same`` holder, ``another`` or an ``unknown`` one, ``person`` the same of whom the verification
    is about, ``approved`` whether it was approved.
    """

    verification: str
    document: str
    same: str
    days: int
    holder: str
    person: str
    approved: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of the operator's lists that something in the case may match: ``kind`` as in ``decisions.models.ListKind``."""

    entry: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class DocumentEvidence:
    """One live document. ``fields`` is the merged best value per path; ``by_reader`` the same path as each reader saw it."""

    id: str
    context: str
    type: DocumentType
    country: str
    extracted: bool
    fields: Mapping[str, Observed] = field(default_factory=dict)
    by_reader: Mapping[str, Mapping[str, Observed]] = field(default_factory=dict)
    mrz: MrzEvidence | None = None
    aamva: Mapping[str, str] | None = None
    classified: Classified | None = None
    quality: tuple[SideQuality, ...] = ()
    faces: int | None = None
    face_px: int | None = None
    face_quality: float | None = None
    face_comparison: FaceComparison | None = None
    image_hashes: tuple[str, ...] = ()
    extraction_failed: bool = False
    earlier_uses: tuple[EarlierUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """The verification: its flow's slug, the decision's day in the operator's time zone, what the client declared, its live documents, and the
    entries of the operator's lists that may concern it."""

    flow: str
    today: date
    expected: Mapping[str, Any]
    documents: tuple[DocumentEvidence, ...]
    listed: tuple[Listed, ...] = ()

    def document(self, context: str) -> DocumentEvidence | None:
        return next((entry for entry in self.documents if entry.context == context), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The case as seen from the one document that is being judged."""

    case: Case
    document: DocumentEvidence
