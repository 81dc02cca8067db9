"""A leaning or slanting page set straight by its own lines of text, so that rows are rows and columns are columns for those who read the layout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines.base import Pixels, TextLine

FEWEST_LINES = 4
SLIGHT = 0.008  # height gained per width: half a degree leaves rows apart on any page
STEEP = 0.4
STRAY = 0.05  # lines that lean otherwise than the rest by this much are not of the page: stamps, signatures, another paper
GROWTH = 1.6


def levelled(rgb: Pixels, lines: Sequence[TextLine]) -> tuple[Pixels, list[TextLine]]:
    """``rgb`` warped so that its lines of text lie level, with the lines moved along; both unchanged where they lie level already or where too few
    long lines tell. Perspective is taken from how the lean changes down the page."""
    lean = _lean(lines, rgb.shape[0])
    if lean is None or max(abs(lean[0]), abs(lean[1])) < SLIGHT:
        return rgb, list(lines)
    height, width = rgb.shape[:2]
    matrix, size = _warp(width, height, *lean)
    if max(size[0] / width, size[1] / height) > GROWTH:
        return rgb, list(lines)
    border = tuple(int(level) for level in np.median(rgb[:: max(1, height // 64), :: max(1, width // 64)].reshape(-1, 3), axis=0))
    straight = cv2.warpPerspective(rgb, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
    return np.asarray(straight, dtype=np.uint8), [_moved(line, matrix) for line in lines]


def _lean(lines: Sequence[TextLine], height: int) -> tuple[float, float] | None:
    """The slope of lines at the top and at the bottom of the page; one and the same where few lines or a short stretch of page show it."""
    measured = [entry for line in lines if (entry := _slope(line)) is not None]
    if len(measured) < FEWEST_LINES:
        return None
    slopes, places, weights = (np.asarray(column) for column in zip(*measured, strict=True))
    middle = float(np.median(np.repeat(slopes, np.maximum(1, (8 * weights / weights.max()).astype(int)))))
    kept = np.abs(slopes - middle) < STRAY
    if kept.sum() < FEWEST_LINES or abs(middle) > STEEP:
        return None
    if kept.sum() < 2 * FEWEST_LINES or np.ptp(places[kept]) < 0.4 * height:
        return middle, middle
    gradient, start = np.polyfit(places[kept], slopes[kept], 1, w=weights[kept])
    return float(start), float(start + gradient * height)


def _slope(line: TextLine) -> tuple[float, float, float] | None:
    """(slope, height on the page, width) of a line long enough to show it."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line.polygon
    across, tall = math.dist((x0, y0), (x1, y1)), math.dist((x0, y0), (x3, y3))
    if len(line.text) < 6 or across < 5 * tall or abs(x1 - x0) < 1 or abs(x2 - x3) < 1:
        return None
    return ((y1 - y0) / (x1 - x0) + (y2 - y3) / (x2 - x3)) / 2, (y0 + y1 + y2 + y3) / 4, across


def _warp(width: int, height: int, top: float, bottom: float) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The homography that makes lines of those slopes level and what stands on them upright, and the size of a canvas that holds all of the page."""
    aside = -(top + bottom) / 2 * height
    leaning = np.asarray([[0, 0], [width, top * width], [width + aside, height + bottom * width], [aside, height]], np.float32)
    straight = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(leaning, straight)
    corners = cv2.perspectiveTransform(straight[None], matrix)[0]
    left, upper = corners.min(axis=0)
    right, lower = corners.max(axis=0)
    shift = np.asarray([[1, 0, -left], [0, 1, -upper], [0, 0, 1]])
    return shift @ matrix, (math.ceil(right - left), math.ceil(lower - upper))


def _moved(line: TextLine, matrix: NDArray[np.float64]) -> TextLine:
    points = cv2.perspectiveTransform(np.asarray([line.polygon], np.float64), matrix)[0]
    return replace(line, polygon=tuple((float(x), float(y)) for x, y in points))  # type: ignore[arg-type]
