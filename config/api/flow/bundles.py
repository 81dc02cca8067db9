"""Evidence bundles and registration bundles over HTTP."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.flow import answers, serializers
from config.api.paging import answer_list
from config.api.present import export_body
from config.api.schema import answers_with, operation
from config.api.views import ApiView, enveloped
from decisions import exports
from decisions.evidence_bundle import evidence_bundle

ZIP: dict[Any, Any] = {(200, "application/zip"): OpenApiTypes.BINARY}


def zip_response(data: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"', "Cache-Control": "private, no-store"}
    return HttpResponse(data, content_type="application/zip", headers=headers)


class VerificationBundle(ApiView):
    scopes: ClassVar = {"get": "exports:read"}

    @operation("Download a verification's evidence bundle", ZIP, errors=["flow_not_found", "verification_not_found", "flow_mismatch", "redacted"])
    def get(self, request: Request, flow: str, verification: str) -> HttpResponseBase:
        with evidence_bundle(caller=self.caller, flow=flow, verification_id=verification) as path:
            return zip_response(path.read_bytes(), verification)


class Exports(ApiView):
    scopes: ClassVar = {"get": "exports:read", "post": "exports:read"}

    @operation("List registration bundles", answers.page_of(answers.ExportAnswer), paged=True, errors=["flow_not_found"])
    def get(self, request: Request, flow: str) -> Response:
        rows = exports.list_exports(caller=self.caller, flow=flow)
        return Response(answer_list(request, rows, lambda page: [export_body(row) for row in page]))

    @operation(
        "Ask for the registration bundle of a quarter",
        answers_with(answers.ExportAnswer(), 202),
        request=serializers.ExportCreation,
        example={"quarter": "2026Q2"},
        errors=["flow_not_found", "validation_failed"],
    )
    def post(self, request: Request, flow: str) -> Response:
        sent = self.checked(serializers.ExportCreation)
        export = exports.request_export(
            caller=self.caller, flow=flow, quarter=sent["quarter"], include_protected=sent.get("include_protected", False)
        )
        return enveloped(export_body(export), 202)


class ExportDetail(ApiView):
    scopes: ClassVar = {"get": "exports:read"}

    @operation("Show a registration bundle", answers_with(answers.ExportAnswer()), errors=["flow_not_found", "export_not_found"])
    def get(self, request: Request, flow: str, export: str) -> Response:
        return enveloped(export_body(exports.get_export(caller=self.caller, flow=flow, export_id=export)))


class ExportFile(ApiView):
    scopes: ClassVar = {"get": "exports:read"}

    @operation("Download a registration bundle", ZIP, errors=["flow_not_found", "export_not_found", "export_not_ready"])
    def get(self, request: Request, flow: str, export: str) -> HttpResponseBase:
        parts = exports.open_export(caller=self.caller, flow=flow, export_id=export)
        headers = {"Content-Disposition": f'attachment; filename="{export}.zip"', "Cache-Control": "private, no-store"}
        return StreamingHttpResponse(parts, content_type="application/zip", headers=headers)


class ExportSignOff(ApiView):
    scopes: ClassVar = {"post": "exports:read"}

    @operation("Sign off a quarter", answers_with(answers.ExportAnswer()), errors=["flow_not_found", "export_not_found", "export_not_ready"])
    def post(self, request: Request, flow: str, export: str) -> Response:
        return enveloped(export_body(exports.sign_off(caller=self.caller, flow=flow, export_id=export)))
