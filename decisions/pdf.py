"""The record as a PDF: of one document, or of a whole verification. Plain values in, bytes out; the same values give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from decisions.sheet import AMBER, GREEN, GREY, INK, RED, Cell, Picture, Sheet

FOOTER = "Identity documents verified. This is not a completed PS Form 1583."
STATEMENT = (
    "This record shows the identity documents that were presented, what was read from them, and how they were judged. It does not replace the "
    "signature before an authorized employee of the mail receiving agency or a notary public that a PS Form 1583 needs (DMM 508.1.8.3)."
)
_COLOURS = {"approved": GREEN, "rejected": RED, "double check": AMBER, "pass": GREEN, "error": RED, "warning": AMBER}
_GROUPS = (("error", "Not passed"), ("warning", "For a person to look at"), ("pass", "Passed"), ("not_applicable", "Not applicable or not assessed"))
_READERS = {
    "mrz": "Machine readable zone",
    "barcode": "Bar code",
    "ocr": "Printed text",
    "face": "Face",
    "person": "Corrected by a reviewer",
    "declared": "Declared",
}


@dataclass(frozen=True, slots=True)
class RecordImage:
    """One upright image: ``data`` JPEG or PNG (empty where it is no longer kept), size in pixels, ``sha256`` of the stored image."""

    label: str
    data: bytes
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordField:
    """``reader`` as in ``documents.fields`` (or ``person``); ``place`` says where on the document, such as ``front, page 1``."""

    label: str
    value: str
    confidence: float | None = None
    reader: str = ""
    place: str = ""
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """One rule's result: ``title`` is the rule's claim, ``outcome`` pass, warning, error or not_applicable, ``evidence`` what it rests on, a line
    each: values with their sources, what they were compared as, thresholds, the rule's version."""

    rule: str
    title: str
    outcome: str
    message: str
    reason_code: str = ""
    help: str = ""
    evidence: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RecordDecision:
    """``workflow`` Automatic or Manual; ``decided_by`` empty for automatic; ``subject`` what was decided upon."""

    status: str
    workflow: str
    at: datetime | None
    reasons: Sequence[str] = ()
    decided_by: str = ""
    note: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class RecordDocument:
    id: str
    context: str
    type_name: str
    country: str
    status: str
    uploaded_at: datetime | None = None
    images: Sequence[RecordImage] = ()
    fields: Sequence[RecordField] = ()
    checks: Sequence[RecordCheck] = ()
    decisions: Sequence[RecordDecision] = ()


@dataclass(frozen=True, slots=True)
class VerificationRecord:
    """``checks`` are those that compare documents; ``decisions`` all of them, oldest first. ``audit_head`` is the link of the
    audit chain that the record stands on: number and hash of the newest move. Times are shown in UTC."""

    id: str
    workspace: str
    flow_name: str
    flow_version: str
    status: str
    environment: str = ""
    external_ref: str = ""
    attempts: int = 1
    created_at: datetime | None = None
    submitted_at: datetime | None = None
    finished_at: datetime | None = None
    documents: Sequence[RecordDocument] = ()
    checks: Sequence[RecordCheck] = ()
    decisions: Sequence[RecordDecision] = ()
    statement: str = STATEMENT
    audit_head: str = ""


def render_verification(record: VerificationRecord) -> bytes:
    """The whole case: summary, every document with images, data and checks, checks between documents, decisions."""
    sheet = Sheet(title=f"Verification record {record.id}", left=record.workspace, right=record.id, footer=FOOTER)
    sheet.title("Verification record", record.flow_name)
    sheet.badge(record.status, _colour(record.status))
    _summary(sheet, record)
    sheet.paragraph(record.statement, colour=GREY, size=7.6)
    _contents(sheet, record.documents)
    if record.checks:
        sheet.heading("Checks between documents", note=_tally(record.checks))
        _checks(sheet, record.checks)
    if record.decisions:
        sheet.heading("Decisions")
        _decisions(sheet, record.decisions)
    for number, document in enumerate(record.documents, 1):
        sheet.turn_page()
        _document(sheet, document, f"{number}. {_named(document)}")
    return sheet.finish()


def render_document(document: RecordDocument, record: VerificationRecord) -> bytes:
    """One document of ``record``."""
    sheet = Sheet(title=f"Document record {document.id}", left=record.workspace, right=document.id, footer=FOOTER)
    sheet.title("Document record", _named(document))
    sheet.badge(document.status, _colour(document.status))
    sheet.pairs(
        [
            ("Verification", record.id),
            ("Flow", f"{record.flow_name}, version {record.flow_version}"),
            ("Reference", record.external_ref),
            ("Audit trail", record.audit_head),
        ]
    )
    sheet.paragraph(record.statement, colour=GREY, size=7.6)
    _document(sheet, document, _named(document))
    if document.decisions:
        sheet.subheading("Decisions")
        _decisions(sheet, document.decisions)
    return sheet.finish()


def _named(document: RecordDocument) -> str:
    return document.type_name if document.type_name == document.context else f"{document.context}: {document.type_name}"


