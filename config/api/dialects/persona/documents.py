"""Documents and their files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.described import TEXT, described, listed, query, shape
from config.api.dialects.persona import requests, shapes
from config.api.dialects.persona.views import PersonaView
from config.api.errors import errors_refusal
from documents import services, standalone
from documents.services import DocumentChange
from flows.errors import Refused

_INCLUDE = [query("include", "`inquiry`")]
_A_DOCUMENT = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"oneOf": [shapes.GENERIC, shapes.GOVERNMENT]}, "included": {"type": "array"}, "meta": shape(tags=listed(TEXT))},
}
_GENERIC_EXAMPLE = {"data": {"attributes": {"kind": "utility_bill", "country_code": "USA", "files": [{"data": "iVBORw0KGgo="}]}}}
_GOVERNMENT_EXAMPLE = {"data": {"attributes": {"id_class": "pp", "country_code": "USA", "front_photo": {"data": "iVBORw0KGgo="}}}}


class Documents(PersonaView):
    includes = ("inquiry",)

    def made(self, change: DocumentChange, inquiry: str | None) -> Response:
        if inquiry is None:
            made = standalone.attach_standalone(caller=self.caller, change=change, draft=True)
        else:
            case = self.case(inquiry)
            made = services.attach_document(caller=self.caller, flow=case.flow_id, verification_id=case.pk, change=change, draft=True)
        return self.document(made.pk, status=201)

    def change(self, document: str, kind: str, change: DocumentChange) -> Response:
        found = self.found(document, kind)
        services.replace_document(
            caller=self.caller, flow=found.verification.flow_id, document_id=document, verification_id=found.verification_id, change=change,
            draft_only=True,
        )  # fmt: skip
        return self.document(document)

    def found(self, document: str, kind: str) -> Any:
        """Raises Refused("document_not_found") for one of another kind, too."""
        found = self.found_document(document)
        if shapes.kind_of(found) != kind:
            raise Refused("document_not_found", "No such document.", status=404)
        return found

    def submit(self, document: str, kind: str) -> Response:
        found = self.found(document, kind)
        services.submit_document(caller=self.caller, flow=found.verification.flow_id, document_id=document)
        return self.document(document)


class Generics(Documents):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"post": "documents:write"}

    @described(
        "Create a generic document",
        {201: shapes.document_of(data=shapes.GENERIC)},
        request=requests.GenericCreation,
        example=_GENERIC_EXAMPLE,
        parameters=_INCLUDE,
    )
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.GenericCreation)
        return self.made(generic(sent, country=sent.get("country_code", "USA")), sent.get("inquiry_id"))


class GenericDetail(Documents):
    slow_before_change = frozenset({"PATCH"})
    scopes: ClassVar = {"patch": "documents:write"}

    @described(
        "Update a generic document",
        {200: shapes.document_of(data=shapes.GENERIC)},
        request=requests.GenericAmendment,
        example=_GENERIC_EXAMPLE,
        parameters=_INCLUDE,
    )
    def patch(self, request: Request, document: str) -> Response:
        sent = self.attributes(requests.GenericAmendment)
        return self.change(document, "document/generic", generic(sent, country=sent.get("country_code")))


class SubmitGeneric(Documents):
    scopes: ClassVar = {"post": "documents:write"}

    @described("Submit a generic document", {200: shapes.document_of(data=shapes.GENERIC)}, parameters=_INCLUDE)
    def post(self, request: Request, document: str) -> Response:
        return self.submit(document, "document/generic")


class GovernmentIds(Documents):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"post": "documents:write"}

    @described(
        "Create a government ID document",
        {201: shapes.document_of(data=shapes.GOVERNMENT)},
        request=requests.GovernmentCreation,
        example=_GOVERNMENT_EXAMPLE,
        parameters=_INCLUDE,
    )
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.GovernmentCreation)
        return self.made(government(sent), sent.get("inquiry_id"))


class GovernmentIdDetail(Documents):
    slow_before_change = frozenset({"PATCH"})
    scopes: ClassVar = {"patch": "documents:write"}

    @described(
        "Update a government ID document",
        {200: shapes.document_of(data=shapes.GOVERNMENT)},
        request=requests.GovernmentAmendment,
        example=_GOVERNMENT_EXAMPLE,
        parameters=_INCLUDE,
    )
    def patch(self, request: Request, document: str) -> Response:
        return self.change(document, "document/government-id", government(self.attributes(requests.GovernmentAmendment)))


class SubmitGovernmentId(Documents):
    scopes: ClassVar = {"post": "documents:write"}

    @described("Submit a government ID document", {200: shapes.document_of(data=shapes.GOVERNMENT)}, parameters=_INCLUDE)
    def post(self, request: Request, document: str) -> Response:
        return self.submit(document, "document/government-id")


class _DocumentTags(Documents):
    """The tags are in ``meta``: a document's own attributes have none here."""

    scopes: ClassVar = {"post": "documents:write"}

    def document(self, document_id: str, status: int = 200) -> Response:
        answer = super().document(document_id, status)
        answer.data["meta"] = {"tags": self.found_document(document_id).tags}
        return answer

    def changed(self, document: str, **change: list[str]) -> Response:
        services.change_document_tags(caller=self.caller, document_id=self.found_document(document).pk, **change)
        return self.document(document)


