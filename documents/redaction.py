"""Forgetting what was uploaded and read: files go for good, rows stay as a husk of ids, states, times and hashes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.utils import timezone

from documents import storage
from documents.models import Blob, BlobState, Correction, Document, Extraction, Image, Page
from documents.uploads import forget_same
from verifications.models import Verification
from verifications.redaction import Removed


def redact_documents(verification: Verification, images_of: Collection[str] | None) -> Removed:
    """The images of the documents named, or everything of all (``images_of`` None). The caller holds the verification's lock."""
    rows = Document.objects.select_for_update().filter(verification=verification)
    documents = list(rows if images_of is None else rows.filter(pk__in=list(images_of)))
    ids = [document.pk for document in documents]
    hashes = _erase_images(ids)
    forget_same(verification.workspace_id, hashes)
    now = timezone.now()
    Document.objects.filter(pk__in=ids, images_redacted_at__isnull=True).update(images_redacted_at=now)
    if not Document.objects.filter(verification=verification, images_redacted_at__isnull=True).exists():
        verification.images_redacted_at = now
        verification.save(update_fields=["images_redacted_at", "updated_at"])
    if images_of is None:
        Document.objects.filter(pk__in=ids).update(reading_sealed=None, reader="", reprocess_run="", expiry_look_at=None, tags=[], metadata={})
        Correction.objects.filter(document__in=ids).delete()
        Extraction.objects.filter(document__in=ids).update(result_sealed=None)
    return Removed(len(ids), tuple(hashes))


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
