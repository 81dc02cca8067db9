"""Forgetting what was judged and printed: outcomes, rules, reasons and hashes of images stay, the values they rest on, the keyed hashes of numbers,
names and birthdays, and the PDFs go."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from decisions.exports import forget_exports
from decisions.models import Check, Comment, Decision, Escalation, Fingerprint, FingerprintKind, FormRecord, Opinion, Record, StoredEvidence
from documents import storage
from documents.models import Blob, BlobState
from verifications.models import Verification
from verifications.redaction import Extent, Removed


def redact_judgement(verification: Verification, extent: Extent) -> Removed:
    """Every PDF shows images, so that all of them go even where only some documents' images do."""
    records = Record.objects.filter(verification=verification)
    blobs = list(Blob.objects.filter(record__in=records, state=BlobState.KEPT))
    records.delete()
    storage.doom(*blobs)
    forget_exports(verification)
    if extent.is_everything:
        _forget_case(verification)
    elif extent.data:
        _forget_documents(verification, set(extent.documents or ()))
    return Removed(0, tuple(blob.sha256 for blob in blobs))


def _forget_case(verification: Verification) -> None:
    Check.objects.filter(verification=verification).update(evidence_sealed=None)
    Decision.objects.filter(verification=verification).update(note_sealed=None)
    Comment.objects.filter(verification=verification).update(text_sealed=None)
    Opinion.objects.filter(verification=verification).update(note_sealed=None)
    Escalation.objects.filter(verification=verification).update(reason_sealed=None)
    FormRecord.objects.filter(verification=verification).update(content_sealed=None)
    StoredEvidence.objects.filter(verification=verification).update(content_sealed=None)
    Fingerprint.objects.filter(verification=verification).exclude(kind=FingerprintKind.IMAGE).delete()


def _forget_documents(verification: Verification, documents: Collection[str]) -> None:
    """What rests on these documents, also in results about the case's others. A snapshot of what was judged shows the whole case, so that none is
    kept: the decisions stay, and can be replayed no more."""
    about = Q(verification=verification, document__in=documents)
    Check.objects.filter(about).update(evidence_sealed=None)
    _forget_in_others(verification, documents)
    Decision.objects.filter(about).update(note_sealed=None)
    Comment.objects.filter(about).update(text_sealed=None)
    Opinion.objects.filter(about).update(note_sealed=None)
    StoredEvidence.objects.filter(verification=verification).update(content_sealed=None)
    Fingerprint.objects.filter(about).exclude(kind=FingerprintKind.IMAGE).delete()


def _forget_in_others(verification: Verification, documents: Collection[str]) -> None:
    """Of a result that compared documents the values of the others stay; what was made of all of them does not tell whose it is, and goes."""
    for check in Check.objects.filter(verification=verification, evidence_sealed__isnull=False).exclude(document__in=documents):
        evidence = check.evidence or {}
        inputs = [entry for entry in evidence.get("inputs", ()) if entry["document"] not in documents]
        if check.cross_document or len(inputs) < len(evidence.get("inputs", ())):
            check.evidence = {**evidence, "inputs": inputs, "expected": None, "computed": None, "normalised": []}
            check.save(update_fields=["evidence_sealed"])
