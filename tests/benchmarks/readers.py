"""One reader in a process of its own: ``python readers.py NAME`` answers JSON lines of samples with JSON lines of what it read.

Vouchbox's own pipeline and its peers. A peer that is not installed says so and is left out; none of them is a dependency because of this file.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("OMP_THREAD_LIMIT", "1")
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

Read = Callable[[Mapping[str, str]], dict[str, Any]]
_ZONE = ("mrz.",)


@dataclass(frozen=True)
class Reader:
    """``claims``: prefixes of the measures that it answers; ``missing``: why it cannot run here; ``load`` gives the function that reads; ``sources``:
    beginnings of the sources that it is asked to read (empty: all)."""

    name: str
    claims: tuple[str, ...]
    missing: Callable[[], str]
    load: Callable[[], Read]
    sources: tuple[str, ...] = ()


def _needs(*modules: str, binary: str = "", language: str = "") -> Callable[[], str]:
    def missing() -> str:
        lacking = [name for name in modules if importlib.util.find_spec(name) is None]
        if binary and shutil.which(binary) is None:
            lacking.append(f"the program {binary}")
        elif language and language not in subprocess.run([binary, "--list-langs"], capture_output=True, text=True, check=False).stdout.split():
            lacking.append(f"{language}.traineddata")
        return f"not installed: {', '.join(lacking)}" if lacking else ""

    return missing


def _vouchbox() -> Read:
    from documents.readers import default_engines, parse_aamva, read_document, reading_as_json
    from documents.readers.aamva import NotAamva

    engines = default_engines(ocr=os.environ.get("OCR_ENGINE", "rapidocr"), faces=os.environ.get("FACE_ENGINE", "dlib"))
    engines.text.warm_up()

    def read(sides: Mapping[str, str]) -> dict[str, Any]:
        data = {side: Path(path).read_bytes() for side, path in sides.items()}
        if sides["front"].endswith(".txt"):
            try:
                card = parse_aamva(data["front"])
            except NotAamva:
                card = {}
            return {"values": {f"aamva.{name}": [str(value), 1.0] for name, value in card.items() if isinstance(value, str | int) and value}}
        return _own_values(reading_as_json(read_document(data, engines=engines)))

    return read


def _own_values(found: Mapping[str, Any]) -> dict[str, Any]:
    values = {path: [entry["value"], entry["confidence"]] for path, entry in found["fields"].items()}
    if zone := found["mrz"]:
        values |= _zone_values(zone["lines"], zone["format"], zone["confidence"])
    symbols = [symbol["text"] for symbol in found["barcodes"] if symbol["format"] == "PDF417"]
    if symbols:
        values["barcode.text"] = [symbols[0], 1.0]
    return {"values": values, "text": found["text"]}


def _zone_values(lines: list[str], form: str, confidence: float) -> dict[str, list[Any]]:
    from documents.readers.mrz_layout import LAYOUTS, document_number, names, take

    layout = LAYOUTS[form]
    surname, given = names(form, lines)
    return {
        "mrz.lines": ["\n".join(lines), confidence],
        "mrz.number": [document_number(form, lines), confidence],
        "mrz.names": [f"{surname} {given}".strip(), confidence],
        "mrz.birth": [take(lines, layout.birth), confidence],
        "mrz.expiry": [take(lines, layout.expiry) if layout.expiry else "", confidence],
    }


def _passporteye() -> Read:
    from passporteye import read_mrz

    def read(sides: Mapping[str, str]) -> dict[str, Any]:
        with contextlib.redirect_stderr(None):
            zone = read_mrz(sides["front"])
        gc.collect()  # its pipeline keeps every picture otherwise
        if zone is None:
            return {"values": {}}
        found, sure = zone.to_dict(), zone.valid_score / 100
        return {
            "values": {
                "mrz.lines": [zone.aux.get("text", "").replace(" ", "").strip(), sure],
                "mrz.number": [(found.get("number") or "").rstrip("<"), sure],
                "mrz.names": [f"{found.get('surname', '')} {found.get('names', '')}", sure],
                "mrz.birth": [found.get("date_of_birth") or "", sure],
                "mrz.expiry": [found.get("expiration_date") or "", sure],
            }
        }

    return read


def _fastmrz() -> Read:
    from fastmrz import FastMRZ

    reader = FastMRZ()

    def read(sides: Mapping[str, str]) -> dict[str, Any]:
        found = reader.get_details(sides["front"], include_checkdigit=False)
        sure = 1.0 if found.get("status") == "SUCCESS" else 0.5
        return {
            "values": {
                "mrz.lines": [str(found.get("mrz_text") or "").strip(), sure],
                "mrz.number": [str(found.get("document_number") or ""), sure],
                "mrz.names": [f"{found.get('surname', '')} {found.get('given_name', '')}", sure],
                "mrz.birth": [str(found.get("birth_date") or "").replace("-", "")[-6:], sure],
                "mrz.expiry": [str(found.get("expiry_date") or "").replace("-", "")[-6:], sure],
            }
        }

    return read


def _rapidocr() -> Read:
    from rapidocr import RapidOCR

    reader = RapidOCR(params={"Global.log_level": "error"})

    def read(sides: Mapping[str, str]) -> dict[str, Any]:
        found = reader(_pixels(sides["front"])[:, :, ::-1])
        return {"values": {}, "text": list(found.txts or ())}

    return read


def _tesseract() -> Read:
    import pytesseract

    def read(sides: Mapping[str, str]) -> dict[str, Any]:
        return {"values": {}, "text": pytesseract.image_to_string(_picture(sides["front"]), config="--psm 3").splitlines()}

    return read


def _easyocr() -> Read:
    import easyocr

    reader = easyocr.Reader(["en"], gpu=False, download_enabled=False, verbose=False)

    def read(sides: Mapping[str, str]) -> dict[str, Any]:
        return {"values": {}, "text": [text for _, text, _ in reader.readtext(_pixels(sides["front"]))]}

    return read


def _zxing() -> Read:
    import zxingcpp

    def read(sides: Mapping[str, str]) -> dict[str, Any]:
        for side in ("back", "front"):
            for symbol in zxingcpp.read_barcodes(_pixels(sides[side]), formats=zxingcpp.BarcodeFormat.PDF417) if side in sides else ():
                return {"values": {"barcode.text": [symbol.bytes.decode("latin-1"), 1.0]}}
        return {"values": {}}

    return read


def _picture(path: str) -> Any:
    from PIL import Image, ImageOps

    if path.endswith(".pdf"):
        import pypdfium2

        return pypdfium2.PdfDocument(path)[0].render(scale=200 / 72).to_pil().convert("RGB")
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def _pixels(path: str) -> Any:
    import numpy as np

    return np.asarray(_picture(path))


_PAGES = ("specimens", "mrz", "bills", "text")
READERS = {
    entry.name: entry
    for entry in (
        Reader("vouchbox", ("mrz.", "barcode.", "aamva.", "person.", "document.", "address.", "statement.", "text."), _needs("rapidocr"), _vouchbox),
        Reader("passporteye", _ZONE, _needs("passporteye", binary="tesseract"), _passporteye, ("specimens", "mrz")),
        Reader("fastmrz", _ZONE, _needs("fastmrz", binary="tesseract", language="mrz"), _fastmrz, ("specimens", "mrz")),
        Reader("rapidocr", ("text.",), _needs("rapidocr", "onnxruntime"), _rapidocr, _PAGES),
        Reader("tesseract", ("text.",), _needs("pytesseract", binary="tesseract"), _tesseract, _PAGES),
        Reader("easyocr", ("text.",), _needs("easyocr"), _easyocr, _PAGES),
        Reader("zxing-cpp", ("barcode.",), _needs("zxingcpp"), _zxing, ("specimens", "symbols", "pdf417")),
    )
}


def main(name: str) -> None:
    """Answers samples until the input ends. The first line out says how long loading took."""
    reader = READERS[name]
    answers = sys.stdout
    sys.stdout = sys.stderr
    begun = time.perf_counter()
    if lacking := reader.missing():
        print(json.dumps({"missing": lacking}), file=answers, flush=True)
        return
    try:
        read = reader.load()
    except Exception as error:
        print(json.dumps({"missing": f"{type(error).__name__}: {error}"[:200]}), file=answers, flush=True)
        return
    print(json.dumps({"loaded": time.perf_counter() - begun}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answered(read, json.loads(line))), file=answers, flush=True)


def _answered(read: Read, sides: Mapping[str, str]) -> dict[str, Any]:
    begun, spent = time.perf_counter(), _spent()
    try:
        found = read(sides)
    except Exception as error:
        found = {"values": {}, "error": type(error).__name__}
    seconds, cpu = time.perf_counter() - begun, _spent() - spent
    return {**found, "seconds": seconds, "cpu": cpu, "resident_mb": psutil.Process().memory_info().rss / 1e6}


def _spent() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main(sys.argv[1])
