"""The Double check queue in the admin: the list with its filters and counts, the dashboard, and the review page of each case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from decisions import dashboard, queue
from decisions.admin_case import CasePages
from decisions.admin_compliance import ExportAdmin, InspectionAdmin, LegalHoldAdmin
from decisions.admin_lists import ListEntryAdmin
from decisions.admin_queue import FILTERS, AssignForm, QueueColumns, listed
from decisions.models import Export, Inspection, ListEntry, ReviewCase
from decisions.reviewers import ByRole, granted
from flows.counting import BoundedPaginator
from verifications.models import LegalHold

MOST_ASSIGNED = 500

admin.site.register(ListEntry, ListEntryAdmin)
admin.site.register(Export, ExportAdmin)
admin.site.register(Inspection, InspectionAdmin)
admin.site.register(LegalHold, LegalHoldAdmin)


@admin.register(ReviewCase)
class ReviewCaseAdmin(QueueColumns, CasePages, ByRole, admin.ModelAdmin):
    list_display = ("case", "flow", "status_label", "waiting", "why", "document_count", "assigned", "workspace", "environment")
    list_filter = FILTERS
    search_fields = ("id__startswith", "external_ref__startswith")
    search_help_text = "Verification id, or the start of the external reference"
    list_per_page = 50
    ordering = ("submitted_at", "id")
    show_full_result_count = False
    paginator = BoundedPaginator
    actions = ("assign",)
    action_form = AssignForm
    change_list_template = "admin/decisions/queue.html"

    class Media:
        css: ClassVar = {"all": ["decisions/review.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {"title": "Double check", "may_decide": self.has_change_permission(request), **(extra_context or {})}
        if request.method == "GET":
            extra["counts"] = queue.counts(request.user)
        return super().changelist_view(request, extra)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewCase]:
        found: QuerySet[ReviewCase] = listed(queue.visible(super().get_queryset(request), request.user))
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return granted(request.user, "decisions.assign_reviewcase")

    @admin.action(description="Assign the chosen cases", permissions=["assign"])
    def assign(self, request: HttpRequest, rows: QuerySet[ReviewCase]) -> None:
        form = AssignForm(request.POST)
        form.fields["action"].choices = self.get_action_choices(request)  # type: ignore[attr-defined]
        if not form.is_valid():
            messages.error(request, "Choose a reviewer from the list.")
            return
        chosen = list(rows.values_list("pk", flat=True)[: MOST_ASSIGNED + 1])
        if len(chosen) > MOST_ASSIGNED:
            messages.error(request, f"Assign {MOST_ASSIGNED} cases at most in one go.")
            return
        reviewer = form.cleaned_data["reviewer"]
        done = queue.assign(user=request.user, reviewer=reviewer, verification_ids=chosen)
        messages.success(request, f"{done} of {len(chosen)} cases: {f'assigned to {reviewer.get_username()}' if reviewer else 'free again'}.")

    def get_urls(self) -> list[URLPattern]:
        site: Callable[..., Any] = self.admin_site.admin_view
        own = [path("dashboard/", site(require_safe(self.dashboard)), name="decisions_reviewcase_dashboard"), *self.case_urls()]
        return own + super().get_urls()

    def dashboard(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        context = {**self.admin_site.each_context(request), "title": "Dashboard", "opts": self.model._meta, "board": dashboard.gather(request.user)}
        return render(request, "admin/decisions/dashboard.html", context)
