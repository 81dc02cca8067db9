"""Forgetting what was uploaded and read: files go for good, rows stay as a husk of ids, states, times and hashes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from documents import storage
from documents.extraction import fail_open_runs
from documents.models import Blob, BlobState, Correction, Document, Extraction, Image, Page
from documents.services import delete_document, find_document, lock_document
from documents.uploads import forget_same
from flows.errors import Refused
from flows.idempotency import forget_answers
from verifications.holds import require_not_held
from verifications.lifecycle import lock_verification
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit
from verifications.redaction import Extent, Removed
from verifications.retention import REQUESTED, redact
from verifications.services import Caller

_S = VerificationStatus


@transaction.atomic
def redact_document(*, caller: Caller, document_id: str) -> bool:
    """Images and data of one document go for good, once its case is decided or over; a husk of id, type, status, hashes and decisions stays, and the
    case's other documents are as they were. Whether anything went: repeating it changes nothing.

    Raises Refused: document_not_found, legal_hold, verification_not_finished.
    """
    verification = lock_verification(find_document(caller=caller, document_id=document_id).verification_id)
    document = lock_document(document_id)
    if verification.redacted_at is not None or document.redacted_at is not None:
        return False
    require_not_held(verification)
    _require_decided(verification)
    redact(verification, actor=caller.name, ground=REQUESTED, extent=Extent([document.pk]))
    emit("document.redacted", verification=verification, document=document)
    return True


def _require_decided(verification: Verification) -> None:
    """What is still to be judged is judged by all its documents."""
    undecided = verification.held_from if verification.status == _S.HOLD else verification.status
    if undecided in (_S.STARTED, _S.SUBMITTED, _S.EXPIRED):
        raise Refused("verification_not_finished", "The verification is being decided; the document's data can be deleted when that is done.")


@transaction.atomic
def remove_document(*, caller: Caller, document_id: str) -> str:
    """Take a document's data away however far its case is: ``deleted`` with its row while the case is open (its slot is free again) and to a husk
    later, ``already_redacted`` where there is nothing left.

    Raises Refused: document_not_found, legal_hold, verification_not_finished.
    """
    found = find_document(caller=caller, document_id=document_id)
    verification = lock_verification(found.verification_id)
    is_open = verification.status in (_S.STARTED, _S.EXPIRED) and verification.redacted_at is None
    if is_open:
        delete_document(caller=caller, flow=verification.flow_id, document_id=document_id)
        return "deleted"
    return "deleted" if redact_document(caller=caller, document_id=document_id) else "already_redacted"


def redact_documents(verification: Verification, extent: Extent) -> Removed:
    """The caller holds the verification's lock."""
    rows = Document.objects.select_for_update().filter(verification=verification)
    documents = list(rows if extent.documents is None else rows.filter(pk__in=list(extent.documents)))
    ids = [document.pk for document in documents]
    hashes = _erase_images(ids)
    forget_same(verification.workspace_id, hashes)
    now = timezone.now()
    Document.objects.filter(pk__in=ids, images_redacted_at__isnull=True).update(images_redacted_at=now)
    if not Document.objects.filter(verification=verification, images_redacted_at__isnull=True).exists():
        verification.images_redacted_at = now
        verification.save(update_fields=["images_redacted_at", "updated_at"])
    if extent.data:
        _forget_data(verification, ids, now)
    return Removed(len(ids), tuple(hashes))


def _forget_data(verification: Verification, ids: Sequence[str], now: datetime) -> None:
    rows = Document.objects.filter(pk__in=ids)
    rows.update(reading_sealed=None, reader="", reprocess_run="", expiry_look_at=None, tags=[], metadata={}, updated_at=now)
    rows.filter(redacted_at__isnull=True).update(redacted_at=now)
    Correction.objects.filter(document__in=ids).delete()
    # A comparison holds the values of both sides; one with a case's identity those of several of its documents.
    compared = Extraction.objects.filter(Q(reference__in=ids) | Q(reference__verification=verification) & ~Q(document__verification=verification))
    forget_answers(compared.order_by().values_list("document_id", flat=True), code="document_redacted")
    compared.update(result_sealed=None)
    Extraction.objects.filter(document__in=ids).update(result_sealed=None)
    fail_open_runs(ids)


def _erase_images(documents: Iterable[str]) -> list[str]:
    """Rows of images keep size and hash; pages made from them go with their rows."""
    images = Image.objects.filter(document__in=list(documents))
    pages = Page.objects.filter(image__in=images)
    blobs = list(Blob.objects.filter(image__in=images, state=BlobState.KEPT))
    renditions = list(Blob.objects.filter(page__in=pages))
    hashes = [blob.sha256 for blob in blobs]
    pages.delete()
    storage.doom(*blobs, *renditions)
    return hashes
