"""The case's tables: the verification with its state machine, the audit trail, events and the outbox."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django_fsm import GET_STATE, FSMIntegerField, transition

from flows.datakeys import SealedUnder
from flows.definition import FlowDefinition
from flows.ids import (
    new_audit_id,
    new_capture_link_id,
    new_checkpoint_id,
    new_delivery_id,
    new_event_id,
    new_folder_id,
    new_legal_hold_id,
    new_message_id,
    new_receipt_id,
    new_verification_id,
    new_webhook_id,
)
from flows.models import Dialect, Environment, Flow, FlowVersion, Workspace
from flows.vault import Sealed


class VerificationStatus(models.IntegerChoices):
    STARTED = 1, "Started"
    SUBMITTED = 2, "Submitted"
    APPROVED = 3, "Approved"
    REJECTED = 4, "Rejected"
    DOUBLE_CHECK = 5, "Double Check"
    EXPIRED = 6, "Expired"
    CANCELED = 7, "Canceled"
    HOLD = 8, "Hold"


_S = VerificationStatus


class Folder(models.Model):
    """A place where a workspace keeps verifications together. Its name is the workspace's own, so it is sealed."""

    id = models.CharField(primary_key=True, max_length=40, default=new_folder_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="folders")
    environment = models.CharField(max_length=8, choices=Environment)
    name_sealed = models.BinaryField(editable=False)
    starred = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    name = Sealed("name_sealed")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["workspace", "environment", "-created_at", "-id"], name="folder_newest")]
        constraints = [models.CheckConstraint(condition=Q(environment__in=Environment.values), name="folder_environment_known")]

    def __str__(self) -> str:
        return self.pk


