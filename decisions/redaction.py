"""Forgetting what was judged and printed: outcomes, rules, reasons and hashes of images stay, the values they rest on, the keyed hashes of numbers,
names and birthdays, and the PDFs go."""

from __future__ import annotations

from collections.abc import Collection

from decisions.exports import forget_exports
from decisions.models import Check, Comment, Decision, Escalation, Fingerprint, FingerprintKind, FormRecord, Opinion, Record, StoredEvidence
from documents import storage
from documents.models import Blob, BlobState
from verifications.models import Verification
from verifications.redaction import Removed


def redact_judgement(verification: Verification, images_of: Collection[str] | None) -> Removed:
    """Every PDF shows images, so that all of them go even where only some documents' images do."""
    records = Record.objects.filter(verification=verification)
    blobs = list(Blob.objects.filter(record__in=records, state=BlobState.KEPT))
    records.delete()
    storage.doom(*blobs)
    forget_exports(verification)
    if images_of is None:
        Check.objects.filter(verification=verification).update(evidence_sealed=None)
        Decision.objects.filter(verification=verification).update(note_sealed=None)
        Comment.objects.filter(verification=verification).update(text_sealed=None)
        Opinion.objects.filter(verification=verification).update(note_sealed=None)
        Escalation.objects.filter(verification=verification).update(reason_sealed=None)
        FormRecord.objects.filter(verification=verification).update(content_sealed=None)
        StoredEvidence.objects.filter(verification=verification).update(content_sealed=None)
        Fingerprint.objects.filter(verification=verification).exclude(kind=FingerprintKind.IMAGE).delete()
    return Removed(0, tuple(blob.sha256 for blob in blobs))
