"""What is fuzzed: one function for each door that a stranger's bytes come through. What it may raise is its contract; anything else is a find.

``SEEDS`` are drawn or written by code; ``FOUND`` are inputs that broke something once, kept small.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import struct
import time
from collections.abc import Callable
from datetime import date
from datetime import time as clock
from functools import cache
from unittest.mock import patch

import numpy as np
from django.test import RequestFactory
from PIL import Image
from rest_framework.exceptions import ParseError

from config.api import paging
from config.api.uploads import Base64Upload, StrictJSONParser
from documents import intake
from documents.engines.barcode_zxing import ZxingBarcodes
from documents.readers import aamva, mrz, opening
from documents.sandbox import parent, wire
from documents.specimens import draw
from flows import datakeys
from flows.errors import Refused
from flows.vault import Keyring, Unreadable
from verifications import destinations

TODAY = date(2026, 6, 15)
MOST_PIXELS = 4_000_000
_KEYS = Keyring("t1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")


def image(data: bytes) -> None:
    with contextlib.suppress(Refused):
        intake.inspect(data, accept_pdf=False, max_pixels=MOST_PIXELS)
        for page in opening.open_pages(data, accept_pdf=False, max_pixels=MOST_PIXELS):
            assert page.rgb.ndim == 3
            assert page.rgb.shape[2] == 3
            assert page.rgb.dtype == np.uint8


def pdf(data: bytes) -> None:
    with contextlib.suppress(Refused):
        intake.inspect(b"%PDF-" + data, accept_pdf=True, max_pages=3)
        for page in opening.open_pages(b"%PDF-" + data, accept_pdf=True, max_pages=3):
            assert max(page.rgb.shape[:2]) <= opening.LONGEST_RENDERED_SIDE + 1


def machine_readable_zone(data: bytes) -> None:
    zone = mrz.zone_from_text(data.decode("utf-8", "replace").splitlines()[:12])
    if zone is not None:
        json.dumps(zone.as_json())
        mrz.fields(zone, today=TODAY)
        mrz.dates(zone, TODAY)


def aamva_payload(data: bytes) -> None:
    with contextlib.suppress(aamva.NotAamva):
        aamva.fields(aamva.parse(data))


def barcode(data: bytes) -> None:
    """Bytes as a grey picture; the first two say how wide it is and how large a module."""
    if len(data) < 66:
        return
    width, module = 8 + data[0], 1 + data[1] % 4
    rows = (len(data) - 2) // width
    if rows:
        grey = np.frombuffer(data[2 : 2 + rows * width], np.uint8).reshape(rows, width).repeat(module, 0).repeat(module, 1)
        ZxingBarcodes().scan(np.repeat(grey[:, :, None], 3, axis=2), thorough=bool(data[1] & 64))


def base64_side(data: bytes) -> None:
    side = Base64Upload(data.decode("utf-8", "replace"))
    with contextlib.suppress(Refused):
        side.check_size()
        if not side.empty:
            side.bytes()


def cursor(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(Refused):
        paging._read_cursor(text)
    with contextlib.suppress(Refused):
        found = paging.moment_filter("created_from", text, clock.min)
        assert found is None or found.tzinfo is not None


def json_body(data: bytes) -> None:
    with contextlib.suppress(ParseError, Refused):
        StrictJSONParser().parse(io.BytesIO(data), parser_context={"request": RequestFactory().post("/")})


def reading_process(data: bytes) -> None:
    """What a reading process that was taken over may say to its worker."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(1)
        with contextlib.suppress(OSError):
            theirs.sendall(data[: 1 << 16])
        theirs.shutdown(socket.SHUT_WR)
        with contextlib.suppress(wire.WireError, TimeoutError, Refused, parent.ReadingFailed):
            message, pictures = wire.receive(ours, deadline=time.monotonic() + 5)
            parent._understood(message, pictures)


def envelope(data: bytes) -> None:
    """Neither the keyring's nor a data key's envelopes open when they are noise; nobody's key is asked for in a database."""
    with patch.object(datakeys, "_key", lambda owner, **options: b"k" * 32):
        for opened in (lambda: _KEYS.open(data, "table.column:1"), lambda: datakeys.unseal(data, "table.column:1")):
            with contextlib.suppress(Unreadable):
                opened()
                raise AssertionError("noise was opened")


