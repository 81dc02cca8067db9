"""Case file to PDF: the read model in the renderer's words. ReportLab takes a third of a second to import, so it comes with the first record."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from decisions.dossier import CaseFile
from decisions.models import Decision
from decisions.shown import ShownCheck, shown_checks
from documents import storage
from documents.extracted import Value, current_values
from documents.models import Document, Image, Page
from flows.countries import COUNTRIES

if TYPE_CHECKING:
    from decisions.pdf import RecordCheck, RecordDecision, RecordDocument, RecordField, RecordImage, VerificationRecord


def _pdf() -> Any:
    return importlib.import_module("decisions.pdf")


def verification_pdf(case: CaseFile) -> bytes:
    """The record of the whole verification."""
    data: bytes = _pdf().render_verification(_record(case))
    return data


def document_pdf(case: CaseFile, document: Document) -> bytes:
    """The record of one of its documents."""
    found = next(entry for entry in [*case.documents, *case.earlier] if entry.pk == document.pk)
    data: bytes = _pdf().render_document(_document(found), _record(case, documents=False))
    return data


def _record(case: CaseFile, *, documents: bool = True) -> VerificationRecord:
    verification = case.verification
    record: VerificationRecord = _pdf().VerificationRecord(
        id=verification.pk,
        workspace=verification.workspace.name,
        flow_name=verification.definition.name,
        flow_version=str(verification.flow_version.number),
        status=verification.get_status_display(),
        environment=verification.environment,
        external_ref=verification.external_ref,
        attempts=verification.attempt,
        created_at=verification.created_at,
        submitted_at=verification.submitted_at,
        finished_at=verification.finished_at,
        documents=[_document(entry) for entry in case.documents] if documents else [],
        checks=[_check(entry) for entry in _between_documents(case)],
        decisions=[_decision(entry, case) for entry in reversed(case.decisions)],
        audit_head=_audit_head(case),
    )
    return record


def heading(case: CaseFile) -> VerificationRecord:
    """The case without its documents."""
    return _record(case, documents=False)


def _audit_head(case: CaseFile) -> str:
    """The newest move of the case as the chain has it; later entries, such as that of an export, are not what the record is about."""
    moves = [entry for entry in case.history if '"to":' in entry.data]
    return f"#{moves[-1].number} {moves[-1].hash}" if moves else ""


def _between_documents(case: CaseFile) -> Sequence[ShownCheck]:
    """Each rule that compares documents once, by its worst result: every document it looks at has one of its own."""
    found: dict[str, ShownCheck] = {}
    for check in shown_checks(case.checks):
        if check.cross_document:
            found.setdefault(check.rule, check)
    return list(found.values())


def _document(document: Document) -> RecordDocument:
    country = COUNTRIES.get(document.country)
    checks = shown_checks(document.current_checks)  # type: ignore[attr-defined]
    record: RecordDocument = _pdf().RecordDocument(
        id=document.pk,
        context=document.get_context_display(),
        type_name=document.type.name,
        country=country.name if country else document.country,
        status=document.get_status_display(),
        uploaded_at=document.created_at,
        images=images(document),
        fields=[_field(path, value) for path, value in sorted(current_values(document).items(), key=_by_group)],
        checks=[_check(entry) for entry in checks],
        decisions=[_decision(entry, None) for entry in reversed(document.decisions.all())],
    )
    return record


def images(document: Document) -> list[RecordImage]:
    """Upright pages; of images that were deleted the size and the hash."""
    if document.images_redacted_at is not None:
        return [_pdf().RecordImage(image.get_side_display(), b"", image.width, image.height, image.sha256) for image in _front_first(document)]
    return [_image(image, page) for image in _front_first(document) for page in image.page_images.all()]


def _front_first(document: Document) -> list[Image]:
    return sorted(document.images.all(), key=lambda image: image.side == "back")


def _image(image: Image, page: Page) -> RecordImage:
    label = image.get_side_display() + (f", page {page.number}" if image.pages > 1 else "")
    record: RecordImage = _pdf().RecordImage(label, storage.read(page.blob), page.width, page.height, image.sha256)
    return record


def _field(path: str, value: Value) -> RecordField:
    label = path.rpartition(".")[2].replace("_", " ").capitalize()
    place = f"{value.side}, page {value.page}" if value.page else value.side
    record: RecordField = _pdf().RecordField(
        f"{path.partition('.')[0].capitalize()}: {label.lower()}", value.value, value.confidence, value.reader, place, value.corrected_by is not None
    )
    return record


def _by_group(entry: tuple[str, Value]) -> tuple[int, str]:
    return ({"person": 0, "document": 1, "address": 2}.get(entry[0].partition(".")[0], 3), entry[0])


def _check(check: ShownCheck) -> RecordCheck:
    lines = [f"{entry.label}: {entry.value} ({entry.source})" for entry in check.inputs]
    if check.outcome != "not_applicable":
        lines += [f"{name}: {text}" for name, text in check.facts] + [f"{check.reference} version {check.rule_version}"]
    record: RecordCheck = _pdf().RecordCheck(check.rule, check.title, check.outcome, check.message, check.reason_code, check.help, lines)
    return record


def _decision(decision: Decision, case: CaseFile | None) -> RecordDecision:
    subject = next((entry.get_context_display() for entry in case.documents if entry.pk == decision.document_id), "") if case else ""
    record: RecordDecision = _pdf().RecordDecision(
        decision.get_status_display(), decision.workflow, decision.created_at, decision.reasons, decision.decided_by, decision.note or "", subject
    )
    return record
