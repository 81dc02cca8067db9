"""Inquiries, documents, cases and list items as JSON:API resources. Members are written in snake_case and answered in kebab-case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rest_framework.request import Request

from config.api.dialects.common import under
from config.api.dialects.described import FREE, MOMENT, TEXT, WHOLE, listed, nullable, one_of, shape
from config.api.dialects.paging import ids_in
from config.api.links import link_to
from decisions import desk
from decisions.desk import CaseState
from decisions.lists import Imported
from decisions.outcomes import outcome_of, own_checks
from documents.cases import Progress
from documents.extracted import current_values
from documents.types import DOCUMENT_TYPES, DocumentType
from documents.viewing import file_name

if TYPE_CHECKING:
    from decisions.models import Check, ListEntry, OperatorList
    from documents.models import Document, Image
    from flows.models import ApiLog
    from verifications.models import Verification

INQUIRY_STATUSES = ("created", "pending", "completed", "failed", "expired", "approved", "declined", "needs_review")
BY_NUMBER = {2: "completed", 3: "approved", 4: "declined", 5: "needs_review", 6: "expired", 7: "failed", 8: "needs_review"}
NUMBERS = {word: [number for number, own in BY_NUMBER.items() if own == word] for word in INQUIRY_STATUSES}
NUMBERS |= {"created": [1], "pending": [1], "failed": [5, 7]}
PROGRESS = {
    "created": Progress(opened=False), "pending": Progress(opened=True), "needs_review": Progress(unread=False), "failed": Progress(unread=True),
}  # fmt: skip
DOCUMENT_STATUSES = ("initiated", "submitted", "processed", "errored")
CONTEXTS = {"photo_id": "PHOTO_ID", "proof_of_address": "PROOF_OF_ADDRESS", "selfie": "SELFIE"}
# Codes of kinds of government ids, as this dialect's clients know them.
ID_CLASSES = {
    "pp": "passport",
    "dl": "driver_license",
    "id": "id_card",
    "pr": "permanent_resident_card",
    "ppc": "passport_card",
    "mc": "matricula_consular",
}
_CLASS_OF = {kind: word for word, kind in ID_CLASSES.items()}
_FIELDS = {
    "name_first": "person.given_names", "name_last": "person.surname", "birthdate": "person.date_of_birth",
    "identification_number": "document.number", "expiration_date": "document.expiration_date", "issuing_authority": "document.issuing_entity",
}  # fmt: skip

_FILE = shape(filename=TEXT, url=nullable(TEXT))
_REF = shape(type=TEXT, id=TEXT)
_TO_ONE, _TO_MANY = shape(data=nullable(_REF)), shape(data=listed(_REF))
_GENERIC = shape(kind=TEXT, status=one_of(*DOCUMENT_STATUSES), created_at=MOMENT, processed_at=nullable(MOMENT), files=listed(_FILE))
_GOVERNMENT = shape(
    status=one_of(*DOCUMENT_STATUSES), id_class=TEXT, country_code=TEXT, front_photo=nullable(_FILE), back_photo=nullable(_FILE),
    created_at=MOMENT, processed_at=nullable(MOMENT), **{name: nullable(TEXT) for name in _FIELDS},
)  # fmt: skip
_INQUIRY = shape(
    status=one_of(*INQUIRY_STATUSES), reference_id=nullable(TEXT), tags=listed(TEXT), attempt=WHOLE, created_at=MOMENT, updated_at=MOMENT,
    completed_at=nullable(MOMENT), decisioned_at=nullable(MOMENT), redacted_at=nullable(MOMENT),
)  # fmt: skip


def resource(kind: str, attributes: Mapping[str, Any], relationships: Mapping[str, Any]) -> dict[str, Any]:
    """A schema; attributes may be fewer, as ``fields[…]`` says."""
    fewer = {key: value for key, value in attributes.items() if key != "required"}
    return shape(type=one_of(kind), id=TEXT, attributes=fewer, relationships=shape(**relationships))


GENERIC = resource("document/generic", _GENERIC, {"inquiry": _TO_ONE})
GOVERNMENT = resource("document/government-id", _GOVERNMENT, {"inquiry": _TO_ONE})
INQUIRY = resource("inquiry", _INQUIRY, {"template": _TO_ONE, "documents": _TO_MANY})
CASE = resource(
    "case", shape(status=one_of(*desk.STATUSES), opened_at=nullable(MOMENT), assigned_to=nullable(TEXT), tags=listed(TEXT)), {"inquiries": _TO_MANY}
)
VERIFICATION_STATUSES = ("initiated", "submitted", "passed", "failed")
VERIFICATION_KINDS = {"document": "verification/document", "government_id": "verification/government-id", "selfie": "verification/selfie"}
_CHECK = shape(
    name=TEXT, status=one_of("passed", "failed", "not_applicable"), reasons=listed(TEXT), requirement=one_of("required", "not_required"),
    metadata=FREE,
)  # fmt: skip
_VERIFICATION = shape(
    status=one_of(*VERIFICATION_STATUSES), country_code=TEXT, kind=TEXT, checks=listed(_CHECK), created_at=MOMENT, completed_at=nullable(MOMENT)
)
VERIFICATION = resource("verification", _VERIFICATION, {"inquiry": _TO_ONE, "document": _TO_ONE})
VERIFICATION["properties"]["type"] = one_of(*VERIFICATION_KINDS.values())
LIST_KINDS = {
    "blocked_document_number": "list/government-id-number", "blocked_name": "list/name", "blocked_country": "list/country",
}  # fmt: skip
LIST = resource(
    "list", shape(
        name=TEXT, status=one_of("active", "archived"), item_count=WHOLE, created_at=MOMENT, updated_at=MOMENT, archived_at=nullable(MOMENT)
    ),
    {},
)  # fmt: skip
LIST["properties"]["type"] = TEXT
_IMPORT = shape(status=one_of("completed"), successful_count=WHOLE, duplicate_count=WHOLE, errored_count=WHOLE)
IMPORTER = resource("importer", _IMPORT, {"list": _TO_ONE})
IMPORTER["properties"]["type"] = TEXT
EVENT = resource("event", shape(name=TEXT, payload=FREE, created_at=MOMENT), {})
API_LOG = resource("api-log", shape(request_id=TEXT, method=TEXT, path=TEXT, status=WHOLE, duration_ms=WHOLE, api_key=TEXT, created_at=MOMENT), {})
_ENTRY = shape(value=TEXT, status=one_of("active", "archived"), created_at=MOMENT, expires_at=nullable(MOMENT))
LIST_ITEM = resource("list-item", _ENTRY, {"list": _TO_ONE})
LIST_ITEM["properties"]["type"] = TEXT


def document_of(*, data: Mapping[str, Any]) -> dict[str, Any]:
    """A whole answer; ``included`` is there only where it was asked for."""
    found = shape(data=data)
    found["properties"]["included"] = listed({"type": "object", "additionalProperties": True})
    return found


def list_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = shape(data=listed(entry), links=shape(prev=nullable(TEXT), next=nullable(TEXT)))
    found["properties"]["included"] = listed({"type": "object", "additionalProperties": True})
    return found


def stamp(value: datetime | None) -> str | None:
    """Milliseconds, as this dialect has them."""
    return f"{value.strftime('%Y-%m-%dT%H:%M:%S')}.{value.microsecond // 1000:03d}Z" if value else None


def type_of(word: str, context: str) -> DocumentType | None:
    """A document type of ``context`` by its kind or its id class."""
    kind = ID_CLASSES.get(word, word)
    return next((entry for entry in DOCUMENT_TYPES.values() if entry.context == context and entry.kind == kind), None)


def kind_of(document: Document) -> str:
    return "document/government-id" if document.context == "PHOTO_ID" else "document/generic"


def document_body(request: Request, document: Document) -> dict[str, Any]:
    """Needs ``verification``, ``images__blob``, ``corrections`` and ``extractions``."""
    kind, case = kind_of(document), document.verification
    attributes = _government(request, document) if kind == "document/government-id" else _generic(request, document)
    common = {"status": document_status(document), "created_at": stamp(document.created_at), "processed_at": stamp(_processed_at(document))}
    inquiry = None if case.standalone else {"type": "inquiry", "id": under("inq", case.pk)}
    return {
        "type": kind,
        "id": document.pk,
        "attributes": trimmed(request, kind, {**attributes, **common}),
        "relationships": {"inquiry": {"data": inquiry}},
    }


def document_status(document: Document) -> str:
    if document.extraction_failed or int(document.status) == 6:
        return "errored"
    return "initiated" if document.draft else "submitted" if int(document.status) in (1, 2) else "processed"


def _processed_at(document: Document) -> datetime | None:
    if document_status(document) not in ("processed", "errored"):
        return None
    return max((row.completed_at for row in document.extractions.all() if row.completed_at), default=None)


def _generic(request: Request, document: Document) -> dict[str, Any]:
    return {"kind": document.context.lower(), "files": [_file(request, document, image) for image in document.images.all()]}


def _government(request: Request, document: Document) -> dict[str, Any]:
    photos = {image.side: _file(request, document, image) for image in document.images.all()}
    values = {} if document.verification.redacted_at or document.redacted_at else current_values(document)
    read = {name: values[path].value if path in values else None for name, path in _FIELDS.items()}
    return {
        "id_class": _CLASS_OF.get(document.type.kind, document.type.kind),
        "country_code": document.country,
        "front_photo": photos.get("front"),
        "back_photo": photos.get("back"),
        **read,
    }


def _file(request: Request, document: Document, image: Image) -> dict[str, Any]:
    """The name is ours: a client's own may name the person."""
    name = file_name(image)
    gone = document.images_redacted_at is not None
    return {"filename": name, "url": None if gone else link_to(request, image.blob, f"/api/v1/files/*/{name}")}


