"""PP-OCRv6 small, the networks of the rapidocr wheel (Apache-2.0), on OpenVINO. The default text engine.

What is done in which arithmetic depends on the processor (``networks.arithmetic``). In bfloat16 everything is. In bytes lines are read by the
same recogniser with 8-bit convolutions (``models``, made by ``tests/benchmarks/quantise.py``), and what it does not read clearly again in 32
bits; finding them in bytes would lose small type and blurred pages.

A line is read among the characters of alphabets and their punctuation, one in ten of those that the recogniser knows. Where it is not read
clearly all are considered: what comes out as Han is a mark of a line not understood.
"""

from __future__ import annotations

import importlib.util
import math
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from documents.engines.base import Availability, Pixels, Point, TextLine
from documents.engines.ctc import Certainty, OneScript
from documents.engines.networks import Arithmetic, Network, Numbers, arithmetic
from documents.engines.text_boxes import Corners, cut_out, text_boxes

IN_BYTES = Path(__file__).parent / "models" / "PP-OCRv6_rec_small_int8.onnx"
CLEAR = 0.95  # mean confidence of a line: of the lines that 8 bits read otherwise than 32, two thirds stay below it
ALL_CLEAR = 0.5  # of each character, where there are fillers: in a machine readable zone every one counts
FILLERS = "<<"
NOTHING = 0.5  # mean confidence of what is no text
MANY, UPRIGHT, FAINT = 8, 0.85, 0.8  # lines of a page; their median confidence is 0.96 and more on poor pictures, 0.8 and less upside down
WORSE = 0.1  # mean confidence: what is read so much less clearly the second time was no better understood
CARD_SIDE, LETTER_SIDE, CLOSE_SIDE = 960, 1024, 1280  # the detector's longer side in pixels
LONGEST_SIDE = 2000  # of the picture that lines are cut out of
SLIGHTLY = 1.15  # a picture this little larger is not shrunk: that would blur small type and gain next to nothing
SMALLEST_TYPE, SMALLEST_PRINT = 9.0, 12.0  # pixels of a line's box as the detector saw it: on cards, on letters, whose type varies more
FLATTEST = 8  # width over height of a picture that the detector is used to
STRIDE = 32  # the detector's
LINE_HEIGHT, STEP = 48, 8  # pixels: of a line, of a step along it
LINE_WIDTHS = (64, 96, 128, 160, 192, 256, 320, 384, 448, 544, 672, 832, 1024, 1280, 1600)
SELDOM = 1  # preparations kept of a network whose sizes come back seldom
ALPHABETS = ("LATIN", "GREEK", "CYRILLIC")
IDEOGRAPHS = 0x2E80  # the first code point of the East Asian blocks
_one_at_a_time = threading.Lock()  # a network is not safe to be called by two threads, and a process keeps one set


