"""Sessions, documents, extractions and checks as this dialect says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import segno
from django.conf import settings
from rest_framework.request import Request

from config.api import present
from config.api.dialects.common import under
from config.api.dialects.described import ANY, FLAG, FREE, MOMENT, NUMBER, SCORES, TEXT, WHOLE, listed, nullable, one_of, shape
from config.api.links import link_to
from config.api.present import moment
from decisions import desk
from decisions.compromised import Mark
from decisions.desk import CaseState
from decisions.dossier import CaseFile
from decisions.risk import Risk
from decisions.shown import ShownCheck
from documents import capture
from documents.cases import Progress
from documents.extracted import extracted_data
from documents.types import DOCUMENT_TYPES, DocumentType
from flows.errors import Refused
from verifications.retention import Redaction

if TYPE_CHECKING:
    from decisions.models import Comment, Fingerprint
    from documents.models import Document, Extraction, Image
    from verifications.models import CaptureLink, Verification, WebhookDelivery

STATUSES = ("pending", "capturing", "processing", "completed", "expired", "failed", "awaiting_external", "under_review", "sandbox_pending")
BY_NUMBER = {2: "processing", 3: "completed", 4: "completed", 5: "under_review", 6: "expired", 7: "expired", 8: "awaiting_external"}
NUMBERS = {word: [number for number, own in BY_NUMBER.items() if own == word] for word in STATUSES} | {
    "pending": [1],
    "capturing": [1],
    "failed": [5],
}
PROGRESS = {
    "pending": Progress(opened=False), "capturing": Progress(opened=True), "under_review": Progress(unread=False), "failed": Progress(unread=True),
}  # fmt: skip
DOCUMENT_STATUSES = {1: "uploaded", 2: "processing", 3: "approved", 4: "rejected", 5: "under_review", 6: "canceled", 7: "extracted"}
_OUTCOMES = {"pass": "passed", "warning": "review", "error": "failed", "not_applicable": "not_applicable"}
FILES = "/api/v1/files/*"

SESSION = shape(
    id=TEXT, status=one_of(*STATUSES), is_sandbox=FLAG, environment=TEXT, created_at=MOMENT, updated_at=MOMENT, external_ref=nullable(TEXT),
    metadata=FREE, country=nullable(TEXT), checks=nullable(listed(TEXT)), workflow_id=nullable(TEXT), document_type=nullable(TEXT),
    retention_status=nullable(one_of("active", "sensitive_redacted", "redacted")), processing_attempts=nullable(WHOLE), consent_ip=nullable(TEXT),
    capture_url=nullable(TEXT), token_expires_at=nullable(MOMENT), case_id=nullable(TEXT), case_status=nullable(TEXT), tags=listed(TEXT),
)  # fmt: skip
LINK = shape(
    id=TEXT, session_id=TEXT, capture_url=nullable(TEXT), status=one_of("created", "consumed", "expired", "revoked"), expires_at=MOMENT,
    created_at=MOMENT, qr_code_data_url=nullable(TEXT),
)  # fmt: skip
LISTED_LINK = shape(
    id=TEXT, session_id=TEXT, status=one_of("created", "consumed", "expired", "revoked"), expires_at=MOMENT, created_at=MOMENT,
    consumed_at=nullable(MOMENT), revoked_at=nullable(MOMENT),
)  # fmt: skip
CREATED = {**SESSION, "properties": {**SESSION["properties"], "qr_code_data_url": nullable(TEXT)}}
DOCUMENT = shape(
    id=TEXT, session_id=nullable(TEXT), document_type=TEXT, type_label=TEXT, country=TEXT, status=one_of(*DOCUMENT_STATUSES.values()),
    is_sandbox=FLAG, sides=listed(shape(side=one_of("front", "back"), content_type=TEXT, pages=WHOLE, download_url=nullable(TEXT))),
    retention_status=one_of("active", "sensitive_redacted", "redacted"), tags=listed(TEXT), metadata=FREE, created_at=MOMENT, updated_at=MOMENT,
)  # fmt: skip
_OF_EXTRACTIONS = (
    "id", "document_id", "extraction_type", "status", "created_at", "extracted_fields", "confidence_scores", "reference_document_id",
    "comparison_results",
)  # fmt: skip
EXTRACTION = shape(
    id=TEXT, document_id=TEXT, extraction_type=TEXT, status=one_of("pending", "processing", "completed", "failed"), created_at=MOMENT,
    extracted_fields=FREE, confidence_scores=SCORES, reference_document_id=nullable(TEXT), comparison_results=nullable(FREE),
)  # fmt: skip
CHECK = shape(id=TEXT, document_id=TEXT, name=TEXT, status=one_of(*_OUTCOMES.values()), reason=nullable(TEXT), message=TEXT, created_at=MOMENT)
FINGERPRINT = shape(id=TEXT, document_id=nullable(TEXT), kind=TEXT, fingerprint_hash=TEXT, created_at=MOMENT)
DELIVERY = shape(
    id=TEXT, event_type=TEXT, endpoint_id=nullable(TEXT), status=TEXT, attempts=WHOLE, last_status_code=nullable(WHOLE),
    last_error=nullable(TEXT), created_at=MOMENT, delivered_at=nullable(MOMENT),
)  # fmt: skip
CLASSIFICATION = shape(
    predicted_type=nullable(TEXT), country=nullable(TEXT), confidence=nullable(NUMBER), candidates=listed(shape(type=TEXT, confidence=NUMBER))
)
RISK = shape(score=WHOLE, level=one_of("low", "medium", "high"), signals=listed(CHECK))
RESULT = shape(
    session_id=TEXT, status=one_of(*STATUSES), result=one_of("approved", "rejected", "needs_review"), decided_at=nullable(MOMENT),
    documents=listed(shape(document_id=TEXT, document_type=TEXT, status=TEXT, extracted_data=ANY)), checks=listed(CHECK),
)  # fmt: skip
CASE = shape(
    id=TEXT, session_id=TEXT, status=one_of(*desk.STATUSES), workflow_id=TEXT, external_ref=nullable(TEXT), opened_at=nullable(MOMENT),
    tags=listed(TEXT), assigned_to=nullable(TEXT), claimed_at=nullable(MOMENT), escalated_at=nullable(MOMENT), due_at=nullable(MOMENT),
)  # fmt: skip
NOTE = shape(id=TEXT, case_id=TEXT, text=TEXT, author=TEXT, created_at=MOMENT)
PAGINATION = shape(total=WHOLE, limit=WHOLE, offset=WHOLE)


def page_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    return shape(data=listed(entry), pagination=PAGINATION)


def session_status(case: Verification, documents: list[Document]) -> str:
    number = int(case.status)
    if number == 1:
        return "capturing" if documents or case.opened_at else "pending"
    return "failed" if number == 5 and any(entry.extraction_failed for entry in documents) else BY_NUMBER[number]


def retention_of(everything: object, images: object) -> str:
    return "redacted" if everything else "sensitive_redacted" if images else "active"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is shown of a session besides itself. ``link`` is the one that leads to the capture page, ``state`` that of the case; ``with_ip``: the
    reader may see where consent came from."""

    link: CaptureLink | None
    state: CaseState | None
    with_ip: bool


