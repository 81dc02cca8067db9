"""PDF417 symbols (ISO/IEC 15438) whose left end is cut off: a new one lets the decoder see them.

A row is start pattern, left row indicator, data codewords, right row indicator, stop pattern. A decoder looks for the start pattern first. Where the
first codewords are whole it is drawn left of them. Where the row indicator and columns of data are gone as well, a symbol of the same rows, columns
and error correction level lends its own: indicators depend on these three only, and what it lends of data is as wrong as damage is. In both cases the
decoder's own error correction decides whether that makes a symbol.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from documents.engines.base import Pixels

START = (8, 1, 1, 1, 1, 1, 1, 3)  # modules, bar first
STOP = (7, 1, 1, 3, 1, 1, 1, 2, 1)
CODEWORD = 17  # modules
TOLERANCE = 0.6  # modules
FEWEST_ROWS = 8
SMALLEST_MODULE, LARGEST_MODULE = 1.2, 30.0
MOST_LOST = 3  # columns of data
MOST_COLUMNS, MOST_ROWS, MOST_CODEWORDS = 30, 90, 928
LENT = "lent"  # what a lent symbol says: should the picture's part be unreadable, that could be all that is decoded
LEVELS = (5, 4, 3, 8, 7, 6, 2)  # of error correction: cards have 3 to 5; below 2 nothing that was lost comes back
Affine = NDArray[np.float64]


def restored(grey: Pixels, back: Affine) -> Iterator[tuple[Pixels, Affine]]:
    """Pictures of an upright symbol with a new left end put before what is left of it, and the way (2x3) back to the original pixels; nothing where
    no stop pattern stands upright. Also of a symbol that stands on its head."""
    for half_turn in (False, True):
        picture = np.ascontiguousarray(grey[::-1, ::-1]) if half_turn else grey
        found = _stop(picture)
        if found is None:
            continue
        way = _composed(back, np.array([[-1.0, 0, grey.shape[1] - 1], [0, -1.0, grey.shape[0] - 1]])) if half_turn else back
        start = np.repeat(np.tile([1, 0], len(START) // 2), START)[None]
        yield _with_left_end(picture, found, way, start, _whole(found))
        for end in _lent(picture, found):
            yield _with_left_end(picture, found, way, end, _whole(found))


def _whole(found: _Stop) -> int:
    """How many codewords of a row are whole, the right row indicator with them."""
    return max(1, int((found.x + 0.3 * found.module) // (CODEWORD * found.module)))


def _lent(grey: Pixels, found: _Stop) -> Iterator[NDArray[np.int64]]:
    """Left ends (rows x modules, 1 is dark) of symbols that may be of the same kind, from few lost columns to many."""
    rows, whole = _rows(grey, found), _whole(found)
    if not 3 <= rows <= MOST_ROWS:
        return
    for lost in range(MOST_LOST + 1):
        columns = whole - 1 + lost
        for level in LEVELS if 0 < columns <= MOST_COLUMNS and rows * columns <= MOST_CODEWORDS else ():
            if 2 ** (level + 1) + 8 < rows * columns and lost * rows <= 2**level:
                donor = zxingcpp.create_barcode(LENT, zxingcpp.BarcodeFormat.PDF417, columns=columns, rows=rows, ec_level=str(level))
                drawn = np.asarray(donor.to_image(scale=1, add_quiet_zones=False))
                tall = drawn.shape[0] / rows
                yield (drawn[[int((row + 0.5) * tall) for row in range(rows)], : CODEWORD * (2 + lost)] < 128).astype(np.int64)


def _rows(grey: Pixels, found: _Stop) -> int:
    """Rows of the symbol, told by its right row indicators: no two that follow each other are alike."""
    left = max(0, round(found.x - CODEWORD * found.module))
    strip = grey[found.top : found.bottom + 1, left : round(found.x)].astype(np.float64)
    if strip.shape[0] < FEWEST_ROWS or strip.shape[1] < CODEWORD:
        return 0
    change = np.abs(np.diff(strip, axis=0)).mean(axis=1)
    peaks = np.flatnonzero((change > 0.35 * np.percentile(change, 98)) & (change >= np.roll(change, 1)) & (change > np.roll(change, -1)))
    return round(strip.shape[0] / float(np.median(np.diff(peaks)))) if len(peaks) > 2 else 0


@dataclass(frozen=True, slots=True)
class _Stop:
    """Left edge and module width of the stop pattern in pixels, first and last row in which it was seen."""

    x: float
    module: float
    top: int
    bottom: int


def _stop(grey: Pixels) -> _Stop | None:
    dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
    seen = [(x, module, y) for y in range(0, grey.shape[0], 2) for x, module in _in_row(np.asarray(dark[y], dtype=np.int8))]
    if len(seen) < FEWEST_ROWS:
        return None
    x, module = float(np.median([entry[0] for entry in seen])), float(np.median([entry[1] for entry in seen]))
    rows = [y for left, width, y in seen if abs(left - x) < 3 * module and abs(width - module) < 0.2 * module]
    return _Stop(x, module, rows[0], rows[-1]) if len(rows) >= FEWEST_ROWS else None


def _in_row(row: NDArray[np.int8]) -> list[tuple[float, float]]:
    """Left edge and module width of every run of bars and gaps in the stop pattern's proportions."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row, [0]))))
    if len(edges) < len(STOP) + 1:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(np.diff(edges), len(STOP))[::2].astype(np.float64)
    modules = windows.sum(axis=1) / sum(STOP)
    fits = (np.abs(windows / modules[:, None] - STOP) < TOLERANCE).all(axis=1) & (modules > SMALLEST_MODULE) & (modules < LARGEST_MODULE)
    return [(float(edges[2 * index]), float(modules[index])) for index in np.flatnonzero(fits)]


def _with_left_end(grey: Pixels, found: _Stop, back: Affine, end: NDArray[np.int64], whole: int) -> tuple[Pixels, Affine]:
    """The symbol's rows on white: ``end`` (rows x modules), then the ``whole`` codewords of a row that the picture holds."""
    margin = round(2 * found.module)
    kept = found.x - whole * CODEWORD * found.module
    wide = end.shape[1] * found.module
    shift = 4 * found.module + wide - kept
    height, width = grey.shape
    canvas = np.full((height, int(width + max(0.0, shift)) + margin), 255, np.uint8)
    source, target = max(0, round(kept)), round(max(0, round(kept)) + shift)
    canvas[:, target : target + width - source] = grey[:, source:][:, : canvas.shape[1] - target]
    left, right = round(4 * found.module), round(4 * found.module + wide)
    columns = np.minimum(((np.arange(right - left) + 0.5) / found.module).astype(int), end.shape[1] - 1)
    tall = found.bottom - found.top + 1
    rows = ((np.arange(tall) + 0.5) * len(end) / tall).astype(int)
    canvas[found.top : found.bottom + 1, left:right] = np.where(end[rows][:, columns], 0, 255)
    canvas[: found.top], canvas[found.bottom + 1 :] = 255, 255
    return canvas, _composed(back, np.array([[1.0, 0, -shift], [0, 1.0, 0]]))


def _composed(outer: Affine, inner: Affine) -> Affine:
    """``outer`` after ``inner``, both 2x3."""
    return np.asarray(np.vstack([outer, [0, 0, 1]]) @ np.vstack([inner, [0, 0, 1]]))[:2]