class RapidText:
    """PP-OCRv6 detection and recognition; about 0.2-0.6 s a page on one core. Pages taller than wide are letters, others cards and passport pages;
    each is looked at more closely where its type turns out to be small."""

    name = "rapidocr"

    @property
    def version(self) -> str:
        return version("rapidocr")

    def available(self) -> Availability:
        missing = [name for name in ("rapidocr", "openvino") if importlib.util.find_spec(name) is None]
        return Availability(not missing, f"not installed: {', '.join(missing)}" if missing else "")

    def warm_up(self) -> None:
        sample = np.full((96, 320, 3), 255, np.uint8)
        cv2.putText(sample, "WARM UP 0123", (10, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2)
        self.read(sample)  # a blank picture would load the detector only

    def read(self, rgb: Pixels) -> list[TextLine]:
        if min(rgb.shape[:2]) < 8:
            return []
        height, width = rgb.shape[:2]
        with _one_at_a_time:
            usual = LETTER_SIDE if height > width else CARD_SIDE
            longer = max(height, width)
            side = usual if longer > SLIGHTLY * usual else max(usual, longer)
            lines = _reader().read(rgb, side)
            smallest = SMALLEST_PRINT if height > width else SMALLEST_TYPE
            return _reader().read(rgb, CLOSE_SIDE) if _too_small(lines, side / max(side, longer), smallest) else lines


def _too_small(lines: Sequence[TextLine], factor: float, smallest: float) -> bool:
    """Whether most of the text was so small for the detector that a larger picture finds more: a page lying on its side, a card far away."""
    heights = sorted(math.dist(line.polygon[0], line.polygon[3]) * factor for line in lines)
    return factor < 1 and bool(heights) and heights[len(heights) // 2] < smallest


class Detector:
    """Finds lines."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def boxes(self, bgr: Pixels, side: int) -> list[Corners]:
        """Boxes of the lines in ``bgr``, seen with its longer side at most ``side`` pixels."""
        height, width = bgr.shape[:2]
        factor = min(1.0, side / max(height, width))
        seen = [max(STRIDE, round(size * factor / STRIDE) * STRIDE) for size in (width, height)]
        found = text_boxes(self.network(np.asarray(cv2.resize(bgr, seen), dtype=np.uint8))[0, : seen[1], : seen[0]], width, height)
        self.network.rest()
        return found


class Recogniser:
    """Reads lines with ``network``; ``exact``, if there is one, reads again what came out doubtful."""

    def __init__(self, network: Network, exact: Network | None = None) -> None:
        self.network, self._exact = network, exact or network
        self._alphabetic, self._all = network.last_layer.only(of_alphabets), self._exact.last_layer
        self._decode, self._decode_all = OneScript(self._alphabetic.characters), OneScript(self._all.characters)

    def lines(self, pictures: Sequence[Pixels]) -> list[tuple[str, Certainty]]:
        """Text and confidence of each picture of a line. Lines of one width follow each other: changing it takes the networks a while."""
        scaled = [_scaled(picture) for picture in pictures]
        order = sorted(range(len(scaled)), key=lambda index: scaled[index].shape[1])
        features = {index: _features(self.network, scaled[index]) for index in order}
        found = {index: self._decode(self._alphabetic(features[index])) for index in order}
        least = FAINT if len(found) >= MANY and median(sure for _, sure in found.values()) < UPRIGHT else 0.0
        for index in order:
            if _doubtful(*found[index], least):
                seen = features[index] if self._exact is self.network else _features(self._exact, scaled[index])
                again = self._decode_all(self._all(seen))
                if again[1] >= found[index][1] - WORSE:
                    found[index] = again
        for network in {self.network, self._exact}:
            network.rest()
        return [found[index] for index in range(len(pictures))]


def _features(network: Network, picture: Pixels) -> Numbers:
    """Of the picture alone, not of what the network enlarges it by; a copy, as the network's own is overwritten."""
    return network(picture)[: -(-picture.shape[1] // STEP)].copy()


class Reader:
    """Both together."""

    def __init__(self, detector: Detector, recogniser: Recogniser) -> None:
        self.detector, self.recogniser = detector, recogniser

    def read(self, rgb: Pixels, side: int) -> list[TextLine]:
        """Lines of ``rgb``, found with its longer side at most ``side`` pixels."""
        factor = min(1.0, LONGEST_SIDE / max(rgb.shape[:2]))
        picture = rgb if factor == 1 else np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        picture = np.ascontiguousarray(picture[:, :, ::-1])
        border = _border(*picture.shape[:2])
        if border:
            picture = np.asarray(cv2.copyMakeBorder(picture, border, border, 0, 0, cv2.BORDER_CONSTANT), dtype=np.uint8)
        boxes = self.detector.boxes(picture, side)
        read = self.recogniser.lines([cut_out(picture, box) for box in boxes])
        height, width = rgb.shape[:2]
        return [
            TextLine(text, float(sure), _on_page(box, border, factor, width, height), sure.lowest)
            for box, (text, sure) in zip(boxes, read, strict=True)
            if text.strip() and sure >= NOTHING
        ]


def _border(height: int, width: int) -> int:
    """Rows to add above and below a strip."""
    return max(width // FLATTEST, 30) - height // 2 if height <= 30 or width > FLATTEST * height else 0


def _on_page(box: Corners, border: int, factor: float, width: int, height: int) -> tuple[Point, Point, Point, Point]:
    (a, b), (c, d), (e, f), (g, h) = np.clip((box - (0, border)) / factor, 0, (width, height)).tolist()
    return (a, b), (c, d), (e, f), (g, h)


def _scaled(picture: Pixels) -> Pixels:
    """A line as high as the recogniser wants it."""
    width = max(1, math.ceil(LINE_HEIGHT * picture.shape[1] / picture.shape[0]))
    return np.asarray(cv2.resize(picture, (width, LINE_HEIGHT)), dtype=np.uint8)


def _doubtful(text: str, certainty: Certainty, least: float) -> bool:
    """Whether the line may be read better; of a page upside down, only of lines with ``least`` confidence, for most will be read again."""
    return least <= certainty < CLEAR or (FILLERS in text and certainty.lowest < ALL_CLEAR)


def of_alphabets(character: str) -> bool:
    """Whether ``character`` belongs to an alphabet or its punctuation."""
    name = unicodedata.name(character[0], "")
    return name.startswith(ALPHABETS) or (ord(character[0]) < IDEOGRAPHS and not character[0].isalpha())


@lru_cache(maxsize=1)
def _reader() -> Reader:
    return reader_for(arithmetic())


def reader_for(kind: Arithmetic) -> Reader:
    """The networks as they work best with this arithmetic. Every processor can use each of them, some slowly."""
    cv2.setNumThreads(1)
    rounded = kind == "bf16"
    sizes = (2 * STRIDE,)
    detector = Detector(Network(of_wheel("det"), widths=sizes, heights=sizes, rounded=rounded, kept=SELDOM))
    exact = Network(of_wheel("rec"), widths=LINE_WIDTHS, rounded=rounded)
    return Reader(detector, Recogniser(Network(IN_BYTES, widths=LINE_WIDTHS), exact) if kind == "int8" else Recogniser(exact))


def of_wheel(part: str) -> Path:
    """A network of the rapidocr wheel, which is not imported: of its code nothing is used."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("rapidocr is not installed")
    return Path(spec.submodule_search_locations[0]) / "models" / f"PP-OCRv6_{part}_small.onnx"


ENGINE = RapidText()
