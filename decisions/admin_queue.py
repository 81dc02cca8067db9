"""The queue as administrators of cases see it: filters, columns, counts, assigning many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince

from decisions import queue
from decisions.grounds import GROUNDS
from decisions.models import Assignment, Check, Decision, ReviewCase
from decisions.review_models import standing_escalation
from decisions.reviewers import all_reviewers
from decisions.rules import registry
from documents.models import Document
from flows.models import Environment, Flow, Workspace
from verifications.models import VerificationStatus

Rows = QuerySet[ReviewCase]
HOURS = (("1", "Up to 1 hour", None, 1), ("4", "1 to 4 hours", 1, 4), ("24", "4 to 24 hours", 4, 24), ("72", "1 to 3 days", 24, 72))


class Choice(admin.SimpleListFilter):
    """A filter that the bar above the queue shows as one select."""

    any_label = "Any"

    def has_output(self) -> bool:
        return True


class StatusFilter(Choice):
    """Only what waits for a person, unless another status is asked for."""

    title, parameter_name = "Status", "status"
    any_label = VerificationStatus.DOUBLE_CHECK.label

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(status.value), status.label) for status in VerificationStatus if status != VerificationStatus.DOUBLE_CHECK] + [("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() == "all":
            return queryset
        wanted = self.value() or str(VerificationStatus.DOUBLE_CHECK.value)
        return queryset.filter(status=int(wanted)) if wanted in {value for value, _ in self.lookup_choices} | {"5"} else queryset.none()


class FlowFilter(Choice):
    title, parameter_name = "Flow", "flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Flow.objects.order_by("name").values_list("slug", "name"))

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(flow_id=self.value()) if self.value() else queryset


class ReasonFilter(Choice):
    """By the code of any current rule result that is in doubt."""

    title, parameter_name = "Reason", "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = {code for rule in registry.load().values() for code in (rule.reason_code, *rule.reasons)} | set(GROUNDS)
        return [(code, code.replace("_", " ").capitalize()) for code in sorted(codes)]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if not self.value():
            return queryset
        doubted = Check.objects.filter(verification=OuterRef("pk"), current=True, reason_code=self.value())
        return queryset.filter(Exists(doubted))


class AgeFilter(Choice):
    title, parameter_name = "Waiting", "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, label, _, _ in HOURS] + [("more", "More than 3 days")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        now = timezone.now()
        if self.value() == "more":
            return queryset.filter(submitted_at__lte=now - timedelta(hours=72))
        for value, _, least, most in HOURS:
            if value == self.value():
                newer = queryset.filter(submitted_at__gt=now - timedelta(hours=most))
                return newer.filter(submitted_at__lte=now - timedelta(hours=least)) if least else newer
        return queryset


class AssignedFilter(Choice):
    title, parameter_name = "Assigned", "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "To me"), ("nobody", "To nobody"), ("somebody", "To somebody")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        alive = Assignment.objects.filter(queue.held(timezone.now()), verification=OuterRef("pk"))
        wanted = {"me": Exists(alive.filter(reviewer=request.user.pk)), "nobody": ~Exists(alive), "somebody": Exists(alive)}
        chosen = wanted.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)


class WorkspaceFilter(Choice):
    title, parameter_name = "Workspace", "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Workspace.objects.order_by("name").values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(workspace_id=self.value()) if self.value() else queryset


class EnvironmentFilter(Choice):
    title, parameter_name = "Environment", "environment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, label in Environment.choices]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(environment=self.value()) if self.value() else queryset


FILTERS = (StatusFilter, FlowFilter, ReasonFilter, AgeFilter, AssignedFilter, WorkspaceFilter, EnvironmentFilter)


class AssignForm(ActionForm):
    """To whom the chosen cases are given."""

    reviewer = forms.ModelChoiceField(queryset=all_reviewers(), required=False, empty_label="nobody", label="to")


def listed(rows: Rows) -> Rows:
    """With everything the columns show, in a constant number of queries."""
    documents = Document.objects.filter(verification=OuterRef("pk"), superseded_at__isnull=True).order_by()
    total = Subquery(documents.values("verification").annotate(total=Count("pk")).values("total"))
    newest = Decision.objects.filter(document__superseded_at__isnull=True).order_by("-created_at", "-id").defer("note_sealed", "sentence")
    return (
        rows.select_related("flow", "flow_version", "workspace", "assignment__reviewer", "escalation")
        .annotate(document_total=Coalesce(total, 0))
        .prefetch_related(Prefetch("decisions", queryset=newest, to_attr="newest_decisions"))
    )


class QueueColumns:
    """The columns of the queue."""

    @admin.display(description="Verification", ordering="id")
    def case(self, row: ReviewCase) -> str:
        return format_html('<span class="vb-ref">{}</span> <code>{}</code>', row.external_ref or "–", row.pk)

    @admin.display(description="Status", ordering="status")
    def status_label(self, row: ReviewCase) -> str:
        return format_html('<span class="vb-status vb-status-{}">{}</span>', int(row.status), row.get_status_display())

    @admin.display(description="Waiting", ordering="submitted_at")
    def waiting(self, row: ReviewCase) -> str:
        if row.submitted_at is None or row.status != VerificationStatus.DOUBLE_CHECK:
            return "–"
        hours, now = row.definition.review.target_hours, timezone.now()
        level = queue.urgency(row.submitted_at, hours, now)
        told = {"ok": "in time", "soon": "due soon", "late": "late"}[level]
        age = timesince(row.submitted_at, now, depth=1)
        return format_html(
            '<span class="vb-age vb-age-{}" title="Target: {} hours">{} <span class="vb-age-word">{}</span></span>', level, hours, age, told
        )

    @admin.display(description="Why")
    def why(self, row: ReviewCase) -> str:
        newest: dict[str, list[str]] = {}
        for decision in row.newest_decisions:  # type: ignore[attr-defined]
            newest.setdefault(decision.document_id, decision.reasons)
        told = ["escalated"] if standing_escalation(row) is not None else []
        return ", ".join([*told, *(code.replace("_", " ") for code in _distinct(newest.values()))]) or "–"

    @admin.display(description="Documents", ordering="document_total")
    def document_count(self, row: ReviewCase) -> int:
        return int(row.document_total)  # type: ignore[attr-defined]

    @admin.display(description="Assigned to")
    def assigned(self, row: ReviewCase) -> str:
        found: Assignment | None = getattr(row, "assignment", None)
        alive = found is not None and (found.active_at is None or found.active_at > timezone.now() - queue.IDLE)
        return found.who if found is not None and alive else "–"


def _distinct(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(code for codes in lists for code in codes))
