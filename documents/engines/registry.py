"""Engines by the name that settings use. Nothing is loaded until an engine is first asked to work."""

from __future__ import annotations

import importlib
from typing import cast

from documents.engines.base import BarcodeEngine, Engine, FaceEngine, LineEngine, TextEngine

TEXT = {"rapidocr": "ocr_rapid", "tesseract": "ocr_tesseract", "easyocr": "ocr_easyocr"}
BARCODE = {"zxing": "barcode_zxing"}
FACE = {"dlib": "face_dlib"}
MRZ = {"passporteye": "mrz_passporteye"}


class UnknownEngine(ValueError):
    """No engine of that kind has that name; the message lists those that exist."""


def text_engine(name: str = "rapidocr") -> TextEngine:
    return cast(TextEngine, _engine("text", TEXT, name))


def barcode_engine(name: str = "zxing") -> BarcodeEngine:
    return cast(BarcodeEngine, _engine("barcode", BARCODE, name))


def face_engine(name: str = "dlib") -> FaceEngine:
    return cast(FaceEngine, _engine("face", FACE, name))


def mrz_engine(name: str = "passporteye") -> LineEngine:
    return cast(LineEngine, _engine("MRZ", MRZ, name))


def all_engines() -> list[Engine]:
    """One of each, for health checks."""
    return [_engine("", table, name) for table in (TEXT, BARCODE, FACE, MRZ) for name in table]


def _engine(kind: str, table: dict[str, str], name: str) -> Engine:
    if name not in table:
        raise UnknownEngine(f"There is no {kind} engine {name!r}; there are: {', '.join(sorted(table))}.")
    return cast(Engine, importlib.import_module(f"documents.engines.{table[name]}").ENGINE)
