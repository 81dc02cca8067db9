"""PDF417 symbols (ISO/IEC 15438) whose left end is cut off: a new start pattern lets the decoder see them.

A row is start pattern, left row indicator, data codewords, right row indicator, stop pattern. A decoder looks for the start pattern first. It is
drawn where it was, left of the first whole codeword; the decoder's own error correction decides whether that makes a symbol.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines.base import Pixels

START = (8, 1, 1, 1, 1, 1, 1, 3)  # modules, bar first
STOP = (7, 1, 1, 3, 1, 1, 1, 2, 1)
CODEWORD = 17  # modules
TOLERANCE = 0.6  # modules
FEWEST_ROWS = 8
SMALLEST_MODULE, LARGEST_MODULE = 1.2, 30.0
Affine = NDArray[np.float64]


def restored(grey: Pixels, back: Affine) -> Iterator[tuple[Pixels, Affine]]:
    """The picture of an upright symbol with a start pattern put before what is left of it, and the way (2x3) back to the original pixels; nothing
    where no stop pattern stands upright. Also of a symbol that stands on its head."""
    for half_turn in (False, True):
        picture = np.ascontiguousarray(grey[::-1, ::-1]) if half_turn else grey
        found = _stop(picture)
        if found is None:
            continue
        way = _composed(back, np.array([[-1.0, 0, grey.shape[1] - 1], [0, -1.0, grey.shape[0] - 1]])) if half_turn else back
        yield _with_start(picture, found, way)


def _stop(grey: Pixels) -> tuple[float, float, int, int] | None:
    """Left edge and module width in pixels of the stop pattern and the rows (first, last) in which it was seen."""
    dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
    seen = [(x, module, y) for y in range(0, grey.shape[0], 2) for x, module in _in_row(np.asarray(dark[y], dtype=np.int8))]
    if len(seen) < FEWEST_ROWS:
        return None
    x, module = float(np.median([entry[0] for entry in seen])), float(np.median([entry[1] for entry in seen]))
    rows = [y for left, width, y in seen if abs(left - x) < 3 * module and abs(width - module) < 0.2 * module]
    return (x, module, rows[0], rows[-1]) if len(rows) >= FEWEST_ROWS else None


def _in_row(row: NDArray[np.int8]) -> list[tuple[float, float]]:
    """Left edge and module width of every run of bars and gaps in the stop pattern's proportions."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row, [0]))))
    if len(edges) < len(STOP) + 1:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(np.diff(edges), len(STOP))[::2].astype(np.float64)
    modules = windows.sum(axis=1) / sum(STOP)
    fits = (np.abs(windows / modules[:, None] - STOP) < TOLERANCE).all(axis=1) & (modules > SMALLEST_MODULE) & (modules < LARGEST_MODULE)
    return [(float(edges[2 * index]), float(modules[index])) for index in np.flatnonzero(fits)]


def _with_start(grey: Pixels, found: tuple[float, float, int, int], back: Affine) -> tuple[Pixels, Affine]:
    """The symbol's rows on white: start pattern, then the codewords that are whole in the picture."""
    right, module, top, bottom = found
    margin = round(2 * module)
    whole = max(1, int((right + 0.3 * module) // (CODEWORD * module)))
    kept = right - whole * CODEWORD * module
    widths = np.array(START) * module
    shift = 4 * module + widths.sum() - kept
    height, width = grey.shape
    canvas = np.full((height, int(width + max(0.0, shift)) + margin), 255, np.uint8)
    source, target = max(0, round(kept)), round(max(0, round(kept)) + shift)
    canvas[:, target : target + width - source] = grey[:, source:][:, : canvas.shape[1] - target]
    edges = 4 * module + np.concatenate(([0.0], np.cumsum(widths)))
    for left, end in zip(edges[::2], edges[1::2], strict=False):
        canvas[top : bottom + 1, round(left) : round(end)] = 0
    canvas[:top], canvas[bottom + 1 :] = 255, 255
    return canvas, _composed(back, np.array([[1.0, 0, -shift], [0, 1.0, 0]]))


def _composed(outer: Affine, inner: Affine) -> Affine:
    """``outer`` after ``inner``, both 2x3."""
    return np.asarray(np.vstack([outer, [0, 0, 1]]) @ np.vstack([inner, [0, 0, 1]]))[:2]
