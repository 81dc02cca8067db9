"""The evidence's tables: the document with its state machine, its images and pages, what readers found, what people corrected."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django_fsm import FSMIntegerField, transition

from documents.types import CONTEXT_LABELS, DOCUMENT_TYPES, DocumentType
from flows.datakeys import SealedUnder
from flows.ids import new_blob_key, new_correction_id, new_document_id, new_extraction_id, new_image_id, new_upload_id
from flows.models import Environment, Workspace
from verifications.models import Verification


class Context(models.TextChoices):
    PHOTO_ID = "PHOTO_ID", CONTEXT_LABELS["PHOTO_ID"]
    PROOF_OF_ADDRESS = "PROOF_OF_ADDRESS", CONTEXT_LABELS["PROOF_OF_ADDRESS"]
    SELFIE = "SELFIE", CONTEXT_LABELS["SELFIE"]


class DocumentStatus(models.IntegerChoices):
    UPLOADED = 1, "Uploaded"
    IN_PROGRESS = 2, "In progress"
    APPROVED = 3, "Approved"
    REJECTED = 4, "Rejected"
    DOUBLE_CHECK = 5, "Double check"
    CANCELED = 6, "Canceled"
    EXTRACTED = 7, "Extracted"


_S = DocumentStatus


class Document(models.Model):
    """One document of a verification. Its status moves only through ``verifications.lifecycle.move``.

    ``superseded_at`` is set when a resubmission frees its slot: it stays as history. ``reader`` is the outbox row that reads it now.
    ``expiry_look_at`` is when its expiry, which is sealed, is looked at next; null: never again.
    ``reprocess_run`` names the run that shall read and judge it anew, '' when none does. ``redacted_at``: only a husk is left of it.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_document_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="documents")
    context = models.CharField(max_length=20, choices=Context)
    type_id = models.PositiveIntegerField()
    country = models.CharField(max_length=3)
    status = FSMIntegerField(choices=_S, default=_S.UPLOADED, protected=True)
    draft = models.BooleanField(default=False)
    attempt = models.PositiveIntegerField(default=1)
    reader = models.CharField(max_length=40, blank=True, default="")
    reprocess_run = models.CharField(max_length=40, blank=True, default="", editable=False)
    extraction_failed = models.BooleanField(default=False)
    reading_sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    expiry_told = models.PositiveSmallIntegerField(null=True, editable=False)
    expiry_look_at = models.DateTimeField(null=True, editable=False, default=timezone.now)
    images_redacted_at = models.DateTimeField(null=True, blank=True)
    redacted_at = models.DateTimeField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    reading = SealedUnder("reading_sealed", owner="verification_id")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["verification", "-created_at", "-id"], name="document_by_verification"),
            models.Index(fields=["-created_at", "-id"], name="document_newest"),
            models.Index(fields=["created_at"], condition=Q(context="SELFIE", images_redacted_at__isnull=True), name="document_selfie_kept"),
            models.Index(fields=["expiry_look_at", "id"], condition=Q(status=_S.APPROVED, expiry_look_at__isnull=False), name="document_expiring"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["verification", "context"], condition=Q(superseded_at__isnull=True), name="one_live_document_per_context"
            ),
            models.CheckConstraint(condition=Q(status__in=_S.values), name="document_status_known"),
            models.CheckConstraint(condition=Q(context__in=Context.values), name="document_context_known"),
            models.CheckConstraint(condition=Q(draft=False) | Q(status=1), name="a_draft_is_not_processed"),
        ]

    def __str__(self) -> str:
        return self.pk

    @property
    def type(self) -> DocumentType:
        return DOCUMENT_TYPES[self.type_id]

    @transition(field=status, source=_S.UPLOADED, target=_S.IN_PROGRESS)
    def begin_reading(self) -> None: ...

    @transition(field=status, source=_S.IN_PROGRESS, target=_S.EXTRACTED)
    def finish_reading(self) -> None: ...

    @transition(field=status, source=_S.IN_PROGRESS, target=_S.UPLOADED)
    def hand_back(self) -> None: ...

    @transition(field=status, source=_S.IN_PROGRESS, target=_S.DOUBLE_CHECK)
    def give_up_reading(self) -> None: ...

    @transition(field=status, source=[_S.EXTRACTED, _S.DOUBLE_CHECK], target=_S.APPROVED)
    def approve(self) -> None: ...

    @transition(field=status, source=[_S.EXTRACTED, _S.DOUBLE_CHECK], target=_S.REJECTED)
    def reject(self) -> None: ...

    @transition(field=status, source=_S.EXTRACTED, target=_S.DOUBLE_CHECK)
    def refer(self) -> None: ...

    @transition(field=status, source=[_S.APPROVED, _S.REJECTED], target=_S.DOUBLE_CHECK)
    def reopen(self) -> None: ...

    @transition(field=status, source=[_S.UPLOADED, _S.EXTRACTED, _S.DOUBLE_CHECK], target=_S.CANCELED)
    def cancel(self) -> None: ...


