"""What the review page shows, made from the case file: documents with pages and boxes, fields beside what was declared, checks by outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from decisions.dossier import CaseFile
from decisions.grounds import GROUNDS, Ground
from decisions.masking import Mask, is_number, masked
from decisions.models import Check, Comment, Decision, Opinion, Outcome, Override
from decisions.shown import ShownCheck, shown_checks
from documents.extracted import Value, current_values
from documents.extraction import correctable_paths
from documents.fields import fold
from documents.models import Document, DocumentStatus, Page
from documents.readers.states import state_code
from verifications.models import AuditEntry, VerificationStatus

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
    "document.attached": "Document uploaded",
    "document.replaced": "Document replaced",
    "document.approve": "Document approved",
    "document.reject": "Document rejected",
    "document.refer": "Document in doubt",
    "document.reopen": "Document reopened",
    "document.corrected": "Fields corrected",
    "document.opinion": "First opinion, waits for a second person",
    "check.overridden": "Rule result overridden",
    "check.retried": "Rule tried again",
    "protected.viewed": "Protected case opened",
    "legal_hold.placed": "Legal hold placed",
    "legal_hold.lifted": "Legal hold lifted",
    "case.claimed": "Claimed",
    "case.released": "Given back",
    "case.assigned": "Assigned",
    "case.escalated": "Escalated",
    "capture.link_made": "Link to the capture page made",
    "capture.opened": "Capture page opened",
    "capture.consented": "Consent given",
    "document.labeled": "Document labelled by the client",
    "comment.added": "Comment written",
    "image.viewed": "Image viewed",
    "number.revealed": "Number shown",
}
REASONS: tuple[tuple[str, Ground], ...] = tuple((code, ground) for code, ground in GROUNDS.items() if ground.label)
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
class OtherValue:
    """What another document of the case, or the client, says of the same field."""

    source: str
    value: str
    differs: bool


@dataclass(frozen=True, slots=True)
class FieldView:
    """``side`` and ``page`` with ``has_box`` say where it was read; a number is masked and ``is_masked``."""

    path: str
    label: str
    value: str
    reader: str
    percent: int | None
    is_low: bool
    machine_value: str | None
    correction_reason: str
    corrected_by: str
    declared: OtherValue | None
    others: list[OtherValue]
    questioned: bool
    is_masked: bool
    has_box: bool


@dataclass(frozen=True, slots=True)
class CheckView:
    """A rule's result, and the override that sets it aside, if there is one."""

    shown: ShownCheck
    facts: list[tuple[str, str]]
    override: Override | None
    can_override: bool


@dataclass(frozen=True, slots=True)
class CheckGroup:
    name: str
    label: str
    is_open: bool
    checks: list[CheckView]


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
    groups: list[CheckGroup]
    correctable: list[tuple[str, str]]
    opinion: Opinion | None
    decisions: list[Decision] = field(default_factory=list)

    @property
    def doubts(self) -> int:
        """How many results stand in the way of an approval."""
        return sum(len(group.checks) for group in self.groups if group.name in (Outcome.ERROR, Outcome.WARNING))


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
    comments: Sequence[Comment]
    can_resubmit: bool
    can_hold: bool
    is_held: bool
    reasons: tuple[tuple[str, Ground], ...] = REASONS


@dataclass(frozen=True, slots=True)
class Beside:
    """What the page needs besides the case file: ``overrides`` by check, open ``opinions`` by document, the whole ``trail``, ``comments``."""

    overrides: Mapping[str, Override]
    opinions: Mapping[str, Opinion]
    trail: Sequence[AuditEntry]
    comments: Sequence[Comment]


def beside(file: CaseFile) -> Beside:
    """Four queries."""
    case = file.verification
    overrides = Override.objects.filter(check_result__verification=case).select_related("decision")
    opinions = Opinion.objects.filter(verification=case, closed_at__isnull=True)
    return Beside(
        overrides={entry.check_result_id: entry for entry in overrides},
        opinions={entry.document_id: entry for entry in opinions},
        trail=list(AuditEntry.objects.filter(verification_ref=case.pk).order_by("number")),
        comments=list(Comment.objects.filter(verification=case).order_by("created_at", "id")),
    )


