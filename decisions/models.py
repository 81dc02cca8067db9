"""The judgement's tables: rule results, decisions (append-only), and the stored records."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from documents.models import Blob, Document
from flows.ids import new_check_id, new_decision_id, new_record_id
from flows.vault import Sealed
from verifications.models import Verification


class Outcome(models.TextChoices):
    ERROR = "error"
    WARNING = "warning"
    PASS = "pass"
    NOT_APPLICABLE = "not_applicable"


class Workflow(models.TextChoices):
    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class DecisionStatus(models.IntegerChoices):
    APPROVED = 3, "Approved"
    REJECTED = 4, "Rejected"
    DOUBLE_CHECK = 5, "Double check"


class Decision(models.Model):
    """What was decided of a document, by the rules or by a person. A later one supersedes; none is edited.

    ``content`` is ``{"note": …, "reasons": [code, …]}``: a reviewer's note may name a person, so it is sealed.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_decision_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="decisions")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="decisions")
    status = models.PositiveSmallIntegerField(choices=DecisionStatus)
    workflow = models.CharField(max_length=10, choices=Workflow)
    reasons = models.JSONField(default=list)
    note_sealed = models.BinaryField(null=True, editable=False)
    decided_by = models.CharField(max_length=80, blank=True, default="")
    attempt = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    note = Sealed("note_sealed")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["verification", "-created_at", "-id"], name="decision_by_verification")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DecisionStatus.values), name="decision_status_known"),
            models.CheckConstraint(
                condition=Q(workflow="Automatic", decided_by="") | Q(workflow="Manual") & ~Q(decided_by=""), name="a_person_decides_by_name"
            ),
            models.UniqueConstraint(fields=["document", "attempt"], condition=Q(workflow="Automatic"), name="one_automatic_decision_per_attempt"),
        ]

    def __str__(self) -> str:
        return self.pk


class Check(models.Model):
    """One rule's result. ``decision`` is null for a preview; ``current`` marks the newest run of a document. The evidence holds values compared."""

    id = models.CharField(primary_key=True, max_length=40, default=new_check_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="checks")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="checks")
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, null=True, blank=True, related_name="checks")
    rule = models.CharField(max_length=60)
    group = models.CharField(max_length=10)
    cross_document = models.BooleanField(default=False)
    outcome = models.CharField(max_length=14, choices=Outcome)
    reason_code = models.CharField(max_length=60, blank=True, default="")
    message = models.TextField(blank=True, default="")
    fix = models.CharField(max_length=24, default="none")
    rule_version = models.PositiveSmallIntegerField(default=1)
    evidence_sealed = models.BinaryField(null=True, editable=False)
    current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    evidence = Sealed("evidence_sealed")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["document"], condition=Q(current=True), name="check_current")]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="check_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=["pass", "not_applicable"]) | (~Q(reason_code="") & ~Q(message="")), name="a_failure_has_code_and_sentence"
            ),
            models.UniqueConstraint(fields=["document", "rule"], condition=Q(current=True), name="one_current_result_per_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.outcome}"


class Record(models.Model):
    """A stored PDF: the verification's, or one document's. ``revision`` is the number of decisions it shows."""

    id = models.CharField(primary_key=True, max_length=40, default=new_record_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="records")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, null=True, blank=True, related_name="records")
    revision = models.PositiveIntegerField()
    blob = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="record")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["verification", "revision"], condition=Q(document__isnull=True), name="one_record_per_revision"),
            models.UniqueConstraint(fields=["document", "revision"], condition=Q(document__isnull=False), name="one_document_record_per_revision"),
        ]

    def __str__(self) -> str:
        return self.pk


class ReviewCase(Verification):
    """A verification as the review queue shows it."""

    class Meta:
        proxy = True
        verbose_name = "case"
        verbose_name_plural = "cases"
        ordering = ["submitted_at", "id"]
