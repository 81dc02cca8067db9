"""What the review page shows, made from the case file: documents with pages and boxes, fields beside what was declared, checks by outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from decisions.dossier import CaseFile
from decisions.grounds import GROUNDS
from decisions.models import Check, Decision, Outcome
from decisions.shown import ShownCheck, shown_checks
from documents.extracted import Value, current_values
from documents.models import Document, DocumentStatus, Page
from verifications.models import VerificationStatus

DECLARED = {
    "person.surname": ("person", "last_name"),
    "person.given_names": ("person", "first_name"),
    "person.date_of_birth": ("person", "date_of_birth"),
    "address.street": ("address", "street"),
    "address.city": ("address", "city"),
    "address.state": ("address", "state"),
    "address.zip": ("address", "postal_code"),
}
LABELS = {
    "address.full": "Whole address",
    "address.zip": "ZIP",
    "address.country": "Address country",
    "document.number": "Document number",
    "document.country_code": "Issuing country",
    "document.issue_date": "Issued",
    "document.expiration_date": "Expires",
    "document.issuing_entity": "Issued by",
    "statement.date": "Statement date",
    "statement.issuer": "Statement from",
}
MOMENTS = {
    "verification.created": "Started",
    "verification.submit": "Submitted",
    "verification.approve": "Approved",
    "verification.reject": "Rejected",
    "verification.refer": "Sent to Double check",
    "verification.reopen": "Reopened",
    "verification.restart": "Documents asked for again",
    "verification.resubmission": "Documents named",
    "verification.hold": "Put on hold",
    "verification.resume": "Resumed",
    "verification.expire": "Expired",
    "verification.cancel": "Canceled",
    "verification.amended": "Changed by the client",
}
REASONS = tuple((code, ground.label) for code, ground in GROUNDS.items() if ground.label)
LOW_CONFIDENCE = 0.85


@dataclass(frozen=True, slots=True)
class Box:
    path: str
    label: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PageView:
    side: str
    number: int
    url: str
    width: int
    height: int
    boxes: list[Box]


@dataclass(frozen=True, slots=True)
class FieldView:
    path: str
    label: str
    value: str
    reader: str
    percent: int | None
    is_low: bool
    machine_value: str | None
    declared: str
    questioned: bool


@dataclass(frozen=True, slots=True)
class DocumentView:
    id: str
    title: str
    country: str
    context: str
    status: int
    status_label: str
    is_open: bool
    is_decided: bool
    pages: list[PageView]
    fields: list[FieldView]
    checks: Mapping[str, list[ShownCheck]]
    decisions: list[Decision] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class CaseView:
    case: Any
    status_class: int
    documents: list[DocumentView]
    earlier: list[DocumentView]
    history: list[Moment]
    can_resubmit: bool
    reasons: tuple[tuple[str, str], ...] = REASONS


def page(file: CaseFile, url_of: Callable[[Page], str]) -> CaseView:
    """No further queries: everything is in the case file."""
    expected = file.verification.expected or {}
    return CaseView(
        case=file.verification,
        status_class=int(file.verification.status),
        documents=[_document(entry, expected, url_of) for entry in file.documents],
        earlier=[_document(entry, expected, url_of) for entry in file.earlier],
        history=[Moment(entry.at, MOMENTS.get(entry.action, entry.action), entry.actor) for entry in file.history],
        can_resubmit=file.verification.status in (VerificationStatus.REJECTED, VerificationStatus.DOUBLE_CHECK),
    )


def _document(document: Document, expected: Mapping[str, Any], url_of: Callable[[Page], str]) -> DocumentView:
    values, questioned = current_values(document), _questioned(document)
    in_review = document.verification.status in (VerificationStatus.DOUBLE_CHECK, VerificationStatus.SUBMITTED)
    return DocumentView(
        id=document.pk,
        title=document.type.name,
        country=document.country,
        context=document.get_context_display(),
        status=int(document.status),
        status_label=document.get_status_display(),
        is_open=in_review and document.status in (DocumentStatus.DOUBLE_CHECK, DocumentStatus.EXTRACTED) and document.superseded_at is None,
        is_decided=document.status in (DocumentStatus.APPROVED, DocumentStatus.REJECTED) and document.superseded_at is None,
        pages=_pages(document, values, url_of),
        fields=[_field(path, value, expected, path in questioned) for path, value in sorted(values.items(), key=_field_order)],
        checks=_by_outcome(document),
        decisions=list(document.decisions.all()),
    )


def _pages(document: Document, values: Mapping[str, Value], url_of: Callable[[Page], str]) -> list[PageView]:
    return [
        PageView(image.side, page.number, url_of(page), page.width, page.height, _boxes(image.side, page.number, values))
        for image in sorted(document.images.all(), key=lambda entry: entry.side == "back")
        for page in image.page_images.all()
    ]


def _boxes(side: str, number: int, values: Mapping[str, Value]) -> list[Box]:
    placed = [(path, value) for path, value in values.items() if value.box and value.side == side and (value.page or 1) == number]
    return [Box(path, _label(path), *value.box) for path, value in placed if value.box]


def _questioned(document: Document) -> set[str]:
    """Paths whose values a rule did not like."""
    checks: list[Check] = document.current_checks  # type: ignore[attr-defined]
    doubted = [check for check in checks if check.outcome in (Outcome.ERROR, Outcome.WARNING)]
    return {entry["path"] for check in doubted for entry in (check.evidence or {}).get("inputs") or []}


def _field(path: str, value: Value, expected: Mapping[str, Any], questioned: bool) -> FieldView:
    part, name = DECLARED.get(path, ("", ""))
    return FieldView(
        path=path,
        label=_label(path),
        value=value.value,
        reader="corrected by hand" if value.corrected_by else value.reader,
        percent=round(value.confidence * 100) if value.confidence is not None else None,
        is_low=(value.confidence or 0) < LOW_CONFIDENCE,
        machine_value=value.machine_value,
        declared=str((expected.get(part) or {}).get(name) or ""),
        questioned=questioned,
    )


def _label(path: str) -> str:
    return LABELS.get(path) or path.rpartition(".")[2].replace("_", " ").capitalize()


def _field_order(entry: tuple[str, Value]) -> tuple[int, str]:
    group = entry[0].partition(".")[0]
    return ({"person": 0, "document": 1, "address": 2}.get(group, 3), entry[0])


def _by_outcome(document: Document) -> dict[str, list[ShownCheck]]:
    """By the outcome's label, worst first."""
    checks = shown_checks(document.current_checks)  # type: ignore[attr-defined]
    return {outcome.label: found for outcome in Outcome if (found := [check for check in checks if check.outcome == outcome])}
