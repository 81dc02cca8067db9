"""Is the picture good enough to read and to keep? Blur, glare, exposure and resolution, each against two limits.

Measured on the document, cut out where its outline is seen, brought to 1000 px width, so that limits compare: below the first limit a person should
look, beyond the second the picture should be taken again. Scans and rendered pages have paper-white ground: glare and exposure say nothing about
them and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from documents.engines.base import Pixels, TextLine

MEASURED_WIDTH = 1000
SHARP, SOFT = 100.0, 50.0
GLARE_SEEN, GLARE_MUCH = 0.01, 0.05
DARK, DIM, BRIGHT, BURNT = 40.0, 60.0, 200.0, 225.0
WIDE, NARROW = 1011, 506
PAPER_WHITE = 232
_ADVICE = {
    "resolution": "Move closer: the document should fill the picture.",
    "blur": "Hold still and let the camera focus.",
    "glare": "Tilt the document or switch off the flash to avoid reflections.",
    "exposure": "Use even, brighter light.",
    "overexposure": "Use softer light: the picture is too bright.",
    "framing": "Keep all four corners of the document in the picture.",
}
_VERDICTS = ("good", "doubtful", "unusable")


_PLACES = (("top left", "top", "top right"), ("left", "middle", "right"), ("bottom left", "bottom", "bottom right"))


def measure(rgb: Pixels, lines: Sequence[TextLine] = (), *, corners: int | None = None) -> dict[str, Any]:
    """``width`` px, ``resolution`` px (the same), ``blur`` variance of the Laplacian, ``glare`` share 0..1 of burnt pixels within text, ``exposure``
    mean luminance 0..255, ``corners`` of the document in the picture (None: its outline was not seen), ``verdict`` good, doubtful or unusable,
    ``advice`` a list of sentences for the person with the camera."""
    factor = MEASURED_WIDTH / rgb.shape[1]
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cv2.resize(rgb, (MEASURED_WIDTH, max(8, round(rgb.shape[0] * factor))), interpolation=interpolation)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    paper = float(np.median(grey[::2, ::2])) >= PAPER_WHITE
    measured: dict[str, Any] = {
        "width": int(rgb.shape[1]),
        "resolution": int(rgb.shape[1]),
        "blur": round(float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1][0, 0]) ** 2, 1),
        "glare": None,
        "exposure": None if paper else round(float(grey.mean()), 1),
        "corners": corners,
    }
    place = ""
    if not paper:
        measured["glare"], place = _glare(small, lines, factor)
    return {**measured, **_judged(measured, place)}


def perceptual_hash(rgb: Pixels) -> str:
    """64 bits in hex: which of the 8 x 8 lowest frequencies (DCT of the grey picture at 32 x 32) are above the median. Two pictures of one thing are
    a few bits apart, and so are two cards of one design: it is a hint, never a proof."""
    small = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:8, :8].flatten()
    bits = low > np.median(low[1:])
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def worst(measures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of several pages the one that decides: the worst verdict, then the least sharp."""
    if not measures:
        return {
            "width": None,
            "resolution": None,
            "blur": None,
            "glare": None,
            "exposure": None,
            "corners": None,
            "verdict": "unusable",
            "advice": [],
        }
    return max(measures, key=lambda entry: (_VERDICTS.index(entry["verdict"]), -entry["blur"]))


def _glare(small: Pixels | Any, lines: Sequence[TextLine], factor: float) -> tuple[float, str]:
    """The share of burnt pixels where the text is (without text, in the whole picture), and in which part of the document most of them lie."""
    burnt = cv2.inRange(small, (250, 250, 250), (255, 255, 255)) // 255
    burnt = cv2.morphologyEx(burnt, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = np.zeros(burnt.shape, np.uint8) if lines else np.ones(burnt.shape, np.uint8)
    for line in lines:
        cv2.fillPoly(mask, [np.round(np.array(line.polygon) * factor).astype(np.int32)], 1)
    seen = cv2.bitwise_and(burnt, mask)
    thirds = [[float(part.sum()) for part in np.array_split(row, 3, axis=1)] for row in np.array_split(seen, 3, axis=0)]
    row, column = divmod(int(np.argmax(thirds)), 3)
    return (round(float(burnt[mask > 0].mean()), 4) if mask.any() else 0.0), _PLACES[row][column]


def _judged(measured: dict[str, Any], place: str) -> dict[str, Any]:
    grades = {
        "resolution": _grade(-measured["width"], -WIDE, -NARROW),
        "blur": _grade(-measured["blur"], -SHARP, -SOFT),
        "glare": 0 if measured["glare"] is None else _grade(measured["glare"], GLARE_SEEN, GLARE_MUCH),
        "exposure": 0 if measured["exposure"] is None else _grade(-measured["exposure"], -DIM, -DARK),
        "overexposure": 0 if measured["exposure"] is None else _grade(measured["exposure"], BRIGHT, BURNT),
        "framing": 0 if measured["corners"] is None else _grade(-measured["corners"], -4, -3),
    }
    advice = {**_ADVICE, "glare": f"There is glare at the {place}. {_ADVICE['glare']}" if place else _ADVICE["glare"]}
    return {"verdict": _VERDICTS[max(grades.values())], "advice": [advice[name] for name, grade in grades.items() if grade]}


def _grade(value: float, good: float, usable: float) -> int:
    return 0 if value <= good else 1 if value <= usable else 2
