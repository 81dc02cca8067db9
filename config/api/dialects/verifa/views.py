"""What the views of this dialect have in common."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.response import Response

from config.api.dialects.common import DialectView
from config.api.dialects.described import DialectSchema
from config.api.dialects.paging import window
from config.api.dialects.verifa.errors import VERIFA
from config.api.dialects.verifa.shapes import check_body, session_body
from decisions import dossier
from decisions.shown import ShownCheck, shown_checks
from documents.cases import with_live_documents


class VerifaView(DialectView):
    dialect = VERIFA
    schema = DialectSchema()

    def paged(self, rows: QuerySet[Any], present: Any) -> Response:
        found, place = window(self.request, rows, size="limit", offset="offset", default=20)
        return Response(
            {"data": present(found), "pagination": {"total": place["total"], "limit": place["size"], "offset": place["offset"]}}
        )  # fmt: skip

    def session(self, verification: str) -> dict[str, Any]:
        case = self.case(verification)
        return session_body(with_live_documents([case])[0])

    def checks_of(self, verification: str) -> list[ShownCheck]:
        case = self.case(verification)
        return shown_checks(dossier.get_case(caller=self.caller, flow=case.flow_id, verification_id=case.pk).checks)

    def check_list(self, checks: list[ShownCheck]) -> Response:
        return Response({"data": [check_body(check) for check in checks]})