def page(file: CaseFile, also: Beside, url_of: Callable[[Page], str]) -> CaseView:
    """No further queries: everything is in the case file and what stands beside it."""
    status = file.verification.status
    values = {entry.pk: current_values(entry) for entry in (*file.documents, *file.earlier)}
    mask = Mask.of(_numbers(file, values))
    makers = [_Maker(entry, values, file, also, mask, url_of) for entry in (*file.documents, *file.earlier)]
    views = [maker.view() for maker in makers]
    return CaseView(
        case=file.verification,
        status_class=int(status),
        documents=views[: len(file.documents)],
        earlier=views[len(file.documents) :],
        history=_history(also.trail),
        comments=also.comments,
        can_resubmit=status in (VerificationStatus.REJECTED, VerificationStatus.DOUBLE_CHECK),
        can_hold=status in (VerificationStatus.SUBMITTED, VerificationStatus.DOUBLE_CHECK),
        is_held=status == VerificationStatus.HOLD,
    )


def _history(trail: Iterable[AuditEntry]) -> list[Moment]:
    """Reading and its steps are the machine's own business; views of images follow one another and are told once."""
    told: list[Moment] = []
    for entry in trail:
        what = MOMENTS.get(entry.action)
        if what and not (told and entry.action == "image.viewed" and (told[-1].what, told[-1].who) == (what, entry.actor)):
            told.append(Moment(entry.at, what, entry.actor))
    return told


def _numbers(file: CaseFile, values: Mapping[str, Mapping[str, Value]]) -> Iterable[str]:
    for found in values.values():
        for path, value in found.items():
            if is_number(path):
                yield from (value.value, value.machine_value or "")
    for document in (*file.documents, *file.earlier):
        for check in document.current_checks:  # type: ignore[attr-defined]
            yield from (str(entry["value"]) for entry in (check.evidence or {}).get("inputs") or [] if is_number(entry["path"]))


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes one document's part of the page."""

    document: Document
    values: Mapping[str, Mapping[str, Value]]
    file: CaseFile
    also: Beside
    mask: Mask
    url_of: Callable[[Page], str]

    def view(self) -> DocumentView:
        document, own = self.document, self.values[self.document.pk]
        is_live = document.superseded_at is None
        in_review = document.verification.status in (VerificationStatus.DOUBLE_CHECK, VerificationStatus.SUBMITTED)
        is_open = in_review and is_live and document.status in (DocumentStatus.DOUBLE_CHECK, DocumentStatus.EXTRACTED)
        return DocumentView(
            id=document.pk,
            title=document.type.name,
            country=document.country,
            context=document.get_context_display(),
            status=int(document.status),
            status_label=document.get_status_display(),
            is_open=is_open,
            is_decided=document.status in (DocumentStatus.APPROVED, DocumentStatus.REJECTED) and is_live,
            pages=_pages(document, own, self.url_of),
            fields=[self._field(path, value) for path, value in sorted(own.items(), key=_field_order)],
            groups=self._groups(is_open),
            correctable=[(path, label_of(path)) for path in correctable_paths(document)],
            opinion=self.also.opinions.get(document.pk) if is_live else None,
            decisions=list(document.decisions.all()),
        )

    def _field(self, path: str, value: Value) -> FieldView:
        hidden = is_number(path)
        show = masked if hidden else str
        return FieldView(
            path=path,
            label=label_of(path),
            value=show(value.value),
            reader="a person" if value.corrected_by else value.reader,
            percent=round(value.confidence * 100) if value.confidence is not None and not value.corrected_by else None,
            is_low=(value.confidence or 0) < LOW_CONFIDENCE,
            machine_value=None if value.machine_value is None else show(value.machine_value),
            correction_reason=value.reason or "",
            corrected_by=value.corrected_by or "",
            declared=self._declared(path, value),
            others=[] if hidden else list(self._others(path, value)),
            questioned=path in _questioned(self.document),
            is_masked=hidden and bool(value.value),
            has_box=value.box is not None,
        )

    def _declared(self, path: str, value: Value) -> OtherValue | None:
        part, name = DECLARED.get(path, ("", ""))
        parts = (self.file.verification.expected or {}).get(part) or {}
        said = " ".join(str(parts[key]) for key in (name, "street2" if name == "street" else "") if parts.get(key))
        return OtherValue("Declared", said, not alike(path, said, value.value)) if said else None

    def _others(self, path: str, value: Value) -> Iterable[OtherValue]:
        for other in self.file.documents:
            found = self.values[other.pk].get(path)
            if other.pk != self.document.pk and found is not None and found.value and self.document.superseded_at is None:
                yield OtherValue(other.get_context_display(), found.value, not alike(path, found.value, value.value))

    def _groups(self, is_open: bool) -> list[CheckGroup]:
        """By outcome, worst first; what a person set aside has a group of its own."""
        views = [self._check(check, is_open) for check in shown_checks(self.document.current_checks)]  # type: ignore[attr-defined]
        found = [
            CheckGroup(outcome.value, outcome.label, outcome in (Outcome.ERROR, Outcome.WARNING), members)
            for outcome in Outcome
            if (members := [view for view in views if view.shown.outcome == outcome and view.override is None])
        ]
        aside = [view for view in views if view.override is not None]
        return [*found, CheckGroup("overridden", "Overridden", True, aside)] if aside else found

    def _check(self, check: ShownCheck, is_open: bool) -> CheckView:
        aside = self.also.overrides.get(check.id)
        inputs = tuple(replace(entry, value=masked(entry.value) if is_number(entry.path) else self.mask.text(entry.value)) for entry in check.inputs)
        return CheckView(
            shown=replace(check, inputs=inputs, message=self.mask.text(check.message)),
            facts=[(name, self.mask.text(text)) for name, text in check.facts],
            override=aside,
            can_override=is_open and aside is None and check.outcome in (Outcome.ERROR, Outcome.WARNING),
        )