def inquiry_body(request: Request, case: Verification) -> dict[str, Any]:
    """Needs ``live_documents``."""
    documents: list[Document] = case.live_documents  # type: ignore[attr-defined]
    attributes = {
        "status": inquiry_status(case, documents),
        "reference_id": case.external_ref or None,
        "tags": case.tags,
        "attempt": case.attempt,
        "created_at": stamp(case.created_at),
        "updated_at": stamp(case.updated_at),
        "completed_at": stamp(case.submitted_at),
        "decisioned_at": stamp(case.finished_at),
        "redacted_at": stamp(case.redacted_at),
    }
    return {
        "type": "inquiry",
        "id": under("inq", case.pk),
        "attributes": trimmed(request, "inquiry", attributes),
        "relationships": {
            "template": {"data": {"type": "inquiry-template", "id": case.flow_id}},
            "documents": {"data": [{"type": kind_of(entry), "id": entry.pk} for entry in documents]},
        },
    }


def inquiry_status(case: Verification, documents: list[Document]) -> str:
    number = int(case.status)
    if number == 1:
        return "pending" if documents or case.opened_at else "created"
    return "failed" if number == 5 and any(entry.extraction_failed for entry in documents) else BY_NUMBER[number]


def case_body(request: Request, case: Verification, state: CaseState) -> dict[str, Any]:
    attributes = {"status": state.status, "opened_at": stamp(case.submitted_at), "assigned_to": state.holder, "tags": case.tags}
    return {
        "type": "case",
        "id": under("case", case.pk),
        "attributes": trimmed(request, "case", attributes),
        "relationships": {"inquiries": {"data": [{"type": "inquiry", "id": under("inq", case.pk)}]}},
    }


