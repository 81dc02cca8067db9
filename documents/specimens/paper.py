"""Drawing ground: fonts out of installed packages, backgrounds, text and the SPECIMEN mark."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
INK: Colour = (24, 24, 30)
RED: Colour = (196, 30, 38)
# A photographed card is darker than its ink on a screen; brighter pages count as overexposed.
CAMERA = 0.92

_FACES = {
    "sans": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"),
    "sans-bold": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf"),
    "serif": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSerif.ttf"),
    "serif-bold": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSerif-Bold.ttf"),
    "mono": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf"),
    # Courier's zero has no slash, as in OCR-B; DejaVu's has one and is read as the letter's neighbour.
    "machine": ("reportlab", "fonts/cob_____.pfb"),
}
_SPARE = ("reportlab", "fonts/Vera.ttf")


@lru_cache(maxsize=256)
def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of an installed package: DejaVu from matplotlib, else Vera from reportlab. Neither package is imported."""
    for package, path in (_FACES[face], _SPARE):
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(folder) / path).is_file():
                return ImageFont.truetype(str(Path(folder) / path), size)
    raise FileNotFoundError("specimens need the fonts of matplotlib or reportlab")


def sheet(width: int, height: int, colour: Colour = (255, 255, 255)) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


@lru_cache(maxsize=32)
def _security(size: tuple[int, int], top: Colour, bottom: Colour, lines: Colour, seed: int) -> Image.Image:
    """A paper with a colour run and fine wavy lines, as cards have behind their print."""
    width, height = size
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    run = (x / width * 0.5 + y / height * 0.5)[..., None]
    paper = np.asarray(top, np.float32) * (1 - run) + np.asarray(bottom, np.float32) * run
    for _ in range(3):
        a, b, c = rng.uniform(60, 160), rng.uniform(9, 22), rng.uniform(150, 420)
        wave = np.sin((y + a * np.sin(x / c) + b * np.sin(y / c * 2)) * 2 * np.pi / rng.uniform(16, 26))
        paper += (np.asarray(lines, np.float32) - paper) * (0.10 * np.clip(wave - 0.55, 0, 1) / 0.45)[..., None]
    return Image.fromarray(np.clip(paper * CAMERA, 0, 255).astype("uint8"))


def security_paper(size: tuple[int, int], top: Colour, bottom: Colour, lines: Colour, seed: int = 0) -> Image.Image:
    return _security(size, top, bottom, lines, seed).copy()


def write(
    image: Image.Image, at: tuple[float, float], text: str, size: int, *, face: str = "sans", colour: Colour = INK, anchor: str = "ls"
) -> float:
    """Draw ``text`` with its baseline at ``at``; returns the width in pixels."""
    letters = font(face, size)
    ImageDraw.Draw(image).text(at, text, font=letters, fill=colour, anchor=anchor)
    return float(letters.getlength(text))


def fit(text: str, size: int, width: float, face: str = "sans") -> int:
    """The largest size up to ``size`` in which ``text`` is no wider than ``width``."""
    while size > 12 and font(face, size).getlength(text) > width:
        size -= 1
    return size


def machine_line(image: Image.Image, at: tuple[float, float], text: str, pitch: float, size: int) -> None:
    """One line of an MRZ: every character in a cell of ``pitch`` pixels (ICAO 9303-3 §4.4)."""
    draw, letters = ImageDraw.Draw(image), font("machine", size)
    for index, character in enumerate(text):
        draw.text((at[0] + (index + 0.5) * pitch, at[1]), character, font=letters, fill=INK, anchor="ms")


def stamp(image: Image.Image, centre: tuple[float, float], size: int, *, angle: float = 0.0, text: str = "SPECIMEN", colour: Colour = RED) -> None:
    """The mark that this is no real document, framed, at a place kept free of print."""
    letters = font("sans-bold", size)
    wide, high = int(letters.getlength(text) + size * 1.2), int(size * 1.7)
    plate = Image.new("RGBA", (wide, high), (0, 0, 0, 0))
    draw = ImageDraw.Draw(plate)
    draw.rounded_rectangle((2, 2, wide - 3, high - 3), radius=size // 4, outline=(*colour, 255), width=max(3, size // 12))
    draw.text((wide / 2, high / 2), text, font=letters, fill=(*colour, 255), anchor="mm")
    plate = plate.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
    image.paste(plate, (int(centre[0] - plate.width / 2), int(centre[1] - plate.height / 2)), plate)


def ghost(portrait: Image.Image, paper: Image.Image, strength: float = 0.35) -> Image.Image:
    """A pale grey copy of the portrait, blended into the paper below it."""
    return Image.blend(paper, portrait.convert("L").convert("RGB").resize(paper.size), strength)
