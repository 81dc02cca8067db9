"""What compliance officers keep: registration bundles, links for inspectors, legal holds; through the same services as the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from decisions import exports, inspections, queue
from decisions.models import Export, ExportState, Inspection
from decisions.quarters import quarter_of
from decisions.reviewers import ByRole, name_of, sees_protected
from flows.errors import Refused
from verifications.holds import lift_hold, place_hold
from verifications.models import AuditEntry, LegalHold, Verification
from verifications.services import Caller

QUARTERS = 8
HOURS = ((4, "4 hours"), (24, "a day"), (48, "2 days"), (168, "a week"), (720, "30 days"))


class CompliancePages(ByRole, admin.ModelAdmin):
    """Rows are made by a form and looked at on a page of their own; what is done with one is a post that leads back to it."""

    page_template = ""
    acts: ClassVar[tuple[str, ...]] = ()

    class Media:
        css: ClassVar = {"all": ["decisions/review.css"]}

    def get_urls(self) -> list[URLPattern]:
        site, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        own = [path(f"<str:pk>/{act}/", site(require_POST(self._acting(act))), name=f"{name}_{act}") for act in self.acts]
        return [*own, *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _acting(self, act: str) -> Callable[[HttpRequest, str], HttpResponse]:
        def answer(request: HttpRequest, pk: str) -> HttpResponse:
            row = self.shown_row(request, pk)
            if not self._granted(request, "change"):
                raise PermissionDenied
            try:
                messages.success(request, getattr(self, act)(request, row))
            except Refused as refusal:
                messages.error(request, refusal.message)
            return HttpResponseRedirect(self.address_of(pk))

        return answer

    def address_of(self, pk: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk])

    def shown_row(self, request: HttpRequest, pk: str) -> Any:
        """Raises PermissionDenied, Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        return row

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        row = self.shown_row(request, object_id)
        context = {
            **self.admin_site.each_context(request), "title": row.pk, "opts": self.opts, "row": row, "may_act": self._granted(request, "change"),
            **self.facts(request, row),
        }  # fmt: skip
        return TemplateResponse(request, self.page_template, context, headers={"Cache-Control": "private, no-store"})

    def facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What the service refuses comes back as a message, and nothing is made."""
        try:
            one_way = {"show_save_and_add_another": False, "show_save_and_continue": False}
            return super().add_view(request, form_url, {**one_way, **(extra_context or {})})
        except Refused as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.get_full_path())

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        return HttpResponseRedirect(self.address_of(str(obj.pk)))


def quarter_choices(today: date) -> list[tuple[str, str]]:
    """The quarter that runs and those before it, the newest first, with the day each is certified."""
    found, day = [], today
    for _ in range(QUARTERS):
        quarter = quarter_of(f"{day.year}Q{(day.month + 2) // 3}")
        found.append((quarter.name, f"{quarter.name}, due {quarter.due.isoformat()}"))
        day = quarter.begins - timedelta(days=1)
    return found


class ExportForm(forms.ModelForm):
    quarter = forms.ChoiceField(choices=lambda: quarter_choices(timezone.now().date()))

    class Meta:
        model = Export
        fields = ("workspace", "environment", "flow", "quarter", "include_protected")
        help_texts: ClassVar = {"include_protected": "Also people whom a court protects; written down for each"}


class ExportAdmin(CompliancePages):
    form = ExportForm
    page_template = "admin/decisions/export.html"
    acts = ("sign_off",)
    list_display = ("quarter", "flow", "workspace", "environment", "state", "progress", "include_protected", "created_by", "created_at", "signed_by")
    list_filter = ("state", "workspace", "environment")
    list_select_related = ("workspace", "flow")
    ordering = ("-created_at", "-id")

    @admin.display(description="Signed off by")
    def signed_by(self, row: Export) -> str:
        return row.signed_off_by or "–"

    @admin.display(description="Mailboxes")
    def progress(self, row: Export) -> str:
        return f"{row.done} of {row.total}"

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("<str:pk>/progress/", site(require_safe(self.progress_of)), name="decisions_export_progress"),
            path("<str:pk>/file/", site(require_safe(self.file)), name="decisions_export_file"),
        ]
        return own + super().get_urls()

    def save_model(self, request: HttpRequest, obj: Export, form: Any, change: bool) -> None:
        sent = form.cleaned_data
        if sent["include_protected"] and not sees_protected(request.user):
            raise PermissionDenied
        caller = Caller(sent["workspace"], sent["environment"], name_of(request.user))
        obj.pk = exports.request_export(
            caller=caller, flow=sent["flow"].pk, quarter=sent["quarter"], include_protected=sent["include_protected"]
        ).pk  # fmt: skip

    def facts(self, request: HttpRequest, row: Export) -> dict[str, Any]:
        is_done = row.state == ExportState.DONE
        return {
            "due": quarter_of(row.quarter).due, "is_done": is_done, "runs": _runs(row),
            "may_download": is_done and self._may_download(request, row),
        }  # fmt: skip

    def _may_download(self, request: HttpRequest, row: Export) -> bool:
        return not row.include_protected or sees_protected(request.user)

    def sign_off(self, request: HttpRequest, row: Export) -> str:
        exports.sign_off(caller=_caller(request, row), flow=row.flow_id, export_id=row.pk)
        return f"You answer for {row.quarter}."

    def progress_of(self, request: HttpRequest, pk: str) -> HttpResponse:
        row = self.shown_row(request, pk)
        told = {"state": row.get_state_display(), "done": row.done, "total": row.total, "runs": _runs(row)}
        return JsonResponse(told, headers={"Cache-Control": "no-store"})

    def file(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        row = self.shown_row(request, pk)
        if not self._may_download(request, row):
            raise PermissionDenied
        try:
            parts = exports.open_export(caller=_caller(request, row), flow=row.flow_id, export_id=row.pk)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(self.address_of(pk))
        headers = {"Content-Disposition": f'attachment; filename="{row.pk}.zip"', "Cache-Control": "private, no-store"}
        return StreamingHttpResponse(parts, content_type="application/zip", headers=headers)


class InspectionForm(forms.ModelForm):
    cases = forms.CharField(label="Verifications", widget=forms.Textarea(attrs={"rows": 6}), max_length=60_000, help_text="Ids, one in a line")
    hours = forms.TypedChoiceField(choices=HOURS, coerce=int, initial=48, label="Open for")

    class Meta:
        model = Inspection
        fields = ("workspace", "environment", "flow")

    def clean_cases(self) -> list[str]:
        found = list(dict.fromkeys(self.cleaned_data["cases"].replace(",", " ").split()))
        if not 0 < len(found) <= 1000:
            raise forms.ValidationError("From 1 to 1000 ids are needed.")
        return found


class InspectionAdmin(CompliancePages):
    form = InspectionForm
    page_template = "admin/decisions/inspection.html"
    acts = ("revoke",)
    list_display = ("id", "workspace", "environment", "flow", "is_open", "created_by", "created_at", "expires_at", "revoked_at")
    list_filter = ("workspace", "environment")
    list_select_related = ("workspace", "flow")
    ordering = ("-created_at", "-id")

    @admin.display(description="Open", boolean=True)
    def is_open(self, row: Inspection) -> bool:
        return row.revoked_at is None and row.expires_at > timezone.now()

    def save_model(self, request: HttpRequest, obj: Inspection, form: Any, change: bool) -> None:
        sent = form.cleaned_data
        caller = Caller(sent["workspace"], sent["environment"], name_of(request.user))
        made = inspections.open_to_inspector(
            caller=caller, flow=sent["flow"].pk, verifications=self._shown_to(request, sent["cases"]), hours=sent["hours"]
        )  # fmt: skip
        obj.pk, form.token = made.inspection.pk, made.token

    def _shown_to(self, request: HttpRequest, ids: list[str]) -> list[str]:
        if not sees_protected(request.user) and Verification.objects.filter(pk__in=ids, protected=True).exists():
            raise PermissionDenied
        return ids

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has linked the verifications. The token is kept for this answer alone."""
        request.inspection_token = form.token  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        where = inspections.path_of(request.inspection_token)  # type: ignore[attr-defined]
        url = f"{settings.PUBLIC_URL}{where}" if settings.PUBLIC_URL else request.build_absolute_uri(where)
        context = {**self.admin_site.each_context(request), "title": "The link", "opts": self.opts, "url": url, "back": self.address_of(str(obj.pk))}
        return TemplateResponse(request, "admin/decisions/inspection_made.html", context, headers={"Cache-Control": "private, no-store"})

    def facts(self, request: HttpRequest, row: Inspection) -> dict[str, Any]:
        return {
            "is_open": self.is_open(row), "cases": queue.visible(row.verifications.order_by("created_at", "id"), request.user),
            "views": AuditEntry.objects.filter(subject=row.pk).order_by("number"),
        }  # fmt: skip

    def revoke(self, request: HttpRequest, row: Inspection) -> str:
        inspections.revoke_inspection(caller=_caller(request, row), flow=row.flow_id, inspection_id=row.pk)
        return "The link opens nothing any more."


