"""A page made upright and its text read: which way is up, the PDF's own text before OCR, a closer look at a machine readable zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from documents.engines.base import LineEngine, Pixels, TextEngine, TextLine
from documents.readers import mrz
from documents.readers.level import levelled
from documents.readers.opening import PageImage, TextLayerLine

ENOUGH_TEXT_LAYER = 50
FEW_CHARACTERS = 12
CLEAR = 0.86
SURE = 0.96
BLANK = 1.5  # grey levels of deviation: an empty page, not the faintest carbon copy
ZONE_WIDTH = 1280
SECOND_HAND = 0.6  # tesseract reads fillers between names as letters, which no check digit notices


@dataclass(frozen=True, slots=True)
class ReadText:
    """Lines in reading order on ``rgb``, which is the page turned by ``turned`` degrees counter-clockwise and set straight. ``digital``: from the
    text layer."""

    rgb: Pixels
    lines: list[TextLine]
    turned: int = 0
    digital: bool = False


def read_text(page: PageImage, engine: TextEngine) -> ReadText:
    """The page's text, from its text layer or by OCR the right way up."""
    layer = page.text_lines or ()
    if sum(len(line.text) for line in layer) >= ENOUGH_TEXT_LAYER:
        return ReadText(page.rgb, in_reading_order([_from_layer(line) for line in layer]), digital=True)
    if float(page.rgb[::4, ::4].std()) < BLANK:
        return ReadText(page.rgb, [])
    lines = engine.read(page.rgb)
    best = ReadText(page.rgb, lines)
    for quarter in _suspected(lines):
        rgb = np.ascontiguousarray(np.rot90(page.rgb, quarter))
        tried = ReadText(rgb, engine.read(rgb), quarter * 90)
        if _legibility(tried.lines) > 1.1 * _legibility(best.lines) or (_lies(best.lines) and not _lies(tried.lines)):
            best = tried
        if _confidence(best.lines) >= CLEAR and not _lies(best.lines):
            break
    rgb, lines = levelled(best.rgb, best.lines)
    return replace(best, rgb=rgb, lines=in_reading_order(lines))


def _from_layer(line: TextLayerLine) -> TextLine:
    x, y, width, height = line.box
    return TextLine(line.text, 0.99, ((x, y), (x + width, y), (x + width, y + height), (x, y + height)))


def _suspected(lines: Sequence[TextLine]) -> tuple[int, ...]:
    """Quarter turns (counter-clockwise) worth trying: none when the text reads well as it is."""
    if sum(len(line.text) for line in lines) < FEW_CHARACTERS:
        return ()
    if _lies(lines):
        return (1, 3)
    return () if _confidence(lines) >= CLEAR or _reads_well(lines) else (2,)


def _lies(lines: Sequence[TextLine]) -> bool:
    """Whether most of the text stands in boxes taller than wide."""
    long = [line for line in lines if len(line.text) > 2]
    total = sum(len(line.text) for line in long)
    return total > 0 and sum(len(line.text) for line in long if _tall(line)) > 0.5 * total


def _reads_well(lines: Sequence[TextLine]) -> bool:
    """Whether a fair share of the text stands in long lines read without doubt: upside down there are none, however poor the picture."""
    sure = sum(len(line.text) for line in lines if len(line.text) >= 8 and line.confidence >= SURE)
    return sure >= 0.25 * sum(len(line.text) for line in lines)


def _tall(line: TextLine) -> bool:
    xs, ys = [point[0] for point in line.polygon], [point[1] for point in line.polygon]
    return max(ys) - min(ys) > 1.5 * (max(xs) - min(xs))


def _confidence(lines: Sequence[TextLine]) -> float:
    """Mean confidence by length of line."""
    weight = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / weight if weight else 0.0


def _legibility(lines: Sequence[TextLine]) -> float:
    return sum(max(0.0, line.confidence - 0.5) * len(line.text) for line in lines)


