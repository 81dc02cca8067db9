"""Documents, their extractions, checks, fingerprints and files."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.common import native_id
from config.api.dialects.described import TEXT, WHOLE, described, listed, one_of, query, shape
from config.api.dialects.paging import one_of as chosen
from config.api.dialects.verifa import requests, shapes
from config.api.dialects.verifa.views import VerifaView
from config.api.errors import errors_refusal
from config.api.links import link_to
from config.api.paging import whole
from config.api.waiting import awaited
from decisions import comparison, compromised, dossier
from decisions.shown import shown_checks
from documents import extraction, redaction, standalone, viewing
from documents import services as documents
from documents.cases import documents_of
from documents.services import DocumentChange
from flows.errors import Refused

_LIST = [
    query("limit", "20 by default", {"type": "integer", "minimum": 1, "maximum": 100}),
    query("offset", "Rows to leave out", {"type": "integer", "minimum": 0, "maximum": 10**9}),
]
_RUN = shape(document_id=TEXT, status=one_of("pending", "completed"), checks=listed(shapes.CHECK))
_EACH = {"type": "object", "properties": {"document_id": TEXT, "status": TEXT, "error": TEXT, "detail": TEXT}, "required": ["document_id", "status"]}
_BULK = shape(total=WHOLE, results=listed(_EACH))
_UPLOAD = {"document_type": "passport", "country": "USA", "file": "iVBORw0KGgo="}


def _change(sent: dict[str, Any], *, needs_type: bool = True) -> DocumentChange:
    kind = shapes.type_of(sent["document_type"]) if "document_type" in sent else None
    if kind is None and (needs_type or "document_type" in sent):
        raise errors_refusal({"document_type": ["This document type is not known."]})
    return DocumentChange(
        context=kind.context if kind else None,
        type_id=kind.id if kind else None,
        country=sent.get("country"),
        front=sent.get("file"),
        back=sent.get("back_file"),
    )


class _Documents(VerifaView):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"get": "documents:read", "post": "documents:write"}

    def shown(self, document_id: str) -> dict[str, Any]:
        return self.document(self.found_document(document_id))

    def listing(self, rows: Any) -> Response:
        return self.paged(rows, lambda found: [self.document(row) for row in found])


class Documents(_Documents):
    @described("List documents", {200: shapes.page_of(shapes.DOCUMENT)}, parameters=[*_LIST, query("session_id", "Only this session's")])
    def get(self, request: Request) -> Response:
        session = request.query_params.get("session_id")
        return self.listing(documents_of(caller=self.caller, verification_id=self.case(session).pk if session else None))

    @described("Upload a standalone document", {201: shapes.DOCUMENT}, request=requests.DocumentUpload, example=_UPLOAD)
    def post(self, request: Request) -> Response:
        document = standalone.attach_standalone(caller=self.caller, change=_change(self.checked(requests.DocumentUpload)))
        return Response(self.shown(document.pk), status=201)


class SessionDocuments(_Documents):
    @described("List session documents", {200: shapes.page_of(shapes.DOCUMENT)}, parameters=_LIST)
    def get(self, request: Request, verification: str) -> Response:
        return self.listing(documents_of(caller=self.caller, verification_id=self.case(verification).pk))

    @described("Upload a document to a session", {201: shapes.DOCUMENT}, request=requests.DocumentUpload, example=_UPLOAD)
    def post(self, request: Request, verification: str) -> Response:
        sent, case = self.checked(requests.DocumentUpload), self.case(verification)
        made = documents.attach_document(caller=self.caller, flow=case.flow_id, verification_id=case.pk, change=_change(sent))
        return Response(self.shown(made.pk), status=201)


class DocumentDetail(VerifaView):
    slow_before_change = frozenset({"PATCH"})
    scopes: ClassVar = {"get": "documents:read", "patch": "documents:write", "delete": "documents:write"}

    @described("Get document metadata", {200: shapes.DOCUMENT})
    def get(self, request: Request, document: str) -> Response:
        return Response(self.document(self.found_document(document)))

    @described("Update document metadata", {200: shapes.DOCUMENT}, request=requests.DocumentAmendment, example={"country": "USA"})
    def patch(self, request: Request, document: str) -> Response:
        sent, found = self.checked(requests.DocumentAmendment), self.found_document(document)
        change = _change(sent, needs_type=False)
        documents.amend_document(caller=self.caller, document_id=found.pk, change=change, tags=sent.get("tags"), metadata=sent.get("metadata"))
        return Response(self.document(self.found_document(document)))

    @described("Redact a document", {200: shape(status=one_of("deleted", "already_redacted"), document_id=TEXT)})
    def delete(self, request: Request, document: str) -> Response:
        found = self.found_document(document)
        if self.may("redact:write"):
            done = redaction.remove_document(caller=self.caller, document_id=document)
            return Response({"status": done, "document_id": document})
        documents.delete_document(caller=self.caller, flow=found.verification.flow_id, document_id=document)
        return Response({"status": "deleted", "document_id": document})


class DownloadDocument(VerifaView):
    scopes: ClassVar = {"get": "pii:read"}

    @described("Download a document", {302: None}, parameters=[query("side", "front by default", one_of("front", "back"))])
    def get(self, request: Request, document: str) -> HttpResponseBase:
        side = chosen(request, "side", ("front", "back")) or "front"
        image = viewing.original_of(caller=self.caller, document_id=document, side=side)
        return HttpResponse(status=302, headers={"Location": link_to(request, image.blob, shapes.FILES), "Cache-Control": "private, no-store"})


class PagePreview(VerifaView):
    scopes: ClassVar = {"get": "documents:read"}

    @described(
        "Preview a document page as JPEG",
        {200: "image/jpeg"},
        parameters=[query("width", "Pixels, 1000 by default", {"type": "integer", "minimum": 16, "maximum": 2000})],
    )
    def get(self, request: Request, document: str, page: int) -> HttpResponseBase:
        width = whole(request, "width", 1000, 16, 2000)
        data = viewing.page_preview(caller=self.caller, document_id=document, number=page, width=width)
        return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"})


class Extractions(VerifaView):
    scopes: ClassVar = {"get": "documents:read"}

    @described("List document extractions", {200: shapes.page_of(shapes.EXTRACTION)}, parameters=_LIST)
    def get(self, request: Request, document: str) -> Response:
        rows = extraction.extractions_of(self.found_document(document))
        return self.paged(rows, lambda found: [shapes.extraction_body(row) for row in found])


class ExtractDocument(VerifaView):
    scopes: ClassVar = {"post": "documents:write"}

    @described(
        "Trigger document extraction", {200: shapes.EXTRACTION}, request=requests.ExtractionRequest, example={"types": ["mrz"], "wait_ms": 3000}
    )
    def post(self, request: Request, document: str) -> Response:
        sent, found = self.checked(requests.ExtractionRequest), self.found_document(document)
        row = extraction.request_extraction(caller=self.caller, flow=found.verification.flow_id, document_id=document, kinds=sent.get("types"))
        self.settle(Response(shapes.extraction_body(row)))
        return Response(shapes.extraction_body(awaited(row, sent.get("wait_ms", 0))))


class DocumentChecks(VerifaView):
    scopes: ClassVar = {"get": "documents:read"}

    @described("List document checks", {200: shape(data=listed(shapes.CHECK))})
    def get(self, request: Request, document: str) -> Response:
        return self.check_list(self.run_of(document))

    def run_of(self, document: str) -> Any:
        found = self.found_document(document)
        judged = dossier.get_document(caller=self.caller, flow=found.verification.flow_id, document_id=document)
        return shown_checks(judged.current_checks)  # type: ignore[attr-defined]


class VerifyDocument(DocumentChecks):
    """The rules run by themselves as soon as a document is read: this tells what they say."""

    scopes: ClassVar = {"post": "documents:read"}
    http_method_names = ["post"]

    @described("Run verification checks on a document", {200: _RUN})
    def post(self, request: Request, document: str) -> Response:
        checks = self.run_of(document)
        return Response(
            {"document_id": document, "status": "completed" if checks else "pending", "checks": [shapes.check_body(entry) for entry in checks]}
        )


class ClassifyDocument(VerifaView):
    scopes: ClassVar = {"post": "documents:read"}

    @described("Trigger document classification", {200: shapes.CLASSIFICATION})
    def post(self, request: Request, document: str) -> Response:
        return Response(extraction.classification_of(self.found_document(document)))


class CompareDocuments(VerifaView):
    scopes: ClassVar = {"post": "documents:write"}

    @described(
        "Compare two documents",
        {200: shapes.EXTRACTION},
        request=requests.Comparison,
        example={"document_id": "doc_01jd8x3m5k7n9p1r3t5v7x9z1b", "reference_document_id": "doc_01jd8x3m5k7n9p1r3t5v7x9z1c"},
    )
    def post(self, request: Request) -> Response:
        sent = self.checked(requests.Comparison)
        found = self.found_document(sent["document_id"])
        row = comparison.compare_documents(
            caller=self.caller, flow=found.verification.flow_id, document_id=found.pk, reference_id=sent["reference_document_id"]
        )
        return Response(shapes.extraction_body(row))


class CompareIdentity(VerifaView):
    scopes: ClassVar = {"post": "documents:write"}

    @described(
        "Compare a document to a verified identity",
        {200: shapes.EXTRACTION},
        request=requests.IdentityComparison,
        example={"verification_id": "ver_01jd8x3m5k7n9p1r3t5v7x9z1b"},
    )
    def post(self, request: Request, document: str) -> Response:
        sent, found = self.checked(requests.IdentityComparison), self.found_document(document)
        row = comparison.compare_with_identity(caller=self.caller, document_id=found.pk, verification_id=native_id(sent["verification_id"]))
        return Response(shapes.extraction_body(row))


class _Bulk(VerifaView):
    """Each document for itself: what is refused holds up no other."""

    scopes: ClassVar = {"post": "documents:write"}

    def each(self, one: Any) -> Response:
        ids = list(dict.fromkeys(self.checked(requests.BulkDocuments)["document_ids"]))
        return Response({"total": len(ids), "results": [self.result(pk, one) for pk in ids]}, status=202)

    def result(self, pk: str, one: Any) -> dict[str, Any]:
        try:
            return {"document_id": pk, **one(self.found_document(pk))}
        except Refused as refusal:
            return {"document_id": pk, "status": "failed", "error": refusal.code, "detail": refusal.message}


class BulkExtract(_Bulk):
    @described("Bulk extract documents", {202: _BULK}, request=requests.BulkDocuments, example={"document_ids": ["doc_01jd8x3m"]})
    def post(self, request: Request) -> Response:
        return self.each(self.extracted)

    def extracted(self, document: Any) -> dict[str, Any]:
        row = extraction.request_extraction(caller=self.caller, flow=document.verification.flow_id, document_id=document.pk, kinds=None)
        return {"status": row.status, "extraction_id": row.pk}


class BulkClassify(_Bulk):
    @described("Bulk classify documents", {202: _BULK}, request=requests.BulkDocuments, example={"document_ids": ["doc_01jd8x3m"]})
    def post(self, request: Request) -> Response:
        return self.each(lambda document: {"status": "completed", **extraction.classification_of(document)})


class BulkVerify(_Bulk):
    @described("Bulk verify documents", {202: _BULK}, request=requests.BulkDocuments, example={"document_ids": ["doc_01jd8x3m"]})
    def post(self, request: Request) -> Response:
        return self.each(self.verified)

    def verified(self, document: Any) -> dict[str, Any]:
        judged = dossier.get_document(caller=self.caller, flow=document.verification.flow_id, document_id=document.pk)
        checks = shown_checks(judged.current_checks)  # type: ignore[attr-defined]
        return {"status": "completed" if checks else "pending", "failed": [check.rule for check in checks if check.outcome == "error"]}


class Fingerprints(VerifaView):
    scopes: ClassVar = {"get": "documents:read"}

    @described("List document fingerprints", {200: shapes.page_of(shapes.FINGERPRINT)}, parameters=_LIST)
    def get(self, request: Request, document: str | None = None) -> Response:
        rows = compromised.fingerprints_of(caller=self.caller, document_id=document)
        return self.paged(rows, lambda found: [shapes.fingerprint_body(row) for row in found])


class CreateFingerprint(VerifaView):
    """Those of documents are made when they are judged; this makes those of one that was read and not judged yet, and shows them. One by a file's
    hash is an entry of the workspace's list of blocked files, which takes the scopes of lists, too."""

    scopes: ClassVar = {"get": "documents:read", "post": "documents:write"}

    @described("List all fingerprints", {200: shapes.page_of(shapes.FINGERPRINT)}, parameters=_LIST)
    def get(self, request: Request) -> Response:
        rows = compromised.marks_of(caller=self.caller, with_files=self.may("decisions:read"))
        return self.paged(rows, lambda found: [shapes.fingerprint_body(mark) for mark in compromised.opened(found)])

    @described(
        "Create a document fingerprint",
        {200: shapes.FINGERPRINT, 201: shapes.FINGERPRINT},
        request=requests.FingerprintCreation,
        example={"document_id": "doc_01jd8x3m5k7n9p1r3t5v7x9z1b"},
    )
    def post(self, request: Request) -> Response:
        sent = self.checked(requests.FingerprintCreation)
        if "document_id" in sent:
            mark = compromised.fingerprint(caller=self.caller, document_id=self.found_document(sent["document_id"]).pk)
            return Response(shapes.fingerprint_body(mark), status=201)
        self.require("decisions:write")
        blocked, is_new = compromised.block_file(caller=self.caller, sha256=sent["hash"], reason=sent.get("label") or "Blocked over the API")
        return Response(shapes.fingerprint_body(blocked), status=201 if is_new else 200)


class FingerprintDetail(VerifaView):
    scopes: ClassVar = {"delete": "documents:write"}

    @described("Delete a document fingerprint", {204: None})
    def delete(self, request: Request, fingerprint: str) -> Response:
        compromised.forget_fingerprint(caller=self.caller, fingerprint_id=fingerprint, with_files=self.may("decisions:write"))
        return Response(status=204)


class FlagCompromised(VerifaView):
    scopes: ClassVar = {"post": "decisions:write"}

    @described(
        "Flag a document as compromised",
        {200: shape(document_id=TEXT, fingerprint_id=TEXT, fingerprint_hash=TEXT)},
        request=requests.Reason,
        example={"reason": "Reported stolen"},
    )
    def post(self, request: Request, document: str) -> Response:
        sent, found = self.checked(requests.Reason), self.found_document(document)
        reason = " / ".join(part for part in (sent.get("reason"), sent.get("source")) if part) or "Flagged as compromised"
        mark = compromised.flag_compromised(caller=self.caller, document_id=found.pk, reason=reason)
        return Response({"document_id": found.pk, "fingerprint_id": mark.pk, "fingerprint_hash": mark.digest})