class Verification(models.Model):
    """One person's case. Its status moves only through ``verifications.lifecycle.move``.

    ``renews`` is the earlier case of the same person whose documents run out; ``protected`` tells that a court protects the person (PS Form 1583
    item 4k), so that only those who may see such cases find it.

    ``standalone``: made for a single document that was uploaded without a case; never submitted, and in no list of cases. ``group_ref`` is the
    client's own name for cases that belong together. ``request`` is what the client asked with, kept to be shown to it again. ``dialect`` names the
    words in which its own webhook is told of events, '' for ours. ``held_reasons`` are the codes for which it was last held by itself, [] where
    somebody did that. ``opened_at`` is when the person first opened a capture link; ``consent`` what they agreed to there:
    ``{"at", "ip", "version"}``.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_verification_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="verifications")
    environment = models.CharField(max_length=8, choices=Environment)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="verifications")
    flow_version = models.ForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="verifications")
    status = FSMIntegerField(choices=_S, default=_S.STARTED, protected=True)
    held_from = models.PositiveSmallIntegerField(choices=_S, null=True, editable=False)
    held_reasons = models.JSONField(default=list, blank=True, editable=False)
    external_ref = models.CharField(max_length=255, blank=True, default="")
    expected_sealed = models.BinaryField(null=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    renews = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="renewals")
    protected = models.BooleanField(default=False, editable=False)
    folder = models.ForeignKey(Folder, on_delete=models.SET_NULL, null=True, blank=True, related_name="verifications")
    group_ref = models.CharField(max_length=64, blank=True, default="")
    standalone = models.BooleanField(default=False, editable=False)
    request_sealed = models.BinaryField(null=True, editable=False)
    dialect = models.CharField(max_length=12, blank=True, default="", editable=False)
    opened_at = models.DateTimeField(null=True, blank=True, editable=False)
    consent_sealed = models.BinaryField(null=True, editable=False)
    webhook_url = models.CharField(max_length=2000, blank=True, default="")
    webhook_secret_sealed = models.BinaryField(null=True, editable=False)
    webhook_disabled_at = models.DateTimeField(null=True, editable=False)
    webhook_exhausted = models.PositiveIntegerField(default=0, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    crd_uploaded_at = models.DateTimeField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    images_redacted_at = models.DateTimeField(null=True, blank=True)
    redacted_at = models.DateTimeField(null=True, blank=True)

    expected = SealedUnder("expected_sealed", owner="pk")
    request = SealedUnder("request_sealed", owner="pk")
    consent = SealedUnder("consent_sealed", owner="pk")
    webhook_secret = Sealed("webhook_secret_sealed")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["workspace", "environment", "flow", "-created_at", "-id"], name="verification_by_flow"),
            models.Index(fields=["workspace", "environment", "-created_at", "-id"], name="verification_all_flows"),
            # A pattern's operators serve both the whole reference and its beginning.
            models.Index(
                fields=["external_ref", "workspace", "environment"], opclasses=["varchar_pattern_ops"] * 3, name="verification_external_ref"
            ),
            models.Index(fields=["workspace", "environment", "status", "-created_at", "-id"], name="verification_by_status"),
            GinIndex(fields=["tags"], opclasses=["jsonb_path_ops"], name="verification_tags"),
            models.Index(fields=["submitted_at", "id"], name="verification_submitted"),
            models.Index(fields=["created_at"], name="verification_created"),
            models.Index(fields=["finished_at"], name="verification_finished"),
            # What retention looks for, in either pass.
            models.Index(
                "status", Coalesce("finished_at", "updated_at"), condition=Q(images_redacted_at__isnull=True), name="verification_images_kept"
            ),
            models.Index("status", Coalesce("finished_at", "updated_at"), condition=Q(redacted_at__isnull=True), name="verification_data_kept"),
            models.Index(fields=["crd_uploaded_at"], condition=Q(images_redacted_at__isnull=True), name="verification_registered"),
            models.Index(fields=["closed_on"], condition=Q(redacted_at__isnull=True), name="verification_closed"),
            models.Index(
                fields=["redacted_at"],
                condition=Q(redacted_at__isnull=False) & (~Q(webhook_url="") | Q(webhook_secret_sealed__isnull=False)),
                name="verification_address_kept",
            ),
            models.Index(fields=["workspace", "environment", "group_ref"], condition=~Q(group_ref=""), name="verification_group"),
            models.Index(fields=["status", "submitted_at", "id"], name="verification_queue"),
            models.Index(fields=["expires_at"], condition=Q(status=1), name="verification_expiring"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=_S.values), name="verification_status_known"),
            models.CheckConstraint(condition=Q(held_from__isnull=False) | ~Q(status=8), name="verification_hold_knows_its_origin"),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="verification_attempt_counts"),
        ]

    def __str__(self) -> str:
        return self.pk

    @property
    def definition(self) -> FlowDefinition:
        """The flow as it was when this verification began."""
        return self.flow_version.definition

    @property
    def is_paused(self) -> bool:
        """On Hold by itself: nothing of it is read until somebody takes it up again."""
        return self.status == _S.HOLD and bool(self.held_reasons)

    @transition(field=status, source=_S.STARTED, target=_S.SUBMITTED)
    def submit(self) -> None: ...

    @transition(field=status, source=[_S.SUBMITTED, _S.DOUBLE_CHECK], target=_S.APPROVED)
    def approve(self) -> None: ...

    @transition(field=status, source=[_S.SUBMITTED, _S.DOUBLE_CHECK], target=_S.REJECTED)
    def reject(self) -> None: ...

    @transition(field=status, source=_S.SUBMITTED, target=_S.DOUBLE_CHECK)
    def refer(self) -> None: ...

    @transition(field=status, source=[_S.REJECTED, _S.APPROVED], target=_S.DOUBLE_CHECK)
    def reopen(self) -> None: ...

    @transition(field=status, source=[_S.REJECTED, _S.DOUBLE_CHECK], target=_S.STARTED)
    def restart(self) -> None: ...

    @transition(field=status, source=[_S.STARTED, _S.SUBMITTED, _S.DOUBLE_CHECK], target=_S.HOLD)
    def hold(self) -> None: ...

    @transition(field=status, source=_S.STARTED, target=_S.EXPIRED)
    def expire(self) -> None: ...

    @transition(
        field=status,
        source=[_S.HOLD, _S.EXPIRED],
        target=GET_STATE(lambda self: self.held_from if self.status == _S.HOLD else _S.STARTED, states=[_S.STARTED, _S.SUBMITTED, _S.DOUBLE_CHECK]),
    )
    def resume(self) -> None: ...

    @transition(
        field=status,
        source=[_S.STARTED, _S.SUBMITTED, _S.DOUBLE_CHECK, _S.REJECTED, _S.EXPIRED, _S.HOLD],
        target=_S.CANCELED,
    )
    def cancel(self) -> None: ...


class CaptureLink(models.Model):
    """A one-time link by which a person shows documents themselves. Only the SHA-256 of its token is kept. The first visit consumes it, and hands the
    visitor's browser a cookie; a newer link of the same verification revokes both."""

    id = models.CharField(primary_key=True, max_length=40, default=new_capture_link_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="capture_links")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["verification"], condition=Q(revoked_at__isnull=True), name="one_standing_capture_link")]

    def __str__(self) -> str:
        return self.pk


