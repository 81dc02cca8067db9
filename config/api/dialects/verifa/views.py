"""What the views of this dialect have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.response import Response

from config.api.dialects.common import DialectView
from config.api.dialects.described import DialectSchema
from config.api.dialects.paging import window
from config.api.dialects.verifa.errors import VERIFA
from config.api.dialects.verifa.shapes import Beside, check_body, document_body, session_body
from decisions import dossier
from decisions.desk import states_of
from decisions.shown import ShownCheck, shown_checks
from documents.capture import standing_links
from documents.cases import with_live_documents
from flows.datakeys import warm


class VerifaView(DialectView):
    dialect = VERIFA
    schema = DialectSchema()

    def body(self) -> Any:
        """Members in an envelope of JSON:API are understood, too, for clients that came from there."""
        found = super().body()
        data = found.get("data") if isinstance(found, dict) else None
        return data["attributes"] if isinstance(data, dict) and isinstance(data.get("attributes"), dict) else found

    def paged(self, rows: QuerySet[Any], present: Any) -> Response:
        found, place = window(self.request, rows, size="limit", offset="offset", default=20)
        return Response(
            {"data": present(found), "pagination": {"total": place["total"], "limit": place["size"], "offset": place["offset"]}}
        )  # fmt: skip

    def session(self, verification: str) -> dict[str, Any]:
        return self.sessions([self.case(verification)])[0]

    def sessions(self, found: Sequence[Any]) -> list[dict[str, Any]]:
        links, states, with_ip = standing_links(found), states_of(found), self.may("pii:read")
        if with_ip:
            warm(case.pk for case in found if case.consent_sealed)
        beside = {case.pk: Beside(links.get(case.pk), states.get(case.pk), with_ip) for case in found}
        return [session_body(self.request, case, beside[case.pk]) for case in with_live_documents(found)]

    def document(self, document: Any) -> dict[str, Any]:
        return document_body(self.request, document, with_links=self.may("pii:read"))

    def checks_of(self, verification: str) -> list[ShownCheck]:
        case = self.case(verification)
        return shown_checks(dossier.get_case(caller=self.caller, flow=case.flow_id, verification_id=case.pk).checks)

    def check_list(self, checks: list[ShownCheck]) -> Response:
        return Response({"data": [check_body(check) for check in checks]})