class AddDocumentTag(_DocumentTags):
    @described("Add a tag to a document", {200: _A_DOCUMENT}, request=requests.TagCall, example={"meta": {"tag_name": "vip"}}, parameters=_INCLUDE)
    def post(self, request: Request, document: str) -> Response:
        return self.changed(document, add=[self.checked(requests.TagCall)["meta"]["tag_name"]])


class RemoveDocumentTag(_DocumentTags):
    @described(
        "Remove a tag from a document", {200: _A_DOCUMENT}, request=requests.TagCall, example={"meta": {"tag_name": "vip"}}, parameters=_INCLUDE
    )
    def post(self, request: Request, document: str) -> Response:
        return self.changed(document, remove=[self.checked(requests.TagCall)["meta"]["tag_name"]])


class SetDocumentTags(_DocumentTags):
    @described(
        "Set all tags of a document", {200: _A_DOCUMENT}, request=requests.TagsCall, example={"meta": {"tag_name": ["vip"]}}, parameters=_INCLUDE
    )
    def post(self, request: Request, document: str) -> Response:
        names = self.checked(requests.TagsCall)["meta"]["tag_name"]
        services.label_document(caller=self.caller, document_id=self.found_document(document).pk, tags=names)
        return self.document(document)


class DocumentDetail(Documents):
    scopes: ClassVar = {"get": "documents:read"}

    @described("Retrieve a document", {200: _A_DOCUMENT}, parameters=_INCLUDE)
    def get(self, request: Request, document: str) -> Response:
        return self.document(document)


def generic(sent: Mapping[str, Any], *, country: str | None) -> DocumentChange:
    """Raises Refused 422: a wrong type would be judged as one, so that none is guessed."""
    files = sent.get("files") or []
    front = files[0]["data"] if files else None
    if "kind" not in sent:
        return DocumentChange(country=country, front=front)
    word, named = sent["kind"], sent.get("document_type")
    contexts = [shapes.CONTEXTS[word]] if word in shapes.CONTEXTS else ["PROOF_OF_ADDRESS"]
    wanted = named or (word if word not in shapes.CONTEXTS or word == "selfie" else None)
    if wanted is None:
        raise errors_refusal({"data.attributes.document_type": [f"Of kind {word} the document type is needed, such as utility_bill."]})
    found = next((kind for context in contexts if (kind := shapes.type_of(wanted, context)) is not None), None)
    if found is None or found.context == "PHOTO_ID":
        raise errors_refusal({"data.attributes.kind": ["This kind of document is not known; government ids have an address of their own."]})
    return DocumentChange(found.context, found.id, country, front)


def government(sent: Mapping[str, Any]) -> DocumentChange:
    sides = [photo["data"] if (photo := sent.get(name)) else None for name in ("front_photo", "back_photo")]
    if "id_class" not in sent:
        return DocumentChange(country=sent.get("country_code"), front=sides[0], back=sides[1])
    found = shapes.type_of(sent["id_class"], "PHOTO_ID")
    if found is None:
        raise errors_refusal({"data.attributes.id_class": ["This class of government ids is not known."]})
    return DocumentChange("PHOTO_ID", found.id, sent.get("country_code"), sides[0], sides[1])
