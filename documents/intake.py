"""What the bytes are that anybody sent, before anything is kept or read.

The type is decided by the bytes alone. Size is read from the header and capped before anything is decoded; whatever is wrong
with the bytes comes back as ``Refused("image_invalid")``, never as a decoder's own exception.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import pi_heif
import pypdfium2
from PIL import Image, ImageFile, ImageOps

from flows.errors import Refused

CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "HEIF": "image/heic",
    "TIFF": "image/tiff",
    "PDF": "application/pdf",
}
# What the readers' arithmetic copes with. Anything that decodes is taken in; what is smaller or narrower is read on a sheet (``on_sheets``).
SHORTEST_SIDE = 16
STEEPEST_ASPECT = 30
LONGEST_SHEET = 4200
MOST_JPEG_SCANS = 64
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_pdfium = threading.Lock()  # pdfium has global state: two threads inside it corrupt each other
pi_heif.register_heif_opener()


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an upload is: ``format`` a key of ``CONTENT_TYPES``, ``width`` and ``height`` in pixels as stored (points for a PDF's first page),
    ``editor`` the image editor that the metadata name, '' for none or one that is not known."""

    format: str
    content_type: str
    width: int
    height: int
    pages: int
    editor: str = ""


def inspect(data: bytes, *, accept_pdf: bool, max_pixels: int = 50_000_000, max_pages: int = 1) -> Inspected:
    """Type, size and page count of ``data``, after decoding it once as cheaply as detects truncation. Raises Refused("image_invalid")."""
    kind = sniff(data, accept_pdf)
    with decoder_trouble(kind):
        if kind == "PDF":
            return _inspect_pdf(data, max_pages)
        with opened(data, kind, max_pixels) as image:
            pages = count_pages(image, max_pixels, max_pages) if kind == "TIFF" else 1
            width, height = image.size
            if kind == "JPEG":
                image.draft(image.mode, (max(1, width // 8), max(1, height // 8)))
            image.load()
            return Inspected(kind, CONTENT_TYPES[kind], width, height, pages, _editor_in(image))


def _refuse(message: str) -> Refused:
    return Refused("image_invalid", message)


def sniff(data: bytes, accept_pdf: bool) -> str:
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
def decoder_trouble(kind: str) -> Iterator[None]:
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
def opened(data: bytes, kind: str, max_pixels: int) -> Iterator[ImageFile.ImageFile]:
    if kind == "JPEG" and data.count(b"\xff\xda") > MOST_JPEG_SCANS:
        raise _refuse("The JPEG has an absurd number of scans.")
    with Image.open(BytesIO(data), formats=(kind,)) as image:  # of an animation the first picture
        _check_size(image.size, max_pixels)
        yield image


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise _refuse(f"The image has too many pixels: {width} x {height}, at most {max_pixels} in all.")
    if min(width, height) < 1:
        raise _refuse("The image has no pixels.")


def count_pages(image: Image.Image, max_pixels: int, max_pages: int) -> int:
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


@contextmanager
def pdf_document(data: bytes, max_pages: int) -> Iterator[pypdfium2.PdfDocument]:
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
    with pdf_document(data, max_pages) as document:
        sizes = [page_size(document[index]) for index in range(len(document))]
        made_by = document.get_metadata_dict(skip_empty=True)
        editor = editor_named(" ".join(made_by.get(name, "") for name in ("Creator", "Producer")))
        return Inspected("PDF", CONTENT_TYPES["PDF"], round(sizes[0][0]), round(sizes[0][1]), len(sizes), editor)


def page_size(page: pypdfium2.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    if min(width, height) < 1:
        raise _refuse("A page of the PDF has no size.")
    return width, height


def on_sheets(data: bytes, *, max_pixels: int = 50_000_000, max_pages: int = 20) -> bytes:
    """``data`` as it is or, where one of its pages is too small or too narrow for the readers, its pages in the top left corner of white sheets, as
    PNG, TIFF or PDF. Raises Refused("image_invalid")."""
    kind = sniff(data, accept_pdf=True)
    with decoder_trouble(kind):
        if kind == "PDF":
            return _pdf_on_sheets(data, max_pages)
        with opened(data, kind, max_pixels) as image:
            numbers = range(count_pages(image, max_pixels, max_pages) if kind == "TIFF" else 1)
            if all(_sheet(_page_at(image, number, kind).size) == image.size for number in numbers):
                return data
            first, *others = [_on_sheet(_page_at(image, number, kind)) for number in numbers]
        buffer = BytesIO()
        first.save(buffer, "TIFF" if others else "PNG", **({"save_all": True, "append_images": others} if others else {}))
        return buffer.getvalue()


def _sheet(size: tuple[float, float]) -> tuple[int, int]:
    width, height = (math.ceil(side) for side in size)
    least = max(SHORTEST_SIDE, math.ceil(max(width, height) / STEEPEST_ASPECT))
    return max(width, least), max(height, least)


def _page_at(image: ImageFile.ImageFile, number: int, kind: str) -> Image.Image:
    if kind == "TIFF":
        image.seek(number)
    return image


def _on_sheet(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image) or image
    page = upright.convert("RGBA")
    page.thumbnail((LONGEST_SHEET, LONGEST_SHEET))
    sheet = Image.new("RGB", _sheet(page.size), "white")
    sheet.paste(page, (0, 0), page)
    return sheet


def _pdf_on_sheets(data: bytes, max_pages: int) -> bytes:
    with pdf_document(data, max_pages) as document:
        pages = [document[index] for index in range(len(document))]
        narrow = [page for page in pages if _sheet(page_size(page)) != tuple(math.ceil(side) for side in page.get_size())]
        for page in narrow:
            left, bottom, right, top = page.get_cropbox()
            width, height = _sheet((right - left, top - bottom))
            box = (left, top - height, left + width, top)
            page.set_mediabox(*box)
            page.set_cropbox(*box)
        if not narrow:
            return data
        buffer = BytesIO()
        document.save(buffer)
        return buffer.getvalue()


# Programs whose business it is to change what a picture shows. What develops, scans or sends pictures is none of them.
_EDITORS = {
    "Adobe Photoshop": r"photoshop(?!.{0,20}lightroom)", "Affinity Photo": r"affinity (photo|designer)", "Canva": r"\bcanva\b",
    "Facetune": r"facetune", "Fotor": r"\bfotor\b", "GIMP": r"\bgimp\b", "Krita": r"\bkrita\b", "Paint.NET": r"paint\.net",
    "PaintShop Pro": r"paint ?shop pro", "Photopea": r"photopea", "PicsArt": r"picsart", "Pixelmator": r"pixelmator", "Pixlr": r"\bpixlr\b",
    "Snapseed": r"snapseed",
}  # fmt: skip
_SOFTWARE, _PROCESSING_SOFTWARE, _XMP = 0x0131, 0x000B, 0x02BC
# XMP part 1, the xmp namespace, and part 2, stEvt: what made the file, and what changed it.
_TOOL = re.compile(rb"(?:CreatorTool|softwareAgent)\s*(?:=\s*[\"']|>)([^<\"']{1,200})")
_MOST_XMP = 256 * 1024


def editor_named(text: str) -> str:
    """The image editor that a line of metadata names, as we call it; '' for none."""
    return next((name for name, pattern in _EDITORS.items() if re.search(pattern, text, re.IGNORECASE)), "")


def _editor_in(image: Image.Image) -> str:
    """From EXIF, XMP and PNG's text. Metadata that cannot be read say nothing, and are no fault of the picture."""
    try:
        exif = image.getexif()
        said = [exif.get(_SOFTWARE), exif.get(_PROCESSING_SOFTWARE), image.info.get("Software")]
        xmp = [image.info.get("xmp"), image.info.get("XML:com.adobe.xmp"), exif.get(_XMP)]
    except Exception:
        return ""
    found = [str(value)[:200] for value in said if value]
    for packet in xmp:
        raw = packet.encode("utf-8", "replace") if isinstance(packet, str) else packet
        found += [match.decode("utf-8", "replace") for match in _TOOL.findall(raw[:_MOST_XMP])] if isinstance(raw, bytes) else []
    return next((editor for text in found if (editor := editor_named(text))), "")
