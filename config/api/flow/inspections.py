"""Links for inspectors: made over the API, opened in a browser."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.errors import refusal_json, safe_only
from config.api.flow import answers, serializers
from config.api.paging import answer_list
from config.api.present import inspection_body
from config.api.schema import answers_with, operation
from config.api.views import ApiView, enveloped
from decisions import inspections
from flows.errors import Refused

HEADERS = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


class Inspections(ApiView):
    scopes: ClassVar = {"get": "exports:read", "post": "exports:read"}

    @operation("List inspectors' links", answers.page_of(answers.InspectionAnswer), paged=True, errors=["flow_not_found"])
    def get(self, request: Request, flow: str) -> Response:
        rows = inspections.list_inspections(caller=self.caller, flow=flow)
        return Response(answer_list(request, rows, lambda page: [inspection_body(row) for row in page]))

    @operation(
        "Make a link for an inspector",
        answers_with(answers.IssuedInspectionAnswer(), 201),
        request=serializers.InspectionCreation,
        example={"verifications": ["ver_01jd8x3m5k7n9p1r3t5v7x9z1b"], "hours": 48},
        errors=["flow_not_found", "validation_failed", "verification_not_found"],
    )
    def post(self, request: Request, flow: str) -> Response:
        sent = self.checked(serializers.InspectionCreation)
        made = inspections.open_to_inspector(caller=self.caller, flow=flow, verifications=sent["verifications"], hours=sent.get("hours", 48))
        return enveloped({**inspection_body(made.inspection), "url": _address(request, made.token)}, 201)


def _address(request: Request, token: str) -> str:
    path = inspections.path_of(token)
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else str(request.build_absolute_uri(path))


class InspectionDetail(ApiView):
    scopes: ClassVar = {"delete": "exports:read"}

    @operation("Revoke an inspector's link", answers.EMPTY, errors=["flow_not_found", "inspection_not_found"])
    def delete(self, request: Request, flow: str, inspection: str) -> Response:
        inspections.revoke_inspection(caller=self.caller, flow=flow, inspection_id=inspection)
        return Response(status=204)


@safe_only
def inspect(request: HttpRequest, token: str) -> HttpResponseBase:
    """The list of chosen records."""
    try:
        inspection, rows = inspections.inspected(token)
    except Refused as refusal:
        return refusal_json(request, refusal)
    content: dict[str, Any] = {"inspection": inspection, "verifications": rows, "token": token}
    return _shown(request, content)


def _shown(request: HttpRequest, content: dict[str, Any]) -> HttpResponse:
    response = render(request, "inspect.html", content)
    for name, value in HEADERS.items():
        response[name] = value
    return response


@safe_only
def inspect_record(request: HttpRequest, token: str, verification: str) -> HttpResponseBase:
    """One record as a PDF."""
    try:
        data = inspections.inspected_pdf(token, verification)
    except Refused as refusal:
        return refusal_json(request, refusal)
    return HttpResponse(data, content_type="application/pdf", headers=HEADERS)
