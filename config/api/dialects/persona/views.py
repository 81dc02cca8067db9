"""What the views of this dialect have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.common import DialectView, native_id
from config.api.dialects.described import DialectSchema, query
from config.api.dialects.paging import after_id, ids_in
from config.api.dialects.persona.errors import JSON_API, PERSONA
from config.api.dialects.persona.shapes import document_body, inquiry_body
from config.api.errors import errors_refusal
from config.api.inflection import to_snake
from config.api.uploads import StrictJSONParser, UploadParser
from documents.cases import documents_by_case, with_live_documents

PAGING = [
    query("page[size]", "10 by default", {"type": "integer", "minimum": 1, "maximum": 100}),
    query("page[after]", "Older than this object"),
    query("page[before]", "Newer than this object"),
]


class JsonApiParser(StrictJSONParser):
    media_type = JSON_API


class PersonaView(DialectView):
    dialect = PERSONA
    schema = DialectSchema()
    parser_classes = (StrictJSONParser, JsonApiParser, UploadParser)
    includes: tuple[str, ...] = ()

    def body(self) -> Any:
        """``fields`` of an inquiry are ours, too."""
        found = super().body()
        attributes = found.get("data", {}).get("attributes") if isinstance(found, dict) and isinstance(found.get("data"), dict) else None
        if isinstance(attributes, dict) and isinstance(attributes.get("fields"), dict):
            attributes["fields"] = {to_snake(to_snake(name, "kebab"), "camel"): value for name, value in attributes["fields"].items()}
        return found

    def attributes(self, serializer: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.checked(serializer)["data"]["attributes"]
        return found

    def wanted(self) -> list[str]:
        """What ``include`` names. Raises Refused 422."""
        names = list(ids_in(self.request.query_params.get("include", "")))
        if unknown := [name for name in names if name not in self.includes]:
            raise errors_refusal({"include": [f"{unknown[0]} cannot be included here."]})
        return names

    def inquiry(self, verification: str, status: int = 200) -> Response:
        case = with_live_documents([self.case(verification)])[0]
        answer: dict[str, Any] = {"data": inquiry_body(self.request, case)}
        if "documents" in self.wanted():
            answer["included"] = [document_body(self.request, entry) for entry in documents_by_case([case])[case.pk]]
        return Response(answer, status=status)

    def document(self, document_id: str, status: int = 200) -> Response:
        found = self.found_document(document_id)
        answer: dict[str, Any] = {"data": document_body(self.request, found)}
        if "inquiry" in self.wanted():
            case = found.verification
            answer["included"] = [] if case.standalone else [inquiry_body(self.request, with_live_documents([case])[0])]
        return Response(answer, status=status)

    def paged(self, rows: QuerySet[Any], present: Callable[[Sequence[Any]], list[Any]]) -> Response:
        found, newer, older = after_id(self.request, rows, native_id)
        bodies = present(found)
        links = {
            "prev": self._link(before=bodies[0]["id"]) if newer and bodies else None,
            "next": self._link(after=bodies[-1]["id"]) if older and bodies else None,
        }
        return Response({"data": bodies, "links": links})

    def _link(self, **edge: str) -> str:
        request: Request = self.request
        kept = {name: values for name, values in request.query_params.lists() if name not in ("page[after]", "page[before]")}
        return f"{request.path}?{urlencode({**kept, **{f'page[{name}]': pk for name, pk in edge.items()}}, doseq=True)}"