def _summary(sheet: Sheet, record: VerificationRecord) -> None:
    sheet.pairs(
        [
            ("Verification", record.id),
            ("Status", record.status),
            ("Flow", f"{record.flow_name}, version {record.flow_version}"),
            ("Workspace", record.workspace),
            ("Reference", record.external_ref),
            ("Environment", record.environment),
            ("Created", time_shown(record.created_at)),
            ("Attempts", str(record.attempts)),
            ("Submitted", time_shown(record.submitted_at)),
            ("Finished", time_shown(record.finished_at)),
            ("Audit trail", record.audit_head),
        ]
    )


def _contents(sheet: Sheet, documents: Sequence[RecordDocument]) -> None:
    """The documents in one table, before each has its own page."""
    if not documents:
        return
    sheet.heading("Documents presented")
    sheet.table((90, 138, 122, 86, 68), ("CONTEXT", "TYPE", "COUNTRY", "CHECKS", "STATUS"), [_presented(entry) for entry in documents])


def _presented(entry: RecordDocument) -> tuple[Cell, ...]:
    status = Cell(entry.status, bold=True, colour=_colour(entry.status))
    return Cell(entry.context), Cell(entry.type_name, bold=True), Cell(entry.country), Cell(_tally(entry.checks), colour=GREY), status


def _document(sheet: Sheet, document: RecordDocument, heading: str) -> None:
    sheet.heading(heading, note=document.status, colour=_colour(document.status))
    sheet.pairs(
        [
            ("Document", document.id),
            ("Country", document.country),
            ("Uploaded", time_shown(document.uploaded_at)),
            ("Checks", _tally(document.checks)),
        ]
    )
    if document.images:
        sheet.subheading("Images")
        sheet.pictures([picture(image) for image in document.images])
    if document.fields:
        sheet.subheading("Data read")
        _fields(sheet, document.fields)
    if document.checks:
        sheet.subheading("Checks", keep=70)
        _checks(sheet, document.checks)


def picture(image: RecordImage) -> Picture:
    """As the sheet shows it, with size and hash."""
    return Picture(
        image.data, image.width, image.height, (f"{image.label}, {image.width} x {image.height} px. SHA-256:", image.sha256[:32], image.sha256[32:])
    )


def _fields(sheet: Sheet, fields: Sequence[RecordField]) -> None:
    sheet.table((120, 196, 126, 62), ("FIELD", "VALUE", "READ FROM", "CONFIDENCE"), [_field(entry) for entry in fields])


def _field(entry: RecordField) -> tuple[Cell, ...]:
    source = (
        "Corrected by a reviewer" if entry.corrected else ", ".join(part for part in (_READERS.get(entry.reader, entry.reader), entry.place) if part)
    )
    shown = "" if entry.confidence is None else f"{entry.confidence * 100:.0f} %"
    return (
        Cell(entry.label, colour=GREY),
        Cell(entry.value or "not read", bold=bool(entry.value), colour=INK if entry.value else GREY),
        Cell(source, colour=GREY),
        Cell(shown),
    )


def _checks(sheet: Sheet, checks: Sequence[RecordCheck]) -> None:
    """Grouped by outcome, worst first; each beside what it rests on."""
    for outcome, label in _GROUPS:
        found = [entry for entry in checks if entry.outcome == outcome]
        if found:
            sheet.band(f"{label} ({len(found)})", _COLOURS.get(outcome, GREY))
        sheet.rows((190, 314), [(Cell(entry.title, size=7.6), Cell(_told(entry), colour=GREY, size=7.0)) for entry in found])


def _told(entry: RecordCheck) -> str:
    """The sentence with its code, which does not repeat the claim, what helps, and the evidence."""
    detail = "" if entry.message == entry.title else entry.message
    said = " ".join(part for part in (detail, f"({entry.reason_code})" if entry.reason_code else "", entry.help) if part)
    return " · ".join(part for part in (said, *entry.evidence) if part)


def _decisions(sheet: Sheet, decisions: Sequence[RecordDecision]) -> None:
    sheet.table((122, 94, 76, 212), ("TIME", "ON", "DECISION", "BY, REASONS, NOTE"), [_decision(entry) for entry in decisions])


def _decision(entry: RecordDecision) -> tuple[Cell, ...]:
    status = Cell(entry.status, bold=True, colour=_colour(entry.status))
    return Cell(time_shown(entry.at), colour=GREY), Cell(entry.subject or "Document"), status, Cell(_grounds(entry))


def _grounds(entry: RecordDecision) -> str:
    by = f"{entry.workflow}, {entry.decided_by}" if entry.decided_by else entry.workflow
    return ". ".join(part.rstrip(".") for part in (by, ", ".join(entry.reasons), entry.note) if part)


def _tally(checks: Sequence[RecordCheck]) -> str:
    judged = [entry for entry in checks if entry.outcome != "not_applicable"]
    return f"{sum(entry.outcome == 'pass' for entry in judged)} of {len(judged)} passed" if judged else ""


def _colour(status: str) -> str:
    return _COLOURS.get(status.lower(), GREY)


def time_shown(moment: datetime | None) -> str:
    """In UTC; '' for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""
