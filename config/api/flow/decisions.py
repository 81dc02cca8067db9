"""Decisions over HTTP."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.flow import answers, serializers
from config.api.paging import answer_list
from config.api.present import decision_bodies, document_body
from config.api.schema import answers_with, operation, query
from config.api.views import ApiView, enveloped
from decisions import dossier, services


class Decisions(ApiView):
    scopes: ClassVar = {"get": "decisions:read", "post": "decisions:write"}

    @operation(
        "List decisions",
        answers.page_of(answers.DecisionDetailAnswer),
        parameters=[query("document", "Only this document's"), query("verification", "Only this verification's")],
        paged=True,
        errors=["flow_not_found"],
    )
    def get(self, request: Request, flow: str) -> Response:
        rows = services.list_decisions(
            caller=self.caller,
            flow=flow,
            document_id=request.query_params.get("document"),
            verification_id=request.query_params.get("verification"),
        )
        return Response(answer_list(request, rows, decision_bodies))

    @operation(
        "Decide a document by hand",
        answers_with(answers.DocumentAnswer(), 201),
        request=serializers.DecisionCreation,
        example={"document": "doc_01jd8x3m5k7n9p1r3t5v7x9z1b", "status": 4, "reasons": ["document_expired"], "note": "Expired in May."},
        errors=[
            "flow_not_found", "validation_failed", "document_not_found", "flow_mismatch", "redacted", "verification_canceled",
            "document_canceled", "verification_not_submitted", "verification_on_hold", "transition_not_allowed",
        ],
    )  # fmt: skip
    def post(self, request: Request, flow: str) -> Response:
        sent = self.checked(serializers.DecisionCreation)
        services.review_document(
            caller=self.caller,
            flow=flow,
            document_id=sent["document"],
            status=sent["status"],
            reasons=sent.get("reasons") or (),
            note=sent.get("note") or "",
        )
        return enveloped(document_body(request, dossier.get_document(caller=self.caller, flow=flow, document_id=sent["document"])), 201)