def session_body(request: Request, case: Verification, beside: Beside) -> dict[str, Any]:
    """Needs ``flow_version`` and ``live_documents``."""
    documents: list[Document] = case.live_documents  # type: ignore[attr-defined]
    photo = next((entry for entry in documents if entry.context == "PHOTO_ID"), None)
    link, state, consent = beside.link, beside.state, case.consent if beside.with_ip else None
    return {
        "id": under("ses", case.pk),
        "status": session_status(case, documents),
        "is_sandbox": case.environment == "sandbox",
        "environment": case.environment,
        "created_at": moment(case.created_at),
        "updated_at": moment(case.updated_at),
        "external_ref": case.external_ref or None,
        "metadata": case.metadata,
        "country": photo.country if photo else None,
        "checks": sorted(case.definition.rules),
        "workflow_id": case.flow_id,
        "document_type": photo.type.kind if photo else None,
        "retention_status": retention_of(case.redacted_at, case.images_redacted_at),
        "processing_attempts": case.attempt,
        "consent_ip": consent["ip"] if consent else None,
        "capture_url": capture_url(request, link) if link else None,
        "token_expires_at": moment(link.expires_at) if link else None,
        "case_id": under("case", case.pk) if state else None,
        "case_status": state.status if state else None,
        "tags": case.tags,
    }


def capture_url(request: Request, link: CaptureLink) -> str | None:
    path = capture.path_of(link)
    return None if path is None else f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else str(request.build_absolute_uri(path))


def qr_code(url: str | None) -> str | None:
    """A PNG as a ``data:`` URL."""
    return str(segno.make(url, error="m").png_data_uri(scale=6, border=3)) if url else None


def link_body(request: Request, link: CaptureLink) -> dict[str, Any]:
    url = capture_url(request, link)
    return {
        "id": link.pk,
        "session_id": under("ses", link.verification_id),
        "capture_url": url,
        "status": capture.link_status(link),
        "expires_at": moment(link.expires_at),
        "created_at": moment(link.created_at),
        "qr_code_data_url": qr_code(url),
    }


def listed_link_body(link: CaptureLink) -> dict[str, Any]:
    """Without the address: a list is for audits."""
    return {
        "id": link.pk,
        "session_id": under("ses", link.verification_id),
        "status": capture.link_status(link),
        "expires_at": moment(link.expires_at),
        "created_at": moment(link.created_at),
        "consumed_at": moment(link.consumed_at),
        "revoked_at": moment(link.revoked_at),
    }


