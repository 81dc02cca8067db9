"""From a detector's map to lines of text cut out of the picture (differentiable binarization, Liao et al. 2020, section 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines.base import Pixels

Corners = NDArray[np.float32]  # 4 x 2, x and y: top left, top right, bottom right, bottom left as the text is read
INK, LIKELY = 0.3, 0.5  # of the map: what belongs to a shape, the mean inside one that is text
GROWN = 1.6  # the map shows the middle of a line: a shape grows by its area times this over its circumference
SMALLEST, SMALLEST_GROWN, SMALLEST_SEEN = 3, 5, 4  # pixels of the shorter side: of a shape, grown, in the picture
MOST = 1000
STANDING = 1.5  # a line so much taller than wide is turned to lie


def text_boxes(likely: NDArray[np.float32], width: int, height: int) -> list[Corners]:
    """Boxes of lines in a picture of ``width`` x ``height`` pixels, top to bottom. ``likely``: the detector's map of the whole picture, 0..1."""
    inked = cv2.dilate((likely > INK).astype(np.uint8), np.ones((2, 2), np.uint8))
    shapes, _ = cv2.findContours(inked, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.asarray([width / likely.shape[1], height / likely.shape[0]], np.float32)
    limits = np.asarray([width, height], np.float32)
    found = [np.clip(np.round(box * scale), 0, limits).astype(np.float32) for shape in shapes[:MOST] for box in _grown(shape, likely)]
    found = [box for box in found if min(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[0] - box[3])) >= SMALLEST_SEEN]
    return sorted(found, key=lambda box: (float(box[0][1]), float(box[0][0])))


def _grown(shape: Any, likely: NDArray[np.float32]) -> Iterator[Corners]:
    """The rectangle about ``shape``, grown, if the map says that it is text."""
    middle, (across, along), angle = cv2.minAreaRect(shape)
    if min(across, along) < SMALLEST or _inside(likely, cv2.boxPoints((middle, (across, along), angle))) < LIKELY:
        return
    more = across * along * GROWN / (across + along)  # on both sides together
    if min(across, along) + more >= SMALLEST_GROWN:
        yield _in_order(cv2.boxPoints((middle, (across + more, along + more), angle)))


def _inside(likely: NDArray[np.float32], corners: Any) -> float:
    """Mean of the map within ``corners``."""
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    part = likely[top:bottom, left:right]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])


def _in_order(corners: Any) -> Corners:
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    (top_left, bottom_left), (top_right, bottom_right) = (pair[np.argsort(pair[:, 1], kind="stable")] for pair in (by_x[:2], by_x[2:]))
    return np.asarray([top_left, top_right, bottom_right, bottom_left], np.float32)


def cut_out(picture: Pixels, box: Corners) -> Pixels:
    """The line in ``box``, lying, as large as it is in ``picture``."""
    width = int(max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[2] - box[3])))
    height = int(max(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[1] - box[2])))
    corners = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    flat = cv2.warpPerspective(
        picture, cv2.getPerspectiveTransform(box, corners), (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return np.asarray(np.rot90(flat) if height >= STANDING * width else flat, dtype=np.uint8)
