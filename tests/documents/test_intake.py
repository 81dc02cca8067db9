"""Bytes that anybody may send: what is accepted, what is refused, and how pixels come out."""

from __future__ import annotations

import base64
import struct
import time
import zlib
from io import BytesIO

import numpy as np
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from documents.intake import SHORTEST_SIDE, STEEPEST_ASPECT, Inspected, editor_named, inspect, on_sheets
from documents.readers.opening import LONGEST_DECODED_SIDE, LONGEST_RENDERED_SIDE, open_pages
from flows.errors import Refused


def picture(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((0, 0, width // 2, height // 2), fill=(200, 30, 30))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pdf(pages: int = 1, size: tuple[float, float] = (400, 300), text: str = "Hello there", encrypt: str | None = None) -> bytes:
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=size, encrypt=encrypt)
    for number in range(pages):
        canvas.drawString(40, size[1] - 60, f"{text} {number + 1}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def refusal(data: bytes, **options: object) -> str:
    with pytest.raises(Refused) as caught:
        inspect(data, **{"accept_pdf": True, **options})
    assert caught.value.code == "image_invalid"
    with pytest.raises(Refused):
        open_pages(data, **{"accept_pdf": True, **options})
    return caught.value.message


@pytest.mark.parametrize(("kind", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("TIFF", "image/tiff")])
def test_each_image_format_is_recognised_by_its_bytes(kind: str, content_type: str) -> None:
    assert inspect(encoded(picture(), kind), accept_pdf=False) == Inspected(kind, content_type, 320, 200, 1)


HEIC_TURNED = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIA"
    "AQAAAAAB7AABAAAAAAAAAFMAAgAAAAACPwABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlm"
    "AAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroC"
    "QGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAA"
    "AAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEA"
    "AQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAH9tZGF0AAAATygBrwngIzhH/+RhX/2JOh9XbbxVd+U3lb1qB7s+D/31mU+U9d9xrsP9Karx"
    "5YY//XUBBdY4m//oPqHu940Q2kReI28fDyW72Ps0LD7chHAAAAAGRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA="
)
"""A HEIC of 64 x 48 stored pixels, its top left quarter red, to be shown turned a quarter clockwise (``irot`` and EXIF orientation 6, as telephones
write both)."""


def test_a_heic_photograph_is_accepted() -> None:
    assert inspect(HEIC_TURNED, accept_pdf=False) == Inspected("HEIF", "image/heic", 48, 64, 1)


def test_a_heic_photograph_is_turned_upright_once() -> None:
    (page,) = open_pages(HEIC_TURNED, accept_pdf=False)
    assert page.rgb.shape == (64, 48, 3)
    quarters = [page.rgb[y : y + 8, x : x + 8].mean(axis=(0, 1)) for y in (4, 52) for x in (4, 36)]
    assert [bool(quarter[0] - quarter[1] > 100) for quarter in quarters] == [False, True, False, False]


@pytest.mark.parametrize("kept", [40, 200, 400])
def test_a_cut_heic_is_refused(kept: int) -> None:
    assert "damaged" in refusal(HEIC_TURNED[:kept])


def test_a_pdf_is_accepted_only_where_the_type_allows_it() -> None:
    assert inspect(pdf(), accept_pdf=True) == Inspected("PDF", "application/pdf", 400, 300, 1)
    assert "PDF is not accepted" in refusal(pdf(), accept_pdf=False)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "PPM"])
def test_other_image_formats_are_refused(kind: str) -> None:
    assert "not a JPEG" in refusal(encoded(picture(), kind))