def document_body(request: Request, document: Document, *, with_links: bool) -> dict[str, Any]:
    """Needs ``verification`` and ``images__blob``. Pictures are personal data: ``with_links`` says whether the reader may open them."""
    case = document.verification
    return {
        "id": document.pk,
        "session_id": None if case.standalone else under("ses", case.pk),
        "document_type": document.type.kind,
        "type_label": document.type.name,
        "country": document.country,
        "status": DOCUMENT_STATUSES[int(document.status)],
        "is_sandbox": case.environment == "sandbox",
        "sides": [_side(request, document, image, with_links=with_links) for image in document.images.all()],
        "retention_status": retention_of(case.redacted_at or document.redacted_at, document.images_redacted_at),
        "tags": document.tags,
        "metadata": document.metadata,
        "created_at": moment(document.created_at),
        "updated_at": moment(document.updated_at),
    }


def _side(request: Request, document: Document, image: Image, *, with_links: bool) -> dict[str, Any]:
    url = None if document.images_redacted_at or not with_links else link_to(request, image.blob, FILES)
    return {"side": image.side, "content_type": image.content_type, "pages": image.pages, "download_url": url}


def extraction_body(extraction: Extraction) -> dict[str, Any]:
    """Ours without engine, duration and regions."""
    ours = present.extraction_body(extraction)
    return {name: ours[name] for name in _OF_EXTRACTIONS}


def check_body(check: ShownCheck) -> dict[str, Any]:
    return {
        "id": check.id,
        "document_id": check.document_id,
        "name": check.rule,
        "status": _OUTCOMES[check.outcome],
        "reason": check.reason_code or None,
        "message": check.message,
        "created_at": moment(check.created_at),
    }


def fingerprint_body(mark: Fingerprint | Mark) -> dict[str, Any]:
    return {
        "id": mark.pk,
        "document_id": mark.document_id,
        "kind": mark.kind,
        "fingerprint_hash": mark.digest,
        "created_at": moment(mark.created_at),
    }


def delivery_body(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "event_type": delivery.event.type,
        "endpoint_id": delivery.endpoint_id,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "last_status_code": delivery.last_status_code,
        "last_error": delivery.last_error or None,
        "created_at": moment(delivery.created_at),
        "delivered_at": moment(delivery.delivered_at),
    }


def case_body(case: Verification, state: CaseState) -> dict[str, Any]:
    """A session that waits for a person, or that one decided."""
    return {
        "id": under("case", case.pk),
        "session_id": under("ses", case.pk),
        "status": state.status,
        "workflow_id": case.flow_id,
        "external_ref": case.external_ref or None,
        "opened_at": moment(case.submitted_at),
        "tags": case.tags,
        "assigned_to": state.holder,
        "claimed_at": moment(state.claimed_at),
        "escalated_at": moment(state.escalated_at),
        "due_at": moment(state.due_at),
    }


def note_body(note: Comment) -> dict[str, Any]:
    return {
        "id": note.pk,
        "case_id": under("case", note.verification_id),
        "text": note.text,
        "author": note.author,
        "created_at": moment(note.created_at),
    }


def risk_body(risk: Risk) -> dict[str, Any]:
    return {"score": risk.score, "level": risk.level, "signals": [check_body(check) for check in risk.signals]}


def type_of(word: str) -> DocumentType | None:
    """A document type by its kind (``passport``) or its number; of two of one kind the photo ID."""
    return next((kind for kind in DOCUMENT_TYPES.values() if word in (kind.kind, str(kind.id))), None)


def result_body(file: CaseFile, outcome: str, checks: list[ShownCheck]) -> dict[str, Any]:
    case = file.verification
    documents = [
        {
            "document_id": entry.pk, "document_type": entry.type.kind, "status": DOCUMENT_STATUSES[int(entry.status)],
            "extracted_data": extracted_data(entry),
        }
        for entry in file.documents
    ]  # fmt: skip
    return {
        "session_id": under("ses", case.pk),
        "status": session_status(case, list(file.documents)),
        "result": outcome,
        "decided_at": moment(case.finished_at),
        "documents": documents,
        "checks": [check_body(check) for check in checks],
    }


def attempt_bodies(case: Verification, documents: list[Document]) -> list[dict[str, Any]]:
    """Newest first; the one that runs has the session's own status."""
    numbers = range(case.attempt, 0, -1)
    current = [entry for entry in documents if entry.superseded_at is None]
    return [
        {
            "attempt": number,
            "documents": sorted(entry.pk for entry in documents if entry.attempt == number),
            "status": session_status(case, current) if number == case.attempt else "resubmitted",
        }
        for number in numbers
    ]


def redaction_body(pk: str, done: Redaction | Refused) -> dict[str, Any]:
    said = {"session_id": under("ses", pk)}
    if isinstance(done, Refused):
        return {**said, "status": "failed", "error": done.code, "detail": done.message}
    return {**said, "status": done.status}
