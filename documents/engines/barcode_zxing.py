"""zxing-cpp (Apache-2.0) for PDF417 and other symbols, with the help it needs on photographs.

Alone it tolerates two degrees of rotation. The bars' own direction, found by the structure tensor of their texture, makes up for that; a symbol that
is blurred, crooked, covered or cut off is recognised cell by cell and drawn anew; enlarging, thresholding and inverting make up for small, shaded and
negative ones.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from importlib.metadata import version

import cv2
import numpy as np
import zxingcpp

from documents.engines.barcode_redrawn import LENT, redrawn
from documents.engines.barcode_upright import Affine, bar_angle, composed, turned
from documents.engines.base import Availability, Barcode, Pixels, Point

LARGEST_ENLARGED_SIDE = 3600
LEAST_CONTRAST = 4.0
MOST_SYMBOLS = 12
DARK = 128  # mean light of a picture that may hold a negative
_FILE_ID = re.compile(r"'FileId': '([^']*)'")
STACKED = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.PDF417])
EVERY = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.All])


class ZxingBarcodes:
    """1-15 ms where the symbol is upright; at worst about half a second of retries where there is none."""

    name = "zxing"

    @property
    def version(self) -> str:
        return version("zxing-cpp")

    def available(self) -> Availability:
        ok = importlib.util.find_spec("zxingcpp") is not None
        return Availability(ok, "" if ok else "not installed: zxing-cpp")

    def warm_up(self) -> None:
        self.scan(np.full((64, 64, 3), 255, np.uint8), thorough=False)

    def scan(self, rgb: Pixels, *, thorough: bool = True) -> list[Barcode]:
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        found = _decode(grey, np.eye(2, 3))
        if thorough and any(code.series for code in found):
            return _joined(_all_of_the_series(grey, found))
        if any(code.format == "PDF417" for code in found) or not thorough:
            return found
        if float(grey.std()) < LEAST_CONTRAST:
            return found
        for candidate, back in _attempts(grey):
            stacked = [code for code in _decode(candidate, back, stacked_only=True) if code.format == "PDF417" and code.text != LENT]
            if stacked:
                return [*found, *stacked]
        return found


def _decode(grey: Pixels, back: Affine, *, stacked_only: bool = False) -> list[Barcode]:
    """Symbols of ``grey``, corners mapped through ``back`` (2x3) to the original pixels."""
    formats = STACKED if stacked_only else EVERY
    codes: list[Barcode] = []
    while len(codes) < MOST_SYMBOLS:
        read = [found for found in zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain) if found.valid and found.bytes]
        codes += [_barcode(found, back) for found in read]
        parts = [found for found in read if "FileId" in str(found.extra)]
        if not parts:
            break
        grey = _without(grey, parts)  # a message spread over several symbols (Macro PDF417): of those on one row only the first is seen
    return codes


def _barcode(found: zxingcpp.Barcode, back: Affine) -> Barcode:
    corners = tuple(_map(back, x, y) for x, y in _corners(found))
    series = _FILE_ID.search(str(found.extra))
    return Barcode(_format_name(found.format), bytes(found.bytes), found.text, corners, series[1] if series else "")  # type: ignore[arg-type]


def _all_of_the_series(grey: Pixels, found: list[Barcode]) -> list[Barcode]:
    """Small symbols of a series are seen better enlarged, each module a crisp square."""
    if max(grey.shape) * 3 > LARGEST_ENLARGED_SIDE:
        return found
    big = np.asarray(cv2.resize(grey, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    back = np.eye(2, 3)
    back[:, :2] /= 3
    stacked = _decode(big, back, stacked_only=True)
    others = [code for code in found if code.format != "PDF417"]
    return [*stacked, *others] if len(stacked) > len(found) - len(others) else found


def _joined(codes: list[Barcode]) -> list[Barcode]:
    """The symbols, and after them the message of each series that has several (Macro PDF417, ISO/IEC 15438 §5.13), in reading order."""
    joined = []
    for series in dict.fromkeys(code.series for code in codes if code.series):
        parts = sorted((code for code in codes if code.series == series), key=lambda code: (round(code.corners[0][1] / 40), code.corners[0][0]))
        if len(parts) > 1:
            joined.append(Barcode(parts[0].format, b"".join(part.data for part in parts), "".join(part.text for part in parts), parts[0].corners))
    return [*codes, *joined]


def _corners(found: zxingcpp.Barcode) -> list[tuple[int, int]]:
    at = found.position
    return [(corner.x, corner.y) for corner in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]


def _without(grey: Pixels, symbols: list[zxingcpp.Barcode]) -> Pixels:
    blank = grey.copy()
    for found in symbols:
        cv2.fillConvexPoly(blank, np.array(_corners(found), dtype=np.int32), 255)
    return blank


def _format_name(found: zxingcpp.BarcodeFormat) -> str:
    return str(found).removeprefix("BarcodeFormat.").replace(" ", "")


def _map(matrix: Affine, x: float, y: float) -> Point:
    return (float(matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]), float(matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]))


def _attempts(grey: Pixels) -> Iterator[tuple[Pixels, Affine]]:
    """Cheapest first: turned upright, drawn anew, nearly upright, enlarged, locally thresholded, inverted, smoothed; each with the way back."""
    angle = bar_angle(grey)
    if abs(angle) < 0.7:
        bases = [(grey, np.eye(2, 3))]
    else:
        bases = [turned(grey, angle), (grey, np.eye(2, 3))]
        yield bases[0]
    yield from redrawn(grey)
    for further in (-2.0, 2.0, -4.0, 4.0):
        yield turned(grey, angle + further)
    for factor in (1.5, 2.0, 3.0):
        if max(grey.shape) * factor <= LARGEST_ENLARGED_SIDE:
            for base, back in bases:
                yield _enlarged(base, back, factor)
    base, back = bases[0]
    negative = np.asarray(255 - base, dtype=np.uint8)
    yield _threshold(base), back
    yield negative, back
    yield np.asarray(cv2.GaussianBlur(base, (0, 0), 1.2), dtype=np.uint8), back
    if max(grey.shape) * 2 <= LARGEST_ENLARGED_SIDE:
        big, wide_back = _enlarged(base, back, 2.0)
        yield _threshold(big), wide_back
        yield _sharpened(big), wide_back
    if float(base.mean()) < DARK:
        for picture, way in redrawn(negative):
            yield picture, composed(back, way)


def _enlarged(grey: Pixels, back: Affine, factor: float) -> tuple[Pixels, Affine]:
    big = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    shrunk = back.copy()
    shrunk[:, :2] /= factor
    return np.asarray(big, dtype=np.uint8), shrunk


def _threshold(grey: Pixels) -> Pixels:
    return np.asarray(cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 41, 4), dtype=np.uint8)


def _sharpened(grey: Pixels) -> Pixels:
    soft = cv2.GaussianBlur(grey, (0, 0), 3.0)
    return np.asarray(cv2.addWeighted(grey, 2.2, soft, -1.2, 0), dtype=np.uint8)


ENGINE = ZxingBarcodes()
