"""Accepted documents that run out: the outside is told 60 and 30 days ahead and on the day, in time to ask for others."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from documents.extracted import EXPIRY, current_values
from documents.models import Document, DocumentStatus
from documents.services import lock_document
from flows.datakeys import warm
from verifications.lifecycle import lock_verification
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit

STAGES = (0, 30, 60)
MOST_AT_ONCE = 2000
CHUNK = 200
_S = VerificationStatus


def tell_expiring() -> int:
    """Emit ``document.expiring`` with ``days`` 60, 30 and 0 for each Approved document of an Approved verification that nobody renewed, each once.
    Of stages that went by while nothing ran, the nearest is told and the others are left out. Returns how many were told."""
    return sum(_tell(pk, verification_id, stage) for pk, verification_id, stage in list(_due()))


def stage_of(left: int) -> int | None:
    """The nearest stage that has come with ``left`` days to go: 60 for 31 to 60, 30 for 1 to 30, 0 on the day and after it; None before."""
    return next((stage for stage in STAGES if left <= stage), None)


def _accepted() -> QuerySet[Document]:
    renewed = Verification.objects.filter(renews=OuterRef("verification"), status=_S.APPROVED)
    return Document.objects.filter(
        ~Exists(renewed),
        Q(expiry_told__isnull=True) | Q(expiry_told__gt=0),
        status=DocumentStatus.APPROVED,
        superseded_at__isnull=True,
        verification__status=_S.APPROVED,
        verification__redacted_at__isnull=True,
    )


def _due() -> Iterator[tuple[str, str, int]]:
    """The date is sealed, so that each document has to be opened to see it: not every time, but again and again on the way to its next stage."""
    now = timezone.now()
    rows = Document.objects.filter(status=DocumentStatus.APPROVED, expiry_look_at__lte=now).order_by("expiry_look_at", "pk")
    found = list(rows.select_related("verification__flow_version").prefetch_related("corrections")[:MOST_AT_ONCE])
    renewals = Verification.objects.filter(renews__in={document.verification_id for document in found}, status=_S.APPROVED)
    renewed = set(renewals.values_list("renews_id", flat=True))
    changed = []
    for chunk in (found[start : start + CHUNK] for start in range(0, len(found), CHUNK)):
        warm(document.verification_id for document in chunk)
        for document in chunk:
            stage = None
            if document.verification.redacted_at is not None:
                continue
            if document.verification_id in renewed:
                document.expiry_look_at = now + timedelta(days=30)
            elif document.verification.status != _S.APPROVED:
                document.expiry_look_at = now + timedelta(hours=1)
            else:
                stage = _stage(document)
                if stage is not None and (document.expiry_told is None or stage < document.expiry_told):
                    yield document.pk, document.verification_id, stage
                    continue
                document.expiry_look_at = _next_look(document, now)
            changed.append(document)
    Document.objects.bulk_update(changed, ["expiry_look_at"], batch_size=CHUNK)


def _next_look(document: Document, now: datetime) -> datetime | None:
    """Some part of the way to the next stage, by chance: the column is plain, and shall not tell the date that is sealed. None: never again."""
    ends, zone = _expiry(document), ZoneInfo(document.verification.definition.time_zone)
    if ends is None or document.superseded_at is not None:
        return None
    coming = [stage for stage in STAGES if (document.expiry_told is None or stage < document.expiry_told)]
    moments = [datetime.combine(ends - timedelta(days=stage), time.min, zone) for stage in coming]
    ahead = min((moment for moment in moments if moment > now), default=None)
    if ahead is None:
        return None
    return ahead if ahead - now < timedelta(days=1) else now + (ahead - now) * (0.4 + secrets.randbelow(400) / 1000)


def _stage(document: Document) -> int | None:
    """None, too, for what had run out before it was accepted: a person knew."""
    ends, case = _expiry(document), document.verification
    zone = ZoneInfo(case.definition.time_zone)
    if ends is None or (case.finished_at is not None and ends < case.finished_at.astimezone(zone).date()):
        return None
    return stage_of((ends - timezone.now().astimezone(zone).date()).days)


def _expiry(document: Document) -> date | None:
    found = current_values(document).get(EXPIRY)
    try:
        return date.fromisoformat(found.value) if found is not None else None
    except ValueError:
        return None


@transaction.atomic
def _tell(document_id: str, verification_id: str, stage: int) -> bool:
    """Looks again under the lock: another may have told it, or a person reopened the case."""
    verification: Verification = lock_verification(verification_id)
    document = lock_document(document_id)
    if not _accepted().filter(pk=document_id).exists() or (document.expiry_told is not None and document.expiry_told <= stage):
        return False
    document.expiry_told = stage
    document.expiry_look_at = _next_look(document, timezone.now())
    document.save(update_fields=["expiry_told", "expiry_look_at"])
    emit("document.expiring", verification=verification, document=document, facts={"days": stage})
    return True
