"""Forgetting what a case says: what each floor's redactor is asked, and this floor's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from flows.idempotency import forget_answers
from verifications.models import CaptureLink, DeliveryStatus, Event, LegalHold, MessageState, OutboxMessage, Verification, WebhookDelivery


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is forgotten: of the ``documents`` named (None: of the whole case) their images and, with ``data``, what else is known of them."""

    documents: Collection[str] | None = None
    data: bool = True

    @property
    def is_everything(self) -> bool:
        return self.documents is None


@dataclass(frozen=True, slots=True)
class Removed:
    """What one redactor removed: how many documents lost their data, and the SHA-256 (hex) of every file that went."""

    documents: int = 0
    hashes: tuple[str, ...] = ()

    def __add__(self, other: Removed) -> Removed:
        return Removed(self.documents + other.documents, self.hashes + other.hashes)


def redact_case(verification: Verification, extent: Extent) -> Removed:
    """What the client declared and noted, its own reference included, also where events repeat that. The address that is told of the case goes when
    it has been told of this, too: ``forget_addresses``."""
    if extent.is_everything:
        verification.expected_sealed = verification.request_sealed = verification.consent_sealed = None
        verification.metadata, verification.tags, verification.external_ref, verification.group_ref = {}, [], "", ""
        sealed = ("expected_sealed", "request_sealed", "consent_sealed")
        verification.save(update_fields=[*sealed, "metadata", "tags", "external_ref", "group_ref", "updated_at"])
        CaptureLink.objects.filter(verification=verification, revoked_at__isnull=True).update(revoked_at=timezone.now())
        LegalHold.objects.filter(verification=verification).update(reason_sealed=None)
        _forget_reference(verification)
    return Removed()


def _forget_reference(verification: Verification) -> None:
    told = list(Event.objects.filter(verification=verification).only("data"))
    for event in told:
        event.data["external_ref"] = None
    Event.objects.bulk_update(told, ["data"], batch_size=200)


def forget_addresses() -> int:
    """The webhook addresses of redacted cases, once they have been told of that or were tried in vain to the end. Returns how many."""
    waits = OutboxMessage.objects.filter(payload__has_key="event_id", state__in=(MessageState.PENDING, MessageState.RUNNING))
    events = Event.objects.filter(pk__in=[payload["event_id"] for payload in waits.values_list("payload", flat=True)])
    under_way = WebhookDelivery.objects.filter(
        endpoint__isnull=True, event__verification=OuterRef("pk"), event__type="verification.redacted",
        status__in=(DeliveryStatus.PENDING, DeliveryStatus.FAILED),
    )  # fmt: skip
    kept = ~Q(webhook_url="") | Q(webhook_secret_sealed__isnull=False)
    done = Verification.objects.filter(kept, ~Exists(under_way), redacted_at__isnull=False)
    return done.exclude(pk__in=events.values("verification_id")).update(webhook_url="", webhook_secret_sealed=None)


def forget_replies(verification: Verification, extent: Extent) -> Removed:
    """Answers kept for repeated requests about the verification, each of which may show any of its documents; links to images in them are made anew
    each time, so that they may stay where only images go."""
    if extent.data:
        forget_answers([verification.pk], code="redacted" if extent.is_everything else "document_redacted")
    return Removed()
