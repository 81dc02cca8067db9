"""Lists and their items, also from a file."""

from __future__ import annotations

import csv
import io
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.described import described
from config.api.dialects.persona import requests, shapes
from config.api.dialects.persona.views import PAGING, PersonaView
from config.api.errors import errors_refusal
from decisions import lists
from flows.ids import new_id

ADDED = "Added over the API"
KINDS = {"government-id-numbers": "blocked_document_number", "names": "blocked_name", "countries": "blocked_country"}
_ITEM = {201: shapes.document_of(data=shapes.LIST_ITEM)}
_LIST = {201: shapes.document_of(data=shapes.LIST)}


class Lists(PersonaView):
    scopes: ClassVar = {"get": "decisions:read"}

    @described("List all lists", {200: shapes.list_of(shapes.LIST)}, parameters=PAGING)
    def get(self, request: Request) -> Response:
        return self.paged(lists.named_lists(caller=self.caller), lambda found: [shapes.list_body(request, row) for row in found])


class ListDetail(PersonaView):
    scopes: ClassVar = {"get": "decisions:read", "delete": "decisions:write"}

    @described("Retrieve a list", {200: shapes.document_of(data=shapes.LIST)})
    def get(self, request: Request, entry: str) -> Response:
        return Response({"data": shapes.list_body(request, lists.get_list(caller=self.caller, list_id=entry))})

    @described("Archive a list", {200: shapes.document_of(data=shapes.LIST)})
    def delete(self, request: Request, entry: str) -> Response:
        return Response({"data": shapes.list_body(request, lists.archive_list(caller=self.caller, list_id=entry))})


class ListCreation(PersonaView):
    scopes: ClassVar = {"post": "decisions:write"}
    list_kind: ClassVar[str] = ""

    @described("Create a list", _LIST, request=requests.ListCreation, example={"data": {"attributes": {"name": "Reported stolen"}}})
    def post(self, request: Request) -> Response:
        made = lists.create_list(caller=self.caller, kind=self.list_kind, name=self.attributes(requests.ListCreation)["name"])
        return Response({"data": shapes.list_body(request, made)}, status=201)


class ListItems(PersonaView):
    scopes: ClassVar = {"post": "decisions:write"}
    kind: ClassVar[str] = ""
    list_kind: ClassVar[str] = ""

    def add(self, value: str, sent: dict[str, Any]) -> Response:
        entry = lists.add_list_entry(
            caller=self.caller, kind=self.list_kind, value=value, reason=sent.get("reason") or ADDED, list_id=sent.get("list_id")
        )  # fmt: skip
        return Response({"data": shapes.list_item_body(self.request, self.kind, entry)}, status=201)


class NumberItems(ListItems):
    kind, list_kind = "list-item/government-id-number", "blocked_document_number"

    @described(
        "Create a government ID number list item", _ITEM, request=requests.NumberItem, example={"data": {"attributes": {"value": "L898902C3"}}}
    )
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.NumberItem)
        return self.add(sent["value"], sent)


class NameItems(ListItems):
    kind, list_kind = "list-item/name", "blocked_name"

    @described(
        "Create a name list item", _ITEM, request=requests.NameItem, example={"data": {"attributes": {"name_first": "Ned", "name_last": "Doe"}}}
    )
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.NameItem)
        return self.add(" ".join(part for part in (sent.get("name_first"), sent["name_last"]) if part), sent)


class CountryItems(ListItems):
    kind, list_kind = "list-item/country", "blocked_country"

    @described("Create a country list item", _ITEM, request=requests.CountryItem, example={"data": {"attributes": {"value": "PRK"}}})
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.CountryItem)
        return self.add(sent["value"], sent)


class ListItem(PersonaView):
    scopes: ClassVar = {"delete": "decisions:write"}
    kind: ClassVar[str] = ""
    list_kind: ClassVar[str] = ""

    @described("Archive a list item", {200: shapes.document_of(data=shapes.LIST_ITEM)})
    def delete(self, request: Request, entry: str) -> Response:
        found = lists.remove_list_entry(caller=self.caller, entry_id=entry, kind=self.list_kind)
        body = shapes.list_item_body(request, self.kind, found)
        if "status" in body["attributes"]:
            body["attributes"]["status"] = "archived"
        return Response({"data": body})


class Import(PersonaView):
    """A file of items, taken in at once: the answer tells what became of its rows."""

    scopes: ClassVar = {"post": "decisions:write"}
    kind: ClassVar[str] = ""
    list_kind: ClassVar[str] = ""
    columns: ClassVar[tuple[str, ...]] = ()

    @described(
        "Import list items",
        {201: shapes.document_of(data=shapes.IMPORTER)},
        request=requests.ImportCreation,
        example={"data": {"attributes": {"list_id": "lis_01jd8x3m5k7n9p1r3t5v7x9z1b", "file": {"data": "dmFsdWUKTDg5ODkwMkMzCg=="}}}},
    )
    def post(self, request: Request) -> Response:
        sent = self.attributes(requests.ImportCreation)
        done = lists.import_entries(
            caller=self.caller, list_id=sent["list_id"], kind=self.list_kind, values=self.values(sent["file"]["data"]), reason="Imported"
        )  # fmt: skip
        return Response({"data": shapes.importer_body(request, self.kind, sent["list_id"], done, new_id("imp"))}, status=201)

    def values(self, file: Any) -> list[str]:
        """One of each row. Raises Refused 422."""
        place = "data.attributes.file"
        try:
            rows = list(csv.DictReader(io.StringIO(file.bytes().decode("utf-8-sig")), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise errors_refusal({place: ["The file is not CSV in UTF-8."]}) from error
        found = [" ".join(str(row.get(name) or row.get(name.replace("_", "-")) or "").strip() for name in self.columns).strip() for row in rows]
        if not any(found):
            raise errors_refusal({place: [f"The file needs a header with {', '.join(self.columns)}, and rows."]})
        return found


class NumberImport(Import):
    kind, list_kind, columns = "importer/list-item/government-id-number", "blocked_document_number", ("value",)


class NameImport(Import):
    kind, list_kind, columns = "importer/list-item/name", "blocked_name", ("name_first", "name_last")
