"""The judgement's tables: rule results, decisions (append-only), and the stored records."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from decisions.review_models import Assignment, Comment, Escalation, Opinion, Override, ReviewCase
from documents.models import Blob, Document
from flows.datakeys import SealedUnder
from flows.ids import (
    new_check_id,
    new_decision_id,
    new_evidence_id,
    new_export_id,
    new_fingerprint_id,
    new_inspection_id,
    new_list_entry_id,
    new_list_id,
    new_record_id,
)
from flows.models import Environment, Flow, FlowVersion, Workspace
from flows.vault import Sealed
from verifications.models import Verification

__all__ = [
    "Assignment", "Check", "Comment", "Decision", "DecisionStatus", "Escalation", "Export", "ExportPart", "ExportState", "Fingerprint",
    "FingerprintKey", "FingerprintKind", "Fix", "FormRecord", "Inspection", "ListEntry", "ListKind", "OperatorList", "Opinion", "Outcome",
    "Override", "Record", "ReviewCase", "StoredEvidence", "Workflow",
]  # fmt: skip


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


class Fix(models.TextChoices):
    """What the applicant can do about it."""

    REUPLOAD = "reupload"
    CORRECT_EXPECTED_DATA = "correct_expected_data"
    CONTACT_OPERATOR = "contact_operator"
    NONE = "none"


class StoredEvidence(models.Model):
    """What one judgement looked at, so that it can be replayed: ``content`` is ``{"case": …, "together": [document, …]}`` as ``decisions.frozen``
    writes it, sealed. The rules and thresholds are those of ``flow_version``."""

    id = models.CharField(primary_key=True, max_length=40, default=new_evidence_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="stored_evidence")
    flow_version = models.ForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="+")
    content_sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    content = SealedUnder("content_sealed", owner="verification_id")

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "stored evidence"

    def __str__(self) -> str:
        return self.pk


class Decision(models.Model):
    """What was decided of a document, by the rules or by a person. A later one supersedes; none is edited.

    ``reasons`` are codes; ``sentence`` and ``fix`` are those of the first, which a rejection always has. ``run`` names the reprocessing that asked
    for it, '' for the first judgement of an attempt. A reviewer's note may name a person, so it is sealed.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_decision_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="decisions")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="decisions")
    status = models.PositiveSmallIntegerField(choices=DecisionStatus)
    workflow = models.CharField(max_length=10, choices=Workflow)
    reasons = models.JSONField(default=list)
    reason_code = models.CharField(max_length=60, blank=True, default="")
    sentence = models.TextField(blank=True, default="")
    fix = models.CharField(max_length=24, choices=Fix, default=Fix.NONE)
    evidence = models.ForeignKey(StoredEvidence, on_delete=models.SET_NULL, null=True, blank=True, related_name="decisions")
    run = models.CharField(max_length=40, blank=True, default="", editable=False)
    note_sealed = models.BinaryField(null=True, editable=False)
    decided_by = models.CharField(max_length=80, blank=True, default="")
    attempt = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    note = SealedUnder("note_sealed", owner="verification_id")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["verification", "-created_at", "-id"], name="decision_by_verification"),
            models.Index(fields=["-created_at", "-id"], name="decision_newest"),
            models.Index(fields=["-created_at"], condition=Q(workflow="Manual"), name="decision_by_hand"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DecisionStatus.values), name="decision_status_known"),
            models.CheckConstraint(
                condition=Q(workflow="Automatic", decided_by="") | Q(workflow="Manual") & ~Q(decided_by=""), name="a_person_decides_by_name"
            ),
            models.CheckConstraint(condition=Q(fix__in=Fix.values), name="decision_fix_known"),
            models.CheckConstraint(
                condition=~Q(status=DecisionStatus.REJECTED) | (~Q(reason_code="") & ~Q(sentence="") & ~Q(fix=Fix.NONE)),
                name="a_rejection_has_code_sentence_and_fix",
            ),
            models.UniqueConstraint(fields=["document", "attempt", "run"], condition=Q(workflow="Automatic"), name="one_automatic_decision_per_run"),
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
    fix = models.CharField(max_length=24, choices=Fix, default=Fix.NONE)
    rule_version = models.PositiveSmallIntegerField(default=1)
    evidence_sealed = models.BinaryField(null=True, editable=False)
    current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    evidence = SealedUnder("evidence_sealed", owner="verification_id")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["document"], condition=Q(current=True), name="check_current"),
            models.Index(fields=["reason_code", "verification"], condition=Q(current=True) & ~Q(reason_code=""), name="check_doubt"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="check_outcome_known"),
            models.CheckConstraint(condition=Q(fix__in=Fix.values), name="check_fix_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=["pass", "not_applicable"]) | (~Q(reason_code="") & ~Q(message="")), name="a_failure_has_code_and_sentence"
            ),
            models.CheckConstraint(condition=~Q(outcome="error") | ~Q(fix=Fix.NONE), name="an_error_has_a_fix"),
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


