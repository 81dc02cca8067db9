"""Inquiries, documents, cases and list items as JSON:API resources. Members are written in snake_case and answered in kebab-case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rest_framework.request import Request

from config.api.dialects.common import under
from config.api.dialects.described import MOMENT, TEXT, WHOLE, listed, nullable, one_of, shape
from config.api.dialects.paging import ids_in
from config.api.links import link_to
from documents.cases import Progress
from documents.extracted import current_values
from documents.types import DOCUMENT_TYPES, DocumentType

if TYPE_CHECKING:
    from decisions.models import ListEntry
    from documents.models import Document, Image
    from verifications.models import Verification

INQUIRY_STATUSES = ("created", "pending", "completed", "failed", "expired", "approved", "declined", "needs_review")
_BY_NUMBER = {2: "completed", 3: "approved", 4: "declined", 5: "needs_review", 6: "expired", 7: "failed", 8: "needs_review"}
NUMBERS = {word: [number for number, own in _BY_NUMBER.items() if own == word] for word in INQUIRY_STATUSES}
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
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic", "image/tiff": "tiff", "application/pdf": "pdf"}
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
CASE = resource("case", shape(status=one_of("open"), opened_at=nullable(MOMENT), tags=listed(TEXT)), {"inquiries": _TO_MANY})
_ENTRY = shape(value=TEXT, status=one_of("active", "archived"), created_at=MOMENT, expires_at=nullable(MOMENT))
LIST_ITEM = {**resource("list-item", _ENTRY, {}), "properties": {**resource("list-item", _ENTRY, {})["properties"], "type": TEXT}}


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
    values = {} if document.verification.redacted_at else current_values(document)
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
    name = f"{image.side}.{_SUFFIXES.get(image.content_type, 'bin')}"
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
    return "failed" if number == 5 and any(entry.extraction_failed for entry in documents) else _BY_NUMBER[number]


def case_body(request: Request, case: Verification) -> dict[str, Any]:
    attributes = {"status": "open", "opened_at": stamp(case.submitted_at), "tags": case.tags}
    return {
        "type": "case",
        "id": under("case", case.pk),
        "attributes": trimmed(request, "case", attributes),
        "relationships": {"inquiries": {"data": [{"type": "inquiry", "id": under("inq", case.pk)}]}},
    }


def list_item_body(request: Request, kind: str, entry: ListEntry) -> dict[str, Any]:
    attributes = {"value": entry.content["value"], "status": "active", "created_at": stamp(entry.created_at), "expires_at": stamp(entry.expires_at)}
    return {"type": kind, "id": entry.pk, "attributes": trimmed(request, kind, attributes), "relationships": {}}


def trimmed(request: Request, kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """What ``fields[kind]`` leaves."""
    wanted = request.query_params.get(f"fields[{kind}]")
    if wanted is None:
        return attributes
    names = {name.replace("-", "_") for name in ids_in(wanted)}
    return {name: value for name, value in attributes.items() if name in names}
