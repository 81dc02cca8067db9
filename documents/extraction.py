"""Use cases of reading: take a document, record what readers found, hand it back, give up, correct by hand, ask for another run.

Readers run outside any transaction (``documents.actors``); what they found is recorded here, once per run however often it is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from documents import storage
from documents.extracted import EXPIRY
from documents.models import Blob, Correction, Document, DocumentStatus, Extraction, ExtractionKind, ExtractionStatus, Page
from documents.services import CANCELABLE, get_document, live_documents, lock_document, require_not_redacted
from flows.errors import Refused
from flows.ids import new_message_id
from verifications import audit
from verifications.lifecycle import SYSTEM, lock_verification, move
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit, is_live
from verifications.services import Caller

if TYPE_CHECKING:
    from documents.fields import Field
    from documents.readers import FaceMatch, ReaderRun, Reading

STRONGEST_FIRST = (ExtractionKind.MRZ, ExtractionKind.BARCODE, ExtractionKind.OCR, ExtractionKind.FACE)
_KIND_OF_ZONE = {
    "mrz": ExtractionKind.MRZ,
    "barcode": ExtractionKind.BARCODE,
    "viz": ExtractionKind.OCR,
    "address": ExtractionKind.OCR,
    "face": ExtractionKind.FACE,
}


_JUDGED_ELEMENTS = frozenset({"DAJ", "DCG", "DDE", "DDF", "DDG"})


@dataclass(frozen=True, slots=True)
class Job:
    """What a reading needs, loaded before it begins. ``partner`` is the other half of a portrait and selfie pair, if it is there."""

    document: Document
    request: str
    sides: Mapping[str, bytes]
    hashes: tuple[str, ...]
    kinds: frozenset[str] | None
    partner: Document | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a reading gave: the reading itself, page renditions as JPEG by (side, page), and the portrait against the selfie."""

    reading: Reading
    renditions: Mapping[tuple[str, int], bytes]
    faces: FaceMatch | None
    faces_ms: int = 0


@transaction.atomic
def begin_reading(*, document_id: str, reader: str, request: str) -> Job | None:
    """Uploaded → In progress for this ``reader`` (an outbox row). None when there is nothing to do: gone, a draft, done, not yet due by
    the flow, or in another living reader's hands. A document this reader left behind when it died is handed back and taken again."""
    document = _locked(document_id)
    if document is None or document.draft or document.images_redacted_at is not None:
        return None
    verification = document.verification
    pending = _pending_kinds(document, request)
    if document.status == DocumentStatus.IN_PROGRESS:
        if document.reader not in ("", reader) and is_live(document.reader):
            return None
        if document.reader:
            move(document, "hand_back", verification=verification, actor=SYSTEM, reason="reader_died")
    if document.status == DocumentStatus.UPLOADED:
        if not pending and not _is_due(verification):
            return None
        move(document, "begin_reading", verification=verification, actor=SYSTEM, changes={"reader": reader})
    elif document.status == DocumentStatus.IN_PROGRESS:
        document.reader = reader
        document.save(update_fields=["reader"])
    elif not pending:
        return None
    return _job(document, request, pending)


def _is_due(verification: Verification) -> bool:
    if verification.status in (VerificationStatus.CANCELED, VerificationStatus.EXPIRED) or verification.is_paused:
        return False
    return verification.definition.extract_on == "upload" or verification.status != VerificationStatus.STARTED


def _pending_kinds(document: Document, request: str) -> frozenset[str]:
    open_states = (ExtractionStatus.PENDING, ExtractionStatus.PROCESSING)
    rows = document.extractions.filter(request=request, status__in=open_states)
    rows.update(status=ExtractionStatus.PROCESSING)
    return frozenset(rows.values_list("kind", flat=True))


def _job(document: Document, request: str, pending: frozenset[str]) -> Job:
    images = list(document.images.select_related("blob"))
    partner_context = {"PHOTO_ID": "SELFIE", "SELFIE": "PHOTO_ID"}.get(document.context)
    partner = live_documents(document.verification).filter(context=partner_context, draft=False).first() if partner_context else None
    return Job(
        document=document,
        request=request,
        sides={image.side: storage.read(image.blob) for image in images},
        hashes=tuple(image.sha256 for image in images),
        kinds=pending or None,
        partner=partner,
    )


