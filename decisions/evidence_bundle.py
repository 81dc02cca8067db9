"""One verification as evidence: images, what was read, decided and changed, and the record, in a signed bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from decisions import forms
from decisions.bundles import Bundle, bundle
from decisions.dossier import CaseFile, get_case
from decisions.shown import shown_check
from documents import storage
from documents.extracted import current_values
from documents.models import Document
from flows.errors import Refused
from verifications import audit
from verifications.models import AuditEntry, Verification
from verifications.services import Caller

SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic", "image/tiff": "tiff", "application/pdf": "pdf"}


@contextmanager
def evidence_bundle(*, caller: Caller, flow: str, verification_id: str) -> Iterator[Path]:
    """The path of a temporary file, as long as the block lasts. Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted."""
    case = get_case(caller=caller, flow=flow, verification_id=verification_id)
    if case.verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="evidence.exported", subject=verification_id, verification=verification_id
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{verification_id}.zip")
        with bundle(path, {"kind": "evidence", "verification": verification_id, "flow": flow}) as made:
            add_case(made, case, "")
            made.add_json("history.json", [_entry(row) for row in trail(case.verification)])
        yield path


def add_case(made: Bundle, case: CaseFile, prefix: str) -> None:
    """The files of one verification, under ``prefix``."""
    made.add_json(f"{prefix}verification.json", _verification(case.verification))
    made.add_json(f"{prefix}documents.json", [_document(entry) for entry in (*case.documents, *case.earlier)])
    made.add_json(f"{prefix}decisions.json", [_decision(entry) for entry in case.decisions])
    made.add_json(f"{prefix}checks.json", [asdict(shown_check(entry)) | {"created_at": entry.created_at.isoformat()} for entry in case.checks])
    for document in (*case.documents, *case.earlier):
        add_images(made, document, f"{prefix}images/")
    if set(forms.ROLES) <= set(case.verification.definition.contexts):
        filled = forms.fill(case)
        made.add_json(f"{prefix}form.json", form_facts(filled))
        made.add(f"{prefix}form.pdf", forms.compose_pdf(filled))


def add_images(made: Bundle, document: Document, folder: str) -> None:
    """The images as they were uploaded; those that were deleted are in the JSON with their hashes."""
    if document.images_redacted_at is None:
        for image in document.images.all():
            made.add(f"{folder}{document.pk}-{image.side}.{SUFFIXES.get(image.content_type, 'bin')}", storage.read(image.blob))


def form_facts(filled: forms.FilledForm) -> dict[str, Any]:
    form = filled.form
    return {
        "identity_documents_verified": form.documents_verified,
        "form_complete": form.complete,
        "missing": [entry.box.key for entry in form.missing],
        "problems": list(form.problems),
        "boxes": {entry.box.key: {"box": entry.box.number, "value": entry.value, "source": entry.source} for entry in form.entries},
    }


def trail(verification: Verification) -> list[AuditEntry]:
    """Everything the audit trail holds of a case, oldest first."""
    return list(AuditEntry.objects.filter(verification_ref=verification.pk).order_by("number"))


def _entry(row: AuditEntry) -> dict[str, Any]:
    names = ("number", "actor", "action", "subject", "data", "previous", "hash")
    return {"at": row.at.isoformat(), **{name: getattr(row, name) for name in names}}


def _verification(row: Verification) -> dict[str, Any]:
    stamps = {name: moment.isoformat() if (moment := getattr(row, name)) else None for name in ("created_at", "submitted_at", "finished_at")}
    return {
        "id": row.pk, "flow": row.flow_id, "flow_version": row.flow_version.number, "flow_definition": row.flow_version.document,
        "status": row.get_status_display(), "external_ref": row.external_ref, "expected_data": row.expected or {}, "attempt": row.attempt, **stamps,
    }  # fmt: skip


def _document(row: Document) -> dict[str, Any]:
    return {
        "id": row.pk, "type": row.type.name, "context": row.context, "country": row.country, "status": row.get_status_display(),
        "images": [{"side": image.side, "sha256": image.sha256, "width": image.width, "height": image.height} for image in row.images.all()],
        "fields": {path: {**asdict(value), "corrected_at": value.corrected_at and value.corrected_at.isoformat()}
                   for path, value in current_values(row).items()},
        "extractions": [{"id": run.pk, "kind": run.kind, "engine": run.engine, "engine_version": run.engine_version, "result": run.result}
                        for run in row.extractions.all()],
    }  # fmt: skip


def _decision(row: Any) -> dict[str, Any]:
    names = ("document_id", "status", "workflow", "reasons", "decided_by", "note")
    return {"id": row.pk, "at": row.created_at.isoformat(), **{name: getattr(row, name) for name in names}}
