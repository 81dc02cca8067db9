"""The PS Form 1583 record over HTTP."""

from __future__ import annotations

import base64
from typing import ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.flow import answers, serializers
from config.api.present import form_body
from config.api.schema import answers_with, operation
from config.api.views import ApiView, enveloped, pdf_response, wants_pdf
from decisions import forms

_ERRORS = ["flow_not_found", "verification_not_found", "flow_mismatch", "redacted", "form_not_available"]
_EXAMPLE = {
    "pmb": {"opened_on": "2026-06-01"},
    "cmra": {"street": "1 Market Street", "pmb": "1042", "city": "San Diego", "state": "CA", "zip4": "92101-0001"},
    "service_type": "residential",
    "signature": {"name": "Ivan Castillo", "signed_on": "2026-06-01"},
    "witness": {"kind": "cmra_manager", "mode": "in_person", "name": "Marge Bouvier", "signed_at": "2026-06-01"},
}


class VerificationForm(ApiView):
    scopes: ClassVar = {"get": "documents:read", "patch": "verifications:write"}

    @operation("Show the PS Form 1583 record", answers_with(answers.FormAnswer()), errors=_ERRORS)
    def get(self, request: Request, flow: str, verification: str) -> Response:
        return enveloped(form_body(forms.get_form(caller=self.caller, flow=flow, verification_id=verification)))

    @operation(
        "Enter parts of the PS Form 1583 record",
        answers_with(answers.FormAnswer()),
        request=serializers.FormAmendment,
        example=_EXAMPLE,
        errors=[*_ERRORS, "validation_failed"],
    )
    def patch(self, request: Request, flow: str, verification: str) -> Response:
        forms.amend_form(caller=self.caller, flow=flow, verification_id=verification, fields=self.checked(serializers.FormAmendment))
        return enveloped(form_body(forms.get_form(caller=self.caller, flow=flow, verification_id=verification)))


class VerificationFormPdf(ApiView):
    scopes: ClassVar = {"get": "exports:read"}

    @operation("Download the PS Form 1583 record", answers.PDF, errors=_ERRORS)
    def get(self, request: Request, flow: str, verification: str) -> HttpResponseBase:
        data = forms.form_pdf(caller=self.caller, flow=flow, verification_id=verification)
        return pdf_response(data, f"{verification}-form") if wants_pdf(request) else enveloped(base64.b64encode(data).decode())


class VerificationFormOverlay(ApiView):
    scopes: ClassVar = {"get": "exports:read"}

    @operation("Download the data upon the blank form", answers.PDF, errors=[*_ERRORS, "form_blank_missing"])
    def get(self, request: Request, flow: str, verification: str) -> HttpResponseBase:
        data = forms.overlaid_pdf(caller=self.caller, flow=flow, verification_id=verification)
        return pdf_response(data, f"{verification}-1583") if wants_pdf(request) else enveloped(base64.b64encode(data).decode())
