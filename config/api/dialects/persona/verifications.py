"""Verifications of one document each: the document itself, as the object of the rules about it. ``ver_X`` here is the document ``doc_X``."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.described import described
from config.api.dialects.persona import requests, shapes
from config.api.dialects.persona.documents import Documents, generic, government
from decisions import dossier
from documents import services
from documents.services import DocumentChange
from flows.errors import Refused

_ONE = {200: shapes.document_of(data=shapes.VERIFICATION)}
_CREATED = {201: shapes.document_of(data=shapes.VERIFICATION)}
_DOCUMENT_EXAMPLE = {"data": {"attributes": {"kind": "utility_bill", "country_code": "USA", "files": [{"data": "iVBORw0KGgo="}]}}}
_ID_EXAMPLE = {"data": {"attributes": {"id_class": "pp", "country_code": "USA", "front_photo": {"data": "iVBORw0KGgo="}}}}
_SELFIE_EXAMPLE = {"data": {"attributes": {"inquiry_id": "inq_01jd8x3m", "center_photo": {"data": "iVBORw0KGgo="}}}}


class _Verifications(Documents):
    """``kind`` None takes any."""

    kind: ClassVar[str | None] = None

    def document(self, document_id: str, status: int = 200) -> Response:
        found = self.found_document(document_id)
        judged = dossier.get_document(caller=self.caller, flow=found.verification.flow_id, document_id=document_id)
        return Response({"data": shapes.verification_body(self.request, judged)}, status=status)

    def named(self, verification_id: str) -> str:
        """The document's id. Raises Refused("document_not_found") for one of another kind, too."""
        document_id = re.sub(r"\Aver_", "doc_", verification_id)
        if self.kind is not None and shapes.verification_kind(self.found_document(document_id)) != self.kind:
            raise Refused("document_not_found", "No such verification.", status=404)
        return document_id

    def submitted(self, verification_id: str) -> Response:
        document_id = self.named(verification_id)
        found = self.found_document(document_id)
        services.submit_document(caller=self.caller, flow=found.verification.flow_id, document_id=document_id)
        return self.document(document_id)


class VerificationDetail(_Verifications):
    scopes: ClassVar = {"get": "documents:read"}

    @described("Retrieve a verification", _ONE)
    def get(self, request: Request, document: str) -> Response:
        return self.document(self.named(document))


class DocumentVerifications(_Verifications):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"post": "documents:write"}

    @described("Create a document verification", _CREATED, request=requests.GenericCreation, example=_DOCUMENT_EXAMPLE)
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.GenericCreation)
        return self.made(generic(sent, country=sent.get("country_code", "USA")), sent.get("inquiry_id"))


class DocumentVerificationDetail(_Verifications):
    scopes: ClassVar = {"get": "documents:read"}
    kind = "document"

    @described("Retrieve a document verification", _ONE)
    def get(self, request: Request, document: str) -> Response:
        return self.document(self.named(document))


class SubmitDocumentVerification(_Verifications):
    scopes: ClassVar = {"post": "documents:write"}
    kind = "document"

    @described("Submit a document verification", _ONE)
    def post(self, request: Request, document: str) -> Response:
        return self.submitted(document)


class GovernmentIdVerifications(_Verifications):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"post": "documents:write"}

    @described("Create a government ID verification", _CREATED, request=requests.GovernmentCreation, example=_ID_EXAMPLE)
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.GovernmentCreation)
        return self.made(government(sent), sent.get("inquiry_id"))


class GovernmentIdVerificationDetail(_Verifications):
    slow_before_change = frozenset({"PATCH"})
    scopes: ClassVar = {"get": "documents:read", "patch": "documents:write"}
    kind = "government_id"

    @described("Retrieve a government ID verification", _ONE)
    def get(self, request: Request, document: str) -> Response:
        return self.document(self.named(document))

    @described("Update a government ID verification", _ONE, request=requests.GovernmentAmendment, example=_ID_EXAMPLE)
    def patch(self, request: Request, document: str) -> Response:
        sent = self.attributes(requests.GovernmentAmendment)
        return self.change(self.named(document), "document/government-id", government(sent))


class SubmitGovernmentIdVerification(_Verifications):
    scopes: ClassVar = {"post": "documents:write"}
    kind = "government_id"

    @described("Submit a government ID verification", _ONE)
    def post(self, request: Request, document: str) -> Response:
        return self.submitted(document)


class SelfieVerifications(_Verifications):
    """A selfie is compared with the photo ID of its inquiry."""

    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"post": "documents:write"}

    @described("Create a selfie verification", _CREATED, request=requests.SelfieCreation, example=_SELFIE_EXAMPLE)
    def post(self, request: Request) -> Response:
        services.require_faces_compared()
        sent: dict[str, Any] = self.attributes(requests.SelfieCreation)
        kind, photo = shapes.type_of("selfie", "SELFIE"), sent.get("center_photo")
        change = DocumentChange("SELFIE", kind.id if kind else None, "USA", photo["data"] if photo else None)
        return self.made(change, sent["inquiry_id"])


class SelfieVerificationDetail(DocumentVerificationDetail):
    kind = "selfie"

    @described("Retrieve a selfie verification", _ONE)
    def get(self, request: Request, document: str) -> Response:
        return self.document(self.named(document))


class SubmitSelfieVerification(_Verifications):
    scopes: ClassVar = {"post": "documents:write"}
    kind = "selfie"

    @described("Submit a selfie verification", _ONE)
    def post(self, request: Request, document: str) -> Response:
        return self.submitted(document)
