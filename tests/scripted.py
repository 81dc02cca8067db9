"""A reader that reports what a test tells it to, in the place of the engines: the door is `documents.reading.read`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from documents.extraction import Found, Job
from documents.fields import Field
from documents.readers.face import FaceMatch
from documents.readers.results import ReaderRun, Reading, ReadPage

GOOD_QUALITY = {"width": 1200, "blur": 400.0, "glare": 0.0, "exposure": 120.0, "verdict": "good"}
HOMER = {
    "person.full_name": "Simpson Homer",
    "person.surname": "Simpson",
    "person.given_names": "Homer",
    "person.date_of_birth": "1988-07-23",
}
EVERGREEN = {
    "address.full": "742 Evergreen Terrace, Springfield, Oregon 97477",
    "address.street": "742 Evergreen Terrace",
    "address.city": "Springfield",
    "address.state": "Oregon",
    "address.zip": "97477",
    "address.country": "USA",
}
PASSPORT = {**HOMER, "document.number": "L898902C3", "document.expiration_date": "2030-01-01", "document.issuing_entity": "United States of America"}
MRZ = {
    "format": "TD3",
    "lines": ["P<USASIMPSON<<HOMER<<<<<<<<<<<<<<<<<<<<<<<<<", "L898902C36USA8807235M3001019<<<<<<<<<<<<<<04"],
    "valid": True,
    "failed_checks": [],
    "repairs": [],
    "confidence": 0.97,
}
LEASE = {**HOMER, **EVERGREEN, "statement.issuer": "Springfield Homes LLC", "statement.date": "2026-05-01"}
KINDS = {"PHOTO_ID": "passport", "PROOF_OF_ADDRESS": "lease", "SELFIE": "selfie"}


def _jpeg(side: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), {"front": "#dde6f0", "back": "#f0e6dd"}[side]).save(buffer, "JPEG")
    return buffer.getvalue()


@dataclass
class Script:
    """``fields`` by context; ``fail`` is raised instead; ``calls`` lists the documents that were read."""

    fields: dict[str, Mapping[str, str]] = field(default_factory=lambda: {"PHOTO_ID": PASSPORT, "PROOF_OF_ADDRESS": LEASE, "SELFIE": {}})
    kinds: dict[str, str] = field(default_factory=lambda: dict(KINDS))
    confidence: float = 0.97
    fail: BaseException | None = None
    level: str = "strong"
    calls: list[str] = field(default_factory=list)
    has_faces: bool = True

    def read(self, job: Job) -> Found:
        self.calls.append(job.document.pk)
        if self.fail is not None:
            raise self.fail
        context = job.document.context
        values = {path: Field(path, value, self.confidence, "ocr", "front", 1, (10, 10, 50, 12)) for path, value in self.fields[context].items()}
        pages = tuple(self._page(side, context) for side in sorted(job.sides, reverse=True))
        kinds = job.kinds or ({"face"} if context == "SELFIE" else {"ocr", "face"} if context == "PHOTO_ID" else {"ocr"})
        runs = tuple(self._run(kind, tuple(values.values())) for kind in sorted(kinds))
        mrz = MRZ if job.document.type_id == 1 else None
        reading = Reading(
            pages=pages,
            runs=runs,
            fields=values,
            mrz=mrz,
            barcodes=[],
            aamva=None,
            classified={"type": self.kinds[context], "country": job.document.country, "confidence": 0.95, "side": "front", "candidates": []},
            text=[],
            faces=[],
            quality=dict(GOOD_QUALITY),
            seconds=0.01,
        )
        renditions = {(page.side, page.number): _jpeg(page.side) for page in pages}
        return Found(reading, renditions, self._match(job))

    def _run(self, kind: str, values: tuple[Field, ...]) -> ReaderRun:
        details = {} if kind != "face" or self.has_faces else {"available": False, "reason": "not installed"}
        return ReaderRun(kind, "scripted", "1", 5, values if kind == "ocr" else (), details)

    def _page(self, side: str, context: str) -> ReadPage:
        faces: list[dict[str, Any]] = (
            [{"box": [20, 20, 130, 130], "quality": 0.9, "side": side, "page": 1}] if context in ("PHOTO_ID", "SELFIE") and self.has_faces else []
        )
        return ReadPage(side, 1, 320, 200, np.zeros((200, 320, 3), np.uint8), dict(GOOD_QUALITY), faces)

    def _match(self, job: Job) -> FaceMatch | None:
        if job.partner is None:
            return None
        same = {"strong": True, "weak": False}.get(self.level)
        return FaceMatch(score=0.99 if same else 0.3, level=self.level, same=same, distance=0.31, engine="scripted", version="1")
