"""What happened: events, and requests to the API."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.described import described
from config.api.dialects.persona import callbacks, shapes
from config.api.dialects.persona.views import PAGING, PersonaView
from flows import api_logs
from verifications import webhooks


class Events(PersonaView):
    scopes: ClassVar = {"get": "webhooks:read"}

    @described("List all events", {200: shapes.list_of(shapes.EVENT)}, parameters=PAGING)
    def get(self, request: Request) -> Response:
        rows = webhooks.list_events(caller=self.caller, kinds=list(callbacks.NAMES))
        return self.paged(rows, lambda found: [callbacks.event_resource(row) for row in found])


class EventDetail(PersonaView):
    scopes: ClassVar = {"get": "webhooks:read"}

    @described("Retrieve an event", {200: shapes.document_of(data=shapes.EVENT)})
    def get(self, request: Request, event: str) -> Response:
        found = webhooks.get_event(caller=self.caller, event_id=event, kinds=list(callbacks.NAMES))
        return Response({"data": callbacks.event_resource(found)})


class ApiLogs(PersonaView):
    scopes: ClassVar = {"get": "webhooks:read"}

    @described("List all API logs", {200: shapes.list_of(shapes.API_LOG)}, parameters=PAGING)
    def get(self, request: Request) -> Response:
        rows = api_logs.list_logs(workspace=self.caller.workspace, environment=self.caller.environment)
        return self.paged(rows, lambda found: [shapes.api_log_body(request, row) for row in found])


class ApiLogDetail(PersonaView):
    scopes: ClassVar = {"get": "webhooks:read"}

    @described("Retrieve an API log", {200: shapes.document_of(data=shapes.API_LOG)})
    def get(self, request: Request, log: str) -> Response:
        found = api_logs.get_log(workspace=self.caller.workspace, environment=self.caller.environment, log_id=log)
        return Response({"data": shapes.api_log_body(request, found)})
