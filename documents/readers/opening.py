"""From bytes that were inspected, or were not, to upright pixels that the readers may touch.

In the reading process: everything that is decoded whole is decoded here, with the checks of ``documents.intake`` before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageOps

from documents.engines.base import Pixels
from documents.intake import count_pages, decoder_trouble, opened, page_size, pdf_document, sniff

LONGEST_DECODED_SIDE = 4200
PDF_DPI = 170
LONGEST_RENDERED_SIDE = 2000
MOST_LAYER_CHARACTERS = 12_000


@dataclass(frozen=True, slots=True)
class TextLayerLine:
    """One line of a PDF's text layer; ``box`` is x, y, width, height in pixels of the rendered page."""

    text: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page: ``number`` counts from 1, ``rgb`` is height x width x 3 uint8, upright by EXIF. ``text_lines`` is the PDF's text layer,
    top to bottom, None where there is none. ``shrink`` is decoded width / stored width."""

    number: int
    rgb: Pixels
    text_lines: tuple[TextLayerLine, ...] | None = None
    shrink: float = 1.0


def open_pages(data: bytes, *, accept_pdf: bool, max_pixels: int = 50_000_000, max_pages: int = 20) -> list[PageImage]:
    """Every page of ``data`` as upright RGB, its longer side at most ``LONGEST_DECODED_SIDE``. Raises Refused("image_invalid")."""
    kind = sniff(data, accept_pdf)
    with decoder_trouble(kind):
        if kind == "PDF":
            return _render_pdf(data, max_pages)
        with opened(data, kind, max_pixels) as image:
            pages = count_pages(image, max_pixels, max_pages) if kind == "TIFF" else 1
            return [_page(image, number, kind) for number in range(1, pages + 1)]


def _page(image: Image.Image, number: int, kind: str) -> PageImage:
    if kind == "TIFF":
        image.seek(number - 1)
    stored = image.width
    if kind == "JPEG":
        image.draft(image.mode, _shrunk(image.size))
    decoded = ImageOps.exif_transpose(image) or image
    shrink = max(image.size) / max(1, stored, image.height) if image.width != stored else 1.0
    rgb = _as_rgb(decoded)
    target = _shrunk((rgb.shape[1], rgb.shape[0]))
    if target != (rgb.shape[1], rgb.shape[0]):
        shrink *= target[0] / rgb.shape[1]
        rgb = np.asarray(cv2.resize(rgb, target, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return PageImage(number, np.ascontiguousarray(rgb), None, shrink)


def _shrunk(size: tuple[int, int]) -> tuple[int, int]:
    factor = min(1.0, LONGEST_DECODED_SIDE / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _as_rgb(image: Image.Image) -> Pixels:
    """Any Pillow mode as 8-bit RGB: deep greys are scaled, not clipped; transparency lies on white paper."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        return _from_deep_grey(np.asarray(image))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return np.asarray(Image.alpha_composite(paper, layer).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _from_deep_grey(values: NDArray[Any]) -> Pixels:
    deep = np.nan_to_num(values.astype(np.float32))
    top = float(deep.max(initial=0.0))
    white = next((limit for limit in (1.0, 255.0, 4095.0, 65535.0) if top <= limit), top)
    grey = np.clip(deep * (255.0 / white), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _render_pdf(data: bytes, max_pages: int) -> list[PageImage]:
    with pdf_document(data, max_pages) as document:
        return [_render(document[index], index + 1) for index in range(len(document))]


def _render(page: pypdfium2.PdfPage, number: int) -> PageImage:
    """The page at 170 dpi, or less where its size (chosen by the sender) would make that a bomb."""
    width, height = page_size(page)
    scale = min(PDF_DPI / 72, LONGEST_RENDERED_SIDE / max(width, height))
    bitmap = page.render(scale=scale, rev_byteorder=True)
    pixels = bitmap.to_numpy()
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = np.repeat(pixels.reshape(pixels.shape[0], pixels.shape[1], 1), 3, axis=2)
    rgb = np.ascontiguousarray(pixels[:, :, :3])
    return PageImage(number, rgb, _text_layer(page, scale, height) or None)


def _text_layer(page: pypdfium2.PdfPage, scale: float, height: float) -> tuple[TextLayerLine, ...]:
    text_page = page.get_textpage()
    if page.get_rotation() or page.get_cropbox()[:2] != (0.0, 0.0):
        return ()  # the text's coordinates are those before turning: leave such pages to OCR
    lines, current = [], _LayerLine()
    for index, char in enumerate(text_page.get_text_range(0, min(text_page.count_chars(), MOST_LAYER_CHARACTERS))):
        left, bottom, right, top = text_page.get_charbox(index)
        box = (left * scale, (height - top) * scale, right * scale, (height - bottom) * scale)
        if char in "\r\n\x02" or (not char.isspace() and current.breaks_before(box)):
            lines.append(current)
            current = _LayerLine()
        if char not in "\r\n\x02":
            current.add(char, box)
    return tuple(line.finished() for line in [*lines, current] if line.text.strip())


@dataclass(slots=True)
class _LayerLine:
    """Characters of one line so far and their common box."""

    text: str = ""
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0

    def add(self, char: str, box: tuple[float, float, float, float]) -> None:
        if not char.isspace():
            seen = bool(self.text.strip())
            self.left, self.top = (min(self.left, box[0]), min(self.top, box[1])) if seen else box[:2]
            self.right, self.bottom = (max(self.right, box[2]), max(self.bottom, box[3])) if seen else box[2:]
        self.text += char

    def breaks_before(self, box: tuple[float, float, float, float]) -> bool:
        """A wide gap starts another line: columns stand side by side in one run of text."""
        size = self.bottom - self.top
        return bool(self.text.strip()) and (box[0] - self.right > max(1.2 * size, 14.0) or box[0] < self.left - size or box[1] > self.bottom + size)

    def finished(self) -> TextLayerLine:
        text = re.sub(r"\s+", " ", self.text).strip()
        return TextLayerLine(text, (round(self.left), round(self.top), round(self.right - self.left), round(self.bottom - self.top)))