class Event(models.Model):
    """Something that happened to a verification, as told to the outside: ids, statuses and codes, never personal data. A test of a webhook is
    an event of no verification."""

    id = models.CharField(primary_key=True, max_length=40, default=new_event_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="events")
    environment = models.CharField(max_length=8, choices=Environment)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, null=True, related_name="events")
    type = models.CharField(max_length=60)
    sequence = models.PositiveIntegerField(null=True)
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["verification", "sequence"], name="event_sequence")]
        indexes = [models.Index(fields=["workspace", "environment", "-created_at", "-id"], name="event_newest")]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class WebhookEndpoint(models.Model):
    """An address of a workspace that is told events. ``events`` empty means all; ``dialect`` names the words and the signature in which it is told,
    '' for ours. ``exhausted`` counts given-up deliveries in a row."""

    id = models.CharField(primary_key=True, max_length=40, default=new_webhook_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="webhooks")
    environment = models.CharField(max_length=8, choices=Environment)
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list, blank=True)
    description = models.CharField(max_length=255, blank=True, default="")
    dialect = models.CharField(max_length=12, choices=Dialect, blank=True, default="")
    active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=40, blank=True, default="")
    secret_sealed = models.BinaryField(null=True, editable=False)
    previous_secret_sealed = models.BinaryField(null=True, editable=False)
    previous_until = models.DateTimeField(null=True, editable=False)
    exhausted = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    secret = Sealed("secret_sealed")
    previous_secret = Sealed("previous_secret_sealed")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["workspace", "environment", "-created_at", "-id"], name="webhook_newest")]
        constraints = [models.CheckConstraint(condition=Q(environment__in=Environment.values), name="webhook_environment_known")]

    def __str__(self) -> str:
        return self.pk


class DeliveryStatus(models.TextChoices):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXHAUSTED = "exhausted"


class WebhookDelivery(models.Model):
    """One event on its way to one address: an endpoint's, or (``endpoint`` null) the verification's own.

    ``turn`` numbers what was scheduled: work that was scheduled for an earlier turn is out of date. ``step`` is the place in the schedule of
    retries, which a manual retry begins anew.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_delivery_id, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, null=True, related_name="deliveries")
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    turn = models.PositiveIntegerField(default=0, editable=False)
    step = models.PositiveSmallIntegerField(default=0, editable=False)
    last_status_code = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=60, blank=True, default="")
    next_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "webhook deliveries"
        indexes = [models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_newest")]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once_per_endpoint"),
            models.UniqueConstraint(fields=["event"], condition=Q(endpoint__isnull=True), name="delivery_once_per_verification"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
        ]

    def __str__(self) -> str:
        return self.pk


class WebhookSlot(models.Model):
    """One of the few posts that a receiver is sent at a time, over all workers: free when ``until`` is over. ``took`` is how many seconds the
    receiver's last post took; ``receiver`` an endpoint's id, or what stands for the host of a verification's own address."""

    receiver = models.CharField(max_length=64)
    number = models.PositiveSmallIntegerField()
    holder = models.CharField(max_length=160, blank=True, default="")
    until = models.DateTimeField()
    took = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receiver", "number"], name="webhook_slot_once")]

    def __str__(self) -> str:
        return f"{self.receiver} {self.number}"


class MessageState(models.IntegerChoices):
    PENDING = 1, "Pending"
    RUNNING = 2, "Running"
    DONE = 3, "Done"
    DEAD = 4, "Dead"


