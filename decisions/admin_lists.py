"""The operator's lists for administrators: added with a reason and an end, looked at, taken off; through the same services as the API."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from decisions.lists import add_list_entry, remove_list_entry, require_listable
from decisions.models import ListEntry
from flows.errors import Refused
from verifications.services import Caller


class ListEntryForm(forms.ModelForm):
    value = forms.CharField(
        max_length=300, help_text="A document number, a name, a country's three letters, the SHA-256 of a file, or a street address with ZIP code"
    )
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    class Meta:
        model = ListEntry
        fields = ("workspace", "environment", "kind", "expires_at")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if "kind" in found and "value" in found:
            try:
                require_listable(kind=found["kind"], value=found["value"], expires_at=found.get("expires_at"))
            except Refused as refusal:
                raise ValidationError(refusal.errors) from refusal
        return found


class ListEntryAdmin(admin.ModelAdmin):
    """An entry is never edited: it is taken off and put on anew, so that the audit trail tells both."""

    form = ListEntryForm
    list_display = ("kind", "value", "reason", "expires_at", "workspace", "environment", "created_by", "created_at")
    list_filter = ("kind", "workspace", "environment")
    list_select_related = ("workspace",)
    ordering = ("-created_at", "-id")

    def get_fields(self, request: HttpRequest, obj: ListEntry | None = None) -> tuple[str, ...]:
        known = ("workspace", "environment", "kind", "value", "reason", "expires_at")
        return known if obj is None else (*known, "created_by", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: ListEntry | None = None) -> tuple[str, ...]:
        return () if obj is None else self.get_fields(request, obj)

    @admin.display(description="Value")
    def value(self, row: ListEntry) -> str:
        return str(row.content["value"])

    @admin.display(description="Reason")
    def reason(self, row: ListEntry) -> str:
        return str(row.content["reason"])

    def has_change_permission(self, request: HttpRequest, obj: ListEntry | None = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse("admin:decisions_listentry_changelist"))

    def save_model(self, request: HttpRequest, obj: ListEntry, form: Any, change: bool) -> None:
        sent = form.cleaned_data
        saved = add_list_entry(
            caller=_caller(request, obj), kind=obj.kind, value=sent["value"], reason=sent["reason"], expires_at=sent.get("expires_at")
        )
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: ListEntry) -> None:
        remove_list_entry(caller=_caller(request, obj), entry_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ListEntry]) -> None:
        for entry in queryset.select_related("workspace"):
            self.delete_model(request, entry)


def _caller(request: HttpRequest, entry: ListEntry) -> Caller:
    return Caller(entry.workspace, entry.environment, f"user:{request.user.get_username()}")