def in_reading_order(lines: Sequence[TextLine]) -> list[TextLine]:
    """Top to bottom; lines that share most of their height, left to right."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=_middle):
        if rows and abs(_middle(rows[-1][0]) - _middle(line)) < 0.5 * min(_tallness(rows[-1][0]), _tallness(line)):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda entry: entry.polygon[0][0])]


def _middle(line: TextLine) -> float:
    return sum(point[1] for point in line.polygon) / 4


def _tallness(line: TextLine) -> float:
    ys = [point[1] for point in line.polygon]
    return max(4.0, max(ys) - min(ys))


def read_zone(text: ReadText, engine: TextEngine, *, expected: bool, second: LineEngine | None = None) -> tuple[mrz.Zone | None, str]:
    """The page's machine readable zone and who read it: from the lines at hand and, where that is doubtful, from enlarged, cleaned pictures of its
    strip; the second engine is asked when all that finds nothing although a zone is expected, or when a character had to be guessed."""
    best = mrz.find_zone(text.lines)
    if text.digital or (best and _certain(best, text.lines)):
        return best, engine.name
    for strip, back in _strips(text, best, expected):
        lines = [_moved(line, back) for line in engine.read(strip)]
        found = mrz.find_zone(lines)
        if found and (best is None or found.rank > best.rank):
            best = found
        if best and best.rank >= 12 and best.valid:
            break
    if second is not None and second.available().ok and (best.guessed > 0 if best else expected):
        return _confirmed(best, second.read_zone(text.rgb), engine.name, second.name)
    return best, engine.name


def _confirmed(best: mrz.Zone | None, raw: tuple[str, ...] | None, first_name: str, second_name: str) -> tuple[mrz.Zone | None, str]:
    other = mrz.zone_from_text(raw) if raw else None
    if other is not None and other.valid and not other.guessed and (best is None or other.rank > best.rank):
        return replace(other, confidence=SECOND_HAND), second_name
    return best, first_name


def _certain(zone: mrz.Zone, lines: Sequence[TextLine]) -> bool:
    """Every check digit holds, nothing was guessed, and each line was read clearly and at nearly its full length."""
    rows = [row for row in mrz.zone_rows(lines) if zone.box and _within(row, zone)]
    length = len(zone.lines[0])
    return zone.valid and not zone.guessed and all(row.confidence >= CLEAR and abs(len(row.text) - length) <= 4 for row in rows)


def _within(row: mrz.Row, zone: mrz.Zone) -> bool:
    if zone.box is None:
        return False
    y = sum(point[1] for point in row.points) / len(row.points)
    return zone.box[1] <= y <= zone.box[1] + zone.box[3]


def _strips(text: ReadText, best: mrz.Zone | None, expected: bool) -> Iterator[tuple[Pixels, tuple[float, int, int]]]:
    """Pictures of where the zone is or should be: ground removed, red channel, as it is. With each, how to get back to the page."""
    box = _where(text, best, expected)
    if box is None:
        return
    x, y, width, height = box
    part = text.rgb[y : y + height, x : x + width]
    factor = ZONE_WIDTH / part.shape[1]
    part = np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA), dtype=np.uint8)
    for picture in (_without_ground(part), np.repeat(part[:, :, :1], 3, axis=2), part):
        yield np.ascontiguousarray(picture), (factor, x, y)


def _where(text: ReadText, best: mrz.Zone | None, expected: bool) -> tuple[int, int, int, int] | None:
    """Around the rows that look like a zone, three lines up and down; else, if one is expected, the lower two fifths of the page."""
    rows = [row for row in mrz.zone_rows(text.lines) if mrz.shows_zone(row.text)]
    rows = [row for row in rows if best is None or _within(row, best)] or rows[-3:]
    page_height, page_width = text.rgb.shape[:2]
    if not rows:
        return (0, int(page_height * 0.58), page_width, page_height - int(page_height * 0.58)) if expected else None
    ys = [point[1] for row in rows for point in row.points]
    xs = [point[0] for row in rows for point in row.points]
    margin = 3.2 * max(row.height for row in rows)
    top, bottom = max(0, int(min(ys) - margin)), min(page_height, int(max(ys) + margin))
    left, right = max(0, int(min(xs) - margin)), min(page_width, int(max(xs) + margin))
    if right - left < 0.7 * page_width:
        left, right = max(0, left - int(0.15 * page_width)), min(page_width, right + int(0.15 * page_width))
    return (left, top, right - left, bottom - top)


def _without_ground(rgb: Pixels) -> Pixels:
    """Dark strokes on even white: black-hat at the size of a letter removes shading and soft patterns."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    hat = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25)))
    clean = 255 - cv2.normalize(hat, hat, 0, 255, cv2.NORM_MINMAX)
    return np.repeat(np.asarray(clean, dtype=np.uint8)[:, :, None], 3, axis=2)


def _moved(line: TextLine, back: tuple[float, int, int]) -> TextLine:
    factor, left, top = back
    polygon = tuple((x / factor + left, y / factor + top) for x, y in line.polygon)
    return replace(line, polygon=polygon)  # type: ignore[arg-type]
