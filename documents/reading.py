"""The slow part of an extraction: images to fields, with no transaction open and no lock held. Runs in reading workers only.

The readers bring hundreds of megabytes of models and libraries with them, so they are imported when the first document is read: the web
process knows this module, because it knows the actors, and must stay small.
"""

from __future__ import annotations

import importlib
import io
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from PIL import Image as Pillow

from documents import storage
from documents.extraction import Found, Job
from documents.models import Blob, ExtractionKind
from documents.types import DocumentType

if TYPE_CHECKING:
    from documents.readers import Engines, FaceMatch, Reading, ReadPage

RENDITION_PIXELS = 1800


def _readers() -> Any:
    return importlib.import_module("documents.readers")


def engines() -> Engines:
    """The engines that the settings name; one set per process."""
    engines: Engines = _readers().default_engines(ocr=settings.OCR_ENGINE, faces=settings.FACE_ENGINE)
    return engines


def warm_up() -> None:
    """Load every model now, so that the first document does not wait for it."""
    _readers().warm_up(engines())


def read(job: Job) -> Found:
    """Raises Refused("image_invalid") when the images cannot be opened after all."""
    reading = read_sides(job.sides, job.document.type, job.document.country, job.kinds)
    faces, faces_ms = _compare_with_partner(job, reading)
    return Found(reading, {(page.side, page.number): _rendition(page) for page in reading.pages}, faces, faces_ms)


def read_sides(sides: Mapping[str, bytes], kind: DocumentType, country: str, kinds: Collection[str] | None = None) -> Reading:
    """Read images with the engines of the settings; ``kinds`` narrows the readers."""
    found: Reading = _readers().read_document(
        sides, document_type=kind, country=country, kinds=kinds, engines=engines(), max_pixels=settings.MAX_IMAGE_PIXELS, max_pages=kind.max_pages
    )
    return found


def _compare_with_partner(job: Job, reading: Reading) -> tuple[FaceMatch | None, int]:
    wanted = job.kinds is None or ExtractionKind.FACE in job.kinds
    if job.partner is None or "face" not in job.document.type.zones or not wanted or settings.FACE_ENGINE == "off":
        return None, 0
    front = job.partner.images.select_related("blob").filter(side="front").first()
    own = next((page for page in reading.pages if page.side == "front"), None)
    if front is None or own is None:
        return None, 0
    started = time.monotonic()
    other = read_sides({"front": storage.read(front.blob)}, job.partner.type, job.partner.country, {ExtractionKind.FACE})
    match = _readers().compare_faces(own.rgb, other.pages[0].rgb, engine=engines().faces) if other.pages else None
    return match, round((time.monotonic() - started) * 1000)


def _rendition(page: ReadPage) -> bytes:
    picture = Pillow.fromarray(page.rgb)
    picture.thumbnail((RENDITION_PIXELS, RENDITION_PIXELS))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85, optimize=False)
    return buffer.getvalue()


def store_renditions(found: Found, owner: str) -> dict[tuple[str, int], Blob]:
    """Put the page pictures of the verification ``owner`` into the storage, before the transaction that refers to them."""
    return {place: storage.put(data, content_type="image/jpeg", owner=owner) for place, data in found.renditions.items()}


def loaded() -> dict[str, str]:
    """Which engines this process holds, with their versions."""
    bundle = engines()
    return {kind: f"{engine.name} {engine.version}" for kind in ("text", "barcodes", "faces") if (engine := getattr(bundle, kind, None)) is not None}
