"""The stored PDFs: prepared and sealed when a verification becomes Approved, made on the spot where one is missing, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable

from django.db import IntegrityError, transaction

from decisions import composition
from decisions.dossier import CaseFile, get_case, get_document, open_case
from decisions.models import Decision, Record
from decisions.seal import seal
from documents import storage
from documents.models import Document
from flows.errors import Refused
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.models import Verification, VerificationStatus
from verifications.services import Caller

PDF = "application/pdf"


def prepare_records(*, verification_id: str) -> None:
    """The verification's record and each document's; nothing when it is not Approved (any more). Repeating it changes nothing."""
    verification = Verification.objects.select_related("flow_version", "workspace").get(pk=verification_id)
    if verification.status != VerificationStatus.APPROVED or verification.images_redacted_at is not None:
        return
    case = open_case(verification)
    _stored(verification, None, lambda: composition.verification_pdf(case))
    for document in case.documents:
        _stored(verification, document, _composer(case, document))


def _composer(case: CaseFile, document: Document) -> Callable[[], bytes]:
    return lambda: composition.document_pdf(case, document)


def verification_pdf(*, caller: Caller, flow: str, verification_id: str) -> bytes:
    """Raises Refused: verification_not_found, flow_mismatch, redacted, verification_not_approved."""
    case = get_case(caller=caller, flow=flow, verification_id=verification_id)
    _require_approved(case.verification)
    data = _stored(case.verification, None, lambda: composition.verification_pdf(case))
    _note_export(caller, case.verification, case.verification.pk)
    return data


def document_pdf(*, caller: Caller, flow: str, document_id: str) -> bytes:
    """Raises Refused: document_not_found, flow_mismatch, redacted, images_redacted, verification_not_approved."""
    document = get_document(caller=caller, flow=flow, document_id=document_id)
    _require_approved(document.verification)
    if document.images_redacted_at is not None:
        raise Refused("images_redacted", "The document's images were deleted, and its record with them.")
    case = get_case(caller=caller, flow=flow, verification_id=document.verification_id)
    data = _stored(case.verification, document, _composer(case, document))
    _note_export(caller, case.verification, document.pk)
    return data


def _require_approved(verification: Verification) -> None:
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if verification.images_redacted_at is not None:
        raise Refused("images_redacted", "The verification's images were deleted, and its records with them.")
    if verification.status != VerificationStatus.APPROVED:
        raise Refused("verification_not_approved", "The verification is not Approved.")


def _note_export(caller: Caller, verification: Verification, subject: str) -> None:
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="record.exported", subject=subject, verification=verification.pk)


def _stored(verification: Verification, document: Document | None, compose: Callable[[], bytes]) -> bytes:
    """The bytes of the current revision, composed and stored if nobody did yet."""
    revision = Decision.objects.filter(verification=verification).count()
    found = Record.objects.select_related("blob").filter(verification=verification, document=document, revision=revision).first()
    if found is not None:
        return storage.read(found.blob)
    data = seal(compose())
    blob = storage.put(data, content_type=PDF, owner=verification.pk)
    try:
        with transaction.atomic():
            _require_approved(lock_verification(verification.pk))
            storage.keep(blob)
            Record.objects.create(verification=verification, document=document, revision=revision, blob=blob, sha256=blob.sha256)
    except IntegrityError:
        # Another process stored the same revision first.
        storage.doom(blob)
        found = Record.objects.select_related("blob").get(verification=verification, document=document, revision=revision)
        return storage.read(found.blob)
    return data
