"""The paper of the record: pages with header and footer, wrapped text, tables that break over pages, framed images.

ReportLab is imported when first drawn on. The same calls give the same bytes: no clock, no random ids (ReportLab's ``invariant``), fonts subset in
the order of use.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

WIDTH, HEIGHT = 612.0, 792.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 558.0, 716.0, 66.0
SPAN, LEADING = RIGHT - LEFT, 10.6
# A row of so many lines or fewer is not broken over two pages.
UNBROKEN = 6
INK, GREY, RULE, TINT, FRAME = "#1b2430", "#5f6b7a", "#d3d9e0", "#f4f6f8", "#1f3a5f"
GREEN, RED, AMBER = "#17663f", "#a3231b", "#93530a"

_FONTS = (
    ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf", "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf"),
    # Latin only; better a record with missing Cyrillic letters than none.
    ("reportlab", "fonts/Vera.ttf", "fonts/VeraBd.ttf"),
)


@lru_cache(maxsize=1)
def fonts() -> tuple[str, str]:
    """Registers a regular and a bold font out of an installed package (which is not imported) and returns their names."""
    from reportlab import rl_config
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    rl_config.useA85 = 0
    for package, regular, bold in _FONTS:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            files = (Path(folder) / regular, Path(folder) / bold)
            if all(file.is_file() for file in files):
                pdfmetrics.registerFont(TTFont("Record", str(files[0])))
                pdfmetrics.registerFont(TTFont("Record-Bold", str(files[1])))
                return "Record", "Record-Bold"
    log.warning("no TrueType font found: records show Latin letters only")
    return "Helvetica", "Helvetica-Bold"


@lru_cache(maxsize=20_000)
def _letter(character: str, font: str) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(character, font, 1000)) / 1000


def text_width(text: str, font: str, size: float) -> float:
    return sum(_letter(character, font) for character in text) * size


def clean(text: str) -> str:
    """Printable characters only; whatever else a scan or client put there becomes a blank."""
    return "".join(character if character.isprintable() else " " for character in text)


def wrap(text: str, font: str, size: float, width: float) -> list[str]:
    """Lines no wider than ``width``; a word that is too long is cut. At least one line."""
    lines, line = [], ""
    for word in clean(text).split():
        candidate = f"{line} {word}" if line else word
        if text_width(candidate, font, size) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        line = word
        while text_width(line, font, size) > width and len(line) > 1:
            fits = _fitting(line, font, size, width)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line or not lines else lines


def _fitting(word: str, font: str, size: float, width: float) -> int:
    used = 0.0
    for index, character in enumerate(word):
        used += _letter(character, font) * size
        if used > width:
            return max(1, index)
    return len(word)


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    bold: bool = False
    colour: str = INK
    size: float = 8.2


@dataclass(frozen=True, slots=True)
class Picture:
    """``caption`` stands below the image, one entry a line; ``data`` empty draws an empty frame."""

    data: bytes
    width: int
    height: int
    caption: tuple[str, ...]


class Sheet:
    """A document being written from top to bottom."""

    def __init__(self, *, title: str, left: str, right: str, footer: str) -> None:
        from reportlab.pdfgen.canvas import Canvas

        self._regular, self._bold = fonts()
        self._out = io.BytesIO()
        self._canvas: Any = Canvas(self._out, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1)
        self._canvas.setTitle(clean(title))
        self._canvas.setAuthor(clean(left))
        self._canvas.setCreator("Vouchbox")
        self._left, self._right, self._footer = left, right, footer
        self._pages: list[dict[str, Any]] = []
        self.y = TOP

    def text(self, x: float, y: float, text: str, *, size: float = 8.2, bold: bool = False, colour: str = INK) -> None:
        from reportlab.lib.colors import HexColor

        self._canvas.setFont(self._bold if bold else self._regular, size)
        self._canvas.setFillColor(HexColor(colour))
        self._canvas.drawString(x, y, clean(text))

    def text_right(self, x: float, y: float, text: str, *, size: float = 8.2, bold: bool = False, colour: str = INK) -> None:
        self.text(x - text_width(clean(text), self._bold if bold else self._regular, size), y, text, size=size, bold=bold, colour=colour)

    def line(self, y: float, *, x: float = LEFT, end: float = RIGHT, colour: str = RULE, width: float = 0.6) -> None:
        from reportlab.lib.colors import HexColor

        self._canvas.setStrokeColor(HexColor(colour))
        self._canvas.setLineWidth(width)
        self._canvas.line(x, y, end, y)

    def box(self, x: float, y: float, width: float, height: float, *, fill: str | None = None, stroke: str | None = None, radius: float = 0) -> None:
        from reportlab.lib.colors import HexColor

        if fill:
            self._canvas.setFillColor(HexColor(fill))
        if stroke:
            self._canvas.setStrokeColor(HexColor(stroke))
            self._canvas.setLineWidth(0.7)
        self._canvas.roundRect(x, y, width, height, radius, stroke=int(bool(stroke)), fill=int(bool(fill)))

    def turn_page(self) -> None:
        self._pages.append(dict(self._canvas.__dict__))
        self._canvas._startPage()
        self.y = TOP

    def need(self, height: float) -> None:
        """Begins a new page when less than ``height`` points are left."""
        if self.y - height < BOTTOM:
            self.turn_page()

    def gap(self, height: float) -> None:
        self.y = max(self.y - height, BOTTOM)

    def title(self, text: str, under: str) -> None:
        self.text(LEFT, self.y - 8, text, size=19, bold=True, colour=FRAME)
        self.text(LEFT, self.y - 24, under, size=8.6, colour=GREY)
        self.y -= 38

    def badge(self, text: str, colour: str) -> None:
        """A status, framed, at the right end of the title's line."""
        width = text_width(text.upper(), self._bold, 11) + 26
        self.box(RIGHT - width, self.y + 16, width, 24, stroke=colour, radius=3)
        self.text(RIGHT - width + 13, self.y + 24, text.upper(), size=11, bold=True, colour=colour)

    def heading(self, text: str, *, note: str = "", colour: str = GREY, keep: float = 70) -> None:
        """A section's title, never alone at the foot of a page."""
        self.need(34 + keep)
        self.y -= 22
        self.text(LEFT, self.y, text, size=11.5, bold=True, colour=FRAME)
        if note:
            self.text_right(RIGHT, self.y, note, size=8.6, bold=True, colour=colour)
        self.line(self.y - 6, colour=FRAME, width=0.9)
        self.y -= 12

    def subheading(self, text: str, *, keep: float = 36) -> None:
        self.need(18 + keep)
        self.y -= 15
        self.text(LEFT, self.y, text.upper(), size=6.8, bold=True, colour=GREY)
        self.y -= 5

    def band(self, text: str, colour: str, *, keep: float = 30) -> None:
        """A tinted line that begins a group of rows."""
        self.need(16 + keep)
        self.box(LEFT, self.y - 15, SPAN, 15, fill=TINT)
        self.box(LEFT, self.y - 15, 3, 15, fill=colour)
        self.text(LEFT + 10, self.y - 10.6, text, size=7.6, bold=True, colour=colour)
        self.y -= 16

    def columns(self, texts: Sequence[str]) -> None:
        """Short statements, two abreast."""
        for start in range(0, len(texts), 2):
            row = [Cell(text, size=7.6) for text in texts[start : start + 2]]
            row += [Cell("")] * (2 - len(row))
            self._row(row, (SPAN / 2, SPAN / 2), ruled=False)
        self.y -= 2

    def rows(self, widths: Sequence[float], rows: Iterable[Sequence[Cell]]) -> None:
        """A table without a header."""
        for row in rows:
            self._row(row, widths)
        self.y -= 4

    def paragraph(self, text: str, *, size: float = 8.2, colour: str = INK) -> None:
        for line in wrap(text, self._regular, size, SPAN):
            self.need(size * 1.45)
            self.y -= size * 1.45
            self.text(LEFT, self.y, line, size=size, colour=colour)
        self.y -= 3

    def pairs(self, entries: Sequence[tuple[str, str]]) -> None:
        """Labelled values in two columns."""
        half = SPAN / 2
        for start in range(0, len(entries), 2):
            cells: list[Cell] = []
            for label, value in entries[start : start + 2]:
                cells += [Cell(label, colour=GREY, size=7.6), Cell(value or "–", size=7.9)]
            cells += [Cell("")] * (4 - len(cells))
            self._row(cells, (66, half - 66, 66, half - 66), ruled=False)

    def table(self, widths: Sequence[float], header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows of wrapped cells; the header is repeated on every page. ``widths`` in points, together at most ``SPAN``."""
        head = [Cell(text, bold=True, colour=GREY, size=6.8) for text in header]
        self.need(40)
        self._row(head, widths, tinted=True)
        for row in rows:
            self._row(row, widths, head=head)
        self.y -= 4

    def height_of(self, widths: Sequence[float], rows: Iterable[Sequence[Cell]]) -> float:
        """How high a table with a header becomes, in points."""
        return sum((max(map(len, self._wrapped(cells, widths))) * LEADING + 6 for cells in rows), LEADING + 6)

    def _wrapped(self, cells: Sequence[Cell], widths: Sequence[float]) -> list[list[str]]:
        pairs = zip(cells, widths, strict=True)
        return [wrap(cell.text, self._bold if cell.bold else self._regular, cell.size, width - 10) for cell, width in pairs]

    def _row(
        self, cells: Sequence[Cell], widths: Sequence[float], *, tinted: bool = False, ruled: bool = True, head: Sequence[Cell] | None = None
    ) -> None:
        wrapped = self._wrapped(cells, widths)
        leading, left = LEADING, max(len(lines) for lines in wrapped)
        done = 0
        while left:
            room = int((self.y - BOTTOM - 7) / leading)
            if room < (left if left <= UNBROKEN and not done else min(left, 3)):
                self.turn_page()
                if head:
                    self._row(head, widths, tinted=True)
                continue
            count = min(room, left)
            if tinted:
                self.box(LEFT, self.y - count * leading - 6, SPAN, count * leading + 6, fill=TINT)
            self._lines(cells, widths, [lines[done : done + count] for lines in wrapped], leading)
            self.y -= count * leading + 6
            done, left = done + count, left - count
        if ruled:
            self.line(self.y, width=0.4)

    def _lines(self, cells: Sequence[Cell], widths: Sequence[float], wrapped: Sequence[Sequence[str]], leading: float) -> None:
        x = LEFT
        for cell, width, lines in zip(cells, widths, wrapped, strict=True):
            for index, line in enumerate(lines):
                self.text(x + 5, self.y - 10.4 - index * leading, line, size=cell.size, bold=cell.bold, colour=cell.colour)
            x += width

    def pictures(self, pictures: Sequence[Picture]) -> None:
        """Two abreast, fitted into frames, each with its caption."""
        wide, high = ((SPAN - 16) / 2, 172.0) if len(pictures) > 1 else (300.0, 208.0)
        for start in range(0, len(pictures), 2):
            row = pictures[start : start + 2]
            tall = max(_fitted(picture, wide, high)[1] for picture in row)
            self.need(tall + 44)
            for place, picture in enumerate(row):
                self._picture(picture, LEFT + place * (wide + 16), tall, wide, high)
            self.y -= tall + 12 + 8.4 * max(len(picture.caption) for picture in row)

    def _picture(self, picture: Picture, x: float, tall: float, wide: float, high: float) -> None:
        width, height = _fitted(picture, wide, high)
        bottom = self.y - 6 - tall
        if picture.data:
            self._canvas.drawImage(_reader(picture.data), x, bottom + tall - height, width, height)
        else:
            self.text(x + 10, bottom + tall - 20, "Image not kept", size=8, colour=GREY)
        self.box(x, bottom + tall - height, width, height, stroke=RULE)
        for index, line in enumerate(picture.caption):
            self.text(x, bottom - 10 - index * 8.4, line, size=6.6 if index == 0 else 5.9, bold=index == 0, colour=INK if index == 0 else GREY)

    def finish(self) -> bytes:
        """The PDF; header, footer and page numbers are drawn now that the number of pages is known."""
        self._pages.append(dict(self._canvas.__dict__))
        for number, page in enumerate(self._pages, 1):
            self._canvas.__dict__.update(page)
            self._edges(number, len(self._pages))
            self._canvas.showPage()
        self._canvas.save()
        return self._out.getvalue()

    def _edges(self, number: int, total: int) -> None:
        self.text(LEFT, 752, wrap(self._left, self._bold, 8.6, SPAN * 0.6)[0], size=8.6, bold=True, colour=FRAME)
        self.text_right(RIGHT, 752, self._right, size=8, colour=GREY)
        self.line(744, colour=FRAME, width=0.9)
        self.line(50)
        self.text(LEFT, 38, self._footer, size=7, colour=GREY)
        self.text_right(RIGHT, 38, f"Page {number} of {total}", size=7, colour=GREY)


def _reader(data: bytes) -> Any:
    """A JPEG goes into the file as it is: it must not be decoded only to be given a name."""
    from reportlab.lib.utils import ImageReader

    reader = ImageReader(io.BytesIO(data))
    if data.startswith(b"\xff\xd8"):
        reader.getRGBData = lambda: hashlib.sha256(data).digest()
        reader._dataA = None
    return reader


def _fitted(picture: Picture, wide: float, high: float) -> tuple[float, float]:
    """Size in points within the frame; a tiny image is not blown up beyond its pixels."""
    if picture.width < 1 or picture.height < 1:
        return wide, 40.0
    scale = min(wide / picture.width, high / picture.height, 1.0)
    return max(picture.width * scale, 2.0), max(picture.height * scale, 2.0)
