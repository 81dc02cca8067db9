"""Forgetting over HTTP: what is kept of a person, its deletion with the receipts, legal holds."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.flow import answers, serializers
from config.api.flow.documents import document_bodies
from config.api.present import (
    check_bodies,
    decision_body,
    extracted_fields_body,
    history_body,
    hold_body,
    message_body,
    receipt_body,
    verification_body,
)
from config.api.schema import answers_with, operation
from config.api.views import ApiView, enveloped
from decisions import dossier
from decisions.comments import messages_of
from flows.errors import Refused
from verifications import audit, holds, retention

_LOOKUP_ERRORS = ["flow_not_found", "verification_not_found", "flow_mismatch"]


class VerificationData(ApiView):
    """All that is kept of a person, and its deletion."""

    scopes: ClassVar = {"get": "exports:read", "delete": "redact:write"}

    @operation("Export the data kept of a person", answers_with(answers.PersonalDataAnswer()), errors=[*_LOOKUP_ERRORS, "redacted"])
    def get(self, request: Request, flow: str, verification: str) -> Response:
        case = dossier.get_case(caller=self.caller, flow=flow, verification_id=verification)
        if case.verification.redacted_at is not None:
            raise Refused("redacted", "The verification's data was deleted.")
        audit.record(
            workspace_id=self.caller.workspace.pk, actor=self.caller.name, action="verification.data_exported", subject=verification,
            verification=verification,
        )  # fmt: skip
        return enveloped(self.exported(case))

    def exported(self, case: dossier.CaseFile) -> dict[str, Any]:
        documents = [*case.documents, *case.earlier]
        fields = [extracted_fields_body(entry)["fields"] for entry in documents]
        bodies = document_bodies(self.request, documents)
        return {
            "verification": verification_body(case.verification),
            "consent": case.verification.consent,
            "documents": [{**body, "fields": found} for body, found in zip(bodies, fields, strict=True)],
            "decisions": [decision_body(entry) for entry in case.decisions],
            "checks": check_bodies(case.checks),
            "messages": [message_body(entry) for entry in messages_of(case.verification)],
            "history": history_body(case.history),
        }

    @operation(
        "Delete a verification's data", answers_with(answers.RedactionAnswer()), errors=[*_LOOKUP_ERRORS, "legal_hold", "verification_not_finished"]
    )
    def delete(self, request: Request, flow: str, verification: str) -> Response:
        done = retention.redact_verification(caller=self.caller, flow=flow, verification_id=verification)
        return enveloped({"status": done.status, "documents_removed": done.documents_removed})


class VerificationReceipts(ApiView):
    scopes: ClassVar = {"get": "verifications:read"}

    @operation("List the receipts of deleted data", answers_with(answers.ReceiptAnswer(many=True)), errors=_LOOKUP_ERRORS)
    def get(self, request: Request, flow: str, verification: str) -> Response:
        rows = retention.receipts_of(caller=self.caller, flow=flow, verification_id=verification)
        return enveloped([receipt_body(row) for row in rows])


class VerificationLegalHold(ApiView):
    scopes: ClassVar = {"post": "redact:write", "delete": "redact:write"}

    @operation(
        "Place a legal hold",
        answers_with(answers.LegalHoldAnswer(), 201),
        request=serializers.LegalHoldCreation,
        example={"reason": "Subpoena of 2026-06-02"},
        errors=[*_LOOKUP_ERRORS, "validation_failed", "redacted"],
    )
    def post(self, request: Request, flow: str, verification: str) -> Response:
        reason = self.checked(serializers.LegalHoldCreation)["reason"]
        return enveloped(hold_body(holds.place_hold(caller=self.caller, flow=flow, verification_id=verification, reason=reason)), 201)

    @operation("Lift a legal hold", answers.EMPTY, errors=_LOOKUP_ERRORS)
    def delete(self, request: Request, flow: str, verification: str) -> Response:
        holds.lift_hold(caller=self.caller, flow=flow, verification_id=verification)
        return Response(status=204)
