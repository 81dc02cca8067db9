"""``manage.py read FILE… [--type T] [--country C] [--json] [--as aamva]``: the reading pipeline alone, without database."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from documents.engines.registry import UnknownEngine
from documents.intake import on_sheets
from documents.readers import Engines, aamva, default_engines, read_document, reading_as_json
from documents.readers.aamva import NotAamva
from documents.readers.merge import merge
from documents.readers.results import Reading
from documents.types import DOCUMENT_TYPES, DocumentType
from flows.errors import Refused

EMPTY: dict[str, Any] = {
    "seconds": 0.0, "pages": 0, "classified": None, "mrz": None, "barcodes": [], "aamva": None, "fields": {}, "text": [],
    "faces": [], "quality": None,
}  # fmt: skip


class Command(BaseCommand):
    help = "Reads documents from image files, PDFs or, with --as aamva, raw barcode strings; one line per file."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--type", help="declared document type: id, kind (driver_license) or name")
        parser.add_argument("--country", help="declared issuing country, ISO 3166-1 alpha-3")
        parser.add_argument("--json", action="store_true", help="one JSON object per file per line")
        parser.add_argument("--as", dest="raw", choices=("aamva",), help="files hold a raw AAMVA barcode string")

    def handle(self, *args: Any, **options: Any) -> None:
        declared = _type(options["type"]) if options["type"] else None
        try:
            engines = default_engines(ocr=settings.OCR_ENGINE, faces=settings.FACE_ENGINE)
        except UnknownEngine as error:
            raise CommandError(str(error)) from None
        if not options["raw"] and not (available := engines.text.available()).ok:
            raise CommandError(f"OCR_ENGINE={settings.OCR_ENGINE} cannot run here: {available.reason}")
        for name in options["files"]:
            answer = _answer(name, options["raw"], declared, options["country"], engines)
            # ASCII only: a symbol may hold U+2028 or U+0085, which end a line for some readers of this output.
            self.stdout.write(json.dumps(answer) if options["json"] else _summary(answer))
            self.stdout.flush()


def _type(text: str) -> DocumentType:
    wanted = text.strip().lower()
    for entry in DOCUMENT_TYPES.values():
        if wanted in (str(entry.id), entry.kind, entry.name.lower()):
            return entry
    raise CommandError(f"There is no document type {text!r}; there are: {', '.join(sorted({entry.kind for entry in DOCUMENT_TYPES.values()}))}.")


def _answer(name: str, raw: str | None, declared: DocumentType | None, country: str | None, engines: Engines) -> dict[str, Any]:
    """One file's object. Whatever happens becomes its ``error``: the next file must be read all the same."""
    begun = time.perf_counter()
    try:
        data = Path(name).read_bytes()
        found = _read_raw(data) if raw else _read_image(data, declared, country, engines)
        return {"file": name, "error": None, **found}
    except Refused as error:
        problem = {"code": error.code, "message": error.message}
    except NotAamva as error:
        problem = {"code": "not_aamva", "message": str(error)}
    except OSError as error:
        problem = {"code": "file_unreadable", "message": error.strerror or "the file cannot be read"}
    except Exception as error:
        problem = {"code": "reading_failed", "message": type(error).__name__}
    return {"file": name, "error": problem, **EMPTY, "seconds": round(time.perf_counter() - begun, 3)}


def _read_raw(data: bytes) -> dict[str, Any]:
    begun = time.perf_counter()
    card = aamva.parse(data)
    read = reading_as_json(Reading((), (), merge(aamva.fields(card)), None, [], card.as_json(), {}, [], [], {}, 0.0))
    return {**EMPTY, "aamva": read["aamva"], "fields": read["fields"], "seconds": round(time.perf_counter() - begun, 4)}


def _read_image(data: bytes, declared: DocumentType | None, country: str | None, engines: Engines) -> dict[str, Any]:
    legible = on_sheets(data, max_pixels=settings.MAX_IMAGE_PIXELS)
    reading = read_document({"front": legible}, document_type=declared, country=country, engines=engines, max_pixels=settings.MAX_IMAGE_PIXELS)
    return reading_as_json(reading)


def _summary(answer: dict[str, Any]) -> str:
    """One line for people: the file, what it is, its fields."""
    if answer["error"]:
        return f"{answer['file']}: {answer['error']['code']}: {answer['error']['message']}"
    kind = (answer["classified"] or {}).get("type") or "unknown"
    values = "; ".join(f"{path}={entry['value']}" for path, entry in answer["fields"].items())
    return f"{answer['file']}: {kind} ({answer['seconds']} s) {values}"
