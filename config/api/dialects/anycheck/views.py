"""Verifications, services, folders and uploads: shape in, one service call, body out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import uuid4

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.dialects.anycheck import requests, shapes
from config.api.dialects.anycheck.errors import ANYCHECK
from config.api.dialects.common import DialectView, id_of
from config.api.dialects.described import DialectSchema, described, query
from config.api.dialects.described import one_of as words
from config.api.dialects.paging import one_of, window
from config.api.errors import errors_refusal
from decisions import reprocessing, suspicion
from documents import packages, uploads
from documents.cases import Progress, documents_by_case, progressed
from documents.services import DocumentChange
from flows.datakeys import warm
from flows.definition import FlowDefinition
from flows.errors import Refused
from flows.services import current_versions
from verifications import folders
from verifications import services as cases

_LIST = [
    query("page_size", "20 by default", {"type": "integer", "minimum": 1, "maximum": 100}),
    query("page_offset", "Rows to leave out", {"type": "integer", "minimum": 0, "maximum": 10**9}),
]
_MOST_OF_A_GROUP = 1000


class AnycheckView(DialectView):
    dialect = ANYCHECK
    schema = DialectSchema()

    def paged(self, rows: QuerySet[Any], present: Any) -> dict[str, Any]:
        found, place = window(self.request, rows, size="page_size", offset="page_offset", default=20)
        return {"total": place["total"], "items": present(found)}

    def bodies(self, found: Sequence[Any]) -> list[dict[str, Any]]:
        warm(case.pk for case in found)
        documents = documents_by_case(found)
        return [shapes.verification_body(self.request, case, documents[case.pk]) for case in found]

    def verification(self, uuid: str) -> Any:
        return self.case(id_of("ver", uuid))


class Services(AnycheckView):
    scopes: ClassVar = {"get": "flows:read"}

    @described("List services", {200: shapes.items_of(shapes.SERVICE)})
    def get(self, request: Request) -> Response:
        found = [shapes.service_body(version) for version in current_versions(self.caller.workspace)]
        return Response({"total": len(found), "items": found})


class Uploads(AnycheckView):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"post": "documents:write"}

    @described("Upload a file", {201: shapes.UPLOAD}, request=requests.UploadCreation, example={"file": "iVBORw0KGgo="})
    def post(self, request: Request) -> Response:
        row = uploads.keep_upload(caller=self.caller, upload=self.checked(requests.UploadCreation)["file"])
        return Response(shapes.upload_body(row), status=201)


class Folders(AnycheckView):
    scopes: ClassVar = {"get": "verifications:read", "post": "verifications:write"}

    @described("List folders", {200: shapes.items_of(shapes.FOLDER)}, parameters=_LIST)
    def get(self, request: Request) -> Response:
        return Response(self.paged(folders.list_folders(caller=self.caller), lambda found: [shapes.folder_body(row) for row in found]))

    @described("Create a folder", {201: shapes.FOLDER}, request=requests.FolderCreation, example={"name": "June"})
    def post(self, request: Request) -> Response:
        return Response(shapes.folder_body(folders.create_folder(caller=self.caller, **self.checked(requests.FolderCreation))), status=201)


class FolderDetail(AnycheckView):
    scopes: ClassVar = {"get": "verifications:read", "patch": "verifications:write"}

    @described("Show a folder", {200: shapes.FOLDER})
    def get(self, request: Request, folder: str) -> Response:
        return Response(shapes.folder_body(folders.get_folder(caller=self.caller, folder_id=id_of("fld", folder))))

    @described("Change a folder", {200: shapes.FOLDER}, request=requests.FolderAmendment, example={"starred": True})
    def patch(self, request: Request, folder: str) -> Response:
        fields = self.checked(requests.FolderAmendment)
        return Response(shapes.folder_body(folders.amend_folder(caller=self.caller, folder_id=id_of("fld", folder), fields=fields)))


_EXAMPLE = {
    "service_id": "3fc8b757-57d3-4607-998c-9bfbc4efa6cf",
    "folder_id": "01a2002f-6801-45e5-0bdb-5f9904006ea6",
    "configuration": {
        "photo_id_type": "passport", "photo_id_country": "USA", "fraud_detection": False,
        "files": {"photo_id_file": ["/uploads/upl_01jd8x3m5k7n9p1r3t5v7x9z1b"]},
    },
}  # fmt: skip
_DRAFT = {"service_id": _EXAMPLE["service_id"], "configuration": {"fraud_detection": True}}
_COMPLETION = {"configuration": _EXAMPLE["configuration"]}


class _Asking(AnycheckView):
    """What asks for a verification."""

    def asked(self, sent: dict[str, Any]) -> tuple[str, FlowDefinition, dict[str, Any]]:
        """The flow, and the fields that a case is made with."""
        wanted = str(sent["service_id"])
        version = next((entry for entry in current_versions(self.caller.workspace) if shapes.service_id(entry.flow_id) == wanted), None)
        if version is None:
            raise Refused("service_not_found", "No such service.", status=404)
        folder = folders.get_folder(caller=self.caller, folder_id=id_of("fld", sent["folder_id"])) if "folder_id" in sent else None
        metadata = dict(sent.get("webhook_metadata") or {})
        fields = {
            "folder": folder,
            "group_ref": str(sent.get("result_id") or uuid4()),
            "dialect": ANYCHECK.name,
            "webhook_url": sent.get("webhook_url"),
            "webhook_secret": metadata.pop("webhook_secret", None),
            "request": {"configuration": sent.get("configuration", {}), "webhook_metadata": metadata},
        }
        return version.flow_id, version.definition, fields

    def changes(self, pieces: Sequence[requests.Piece]) -> list[DocumentChange]:
        kept = uploads.find_uploads(caller=self.caller, upload_ids=[pk for piece in pieces for pk in piece.uploads])
        errors: dict[str, list[str]] = {}
        found = []
        for piece in pieces:
            if missing := [pk for pk in piece.uploads if pk not in kept]:
                errors[f"configuration.files.{shapes.field_of(piece.context)}_file"] = [f"There is no file at /uploads/{pk}." for pk in missing]
                continue
            front, back, *_ = [*(uploads.KeptUpload(kept[pk]) for pk in piece.uploads), None, None]
            found.append(DocumentChange(piece.context, piece.type_id, piece.country, front, back))
        if errors:
            raise errors_refusal(errors)
        return found

    def gate(self, request: dict[str, Any] | None) -> packages.Gate | None:
        """What looks at the files before they are read, where that was asked for."""
        asked = (request or {}).get("configuration", {})
        return suspicion.signs_of_fraud if asked.get("fraud_detection") else None

    def shown(self, pk: str, status: int = 200) -> Response:
        return Response(self.bodies([self.case(pk)])[0], status=status)


class Verifications(_Asking):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"get": "verifications:read", "post": "verifications:write"}

    @described(
        "List verifications",
        {200: {**shapes.items_of(shapes.VERIFICATION), "additionalProperties": True}},
        parameters=[
            *_LIST, query("status", "One status", words(*shapes.STATUSES)), query("result_id", "One group"), query("folder_id", "One folder"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        get, status = request.query_params.get, one_of(request, "status", shapes.STATUSES)
        group, folder = get("result_id"), get("folder_id")
        wanted = cases.VerificationFilter(
            statuses=shapes.NUMBERS[status] if status else None, group_ref=group, folder_id=id_of("fld", folder) if folder else None
        )
        rows = progressed(cases.list_verifications(caller=self.caller, wanted=wanted), shapes.PROGRESS.get(status or "", Progress()))
        answer = self.paged(rows, self.bodies)
        return Response({**answer, "overall_status": self.overall(rows)} if group else answer)

    def overall(self, rows: Any) -> str | None:
        found = list(rows[:_MOST_OF_A_GROUP])
        documents = documents_by_case(found)
        return shapes.overall_status([shapes.status_of(case, documents[case.pk]) for case in found])

    @described("Create a verification", {201: shapes.VERIFICATION}, request=requests.VerificationCreation, example=_EXAMPLE)
    def post(self, request: Request) -> Response:
        sent = self.checked(requests.VerificationCreation)
        flow, definition, fields = self.asked(sent)
        documents = self.changes(requests.pieces_of(definition, sent["configuration"]))
        gate = self.gate(fields["request"])
        made = packages.submit_package(caller=self.caller, flow=flow, fields=fields, documents=documents, gate=gate)
        return self.shown(made.pk, 201)


class Drafts(_Asking):
    slow_before_change = frozenset({"POST"})
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Create a draft", {201: shapes.VERIFICATION}, request=requests.DraftCreation, example=_DRAFT)
    def post(self, request: Request) -> Response:
        sent = self.checked(requests.DraftCreation)
        flow, definition, fields = self.asked(sent)
        documents = self.changes(requests.pieces_of(definition, {"files": {}, **sent.get("configuration", {})}))
        made = packages.draft_package(caller=self.caller, flow=flow, fields=fields, documents=documents)
        return self.shown(made.pk, 201)


class VerificationDetail(_Asking):
    slow_before_change = frozenset({"PATCH"})
    scopes: ClassVar = {"get": "verifications:read", "patch": "verifications:write"}

    @described("Show a verification", {200: shapes.VERIFICATION})
    def get(self, request: Request, uuid: str) -> Response:
        return Response(self.bodies([self.verification(uuid)])[0])

    @described("Complete a draft", {200: shapes.VERIFICATION}, request=requests.DraftAmendment, example=_COMPLETION)
    def patch(self, request: Request, uuid: str) -> Response:
        sent, case = self.checked(requests.DraftAmendment)["configuration"], self.verification(uuid)
        asked = case.request or {}
        stored = asked.get("configuration", {})
        packages.amend_draft(
            caller=self.caller, flow=case.flow_id, verification_id=case.pk, documents=self.changes(requests.amended(case.definition, stored, sent)),
            request={"webhook_metadata": {}, **asked, "configuration": requests.merged(stored, sent)},
        )  # fmt: skip
        return self.shown(case.pk)


class SubmitVerification(_Asking):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Submit a draft", {200: shapes.VERIFICATION})
    def post(self, request: Request, uuid: str) -> Response:
        case = self.verification(uuid)
        packages.submit_draft(caller=self.caller, flow=case.flow_id, verification_id=case.pk, gate=self.gate(case.request))
        return self.shown(case.pk)


class ContinueVerification(_Asking):
    scopes: ClassVar = {"post": "verifications:write"}

    @described("Continue a paused verification", {200: shapes.VERIFICATION})
    def post(self, request: Request, uuid: str) -> Response:
        case = self.verification(uuid)
        packages.continue_verification(caller=self.caller, flow=case.flow_id, verification_id=case.pk)
        return self.shown(case.pk)


class RetryVerification(_Asking):
    scopes: ClassVar = {"post": "decisions:write"}

    @described("Retry a failed verification", {200: shapes.VERIFICATION})
    def post(self, request: Request, uuid: str) -> Response:
        case = self.verification(uuid)
        reprocessing.retry_unread(caller=self.caller, flow=case.flow_id, verification_id=case.pk)
        return self.shown(case.pk)
