"""RapidOCR 3 with the PP-OCRv6 small models of its wheel (Apache-2.0), on onnxruntime. The default text engine.

The settings are measured ones: the 180-degree line classifier (``use_cls``) flips long lines, batching pads short lines and loses
spaces, and the detector's default enlarges small pictures and never shrinks big ones.
"""

from __future__ import annotations

import importlib.util
import threading
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np

from documents.engines.base import Availability, Pixels, TextLine

SETTINGS = {
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Rec.rec_batch_num": 1,
    "Det.limit_type": "max",
    "Det.limit_side_len": 1280,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
_local = threading.local()  # RapidOCR's call options mutate the instance: one per thread


class RapidText:
    """PP-OCRv6 detection and recognition; about 0.3-0.8 s a page on one core, 0.5 GB."""

    name = "rapidocr"

    @property
    def version(self) -> str:
        return version("rapidocr")

    def available(self) -> Availability:
        missing = [name for name in ("rapidocr", "onnxruntime") if importlib.util.find_spec(name) is None]
        return Availability(not missing, f"not installed: {', '.join(missing)}" if missing else "")

    def warm_up(self) -> None:
        sample = np.full((96, 320, 3), 255, np.uint8)
        cv2.putText(sample, "WARM UP 0123", (10, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2)
        self.read(sample)  # a blank picture would load the detector only

    def read(self, rgb: Pixels) -> list[TextLine]:
        if min(rgb.shape[:2]) < 8:
            return []
        found = _reader()(np.ascontiguousarray(rgb[:, :, ::-1]), use_det=True, use_cls=False, use_rec=True)
        if found.boxes is None or found.txts is None:
            return []
        return [
            TextLine(text, float(score), tuple((float(x), float(y)) for x, y in box))  # type: ignore[arg-type]
            for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
            if text.strip()
        ]


def _reader() -> Any:
    if not hasattr(_local, "reader"):
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        _local.reader = RapidOCR(params=SETTINGS)
    return _local.reader


ENGINE = RapidText()