@transaction.atomic
def record_extraction(*, job: Job, reader: str, found: Found, renditions: Mapping[tuple[str, int], Blob]) -> None:
    """In progress → Extracted with one record per reader that ran. Reported twice, for a document that is gone, or whose reader lost its
    lease to another: nothing changes."""
    document = _locked(job.document.pk)
    if document is None or document.images_redacted_at is not None:
        return
    first_reading = document.status == DocumentStatus.IN_PROGRESS and document.reader == reader
    if not first_reading and not _pending_kinds(document, job.request):
        return
    _record_runs(document, job, found)
    _record_comparison(document, job, found)
    if first_reading:
        _keep_renditions(document, found.reading, renditions)
        document.reading = summary(found.reading)
        move(
            document, "finish_reading", verification=document.verification, actor=SYSTEM,
            changes={"reading_sealed": document.reading_sealed, "reader": "", "extraction_failed": False},
        )  # fmt: skip
        _cancel_if_case_is(document)
    elif document.reprocess_run and document.reprocess_run == job.request:
        _keep_renditions(document, found.reading, renditions)
        document.reading, document.extraction_failed, document.expiry_look_at = summary(found.reading), False, timezone.now()
        document.save(update_fields=["reading_sealed", "extraction_failed", "expiry_look_at", "updated_at"])
        emit("document.reread", verification=document.verification, document=document)


def summary(reading: Reading) -> dict[str, Any]:
    """What later floors need of a reading, as JSON: merged fields, zones, classification, quality, faces."""
    return {
        "fields": {path: asdict(entry) for path, entry in reading.fields.items()},
        "mrz": reading.mrz,
        "aamva": _card(reading.aamva) if reading.aamva else None,
        "classified": reading.classified,
        "quality": [{"side": page.side, "page": page.number, "shows": page.shows, "phash": page.phash, **page.quality} for page in reading.pages],
        "faces_assessed": any(run.kind == ExtractionKind.FACE and run.details.get("available", True) for run in reading.runs),
        "faces": [face for page in reading.pages if page.side == "front" for face in page.faces],
        "pages": [{"side": page.side, "page": page.number, "width": page.width, "height": page.height} for page in reading.pages],
        "seconds": reading.seconds,
    }


def _card(found: Mapping[str, Any]) -> dict[str, Any]:
    """The card as parsed and, of the raw elements, only those that rules look at: truncation, country and the state of the address."""
    return {**found, "elements": {name: value for name, value in (found.get("elements") or {}).items() if name in _JUDGED_ELEMENTS}}


def _record_runs(document: Document, job: Job, found: Found) -> None:
    by_kind: dict[str, list[ReaderRun]] = {}
    for run in found.reading.runs:
        by_kind.setdefault(run.kind, []).append(run)
    for runs in by_kind.values():
        _complete(document, job.request, _joined(runs))
    for kind in (job.kinds or frozenset()) - by_kind.keys():
        _complete(document, job.request, _Run(kind))


def _joined(runs: Sequence[ReaderRun]) -> _Run:
    """One record of a reader that ran once per page: of each path the surest value, the engine that found most, its time in all. ``details`` of
    several runs are ``{"pages": [details]}``."""
    best: dict[str, Field] = {}
    for entry in (entry for run in runs for entry in run.fields):
        if entry.path not in best or entry.confidence > best[entry.path].confidence:
            best[entry.path] = entry
    first = max(runs, key=lambda run: len(run.fields))
    details = first.details if len(runs) == 1 else {"pages": [run.details for run in runs]}
    result = {"fields": {path: asdict(entry) for path, entry in best.items()}, "details": details}
    return _Run(first.kind, first.engine, first.version, sum(run.duration_ms for run in runs), result)


@dataclass(frozen=True, slots=True)
class _Run:
    """What is known of one reader's run when it is done."""

    kind: str
    engine: str = ""
    version: str = ""
    duration_ms: int = 0
    result: Mapping[str, Any] = field(default_factory=lambda: {"fields": {}, "details": {}})
    reference: Document | None = None


