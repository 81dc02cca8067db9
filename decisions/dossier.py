"""A case gathered once, in a constant number of queries, for the API's detail, the review page and the PDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from decisions.models import Check, Decision
from documents.models import Document
from documents.services import documents_with_images
from flows.errors import Refused
from flows.services import get_flow
from verifications import audit
from verifications.lifecycle import get_verification
from verifications.models import AuditEntry, Verification
from verifications.services import Caller, require_flow


@dataclass(frozen=True, slots=True)
class CaseFile:
    """``documents`` are the live ones, oldest first, with images, corrections, extractions, decisions and ``current_checks``; ``earlier`` those
    of former attempts; ``decisions`` of the live documents, newest first; ``checks`` their current results; ``history`` the verification's moves."""

    verification: Verification
    documents: Sequence[Document]
    earlier: Sequence[Document]
    decisions: Sequence[Decision]
    checks: Sequence[Check]
    history: Sequence[AuditEntry]


def with_judgement(rows: QuerySet[Document]) -> QuerySet[Document]:
    """Adds ``decisions`` with their checks (newest first) and ``current_checks``."""
    decisions = Decision.objects.prefetch_related("checks").order_by("-created_at", "-id")
    current = Prefetch("checks", queryset=Check.objects.filter(current=True), to_attr="current_checks")
    return rows.prefetch_related(Prefetch("decisions", queryset=decisions), current)


def get_document(*, caller: Caller, flow: str, document_id: str) -> Document:
    """Raises Refused: flow_not_found, document_not_found, flow_mismatch."""
    get_flow(caller.workspace, flow)
    rows = with_judgement(documents_with_images()).select_related("verification")
    document = rows.filter(pk=document_id, verification__workspace=caller.workspace, verification__environment=caller.environment).first()
    if document is None:
        raise Refused("document_not_found", "No such document.", status=404)
    require_flow(document.verification, flow)
    note_views(caller, [document.verification])
    return document


def get_case(*, caller: Caller, flow: str, verification_id: str) -> CaseFile:
    """Raises Refused: flow_not_found, verification_not_found, flow_mismatch."""
    get_flow(caller.workspace, flow)
    verification = get_verification(caller.workspace, caller.environment, verification_id)
    require_flow(verification, flow)
    note_views(caller, [verification])
    return open_case(verification)


def note_views(caller: Caller, verifications: Iterable[Verification]) -> None:
    """Whoever looks at the case of a person whom a court protects is written down."""
    for pk in dict.fromkeys(entry.pk for entry in verifications if entry.protected):
        audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="protected.viewed", subject=pk, verification=pk)


def open_case(verification: Verification) -> CaseFile:
    rows = list(with_judgement(documents_with_images()).filter(verification=verification).order_by("created_at", "id"))
    documents = [document for document in rows if document.superseded_at is None]
    for document in rows:
        document.verification = verification
    history = AuditEntry.objects.filter(verification_ref=verification.pk, subject=verification.pk).order_by("number")
    return CaseFile(
        verification=verification,
        documents=documents,
        earlier=[document for document in rows if document.superseded_at is not None],
        decisions=sorted(
            (entry for document in documents for entry in document.decisions.all()), key=lambda entry: (entry.created_at, entry.pk), reverse=True
        ),
        checks=[check for document in documents for check in document.current_checks],  # type: ignore[attr-defined]
        history=list(history),
    )