class BlobState(models.IntegerChoices):
    ARRIVING = 1, "Arriving"
    KEPT = 2, "Kept"
    DOOMED = 3, "Doomed"


class Blob(models.Model):
    """One stored file. The row is written before the bytes and outlives them: what nothing points at is swept, a link to what is gone says so."""

    key = models.CharField(primary_key=True, max_length=40, default=new_blob_key, editable=False)
    state = models.PositiveSmallIntegerField(choices=BlobState, default=BlobState.ARRIVING)
    content_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"], condition=Q(erased_at__isnull=True) & ~Q(state=2), name="blob_to_sweep")]
        constraints = [models.CheckConstraint(condition=Q(state__in=BlobState.values), name="blob_state_known")]

    def __str__(self) -> str:
        return self.key


class Side(models.TextChoices):
    FRONT = "front", "Front"
    BACK = "back", "Back"


class Image(models.Model):
    """One side as it was uploaded: ``sha256`` (hex) is over its bytes as the client sent them. ``editor`` is the image editor that its metadata name,
    '' for none."""

    id = models.CharField(primary_key=True, max_length=40, default=new_image_id, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="images")
    side = models.CharField(max_length=5, choices=Side)
    blob = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="image")
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=60)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    pages = models.PositiveSmallIntegerField(default=1)
    editor = models.CharField(max_length=40, blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["side"]
        indexes = [models.Index(fields=["sha256"], name="image_by_content")]
        constraints = [
            models.UniqueConstraint(fields=["document", "side"], name="one_image_per_side"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="image_side_known"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.side}"


class UploadedFile(models.Model):
    """A file that was sent ahead of the verification it is for; gone when ``expires_at`` is over. Sealed under a data key of its own."""

    id = models.CharField(primary_key=True, max_length=40, default=new_upload_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="uploads")
    environment = models.CharField(max_length=8, choices=Environment)
    blob = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="uploaded_file")
    pages = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.CheckConstraint(condition=Q(environment__in=Environment.values), name="uploaded_file_environment_known")]

    def __str__(self) -> str:
        return self.pk


class Page(models.Model):
    """One page of a side as people look at it: upright, metadata stripped, at most 1,800 pixels long. Made when the document is read.

    ``width`` and ``height`` are those of the page that was read, in which boxes are given.
    """

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="page_images")
    number = models.PositiveSmallIntegerField()
    blob = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="page")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["image", "number"], name="one_rendition_per_page")]

    def __str__(self) -> str:
        return f"{self.image} {self.number}"


class ExtractionKind(models.TextChoices):
    MRZ = "mrz"
    BARCODE = "barcode"
    OCR = "ocr"
    FACE = "face"
    COMPARISON = "comparison"


class ExtractionStatus(models.TextChoices):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class Extraction(models.Model):
    """What one reader found in one run. A re-run adds rows and changes none.

    ``result`` is ``{"fields": {path: {value, confidence, side, page, box}}, "details": {…}}``.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_extraction_id, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="extractions")
    request = models.CharField(max_length=40)
    kind = models.CharField(max_length=12, choices=ExtractionKind)
    status = models.CharField(max_length=12, choices=ExtractionStatus, default=ExtractionStatus.PENDING)
    engine = models.CharField(max_length=60, blank=True, default="")
    engine_version = models.CharField(max_length=60, blank=True, default="")
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    reference = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, blank=True, related_name="referenced_by")
    result_sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    result = SealedUnder("result_sealed", owner="document.verification_id")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["created_at"], name="extraction_created")]
        constraints = [
            models.UniqueConstraint(fields=["document", "request", "kind"], name="one_record_per_reader_and_run"),
            models.CheckConstraint(condition=Q(kind__in=ExtractionKind.values), name="extraction_kind_known"),
            models.CheckConstraint(condition=Q(status__in=ExtractionStatus.values), name="extraction_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Correction(models.Model):
    """A value that a person put in the machine's place; the machine's own stays in the reading. ``content`` is ``{value, reason}``."""

    id = models.CharField(primary_key=True, max_length=40, default=new_correction_id, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="corrections")
    path = models.CharField(max_length=60)
    content_sealed = models.BinaryField(null=True, editable=False)
    corrected_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    content = SealedUnder("content_sealed", owner="document.verification_id")

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.path} {self.pk}"