def _complete(document: Document, request: str, run: _Run) -> None:
    place = {"document": document, "request": request, "kind": run.kind}
    row = Extraction.objects.filter(**place).first() or Extraction(**place)
    if row.status == ExtractionStatus.COMPLETED:
        return
    row.status, row.completed_at = ExtractionStatus.COMPLETED, timezone.now()
    row.engine, row.engine_version, row.duration_ms, row.reference = run.engine[:60], run.version[:60], max(0, run.duration_ms), run.reference
    row.result = run.result
    if row._state.adding:
        _save_run(row)
    else:
        row.save()


def _save_run(row: Extraction) -> None:
    """Write the record of a run that nobody asked for beforehand: it was created when the run began, not when it was written down."""
    assert row.completed_at is not None
    row.save(force_insert=True)
    row.created_at = row.completed_at - timedelta(milliseconds=row.duration_ms or 0)
    Extraction.objects.filter(pk=row.pk).update(created_at=row.created_at)


def _record_comparison(document: Document, job: Job, found: Found) -> None:
    """The comparison belongs to the photo ID, whichever of the two was read last."""
    if found.faces is None or job.partner is None:
        return
    partner = Document.objects.filter(pk=job.partner.pk).first()
    if partner is None:
        return
    photo, selfie = (document, partner) if document.context == "PHOTO_ID" else (partner, document)
    match = found.faces
    fields = (
        {}
        if match.score is None
        else {"document.selfie_comparison": _face_field("document.selfie_comparison", str(round(match.score * 100)), match.score)}
    )
    details = {
        "score": match.score, "level": match.level, "same": match.same, "distance": match.distance,
        "photo_sha256": _front_hash(photo), "selfie_sha256": _front_hash(selfie),
    }  # fmt: skip
    run = _Run(ExtractionKind.FACE, match.engine, match.version, found.faces_ms, {"fields": fields, "details": details}, selfie)
    # A record beside that of the face reader itself, which belongs to the same run.
    _complete(photo, new_message_id(), run)


def _face_field(path: str, value: str, confidence: float) -> dict[str, Any]:
    return {"path": path, "value": value, "confidence": confidence, "reader": "face", "side": "front", "page": 1, "box": None}


def _front_hash(document: Document) -> str:
    return document.images.filter(side="front").values_list("sha256", flat=True).first() or ""


def _keep_renditions(document: Document, reading: Reading, renditions: Mapping[tuple[str, int], Blob]) -> None:
    images = {image.side: image for image in document.images.prefetch_related("page_images__blob")}
    for image in images.values():
        storage.doom(*(page.blob for page in image.page_images.all()))
    Page.objects.filter(image__in=[image.pk for image in images.values()]).delete()
    for page in reading.pages:
        blob, side = renditions.get((page.side, page.number)), images.get(page.side)
        if blob is not None and side is not None:
            Page.objects.create(image=side, number=page.number, blob=storage.keep(blob), width=page.width, height=page.height)


def _cancel_if_case_is(document: Document) -> None:
    if document.verification.status == VerificationStatus.CANCELED and document.status in CANCELABLE:
        move(document, "cancel", verification=document.verification, actor=SYSTEM, reason="verification_canceled")


@transaction.atomic
def hand_back(*, document_id: str, reader: str) -> None:
    """In progress → Uploaded: the attempt failed and will be repeated."""
    document = _locked(document_id)
    if document is not None and document.status == DocumentStatus.IN_PROGRESS and document.reader == reader:
        move(document, "hand_back", verification=document.verification, actor=SYSTEM, reason="attempt_failed", changes={"reader": ""})


@transaction.atomic
def give_up_extraction(*, document_id: str, reader: str, request: str) -> None:
    """Extraction failed for good: In progress → Double check. A broken machine never rejects a person."""
    document = _locked(document_id)
    if document is None:
        return
    document.extractions.filter(request=request, status__in=(ExtractionStatus.PENDING, ExtractionStatus.PROCESSING)).update(
        status=ExtractionStatus.FAILED, completed_at=timezone.now()
    )
    verification = document.verification
    if document.reprocess_run and document.reprocess_run == request and document.status != DocumentStatus.IN_PROGRESS:
        # The old reading stands, and is judged by today's rules.
        emit("document.reread", verification=verification, document=document)
        return
    if document.status == DocumentStatus.UPLOADED and _is_due(verification) and not document.draft:
        move(document, "begin_reading", verification=verification, actor=SYSTEM, changes={"reader": reader})
    if document.status == DocumentStatus.IN_PROGRESS and document.reader in ("", reader):
        move(
            document, "give_up_reading", verification=verification, actor=SYSTEM, reason="extraction_failed", reasons=["extraction_failed"],
            changes={"reader": "", "extraction_failed": True},
        )  # fmt: skip
        _cancel_if_case_is(document)


