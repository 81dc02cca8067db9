"""The slow part of an extraction: images to fields, with no transaction open and no lock held. Runs in reading workers only.

The readers bring hundreds of megabytes of models and libraries with them, and native code that a document may crash or hang. They run in a process
of the worker's own (``documents.sandbox``) with limits on time and memory. The web process, which knows this module because it knows the actors,
starts none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from documents import storage
from documents.extraction import Found, Job
from documents.intake import on_sheets
from documents.models import Blob, Document, ExtractionKind
from documents.readers import default_engines, read_document
from documents.sandbox.parent import Limits, Sandbox
from documents.types import DocumentType
from flows import spans

if TYPE_CHECKING:
    from documents.readers import Engines, Reading


def engines() -> Engines:
    """The engines that the settings name; one set per process."""
    return default_engines(ocr=settings.OCR_ENGINE, faces=settings.FACE_ENGINE)


@cache
def sandbox() -> Sandbox:
    """This process's hold on the one that reads."""
    return Sandbox(ocr=settings.OCR_ENGINE, faces=settings.FACE_ENGINE, limits=Limits(settings.READING_SECONDS, settings.READING_MEMORY_MB))


def warm_up() -> None:
    """Start the reading process and load every model now, so that the first document does not wait for it."""
    sandbox().start()


def read(job: Job) -> Found:
    """Read in the process apart. Raises Refused("image_invalid") when the images cannot be opened after all, ReadingFailed and ReadingKilled."""
    partner = _partner(job)
    order = {
        "sides": list(job.sides), "type": job.document.type_id, "country": job.document.country, "kinds": sorted(job.kinds) if job.kinds else None,
        "max_pixels": settings.MAX_IMAGE_PIXELS, "partner": partner and {"type": partner[0].type_id, "country": partner[0].country},
    }  # fmt: skip
    with spans.span("reading process", document=job.document.pk, type=job.document.type_id) as one:
        answer = sandbox().read(order, [*job.sides.values(), *([partner[1]] if partner else [])])
        # The reading process is let speak to nobody: what it measured comes with its answer.
        for run in answer.reading.runs:
            spans.past(f"reader {run.kind}", run.duration_ms / 1000, engine=run.engine, version=run.version)
        spans.note(one, pages=len(answer.reading.pages))
    pictures = zip(answer.reading.pages, answer.renditions, strict=True)
    return Found(answer.reading, {(page.side, page.number): picture for page, picture in pictures}, answer.faces, answer.faces_ms)


def _partner(job: Job) -> tuple[Document, bytes] | None:
    """The other half of a portrait and selfie pair with its picture, when faces are to be compared."""
    wanted = job.kinds is None or ExtractionKind.FACE in job.kinds
    if job.partner is None or "face" not in job.document.type.zones or not wanted or settings.FACE_ENGINE == "off":
        return None
    front = job.partner.images.select_related("blob").filter(side="front").first()
    return None if front is None else (job.partner, storage.read(front.blob))


def read_sides(sides: Mapping[str, bytes], kind: DocumentType, country: str, kinds: Collection[str] | None = None) -> Reading:
    """Read images with the engines of the settings, in this very process; ``kinds`` narrows the readers. For commands, not for workers."""
    legible = {side: on_sheets(data, max_pixels=settings.MAX_IMAGE_PIXELS, max_pages=kind.max_pages) for side, data in sides.items()}
    return read_document(
        legible, document_type=kind, country=country, kinds=kinds, engines=engines(), max_pixels=settings.MAX_IMAGE_PIXELS, max_pages=kind.max_pages
    )


def store_renditions(found: Found, owner: str) -> dict[tuple[str, int], Blob]:
    """Put the page pictures of the verification ``owner`` into the storage, before the transaction that refers to them."""
    return {place: storage.put(data, content_type="image/jpeg", owner=owner) for place, data in found.renditions.items()}


def loaded() -> dict[str, str]:
    """Which engines the reading process holds, with their versions."""
    return dict(sandbox().engines)
