"""Flows and verifications over HTTP: shape in, one service call, body out."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from datetime import time
from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.errors import errors_refusal
from config.api.flow import answers, serializers
from config.api.flow.documents import document_bodies
from config.api.paging import answer_list, moment_filter
from config.api.present import check_bodies, decision_body, document_type_bodies, flow_body, history_body, message_body, verification_body
from config.api.schema import answers_with, operation, query
from config.api.views import ApiView, enveloped, pdf_response, wants_pdf
from decisions import comments, dossier, records
from documents import services as documents
from flows.countries import COUNTRIES
from flows.datakeys import warm
from flows.services import current_version, current_versions, get_flow
from verifications import services
from verifications.models import Verification, VerificationStatus


class Flows(ApiView):
    scopes: ClassVar = {"get": "flows:read"}

    @operation("List the flows this token may use", answers_with(answers.FlowAnswer(many=True)))
    def get(self, request: Request) -> Response:
        return enveloped([flow_body(version) for version in current_versions(self.caller.workspace)])


class FlowDetail(ApiView):
    scopes: ClassVar = {"get": "flows:read"}

    @operation("Show a flow", answers_with(answers.FlowAnswer()), errors=["flow_not_found"])
    def get(self, request: Request, flow: str) -> Response:
        return enveloped(flow_body(current_version(get_flow(self.caller.workspace, flow))))


class DocumentTypes(ApiView):
    scopes: ClassVar = {"get": "flows:read"}

    @operation(
        "List the document types of a flow",
        answers_with(answers.DocumentTypeAnswer(many=True)),
        parameters=[query("country", "Cuts the list to what this country issues", {"$ref": "#/components/schemas/CountryCode"})],
        errors=["flow_not_found", "validation_failed"],
    )
    def get(self, request: Request, flow: str) -> Response:
        country = request.query_params.get("country")
        if country is not None and country not in COUNTRIES:
            raise errors_refusal({"country": ["This is not an ISO 3166-1 alpha-3 country code."]})
        definition = current_version(get_flow(self.caller.workspace, flow)).definition
        return enveloped(document_type_bodies(definition, country))


FILTERS = [
    query("status", "A status number", {"type": "integer", "enum": list(VerificationStatus.values)}),
    query("external_ref", "Exactly this external reference"),
    query("tag", "Carries this tag"),
    query("created_from", "Date or time, inclusive"),
    query("created_to", "Date or time, inclusive"),
    query("q", "An id, or the start of an external reference"),
]


def _wanted(request: Request, flow: str | None) -> services.VerificationFilter:
    get = request.query_params.get
    return services.VerificationFilter(
        flow=flow,
        status=_status(get("status")),
        external_ref=get("external_ref"),
        tag=get("tag"),
        created_from=moment_filter("created_from", get("created_from"), time.min),
        created_to=moment_filter("created_to", get("created_to"), time.max),
        q=get("q"),
    )


def _status(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) not in VerificationStatus.values:
        raise errors_refusal({"status": ["This status does not exist."]})
    return int(text)


class _Lists(ApiView):
    def listed(self, request: Request, flow: str | None) -> Response:
        return Response(answer_list(request, services.list_verifications(caller=self.caller, wanted=_wanted(request, flow)), self.bodies))

    def bodies(self, verifications: Sequence[Verification]) -> list[Any]:
        dossier.note_views(self.caller, verifications)
        warm(entry.pk for entry in verifications)
        return [verification_body(entry) for entry in verifications]


class AllVerifications(_Lists):
    scopes: ClassVar = {"get": "verifications:read"}

    @operation("List verifications of all flows", answers.page_of(answers.VerificationAnswer), parameters=FILTERS, paged=True)
    def get(self, request: Request) -> Response:
        return self.listed(request, None)


class Verifications(_Lists):
    scopes: ClassVar = {"get": "verifications:read", "post": "verifications:write"}

    @operation("List verifications", answers.page_of(answers.VerificationAnswer), parameters=FILTERS, paged=True, errors=["flow_not_found"])
    def get(self, request: Request, flow: str) -> Response:
        return self.listed(request, flow)

    @operation(
        "Start a verification",
        answers_with(answers.VerificationAnswer(), 201),
        request=serializers.VerificationCreation,
        example={
            "external_ref": "mailbox-1042",
            "expected_data": {"person": {"first_name": "Homer", "last_name": "Simpson", "date_of_birth": "1988-07-23"}},
            "tags": ["new"],
        },
        errors=[
            "flow_not_found",
            "validation_failed",
            "verification_not_found",
            "flow_mismatch",
            "redacted",
            "verification_not_approved",
            "renewal_open",
        ],
    )
    def post(self, request: Request, flow: str) -> Response:
        fields = self.checked(serializers.VerificationCreation)
        return enveloped(verification_body(services.create_verification(caller=self.caller, flow=flow, fields=fields)), 201)


class VerificationDetail(ApiView):
    scopes: ClassVar = {"get": "verifications:read", "patch": "verifications:write"}

    @operation(
        "Show a verification",
        answers_with(answers.VerificationDetailAnswer()),
        errors=["flow_not_found", "verification_not_found", "flow_mismatch"],
    )
    def get(self, request: Request, flow: str, verification: str) -> Response:
        case = dossier.get_case(caller=self.caller, flow=flow, verification_id=verification)
        return enveloped(
            {
                **verification_body(case.verification),
                "documents": document_bodies(request, case.documents),
                "decisions": [decision_body(entry) for entry in case.decisions],
                "checks": check_bodies(entry for entry in case.checks if entry.cross_document),
                "messages": [message_body(entry) for entry in comments.messages_of(case.verification)],
                "renewed_by": services.renewals_of(case.verification),
                "history": history_body(case.history),
            }
        )

    @operation(
        "Change a verification",
        answers_with(answers.VerificationAnswer()),
        request=serializers.VerificationAmendment,
        example={"external_ref": "mailbox-1043", "metadata": {"plan": "family", "old_key": None}},
        errors=["flow_not_found", "validation_failed", "verification_not_found", "flow_mismatch", "redacted", "verification_not_started"],
    )
    def patch(self, request: Request, flow: str, verification: str) -> Response:
        fields = self.checked(serializers.VerificationAmendment)
        return enveloped(verification_body(services.amend_verification(caller=self.caller, flow=flow, verification_id=verification, fields=fields)))


_STATE_ERRORS = ["flow_not_found", "verification_not_found", "flow_mismatch", "transition_not_allowed"]


class _LifeCycle(ApiView):
    """One call without a body that moves the verification."""

    scopes: ClassVar = {"post": "verifications:write"}
    service: ClassVar[Callable[..., Verification]]

    def move(self, flow: str, verification: str) -> Response:
        return enveloped(verification_body(type(self).service(caller=self.caller, flow=flow, verification_id=verification)))


class SubmitVerification(_LifeCycle):
    service = staticmethod(documents.submit_verification)

    @operation(
        "Submit a verification",
        answers_with(answers.VerificationAnswer()),
        errors=[
            "flow_not_found",
            "verification_not_found",
            "flow_mismatch",
            "redacted",
            "verification_canceled",
            "verification_not_started",
            "documents_missing",
        ],
    )
    def post(self, request: Request, flow: str, verification: str) -> Response:
        return self.move(flow, verification)


class CancelVerification(_LifeCycle):
    service = staticmethod(documents.cancel_verification)

    @operation("Cancel a verification", answers_with(answers.VerificationAnswer()), errors=_STATE_ERRORS)
    def post(self, request: Request, flow: str, verification: str) -> Response:
        return self.move(flow, verification)


class HoldVerification(_LifeCycle):
    service = staticmethod(services.hold_verification)

    @operation("Put a verification on hold", answers_with(answers.VerificationAnswer()), errors=_STATE_ERRORS)
    def post(self, request: Request, flow: str, verification: str) -> Response:
        return self.move(flow, verification)


class ResumeVerification(_LifeCycle):
    service = staticmethod(documents.resume_verification)

    @operation("Resume a verification that is on hold or expired", answers_with(answers.VerificationAnswer()), errors=[*_STATE_ERRORS, "redacted"])
    def post(self, request: Request, flow: str, verification: str) -> Response:
        return self.move(flow, verification)


class ExpireVerification(_LifeCycle):
    service = staticmethod(services.expire_verification)

    @operation("Expire a verification", answers_with(answers.VerificationAnswer()), errors=_STATE_ERRORS)
    def post(self, request: Request, flow: str, verification: str) -> Response:
        return self.move(flow, verification)


class ResubmitVerification(ApiView):
    scopes: ClassVar = {"post": "verifications:write"}

    @operation(
        "Ask for documents again",
        answers_with(answers.VerificationAnswer()),
        request=serializers.Resubmission,
        example={"reasons": ["document_expired"], "note": "Please send a licence that is still valid."},
        errors=["validation_failed", *_STATE_ERRORS, "document_not_found", "redacted"],
    )
    def post(self, request: Request, flow: str, verification: str) -> Response:
        sent = self.checked(serializers.Resubmission)
        found = comments.ask_again(
            caller=self.caller,
            flow=flow,
            verification_id=verification,
            documents=sent.get("documents"),
            reasons=sent.get("reasons") or (),
            note=sent.get("note") or "",
        )
        return enveloped(verification_body(found))


class VerificationChecks(ApiView):
    scopes: ClassVar = {"get": "verifications:read"}

    @operation(
        "List the rule results of a verification",
        answers_with(answers.CheckAnswer(many=True)),
        errors=["flow_not_found", "verification_not_found", "flow_mismatch"],
    )
    def get(self, request: Request, flow: str, verification: str) -> Response:
        return enveloped(check_bodies(dossier.get_case(caller=self.caller, flow=flow, verification_id=verification).checks))


class VerificationPdf(ApiView):
    scopes: ClassVar = {"get": "exports:read"}

    @operation(
        "Download the verification record",
        answers.PDF,
        errors=["flow_not_found", "verification_not_found", "flow_mismatch", "redacted", "images_redacted", "verification_not_approved"],
    )
    def get(self, request: Request, flow: str, verification: str) -> HttpResponseBase:
        data = records.verification_pdf(caller=self.caller, flow=flow, verification_id=verification)
        return pdf_response(data, verification) if wants_pdf(request) else enveloped(base64.b64encode(data).decode())