@transaction.atomic
def give_up_unread(*, verification: Verification) -> int:
    """What ``give_up_extraction`` does, for every document of the case that a machine was still to read; a reader that is at work comes too late.
    The caller holds the verification's lock. Returns how many documents that were."""
    unread = [
        document
        for document in live_documents(verification).filter(draft=False, images_redacted_at__isnull=True)
        if document.status == DocumentStatus.IN_PROGRESS or (document.status == DocumentStatus.UPLOADED and _is_due(verification))
    ]
    for document in unread:
        asked = document.extractions.filter(status__in=(ExtractionStatus.PENDING, ExtractionStatus.PROCESSING)).values_list("request", flat=True)
        for request in dict.fromkeys([*asked.order_by(), ""]):
            give_up_extraction(document_id=document.pk, reader=document.reader, request=request)
    return len(unread)


def fail_open_runs(document_ids: Collection[str]) -> None:
    """Nobody reads these documents any more."""
    rows = Extraction.objects.filter(document__in=document_ids, status__in=(ExtractionStatus.PENDING, ExtractionStatus.PROCESSING))
    rows.update(status=ExtractionStatus.FAILED, completed_at=timezone.now())


@transaction.atomic
def request_extraction(*, caller: Caller, flow: str, document_id: str, kinds: Collection[str] | None) -> Extraction:
    """Ask for another run; answers with the record of the strongest reader asked for (mrz > barcode > ocr > face).

    Raises Refused: document_not_found, flow_mismatch, redacted, verification_canceled, verification_on_hold, document_is_draft, document_canceled,
    document_in_progress.
    """
    found = get_document(caller=caller, flow=flow, document_id=document_id)
    verification = lock_verification(found.verification_id)
    document = lock_document(document_id)
    _require_readable(verification, document)
    request = new_message_id()
    rows = _open_runs(document, request, kinds)
    emit("document.reading_requested", verification=verification, document=document, request=request)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="document.extraction_requested", subject=document.pk,
        verification=verification.pk, data={"kinds": sorted(rows)},
    )  # fmt: skip
    return next(iter(rows.values()))


def extractions_of(document: Document) -> QuerySet[Extraction]:
    """Newest first."""
    return Extraction.objects.filter(document=document).order_by("-created_at", "-id")


def classification_of(document: Document) -> dict[str, Any]:
    """What the reading took the document for: ``{predicted_type, country, confidence, candidates}``.

    Raises Refused: redacted, not_extracted (422)."""
    require_not_redacted(document.verification, document)
    if document.reading is None:
        raise Refused("not_extracted", "The document was not read yet.", status=422)
    found: Mapping[str, Any] = document.reading.get("classified") or {}
    return {
        "predicted_type": found.get("type"), "country": found.get("country"), "confidence": found.get("confidence"),
        "candidates": list(found.get("candidates") or []),
    }  # fmt: skip


def _open_runs(document: Document, request: str, kinds: Collection[str] | None) -> dict[ExtractionKind, Extraction]:
    """One pending record for each reader asked for, strongest first; None asks for all that the document's type has."""
    wanted = {_KIND_OF_ZONE[zone] for zone in document.type.zones} if kinds is None else set(kinds)
    return {kind: Extraction.objects.create(document=document, request=request, kind=kind) for kind in STRONGEST_FIRST if kind in wanted}


def read_again(document: Document) -> None:
    """Have a document that was read be read and then judged anew; the caller holds the locks. One that is being read again is left to that."""
    if is_being_read_again(document):
        return
    document.reprocess_run = new_message_id()
    document.save(update_fields=["reprocess_run", "updated_at"])
    _open_runs(document, document.reprocess_run, None)
    emit("document.reading_requested", verification=document.verification, document=document, request=document.reprocess_run)


def is_being_read_again(document: Document) -> bool:
    """Whether the readers of its reprocessing are still at work. Uses the prefetched extractions when there are any."""
    open_states = (ExtractionStatus.PENDING, ExtractionStatus.PROCESSING)
    return bool(document.reprocess_run) and any(
        row.request == document.reprocess_run and row.status in open_states for row in document.extractions.all()
    )