def verification_kind(document: Document) -> str:
    return {"PHOTO_ID": "government_id", "SELFIE": "selfie"}.get(document.context, "document")


def verification_body(request: Request, document: Document) -> dict[str, Any]:
    """A document as the object of its own rules. Needs ``current_checks`` and ``extractions``."""
    checks, kind = own_checks(document), VERIFICATION_KINDS[verification_kind(document)]
    status, case = outcome_of(document, checks), document.verification
    attributes = {
        "status": status,
        "country_code": document.country,
        "kind": _CLASS_OF.get(document.type.kind, document.type.kind) if kind.endswith("government-id") else document.type.kind,
        "checks": [_check(check) for check in checks],
        "created_at": stamp(document.created_at),
        "completed_at": stamp(_processed_at(document)) if status in ("passed", "failed") else None,
    }
    inquiry = None if case.standalone else {"type": "inquiry", "id": under("inq", case.pk)}
    return {
        "type": kind,
        "id": under("ver", document.pk),
        "attributes": trimmed(request, kind, attributes),
        "relationships": {"inquiry": {"data": inquiry}, "document": {"data": {"type": kind_of(document), "id": document.pk}}},
    }


def _check(check: Check) -> dict[str, Any]:
    """A doubt that only sends a case to a person is a failed check that is not required."""
    return {
        "name": check.rule,
        "status": {"pass": "passed", "not_applicable": "not_applicable"}.get(check.outcome, "failed"),
        "reasons": [check.reason_code] if check.reason_code else [],
        "requirement": "not_required" if check.outcome == "warning" else "required",
        "metadata": {"message": check.message} if check.message else {},
    }


