"""Where in the picture the document lies: its four corners on a ground of one colour, and the document cut out and set straight.

A card of ISO/IEC 7810 is 85.60 x 53.98 mm (ID-1) or 125 x 88 mm (ID-3, a passport's page); letters are 1.29 or 1.41 times as tall as wide. What
the ground looks like is told by the picture's rim. Where the rim is not of one colour, or is the document itself, nothing is found: that is an
answer, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines.base import Pixels

LOOKED_AT = 480  # pixels of the longer side
RIM = 0.025
EVEN = 14.0  # Lab units: of the rim's pixels nine in ten are as near to its median
APART = 16.0  # Lab units between ground and document
SMALLEST, LARGEST = 0.08, 0.97  # of the picture's area
NARROWEST = 300  # pixels: smaller, nothing on it could be read
BESIDE = 0.06  # of the document's area: what else may lie on the ground
FILLED = 0.93  # of its own convex hull
WAVERING, STRAIGHT = 3.0, 0.85  # pixels; share of the contour that runs along the four sides: the rest are rounded corners
SQUAREST, LONGEST = 1.15, 1.8
SLANT = 25.0  # degrees from a right angle
AT_THE_EDGE = 0.012  # of the picture's side: a corner as near is cut off or hidden by the edge
MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Outline:
    """``corners`` of the document in pixels, from its top left clockwise as it lies; ``inside`` how many of them are in the picture, ``share`` its
    part of the picture's area."""

    corners: NDArray[np.float32]
    inside: int
    share: float

    def rectified(self, rgb: Pixels) -> Pixels:
        """The document alone with a narrow margin, at the size it has in ``rgb``; perspective undone."""
        top, right, bottom, left = (float(math.dist(self.corners[at], self.corners[(at + 1) % 4])) for at in range(4))
        width, height = max(top, bottom), max(right, left)
        edge = MARGIN * max(width, height)
        target = np.asarray([[edge, edge], [edge + width, edge], [edge + width, edge + height], [edge, edge + height]], np.float32)
        matrix = cv2.getPerspectiveTransform(self.corners, target)
        size = (math.ceil(width + 2 * edge), math.ceil(height + 2 * edge))
        return np.asarray(cv2.warpPerspective(rgb, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def find(rgb: Pixels) -> Outline | None:
    """The document's outline, or None where no ground of one colour surrounds it."""
    factor = min(1.0, LOOKED_AT / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    mask = _apart(np.asarray(cv2.cvtColor(cv2.GaussianBlur(small, (5, 5), 0), cv2.COLOR_RGB2LAB), np.float32))
    if mask is None:
        return None
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None:
        return None
    area, picture = float(cv2.contourArea(largest)), float(mask.size)
    height, width = mask.shape
    near = AT_THE_EDGE * max(height, width)
    outline = np.asarray(largest, np.int32)
    quad = _quadrangle(outline, area)
    if quad is None or not SMALLEST < area / picture < LARGEST or _beside(mask, outline) > BESIDE * area:
        return None
    inside = sum(bool(near < x < width - near and near < y < height - near) for x, y in quad)
    if inside == 0 or math.dist(quad[0], quad[1]) < NARROWEST * factor or (inside == 4 and not _proportioned(quad)):
        return None  # a picture cut close, or something else than a document
    return Outline(np.asarray(quad / factor, np.float32), inside, area / picture)


def _apart(lab: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """What differs from the ground at the rim; None where there is no such ground."""
    height, width = lab.shape[:2]
    rim = max(2, round(RIM * max(height, width)))
    ring = np.concatenate([lab[:rim].reshape(-1, 3), lab[-rim:].reshape(-1, 3), lab[:, :rim].reshape(-1, 3), lab[:, -rim:].reshape(-1, 3)])
    ground = np.median(ring, axis=0)
    if float(np.percentile(np.linalg.norm(ring - ground, axis=1), 75)) > EVEN:
        return None
    other = (np.linalg.norm(lab - ground, axis=2) > APART).astype(np.uint8)
    closed = cv2.morphologyEx(other, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (9, 9)))
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, (7, 7))), np.uint8)


def _beside(mask: NDArray[np.uint8], contour: NDArray[np.int32]) -> int:
    """Pixels that are not of the ground, outside of ``contour``: print, where what was found is the portrait on a plain card."""
    rest = mask.copy()
    cv2.drawContours(rest, [contour], -1, 0, cv2.FILLED)
    return int(np.count_nonzero(rest))


def _quadrangle(contour: NDArray[np.int32], area: float) -> NDArray[np.float32] | None:
    """The four corners of a contour that is a quadrangle with the proportions of a document."""
    hull = cv2.convexHull(contour)
    length = cv2.arcLength(hull, True)
    for tolerance in (0.015, 0.025, 0.04, 0.06):
        found = cv2.approxPolyDP(hull, tolerance * length, True).reshape(-1, 2).astype(np.float32)
        if len(found) <= 4:
            break
    if len(found) != 4 or area < FILLED * cv2.contourArea(hull):
        return None
    quad = _from_top_left(found)
    off = [abs(cv2.pointPolygonTest(quad, (float(x), float(y)), True)) for x, y in contour.reshape(-1, 2)[::3]]
    straight = float(np.mean(np.asarray(off) < WAVERING))
    return quad if straight >= STRAIGHT and all(abs(_angle(quad, at) - 90) < SLANT for at in range(4)) else None


def _proportioned(quad: NDArray[np.float32]) -> bool:
    """Whether it may be a whole document: a card that the picture's edge cuts has any proportion."""
    sides = [math.dist(quad[at], quad[(at + 1) % 4]) for at in range(4)]
    across, along = sides[0] + sides[2], sides[1] + sides[3]
    return SQUAREST < max(across, along) / max(1.0, min(across, along)) < LONGEST


def _from_top_left(points: NDArray[np.float32]) -> NDArray[np.float32]:
    middle = points.mean(axis=0)
    turned = points[np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))]
    return np.roll(turned, -int(np.argmin(turned.sum(axis=1))), axis=0)


def _angle(quad: NDArray[np.float32], at: int) -> float:
    before, after = quad[at - 1] - quad[at], quad[(at + 1) % 4] - quad[at]
    cosine = float(np.dot(before, after) / max(1e-6, float(np.linalg.norm(before) * np.linalg.norm(after))))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