class OutboxMessage(models.Model):
    """Work that must follow a change, written in the change's own transaction: which actor, with which ids.

    The row is the truth and its lease the lock; a broker only wakes workers up.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_message_id, editable=False)
    event = models.CharField(max_length=60)
    actor = models.CharField(max_length=120)
    queue = models.CharField(max_length=30)
    payload = models.JSONField(default=dict)
    request_id = models.CharField(max_length=128, blank=True, default="")
    trace = models.CharField(max_length=55, blank=True, default="")
    state = models.PositiveSmallIntegerField(choices=MessageState, default=MessageState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.CharField(max_length=160, blank=True, default="")
    last_error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["queue", "available_at"], condition=Q(state__in=[1, 2]), name="outbox_due"),
            models.Index(fields=["done_at"], condition=Q(state=3), name="outbox_done"),
            models.Index(fields=["id"], condition=Q(state=4), name="outbox_dead"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="outbox_state_known"),
            models.CheckConstraint(condition=Q(lease_until__isnull=False) | ~Q(state=2), name="outbox_running_has_lease"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.pk}"


class AuditHead(models.Model):
    """The newest link of a workspace's audit chain; locked while a link is added, so that the chain cannot fork. ``key`` (base64 of 32 bytes) is what
    the chain's hashes are made under."""

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, primary_key=True, related_name="audit_head")
    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)
    key_sealed = models.BinaryField(null=True, editable=False)

    key = Sealed("key_sealed")

    def __str__(self) -> str:
        return f"{self.workspace_id} #{self.number}"


class AuditEntry(models.Model):
    """One link: who did what to which thing, when. Ids, statuses and codes; never names, numbers or images."""

    id = models.CharField(primary_key=True, max_length=40, default=new_audit_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="audit_entries")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=60)
    verification_ref = models.CharField(max_length=40, blank=True, default="")
    data = models.TextField(default="{}")
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["workspace", "number"]
        verbose_name_plural = "audit entries"
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="audit_chain_does_not_fork")]
        indexes = [models.Index(fields=["verification_ref", "number"], name="audit_by_verification")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class AuditCheckpoint(models.Model):
    """A signed statement of how far a chain had come: ``content`` is ``{workspace, number, hash, at}``, ``signature`` base64 of Ed25519 over its
    canonical JSON. Whoever rewrites the chain afterwards contradicts it."""

    id = models.CharField(primary_key=True, max_length=40, default=new_checkpoint_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="audit_checkpoints")
    number = models.PositiveBigIntegerField()
    content = models.JSONField()
    signature = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workspace", "number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="one_checkpoint_per_link")]

    def __str__(self) -> str:
        return f"{self.workspace_id} #{self.number}"


class LegalHold(models.Model):
    """While ``lifted_at`` is null, nothing of the verification is deleted. The reason may name people, so it is sealed."""

    id = models.CharField(primary_key=True, max_length=40, default=new_legal_hold_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="legal_holds")
    reason_sealed = models.BinaryField(null=True, editable=False)
    placed_by = models.CharField(max_length=80)
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.CharField(max_length=80, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)

    reason = SealedUnder("reason_sealed", owner="verification_id")

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["verification"], condition=Q(lifted_at__isnull=True), name="one_standing_hold")]

    def __str__(self) -> str:
        return self.pk


class RedactionReceipt(models.Model):
    """The signed proof that data was deleted: counts and hashes of what went, and the audit entry that says so. No personal data."""

    id = models.CharField(primary_key=True, max_length=40, default=new_receipt_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="redaction_receipts")
    kind = models.CharField(max_length=8, choices=[("images", "Images"), ("document", "One document"), ("all", "Everything")])
    ground = models.CharField(max_length=12, choices=[("requested", "Requested"), ("retention", "Retention time")])
    content = models.JSONField()
    signature = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.pk


class WorkerHeartbeat(models.Model):
    """A worker process says that it lives, what it serves and which readers it holds."""

    name = models.CharField(primary_key=True, max_length=120)
    queues = models.JSONField(default=list)
    readers = models.JSONField(default=dict)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