def record_comparison(document: Document, reference: Document, results: Mapping[str, Any], *, duration_ms: int) -> Extraction:
    """Keep what a comparison of two documents gave as a completed record of ``document``."""
    row = Extraction(
        document=document, request=new_message_id(), kind=ExtractionKind.COMPARISON, status=ExtractionStatus.COMPLETED, engine="vouchbox",
        engine_version="1", duration_ms=duration_ms, reference=reference, completed_at=timezone.now(),
    )  # fmt: skip
    row.result = {"fields": {}, "details": {}, "comparison": results}
    _save_run(row)
    return row


def _require_readable(verification: Verification, document: Document) -> None:
    require_not_redacted(verification, document)
    if document.images_redacted_at is not None:
        raise Refused("images_redacted", "The document's images were deleted.")
    if verification.status == VerificationStatus.CANCELED:
        raise Refused("verification_canceled", "The verification is canceled.")
    if verification.is_paused:
        raise Refused("verification_on_hold", "The verification is paused; nothing of it is read until it is resumed.")
    if document.draft:
        raise Refused("document_is_draft", "The document is a draft; submit it first.")
    if document.status == DocumentStatus.CANCELED:
        raise Refused("document_canceled", "The document is canceled.")
    if document.status == DocumentStatus.IN_PROGRESS:
        raise Refused("document_in_progress", "The document is being read.")


@transaction.atomic
def correct_fields(*, caller: Caller, flow: str, document_id: str, values: Mapping[str, str], reason: str) -> Document:
    """A person's values in the machine's place, while Extracted or Double check; the rules run again.

    Raises Refused: document_not_found, flow_mismatch, redacted, document_not_extracted, validation_failed.
    """
    found = get_document(caller=caller, flow=flow, document_id=document_id)
    verification = lock_verification(found.verification_id)
    document = lock_document(document_id)
    require_not_redacted(verification, document)
    if document.status not in (DocumentStatus.EXTRACTED, DocumentStatus.DOUBLE_CHECK):
        raise Refused("document_not_extracted", "Fields can be corrected while the document is Extracted or in Double check.")
    if unknown := sorted(set(values) - set(correctable_paths(document))):
        errors = {f"fields.{path}": ["A document of this type has no such field."] for path in unknown}
        raise Refused("validation_failed", "A document of this type has no such field.", status=422, errors=errors)
    _require_dates(values)
    for path, value in values.items():
        correction = Correction(document=document, path=path, corrected_by=caller.name)
        correction.content = {"value": value, "reason": reason}
        correction.save(force_insert=True)
    if EXPIRY in values:
        Document.objects.filter(pk=document_id).update(expiry_told=None, expiry_look_at=timezone.now())
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="document.corrected", subject=document.pk, verification=verification.pk,
        data={"fields": sorted(values)},
    )  # fmt: skip
    emit("document.corrected", verification=verification, document=document)
    return get_document(caller=caller, flow=flow, document_id=document_id)


def _require_dates(values: Mapping[str, str]) -> None:
    """A day is YYYY-MM-DD, '' where the document has none; an end of validity may also be INDEF, as on retirees' cards."""
    dated = {path: value for path, value in values.items() if value and path.endswith(("date_of_birth", "_date", ".date"))}
    wrong = [path for path, value in dated.items() if not _is_day(value) and (path, value) != (EXPIRY, "INDEF")]
    if wrong:
        message = "The date must be YYYY-MM-DD."
        raise Refused("validation_failed", message, status=422, errors={f"fields.{path}": [message] for path in wrong})


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def correctable_paths(document: Document) -> Sequence[str]:
    """What a document of this type carries, and what was read from it besides."""
    read_paths = (document.reading or {}).get("fields", {})
    return list(dict.fromkeys([*document.type.fields, *read_paths]))


def _locked(document_id: str) -> Document | None:
    """Verification first, then the document, both locked; None when it is gone."""
    verification_id = Document.objects.filter(pk=document_id).values_list("verification_id", flat=True).first()
    if verification_id is None:
        return None
    verification = lock_verification(verification_id)
    document = Document.objects.select_for_update().filter(pk=document_id).first()
    if document is not None:
        document.verification = verification
    return document