def _pages(document: Document, values: Mapping[str, Value], url_of: Callable[[Page], str]) -> list[PageView]:
    return [
        PageView(image.side, page.number, url_of(page), page.width, page.height, _boxes(image.side, page.number, values))
        for image in sorted(document.images.all(), key=lambda entry: entry.side == "back")
        for page in image.page_images.all()
    ]


def _boxes(side: str, number: int, values: Mapping[str, Value]) -> list[Box]:
    placed = [(path, value) for path, value in values.items() if value.box and value.side == side and (value.page or 1) == number]
    return [Box(path, label_of(path), *value.box) for path, value in placed if value.box]


def _questioned(document: Document) -> set[str]:
    """Paths whose values a rule did not like."""
    checks: list[Check] = document.current_checks  # type: ignore[attr-defined]
    doubted = [check for check in checks if check.outcome in (Outcome.ERROR, Outcome.WARNING)]
    return {entry["path"] for check in doubted for entry in (check.evidence or {}).get("inputs") or []}


def alike(path: str, one: str, other: str) -> bool:
    """The same state by code or name, else the same words in whatever order, capitals, accents and punctuation apart. A help for the eye; the rules
    compare in their own ways."""
    if path == "address.state" and state_code(one):
        return state_code(one) == state_code(other)
    return sorted(re.findall(r"\w+", fold(one))) == sorted(re.findall(r"\w+", fold(other)))


def label_of(path: str) -> str:
    return LABELS.get(path) or path.rpartition(".")[2].replace("_", " ").capitalize()


def _field_order(entry: tuple[str, Value]) -> tuple[int, str]:
    group = entry[0].partition(".")[0]
    return ({"person": 0, "document": 1, "address": 2}.get(group, 3), entry[0])