@pytest.mark.parametrize(
    "data", [b"", b"\x89", b"PK\x03\x04" + bytes(200), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff", b"%PDF-", b"RIFF\0\0\0\0WEBP"]
)
def test_stubs_and_foreign_files_are_refused(data: bytes) -> None:
    refusal(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_truncated_files_are_refused(kind: str) -> None:
    rng = np.random.default_rng(7)
    noisy = Image.fromarray(rng.integers(0, 255, (200, 300, 3), dtype=np.uint8))
    data = encoded(noisy, kind)
    assert "damaged" in refusal(data[: len(data) // 2])


def test_a_bomb_is_refused_from_its_header_in_no_time() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    begun = time.perf_counter()
    assert "too many pixels" in refusal(data)
    assert time.perf_counter() - begun < 0.5


def test_caps_come_from_the_header() -> None:
    data = encoded(picture(400, 300), "PNG")
    assert "too many pixels" in refusal(data, max_pixels=119_999)
    assert inspect(data, accept_pdf=False, max_pixels=120_000).width == 400


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (15, 400), (2000, 20)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_whatever_decodes_is_taken_in_and_read_on_a_sheet(size: tuple[int, int], kind: str) -> None:
    data = encoded(picture(*size), kind)
    found = inspect(data, accept_pdf=False)
    assert (found.width, found.height) == size
    (page,) = open_pages(on_sheets(data), accept_pdf=False)
    height, width = page.rgb.shape[:2]
    assert min(width, height) >= SHORTEST_SIDE
    assert max(width, height) <= STEEPEST_ASPECT * min(width, height)
    assert (page.rgb[-1, -1] == 255).all()


def test_a_picture_of_the_shape_of_a_document_needs_no_sheet() -> None:
    for data in (encoded(picture(), "JPEG"), encoded(picture(16, 480), "PNG"), pdf(), HEIC_TURNED):
        assert on_sheets(data) is data


def test_a_line_of_millions_of_pixels_is_read_made_smaller() -> None:
    (page,) = open_pages(on_sheets(encoded(Image.new("L", (20_000_000, 1)), "PNG")), accept_pdf=False)
    assert page.rgb.shape[1] == LONGEST_DECODED_SIDE


@pytest.mark.parametrize("mode", ["1", "P", "I;16", "F", "LA", "CMYK"])
def test_any_kind_of_pixels_lies_on_a_sheet(mode: str) -> None:
    kind = "PNG" if mode in ("1", "P", "I;16", "LA") else "TIFF"
    (page,) = open_pages(on_sheets(encoded(Image.new(mode, (3, 2)), kind)), accept_pdf=False)
    assert page.rgb.shape == (16, 16, 3)


def test_narrow_pages_of_a_file_of_many_are_all_there_in_order() -> None:
    data = encoded(picture(300, 5), "TIFF", save_all=True, append_images=[picture(), picture(7, 9)])
    assert [page.rgb.shape[:2] for page in open_pages(on_sheets(data), accept_pdf=False)] == [(16, 300), (200, 320), (16, 16)]


@pytest.mark.parametrize("size", [(3, 4), (2000, 2), (2, 2000)])
def test_narrow_pages_of_a_pdf_lie_on_sheets_too(size: tuple[float, float]) -> None:
    data = pdf(2, size)
    assert (inspect(data, accept_pdf=True, max_pages=2).width, inspect(data, accept_pdf=True, max_pages=2).pages) == (size[0], 2)
    pages = open_pages(on_sheets(data), accept_pdf=True)
    assert len(pages) == 2
    assert all(max(page.rgb.shape[:2]) <= (STEEPEST_ASPECT + 1) * min(page.rgb.shape[:2]) for page in pages)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_counts(kind: str) -> None:
    other = Image.new("RGB", (320, 200), "black")
    data = encoded(picture(), kind, save_all=True, append_images=[other], duration=100, **({"lossless": True} if kind == "WEBP" else {}))
    assert inspect(data, accept_pdf=False) == inspect(encoded(picture(), kind), accept_pdf=False)
    (page,) = open_pages(data, accept_pdf=False)
    assert (page.rgb == np.asarray(picture())).all()


def test_unwanted_pages_are_refused() -> None:
    pages = encoded(picture(), "TIFF", save_all=True, append_images=[picture(), picture()])
    assert "more than 2 pages" in refusal(pages, max_pages=2)
    assert inspect(pages, accept_pdf=False, max_pages=3).pages == 3
    assert [page.number for page in open_pages(pages, accept_pdf=False, max_pages=3)] == [1, 2, 3]


def test_pdf_protected_damaged_or_too_long_is_refused() -> None:
    assert "password" in refusal(pdf(encrypt="secret"))
    assert "damaged" in refusal(b"%PDF-1.4\n" + bytes(500))
    assert "at most 2" in refusal(pdf(3), max_pages=2)
    document = pypdfium2.PdfDocument.new()
    stream = BytesIO()
    document.save(stream)
    refusal(stream.getvalue())


def test_pdf_whose_page_tree_holds_itself_is_refused() -> None:
    data = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    refusal(data)


def test_pdf_is_rendered_with_its_text_and_never_as_a_bomb() -> None:
    page = open_pages(pdf(text="Account holder: Ann Example of Springfield, total due"), accept_pdf=True)[0]
    assert page.rgb.shape == (709, 945, 3)
    assert page.text_lines is not None
    assert [line.text for line in page.text_lines] == ["Account holder: Ann Example of Springfield, total due 1"]
    x, y, width, height = page.text_lines[0].box
    assert (85 <= x <= 110, 105 <= y <= 150, 500 <= width <= 850, 15 <= height <= 45) == (True, True, True, True)
    huge = open_pages(pdf(size=(14_000, 10_000)), accept_pdf=True)[0]
    assert max(huge.rgb.shape) <= LONGEST_RENDERED_SIDE + 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_stand_upright_by_exif(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE}
    turns |= {6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
    stored = picture().transpose(turns[orientation]) if orientation in turns else picture()
    rgb = open_pages(encoded(stored, "JPEG", quality=95, exif=exif), accept_pdf=False)[0].rgb
    assert rgb.shape == (200, 320, 3)
    assert rgb[20, 20].tolist() == pytest.approx([200, 30, 30], abs=8)
    assert rgb[180, 300].tolist() == pytest.approx([255, 255, 255], abs=8)


def test_deep_grey_is_scaled_not_clipped() -> None:
    values = np.linspace(0, 65535, 200 * 100).reshape(100, 200).astype(np.uint16)
    rgb = open_pages(encoded(Image.fromarray(values), "PNG"), accept_pdf=False)[0].rgb
    assert (int(rgb[0, 0, 0]), int(rgb[-1, -1, 0])) == (0, 255)
    assert int(rgb[50, 0, 0]) == pytest.approx(127, abs=2)


@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "P"])
def test_other_colour_modes_become_rgb(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "L") else "PNG"
    rgb = open_pages(encoded(picture(mode=mode), kind), accept_pdf=False)[0].rgb
    assert (rgb.shape, rgb.dtype) == ((200, 320, 3), np.uint8)
    assert rgb[190, 310].tolist() == pytest.approx([255, 255, 255], abs=6)


def test_transparency_lies_on_white_paper() -> None:
    glass = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    rgb = open_pages(encoded(glass, "PNG"), accept_pdf=False)[0].rgb
    assert rgb[0, 0].tolist() == [255, 255, 255]


def test_large_pictures_are_brought_down() -> None:
    page = open_pages(encoded(picture(6000, 4000), "JPEG"), accept_pdf=False)[0]
    assert max(page.rgb.shape) <= LONGEST_DECODED_SIDE
    assert page.shrink == pytest.approx(page.rgb.shape[1] / 6000, rel=0.01)


def test_inspection_of_a_two_megabyte_photograph_is_quick() -> None:
    rng = np.random.default_rng(3)
    smooth = np.kron(rng.integers(0, 255, (150, 200, 3), dtype=np.uint8), np.ones((20, 20, 1), np.uint8))
    data = encoded(Image.fromarray(np.asarray(smooth + rng.integers(0, 5, smooth.shape, dtype=np.uint8), dtype=np.uint8)), "JPEG", quality=90)
    inspect(data, accept_pdf=False)
    begun = time.thread_time()
    assert inspect(data, accept_pdf=False).width == 4000
    assert time.thread_time() - begun < 0.25


MAGIC = st.sampled_from(
    [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"%PDF-1.7\n",
        b"\0\0\0\x18ftypheic",
        b"",
    ]
)


@settings(max_examples=150, deadline=None)
@given(MAGIC, st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_and_nothing_else_is_raised(magic: bytes, tail: bytes) -> None:
    for operation in (inspect, open_pages):
        try:
            operation(magic + tail, accept_pdf=True)
        except Refused as error:
            assert error.code == "image_invalid"  # noqa: PT017


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "PDF"]), st.integers(0, 5000), st.integers(0, 255))
def test_one_changed_byte_is_read_or_refused(kind: str, place: int, value: int) -> None:
    data = bytearray(pdf() if kind == "PDF" else encoded(picture(64, 48), kind))
    data[place % len(data)] = value
    try:
        pages = open_pages(bytes(data), accept_pdf=True)
        assert all(page.rgb.dtype == np.uint8 and page.rgb.ndim == 3 for page in pages)
    except Refused as error:
        assert error.code == "image_invalid"  # noqa: PT017


@pytest.mark.parametrize(("said", "editor"), [
    ("Adobe Photoshop 25.4 (Windows)", "Adobe Photoshop"), ("Adobe Photoshop Lightroom Classic 13.2", ""), ("GIMP 2.10", "GIMP"), ("Gimpel AG", ""),
    ("paint.net 5.0.13", "Paint.NET"), ("PicsArt", "PicsArt"), ("iOS 17.4", ""), ("", ""),
])  # fmt: skip
def test_editors_are_known_by_name(said: str, editor: str) -> None:
    exif = Image.Exif()
    exif[0x0131] = said
    assert (editor_named(said), inspect(encoded(picture(), "JPEG", exif=exif), accept_pdf=False).editor) == (editor, editor)


@pytest.mark.parametrize("metadata", [
    {"exif": b"Exif\0\0" + b"\xff" * 40}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\xff\xff"}, {"xmp": b'CreatorTool="' + b"x" * 50_000},
    {"xmp": b'<xmp:CreatorTool>\xff\xfe</xmp:CreatorTool>'},
], ids=["no EXIF", "EXIF that ends", "a tool without end", "no UTF-8"])  # fmt: skip
def test_metadata_that_cannot_be_read_are_no_fault_of_the_picture(metadata: dict[str, bytes]) -> None:
    assert inspect(encoded(picture(), "JPEG", **metadata), accept_pdf=False).editor == ""
