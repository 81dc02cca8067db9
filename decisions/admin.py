"""The Double check queue and the review page: images beside fields beside rule results, decided through the same services as the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST, require_safe

from decisions import review
from decisions.admin_lists import ListEntryAdmin
from decisions.dossier import open_case
from decisions.models import Decision, DecisionStatus, ListEntry, ReviewCase
from decisions.services import review_document
from documents import storage
from documents.models import Page
from documents.services import resubmit_verification
from flows.errors import Refused
from verifications import audit
from verifications.models import VerificationStatus
from verifications.services import Caller

IMAGE_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}

admin.site.register(ListEntry, ListEntryAdmin)


class StatusFilter(admin.SimpleListFilter):
    """Only what waits for a person, unless another status is asked for."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(status.value), status.label) for status in VerificationStatus if status != VerificationStatus.DOUBLE_CHECK] + [("all", "All")]

    def choices(self, changelist: Any) -> Any:
        entries = list(super().choices(changelist))
        entries[0]["display"] = VerificationStatus.DOUBLE_CHECK.label
        return entries

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReviewCase]) -> QuerySet[ReviewCase]:
        if self.value() == "all":
            return queryset
        wanted = self.value() or str(VerificationStatus.DOUBLE_CHECK.value)
        return queryset.filter(status=int(wanted)) if wanted in {value for value, _ in self.lookup_choices} | {"5"} else queryset.none()


@admin.register(ReviewCase)
class ReviewCaseAdmin(admin.ModelAdmin):
    list_display = ("case", "flow", "status_label", "waiting", "why", "document_count", "workspace", "environment")
    list_filter = (StatusFilter, "flow", "workspace", "environment")
    search_fields = ("id__startswith", "external_ref__startswith")
    search_help_text = "Verification id, or the start of the external reference"
    list_select_related = ("flow", "workspace")
    list_per_page = 50
    ordering = ("submitted_at", "id")
    show_full_result_count = False

    class Media:
        css: ClassVar = {"all": ["decisions/review.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Double check: what waits for a person, oldest first", **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewCase]:
        newest = Decision.objects.order_by("-created_at", "-id")
        rows = super().get_queryset(request).annotate(document_total=Count("documents", distinct=True))
        found: QuerySet[ReviewCase] = rows.prefetch_related(Prefetch("decisions", queryset=newest, to_attr="newest_decisions"))
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReviewCase | None = None) -> bool:
        return False

    @admin.display(description="Verification", ordering="id")
    def case(self, row: ReviewCase) -> str:
        return format_html("<code>{}</code> {}", row.pk, row.external_ref)

    @admin.display(description="Status", ordering="status")
    def status_label(self, row: ReviewCase) -> str:
        return format_html('<span class="vb-status vb-status-{}">{}</span>', int(row.status), row.get_status_display())

    @admin.display(description="Waiting", ordering="submitted_at")
    def waiting(self, row: ReviewCase) -> str:
        return timesince(row.submitted_at, timezone.now(), depth=1) if row.submitted_at else "–"

    @admin.display(description="Why")
    def why(self, row: ReviewCase) -> str:
        codes = dict.fromkeys(code for decision in row.newest_decisions for code in decision.reasons)  # type: ignore[attr-defined]
        return ", ".join(code.replace("_", " ") for code in codes) or "–"

    @admin.display(description="Documents", ordering="document_total")
    def document_count(self, row: ReviewCase) -> int:
        return int(row.document_total)  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("<str:case_id>/change/", site(self.review_page), name="decisions_reviewcase_change"),
            path("<str:case_id>/decide/", site(require_POST(self.decide)), name="decisions_reviewcase_decide"),
            path("<str:case_id>/resubmit/", site(require_POST(self.resubmit)), name="decisions_reviewcase_resubmit"),
            path("<str:case_id>/page/<int:page_id>/", site(require_safe(self.page_image)), name="decisions_reviewcase_page"),
        ]
        return own + super().get_urls()

    def review_page(self, request: HttpRequest, case_id: str) -> HttpResponse:
        case = self._case(request, case_id, change=False)
        file = open_case(case)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Review {case.pk}",
            "opts": self.model._meta,
            "view": review.page(file, lambda page: reverse("admin:decisions_reviewcase_page", args=[case.pk, page.pk])),
            "may_decide": self.has_change_permission(request, case),
            "decide_url": reverse("admin:decisions_reviewcase_decide", args=[case.pk]),
            "resubmit_url": reverse("admin:decisions_reviewcase_resubmit", args=[case.pk]),
            "queue_url": reverse("admin:decisions_reviewcase_changelist"),
        }
        return render(request, "admin/decisions/review.html", context)

    def decide(self, request: HttpRequest, case_id: str) -> HttpResponse:
        case = self._case(request, case_id, change=True)
        status = {"approve": DecisionStatus.APPROVED, "reject": DecisionStatus.REJECTED, "reopen": DecisionStatus.DOUBLE_CHECK}.get(
            request.POST.get("action", "")
        )
        reason, note = request.POST.get("reason", "").strip(), request.POST.get("note", "").strip()
        if status is None or (status == DecisionStatus.REJECTED and not reason):
            messages.error(request, "Choose a reason for the rejection." if status else "Choose what to decide.")
            return self._back(case)
        try:
            review_document(
                caller=_caller(request, case), flow=case.flow_id, document_id=request.POST.get("document", ""), status=status,
                reasons=[reason] if reason else [], note=note, seen_status=int(request.POST.get("seen_status") or 0),
            )  # fmt: skip
            messages.success(request, f"The document is {DecisionStatus(status).label}.")
        except (Refused, ValueError) as error:
            messages.error(request, error.message if isinstance(error, Refused) else "The form was incomplete.")
        return self._back(case)

    def resubmit(self, request: HttpRequest, case_id: str) -> HttpResponse:
        case = self._case(request, case_id, change=True)
        documents, reason = request.POST.getlist("documents"), request.POST.get("reason", "").strip()
        if not documents or not reason:
            messages.error(request, "Choose the documents to ask for again, and a reason.")
            return self._back(case)
        try:
            resubmit_verification(
                caller=_caller(request, case), flow=case.flow_id, verification_id=case.pk, documents=documents, reasons=[reason],
                note=request.POST.get("note", "").strip(),
            )  # fmt: skip
            messages.success(request, "The documents were asked for again.")
        except Refused as refusal:
            messages.error(request, refusal.message)
        return self._back(case)

    def page_image(self, request: HttpRequest, case_id: str, page_id: int) -> HttpResponseBase:
        case = self._case(request, case_id, change=False)
        page = Page.objects.select_related("blob", "image").filter(pk=page_id, image__document__verification_id=case.pk).first()
        if page is None:
            raise Http404
        audit.record(
            workspace_id=case.workspace_id, actor=_caller(request, case).name, action="image.viewed", subject=page.image_id, verification=case.pk
        )
        return HttpResponse(storage.read(page.blob), content_type=page.blob.content_type, headers=IMAGE_HEADERS)

    def _case(self, request: HttpRequest, case_id: str, *, change: bool) -> ReviewCase:
        case = ReviewCase.objects.select_related("flow_version", "workspace", "flow").filter(pk=unquote(case_id)).first()
        if case is None:
            raise Http404
        allowed = self.has_change_permission(request, case) if change else self.has_view_permission(request, case)
        if not allowed:
            raise PermissionDenied
        return case

    def _back(self, case: ReviewCase) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:decisions_reviewcase_change", args=[case.pk]))


def _caller(request: HttpRequest, case: ReviewCase) -> Caller:
    return Caller(case.workspace, case.environment, f"user:{request.user.get_username()}")
