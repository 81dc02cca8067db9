"""The review queue's tables: who works on what, what reviewers said to one another, first opinions, and rule results that a person overrode."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from documents.models import Document
from flows.datakeys import SealedUnder
from flows.ids import new_comment_id, new_opinion_id, new_override_id
from verifications.models import Verification

_DECIDABLE = {3: "Approved", 4: "Rejected"}


class ReviewCase(Verification):
    """A verification as the review queue shows it."""

    class Meta:
        proxy = True
        verbose_name = "case"
        verbose_name_plural = "cases"
        ordering = ["submitted_at", "id"]
        permissions = [
            ("assign_reviewcase", "Can assign cases to others"),
            ("reopen_reviewcase", "Can reopen decided documents"),
            ("override_reviewcase", "Can override a rule's result"),
            ("view_protected_reviewcase", "Can view cases of people whom a court protects"),
        ]


class Assignment(models.Model):
    """Whose a case is: a person's, or (``reviewer`` null) an API client's. ``holder`` is either's name as the audit trail has it. ``active_at`` is
    when they last did something with it: a claim that idles is free again. Null: a colleague assigned it and it was not opened yet, so it waits for
    that person."""

    verification = models.OneToOneField(Verification, on_delete=models.CASCADE, primary_key=True, related_name="assignment")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    holder = models.CharField(max_length=80)
    assigned_by = models.CharField(max_length=80)
    assigned_at = models.DateTimeField()
    active_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["reviewer", "active_at"], name="assignment_by_reviewer")]

    def __str__(self) -> str:
        return self.verification_id

    @property
    def who(self) -> str:
        """As colleagues know them."""
        return self.reviewer.get_username() if self.reviewer is not None else self.holder


class Escalation(models.Model):
    """Somebody who looked at a case wants a more experienced person to. It holds for the attempt it was made in; the reason may name people."""

    verification = models.OneToOneField(Verification, on_delete=models.CASCADE, primary_key=True, related_name="escalation")
    attempt = models.PositiveIntegerField()
    reason_sealed = models.BinaryField(null=True, editable=False)
    escalated_by = models.CharField(max_length=80)
    escalated_at = models.DateTimeField()

    reason = SealedUnder("reason_sealed", owner="verification_id")

    def __str__(self) -> str:
        return self.verification_id


def standing_escalation(case: Verification) -> Escalation | None:
    """That of the case's present attempt."""
    found: Escalation | None = getattr(case, "escalation", None)
    return found if found is not None and found.attempt == case.attempt else None


class Audience(models.TextChoices):
    PRIVATE = "private", "Colleagues only"
    APPLICANT = "applicant", "For the applicant"


class Comment(models.Model):
    """What somebody wrote about a case, for colleagues or for the applicant. The text may name a person, so it is sealed. None is edited."""

    id = models.CharField(primary_key=True, max_length=40, default=new_comment_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="comments")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, null=True, related_name="comments")
    audience = models.CharField(max_length=9, choices=Audience)
    author = models.CharField(max_length=80)
    text_sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    text = SealedUnder("text_sealed", owner="verification_id")

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(audience__in=Audience.values), name="comment_audience_known")]

    def __str__(self) -> str:
        return self.pk


class Opinion(models.Model):
    """What the first of two people would decide of a document. Open until somebody else agrees (``closed_by`` then made the decision) or disagrees
    (and holds the open opinion instead). None is edited, so that the history tells who thought what."""

    id = models.CharField(primary_key=True, max_length=40, default=new_opinion_id, editable=False)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="opinions")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="opinions")
    status = models.PositiveSmallIntegerField(choices=list(_DECIDABLE.items()))
    reasons = models.JSONField(default=list)
    note_sealed = models.BinaryField(null=True, editable=False)
    author = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=80, blank=True, default="")

    note = SealedUnder("note_sealed", owner="verification_id")

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(_DECIDABLE)), name="opinion_status_known"),
            models.CheckConstraint(condition=~Q(closed_by=F("author")), name="nobody_confirms_their_own_opinion"),
            models.UniqueConstraint(fields=["document"], condition=Q(closed_at__isnull=True), name="one_open_opinion_per_document"),
        ]

    def __str__(self) -> str:
        return self.pk


class Override(models.Model):
    """One rule's result that a person sets aside for a reason. The check itself stays as the machine wrote it; ``decision`` is the decision of the
    person that tells so, with the reason as its note."""

    id = models.CharField(primary_key=True, max_length=40, default=new_override_id, editable=False)
    check_result = models.OneToOneField("decisions.Check", on_delete=models.CASCADE, related_name="override")
    decision = models.OneToOneField("decisions.Decision", on_delete=models.CASCADE, related_name="override")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.pk
