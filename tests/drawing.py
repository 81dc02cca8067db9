"""A page with a few lines, for engines of text."""

from __future__ import annotations

import cv2
import numpy as np

from documents.engines.base import Pixels


def drawn(*texts: str) -> Pixels:
    rgb = np.full((60 + 60 * len(texts), 900, 3), 255, np.uint8)
    for row, text in enumerate(texts):
        cv2.putText(rgb, text, (30, 70 + 60 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (10, 10, 10), 2, cv2.LINE_AA)
    return rgb
