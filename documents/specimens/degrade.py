"""What a camera, a hand and a mail program do to a picture: repeatable damage for tests and benchmarks."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from PIL import Image, ImageFilter

_Damage = Callable[[Image.Image, np.random.Generator, float], Image.Image]
_DESK = (96, 88, 80)


def _blur(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1.4 * strength * image.width / 1000))


def _glare(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    y, x = np.mgrid[0 : image.height, 0 : image.width].astype(np.float32)
    cx, cy, radius = rng.uniform(0.35, 0.8) * image.width, rng.uniform(0.25, 0.7) * image.height, 0.16 * strength * image.width
    spot = np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / radius**2))[..., None] * 1.5
    return Image.fromarray(np.clip(np.asarray(image, np.float32) + 255 * np.clip(spot, 0, 1), 0, 255).astype("uint8"))


def _rotation(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    angle = float(rng.choice((-1, 1)) * rng.uniform(2, 5) * strength)
    return image.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=_DESK)


def _perspective(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    wide, high, push = image.width, image.height, 0.05 * strength
    corners = np.asarray([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    moved = corners * 0.9 + np.asarray([wide, high]) * 0.05 + rng.uniform(-push, push, (4, 2)) * (wide, high)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return Image.fromarray(cv2.warpPerspective(np.asarray(image), matrix, (wide, high), flags=cv2.INTER_CUBIC, borderValue=_DESK))


def _jpeg(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=max(5, int(45 / max(strength, 0.1))))
    return Image.open(out).convert("RGB")


def _low_light(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    dark = np.asarray(image, np.float32) * max(0.08, 1 - 0.65 * strength)
    return Image.fromarray(np.clip(dark + rng.normal(0, 3, dark.shape), 0, 255).astype("uint8"))


def _noise(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    return Image.fromarray(np.clip(pixels + rng.normal(0, 14 * strength, pixels.shape), 0, 255).astype("uint8"))


def _low_resolution(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    share = max(0.12, 1 - 0.5 * strength)
    return image.resize((int(image.width * share), int(image.height * share)), Image.Resampling.LANCZOS)


DAMAGES: Mapping[str, _Damage] = {
    "blur": _blur,
    "glare": _glare,
    "rotation": _rotation,
    "perspective": _perspective,
    "jpeg": _jpeg,
    "low_light": _low_light,
    "noise": _noise,
    "low_resolution": _low_resolution,
}


def degrade(image: Image.Image, *kinds: str, seed: int = 0, strength: float = 1.0) -> Image.Image:
    """``image`` after the damages ``kinds`` in that order; the same arguments give the same pixels."""
    rng = np.random.default_rng(seed)
    result = image.convert("RGB")
    for kind in kinds:
        result = DAMAGES[kind](result, rng, strength)
    return result
