"""The lists that an operator keeps, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.errors import errors_refusal
from config.api.flow import answers, serializers
from config.api.paging import answer_list
from config.api.present import list_entry_body
from config.api.schema import answers_with, operation, query
from config.api.views import ApiView, enveloped
from decisions import lists
from decisions.models import ListEntry, ListKind


def _bodies(entries: Sequence[ListEntry]) -> list[dict[str, Any]]:
    return [list_entry_body(entry) for entry in entries]


class Lists(ApiView):
    scopes: ClassVar = {"get": "decisions:read", "post": "decisions:write"}

    @operation(
        "List the operator's list entries",
        answers.page_of(answers.ListEntryAnswer),
        parameters=[query("kind", f"One of {', '.join(ListKind.values)}")],
        paged=True,
    )
    def get(self, request: Request) -> Response:
        kind = request.query_params.get("kind")
        if kind is not None and kind not in ListKind.values:
            raise errors_refusal({"kind": ["There is no list of this kind."]})
        return Response(answer_list(request, lists.list_entries(caller=self.caller, kind=kind), _bodies))

    @operation(
        "Put a value on a list",
        answers_with(answers.ListEntryAnswer(), 201),
        request=serializers.ListEntryCreation,
        example={"kind": "known_cmra_address", "value": "200 Main St Ste 4, Austin TX 78701", "reason": "Mail centre, seen on site."},
        errors=["validation_failed", "list_entry_exists"],
    )
    def post(self, request: Request) -> Response:
        sent = self.checked(serializers.ListEntryCreation)
        entry = lists.add_list_entry(
            caller=self.caller, kind=sent["kind"], value=sent["value"], reason=sent["reason"], expires_at=sent.get("expires_at")
        )
        return enveloped(list_entry_body(entry), status.HTTP_201_CREATED)


class ListEntryDetail(ApiView):
    scopes: ClassVar = {"get": "decisions:read", "delete": "decisions:write"}

    @operation("Show a list entry", answers_with(answers.ListEntryAnswer()), errors=["list_entry_not_found"])
    def get(self, request: Request, entry: str) -> Response:
        return enveloped(list_entry_body(lists.get_list_entry(caller=self.caller, entry_id=entry)))

    @operation("Take a value off a list", answers.EMPTY, errors=["list_entry_not_found"])
    def delete(self, request: Request, entry: str) -> Response:
        lists.remove_list_entry(caller=self.caller, entry_id=entry)
        return Response(status=status.HTTP_204_NO_CONTENT)
