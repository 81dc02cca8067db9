"""Backs of licences whose PDF417 symbol was photographed badly: each damage by itself, and what a telephone does all at once.

Cards are 1,600 pixels wide, a symbol's module 2.6, which is what a good photograph gives. Damages are in pixels of the card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from corpus import Sample
from numpy.typing import NDArray

from documents import specimens

Grey = NDArray[np.uint8]
Box = tuple[int, int, int, int]
Damage = Callable[[Grey, Box, np.random.Generator], Grey]
CARD, MODULE, DESK = (1010, 1600), 2.6, 90


def _card(text: str) -> tuple[Grey, Box]:
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.PDF417, columns=13, ec_level="5")
    drawn = cv2.resize(np.asarray(made.to_image(scale=1, add_quiet_zones=False)), None, fx=MODULE, fy=MODULE, interpolation=cv2.INTER_LINEAR)
    high, wide = drawn.shape
    left, top = (CARD[1] - wide) // 2, 120
    card = np.full(CARD, 235, np.uint8)
    card[top - 14 : top + high + 14, left - 20 : left + wide + 20] = 250
    card[top : top + high, left : left + wide] = drawn
    for row in range(5):
        cv2.putText(card, "CLASS D  RESTRICTIONS NONE  ENDORSEMENTS NONE", (90, top + high + 90 + 60 * row), cv2.FONT_HERSHEY_SIMPLEX, 1, 40, 2)
    return card, (left, top, wide, high)


def _turned(card: Grey, degrees: float) -> Grey:
    high, wide = card.shape
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, 0.9)
    matrix[:, 2] += (1000 - wide / 2, 750 - high / 2)
    return np.asarray(cv2.warpAffine(card, matrix, (2000, 1500), borderValue=DESK, flags=cv2.INTER_CUBIC), np.uint8)


def _leaning(card: Grey, chance: np.random.Generator, share: float) -> Grey:
    high, wide = card.shape
    there = np.float32([[0, 0], [wide, 0], [wide, high], [0, high]])
    seen = (there * 0.95 + 200 + chance.uniform(-share, share, (4, 2)) * (wide, high)).astype(np.float32)
    return np.asarray(cv2.warpPerspective(card, cv2.getPerspectiveTransform(there, seen), (2000, 1500), borderValue=DESK), np.uint8)


def _blurred(card: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(card, (0, 0), sigma), np.uint8)


def _noisy(card: Grey, chance: np.random.Generator, sigma: float) -> Grey:
    return np.clip(card + chance.normal(0, sigma, card.shape), 0, 255).astype(np.uint8)


def _shaded(card: Grey, darkest: float) -> Grey:
    return (card * np.linspace(darkest, 1, card.shape[1])[None]).astype(np.uint8)


def _jpeg(card: Grey, quality: int) -> Grey:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", card, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE), np.uint8)


def _covered(card: Grey, at: tuple[float, float], size: tuple[float, float]) -> Grey:
    return np.asarray(cv2.ellipse(card.copy(), (int(at[0]), int(at[1])), (int(size[0]), int(size[1])), 0, 0, 360, 150, -1), np.uint8)


def _glared(card: Grey, box: Box, chance: np.random.Generator, share: float) -> Grey:
    left, top, wide, high = box
    y, x = np.mgrid[: card.shape[0], : card.shape[1]]
    spot = np.exp(-(((x - left - wide * chance.uniform(0.25, 0.75)) ** 2 + (y - top - high / 2) ** 2) / (share * wide) ** 2))
    return np.clip(card + 330 * spot, 0, 255).astype(np.uint8)


def _bent(card: Grey, pixels: float) -> Grey:
    y, x = np.mgrid[: card.shape[0], : card.shape[1]].astype(np.float32)
    return np.asarray(cv2.remap(card, x, y + pixels * np.sin(x / card.shape[1] * np.pi), cv2.INTER_CUBIC, borderValue=235), np.uint8)


def _scratched(card: Grey, box: Box, chance: np.random.Generator) -> Grey:
    scratched, (left, top, wide, high) = card.copy(), box
    for _ in range(8):
        ends = [(int(left + chance.uniform(0, wide)), int(top + chance.uniform(0, high))) for _ in range(2)]
        cv2.line(scratched, ends[0], ends[1], int(chance.choice([30, 245])), 3)
    return scratched


DAMAGES: dict[str, Damage] = {
    "as drawn": lambda card, box, chance: card,
    "low contrast": lambda card, box, chance: _noisy((card * 0.1 + 150).astype(np.uint8), chance, 2),
    "negative": lambda card, box, chance: (255 - card).astype(np.uint8),
    "half size": lambda card, box, chance: np.asarray(cv2.resize(card, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8),
    "JPEG 15": lambda card, box, chance: _jpeg(card, 15),
    "noise": lambda card, box, chance: _noisy(card, chance, 40),
    "turned by 7": lambda card, box, chance: _turned(card, 7),
    "turned by 33": lambda card, box, chance: _turned(card, 33),
    "on its head": lambda card, box, chance: _turned(card, 180),
    "leaning": lambda card, box, chance: _leaning(card, chance, 0.06),
    "leaning far": lambda card, box, chance: _leaning(card, chance, 0.09),
    "bent": lambda card, box, chance: _bent(card, 40),
    "blur of half a module": lambda card, box, chance: _blurred(card, 1.2),
    "blur of two thirds": lambda card, box, chance: _blurred(card, 1.8),
    "blur of a module": lambda card, box, chance: _blurred(card, 2.5),
    "motion": lambda card, box, chance: np.asarray(cv2.blur(card, (7, 1)), np.uint8),
    "glare": lambda card, box, chance: _glared(card, box, chance, 0.1),
    "wide glare": lambda card, box, chance: _glared(card, box, chance, 0.15),
    "scratches": _scratched,
    "thumb on the right": lambda card, box, chance: _covered(card, (box[0] + box[2], box[1] + box[3] / 2), (0.08 * box[2], 0.7 * box[3])),
    "thumb on the left": lambda card, box, chance: _covered(card, (box[0], box[1] + box[3] / 2), (0.1 * box[2], 0.7 * box[3])),
    "cut on the left": lambda card, box, chance: card[:, box[0] + int(0.03 * box[2]) :],
    "telephone": lambda card, box, chance: _jpeg(_noisy(_shaded(_blurred(_leaning(card, chance, 0.04), 1.3), 0.5), chance, 6), 70),
    "telephone, turned": lambda card, box, chance: _jpeg(_noisy(_blurred(_turned(_leaning(card, chance, 0.03)[200:, 200:], 12), 1.3), chance, 8), 60),
}


def photographed(folder: Path, seeds: int) -> Iterator[Sample]:
    """``seeds`` licences of each damage, kept under ``folder``; the truth is the symbol's text."""
    for name, damage in DAMAGES.items():
        for seed in range(seeds):
            text = specimens.draw("driver_license", seed=seed).truth["aamva"]
            path = folder / f"symbol-{name.replace(' ', '_').replace(',', '')}-{seed}.png"
            if not path.exists():
                card, box = _card(text)
                cv2.imwrite(str(path), damage(card, box, np.random.default_rng(seed)))
            yield Sample(f"symbols/{path.stem}", f"symbols {name}", "driver_license", {"front": str(path)}, {"barcode.text": text})
