"""RapidOCR 3 with the PP-OCRv6 small models of its wheel (Apache-2.0), on onnxruntime. The default text engine.

The settings are measured ones: the 180-degree line classifier (``use_cls``) flips long lines, batching pads short lines and loses
spaces, the recogniser's default pads every line to 320 pixels, and the detector's default enlarges small pictures and never shrinks
big ones. onnxruntime's memory arena stays off: over mixed documents it gains no time and keeps a third more memory. Numbers too small for a normal
float count as zero while it reads: two small layers of the detector are full of them, and took three quarters of its time on Intel's processors.

Where the processor has 8-bit dot products, lines are read by the same recogniser with 8-bit convolutions (``models``, made by
``tests/benchmarks/quantise.py``) in half the time; one read with less than ``CLEAR`` confidence is read again in 32 bits, which keeps the accuracy.
On letters lines are found in 8 bits as well; on cards that would lose the smallest type.
"""

from __future__ import annotations

import importlib.util
import math
import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from documents.engines.base import Availability, Pixels, TextLine
from documents.engines.ctc import Certainty, OneScript
from documents.engines.floats import small_as_zero

RECOGNISER = Path(__file__).parent / "models" / "PP-OCRv6_rec_small_int8.onnx"
DETECTOR = Path(__file__).parent / "models" / "PP-OCRv6_det_small_int8.onnx"
CLEAR = 0.95  # mean confidence of a line: of the lines that 8 bits read otherwise than 32, two thirds stay below it
ALL_CLEAR = 0.5  # of each character, where there are fillers: in a machine readable zone every one counts
FILLERS = "<<"
MANY, UPRIGHT, FAINT = 8, 0.85, 0.8  # lines of a page; their median confidence is 0.96 and more on poor pictures, 0.8 and less upside down
WORSE = 0.1  # mean confidence: what 32 bits read so much less clearly was no better understood by them
CARD_SIDE, PAGE_SIDE = 960, 1280  # the detector's longer side in pixels
SLIGHTLY = 1.15  # a picture this little larger is not shrunk: that would blur small type and gain next to nothing
SMALLEST_TYPE = 9.0  # pixels of a line's box as the detector saw it
SETTINGS = {
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Rec.rec_batch_num": 1,
    "Rec.rec_img_shape": [3, 48, 64],
    "Det.limit_type": "max",
    "Det.limit_side_len": PAGE_SIDE,
}
_one_at_a_time = threading.Lock()  # RapidOCR's call options mutate the instance, of which a process keeps one


class RapidText:
    """PP-OCRv6 detection and recognition; about 0.3-0.7 s a page on one core, 0.5 GB. Pages taller than wide are letters with small
    type and are looked at closely; wide ones, cards and passport pages, only where their type turns out to be small."""

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
        height, width = rgb.shape[:2]
        if height > width:
            return _read(rgb, PAGE_SIDE)
        side = CARD_SIDE if width > SLIGHTLY * CARD_SIDE else max(CARD_SIDE, width)
        lines = _read(rgb, side)
        return _read(rgb, PAGE_SIDE) if _too_small(lines, side / max(side, width)) else lines


def _read(rgb: Pixels, side: int) -> list[TextLine]:
    """Lines found with the detector's longer side at most ``side`` pixels."""
    with _one_at_a_time, small_as_zero():
        reader = _reader()
        reader.text_det.limit_side_len = side
        found = reader(np.ascontiguousarray(rgb[:, :, ::-1]), use_det=True, use_cls=False, use_rec=True)
    if found.boxes is None or found.txts is None:
        return []
    return [
        TextLine(text, float(score), tuple((float(x), float(y)) for x, y in box), getattr(score, "lowest", 1.0))  # type: ignore[arg-type]
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if text.strip()
    ]


def _too_small(lines: Sequence[TextLine], factor: float) -> bool:
    """Whether most of the text was so small for the detector that a larger picture finds more: a page lying on its side, a card far away."""
    heights = sorted(math.dist(line.polygon[0], line.polygon[3]) * factor for line in lines)
    return factor < 1 and bool(heights) and heights[len(heights) // 2] < SMALLEST_TYPE


@lru_cache(maxsize=1)
def _reader() -> Any:
    return fast_reader() if _has_byte_products() else plain_reader()


def plain_reader() -> Any:
    """RapidOCR with the 32-bit models of its wheel. Not safe to be called by two threads at once."""
    import rapidocr

    cv2.setNumThreads(1)
    models = Path(rapidocr.__file__).parent / "models"
    return _loaded(rapidocr.RapidOCR(params=SETTINGS), models / "PP-OCRv6_det_small.onnx", models / "PP-OCRv6_rec_small.onnx")


def fast_reader() -> Any:
    """RapidOCR with the 8-bit networks, which leaves cards and every line that it does not read clearly to the 32-bit ones."""
    from rapidocr import RapidOCR

    exact = plain_reader()

    class Fast(RapidOCR):
        def detect_and_crop(self, img: Any, op_record: Any) -> Any:
            if img.shape[0] > img.shape[1]:
                return super().detect_and_crop(img, op_record)
            own: Any = self.text_det
            exact.text_det.limit_side_len = own.limit_side_len
            return exact.detect_and_crop(img, op_record)

        def recognize_txt(self, img_list: list[Any]) -> Any:
            found: Any = super().recognize_txt(img_list)
            least = FAINT if len(found.scores) >= MANY and median(found.scores) < UPRIGHT else 0.0
            doubtful = [index for index, line in enumerate(zip(found.txts, found.scores, strict=True)) if _doubtful(*line, least)]
            if doubtful:
                again = exact.recognize_txt([img_list[index] for index in doubtful])
                texts, scores = list(found.txts), list(found.scores)
                for index, text, score in zip(doubtful, again.txts, again.scores, strict=True):
                    if score >= scores[index] - WORSE:
                        texts[index], scores[index] = text, score
                found.txts, found.scores = tuple(texts), tuple(scores)
            return found

    return _loaded(Fast(params=SETTINGS), DETECTOR, RECOGNISER)


def _loaded(reader: Any, detector: Path, recogniser: Path) -> Any:
    """``reader`` with these networks loaded and our decoding. The detector's size limit is set before each picture, so it must be there."""
    from omegaconf import flag_override

    with flag_override(reader.cfg, "allow_objects", True):
        reader.cfg.Det.session, reader.cfg.Rec.session = _session(detector), _session(recogniser)
    reader(np.full((64, 32, 3), 255, np.uint8))
    reader.recognize_txt([np.full((32, 64, 3), 255, np.uint8)])
    reader.text_rec.postprocess_op = OneScript(reader.text_rec.postprocess_op.character)
    return reader


def _session(network: Path) -> Any:
    """``network`` ready to run on the thread that calls it."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


def _doubtful(text: str, certainty: Certainty, least: float) -> bool:
    """Whether 32 bits might read the line better; of a page upside down, only of lines with ``least`` confidence, for most will be read again."""
    return least <= certainty < CLEAR or (FILLERS in text and certainty.lowest < ALL_CLEAR)


def _has_byte_products() -> bool:
    """Whether the processor multiplies bytes without saturation (x86 VNNI, ARM dot products). Where that cannot be told: no."""
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return re.search(r"\b(avx512_vnni|avx_vnni|asimddp)\b", described) is not None


ENGINE = RapidText()
