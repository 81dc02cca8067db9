"""PDF417 symbols (ISO/IEC 15438) that are too blurred, too crooked or too much covered for a decoder to find its way through them, drawn anew.

Each cell of the symbol's grid is compared with all 929 patterns of its row's cluster (§5.3.1), blurred as the picture is, instead of having its edges
measured. What was recognised is drawn cleanly, between the ends of a symbol of the same rows, columns and error correction level, on which row
indicators depend alone. Cells in doubt are drawn as a pattern of no cluster, which the decoder takes for an erasure. Its error correction decides
whether all of it is a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from documents.engines.barcode_grid import CELL, CODEWORD, MOST_COLUMNS, MOST_ROWS, SUB, Sheet, sheets
from documents.engines.barcode_upright import Affine, Floats, composed
from documents.engines.base import Pixels

Patterns = NDArray[np.int64]
START = (8, 1, 1, 1, 1, 1, 1, 3)  # modules, bar first
STOP = (7, 1, 1, 3, 1, 1, 1, 2)  # its last bar stands in the next cell
NO_CLUSTER = (2, 2, 2, 2, 1, 2, 2, 4)
CLUSTERS, OF_CLUSTER = 3, 929
BEFORE_DATA = 2  # columns: start pattern, row indicator
FEWEST_ROWS, MOST_CODEWORDS = 3, 928
BLURS = (0.2, 0.45, 0.7, 0.95, 1.2)  # modules
SAMPLE = 90  # cells by which the blur is told
LEAST_FIT = 0.84  # mean correlation of cells with their best patterns: symbols have 0.87 and more, print and textures 0.81 and less
SURE = 0.75  # median correlation of a column with start or stop pattern
FITTING = 0.6  # correlation of a cell below which it shows no pattern
FAINTEST = 0.1  # of the usual contrast: in the halo of a glare there is a little left
DOUBTS = (0.0, 0.02, 0.05)  # lead of the best pattern's correlation over the next one's, up to which a cell is an erasure
LEVELS = (5, 4, 3, 6, 7, 8, 2)  # of error correction: cards have 3 to 5; below 2 nothing that was lost comes back
STRONG = 4  # the level from which a message is no accident
TOLD = 0.9  # share of row indicators that must say so where the level is lower
AS_LIKELY = 0.1  # share by which row indicators may speak less for a symbol that is tried as well
MOST_LOST, MOST_TRIED = 4, 8  # columns of data; symbols
LENT = "lent"  # what a lent symbol says: should nothing else be readable, that could be all that is decoded
DRAWN_MODULE, DRAWN_ROW, QUIET = 3, 10, 4  # pixels, pixels, modules


@dataclass(frozen=True, slots=True)
class _Cells:
    """Which pattern (index into its row's cluster) each cell shows, and by how much that leads. ``first`` and ``last`` are the columns of start and
    stop pattern, None where they were not seen; ``top`` is the sheet's row that the first of them is, ``above`` rows are gone before it."""

    pattern: Patterns
    lead: Floats
    first: int | None
    last: int | None
    top: int
    above: int

    @property
    def rows(self) -> int:
        return len(self.pattern) + self.above


@dataclass(frozen=True, slots=True)
class _Symbol:
    """What the cells may be part of: ``columns`` of data, the first of them in column ``begin`` of the sheet, and a level of error correction."""

    columns: int
    begin: int
    level: int


def redrawn(grey: Pixels) -> Iterator[tuple[Pixels, Affine]]:
    """Clean drawings of the symbols in ``grey``, however they lie, likeliest first; with each the way (2x3) to the pixels of ``grey``. Nothing where
    no grid with codewords in it is found."""
    for sheet, way in sheets(grey):
        cells = _recognised(sheet)
        if cells is None:
            continue
        for symbol, matrix in _drawings(cells):
            picture = np.kron(np.where(matrix, 0, 255), np.ones((DRAWN_ROW, DRAWN_MODULE))).astype(np.uint8)
            column, row = symbol.begin - BEFORE_DATA, cells.top - cells.above
            yield np.pad(picture, QUIET * DRAWN_MODULE, constant_values=255), composed(way, _way(sheet, column, row))


def _way(sheet: Sheet, column: int, row: int) -> Affine:
    """From the pixels of a drawing that begins in ``column`` and ``row`` of the sheet to those of the picture."""
    rows, columns = sheet.cells.shape[:2]
    left_top, right_top, _, left_bottom = sheet.corners.astype(np.float64)
    across, down = (right_top - left_top) / (columns * CODEWORD * DRAWN_MODULE), (left_bottom - left_top) / (rows * DRAWN_ROW)
    begin = left_top + across * (column * CODEWORD - QUIET) * DRAWN_MODULE + down * (row * DRAWN_ROW - QUIET * DRAWN_MODULE)
    return np.stack([across, down, begin], axis=1)


def _recognised(sheet: Sheet) -> _Cells | None:
    flat = sheet.cells - sheet.cells.mean(axis=2, keepdims=True)
    strength = np.linalg.norm(flat, axis=2)
    usual = np.percentile(strength, 75)
    live = np.flatnonzero((strength > 0.3 * usual).mean(axis=1) > 0.35)  # rows outside of the symbol have no contrast
    if len(live) < FEWEST_ROWS:
        return None
    within = slice(live[0], live[-1] + 1)
    unit, seen = (flat / (strength[..., None] + 1e-6))[within], (strength > FAINTEST * usual)[within]
    blur = _blur(unit[seen])
    if blur is None:
        return None
    likeness = np.einsum("rcs,kps->krcp", unit, _templates(blur), optimize=True)
    two = np.partition(likeness, -2, axis=3)[..., -2:]
    rows = np.arange(len(unit))
    fits = np.where(seen, two[..., 1], 0).sum(axis=2)  # clusters x rows
    above = max(range(CLUSTERS), key=lambda gone: float(fits[(rows + gone) % CLUSTERS, rows].sum()))
    cluster = (rows + above) % CLUSTERS
    best, lead = two[cluster, rows, :, 1], (two[..., 1] - two[..., 0])[cluster, rows]
    (first, at_start), (last, at_end) = (_column(unit, widths, blur) for widths in (START, STOP))
    if first is not None and last is not None and last <= first:
        first, last = (first, None) if at_start > at_end else (None, last)
    pattern = likeness[cluster, rows].argmax(axis=2)
    return _Cells(pattern, np.where(seen & (best > FITTING), lead, 0).astype(np.float32), first, last, int(live[0]), above)


def _blur(units: Floats) -> float | None:
    """Of BLURS the one with which patterns are most like what is seen; None where none is: that is no symbol."""
    sample = np.random.default_rng(0).permutation(units)[:SAMPLE]
    fits = {blur: float((sample @ _templates(blur).reshape(-1, CELL).T).max(axis=1).mean()) for blur in BLURS}
    best = max(fits, key=fits.__getitem__)
    return best if fits[best] >= LEAST_FIT else None


@lru_cache(maxsize=1)
def _patterns() -> NDArray[np.bool_]:
    """Clusters x 929 x modules, True is dark; taken from symbols that are drawn for it."""
    seen: tuple[set[tuple[bool, ...]], ...] = (set(), set(), set())
    chance = np.random.default_rng(1)
    while any(len(patterns) < OF_CLUSTER for patterns in seen):
        for row, modules in enumerate(_modules(chance.bytes(300), columns=20, ec_level="8")):
            for column in range(1, len(modules) // CODEWORD - 1):
                seen[row % CLUSTERS].add(tuple(modules[CODEWORD * column : CODEWORD * (column + 1)].tolist()))
    return np.asarray([sorted(patterns) for patterns in seen])


def _modules(content: bytes | str, **options: object) -> NDArray[np.bool_]:
    """A symbol's rows x modules, True is dark. Rows that follow each other are never alike."""
    made = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.PDF417, **options)
    drawn = np.asarray(made.to_image(scale=1, add_quiet_zones=False)) < 128
    return np.asarray(drawn[[0, *(np.flatnonzero((drawn[1:] != drawn[:-1]).any(axis=1)) + 1)]])


@lru_cache(maxsize=len(BLURS))
def _templates(blur: float) -> Floats:
    """Patterns as a blurred picture shows them: clusters x 929 x CELL."""
    return _as_seen(_patterns().astype(np.float32), blur)


def _as_seen(modules: Floats, blur: float) -> Floats:
    """Light of codewords (… x CODEWORD, 1 is dark) between a space and a bar, as codewords always stand; blurred, of zero mean and unit length."""
    beside = [(0, 0)] * (modules.ndim - 1)
    wide = np.pad(np.pad(modules, [*beside, (2, 0)]), [*beside, (0, 1)], constant_values=1)
    wide = np.pad(wide, [*beside, (0, 1)], constant_values=0.5)
    fine = np.repeat(1.0 - wide, SUB, axis=-1).astype(np.float32)
    rows = fine.reshape(-1, fine.shape[-1])
    soft = cv2.GaussianBlur(rows, (0, 0), sigmaX=blur * SUB, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)[:, 2 * SUB : 2 * SUB + CELL]
    soft = soft - soft.mean(axis=1, keepdims=True)
    return np.asarray((soft / np.linalg.norm(soft, axis=1, keepdims=True)).reshape(*modules.shape[:-1], CELL), np.float32)


def _column(unit: Floats, widths: tuple[int, ...], blur: float) -> tuple[int | None, float]:
    """The column in which all rows show the pattern of these ``widths``, if there is one, and how well they do."""
    template = _as_seen(np.repeat([1.0, 0.0] * 4, widths)[None].astype(np.float32), blur)[0]
    likeness = np.median(unit @ template, axis=0)
    column = int(np.argmax(likeness))
    return (column if likeness[column] > SURE else None), float(likeness[column])


def _drawings(cells: _Cells) -> Iterator[tuple[_Symbol, NDArray[np.bool_]]]:
    """Symbols and their drawings (rows x modules, True is dark) that the cells may be part of, those first for which the row indicators speak."""
    if not FEWEST_ROWS <= cells.rows <= MOST_ROWS:
        return
    likely = sorted(((_agreement(cells, symbol), symbol) for symbol in _symbols(cells)), key=lambda pair: -pair[0])
    for agreement, symbol in likely[:MOST_TRIED]:
        # So few words of correction make a message of anything, now and then.
        by_accident = symbol.level < STRONG and agreement < TOLD
        if by_accident or agreement < likely[0][0] - AS_LIKELY:
            continue
        drawn = set()
        for doubt in DOUBTS if symbol.level >= STRONG else DOUBTS[:1]:
            matrix, erased = _filled(cells, symbol, doubt)
            if erased not in drawn and erased <= 2**symbol.level - 2:
                drawn.add(erased)
                yield symbol, matrix


def _symbols(cells: _Cells) -> Iterator[_Symbol]:
    for columns, begin in _widths(cells):
        for level in LEVELS if 0 < columns <= MOST_COLUMNS and cells.rows * columns <= MOST_CODEWORDS else ():
            if 2 ** (level + 1) + 8 < cells.rows * columns:
                yield _Symbol(columns, begin, level)


def _widths(cells: _Cells) -> list[tuple[int, int]]:
    """How many columns of data there may be, and in which of the sheet's columns the first of them stands."""
    first, last = cells.first, cells.last
    clear = np.flatnonzero((cells.lead > max(DOUBTS)).mean(axis=0) > 0.5)
    if first is not None and last is not None and last - first > 3:
        return [(last - first - 3, first + BEFORE_DATA)]
    if last is not None and len(clear):
        return [(last - 1 - begin, begin) for begin in range(int(clear[0]) + 2, int(clear[0]) - MOST_LOST, -1)]
    if first is not None and len(clear):
        return [(end - first - BEFORE_DATA, first + BEFORE_DATA) for end in range(int(clear[-1]) - 1, int(clear[-1]) + MOST_LOST)]
    return []


def _agreement(cells: _Cells, symbol: _Symbol) -> float:
    """The share of row indicators clearly seen on the sheet that are the symbol's."""
    donor, patterns, alike, seen = _donor(symbol.columns, cells.rows, symbol.level), _patterns(), 0, 0
    for column, at in ((1, symbol.begin - 1), (symbol.columns + 2, symbol.begin + symbol.columns)):
        inside = 0 <= at < cells.pattern.shape[1]
        for row in np.flatnonzero(cells.lead[:, at] > max(DOUBTS)) if inside else ():
            shown = patterns[(row + cells.above) % CLUSTERS, cells.pattern[row, at]]
            alike += bool((shown == donor[row + cells.above, CODEWORD * column : CODEWORD * (column + 1)]).all())
            seen += 1
    return alike / seen if seen else 0.0


@lru_cache(maxsize=64)
def _donor(columns: int, rows: int, level: int) -> NDArray[np.bool_]:
    return _modules(LENT, columns=columns, rows=rows, ec_level=str(level))


def _filled(cells: _Cells, symbol: _Symbol, doubt: float) -> tuple[NDArray[np.bool_], int]:
    """The symbol with the cells' patterns for its data, and how many of these are drawn as erasures."""
    matrix, patterns, erased = _donor(symbol.columns, cells.rows, symbol.level).copy(), _patterns(), 0
    blank = np.repeat([True, False] * 4, NO_CLUSTER)
    for row in range(cells.rows):
        for column in range(symbol.columns):
            at, seen = symbol.begin + column, row - cells.above
            known = seen >= 0 and 0 <= at < cells.pattern.shape[1] and cells.lead[seen, at] > doubt
            place = slice(CODEWORD * (column + BEFORE_DATA), CODEWORD * (column + BEFORE_DATA + 1))
            matrix[row, place] = patterns[row % CLUSTERS, cells.pattern[seen, at]] if known else blank
            erased += not known
    return matrix, erased