def list_body(request: Request, row: OperatorList) -> dict[str, Any]:
    """Needs ``entry_count``."""
    kind = LIST_KINDS.get(row.kind, "list/other")
    attributes = {
        "name": row.name,
        "status": "archived" if row.archived_at else "active",
        "item_count": getattr(row, "entry_count", 0),
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "archived_at": stamp(row.archived_at),
    }
    return {"type": kind, "id": row.pk, "attributes": trimmed(request, kind, attributes), "relationships": {}}


def importer_body(request: Request, kind: str, list_id: str, done: Imported, pk: str) -> dict[str, Any]:
    attributes = {"status": "completed", "successful_count": done.added, "duplicate_count": done.known, "errored_count": done.refused}
    to_list = {"data": {"type": kind.replace("importer/list-item", "list"), "id": list_id}}
    return {"type": kind, "id": pk, "attributes": trimmed(request, kind, attributes), "relationships": {"list": to_list}}


def api_log_body(request: Request, row: ApiLog) -> dict[str, Any]:
    attributes = {
        "request_id": row.request_id,
        "method": row.method,
        "path": row.path,
        "status": row.status,
        "duration_ms": row.milliseconds,
        "api_key": row.token,
        "created_at": stamp(row.created_at),
    }
    return {"type": "api-log", "id": row.pk, "attributes": trimmed(request, "api-log", attributes), "relationships": {}}


def list_item_body(request: Request, kind: str, entry: ListEntry) -> dict[str, Any]:
    attributes = {"value": entry.content["value"], "status": "active", "created_at": stamp(entry.created_at), "expires_at": stamp(entry.expires_at)}
    relationships = {"list": {"data": {"type": kind.replace("list-item", "list"), "id": entry.of_list_id} if entry.of_list_id else None}}
    return {"type": kind, "id": entry.pk, "attributes": trimmed(request, kind, attributes), "relationships": relationships}


def trimmed(request: Request, kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """What ``fields[kind]`` leaves."""
    wanted = request.query_params.get(f"fields[{kind}]")
    if wanted is None:
        return attributes
    names = {name.replace("-", "_") for name in ids_in(wanted)}
    return {name: value for name, value in attributes.items() if name in names}