class FormRecord(models.Model):
    """What was entered for a verification's PS Form 1583, by the parts of ``decisions.form1583.PARTS``."""

    verification = models.OneToOneField(Verification, on_delete=models.CASCADE, primary_key=True, related_name="form_record")
    content_sealed = models.BinaryField(null=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    content = SealedUnder("content_sealed", owner="verification_id")

    def __str__(self) -> str:
        return str(self.verification_id)


class ExportState(models.IntegerChoices):
    PENDING = 1, "Pending"
    RUNNING = 2, "Running"
    DONE = 3, "Done"
    FAILED = 4, "Failed"
    GONE = 5, "No longer kept"


class Export(models.Model):
    """The registration bundle of one quarter (``2026Q2``). ``done`` of ``total`` mailboxes are written; ``verifications`` are those it holds."""

    id = models.CharField(primary_key=True, max_length=40, default=new_export_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="exports")
    environment = models.CharField(max_length=8, choices=Environment)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="+")
    quarter = models.CharField(max_length=6)
    include_protected = models.BooleanField(default=False)
    state = models.PositiveSmallIntegerField(choices=ExportState, default=ExportState.PENDING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    verifications = models.ManyToManyField(Verification, related_name="exports", editable=False)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    signed_off_by = models.CharField(max_length=80, blank=True, default="")
    signed_off_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["workspace", "environment", "flow", "-created_at", "-id"], name="export_newest")]
        constraints = [models.CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_known")]

    def __str__(self) -> str:
        return self.pk


class ExportPart(models.Model):
    """A piece of a bundle; joined in the order of their numbers they are the file."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    blob = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="export_part")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="one_part_of_a_number")]

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"


class Inspection(models.Model):
    """A link by which an inspector may read the form records of chosen verifications for some time. Only the SHA-256 of its token is kept."""

    id = models.CharField(primary_key=True, max_length=40, default=new_inspection_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="inspections")
    environment = models.CharField(max_length=8, choices=Environment)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="+")
    verifications = models.ManyToManyField(Verification, related_name="inspections", editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.pk


class FingerprintKey(models.Model):
    """A workspace's own key for keyed hashes, made at random and sealed: one workspace's fingerprints say nothing about another's."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, primary_key=True, related_name="fingerprint_key")
    secret_sealed = models.BinaryField(editable=False)

    secret = Sealed("secret_sealed")

    def __str__(self) -> str:
        return str(self.workspace_id)


class FingerprintKind(models.TextChoices):
    NUMBER = "number"
    IMAGE = "image"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    DECLARED_NAME = "declared"


class Fingerprint(models.Model):
    """What a document is recognised by without keeping what it says. That of an image outlives the redaction of its verification.

    ``digest`` in hex: SHA-256 of an image's content, or HMAC-SHA-256 under the workspace's key of the document's number with country and type
    (``number``), of its holder's name (``name``) and date of birth (``birth_date``), and of the name that the client declared (``declared``).
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_fingerprint_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=8, choices=Environment)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="fingerprints")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="fingerprints")
    kind = models.CharField(max_length=10, choices=FingerprintKind)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["workspace", "environment", "digest"], name="fingerprint_lookup")]
        constraints = [
            models.UniqueConstraint(fields=["document", "kind", "digest"], name="one_fingerprint_of_a_kind"),
            models.CheckConstraint(condition=Q(kind__in=FingerprintKind.values), name="fingerprint_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ListKind(models.TextChoices):
    BLOCKED_NUMBER = "blocked_document_number", "Blocked document number"
    BLOCKED_NAME = "blocked_name", "Blocked name"
    KNOWN_CMRA = "known_cmra_address", "Address of a known CMRA"
    OWN_ADDRESS = "own_address", "Own address"
    BLOCKED_COUNTRY = "blocked_country", "Blocked issuing country"
    BLOCKED_FILE = "blocked_file", "Blocked file"


class OperatorList(models.Model):
    """A list with a name of its own, beside the one that each kind has anyway. An archived one has no entries."""

    id = models.CharField(primary_key=True, max_length=40, default=new_list_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="lists")
    environment = models.CharField(max_length=8, choices=Environment)
    kind = models.CharField(max_length=24, choices=ListKind)
    name = models.CharField(max_length=120)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["workspace", "environment", "-created_at", "-id"], name="operator_list_newest")]
        constraints = [models.CheckConstraint(condition=Q(kind__in=ListKind.values), name="operator_list_kind_known")]

    def __str__(self) -> str:
        return self.name


class ListEntry(models.Model):
    """One entry of the lists that an operator keeps. ``content`` is ``{"value": …, "reason": …}``; ``digest`` (HMAC-SHA-256, hex) is what a value is
    looked up by. An entry that has expired counts no more. ``of_list`` null: of the kind's own list."""

    id = models.CharField(primary_key=True, max_length=40, default=new_list_entry_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="list_entries")
    environment = models.CharField(max_length=8, choices=Environment)
    kind = models.CharField(max_length=24, choices=ListKind)
    of_list = models.ForeignKey(OperatorList, on_delete=models.PROTECT, null=True, blank=True, related_name="entries")
    digest = models.CharField(max_length=64, editable=False)
    content_sealed = models.BinaryField(editable=False)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    content = Sealed("content_sealed")

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "list entries"
        indexes = [models.Index(fields=["workspace", "environment", "-created_at", "-id"], name="list_entry_newest")]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "environment", "kind", "digest"], name="a_value_is_listed_once"),
            models.CheckConstraint(condition=Q(kind__in=ListKind.values), name="list_entry_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
