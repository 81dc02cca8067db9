"""Who may ask and what is asked, for administrators: read, revoke, switch off; versions are published, never edited."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from flows.counting import BoundedPaginator
from flows.models import ApiToken, Flow, FlowVersion, Workspace
from flows.services import note_flow_change, revoke_token


class ReadOnly(admin.ModelAdmin):
    """Rows that the services alone write. Lists of them count no further than they must."""

    paginator = BoundedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "created_at")
    readonly_fields = ("created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    list_display = ("prefix", "name", "workspace", "environment", "dialect", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("workspace", "environment")
    list_select_related = ("workspace",)
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen tokens at once", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
        for token in rows:
            revoke_token(prefix=token.prefix, by=f"user:{request.user.get_username()}")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("flows.change_apitoken")


@admin.register(Flow)
class FlowAdmin(admin.ModelAdmin):
    list_display = ("slug", "name", "active")
    fields = ("slug", "name", "active", "workspaces")
    readonly_fields = ("slug", "name")
    filter_horizontal = ("workspaces",)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The admin's change view is one transaction, which this ends."""
        super().save_related(request, form, formsets, change)
        note_flow_change(flow=form.instance, by=f"user:{request.user.get_username()}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Flow | None = None) -> bool:
        return False


@admin.register(FlowVersion)
class FlowVersionAdmin(ReadOnly):
    list_display = ("flow", "number", "created_at")
    list_filter = ("flow",)
    fields = ("flow", "number", "created_at", "digest", "content")
    readonly_fields = ("content",)

    @admin.display(description="Definition")
    def content(self, row: FlowVersion) -> str:
        return format_html("<pre>{}</pre>", json.dumps(row.document, indent=2, ensure_ascii=False))
