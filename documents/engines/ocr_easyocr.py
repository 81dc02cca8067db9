"""EasyOCR (Apache-2.0), an optional extra: ``pip install vouchbox[easyocr]``. Heavy (4-20 s a page on one core, 1-3 GB).

It never downloads here: weights are two files that the operator puts into ``EASYOCR_MODULE_PATH``/model (default
``~/.EasyOCR/model``), or that EasyOCR fetches when the operator runs it once on a machine with internet access.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from documents.engines.base import Availability, Pixels, TextLine

WEIGHTS = {
    "craft_mlt_25k.pth": "2f8227d2def4037cdb3b34389dcf9ec1",
    "english_g2.pth": "5864788e1821be9e454ec108d61b887d",
}
CANVAS = 1280
REMEDY = "put these files there, or run easyocr.Reader(['en'], gpu=False) once with internet access"
_local = threading.local()
_checked: dict[tuple[str, int, int], str] = {}
_shims: list[Any] = []


class EasyOcrText:
    """CRAFT detection and a CRNN recogniser, English. ``available`` names each weight file that is missing or not the published one."""

    name = "easyocr"

    @property
    def version(self) -> str:
        try:
            return version("easyocr")
        except PackageNotFoundError:
            return ""

    def available(self) -> Availability:
        if importlib.util.find_spec("easyocr") is None:
            return Availability(False, "not installed: pip install vouchbox[easyocr]")
        missing = missing_weights(model_directory())
        return Availability(not missing, f"weights missing in {model_directory()}: {', '.join(missing)}; {REMEDY}" if missing else "")

    def warm_up(self) -> None:
        self.read(np.full((64, 160, 3), 255, np.uint8))

    def read(self, rgb: Pixels) -> list[TextLine]:
        """Raises FileNotFoundError naming the file where a weight is missing or is another file than the published one."""
        found = _reader().readtext(np.ascontiguousarray(rgb), canvas_size=CANVAS, paragraph=False)
        return [
            TextLine(text, float(score), tuple((float(x), float(y)) for x, y in box))  # type: ignore[arg-type]
            for box, text, score in found
            if text.strip()
        ]


def model_directory() -> Path:
    """Where EasyOCR itself looks: ``EASYOCR_MODULE_PATH`` or ``MODULE_PATH``, else the home directory."""
    base = os.environ.get("EASYOCR_MODULE_PATH") or os.environ.get("MODULE_PATH") or str(Path.home() / ".EasyOCR")
    return Path(base) / "model"


def missing_weights(directory: Path) -> list[str]:
    """Each file that is absent or has another MD5, with the MD5 it should have."""
    return [f"{name} (md5 {md5})" for name, md5 in WEIGHTS.items() if _md5(directory / name) != md5]


def _md5(path: Path) -> str:
    if not path.is_file():
        return ""
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    if key not in _checked:
        with path.open("rb") as stream:
            _checked[key] = hashlib.file_digest(stream, "md5").hexdigest()
    return _checked[key]


def load_easyocr() -> Any:
    """Imports EasyOCR. A CUDA-built torchvision beside a CPU torch fails to import for want of two
    operators that EasyOCR never calls: they are declared."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        _declare_operators()
    import easyocr

    return easyocr


def _declare_operators() -> None:
    import torch

    for name in [name for name in sys.modules if name == "torchvision" or name.startswith("torchvision.")]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _shims.append(library)  # the declaration lives as long as the object


def make_reader(directory: Path) -> Any:
    """A reader on the weights of ``directory``: no GPU, no download, and no folder for user code that anybody could write to."""
    empty = Path(tempfile.mkdtemp(prefix="easyocr-"))
    empty.chmod(0o500)
    return load_easyocr().Reader(
        ["en"], gpu=False, download_enabled=False, verbose=False, model_storage_directory=str(directory), user_network_directory=str(empty)
    )


def _reader() -> Any:
    if not hasattr(_local, "reader"):
        missing = missing_weights(model_directory())
        if missing:
            raise FileNotFoundError(f"EasyOCR weights missing in {model_directory()}: {', '.join(missing)}; {REMEDY}")
        import torch

        torch.set_num_threads(1)
        _local.reader = make_reader(model_directory())
    return _local.reader


ENGINE = EasyOcrText()
