"""Sessions: shape in, one service call, body out."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.common import native_id, under
from config.api.dialects.described import ANY, TEXT, WHOLE, described, listed, one_of, query, shape
from config.api.dialects.paging import one_of as chosen
from config.api.dialects.verifa import requests, shapes
from config.api.dialects.verifa.views import VerifaView
from config.api.flow.retention import VerificationData
from config.api.present import change_body
from config.api.views import pdf_response
from decisions import dossier, records, reprocessing, services, verdicts
from decisions.risk import risk_of
from decisions.shown import shown_check, shown_checks
from documents import capture
from documents import services as documents
from documents.cases import Progress, documents_of, progressed
from verifications import retention, webhooks
from verifications import services as cases

_LIST = [
    query("limit", "20 by default", {"type": "integer", "minimum": 1, "maximum": 100}),
    query("offset", "Rows to leave out", {"type": "integer", "minimum": 0, "maximum": 10**9}),
]
_TAGS = shape(tags=listed(TEXT))
_REDACTED = shape(status=one_of("redacted", "already_redacted"), session_id=TEXT, documents_removed=WHOLE, message=TEXT)
_EACH = {"type": "object", "properties": {"session_id": TEXT, "status": TEXT, "error": TEXT, "detail": TEXT}, "required": ["session_id", "status"]}
_ATTEMPT = shape(attempt=WHOLE, documents=listed(TEXT), status=TEXT)


class Sessions(VerifaView):
    scopes: ClassVar = {"get": "verifications:read", "post": "verifications:write"}

    @described(
        "List sessions",
        {200: shapes.page_of(shapes.SESSION)},
        parameters=[
            *_LIST,
            query("status", "One status", one_of(*shapes.STATUSES)),
            query("external_ref", "Exactly this"),
            query("tag", "Carries this"),
        ],
    )
    def get(self, request: Request) -> Response:
        status = chosen(request, "status", shapes.STATUSES)
        wanted = cases.VerificationFilter(
            statuses=shapes.NUMBERS[status] if status else None,
            external_ref=request.query_params.get("external_ref"),
            tag=request.query_params.get("tag"),
        )
        rows = cases.list_verifications(caller=self.caller, wanted=wanted)
        return self.paged(progressed(rows, shapes.PROGRESS.get(status or "", Progress())), self.sessions)

    @described(
        "Create a session",
        {201: shapes.CREATED},
        request=requests.SessionCreation,
        example={"workflow_id": "usps1583", "external_ref": "mailbox-1042"},
    )
    def post(self, request: Request) -> Response:
        sent = self.checked(requests.SessionCreation)
        person = {name: value for name, value in (sent.pop("fields", None) or {}).items() if value is not None}
        if person:
            sent["expected_data"] = {"person": person, **(sent.get("expected_data") or {})}
        if address := sent.pop("redirect_url", None):
            sent["request"] = {"redirect_url": address}
        made, _ = capture.start_session(caller=self.caller, flow=sent.pop("workflow_id"), fields=sent)
        body = self.session(self.note(made).pk)
        return Response({**body, "qr_code_data_url": shapes.qr_code(body["capture_url"])}, status=201)


class SessionDetail(VerifaView):
    scopes: ClassVar = {"get": "verifications:read", "patch": "verifications:write"}

    @described("Show a session", {200: shapes.SESSION})
    def get(self, request: Request, verification: str) -> Response:
        return Response(self.session(verification))

    @described("Update a session", {200: shapes.SESSION}, request=requests.SessionAmendment, example={"metadata": {"plan": "family", "old": None}})
    def patch(self, request: Request, verification: str) -> Response:
        fields = self.checked(requests.SessionAmendment)
        case = self.case(verification)
        cases.amend_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk, fields=fields)
        return Response(self.session(verification))


class _Move(VerifaView):
    """One call without a body that moves the session."""

    scopes: ClassVar = {"post": "verifications:write"}

    def moved(self, verification: str, service: Any, **options: Any) -> Response:
        case = self.case(verification)
        service(caller=self.caller, flow=case.flow_id, verification_id=case.pk, **options)
        return Response(self.session(verification))


class ResumeSession(_Move):
    @described("Resume a session", {200: shapes.SESSION})
    def post(self, request: Request, verification: str) -> Response:
        return self.moved(verification, capture.resume_session)


class ExpireSession(_Move):
    @described("Expire a session", {200: shapes.SESSION})
    def post(self, request: Request, verification: str) -> Response:
        return self.moved(verification, cases.expire_verification)


class SubmitSession(_Move):
    @described("Submit a session for verification", {200: shapes.SESSION})
    def post(self, request: Request, verification: str) -> Response:
        return self.moved(verification, documents.submit_verification)


class SimulateSession(_Move):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Simulate a session action", {200: shapes.SESSION}, request=requests.Simulation, example={"action": "approve"})
    def post(self, request: Request, verification: str) -> Response:
        sent = self.checked(requests.Simulation)
        return self.moved(verification, verdicts.simulate, action=sent["action"], note=sent.get("reason") or "")


class GateSession(_Move):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Submit an external gate decision", {200: shapes.SESSION}, request=requests.GateDecision, example={"decision": "approve"})
    def post(self, request: Request, verification: str) -> Response:
        sent = self.checked(requests.GateDecision)
        return self.moved(verification, verdicts.decide_held, approve=sent["decision"] == "approve", note=sent.get("reason") or "")


class SessionResult(VerifaView):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("Get a session result", {200: shapes.RESULT})
    def get(self, request: Request, verification: str) -> Response:
        case = self.case(verification)
        outcome = verdicts.outcome_of(case)
        file = dossier.get_case(caller=self.caller, flow=case.flow_id, verification_id=case.pk)
        checks = shown_checks(file.checks)
        return Response(shapes.result_body(file, outcome, checks))


class SessionChecks(VerifaView):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("List verification checks", {200: shape(data=listed(shapes.CHECK))})
    def get(self, request: Request, verification: str) -> Response:
        return self.check_list(self.checks_of(verification))


class RetryCheck(VerifaView):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Retry a failed verification check", {202: shapes.CHECK})
    def post(self, request: Request, verification: str, check: str) -> Response:
        case = self.case(verification)
        row = services.retry_check(caller=self.caller, flow=case.flow_id, verification_id=case.pk, check_id=check)
        return Response(shapes.check_body(shown_check(row)), status=202)


class SessionAttempts(VerifaView):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("List verification attempts", {200: shape(data=listed(_ATTEMPT))})
    def get(self, request: Request, verification: str) -> Response:
        case = self.case(verification)
        rows = documents_of(caller=self.caller, verification_id=case.pk)
        return Response({"data": shapes.attempt_bodies(case, list(rows))})


class SessionReport(VerifaView):
    scopes: ClassVar = {"get": "exports:read"}

    @described("Generate a PDF verification report", {200: "application/pdf"})
    def get(self, request: Request, verification: str) -> HttpResponseBase:
        case = self.case(verification)
        return pdf_response(records.verification_pdf(caller=self.caller, flow=case.flow_id, verification_id=case.pk), verification)


class SessionRisk(VerifaView):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("Get a session risk assessment", {200: shapes.RISK})
    def get(self, request: Request, verification: str) -> Response:
        return Response(shapes.risk_body(risk_of(self.checks_of(verification))))


class ReprocessSession(VerifaView):
    scopes: ClassVar = {"post": "decisions:write"}

    @described(
        "Reprocess a session", {200: shape(changes=listed(ANY)), 202: shapes.SESSION}, request=requests.Reprocessing, example={"dry_run": True}
    )
    def post(self, request: Request, verification: str) -> Response:
        sent, case = self.checked(requests.Reprocessing), self.case(verification)
        place: dict[str, Any] = {"caller": self.caller, "flow": case.flow_id, "verification_id": case.pk}
        if sent.get("dry_run"):
            return Response({"changes": [change_body(entry) for entry in reprocessing.preview_reprocessing(**place)]})
        reprocessing.reprocess_verification(**place)
        return Response(self.session(verification), status=202)


class SessionDeliveries(VerifaView):
    scopes: ClassVar = {"get": "webhooks:read"}

    @described("List webhook deliveries of a session", {200: shapes.page_of(shapes.DELIVERY)}, parameters=_LIST)
    def get(self, request: Request, verification: str) -> Response:
        rows = webhooks.deliveries_of(caller=self.caller, verification_id=self.case(verification).pk)
        return self.paged(rows, lambda found: [shapes.delivery_body(row) for row in found])


class SessionData(VerifaView):
    scopes: ClassVar = {"delete": "redact:write"}

    @described("Redact session data", {200: _REDACTED})
    def delete(self, request: Request, verification: str) -> Response:
        case = self.case(verification)
        done = retention.redact_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk)
        said = "The session's data was deleted." if done.status == "redacted" else "The session's data had been deleted before."
        return Response({"status": done.status, "session_id": under("ses", case.pk), "documents_removed": done.documents_removed, "message": said})


class BulkRedaction(VerifaView):
    scopes: ClassVar = {"post": "redact:write"}

    @described(
        "Bulk redact sessions",
        {200: shape(total=WHOLE, results=listed(_EACH))},
        request=requests.BulkRedaction,
        example={"session_ids": ["ses_01jd8x3m"]},
    )
    def post(self, request: Request) -> Response:
        ids = self.checked(requests.BulkRedaction)["session_ids"]
        done = retention.redact_many(caller=self.caller, verification_ids=[native_id(pk) for pk in ids])
        return Response({"total": len(done), "results": [shapes.redaction_body(pk, found) for pk, found in done.items()]})


class SessionExport(VerifaView):
    scopes: ClassVar = {"get": "exports:read"}

    @described("Export session data", {200: shape(data=ANY)})
    def get(self, request: Request, verification: str) -> Response:
        case = self.case(verification)
        answer: Response = VerificationData(request=request).get(request, flow=case.flow_id, verification=case.pk)
        return answer


class _Tags(VerifaView):
    scopes: ClassVar = {"post": "verifications:write"}

    def sent(self) -> list[str]:
        found = self.checked(requests.Tag)
        return [*([found["tag"]] if found.get("tag") else []), *(found.get("tags") or [])]

    def answer(self, verification: str, **change: list[str]) -> Response:
        case = self.case(verification)
        return Response({"tags": cases.change_tags(caller=self.caller, verification_id=case.pk, **change).tags})


class AddTag(_Tags):
    @described("Add a tag to a session", {200: _TAGS}, request=requests.Tag, example={"tag": "vip"})
    def post(self, request: Request, verification: str) -> Response:
        return self.answer(verification, add=self.sent())


class RemoveTag(_Tags):
    @described("Remove a tag from a session", {200: _TAGS}, request=requests.Tag, example={"tag": "vip"})
    def post(self, request: Request, verification: str) -> Response:
        return self.answer(verification, remove=self.sent())


class SetTags(_Tags):
    @described("Replace all tags on a session", {200: _TAGS}, request=requests.Tags, example={"tags": ["vip"]})
    def post(self, request: Request, verification: str) -> Response:
        fields, case = self.checked(requests.Tags), self.case(verification)
        changed = cases.amend_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk, fields=fields)
        return Response({"tags": changed.tags})


class SessionLinks(VerifaView):
    scopes: ClassVar = {"get": "verifications:read", "post": "verifications:write"}

    @described("List one-time links for a session", {200: shapes.page_of(shapes.LISTED_LINK)}, parameters=_LIST)
    def get(self, request: Request, verification: str) -> Response:
        rows = capture.list_links(caller=self.caller, verification_id=self.case(verification).pk)
        return self.paged(rows, lambda found: [shapes.listed_link_body(row) for row in found])

    @described("Generate a one-time verification link", {201: shapes.LINK}, request=requests.LinkCreation, example={"expires_in_minutes": 60})
    def post(self, request: Request, verification: str) -> Response:
        sent, case = self.checked(requests.LinkCreation), self.case(verification)
        link = capture.issue_link(caller=self.caller, verification_id=case.pk, minutes=sent.get("expires_in_minutes", capture.MINUTES))
        return Response(shapes.link_body(request, link), status=201)


class Invitation(VerifaView):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Resend the invitation email", {202: shapes.SESSION})
    def post(self, request: Request, verification: str) -> Response:
        capture.invite_again(caller=self.caller, verification_id=self.case(verification).pk)
        return Response(self.session(verification), status=202)
