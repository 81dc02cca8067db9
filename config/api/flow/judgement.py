"""Judging again over HTTP: two documents compared, one rule retried, a verification reprocessed."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.auth import require_scope
from config.api.flow import answers, serializers
from config.api.present import change_body, check_body, extraction_body, verification_body
from config.api.schema import answers_with, operation
from config.api.views import ApiView, enveloped
from decisions import comparison, reprocessing, services
from decisions.shown import shown_check

_CASE_ERRORS = ["flow_not_found", "verification_not_found", "flow_mismatch", "redacted", "verification_canceled"]


class CompareDocument(ApiView):
    scopes: ClassVar = {"post": "documents:write"}

    @operation(
        "Compare a document with another",
        answers_with(answers.ExtractionAnswer(), 201),
        request=serializers.ComparisonRequest,
        example={"reference_document_id": "doc_01jd8x3m5k7n9p1r3t5v7x9z1c"},
        errors=["flow_not_found", "validation_failed", "document_not_found", "flow_mismatch", "redacted", "same_document", "not_extracted"],
    )
    def post(self, request: Request, flow: str, document: str) -> Response:
        sent = self.checked(serializers.ComparisonRequest)
        row = comparison.compare_documents(caller=self.caller, flow=flow, document_id=document, reference_id=sent["reference_document_id"])
        return enveloped(extraction_body(row), 201)


class RetryCheck(ApiView):
    scopes: ClassVar = {"post": "decisions:write"}

    @operation(
        "Evaluate a rule again",
        answers_with(answers.CheckAnswer(), 202),
        errors=[*_CASE_ERRORS, "check_not_found", "document_canceled", "check_passed"],
    )
    def post(self, request: Request, flow: str, verification: str, check: str) -> Response:
        row = services.retry_check(caller=self.caller, flow=flow, verification_id=verification, check_id=check)
        return enveloped(check_body(shown_check(row)), 202)


class ReprocessVerification(ApiView):
    """A dry run only reads; reprocessing in earnest decides."""

    scopes: ClassVar = {"post": "decisions:write"}
    other_scopes: ClassVar = {"post": ("verifications:read", "decisions:read")}

    @operation(
        "Reprocess a verification",
        {**answers_with(answers.VerificationAnswer(), 202), **answers_with(answers.ReprocessingAnswer())},
        request=serializers.ReprocessingRequest,
        example={"dry_run": True},
        errors=[
            *_CASE_ERRORS, "images_redacted", "validation_failed", "verification_not_submitted", "verification_on_hold", "verification_not_finished",
            "transition_not_allowed",
        ],
    )  # fmt: skip
    def post(self, request: Request, flow: str, verification: str) -> Response:
        place: dict[str, Any] = {"caller": self.caller, "flow": flow, "verification_id": verification}
        if self.checked(serializers.ReprocessingRequest).get("dry_run", False):
            return enveloped({"changes": [change_body(entry) for entry in reprocessing.preview_reprocessing(**place)]})
        require_scope(request, "decisions:write")
        return enveloped(verification_body(reprocessing.reprocess_verification(**place)), 202)
