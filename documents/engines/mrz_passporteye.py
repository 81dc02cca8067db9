"""PassportEye (MIT) with tesseract: a second opinion on a machine readable zone.

It keeps reference cycles full of pixels, has no time limit of its own and speaks to a binary that can hang, so every picture is read by a
child process that is killed after 15 seconds. Without the tesseract binary it is unavailable and says so.
"""

from __future__ import annotations

import gc
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import cv2
import numpy as np

from documents.engines.base import Availability, Pixels

SECONDS = 15
LONGEST_SIDE = 1800
_CHILD = "import sys; from documents.engines.mrz_passporteye import child; child(sys.stdin.buffer.read())"


class PassportEyeZone:
    """0.7-2 s a picture in a child process of its own; raw lines, nothing checked."""

    name = "passporteye"

    @property
    def version(self) -> str:
        try:
            return version("PassportEye")
        except PackageNotFoundError:
            return ""

    def available(self) -> Availability:
        if importlib.util.find_spec("passporteye") is None:
            return Availability(False, "not installed: PassportEye")
        ok = shutil.which("tesseract") is not None
        return Availability(ok, "" if ok else "the tesseract binary was not found on PATH: install tesseract-ocr")

    def warm_up(self) -> None:
        return None

    def read_zone(self, rgb: Pixels) -> tuple[str, ...] | None:
        """The zone's raw lines, or None where PassportEye finds none, fails or takes longer than 15 s."""
        if not self.available().ok:
            return None
        factor = min(1.0, LONGEST_SIDE / max(rgb.shape[:2]))
        small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else rgb
        encoded = cv2.imencode(".png", np.ascontiguousarray(small[:, :, ::-1]))[1].tobytes()
        try:
            answer = subprocess.run(
                (sys.executable, "-c", _CHILD), input=encoded, capture_output=True, timeout=SECONDS, check=True, env=_environment()
            )
            found = json.loads(answer.stdout)
        except (subprocess.SubprocessError, OSError, ValueError):
            return None
        return tuple(found) if found else None


def _environment() -> dict[str, str]:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return {
        **os.environ,
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": root,
        "PYTHONWARNINGS": "ignore",
    }


def child(picture: bytes) -> None:
    """Runs in the child: PNG in, JSON list of lines (or null) on standard output."""
    from passporteye import read_mrz

    found = read_mrz(io.BytesIO(picture), extra_cmdline_params=_language())
    text = getattr(found, "aux", {}).get("raw_text", "") if found is not None else ""
    gc.collect()
    sys.stdout.write(json.dumps([line for line in text.replace(" ", "").split("\n") if line.strip()] or None))


def _language() -> str:
    """``-l mrz`` where the operator put a traineddata for OCR-B (``mrz.traineddata``) into ``TESSDATA_PREFIX``: twice as many zones right."""
    prefix = os.environ.get("TESSDATA_PREFIX", "")
    return "-l mrz" if prefix and os.path.isfile(os.path.join(prefix, "mrz.traineddata")) else ""


ENGINE = PassportEyeZone()
