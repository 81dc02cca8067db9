"""Tesseract (Apache-2.0) through its binary: a light second text engine, about 60 MB, weaker than the default on cards.

Every child gets ``OMP_THREAD_LIMIT=1``: without it tesseract on two cores is four times slower.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from io import StringIO

import cv2
import numpy as np

from documents.engines.base import Availability, Pixels, TextLine

SECONDS = 30
COMMAND = ("tesseract", "stdin", "stdout", "--psm", "3", "-l", "eng", "tsv")


class TesseractText:
    """About 0.4 s a page; ``OMP_THREAD_LIMIT=1``; killed after 30 s."""

    name = "tesseract"

    @property
    def version(self) -> str:
        if not self.available().ok:
            return ""
        answer = subprocess.run(("tesseract", "--version"), capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S607
        return answer.stdout.split("\n")[0].removeprefix("tesseract").strip()

    def available(self) -> Availability:
        ok = shutil.which("tesseract") is not None
        return Availability(ok, "" if ok else "the tesseract binary was not found on PATH: install tesseract-ocr")

    def warm_up(self) -> None:
        return None

    def read(self, rgb: Pixels) -> list[TextLine]:
        """Lines of one block's line each; empty where tesseract fails or takes longer than 30 s."""
        encoded = cv2.imencode(".png", np.ascontiguousarray(rgb[:, :, ::-1]))[1].tobytes()
        try:
            answer = subprocess.run(COMMAND, input=encoded, capture_output=True, timeout=SECONDS, check=True, env=single_threaded())
        except (subprocess.SubprocessError, OSError):
            return []
        return _lines(answer.stdout.decode("utf-8", "replace"))


def single_threaded() -> dict[str, str]:
    return {**os.environ, "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


def _lines(table: str) -> list[TextLine]:
    """Words of tesseract's TSV joined by block, paragraph and line."""
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in csv.DictReader(StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row.get("level") == "5" and (row.get("text") or "").strip():
            groups.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(row)
    return [_line(words) for words in groups.values()]


def _line(words: list[dict[str, str]]) -> TextLine:
    left = min(int(word["left"]) for word in words)
    top = min(int(word["top"]) for word in words)
    right = max(int(word["left"]) + int(word["width"]) for word in words)
    bottom = max(int(word["top"]) + int(word["height"]) for word in words)
    confidence = sum(float(word["conf"]) for word in words) / len(words) / 100
    return TextLine(" ".join(word["text"] for word in words), max(0.0, confidence), ((left, top), (right, top), (right, bottom), (left, bottom)))


ENGINE = TesseractText()
