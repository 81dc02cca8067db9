"""Documents, extractions and their corrections over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.flow import answers, serializers
from config.api.paging import answer_list
from config.api.present import check_bodies, document_body, extracted_fields_body, extraction_body
from config.api.reference import DOCUMENT
from config.api.schema import answers_with, operation, query
from config.api.views import ApiView, enveloped, pdf_response, wants_pdf
from config.api.waiting import awaited as _awaited
from decisions import dossier, records
from documents import extraction, services
from documents.models import Document, Extraction
from documents.services import DocumentChange
from flows.datakeys import warm

_ADMISSION_ERRORS = [
    "flow_not_found", "validation_failed", "verification_not_found", "flow_mismatch", "redacted", "verification_canceled",
    "verification_not_started", "document_type_not_allowed", "document_type_taken", "image_missing", "image_invalid", "payload_too_large",
]  # fmt: skip
_UPLOAD_EXAMPLE = {"verification": "ver_01jd8x3m5k7n9p1r3t5v7x9z1b", "document": DOCUMENT}
_LOOKUP_ERRORS = ["flow_not_found", "document_not_found", "flow_mismatch"]


def document_bodies(request: Request, documents: Sequence[Document]) -> list[dict[str, Any]]:
    warm(document.verification_id for document in documents)
    return [document_body(request, document, with_checks=False) for document in documents]


def _change(content: Mapping[str, Any]) -> DocumentChange:
    return DocumentChange(
        context=content.get("context_type"),
        type_id=content.get("type"),
        country=content.get("country"),
        front=content.get("front_side_data"),
        back=content.get("back_side_data"),
    )


class Documents(ApiView):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"get": "documents:read", "post": "documents:write"}

    @operation(
        "List documents",
        answers.page_of(answers.DocumentAnswer),
        parameters=[query("verification", "Only this verification's")],
        paged=True,
        errors=["flow_not_found"],
    )
    def get(self, request: Request, flow: str) -> Response:
        rows = services.list_documents(caller=self.caller, flow=flow, verification_id=request.query_params.get("verification"))
        return Response(answer_list(request, dossier.with_judgement(rows), self.bodies))

    def bodies(self, documents: Sequence[Document]) -> list[dict[str, Any]]:
        dossier.note_views(self.caller, (document.verification for document in documents))
        return document_bodies(self.request, documents)

    @operation(
        "Upload a document",
        answers_with(answers.DocumentAnswer(), 201),
        request=serializers.DocumentCreation,
        example=_UPLOAD_EXAMPLE,
        with_files=True,
        errors=_ADMISSION_ERRORS,
    )
    def post(self, request: Request, flow: str) -> Response:
        sent = self.checked(serializers.DocumentCreation)
        document = services.attach_document(
            caller=self.caller,
            flow=flow,
            verification_id=sent["verification"],
            change=_change(sent["document"]),
            draft=sent.get("draft", False),
        )
        return enveloped(self.shown(flow, document.pk), status.HTTP_201_CREATED)

    def shown(self, flow: str, document_id: str) -> dict[str, Any]:
        return document_body(self.request, dossier.get_document(caller=self.caller, flow=flow, document_id=document_id))


class DocumentDetail(ApiView):
    slow_before_change = frozenset({"PATCH"})
    scopes: ClassVar = {"get": "documents:read", "patch": "documents:write", "delete": "documents:write"}

    def type_and_country(self) -> tuple[int | None, str | None]:
        """Of the document that a body is about: they tell which sides of it are looked at."""
        return services.type_and_country(caller=self.caller, document_id=self.kwargs["document"])

    @operation("Show a document", answers_with(answers.DocumentAnswer()), errors=_LOOKUP_ERRORS)
    def get(self, request: Request, flow: str, document: str) -> Response:
        return enveloped(document_body(request, dossier.get_document(caller=self.caller, flow=flow, document_id=document)))

    @operation(
        "Change a document that is still Uploaded",
        answers_with(answers.DocumentAnswer()),
        request=serializers.DocumentUpdate, example={"verification": "ver_01jd8x3m5k7n9p1r3t5v7x9z1b", "document": {"country": "USA"}},
        with_files=True,
        errors=[
            *_ADMISSION_ERRORS, "document_not_found", "verification_mismatch", "document_canceled", "document_not_uploaded",
            "document_is_draft", "transition_not_allowed", "legal_hold",
        ],
    )  # fmt: skip
    def patch(self, request: Request, flow: str, document: str) -> Response:
        sent = self.checked(serializers.DocumentUpdate)
        services.replace_document(
            caller=self.caller,
            flow=flow,
            document_id=document,
            verification_id=sent["verification"],
            change=_change(sent.get("document", {})),
            status=sent.get("status"),
        )
        return enveloped(document_body(request, dossier.get_document(caller=self.caller, flow=flow, document_id=document)))

    @operation("Delete a document", answers.EMPTY, errors=[*_LOOKUP_ERRORS, "redacted", "document_locked", "legal_hold"])
    def delete(self, request: Request, flow: str, document: str) -> Response:
        services.delete_document(caller=self.caller, flow=flow, document_id=document)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SubmitDocument(ApiView):
    scopes: ClassVar = {"post": "documents:write"}

    @operation(
        "Submit a draft document",
        answers_with(answers.DocumentAnswer()),
        errors=[*_LOOKUP_ERRORS, "redacted", "verification_canceled", "verification_not_started", "not_draft", "no_files"],
    )
    def post(self, request: Request, flow: str, document: str) -> Response:
        services.submit_document(caller=self.caller, flow=flow, document_id=document)
        return enveloped(document_body(request, dossier.get_document(caller=self.caller, flow=flow, document_id=document)))


class ExtractDocument(ApiView):
    scopes: ClassVar = {"post": "documents:write"}

    @operation(
        "Read a document again",
        answers_with(answers.ExtractionAnswer(), 201),
        request=serializers.ExtractionRequest,
        example={"types": ["barcode", "ocr"], "wait_ms": 3000},
        errors=[
            *_LOOKUP_ERRORS,
            "validation_failed",
            "redacted",
            "images_redacted",
            "verification_canceled",
            "verification_on_hold",
            "document_is_draft",
            "document_canceled",
            "document_in_progress",
        ],
    )
    def post(self, request: Request, flow: str, document: str) -> Response:
        sent = self.checked(serializers.ExtractionRequest)
        row = extraction.request_extraction(caller=self.caller, flow=flow, document_id=document, kinds=sent.get("types"))
        # Readers see what was asked for only once it is committed.
        self.settle(enveloped(extraction_body(row), status.HTTP_201_CREATED))
        return enveloped(extraction_body(_awaited(row, sent.get("wait_ms", 0))), status.HTTP_201_CREATED)


class Extractions(ApiView):
    scopes: ClassVar = {"get": "documents:read"}

    @operation("List a document's extractions", answers.page_of(answers.ExtractionAnswer), paged=True, errors=_LOOKUP_ERRORS)
    def get(self, request: Request, flow: str, document: str) -> Response:
        found = services.get_document(caller=self.caller, flow=flow, document_id=document)
        rows = Extraction.objects.filter(document=found).order_by("-created_at", "-id")
        return Response(answer_list(request, rows, lambda page: [extraction_body(row) for row in page]))


class ExtractedData(ApiView):
    scopes: ClassVar = {"get": "documents:read", "patch": "documents:write"}

    @operation("Show what was read, field by field", answers_with(answers.ExtractedFieldsAnswer()), errors=_LOOKUP_ERRORS)
    def get(self, request: Request, flow: str, document: str) -> Response:
        return enveloped(extracted_fields_body(services.get_document(caller=self.caller, flow=flow, document_id=document)))

    @operation(
        "Correct what was read",
        answers_with(answers.ExtractedFieldsAnswer()),
        request=serializers.FieldCorrection,
        example={"fields": {"address.street": "742 Evergreen Terrace"}, "reason": "The stamp hides the number."},
        errors=[*_LOOKUP_ERRORS, "validation_failed", "redacted", "document_not_extracted"],
    )
    def patch(self, request: Request, flow: str, document: str) -> Response:
        sent = self.checked(serializers.FieldCorrection)
        corrected = extraction.correct_fields(caller=self.caller, flow=flow, document_id=document, values=sent["fields"], reason=sent["reason"])
        return enveloped(extracted_fields_body(corrected))


class DocumentChecks(ApiView):
    scopes: ClassVar = {"get": "documents:read"}

    @operation("List a document's rule results", answers_with(answers.CheckAnswer(many=True)), errors=_LOOKUP_ERRORS)
    def get(self, request: Request, flow: str, document: str) -> Response:
        found = dossier.get_document(caller=self.caller, flow=flow, document_id=document)
        return enveloped(check_bodies(found.current_checks))  # type: ignore[attr-defined]


class DocumentPdf(ApiView):
    scopes: ClassVar = {"get": "exports:read"}

    @operation("Download a document's record", answers.PDF, errors=[*_LOOKUP_ERRORS, "redacted", "images_redacted", "verification_not_approved"])
    def get(self, request: Request, flow: str, document: str) -> HttpResponseBase:
        data = records.document_pdf(caller=self.caller, flow=flow, document_id=document)
        return pdf_response(data, document) if wants_pdf(request) else enveloped(base64.b64encode(data).decode())
