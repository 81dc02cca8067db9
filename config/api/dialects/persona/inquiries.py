"""Inquiries, cases and the items of lists: shape in, one service call, body out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.described import described, query
from config.api.dialects.described import one_of as words
from config.api.dialects.paging import one_of as chosen
from config.api.dialects.persona import requests, shapes
from config.api.dialects.persona.views import PAGING, PersonaView
from decisions import verdicts
from documents import services as documents
from documents.cases import Progress, progressed, with_live_documents
from verifications import retention
from verifications import services as cases

_ONE = {200: shapes.document_of(data=shapes.INQUIRY)}
_INCLUDE = [query("include", "`documents`")]
_NAMES = {"reference_id": "external_ref", "tags": "tags"}
_PERSON = {
    "name_first": "first_name", "name_middle": "middle_name", "name_last": "last_name", "birthdate": "date_of_birth", "email_address": "email",
    "phone_number": "phone",
}  # fmt: skip


class _Inquiries(PersonaView):
    includes = ("documents",)


class Inquiries(_Inquiries):
    scopes: ClassVar = {"get": "verifications:read", "post": "verifications:write"}

    @described(
        "List all inquiries",
        {200: shapes.list_of(shapes.INQUIRY)},
        parameters=[
            *PAGING, query("filter[status]", "One status", words(*shapes.INQUIRY_STATUSES)), query("filter[reference-id]", "Exactly this"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        status = chosen(request, "filter[status]", shapes.INQUIRY_STATUSES)
        wanted = cases.VerificationFilter(
            statuses=shapes.NUMBERS[status] if status else None, external_ref=request.query_params.get("filter[reference-id]")
        )
        rows = cases.list_verifications(caller=self.caller, wanted=wanted)
        return self.paged(progressed(rows, shapes.PROGRESS.get(status or "", Progress())), self.bodies)

    def bodies(self, found: Sequence[Any]) -> list[Any]:
        return [shapes.inquiry_body(self.request, case) for case in with_live_documents(found)]

    @described(
        "Create an inquiry",
        {201: shapes.document_of(data=shapes.INQUIRY)},
        request=requests.InquiryCreation,
        example={"data": {"attributes": {"inquiry_template_id": "usps1583", "reference_id": "mailbox-1042"}}},
        parameters=_INCLUDE,
    )
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.InquiryCreation)
        fields: dict[str, Any] = {_NAMES[name]: sent[name] for name in _NAMES if name in sent}
        person = {_PERSON[name]: value for name, value in (sent.get("fields") or {}).items() if value is not None}
        if person:
            fields["expected_data"] = {"person": person}
        made = cases.create_verification(caller=self.caller, flow=sent["inquiry_template_id"], fields=fields)
        return self.inquiry(made.pk, status=201)


class InquiryDetail(_Inquiries):
    scopes: ClassVar = {"get": "verifications:read", "patch": "verifications:write", "delete": "redact:write"}

    @described("Retrieve an inquiry", _ONE, parameters=_INCLUDE)
    def get(self, request: Request, verification: str) -> Response:
        return self.inquiry(verification)

    @described(
        "Update an inquiry",
        _ONE,
        request=requests.InquiryAmendment,
        example={"data": {"attributes": {"reference_id": "mailbox-1043"}}},
        parameters=_INCLUDE,
    )
    def patch(self, request: Request, verification: str) -> Response:
        sent, case = self.attributes(requests.InquiryAmendment), self.case(verification)
        fields = {_NAMES[name]: value for name, value in sent.items()}
        cases.amend_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk, fields=fields)
        return self.inquiry(verification)

    @described("Redact an inquiry", _ONE, parameters=_INCLUDE)
    def delete(self, request: Request, verification: str) -> Response:
        case = self.case(verification)
        retention.redact_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk)
        return self.inquiry(verification)


class ResumeInquiry(_Inquiries):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Resume an inquiry", _ONE, parameters=_INCLUDE)
    def post(self, request: Request, verification: str) -> Response:
        case = self.case(verification)
        documents.resume_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk)
        return self.inquiry(verification)


class SubmitInquiry(_Inquiries):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Submit an inquiry", _ONE, parameters=_INCLUDE)
    def post(self, request: Request, verification: str) -> Response:
        case = self.case(verification)
        documents.submit_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk)
        return self.inquiry(verification)


class DecideInquiry(_Inquiries):
    scopes: ClassVar = {"post": "decisions:write"}
    approve: ClassVar[bool] = True

    @described(
        "Approve or decline an inquiry", _ONE, request=requests.CommentCall, example={"meta": {"comment": "Seen in person"}}, parameters=_INCLUDE
    )
    def post(self, request: Request, verification: str) -> Response:
        sent, case = self.checked(requests.CommentCall), self.case(verification)
        note = (sent.get("meta") or {}).get("comment") or ""
        verdicts.review_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk, approve=self.approve, note=note)
        return self.inquiry(verification)


class AddTag(_Inquiries):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Add a tag", _ONE, request=requests.TagCall, example={"meta": {"tag_name": "vip"}}, parameters=_INCLUDE)
    def post(self, request: Request, verification: str) -> Response:
        name = self.checked(requests.TagCall)["meta"]["tag_name"]
        cases.change_tags(caller=self.caller, verification_id=self.case(verification).pk, add=[name])
        return self.inquiry(verification)


class RemoveTag(_Inquiries):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Remove a tag", _ONE, request=requests.TagCall, example={"meta": {"tag_name": "vip"}}, parameters=_INCLUDE)
    def post(self, request: Request, verification: str) -> Response:
        name = self.checked(requests.TagCall)["meta"]["tag_name"]
        cases.change_tags(caller=self.caller, verification_id=self.case(verification).pk, remove=[name])
        return self.inquiry(verification)


class SetTags(_Inquiries):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Set all tags", _ONE, request=requests.TagsCall, example={"meta": {"tag_name": ["vip"]}}, parameters=_INCLUDE)
    def post(self, request: Request, verification: str) -> Response:
        names, case = self.checked(requests.TagsCall)["meta"]["tag_name"], self.case(verification)
        cases.amend_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk, fields={"tags": names})
        return self.inquiry(verification)
