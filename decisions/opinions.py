"""Two people's agreement: a decision by hand that needs it waits as an opinion until somebody else is of the same one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.utils import timezone

from decisions.models import Opinion
from documents.models import Document
from verifications import audit
from verifications.models import Verification


def open_opinion(document: Document) -> Opinion | None:
    return Opinion.objects.filter(document=document, closed_at__isnull=True).first()


def agreed(verification: Verification, document: Document, *, author: str, status: int, reasons: Sequence[str], note: str) -> bool:
    """Whether ``author`` may decide now; the caller holds the locks. Otherwise theirs is the open opinion from here on.

    An open opinion of somebody else with the same status is closed by it. A different one is replaced, so that a third person, or the first with
    another mind, must agree. Nobody confirms their own.
    """
    before = open_opinion(document)
    if before is None and not _needs_two(verification):
        return True
    confirmed = before is not None and before.author != author and before.status == status
    if before is not None:
        before.closed_at = timezone.now()
        before.closed_by = author if before.author != author else ""
        before.save(update_fields=["closed_at", "closed_by"])
    if not confirmed:
        opinion = Opinion(verification=verification, document=document, status=status, reasons=list(reasons), author=author)
        opinion.note = note or None
        _keep(opinion)
    return confirmed


def _needs_two(verification: Verification) -> bool:
    terms = verification.definition.review
    return terms.second_reviewer or secrets.randbelow(100) < terms.second_look_percent


def _keep(opinion: Opinion) -> None:
    opinion.save(force_insert=True)
    case = opinion.verification
    audit.record(
        workspace_id=case.workspace_id, actor=opinion.author, action="document.opinion", subject=opinion.document_id, verification=case.pk,
        data={"status": opinion.status, "reasons": opinion.reasons},
    )  # fmt: skip


def withdraw(document: Document) -> None:
    """What was thought of a document that is asked for again, or reopened, counts no more."""
    Opinion.objects.filter(document=document, closed_at__isnull=True).update(closed_at=timezone.now())
