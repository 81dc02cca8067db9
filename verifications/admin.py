"""The case's memory for administrators: events, audit trail, and the outbox with its dead letters."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from flows.admin import ReadOnly
from flows.models import Dialect
from verifications.events import EVENTS
from verifications.models import AuditEntry, Event, MessageState, OutboxMessage, WebhookDelivery, WebhookEndpoint, WorkerHeartbeat
from verifications.services import Caller
from verifications.signing import ENDPOINT_DIALECTS
from verifications.webhooks import amend_endpoint, send_again


class TypeFilter(admin.SimpleListFilter):
    """By the catalogue's names: asking the table which ones it holds would walk all of it."""

    title, parameter_name = "type", "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(EVENTS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class QueueFilter(admin.SimpleListFilter):
    title, parameter_name = "queue", "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in ("reading", "decisions", "records", "webhooks")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> QuerySet[OutboxMessage]:
        return queryset.filter(queue=self.value()) if self.value() else queryset


# Ids are ULIDs: their order is that of time, and every table has its index on them.
@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "type", "verification_id", "sequence", "created_at")
    list_filter = (TypeFilter,)
    search_fields = ("verification__id__exact",)
    ordering = ("-id",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("at", "action", "subject", "actor", "workspace", "number")
    list_filter = ("workspace",)
    search_fields = ("verification_ref__exact", "subject__exact")
    list_select_related = ("workspace",)
    ordering = ("-id",)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly):
    list_display = ("id", "event", "actor", "state", "attempts", "last_error", "created_at", "done_at")
    list_filter = ("state", QueueFilter)
    actions = ("try_again",)
    ordering = ("-id",)

    @admin.action(description="Try the chosen dead messages again", permissions=["retry"])
    def try_again(self, request: HttpRequest, rows: QuerySet[OutboxMessage]) -> None:
        rows.filter(state=MessageState.DEAD).update(state=MessageState.PENDING, attempts=0, available_at=timezone.now(), done_at=None)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("verifications.change_outboxmessage")


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnly):
    list_display = ("name", "queues", "readers", "at")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnly):
    """Everything but the dialect is the client's own business."""

    list_display = ("id", "url", "workspace", "environment", "dialect", "active", "disabled_reason", "created_at")
    list_filter = ("workspace", "environment", "active", "dialect")
    list_select_related = ("workspace",)
    fields = ("id", "workspace", "environment", "url", "events", "description", "dialect", "active", "disabled_reason", "created_at")
    readonly_fields = tuple(name for name in fields if name != "dialect")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("verifications.change_webhookendpoint"))

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        caller = Caller(obj.workspace, obj.environment, f"user:{request.user.get_username()}")
        amend_endpoint(caller=caller, webhook_id=obj.pk, fields={"dialect": obj.dialect})

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "dialect":
            options["choices"] = [("", "ours"), *((value, label) for value, label in Dialect.choices if value in ENDPOINT_DIALECTS)]
        return super().formfield_for_choice_field(db_field, request, **options)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly):
    list_display = ("id", "event", "endpoint", "status", "attempts", "last_status_code", "last_error", "next_attempt_at", "delivered_at")
    list_filter = ("status",)
    search_fields = ("event__id__exact", "endpoint__id__exact", "event__verification__id__exact")
    list_select_related = ("event", "endpoint")
    ordering = ("-id",)
    actions = ("send_again",)

    @admin.action(description="Send the chosen deliveries again", permissions=["send"])
    def send_again(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> None:
        send_again(delivery_ids=list(rows.values_list("pk", flat=True)))

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("verifications.change_webhookdelivery")
