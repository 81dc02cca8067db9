"""Pictures of barcodes turned so that their bars stand upright, and the way back to the original pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.engines.base import Pixels

Floats = NDArray[np.float32]
Affine = NDArray[np.float64]
"""2x3: where a point of the picture was in the original."""
BOX = 31
COPY_SIDE = 800  # pixels; the copy that textures are looked at on


def stripes(grey: Pixels) -> tuple[NDArray[np.float32], float]:
    """How much each place of ``grey`` is made of many parallel bars, 0..1, on a copy of at most COPY_SIDE pixels, and that copy's scale. Unlike bars,
    the edge of a card or a desk is alone."""
    energy, coherence, _, factor = _tensor(grey)
    small = cv2.GaussianBlur(_copy(grey)[0], (0, 0), 1.0)
    steep = np.hypot(cv2.Scharr(small, cv2.CV_32F, 1, 0), cv2.Scharr(small, cv2.CV_32F, 0, 1))
    busy = (steep > 0.25 * cv2.dilate(steep, np.ones((BOX, BOX), np.uint8))).astype(np.float32)
    strength = np.minimum(1.0, energy / (0.5 * np.percentile(energy, 99) + 1e-3))
    return (coherence**2 * cv2.boxFilter(busy, -1, (BOX, BOX)) * strength).astype(np.float32), factor


def bar_angle(grey: Pixels) -> float:
    """Degrees to turn the image so that its densest bars stand upright: dominant direction of the structure tensor."""
    energy, coherence, theta, _ = _tensor(grey)
    score = energy * coherence * coherence
    mask = score > np.percentile(score, 99) * 0.35
    weight = score[mask]
    return math.degrees(0.5 * math.atan2(float((np.sin(2 * theta[mask]) * weight).sum()), float((np.cos(2 * theta[mask]) * weight).sum())))


def _copy(grey: Pixels) -> tuple[Pixels, float]:
    factor = min(1.0, COPY_SIDE / max(grey.shape))
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    return np.asarray(small, dtype=np.uint8), factor


def _tensor(grey: Pixels) -> tuple[Floats, Floats, Floats, float]:
    """Of each place of a small copy: how much changes about it, how much of that in one direction, which (radians); and the copy's scale."""
    small, factor = _copy(grey)
    gx, gy = cv2.Scharr(small, cv2.CV_32F, 1, 0), cv2.Scharr(small, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.boxFilter(product, -1, (BOX, BOX)) for product in (gx * gx, gy * gy, gx * gy))
    energy = xx + yy
    return energy, np.sqrt((xx - yy) ** 2 + 4 * xy * xy) / (energy + 1e-3), 0.5 * np.arctan2(2 * xy, xx - yy), factor


def turned(grey: Pixels, degrees: float) -> tuple[Pixels, Affine]:
    """``grey`` turned counter-clockwise on white, nothing cut off."""
    height, width = grey.shape
    there = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(there[0, 0]), abs(there[0, 1])
    wide, high = int(height * sine + width * cosine) + 8, int(height * cosine + width * sine) + 8
    there[0, 2] += wide / 2 - width / 2
    there[1, 2] += high / 2 - height / 2
    picture = cv2.warpAffine(grey, there, (wide, high), flags=cv2.INTER_CUBIC, borderValue=255)
    return np.asarray(picture, dtype=np.uint8), np.asarray(cv2.invertAffineTransform(there))


def composed(outer: Affine, inner: Affine) -> Affine:
    """``outer`` after ``inner``."""
    return np.asarray(np.vstack([outer, [0, 0, 1]]) @ np.vstack([inner, [0, 0, 1]]))[:2]