def webhook_address(data: bytes) -> None:
    try:
        destinations.check_url(data.decode("utf-8", "replace"))
    except ValueError as error:
        if type(error) is not ValueError or not str(error).startswith(("The URL must", "This is not a")):
            raise


HARNESSES: dict[str, Callable[[bytes], None]] = {
    one.__name__: one
    for one in (
        image, pdf, machine_readable_zone, aamva_payload, barcode, base64_side, cursor, json_body, reading_process, envelope, webhook_address,
    )
}  # fmt: skip


@cache
def seeds(name: str) -> list[bytes]:
    return [*_SEEDS[name](), *FOUND.get(name, [])]


def _images() -> list[bytes]:
    picture = Image.effect_noise((64, 48), 60).convert("RGB")
    found = []
    for form, options in (
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("HEIF", {}),
    ):
        with contextlib.suppress(KeyError, OSError):
            buffer = io.BytesIO()
            picture.save(buffer, form, **options)
            found.append(buffer.getvalue())
    deep = io.BytesIO()
    Image.fromarray(np.arange(1024, dtype=np.uint16).reshape(32, 32)).save(deep, "PNG")
    return [*found, deep.getvalue()]


def _pdfs() -> list[bytes]:
    buffer = io.BytesIO()
    Image.new("RGB", (80, 60), "white").save(buffer, "PDF")
    bare = (
        b"1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
        b"3 0 obj<</Type/Page/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>"
    )
    return [buffer.getvalue()[5:], bare]


def _zones() -> list[bytes]:
    return [
        b"P<USASIMPSON<<HOMER<<<<<<<<<<<<<<<<<<<<<<<<<\nL898902C36USA8807235M3001019<<<<<<<<<<<<<<04",
        b"I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        b"I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
    ]


def _payloads() -> list[bytes]:
    return [
        draw("driver_license", seed=3, state="CA").truth["aamva"].encode("latin-1"),
        b"%CASACRAMENTO^DOE$JOHN^1 MAIN ST?;636014123456=251219800101?",
    ]


def _barcodes() -> list[bytes]:
    import zxingcpp

    found = []
    for form in (zxingcpp.BarcodeFormat.PDF417, zxingcpp.BarcodeFormat.QRCode):
        drawn = np.asarray(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode("@\n\x1e\rANSI 636014", form)))
        narrow = drawn[:120, :240].copy()
        found.append(bytes([narrow.shape[1] - 8, 1]) + narrow.tobytes())
    return found


def _messages() -> list[bytes]:
    def said(message: object, blobs: bytes = b"") -> bytes:
        text = json.dumps(message).encode()
        return struct.pack(">II", len(text), len(blobs)) + text + blobs

    nothing = dict.fromkeys(("mrz", "aamva")) | {"classified": {}, "quality": {}, "seconds": 1}
    reading = {**nothing, "pages": [], "runs": [], "fields": {}, "barcodes": [], "text": [], "faces": []}
    return [
        said({"reading": reading, "faces": None, "faces_ms": 1, "blobs": []}), said({"refused": "image_invalid", "status": 400, "blobs": []}),
        said({"failed": "ValueError", "at": "x:1", "blobs": [3]}, b"abc"), said({"failed": "MemoryError", "blobs": []}),
    ]  # fmt: skip


_SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "image": _images, "pdf": _pdfs, "machine_readable_zone": _zones, "aamva_payload": _payloads, "barcode": _barcodes, "reading_process": _messages,
    "base64_side": lambda: [b"data:image/png;base64,iVBORw0KGgo=", b"_-_-", b"aGVsbG8", b" \n"],
    "cursor": lambda: [b"bnwyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwfHZlcl8", b"2026-01-01", b"2026-01-01T00:00:00+02:00"],
    "json_body": lambda: [b'{"a": [1, 2.5, "x", null]}', b'{"a": NaN}', b'"\\ud800"', b"[" * 100],
    "envelope": lambda: [_KEYS.seal(b"words", "table.column:2"), b"VBX2\x04ver_" + b"0" * 40],
    "webhook_address": lambda: [b"https://hooks.example/x?y=1", b"https://[::1]/", b"https://user:pass@hooks.example:8443/", b"http://127.1/"],
}  # fmt: skip

FOUND: dict[str, list[bytes]] = {}
