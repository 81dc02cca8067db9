"""Cases: what waits for a person, claimed, noted and decided by the client's own software."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.described import described, one_of, query
from config.api.dialects.paging import one_of as chosen
from config.api.dialects.verifa import requests, shapes
from config.api.dialects.verifa.views import VerifaView
from decisions import desk

_LIST = [
    query("limit", "20 by default", {"type": "integer", "minimum": 1, "maximum": 100}),
    query("offset", "Rows to leave out", {"type": "integer", "minimum": 0, "maximum": 10**9}),
]


class _Cases(VerifaView):
    def shown(self, verification: str) -> dict[str, Any]:
        case, state = desk.get_case(caller=self.caller, verification_id=self.case(verification).pk)
        return shapes.case_body(case, state)


class Cases(_Cases):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("List cases", {200: shapes.page_of(shapes.CASE)}, parameters=[*_LIST, query("status", "One status", one_of(*desk.STATUSES))])
    def get(self, request: Request) -> Response:
        return self.paged(desk.list_cases(caller=self.caller, status=chosen(request, "status", desk.STATUSES)), self.bodies)

    def bodies(self, found: list[Any]) -> list[Any]:
        states = desk.states_of(found)
        return [shapes.case_body(case, states[case.pk]) for case in found if case.pk in states]


class CaseDetail(_Cases):
    scopes: ClassVar = {"get": "verifications:read"}

    @described("Get a case", {200: shapes.CASE})
    def get(self, request: Request, verification: str) -> Response:
        return Response(self.shown(verification))


class ClaimNext(_Cases):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Claim the next case", {200: shapes.CASE, 204: None})
    def post(self, request: Request) -> Response:
        found = desk.claim_next(caller=self.caller)
        return Response(self.shown(found.pk)) if found is not None else Response(status=204)


class ClaimCase(_Cases):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Claim a case", {200: shapes.CASE})
    def post(self, request: Request, verification: str) -> Response:
        desk.claim(caller=self.caller, verification_id=self.case(verification).pk)
        return Response(self.shown(verification))


class ReleaseCase(_Cases):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Release a case", {200: shapes.CASE})
    def post(self, request: Request, verification: str) -> Response:
        desk.release(caller=self.caller, verification_id=self.case(verification).pk)
        return Response(self.shown(verification))


class EscalateCase(_Cases):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Escalate a case", {200: shapes.CASE}, request=requests.Reason, example={"reason": "Needs a document expert"})
    def post(self, request: Request, verification: str) -> Response:
        sent = self.checked(requests.Reason)
        desk.escalate(caller=self.caller, verification_id=self.case(verification).pk, reason=sent.get("reason") or "")
        return Response(self.shown(verification))


class CaseNotes(_Cases):
    scopes: ClassVar = {"get": "decisions:read", "post": "decisions:write"}

    @described("List case notes", {200: shapes.page_of(shapes.NOTE)}, parameters=_LIST)
    def get(self, request: Request, verification: str) -> Response:
        rows = desk.list_notes(caller=self.caller, verification_id=self.case(verification).pk)
        return self.paged(rows, lambda found: [shapes.note_body(row) for row in found])

    @described("Add a case note", {201: shapes.NOTE}, request=requests.Note, example={"text": "Called the bank."})
    def post(self, request: Request, verification: str) -> Response:
        sent, case = self.checked(requests.Note), self.case(verification)
        return Response(shapes.note_body(desk.add_note(caller=self.caller, verification_id=case.pk, text=sent["text"])), status=201)


class DecideCase(_Cases):
    scopes: ClassVar = {"post": "decisions:write"}
    approve: ClassVar[bool] = True

    @described("Approve or reject a case", {200: shapes.SESSION}, request=requests.Reason, example={"reason": "Seen in person"})
    def post(self, request: Request, verification: str) -> Response:
        sent, case = self.checked(requests.Reason), self.case(verification)
        desk.decide(caller=self.caller, verification_id=case.pk, approve=self.approve, note=sent.get("reason") or "")
        return Response(self.session(verification))