class LegalHoldForm(forms.ModelForm):
    verification = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"size": 40}), help_text="Id")
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="The court and the file number, say; kept encrypted")

    class Meta:
        model = LegalHold
        fields = ()

    def clean_verification(self) -> Verification:
        found = Verification.objects.select_related("workspace").filter(pk=self.cleaned_data["verification"].strip()).first()
        if found is None:
            raise forms.ValidationError("There is no verification with this id.")
        return found


class LegalHoldAdmin(CompliancePages):
    form = LegalHoldForm
    fields = ("verification", "reason")
    page_template = "admin/decisions/legal_hold.html"
    acts = ("lift",)
    list_display = ("verification", "placed_by", "placed_at", "stands", "lifted_by", "lifted_at")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    search_fields = ("verification__id__exact",)
    ordering = ("-placed_at", "-id")

    @admin.display(description="Stands", boolean=True)
    def stands(self, row: LegalHold) -> bool:
        return row.lifted_at is None

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        case = form.cleaned_data["verification"]
        hold = place_hold(caller=_caller(request, case), flow=case.flow_id, verification_id=case.pk, reason=form.cleaned_data["reason"])
        obj.pk, obj.verification = hold.pk, case

    def lift(self, request: HttpRequest, row: LegalHold) -> str:
        case = row.verification
        lift_hold(caller=_caller(request, case), flow=case.flow_id, verification_id=case.pk)
        return "The hold is lifted; retention times count again."


def _runs(row: Export) -> bool:
    return row.state in (ExportState.PENDING, ExportState.RUNNING)


def _caller(request: HttpRequest, row: Any) -> Caller:
    return Caller(row.workspace, row.environment, name_of(request.user))
