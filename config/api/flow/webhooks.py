"""Webhooks, their deliveries, and events over HTTP."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.flow import answers, serializers
from config.api.paging import answer_list, moment_filter
from config.api.present import delivery_body, webhook_body
from config.api.schema import answers_with, operation, query
from config.api.views import ApiView, enveloped
from verifications import webhooks

_NOT_FOUND = ["webhook_not_found"]


class Webhooks(ApiView):
    scopes: ClassVar = {"get": "webhooks:read", "post": "webhooks:write"}

    @operation("List webhooks", answers.page_of(answers.WebhookAnswer), paged=True)
    def get(self, request: Request) -> Response:
        rows = webhooks.list_endpoints(caller=self.caller)
        return Response(answer_list(request, rows, lambda page: [webhook_body(row) for row in page]))

    @operation(
        "Register a webhook",
        answers_with(answers.WebhookSecretAnswer(), 201),
        request=serializers.WebhookCreation,
        example={"url": "https://hooks.example/vouchbox", "events": ["verification.finished"], "description": "Mailbox desk"},
        errors=["validation_failed"],
    )
    def post(self, request: Request) -> Response:
        endpoint = webhooks.create_endpoint(caller=self.caller, fields=self.checked(serializers.WebhookCreation))
        return enveloped(webhook_body(endpoint, with_secret=True), status.HTTP_201_CREATED)


class WebhookDetail(ApiView):
    scopes: ClassVar = {"get": "webhooks:read", "patch": "webhooks:write", "delete": "webhooks:write"}

    @operation("Show a webhook", answers_with(answers.WebhookAnswer()), errors=_NOT_FOUND)
    def get(self, request: Request, webhook: str) -> Response:
        return enveloped(webhook_body(webhooks.get_endpoint(caller=self.caller, webhook_id=webhook)))

    @operation(
        "Change a webhook",
        answers_with(answers.WebhookAnswer()),
        request=serializers.WebhookAmendment,
        example={"events": ["*"], "active": True},
        errors=["validation_failed", *_NOT_FOUND],
    )
    def patch(self, request: Request, webhook: str) -> Response:
        fields = self.checked(serializers.WebhookAmendment)
        return enveloped(webhook_body(webhooks.amend_endpoint(caller=self.caller, webhook_id=webhook, fields=fields)))

    @operation("Delete a webhook", answers.EMPTY, errors=_NOT_FOUND)
    def delete(self, request: Request, webhook: str) -> Response:
        webhooks.delete_endpoint(caller=self.caller, webhook_id=webhook)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WebhookTest(ApiView):
    scopes: ClassVar = {"post": "webhooks:write"}

    @operation("Send a test event", answers_with(answers.DeliveryAnswer(), 202), errors=_NOT_FOUND)
    def post(self, request: Request, webhook: str) -> Response:
        return enveloped(delivery_body(webhooks.send_test(caller=self.caller, webhook_id=webhook)), status.HTTP_202_ACCEPTED)


class WebhookRotation(ApiView):
    scopes: ClassVar = {"post": "webhooks:write"}

    @operation("Rotate a webhook's secret", answers_with(answers.WebhookSecretAnswer()), errors=_NOT_FOUND)
    def post(self, request: Request, webhook: str) -> Response:
        return enveloped(webhook_body(webhooks.rotate_secret(caller=self.caller, webhook_id=webhook), with_secret=True))


class Deliveries(ApiView):
    scopes: ClassVar = {"get": "webhooks:read"}

    @operation("List a webhook's deliveries", answers.page_of(answers.DeliveryAnswer), paged=True, errors=_NOT_FOUND)
    def get(self, request: Request, webhook: str) -> Response:
        rows = webhooks.list_deliveries(caller=self.caller, webhook_id=webhook)
        return Response(answer_list(request, rows, lambda page: [delivery_body(row) for row in page]))


class DeliveryRetry(ApiView):
    scopes: ClassVar = {"post": "webhooks:write"}

    @operation("Send a delivery again", answers_with(answers.DeliveryAnswer(), 202), errors=[*_NOT_FOUND, "delivery_not_found"])
    def post(self, request: Request, webhook: str, delivery: str) -> Response:
        found = webhooks.retry_delivery(caller=self.caller, webhook_id=webhook, delivery_id=delivery)
        return enveloped(delivery_body(found), status.HTTP_202_ACCEPTED)


class Events(ApiView):
    scopes: ClassVar = {"get": "webhooks:read"}

    @operation(
        "List events",
        answers.page_of(answers.EventAnswer),
        parameters=[
            query("type", "Only of this type"),
            query("verification", "Only this verification's"),
            query("created_from", "Date or time, inclusive"),
            query("created_to", "Date or time, inclusive"),
        ],
        paged=True,
    )
    def get(self, request: Request) -> Response:
        sent = request.query_params.get
        rows = webhooks.list_events(
            caller=self.caller,
            kind=sent("type"),
            verification_id=sent("verification"),
            created_from=moment_filter("created_from", sent("created_from"), time.min),
            created_to=moment_filter("created_to", sent("created_to"), time.max),
        )
        return Response(answer_list(request, rows, lambda page: [webhooks.event_body(row) for row in page]))
