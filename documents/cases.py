"""Cases beside their documents, for lists: each in a constant number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects

from documents.models import Document, DocumentStatus
from documents.services import documents_with_images
from verifications.lifecycle import get_verification
from verifications.models import Verification, VerificationStatus
from verifications.services import Caller


def documents_of(*, caller: Caller, verification_id: str | None = None) -> QuerySet[Document]:
    """Documents of all flows, newest first, or one verification's. Raises Refused("verification_not_found")."""
    rows = documents_with_images().filter(verification__workspace=caller.workspace, verification__environment=caller.environment)
    if verification_id is not None:
        rows = rows.filter(verification=get_verification(caller.workspace, caller.environment, verification_id))
    return rows.select_related("verification__flow_version").order_by("-created_at", "-id")


def documents_by_case(cases: Sequence[Verification]) -> dict[str, list[Document]]:
    """The live documents of each, oldest first, with images, in a constant number of queries."""
    found: dict[str, list[Document]] = {case.pk: [] for case in cases}
    known = {case.pk: case for case in cases}
    rows = documents_with_images().filter(verification__in=list(found), superseded_at__isnull=True)
    for document in rows.order_by("created_at", "id"):
        document.verification = known[document.verification_id]
        found[document.verification_id].append(document)
    return found


def with_live_documents(found: Sequence[Verification]) -> Sequence[Verification]:
    """Each with ``live_documents``, oldest first, in one query."""
    live = Document.objects.filter(superseded_at__isnull=True).order_by("created_at", "id")
    prefetch_related_objects(list(found), Prefetch("documents", queryset=live, to_attr="live_documents"))
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the documents of a case are; None is "any". ``shown``: there is one; ``opened``: there is one, or the person
    opened a capture link; ``begun``: one was taken up; ``unread``: one of a case in Double
    Check could not be read by the machine; ``paused``: a case on Hold is so by itself, and nothing of it is read."""

    shown: bool | None = None
    opened: bool | None = None
    begun: bool | None = None
    unread: bool | None = None
    paused: bool | None = None


def progressed(rows: QuerySet[Verification], wanted: Progress) -> QuerySet[Verification]:
    """The cases whose live documents are so far."""
    live = Document.objects.filter(verification=OuterRef("pk"), superseded_at__isnull=True)
    if wanted.shown is not None:
        rows = rows.filter(Exists(live) if wanted.shown else ~Exists(live))
    if wanted.opened is not None:
        opened = Q(Exists(live)) | Q(opened_at__isnull=False)
        rows = rows.filter(opened if wanted.opened else ~opened)
    if wanted.begun is not None:
        begun = Exists(live.exclude(status=DocumentStatus.UPLOADED))
        rows = rows.filter(begun if wanted.begun else ~begun)
    if wanted.unread is not None:
        unread = Exists(live.filter(extraction_failed=True))
        rows = rows.filter(~Q(status=VerificationStatus.DOUBLE_CHECK) | (unread if wanted.unread else ~unread))
    if wanted.paused is not None:
        rows = rows.filter(~Q(status=VerificationStatus.HOLD) | (~Q(held_reasons=[]) if wanted.paused else Q(held_reasons=[])))
    return rows
