"""Database to evidence: one verification as the rules may see it, loaded in a constant number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from decisions import fingerprints, lists
from decisions.evidence import Case, Classified, DocumentEvidence, FaceComparison, MrzEvidence, Observed, SideQuality
from documents.extracted import current_values, latest_comparison
from documents.models import Document, DocumentStatus, ExtractionKind, ExtractionStatus
from documents.services import documents_with_images
from verifications.models import Verification

_MEASURES = ("width", "blur", "glare", "exposure", "corners", "shows", "phash")
READ = (DocumentStatus.EXTRACTED, DocumentStatus.DOUBLE_CHECK, DocumentStatus.APPROVED, DocumentStatus.REJECTED)


def judged_documents(verification: Verification) -> list[Document]:
    """The live documents that count: no drafts, none canceled."""
    rows = documents_with_images().filter(verification=verification, superseded_at__isnull=True, draft=False)
    return list(rows.exclude(status=DocumentStatus.CANCELED).order_by("created_at", "id"))


def gather_case(verification: Verification, documents: Sequence[Document], *, remember: bool = True) -> Case:
    """``documents`` as ``judged_documents`` gives them. ``remember`` keeps their fingerprints; without it nothing is written."""
    zone = ZoneInfo(verification.definition.time_zone)
    case = Case(
        flow=verification.flow_id,
        today=timezone.now().astimezone(zone).date(),
        expected=verification.expected or {},
        documents=tuple(_evidence(document) for document in documents),
    )
    key = fingerprints.workspace_key(verification.workspace_id)
    if remember:
        fingerprints.remember(verification, case, key)
    uses = fingerprints.earlier_uses(verification, case, key)
    known = tuple(replace(entry, earlier_uses=uses.get(entry.id, ())) for entry in case.documents)
    return replace(case, documents=known, listed=lists.listed(verification, case, key))


def _evidence(document: Document) -> DocumentEvidence:
    reading: Mapping[str, Any] = document.reading or {}
    values = current_values(document)
    observed = {
        path: Observed(path, value.value, value.reader, document.pk, value.confidence or 0.0, value.side, value.page, value.box)
        for path, value in values.items()
    }
    faces = reading.get("faces") or []
    return DocumentEvidence(
        id=document.pk,
        context=document.context,
        type=document.type,
        country=document.country,
        extracted=document.status in READ and not document.extraction_failed,
        fields=observed,
        by_reader=_by_reader(document),
        mrz=_mrz(reading.get("mrz")),
        aamva=reading.get("aamva"),
        classified=_classified(reading.get("classified")),
        quality=tuple(_quality(reading.get("quality") or [])),
        # Without an engine for it nobody looked for a face: that is not a picture without one.
        faces=len(faces) if reading.get("faces_assessed") and "face" in document.type.zones else None,
        face_px=max((min(face["box"][2], face["box"][3]) for face in faces), default=None),
        face_quality=max(faces, key=lambda face: min(face["box"][2], face["box"][3]))["quality"] if faces else None,
        face_comparison=_comparison(document),
        image_hashes=tuple(image.sha256 for image in document.images.all()),
        extraction_failed=document.extraction_failed,
    )


def _by_reader(document: Document) -> dict[str, dict[str, Observed]]:
    newest: dict[str, Any] = {}
    for row in sorted(document.extractions.all(), key=lambda entry: (entry.created_at, entry.pk)):
        if row.status == ExtractionStatus.COMPLETED and row.kind != ExtractionKind.COMPARISON and row.reference_id is None:
            newest[row.kind] = row
    return {kind: _fields(document, (row.result or {}).get("fields", {})) for kind, row in newest.items()}


def _fields(document: Document, fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Observed]:
    return {
        path: Observed(
            path,
            str(entry["value"]),
            str(entry["reader"]),
            document.pk,
            float(entry["confidence"]),
            str(entry["side"]),
            entry.get("page"),
            tuple(entry["box"]) if entry.get("box") else None,
        )
        for path, entry in fields.items()
    }


def _mrz(found: Mapping[str, Any] | None) -> MrzEvidence | None:
    if not found:
        return None
    return MrzEvidence(
        format=found["format"],
        lines=tuple(found["lines"]),
        failed_checks=tuple(found["failed_checks"]),
        # Repairs that the layout forces (a letter in a date) say nothing against the document.
        repairs=sum(entry["constraint"].startswith("check_digit") for entry in found["repairs"]),
        confidence=float(found.get("confidence", 1.0)),
    )


def _classified(found: Mapping[str, Any] | None) -> Classified | None:
    if not found or not found.get("type"):
        return None
    return Classified(str(found["type"]), str(found.get("country") or ""), float(found.get("confidence") or 0.0))


def _quality(pages: Sequence[Mapping[str, Any]]) -> list[SideQuality]:
    first = [page for page in pages if page["page"] == 1]
    return [SideQuality(page["side"], **{name: page[name] for name in _MEASURES if page.get(name) is not None}) for page in first]


def _comparison(document: Document) -> FaceComparison | None:
    found = latest_comparison(document)
    if found is None:
        return None
    return FaceComparison(found["level"], found["score"], found["distance"], found["engine"], found["selfie_document"] or "", found["version"])
