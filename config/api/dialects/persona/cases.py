"""Cases: what waits for a person, or was decided by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.described import described
from config.api.dialects.persona import requests, shapes
from config.api.dialects.persona.views import PAGING, PersonaView
from decisions import desk
from verifications import services as cases

_ONE = {200: shapes.document_of(data=shapes.CASE)}


class Cases(PersonaView):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("List all cases", {200: shapes.list_of(shapes.CASE)}, parameters=PAGING)
    def get(self, request: Request) -> Response:
        return self.paged(desk.list_cases(caller=self.caller), self.bodies)

    def bodies(self, found: Sequence[Any]) -> list[Any]:
        states = desk.states_of(found)
        return [shapes.case_body(self.request, case, states[case.pk]) for case in found if case.pk in states]


class CaseDetail(PersonaView):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("Retrieve a case", _ONE)
    def get(self, request: Request, verification: str) -> Response:
        return self.shown(verification)

    def shown(self, verification: str) -> Response:
        case, state = desk.get_case(caller=self.caller, verification_id=self.case(verification).pk)
        return Response({"data": shapes.case_body(self.request, case, state)})


class AddCaseTag(CaseDetail):
    scopes: ClassVar = {"post": "verifications:write"}
    http_method_names = ["post"]

    @described("Add a tag to a case", _ONE, request=requests.TagCall, example={"meta": {"tag_name": "vip"}})
    def post(self, request: Request, verification: str) -> Response:
        name = self.checked(requests.TagCall)["meta"]["tag_name"]
        cases.change_tags(caller=self.caller, verification_id=self.case(verification).pk, add=[name])
        return self.shown(verification)


class RemoveCaseTag(CaseDetail):
    scopes: ClassVar = {"post": "verifications:write"}
    http_method_names = ["post"]

    @described("Remove a tag from a case", _ONE, request=requests.TagCall, example={"meta": {"tag_name": "vip"}})
    def post(self, request: Request, verification: str) -> Response:
        name = self.checked(requests.TagCall)["meta"]["tag_name"]
        cases.change_tags(caller=self.caller, verification_id=self.case(verification).pk, remove=[name])
        return self.shown(verification)


class SetCaseTags(CaseDetail):
    scopes: ClassVar = {"post": "verifications:write"}
    http_method_names = ["post"]

    @described("Set all tags of a case", _ONE, request=requests.TagsCall, example={"meta": {"tag_name": ["vip"]}})
    def post(self, request: Request, verification: str) -> Response:
        names, case = self.checked(requests.TagsCall)["meta"]["tag_name"], self.case(verification)
        cases.amend_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk, fields={"tags": names})
        return self.shown(verification)
