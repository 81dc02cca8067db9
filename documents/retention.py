"""Which images and data have been kept long enough, by the retention times of the flow version each verification was judged by."""

from __future__ import annotations

import operator
from datetime import datetime, timedelta
from functools import reduce

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from documents.models import Document, Image
from flows.definition import RetentionTimes
from flows.effects import modest
from flows.models import FlowVersion
from verifications.lifecycle import SYSTEM, lock_verification
from verifications.models import LegalHold, Verification, VerificationStatus
from verifications.redaction import Extent
from verifications.retention import RETENTION, redact

COPY_RESTRICTED = (5, 6, 10)
BIOMETRIC_CEILING = timedelta(days=365)
MOST_AT_ONCE = 500
_S = VerificationStatus
_UNAPPROVED = (_S.REJECTED, _S.CANCELED, _S.EXPIRED)
_SETTLED = (_S.APPROVED, *_UNAPPROVED)
_HELD = LegalHold.objects.filter(lifted_at__isnull=True)


def redact_due() -> int:
    """Forget what is due; safe to repeat and to run in two places. Returns how many verifications lost images or data."""
    now, done = timezone.now(), 0
    kept = Verification.objects.filter(flow_version=OuterRef("pk"), redacted_at__isnull=True)
    for version in FlowVersion.objects.filter(Exists(kept)):
        times = version.definition.retention
        with modest():
            due = _due(version, times, now)
        done += sum(_redact(pk, times, now) for pk in due)
    return done


def _due(version: FlowVersion, times: RetentionTimes, now: datetime) -> list[str]:
    """Ground by ground, each of which has its index: together they would be looked for in all that is kept."""
    rows = _candidates().filter(flow_version=version)
    documents = _with_images().filter(verification__flow_version=version, verification__redacted_at__isnull=True)
    documents = documents.filter(~Exists(_HELD.filter(verification=OuterRef("verification")))).exclude(verification__status=_S.SUBMITTED)
    found: dict[str, None] = {}
    for ground in _data_grounds(times, now):
        found |= dict.fromkeys(rows.filter(ground).order_by().values_list("pk", flat=True)[:MOST_AT_ONCE])
    for ground in _image_grounds(times, now):
        found |= dict.fromkeys(documents.filter(ground).order_by().values_list("verification_id", flat=True)[:MOST_AT_ONCE])
    return list(found)


def _candidates() -> QuerySet[Verification]:
    """Settled cases with data, not under a legal hold. ``settled_at``: the decision, or the last change of one that never came to that."""
    held = _HELD.filter(verification=OuterRef("pk"))
    rows = Verification.objects.filter(redacted_at__isnull=True).exclude(status=_S.SUBMITTED)
    return rows.annotate(settled_at=Coalesce("finished_at", "updated_at")).filter(~Exists(held))


def _data_grounds(times: RetentionTimes, now: datetime) -> list[Q]:
    """Each a reason for which a verification's data has been kept long enough."""
    grounds = []
    if times.data_after_closing_days is not None:
        grounds.append(Q(status=_S.APPROVED, closed_on__lte=(now - timedelta(days=times.data_after_closing_days)).date()))
    if times.data_unapproved_days is not None:
        grounds.append(Q(status__in=_UNAPPROVED, settled_at__lte=now - timedelta(days=times.data_unapproved_days)))
    return grounds


def _with_images() -> QuerySet[Document]:
    settled_at = Coalesce("verification__finished_at", "verification__updated_at")
    rows = Document.objects.filter(images_redacted_at__isnull=True, verification__images_redacted_at__isnull=True)
    return rows.filter(Exists(Image.objects.filter(document=OuterRef("pk")))).annotate(settled_at=settled_at)


def _image_grounds(times: RetentionTimes, now: datetime) -> list[Q]:
    """Each a reason for which a document's images have been kept long enough."""
    uploaded, approved = "verification__crd_uploaded_at__lte", Q(verification__status=_S.APPROVED)
    hours = timedelta(hours=times.restricted_images_after_upload_hours)
    return [
        Q(**{uploaded: now - timedelta(days=times.images_after_upload_days)}),
        Q(**{uploaded: now - hours}, type_id__in=COPY_RESTRICTED),
        approved & Q(settled_at__lte=now - timedelta(days=times.images_after_decision_days)),
        Q(verification__status__in=_UNAPPROVED, settled_at__lte=now - timedelta(days=times.images_unapproved_days)),
        Q(context="SELFIE", verification__status__in=_SETTLED, settled_at__lte=now - timedelta(days=times.selfies_after_decision_days)),
        Q(context="SELFIE", created_at__lte=now - BIOMETRIC_CEILING),
    ]


def _any(grounds: list[Q]) -> Q:
    return reduce(operator.or_, grounds, Q(pk__in=[]))


@transaction.atomic
def _redact(verification_id: str, times: RetentionTimes, now: datetime) -> bool:
    """Looks again under the lock: what was due a moment ago may have been reopened, held or forgotten."""
    verification = lock_verification(verification_id)
    rows = _candidates().filter(pk=verification_id)
    if rows.filter(_any(_data_grounds(times, now))).exists():
        redact(verification, actor=SYSTEM, ground=RETENTION)
        return True
    due = _with_images().filter(_any(_image_grounds(times, now)), verification__in=rows)
    wanted = list(due.values_list("pk", flat=True)) if rows.exists() else []
    if wanted:
        redact(verification, actor=SYSTEM, ground=RETENTION, extent=Extent(wanted, data=False))
    return bool(wanted)
