"""From bytes that anybody sent to upright pixels that the readers may touch.

The type is decided by the bytes alone. Size is read from the header and capped before anything is decoded; whatever is wrong
with the bytes comes back as ``Refused("image_invalid")``, never as a decoder's own exception.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pi_heif
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from flows.errors import Refused

Pixels = NDArray[np.uint8]

CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "HEIF": "image/heic",
    "TIFF": "image/tiff",
    "PDF": "application/pdf",
}
SHORTEST_SIDE = 16
STEEPEST_ASPECT = 30.0
LONGEST_DECODED_SIDE = 4200
MOST_JPEG_SCANS = 64
PDF_DPI = 170
LONGEST_RENDERED_SIDE = 2000
MOST_LAYER_CHARACTERS = 12_000
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_pdfium = threading.Lock()  # pdfium has global state: two threads inside it corrupt each other
pi_heif.register_heif_opener()


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an upload is: ``format`` a key of ``CONTENT_TYPES``, ``width`` and ``height`` in pixels as stored (points for a PDF's first page)."""

    format: str
    content_type: str
    width: int
    height: int
    pages: int


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


def inspect(data: bytes, *, accept_pdf: bool, max_pixels: int = 50_000_000, max_pages: int = 1) -> Inspected:
    """Type, size and page count of ``data``, after decoding it once as cheaply as detects truncation. Raises Refused("image_invalid")."""
    kind = _sniff(data, accept_pdf)
    with _decoder_trouble(kind):
        if kind == "PDF":
            return _inspect_pdf(data, max_pages)
        with _opened(data, kind, max_pixels) as image:
            pages = _count_pages(image, max_pixels, max_pages) if kind == "TIFF" else 1
            width, height = image.size
            if kind == "JPEG":
                image.draft(image.mode, (max(1, width // 8), max(1, height // 8)))
            image.load()
            return Inspected(kind, CONTENT_TYPES[kind], width, height, pages)


def open_pages(data: bytes, *, accept_pdf: bool, max_pixels: int = 50_000_000, max_pages: int = 20) -> list[PageImage]:
    """Every page of ``data`` as upright RGB, its longer side at most ``LONGEST_DECODED_SIDE``. Raises Refused("image_invalid")."""
    kind = _sniff(data, accept_pdf)
    with _decoder_trouble(kind):
        if kind == "PDF":
            return _render_pdf(data, max_pages)
        with _opened(data, kind, max_pixels) as image:
            pages = _count_pages(image, max_pixels, max_pages) if kind == "TIFF" else 1
            return [_page(image, number, kind) for number in range(1, pages + 1)]


def _refuse(message: str) -> Refused:
    return Refused("image_invalid", message)


def _sniff(data: bytes, accept_pdf: bool) -> str:
    if not data:
        raise _refuse("The file is empty.")
    kind = next((name for name, matches in _SIGNATURES.items() if matches(data)), None)
    if kind is None:
        raise _refuse("The file is not a JPEG, PNG, WebP, HEIC or TIFF image" + (" or a PDF." if accept_pdf else "."))
    if kind == "PDF" and not accept_pdf:
        raise _refuse("A PDF is not accepted for this document type; send an image.")
    return kind


_SIGNATURES: dict[str, Callable[[bytes], bool]] = {
    "JPEG": lambda data: data[:3] == b"\xff\xd8\xff",
    "PNG": lambda data: data[:8] == b"\x89PNG\r\n\x1a\n",
    "WEBP": lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
    "TIFF": lambda data: data[:4] in (b"II*\x00", b"MM\x00*"),
    "HEIF": lambda data: data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS,
    "PDF": lambda data: data[:64].lstrip(b"\xef\xbb\xbf \t\r\n\x00")[:5] == b"%PDF-",
}


@contextmanager
def _decoder_trouble(kind: str) -> Iterator[None]:
    """Decoders raise anything from OSError to struct.error on hostile bytes: all of it means the same to the sender."""
    try:
        yield
    except Refused:
        raise
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise _refuse("The PDF is protected by a password." if locked else "The PDF is damaged.") from None
    except Image.DecompressionBombError:
        raise _refuse("The image has too many pixels.") from None
    except Exception:
        raise _refuse(f"The {kind} file is damaged or incomplete.") from None


@contextmanager
def _opened(data: bytes, kind: str, max_pixels: int) -> Iterator[ImageFile.ImageFile]:
    if kind == "JPEG" and data.count(b"\xff\xda") > MOST_JPEG_SCANS:
        raise _refuse("The JPEG has an absurd number of scans.")
    with Image.open(BytesIO(data), formats=(kind,)) as image:
        _check_size(image.size, max_pixels)
        if kind in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
            raise _refuse("The image is an animation; send a single picture.")
        yield image


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise _refuse(f"The image has too many pixels: {width} x {height}, at most {max_pixels} in all.")
    if min(width, height) < SHORTEST_SIDE:
        raise _refuse(f"The image is too small: {width} x {height} pixels.")
    if max(width, height) > STEEPEST_ASPECT * min(width, height):
        raise _refuse(f"The image is not shaped like a document: {width} x {height} pixels.")


def _count_pages(image: Image.Image, max_pixels: int, max_pages: int) -> int:
    """Pages of a TIFF, each within the caps. Walks at most one page further than allowed: directories may form a loop."""
    pages = 1
    try:
        while True:
            image.seek(pages)
            pages += 1
            if pages > max_pages:
                raise _refuse(f"The file has more than {max_pages} page{'s' if max_pages > 1 else ''}.")
            _check_size(image.size, max_pixels)
    except EOFError:
        image.seek(0)
        return pages


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


@contextmanager
def _document(data: bytes, max_pages: int) -> Iterator[pypdfium2.PdfDocument]:
    with _pdfium:
        document = pypdfium2.PdfDocument(data)
        try:
            if not len(document):
                raise _refuse("The PDF has no pages.")
            if len(document) > max_pages:
                raise _refuse(f"The PDF has {len(document)} pages; at most {max_pages} are accepted.")
            yield document
        finally:
            document.close()


def _inspect_pdf(data: bytes, max_pages: int) -> Inspected:
    with _document(data, max_pages) as document:
        sizes = [_page_size(document[index]) for index in range(len(document))]
        return Inspected("PDF", CONTENT_TYPES["PDF"], round(sizes[0][0]), round(sizes[0][1]), len(sizes))


def _page_size(page: pypdfium2.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    if min(width, height) < SHORTEST_SIDE or max(width, height) > STEEPEST_ASPECT * min(width, height):
        raise _refuse("A page of the PDF is not shaped like a document.")
    return width, height


def _render_pdf(data: bytes, max_pages: int) -> list[PageImage]:
    with _document(data, max_pages) as document:
        return [_render(document[index], index + 1) for index in range(len(document))]


def _render(page: pypdfium2.PdfPage, number: int) -> PageImage:
    """The page at 170 dpi, or less where its size (chosen by the sender) would make that a bomb."""
    width, height = _page_size(page)
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
