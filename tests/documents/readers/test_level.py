"""Pages set straight by their own lines."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.engines.base import TextLine
from documents.readers import default_engines, read_document
from documents.readers.level import FEWEST_LINES, levelled
from documents.specimens import degrade, draw

WIDTH, HEIGHT = 900, 1200


def _page(slope: float, count: int = 10, slant: float = 0.0) -> list[TextLine]:
    """Lines 20 px tall down the page; their slope grows by ``slant`` from top to bottom."""
    made = []
    for number in range(count):
        y = 150 + number * 90
        lean = slope + slant * y / HEIGHT
        corners = [(100.0, y + 100 * lean), (600.0, y + 600 * lean), (600.0, y + 20 + 600 * lean), (100.0, y + 20 + 100 * lean)]
        made.append(TextLine(f"a line of text {number}", 0.9, tuple(corners)))  # type: ignore[arg-type]
    return made


def _steepest(lines: list[TextLine]) -> float:
    return max(abs((line.polygon[1][1] - line.polygon[0][1]) / (line.polygon[1][0] - line.polygon[0][0])) for line in lines)


@given(st.floats(0.01, 0.2) | st.floats(-0.2, -0.01), st.floats(-0.06, 0.06))
def test_leaning_lines_come_out_level_and_on_the_page(slope: float, slant: float) -> None:
    page, lines = levelled(np.full((HEIGHT, WIDTH, 3), 200, np.uint8), _page(slope, slant=slant))
    assert _steepest(lines) < 0.008
    assert [line.text for line in lines] == [line.text for line in _page(slope)]
    assert all(-1 <= x <= page.shape[1] and -1 <= y <= page.shape[0] for line in lines for x, y in line.polygon)


def test_pixels_move_with_their_lines() -> None:
    rgb = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    lines = _page(0.08)
    x, y = (round(sum(point[axis] for point in lines[4].polygon) / 4) for axis in (0, 1))
    rgb[y - 6 : y + 7, x - 6 : x + 7] = 0
    page, moved = levelled(rgb, lines)
    x, y = (round(sum(point[axis] for point in moved[4].polygon) / 4) for axis in (0, 1))
    assert page[y, x].max() < 40


@pytest.mark.parametrize("lines", [_page(0.004), _page(0.1, FEWEST_LINES - 1), _page(0.9), []], ids=["level", "few lines", "too steep", "no text"])
def test_a_page_that_is_level_or_tells_too_little_stays_as_it_is(lines: list[TextLine]) -> None:
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    page, same = levelled(rgb, lines)
    assert page is rgb
    assert same == lines


def test_a_stray_line_does_not_tilt_the_page() -> None:
    stray = TextLine("written across", 0.9, ((0.0, 0.0), (700.0, 500.0), (690.0, 520.0), (-10.0, 20.0)))
    _, lines = levelled(np.zeros((HEIGHT, WIDTH, 3), np.uint8), [*_page(0.05), stray])
    assert _steepest(lines[:-1]) < 0.008
    assert math.isclose(lines[-1].confidence, 0.9)


@pytest.mark.engine
@pytest.mark.parametrize("kind", ["vehicle_insurance", "bank_statement"])
def test_a_leaning_letter_gives_its_addressee(kind: str) -> None:
    specimen = draw(kind, seed=31)
    out = io.BytesIO()
    degrade(specimen.sides["front"], "rotation", seed=4).save(out, "JPEG", quality=90)
    found = read_document({"front": out.getvalue()}, engines=default_engines(ocr="rapidocr", faces="dlib"))
    for path in ("person.full_name", "address.city", "address.zip", "statement.date"):
        assert found.fields[path].value.upper() == specimen.truth[path].upper(), path
