"""The grid of a PDF417 symbol (ISO/IEC 15438) in a picture, found by what all of the symbol shares instead of edge by edge.

Every codeword begins with a bar, so that at each multiple of 17 modules all rows turn dark at once (§5.2); and rows, at least three modules high,
change at regular heights. Both are followed from strip to strip, across lost and covered places, and fitted as a whole, which takes perspective and a
slight bend with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines.barcode_upright import Affine, Floats, bar_angle, composed, stripes, turned
from documents.engines.base import Pixels

CODEWORD = 17  # modules
SUB = 4  # samples to a module
CELL = CODEWORD * SUB
SMALLEST_MODULE, LARGEST_MODULE = 1.1, 14.0  # pixels
MOST_COLUMNS, MOST_ROWS = 30, 90  # of data, by the standard
LEAST_LIKENESS = 0.08  # of strips with themselves a period on: symbols have 0.4, 0.1 where perspective is strong
ROUND = 2  # columns beside those that were found: the ends may be too faint to be followed
EXTENTS = (0.3, 0.12, 0.05)  # of the most striped places' score: what still belongs to the symbol
STRIPS = 12
WITHIN_ROW = (0.3, 0.4, 0.5, 0.6, 0.7)  # heights of a row at which its codewords are looked at, clear of the rows above and below
LEAST_STRIPS = 0.35  # share of the strips in which an edge must be seen
SHRINKING_REACH = (0.2, 0.14, 0.09, 0.07)  # of a period, about where the fit has an edge
STEEPEST = 0.3  # codewords by which edges lie further from one strip or column to the next


@dataclass(frozen=True, slots=True)
class Sheet:
    """A symbol laid flat: ``cells`` is rows x columns x CELL samples of light; ``corners`` are where its top left, top right, bottom right and bottom
    left corner were in the picture, in pixels."""

    cells: Floats
    corners: Floats


@dataclass(frozen=True, slots=True)
class _Fit:
    """Positions over (index, place along the other axis) as a polynomial of the second degree, and the first and last index seen."""

    terms: NDArray[np.float64]
    first: int
    last: int

    def at(self, index: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(_powers(index, place) @ self.terms)

    def point(self, index: float, place: float) -> float:
        return float(self.at(np.array([index]), np.array([place]))[0])


def sheets(grey: Pixels) -> Iterator[tuple[Sheet, Affine]]:
    """Symbols of ``grey`` laid flat, however they lie, with the way (2x3) from their corners' pixels to those of ``grey``. How much of a symbol
    stands out depends on the picture, so that there may be several opinions of one."""
    for part, way in _striped(grey):
        region = _region(part)
        sheet = _laid_flat(region[2]) if region else None
        if region and sheet:
            yield sheet, composed(way, np.array([[1.0, 0, region[0]], [0, 1.0, region[1]]]))


def _striped(grey: Pixels) -> Iterator[tuple[Pixels, Affine]]:
    """Parts of ``grey`` that are full of parallel bars, turned so that these stand upright."""
    score, factor = stripes(grey)
    level = float(np.percentile(score, 99.5))
    tried: list[NDArray[np.int64]] = []
    for share in EXTENTS:
        mask = cv2.morphologyEx((score > share * level).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
        if count < 2:
            continue
        weights = np.bincount(labels.ravel(), weights=score.ravel(), minlength=count)[1:]
        x, y, width, height, _ = (int(value) for value in stats[1 + int(np.argmax(weights))])
        box = np.array([x, y, x + width, y + height])
        if width * height < 1200 or max(width, height) < 40 or any(np.abs(box - other).max() < 0.1 * max(width, height) for other in tried):
            continue
        tried.append(box)
        margin = 0.12 * max(width, height) + 8
        left, top = max(0, int((x - margin) / factor)), max(0, int((y - margin) / factor))
        part = grey[top : int((y + height + margin) / factor) + 1, left : int((x + width + margin) / factor) + 1]
        upright, way = turned(part, bar_angle(part))
        yield upright, composed(np.array([[1.0, 0, left], [0, 1.0, top]]), way)


def _region(grey: Pixels) -> tuple[int, int, Floats] | None:
    """The part of ``grey`` that is full of upright edges, with a margin: its left, top and pixels."""
    factor = min(1.0, 900 / max(grey.shape))
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    across, along = np.abs(cv2.Scharr(small, cv2.CV_32F, 1, 0)), np.abs(cv2.Scharr(small, cv2.CV_32F, 0, 1))
    upright = cv2.boxFilter(across - 1.2 * along, -1, (25, 13))
    level = float(np.percentile(upright, 99.5))
    if level <= 0:
        return None
    mask = cv2.morphologyEx((upright > 0.3 * level).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((15, 41), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    x, y, width, height, _ = (int(value) for value in stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))])
    if width < 60 or height < 8:
        return None
    margin_x, margin_y = 0.06 * width + 6, 0.12 * height + 6
    left, top = max(0, int((x - margin_x) / factor)), max(0, int((y - margin_y) / factor))
    right, bottom = int((x + width + margin_x) / factor) + 1, int((y + height + margin_y) / factor) + 1
    return left, top, np.asarray(grey[top:bottom, left:right], dtype=np.float32)


def _laid_flat(part: Floats, *, on_its_head: bool = False) -> Sheet | None:
    """The symbol of ``part``, whose bars stand about upright; one that stands on its head, where codewords begin on the right, is turned."""
    if part.shape[0] < 2 * STRIPS:
        return None
    spans = CODEWORD * SMALLEST_MODULE, CODEWORD * LARGEST_MODULE
    darker = _falls(part, 0.8)
    period, likeness = _period(_strips(darker, STRIPS)[2:-2], *spans)
    if not on_its_head and _period(_strips(-darker, STRIPS)[2:-2], *spans)[1] > likeness:
        found = _laid_flat(np.ascontiguousarray(part[::-1, ::-1]), on_its_head=True)
        end = np.array([part.shape[1] - 1, part.shape[0] - 1], np.float32)
        return Sheet(found.cells, end - found.corners) if found else None
    scale = CELL / period if period and likeness >= LEAST_LIKENESS else 0.0
    return _sampled(part, scale, min(scale, 4.0)) if scale else None


def _sampled(part: Floats, scale: float, scale_y: float) -> Sheet | None:
    big = np.asarray(cv2.resize(part, None, fx=scale, fy=scale_y, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA), np.float32)
    height = big.shape[0]
    edges = _followed(_strips(_falls(big, 1.5), STRIPS + 4), (np.arange(STRIPS + 4) + 0.5) * height / (STRIPS + 4), CELL)
    if edges is None:
        return None
    first, columns = edges.first - ROUND, edges.last - edges.first + 2 * ROUND
    if not 3 + ROUND <= columns <= MOST_COLUMNS + 4 + 2 * ROUND:
        return None
    ys, samples = np.arange(height, dtype=np.float64), (np.arange(columns * CELL) + 0.5) / CELL + first
    shape = (height, columns * CELL)
    # An edge lies between the two pixels whose difference shows it.
    xmap = (edges.at(np.broadcast_to(samples, shape), np.broadcast_to(ys[:, None], shape)) + 0.5).astype(np.float32)
    ymap = np.ascontiguousarray(np.broadcast_to(ys[:, None].astype(np.float32), shape))
    flat = np.asarray(cv2.remap(big, xmap, ymap, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
    rows = _rows(flat, columns)
    if rows is None or not 3 <= rows.last - rows.first <= MOST_ROWS + 6:
        return None
    across, along = np.arange(columns * CELL, dtype=np.float32)[None], np.arange(columns * CELL) / CELL
    lines = np.zeros((rows.last - rows.first, columns * CELL), np.float32)
    for row in range(len(lines)):
        for share in WITHIN_ROW:
            y = rows.at(np.full_like(along, rows.first + row + share), along).astype(np.float32)[None]
            lines[row] += cv2.remap(flat, across, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0] / len(WITHIN_ROW)
    corners = []
    for column, line in ((0, rows.first), (columns, rows.first), (columns, rows.last), (0, rows.last)):
        height_there = rows.point(line, column)
        corners.append((edges.point(first + column, height_there) / scale, height_there / scale_y))
    return Sheet(lines.reshape(len(lines), columns, CELL), np.asarray(corners, np.float32))


def _falls(picture: Floats, blur: float) -> Floats:
    """By how much light falls from each pixel to the next on its right."""
    soft = cv2.GaussianBlur(picture, (0, 0), blur)
    return np.asarray(soft[:, :-1] - soft[:, 1:], np.float32)


def _strips(change: Floats, count: int) -> Floats:
    """What of ``change`` is above zero, in each of ``count`` strips one under the other."""
    bounds = np.linspace(0, len(change), count + 1).astype(int)
    return np.asarray([np.clip(change[low:high], 0, None).mean(axis=0) for low, high in pairwise(bounds)], np.float32)


def _rows(flat: Floats, columns: int) -> _Fit | None:
    """Where rows change, over (row, column)."""
    soft = cv2.GaussianBlur(flat, (0, 0), 1.2)
    change = np.abs(soft[3:] - soft[:-3])
    profiles = np.zeros((columns, len(flat)), np.float32)
    profiles[:, 1 : 1 + len(change)] = change.reshape(len(change), columns, CELL).mean(axis=2).T
    busy = profiles.mean(axis=1)
    inner = np.flatnonzero(busy > 0.5 * np.percentile(busy, 80))  # start and stop pattern are the same in all rows
    if len(inner) < 3:
        return None
    period, _ = _period(_levelled(profiles[inner], inner.astype(np.float64))[0], 6, 140)
    return _followed(profiles[inner], inner.astype(np.float64) + 0.5, period, loose=0.3) if period else None


def _levelled(profiles: Floats, places: NDArray[np.float64]) -> tuple[Floats, float]:
    """``profiles`` moved so that they agree, as if edges stood straight, and by how much they had to be from one place to the next."""
    slope = _slope(profiles, places)
    middle = float(places.mean())
    return np.asarray([_shifted(profile, slope * (place - middle)) for profile, place in zip(profiles, places, strict=True)], np.float32), slope


def _slope(profiles: Floats, places: NDArray[np.float64]) -> float:
    """Samples by which edges lie further from one place to the next: the shift at which the profiles agree best."""
    flat = profiles - cv2.blur(profiles, (int(0.1 * profiles.shape[1]) | 1, 1))
    step = float(np.diff(places).min())
    shifts = np.arange(-STEEPEST * CELL, STEEPEST * CELL, 0.75) / step
    middle = float(places.mean())
    agreed = []
    for shift in shifts:
        mean = np.mean([_shifted(profile, shift * (place - middle)) for profile, place in zip(flat, places, strict=True)], axis=0)
        agreed.append(float((mean**2).sum()))
    # A shift by a whole row agrees as well: the least of them is meant.
    return float(min((shift for shift, found in zip(shifts, agreed, strict=True) if found >= 0.9 * max(agreed)), key=abs))


def _shifted(profile: Floats, by: float) -> Floats:
    moved = np.interp(np.arange(len(profile)) + by, np.arange(len(profile)), profile, left=0, right=0)
    return np.asarray(moved, np.float32)


def _period(profiles: Floats, least: float, most: float) -> tuple[float | None, float]:
    """The distance in samples at which ``profiles`` repeat themselves, the first strong peak of their autocorrelation, and its height (at most 1)."""
    length = profiles.shape[1]
    most = min(most, length / 3)
    if most <= least + 2:
        return None, 0.0
    flat = profiles - cv2.blur(profiles, (int(2 * most) | 1, 1))
    spectrum = np.fft.rfft(flat, 2 * length, axis=1)
    likeness = np.fft.irfft(spectrum * np.conj(spectrum), axis=1)[:, :length].sum(axis=0)
    if likeness[0] <= 0:
        return None, 0.0
    likeness = likeness / likeness[0] * length / (length - np.arange(length))
    peaks = [lag for lag in range(int(np.ceil(least)), int(most)) if likeness[lag - 1] <= likeness[lag] > likeness[lag + 1]]
    best = max((likeness[lag] for lag in peaks), default=0.0)
    if best <= 0:
        return None, 0.0
    lag = next(lag for lag in peaks if likeness[lag] >= 0.75 * best)
    return lag + _beside(likeness, lag), float(likeness[lag])


def _beside(values: NDArray[np.floating], peak: int) -> float:
    """How far from ``peak`` the top of a parabola through it and its neighbours lies, in samples."""
    before, at, after = (float(value) for value in values[peak - 1 : peak + 2])
    curve = before - 2 * at + after
    return float(np.clip(0.5 * (before - after) / curve, -0.5, 0.5)) if curve < 0 else 0.0


def _followed(profiles: Floats, places: NDArray[np.float64], period: float, *, loose: float = 0.16) -> _Fit | None:
    """Regular peaks of ``profiles``, which lie at ``places`` along the other axis, fitted as one. They are looked for in two ways, of which one sees
    through blur and the other is not led astray by perspective; the fit that more of them lie on is taken."""
    found = [
        _settled(profiles, places, points, period) for points in (_in_all(profiles, places, period, loose), _in_each(profiles, places, period, loose))
    ]
    return max(found, key=lambda one: one[0])[1]


def _settled(profiles: Floats, places: NDArray[np.float64], points: NDArray[np.float64], period: float) -> tuple[int, _Fit | None]:
    """The fit through ``points``, settled on the peaks nearest to it, and how many these are."""
    terms = _fitted(points)
    first, last = (int(points[:, 0].min()) - 1, int(points[:, 0].max()) + 1) if len(points) else (0, 0)
    for reach in SHRINKING_REACH:
        if terms is None:
            return 0, None
        points = _expected(profiles, places, _Fit(terms, first, last), reach * period)
        terms = _fitted(points)
    seen = [int(index) for index in np.unique(points[:, 0]) if (points[:, 0] == index).sum() >= LEAST_STRIPS * len(places)]
    return (len(points), _Fit(terms, seen[0], seen[-1])) if terms is not None and seen else (0, None)


def _in_all(profiles: Floats, places: NDArray[np.float64], period: float, loose: float) -> NDArray[np.float64]:
    """Peaks of all profiles together, moved so that they agree: rows of index, place, position."""
    level, slope = _levelled(profiles, places)
    middle = float(places.mean())
    numbered = _numbered(_tracked(level.mean(axis=0), period, loose))
    return _points((index, place, x + slope * (place - middle)) for index, x in numbered.items() for place in places)


def _in_each(profiles: Floats, places: NDArray[np.float64], period: float, loose: float) -> NDArray[np.float64]:
    """Peaks of each profile with its neighbours, numbered as those nearest to them in the profile next to it."""
    joined = np.asarray([profiles[max(0, at - 1) : at + 2].mean(axis=0) for at in range(len(profiles))], np.float32)
    middle = len(profiles) // 2
    known = {middle: _numbered(_tracked(joined[middle], period, loose))}
    for at in sorted(range(len(profiles)), key=lambda at: abs(at - middle))[1:]:
        near = known[min(known, key=lambda done: abs(done - at))]
        if numbered := _numbered_as(_tracked(joined[at], period, loose), near, period):
            known[at] = numbered
    return _points((index, places[at], x) for at, numbered in known.items() for index, x in numbered.items())


def _points(rows: Iterable[tuple[float, float, float]]) -> NDArray[np.float64]:
    return np.asarray(list(rows), dtype=np.float64).reshape(-1, 3)


def _numbered(found: list[float]) -> dict[int, float]:
    """Peaks by their index from the first, with steps of more than one over gaps."""
    if len(found) < 3:
        return {}
    steps = np.maximum(1, np.rint(np.diff(found) / np.median(np.diff(found)))).astype(int)
    return dict(zip([0, *np.cumsum(steps).tolist()], found, strict=True))


def _numbered_as(found: list[float], near: dict[int, float], period: float) -> dict[int, float]:
    """Peaks by the index that the same edge has in a strip ``near`` by; none where that is not told: the edges lie half a period away."""
    if len(found) < 3 or not near:
        return {}
    indices, known = np.array(list(near)), np.array(list(near.values()))
    nearest = [int(np.argmin(np.abs(known - x))) for x in found]
    moved = float(np.median([x - known[at] for x, at in zip(found, nearest, strict=True)]))
    if abs(moved) > 0.4 * period:
        return {}
    return {int(indices[at]) + round((x - known[at] - moved) / period): x for x, at in zip(found, nearest, strict=True)}


def _tracked(profile: Floats, period: float, loose: float) -> list[float]:
    """Places of regular peaks, followed from the middle both ways as long as they are there, over gaps of two."""
    seed = _seed(profile, period)
    found, usual = [float(seed)], float(profile[seed])
    for direction in (1, -1):
        at, step, gaps = float(seed), period, 0
        while gaps < 3:
            middle = at + direction * step
            low, high = int(np.floor(middle - loose * period)), int(np.ceil(middle + loose * period)) + 1
            if low < 1 or high >= len(profile) - 1:
                break
            peak = low + int(np.argmax(profile[low:high]))
            if profile[peak] < 0.3 * usual:
                gaps, at = gaps + 1, middle
                continue
            exact = peak + _beside(profile, peak)
            if not gaps:
                step = 0.8 * step + 0.2 * float(np.clip(direction * (exact - at), 0.85 * period, 1.15 * period))
            usual, gaps, at = 0.8 * usual + 0.2 * float(profile[peak]), 0, exact
            found.append(exact)
    return sorted(found)


def _seed(profile: Floats, period: float) -> int:
    """Where a comb of three teeth fits best in the middle half."""
    soft, step, quarter = cv2.blur(profile[None], (3, 1))[0], round(period), len(profile) // 4
    comb = soft.copy()
    comb[step:] += soft[:-step]
    comb[:-step] += soft[step:]
    return quarter + int(np.argmax(comb[quarter : len(profile) - quarter]))


def _expected(profiles: Floats, places: NDArray[np.float64], fit: _Fit, reach: float) -> NDArray[np.float64]:
    """Peaks within ``reach`` samples of where ``fit`` has them: rows of index, place, position."""
    points = []
    indices = np.arange(fit.first, fit.last + 1, dtype=np.float64)
    for profile, place in zip(profiles, places, strict=True):
        for index, middle in zip(indices, fit.at(indices, np.full_like(indices, place)), strict=True):
            low, high = int(middle - reach), int(middle + reach) + 2
            if low < 1 or high >= len(profile) - 1:
                continue
            peak = low + int(np.argmax(profile[low:high]))
            if low < peak < high - 1:
                points.append((index, place, peak + _beside(profile, peak), float(profile[peak])))
    array = np.asarray(points, dtype=np.float64).reshape(-1, 4)
    return array[array[:, 3] > 0.4 * np.median(array[:, 3])][:, :3] if len(array) else array[:, :3]


def _fitted(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Least squares of position over (index, place); what lies far off is left out, twice."""
    kept = points
    terms = None
    for _ in range(3):
        if len(kept) < 12:
            return None
        terms = np.asarray(np.linalg.lstsq(_powers(kept[:, 0], kept[:, 1]), kept[:, 2], rcond=None)[0], np.float64)
        off = np.abs(_powers(points[:, 0], points[:, 1]) @ terms - points[:, 2])
        kept = points[off <= max(1.0, 3.0 * float(np.median(off)))]
    return terms


def _powers(index: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(index), index, place, index * place, index**2, place**2], axis=-1)
