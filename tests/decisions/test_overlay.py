"""The overlay on a blank form: text where the layout says, nothing where there is no value, the blank unchanged below it."""

from __future__ import annotations

import base64
import io
from io import StringIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.core.management import CommandError, call_command
from reportlab.pdfgen.canvas import Canvas

from decisions.overlay import InvalidLayout, grid, lay_over, parse_layout, watermark
from factories import Person, start

LAYOUT = {
    "applicant.name.last": {"page": 1, "x": 60, "y": 610, "width": 60},
    "photo_id.checkbox=Passport": {"page": 2, "x": 44, "y": 402},
    "photo_id.checkbox=Lease": {"page": 2, "x": 44, "y": 300},
    "business.name": {"page": 1, "x": 60, "y": 100},
}
VALUES = {"applicant.name.last": "Wolfeschlegelsteinhausen", "photo_id.checkbox": "Passport"}


@pytest.fixture(scope="module")
def blank() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(612, 792))
    for number in (1, 2):
        canvas.drawString(50, 700, f"Printed {number}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def text(data: bytes, page: int, *area: float) -> str:
    found = pypdfium2.PdfDocument(data)[page].get_textpage()
    return str(found.get_text_bounded(*area) if area else found.get_text_range()).strip()


def test_values_stand_where_the_layout_says(blank: bytes) -> None:
    made = lay_over(blank, parse_layout(LAYOUT), VALUES)
    assert text(made, 0, 58, 605, 125, 622) == "Wolfeschlegelsteinhausen"
    assert text(made, 1, 40, 398, 60, 412) == "X"
    assert (text(made, 1, 40, 296, 60, 312), text(made, 0, 40, 90, 600, 115)) == ("", "")
    assert ("Printed 1" in text(made, 0), "Printed 2" in text(made, 1)) == (True, True)


@pytest.mark.parametrize(
    "raw", [None, {}, [], {"a": {}}, {"a": {"page": 1, "x": 1}}, {"a": {"page": 0, "x": 1, "y": 1}}, {"a": {"page": 1, "x": "1", "y": 1}},
            {"a": {"page": 1, "x": 1, "y": 1, "colour": 1}}, {"a": {"page": True, "x": 1, "y": 1}}],
)  # fmt: skip
def test_a_layout_that_cannot_be_used_is_refused(raw: Any) -> None:
    with pytest.raises(InvalidLayout, match="expected"):
        parse_layout(raw)


def test_a_page_that_is_not_there_is_told(blank: bytes) -> None:
    with pytest.raises(InvalidLayout, match="a: the blank has 2 pages"):
        lay_over(blank, parse_layout({"a": {"page": 3, "x": 1, "y": 1}}), {"a": "x"})


def test_the_grid_and_the_mark_are_on_every_page(blank: bytes, tmp_path: Path) -> None:
    (tmp_path / "blank.pdf").write_bytes(blank)
    call_command("form_grid", str(tmp_path / "blank.pdf"), str(tmp_path / "grid.pdf"), stdout=StringIO())
    for made, words in (
        (grid(blank), "80,400"),
        ((tmp_path / "grid.pdf").read_bytes(), "80,400"),
        (watermark(blank, "Inspection x"), "Inspection x"),
    ):
        assert [words in text(made, page) for page in (0, 1)] == [True, True]
    with pytest.raises(CommandError, match="expected a PDF"):
        call_command("form_grid", __file__, str(tmp_path / "x.pdf"))


@pytest.mark.django_db
def test_over_http(alice: Person, blank: bytes, tmp_path: Path, settings: Any) -> None:
    case = start(alice, expected_data={"person": {"last_name": "Simpson"}})
    path = f"/usps1583/verifications/{case['id']}/form/overlay"
    refused = alice.get(path)
    assert (refused.status_code, refused.json()["code"]) == (400, "form_blank_missing")
    (tmp_path / "blank.pdf").write_bytes(blank)
    (tmp_path / "blank.yaml").write_text("applicant.name.last: {page: 1, x: 60, y: 610}")
    settings.FORM_1583_BLANK = str(tmp_path / "blank.pdf")
    made = base64.b64decode(alice.get(path).json()["data"])
    assert text(made, 0, 58, 605, 125, 622) == "Simpson"
