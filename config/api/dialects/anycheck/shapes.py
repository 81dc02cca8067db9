"""Verifications, services, folders and uploads as this dialect says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID as Uuid
from uuid import uuid5

from rest_framework.request import Request

from config.api.dialects.common import uuid_of
from config.api.dialects.described import FLAG, FREE, MOMENT, NUMBER, TEXT, UUID, WHOLE, listed, nullable, one_of, shape
from config.api.links import link_to
from config.api.present import moment
from documents.cases import Progress
from documents.extracted import extracted_data, latest_comparison
from documents.types import DOCUMENT_TYPES
from flows.definition import FlowDefinition
from verifications.services import SUSPECTED_FRAUD

if TYPE_CHECKING:
    from documents.models import Document, UploadedFile
    from flows.models import FlowVersion
    from verifications.models import Folder, Verification

STATUSES = (
    "DRAFT", "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "NEED_REVIEW", "FRAUD_DETECTED", "PARTIALLY_COMPLETED",
    "PARTIALLY_FAILED",
)  # fmt: skip
OUTPUTS = ("VERIFIED", "NOT_VERIFIED", "PARTIALLY_NOT_VERIFIED")
BY_NUMBER = {1: "DRAFT", 2: "IN_QUEUE", 3: "COMPLETED", 4: "COMPLETED", 5: "NEED_REVIEW", 6: "CANCELLED", 7: "CANCELLED", 8: "NEED_REVIEW"}
NUMBERS = {word: [number for number, own in BY_NUMBER.items() if own == word] for word in STATUSES} | {
    "FAILED": [5], "IN_PROGRESS": [2], "FRAUD_DETECTED": [8],
}  # fmt: skip
PROGRESS = {
    "IN_QUEUE": Progress(begun=False), "IN_PROGRESS": Progress(begun=True), "FAILED": Progress(unread=True),
    "NEED_REVIEW": Progress(unread=False, paused=False), "FRAUD_DETECTED": Progress(paused=True),
}  # fmt: skip
_LEVELS = {"strong": "HIGH", "moderate": "MEDIUM", "weak": "LOW"}
_SERVICES = Uuid("6f1d6a3e-2f0b-5b6e-9a54-7c0f5d1b7a10")

_FILES = {"type": "object", "additionalProperties": listed(TEXT)}
_OUTPUT = {
    "type": "object",
    "additionalProperties": True,
    "properties": {
        "face_match_confidence_level": one_of("LOW", "MEDIUM", "HIGH"), "face_match_confidence_score": NUMBER, "is_match_face": FLAG,
        "fraud_signals": listed(one_of("file_blocked", "file_used_elsewhere", "image_edited")),
    },
}  # fmt: skip
_JOBS = shape(ocr_job_id=listed(UUID), fraud_job_id=listed(UUID))
VERIFICATION = shape(
    id=UUID, service=shape(id=UUID, name=TEXT), user_id=nullable(UUID), api_key=nullable(TEXT), folder_id=nullable(UUID), result_id=UUID,
    execution_time=NUMBER, status=one_of(*STATUSES), start_date=nullable(MOMENT), end_date=nullable(MOMENT), input_config=FREE,
    input_file_url=_FILES, output=_OUTPUT, output_file_url=nullable(TEXT), output_status=nullable(one_of(*OUTPUTS)), external_job_id=_JOBS,
    webhook_url=nullable(TEXT), webhook_metadata=FREE, export_file_url=nullable(TEXT), credit_used=WHOLE, total_files=WHOLE, total_pages=WHOLE,
    created_at=MOMENT, updated_at=MOMENT,
)  # fmt: skip
_FIELD = shape(name=TEXT, kind=one_of("file", "choice", "country"), required=FLAG, options=listed(TEXT))
SERVICE = shape(id=UUID, name=TEXT, description=TEXT, verification_types=listed(TEXT), fields=listed(_FIELD))
FOLDER = shape(id=UUID, name=TEXT, starred=FLAG, verification_count=WHOLE, created_at=MOMENT, updated_at=MOMENT)
UPLOAD = shape(path=TEXT, content_type=TEXT, size=WHOLE, pages=WHOLE, expires_at=MOMENT)


def items_of(entry: dict[str, Any]) -> dict[str, Any]:
    return shape(total=WHOLE, items=listed(entry))


def service_id(slug: str) -> str:
    """Made from the slug, so that it never changes."""
    return str(uuid5(_SERVICES, slug))


def field_of(context: str) -> str:
    return context.lower()


def verification_types(definition: FlowDefinition) -> list[str]:
    """The sets of documents that the service takes: the required ones, and all."""
    return list(dict.fromkeys("_".join(contexts) for contexts in (definition.required_contexts, definition.contexts)))


def types_in(definition: FlowDefinition, context: str) -> list[str]:
    return [DOCUMENT_TYPES[entry.id].kind for entry in definition.document_types if DOCUMENT_TYPES[entry.id].context == context]


def service_body(version: FlowVersion) -> dict[str, Any]:
    definition = version.definition
    fields = []
    for context in definition.contexts:
        required, types = context in definition.required_contexts, types_in(definition, context)
        fields += [
            {"name": f"files.{field_of(context)}_file", "kind": "file", "required": required, "options": []},
            {"name": f"{field_of(context)}_type", "kind": "choice", "required": required and len(types) > 1, "options": types},
            {"name": f"{field_of(context)}_country", "kind": "country", "required": required and len(types) > 1, "options": []},
        ]
    return {
        "id": service_id(definition.slug),
        "name": definition.name,
        "description": definition.description,
        "verification_types": verification_types(definition),
        "fields": fields,
    }


def folder_body(folder: Folder) -> dict[str, Any]:
    """Needs ``verification_count``."""
    return {
        "id": uuid_of(folder.pk),
        "name": folder.name,
        "starred": folder.starred,
        "verification_count": getattr(folder, "verification_count", 0),
        "created_at": moment(folder.created_at),
        "updated_at": moment(folder.updated_at),
    }


def upload_body(row: UploadedFile) -> dict[str, Any]:
    return {
        "path": f"/uploads/{row.pk}",
        "content_type": row.blob.content_type,
        "size": row.blob.size,
        "pages": row.pages,
        "expires_at": moment(row.expires_at),
    }


def status_of(case: Verification, documents: list[Document]) -> str:
    number = int(case.status)
    if number == 2 and any(int(entry.status) != 1 for entry in documents):
        return "IN_PROGRESS"
    if case.is_paused:
        return "FRAUD_DETECTED"
    return "FAILED" if number == 5 and any(entry.extraction_failed for entry in documents) else BY_NUMBER[number]


def signals_in(reasons: list[str]) -> list[str]:
    """What was noticed, of the codes for which a case is paused."""
    return [code for code in reasons if code != SUSPECTED_FRAUD]


def output_status(number: int, documents: list[Document]) -> str | None:
    if number == 4:
        return "PARTIALLY_NOT_VERIFIED" if any(int(entry.status) == 3 for entry in documents) else "NOT_VERIFIED"
    return "VERIFIED" if number == 3 else None


def overall_status(statuses: list[str]) -> str | None:
    """Of a group; None for an empty one."""
    kinds = set(statuses)
    if len(kinds) <= 1:
        return kinds.pop() if kinds else None
    if kinds <= {"COMPLETED", "FAILED", "CANCELLED", "NEED_REVIEW", "FRAUD_DETECTED"}:
        return "PARTIALLY_FAILED" if "FAILED" in kinds else "PARTIALLY_COMPLETED"
    return "IN_PROGRESS"


def verification_body(request: Request, case: Verification, documents: list[Document]) -> dict[str, Any]:
    """Needs ``flow_version``; of the documents ``images__blob``, ``corrections`` and ``extractions``."""
    asked = case.request or {}
    images = [(document, image) for document in documents for image in document.images.all()]
    runs = [row for document in documents for row in document.extractions.all()]
    urls: dict[str, list[str]] = {}
    for document, image in images:
        if document.images_redacted_at is None:
            urls.setdefault(f"{field_of(document.context)}_file", []).append(link_to(request, image.blob))
    return {
        "id": uuid_of(case.pk),
        "service": {"id": service_id(case.flow_id), "name": case.definition.name},
        "user_id": None,
        "api_key": None,
        "folder_id": uuid_of(case.folder_id) if case.folder_id else None,
        "result_id": case.group_ref or uuid_of(case.pk),
        "execution_time": sum(row.duration_ms or 0 for row in runs) / 1000,
        "status": status_of(case, documents),
        "start_date": moment(case.submitted_at),
        "end_date": moment(case.finished_at),
        "input_config": asked.get("configuration", {}),
        "input_file_url": urls,
        "output": {**_output(documents), **({"fraud_signals": signals_in(case.held_reasons)} if case.held_reasons else {})},
        "output_file_url": None,
        "output_status": output_status(int(case.status), documents),
        "external_job_id": {"ocr_job_id": list(dict.fromkeys(uuid_of(row.request) for row in runs)), "fraud_job_id": []},
        "webhook_url": case.webhook_url or None,
        "webhook_metadata": asked.get("webhook_metadata", {}),
        "export_file_url": None,
        "credit_used": 0,
        "total_files": len(images),
        "total_pages": sum(image.pages for _, image in images),
        "created_at": moment(case.created_at),
        "updated_at": moment(case.updated_at),
    }


def _output(documents: list[Document]) -> dict[str, Any]:
    read = {field_of(document.context): data for document in documents if (data := extracted_data(document))}
    output: dict[str, Any] = {"extracted_data": read} if read else {}
    photo = next((document for document in documents if document.context == "PHOTO_ID"), None)
    match = latest_comparison(photo) if photo is not None else None
    if match is None or match.get("score") is None:
        return output
    level = _LEVELS.get(str(match.get("level")), "LOW")
    score, same = float(match["score"]), bool(match.get("same"))
    return {**output, "face_match_confidence_level": level, "face_match_confidence_score": score, "is_match_face": same}
