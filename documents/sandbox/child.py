"""The reading process: ``python -m documents.sandbox.child FD PARENT``. Holds the engines, answers order after order, ends with its worker."""

from __future__ import annotations

import ctypes
import io
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from typing import Any

from PIL import Image as Pillow

from documents.engines.base import Pixels
from documents.intake import on_sheets
from documents.readers import Engines, FaceMatch, ReadPage, compare_faces, default_engines, read_document, warm_up
from documents.sandbox import wire
from documents.types import DOCUMENT_TYPES
from flows.errors import Refused

RENDITION_PIXELS = 1800
IDLE_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1


def main(descriptor: int, parent: int) -> None:
    _stay_with(parent)
    end = socket.socket(fileno=descriptor)
    settings, _ = wire.receive(end)
    _limit_memory(settings["memory_mb"])
    engines = default_engines(ocr=settings["ocr"], faces=settings["faces"])
    warm_up(engines)
    wire.send(end, {"engines": _versions(engines)})
    while True:
        if not select.select([end], [], [], IDLE_SECONDS)[0]:
            _give_back_memory()
        try:
            order, blobs = wire.receive(end)
        except wire.WireError:
            return
        answer, pictures = _answer(order, blobs, engines)
        wire.send(end, answer, pictures)


def _stay_with(parent: int) -> None:
    """Ends when the worker does, also from within native code; signals to the worker's group are for the worker, which finishes what it has."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("1000")  # when memory runs out, a reading goes and no database
        except OSError:
            pass
    if os.getppid() != parent:
        sys.exit(1)


def _limit_memory(megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # an image of memory holds personal data
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def _give_back_memory() -> None:
    """While documents come one after the other the heap is kept, for pages of memory are dear to get again; who has nothing to do needs none."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _versions(engines: Engines) -> dict[str, str]:
    held = {kind: getattr(engines, kind, None) for kind in ("text", "barcodes", "faces")}
    return {kind: f"{engine.name} {engine.version}" for kind, engine in held.items() if engine is not None}


def _answer(order: dict[str, Any], blobs: list[bytes], engines: Engines) -> tuple[dict[str, Any], list[bytes]]:
    try:
        return _read(order, blobs, engines)
    except Refused as refusal:
        return {"refused": refusal.code, "message": refusal.message, "status": refusal.status}, []
    except MemoryError:
        return {"failed": "MemoryError", "at": ""}, []
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        # The exception's own text may hold what was read from the document.
        return {"failed": type(error).__name__, "at": f"{frames[-1].filename}:{frames[-1].lineno}"}, []


def _read(order: dict[str, Any], blobs: list[bytes], engines: Engines) -> tuple[dict[str, Any], list[bytes]]:
    def read(sides: dict[str, bytes], kind: Any, country: str, kinds: list[str] | None) -> Any:
        legible = {side: on_sheets(data, max_pixels=order["max_pixels"], max_pages=kind.max_pages) for side, data in sides.items()}
        return read_document(
            legible, document_type=kind, country=country, kinds=kinds, engines=engines, max_pixels=order["max_pixels"], max_pages=kind.max_pages
        )

    sides = dict(zip(order["sides"], blobs, strict=False))
    reading = read(sides, DOCUMENT_TYPES[order["type"]], order["country"], order["kinds"])
    match, milliseconds = None, 0
    own = next((page for page in reading.pages if page.side == "front"), None)
    if order["partner"] is not None and own is not None and engines.faces is not None:
        begun, partner = time.monotonic(), order["partner"]
        other = read({"front": blobs[-1]}, DOCUMENT_TYPES[partner["type"]], partner["country"], ["face"])
        match = compare_faces(_pixels(own), _pixels(other.pages[0]), engine=engines.faces) if other.pages else None
        milliseconds = round((time.monotonic() - begun) * 1000)
    answer = {"reading": wire.from_reading(reading), "faces": _match(match), "faces_ms": milliseconds}
    return answer, [_rendition(page) for page in reading.pages]


def _match(match: FaceMatch | None) -> dict[str, Any] | None:
    return None if match is None else {name: getattr(match, name) for name in match.__dataclass_fields__}


def _pixels(page: ReadPage) -> Pixels:
    assert page.rgb is not None, "read in this process"
    return page.rgb


def _rendition(page: ReadPage) -> bytes:
    picture = Pillow.fromarray(_pixels(page))
    picture.thumbnail((RENDITION_PIXELS, RENDITION_PIXELS))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85, optimize=False)
    return buffer.getvalue()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
