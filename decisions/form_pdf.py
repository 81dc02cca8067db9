"""The form record as a PDF, in the form's order: every box, the source of its value, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from decisions.form1583 import RECIPIENTS, SECTIONS, SEPARATOR, Entry, Form
from decisions.pdf import RecordImage, VerificationRecord, picture, time_shown
from decisions.sheet import AMBER, GREEN, GREY, INK, RED, Cell, Sheet

FOOTER = "A record of the data of PS Form 1583. This is not the USPS form."
STATEMENT = (
    "This record holds the data of a PS Form 1583 in the form's order. Two statements are made apart: whether the identity documents were verified, "
    "and whether the form is complete, which also takes the applicant's signature before an authorized witness (DMM 508.1.8.3)."
)
_WIDTHS = (28.0, 128.0, 176.0, 172.0)
# A part that is no longer than this, in points, is not broken over two pages.
_WHOLE = 330.0


def render_form(form: Form, record: VerificationRecord, documents: Sequence[tuple[str, Sequence[RecordImage]]]) -> bytes:
    """``documents`` are the identity documents' names with their images. The same values give the same bytes."""
    sheet = Sheet(title=f"Form 1583 record {record.id}", left=record.workspace, right=record.id, footer=FOOTER)
    sheet.title("PS Form 1583 record", record.flow_name)
    _statements(sheet, form, record)
    _missing(sheet, form)
    for number, title in SECTIONS:
        entries = [entry for entry in form.entries if entry.box.number.rstrip("abcdefghijk") == number]
        if any(entry.value or entry.missing for entry in entries):
            rows = [row for entry in entries for row in _rows(entry)]
            height = sheet.height_of(_WIDTHS, rows)
            sheet.heading(f"{number}. {title}", keep=height if height <= _WHOLE else sheet.height_of(_WIDTHS, rows[:1]))
            sheet.table(_WIDTHS, ("BOX", "ITEM", "VALUE", "SOURCE"), rows)
        else:
            sheet.heading(f"{number}. {title}", note="not used", keep=0)
    for name, images in documents:
        sheet.turn_page()
        sheet.heading(name)
        sheet.pictures([picture(image) for image in images])
    return sheet.finish()


def _statements(sheet: Sheet, form: Form, record: VerificationRecord) -> None:
    sheet.pairs(
        [
            ("Verification", record.id),
            ("Reference", record.external_ref),
            ("Decided", time_shown(record.finished_at)),
            ("Audit trail", record.audit_head),
        ]
    )
    sheet.gap(4)
    sheet.band(
        "Identity documents verified" if form.documents_verified else "Identity documents not verified",
        GREEN if form.documents_verified else RED,
        keep=0,
    )
    sheet.band("Form complete" if form.complete else "Form not complete", GREEN if form.complete else AMBER, keep=0)
    sheet.paragraph(STATEMENT, colour=GREY, size=7.6)


def _missing(sheet: Sheet, form: Form) -> None:
    if not form.missing and not form.problems:
        return
    sheet.heading("Still missing", note=str(len(form.missing) + len(form.problems)), colour=RED)
    sheet.columns([f"{entry.box.number}  {entry.box.label} ({entry.box.key})" for entry in form.missing])
    sheet.columns([f"Not acceptable: {key}" for key in form.problems])


def _rows(entry: Entry) -> list[tuple[Cell, ...]]:
    """One, or one for each of the additional recipients."""
    first, *others = [replace(entry, value=value) for value in entry.value.split(SEPARATOR)] if entry.box.key == RECIPIENTS else [entry]
    return [_row(first), *[(Cell(""), Cell(""), *_row(other)[2:]) for other in others]]


def _row(entry: Entry) -> tuple[Cell, ...]:
    value = (
        Cell("MISSING", bold=True, colour=RED)
        if entry.missing
        else Cell(entry.value or "–", bold=bool(entry.value), colour=INK if entry.value else GREY)
    )
    return Cell(entry.box.number, bold=True), Cell(entry.box.label, colour=GREY), value, Cell(entry.source, colour=GREY, size=7.2)
