"""Images of a document in, named fields out: the public door of the readers.

Pure: no database, no settings, no clock but ``today``. Engines are loaded lazily, one set per process.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from documents.engines.base import FaceEngine, Pixels
    from documents.readers.face import FaceMatch
    from documents.readers.results import Engines, ReaderRun, Reading, ReadPage
    from documents.types import DocumentType

__all__ = [
    "Engines", "FaceMatch", "ReadPage", "ReaderRun", "Reading", "compare_faces", "default_engines", "parse_aamva", "read_document", "reading_as_json",
    "warm_up",
]  # fmt: skip


# Rules and workers know this package for its tables and shapes. Only who reads shall pay for OpenCV, NumPy and the networks.
_SHAPES = {"Engines": "results", "ReaderRun": "results", "Reading": "results", "ReadPage": "results", "FaceMatch": "face"}


def __getattr__(name: str) -> Any:
    if name not in _SHAPES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_SHAPES[name]}"), name)


def default_engines(*, ocr: str = "rapidocr", faces: str = "dlib") -> Engines:
    """The process's engines by name, ``faces`` of which may be "off". Raises registry.UnknownEngine; loads no model yet."""
    from documents.engines import registry
    from documents.readers.results import Engines

    looks_at_faces = None if faces == "off" else registry.face_engine(faces)
    return Engines(registry.text_engine(ocr), registry.barcode_engine(), looks_at_faces, registry.mrz_engine())


def warm_up(engines: Engines) -> None:
    """Loads every model now (about a second), so that the first document does not wait for it."""
    for engine in (engines.text, engines.barcodes, engines.faces):
        if engine is not None and engine.available().ok:
            engine.warm_up()


def read_document(
    sides: Mapping[str, bytes],
    *,
    document_type: DocumentType | None = None,
    country: str | None = None,
    kinds: Collection[str] | None = None,
    engines: Engines | None = None,
    max_pixels: int = 50_000_000,
    max_pages: int = 20,
    today: date | None = None,
) -> Reading:
    """Reads ``sides``: ``front`` and perhaps ``back``, bytes of an image or a PDF. ``document_type`` steers which readers run, never what they
    report; without it everything sensible is tried. ``kinds`` (mrz, barcode, ocr, face) narrows the readers. Raises Refused("image_invalid")."""
    from documents.readers.document import read_document as read

    return read(
        sides,
        document_type=document_type,
        country=country,
        kinds=kinds,
        engines=engines or default_engines(),
        max_pixels=max_pixels,
        max_pages=max_pages,
        today=today,
    )


def compare_faces(a: Pixels, b: Pixels, *, engine: FaceEngine | None = None) -> FaceMatch:
    """The largest face on upright RGB page ``a`` against that on ``b``."""
    from documents.engines import registry
    from documents.readers.face import compare

    return compare(a, b, engine or registry.face_engine("dlib"))


def parse_aamva(payload: bytes) -> dict[str, Any]:
    """The ``aamva`` object of a raw barcode string. Raises aamva.NotAamva (a ValueError)."""
    from documents.readers import aamva

    return aamva.parse(payload).as_json()


def reading_as_json(reading: Reading) -> dict[str, Any]:
    """The object that ``manage.py read --json`` prints, without the file's name and error."""
    fields = {
        path: {
            "value": entry.value,
            "confidence": entry.confidence,
            "reader": entry.reader,
            "side": entry.side,
            "page": entry.page,
            "box": list(entry.box) if entry.box else None,
            "agrees": list(entry.agrees),
            "differs": list(entry.differs),
        }
        for path, entry in sorted(reading.fields.items())
    }
    return {
        "seconds": reading.seconds,
        "pages": len(reading.pages),
        "classified": reading.classified,
        "mrz": reading.mrz,
        "barcodes": reading.barcodes,
        "aamva": reading.aamva,
        "fields": fields,
        "text": reading.text,
        "faces": reading.faces,
        "quality": reading.quality,
    }
