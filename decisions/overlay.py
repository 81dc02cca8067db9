"""The data of a form record drawn upon the operator's own blank of PS Form 1583: the blank is not changed, text is laid over it.

A layout says where: by a box's key, or ``key=value`` for a tick, ``{page, x, y}`` and optionally ``size`` and ``width``, in points from the lower
left corner of the page. Layouts belong to an edition of the form, so they are the operator's, like the blank.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from decisions.sheet import clean, fonts, text_width

TICK = "X"
_SMALLEST = 4.0


class InvalidLayout(ValueError):
    """A layout that cannot be used; the message names the place and what was expected."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value goes; text wider than ``width`` (0: no limit) is set smaller."""

    key: str
    page: int
    x: float
    y: float
    size: float = 9.0
    width: float = 0.0


def parse_layout(raw: Any) -> list[Spot]:
    """Raises InvalidLayout."""
    if not isinstance(raw, Mapping) or not raw:
        raise InvalidLayout("expected a mapping of keys to {page, x, y}")
    return [_spot(str(key), place) for key, place in raw.items()]


def _spot(key: str, place: Any) -> Spot:
    known = {"page", "x", "y", "size", "width"}
    if not isinstance(place, Mapping) or not {"page", "x", "y"} <= set(place) <= known:
        raise InvalidLayout(f"{key}: expected page, x, y and optionally size and width")
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in place.values()) or place["page"] < 1:
        raise InvalidLayout(f"{key}: expected numbers, and pages from 1")
    return Spot(key, int(place["page"]), float(place["x"]), float(place["y"]), float(place.get("size", 9)), float(place.get("width", 0)))


def lay_over(blank: bytes, layout: list[Spot], values: Mapping[str, str]) -> bytes:
    """The blank with ``values`` (by box key) upon it. Raises InvalidLayout for a page that the blank does not have."""
    import pypdfium2

    form = pypdfium2.PdfDocument(blank)
    if beyond := [spot.key for spot in layout if spot.page > len(form)]:
        raise InvalidLayout(f"{', '.join(beyond)}: the blank has {len(form)} pages")
    for number in range(len(form)):
        page = form[number]
        drawn = _drawn(page.get_size(), [(spot, text) for spot in layout if spot.page == number + 1 and (text := _text(spot, values))])
        source = pypdfium2.PdfDocument(drawn)
        page.insert_obj(source.page_as_xobject(0, form).as_pageobject())
        page.gen_content()
    out = io.BytesIO()
    form.save(out)
    return out.getvalue()


def _text(spot: Spot, values: Mapping[str, str]) -> str:
    key, _, wanted = spot.key.partition("=")
    value = values.get(key, "")
    return (TICK if value == wanted else "") if wanted else value


def _drawn(size: tuple[float, float], texts: list[tuple[Spot, str]]) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    regular, _ = fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1)
    for spot, text in texts:
        shown = clean(text)
        wide = text_width(shown, regular, spot.size)
        fitting = max(_SMALLEST, spot.size * spot.width / wide) if spot.width and wide > spot.width else spot.size
        canvas.setFont(regular, fitting)
        canvas.drawString(spot.x, spot.y, shown)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def grid(blank: bytes, *, step: int = 20) -> bytes:
    """The blank with the coordinates of its points upon it, for making a layout."""
    import pypdfium2

    sizes = [page.get_size() for page in pypdfium2.PdfDocument(blank)]
    spots = [
        (Spot(f"{x} {y}", number, x, y, size=4.5))
        for number, (wide, high) in enumerate(sizes, 1)
        for x in range(0, int(wide), step * 2)
        for y in range(0, int(high), step)
    ]
    return lay_over(blank, spots, {spot.key: spot.key.replace(" ", ",") for spot in spots})


def watermark(data: bytes, text: str) -> bytes:
    """Every page with ``text`` aslant upon it, pale."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    for number in range(len(document)):
        page = document[number]
        source = pypdfium2.PdfDocument(_aslant(page.get_size(), clean(text)))
        page.insert_obj(source.page_as_xobject(0, document).as_pageobject())
        page.gen_content()
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _aslant(size: tuple[float, float], text: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    regular, _ = fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1)
    canvas.setFillColorRGB(0.64, 0.14, 0.11, alpha=0.28)
    canvas.setFont(regular, 15)
    for height in (0.2, 0.5, 0.8):
        canvas.saveState()
        canvas.translate(size[0] / 2, size[1] * height)
        canvas.rotate(28)
        canvas.drawCentredString(0, 0, text)
        canvas.restoreState()
    canvas.showPage()
    canvas.save()
    return out.getvalue()
