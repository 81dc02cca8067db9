"""Drawn faces for specimens: a shaded height field, never a photograph.

An identity is a set of proportions and colours; a sitting is pose, light and expression. The same identity in two sittings is one person to a face
recogniser, two identities are two people, as far as a drawing can be: ``tests/documents/test_specimens.py`` measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Plane = NDArray[Any]
Colour = tuple[int, int, int]

_SKINS = ((246, 214, 190), (236, 192, 160), (222, 170, 132), (196, 140, 100), (160, 106, 72), (118, 76, 52), (92, 60, 44))
_HAIRS = ((28, 22, 20), (58, 38, 26), (98, 64, 38), (150, 104, 60), (206, 168, 104), (148, 62, 32), (160, 158, 156))
_EYES = ((58, 36, 22), (86, 58, 32), (86, 104, 62), (70, 104, 140), (112, 128, 136))
_CLOTHES = ((38, 48, 72), (92, 32, 38), (44, 74, 58), (70, 70, 74), (128, 112, 90))


@dataclass(frozen=True, slots=True)
class Identity:
    """Proportions in units of half a face height; colours in sRGB."""

    width: float
    jaw: float
    chin: float
    eye_gap: float
    eye_size: float
    eye_tilt: float
    eye_y: float
    brow_y: float
    brow_thick: float
    brow_tilt: float
    nose_length: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    lip: float
    cheek: float
    hairline: float
    hair_volume: float
    hair_long: bool
    parting: float
    beard: float
    moustache: float
    glasses: bool
    age: float
    mood: float
    lid: float
    skin: Colour
    hair: Colour
    eye: Colour
    shirt: tuple[int, int, int]


def identity(seed: int, sex: str = "") -> Identity:
    """The face that belongs to ``seed``; ``sex`` (F, M or '') only steers hair and beard."""
    rng = np.random.default_rng(9_000 + seed)

    def one(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def pick(table: Sequence[Colour]) -> Colour:
        return table[int(rng.integers(len(table)))]

    female = sex == "F" or (sex == "" and rng.random() < 0.5)
    skin = pick(_SKINS)
    hair = pick(_HAIRS[:2] if sum(skin) < 450 else _HAIRS)
    return Identity(
        width=one(0.58, 0.90),
        jaw=one(0.0, 0.46),
        chin=one(0.0, 0.16),
        eye_gap=one(0.25, 0.42),
        eye_size=one(0.095, 0.19),
        eye_tilt=one(-0.24, 0.24),
        eye_y=one(-0.26, -0.04),
        brow_y=one(0.15, 0.30),
        brow_thick=one(0.014, 0.075),
        brow_tilt=one(-0.35, 0.3),
        nose_length=one(0.28, 0.52),
        nose_width=one(0.09, 0.23),
        nose_height=one(0.12, 0.42),
        mouth_y=one(0.50, 0.70),
        mouth_width=one(0.18, 0.40),
        lip=one(0.022, 0.11),
        cheek=one(-0.02, 0.16),
        hairline=one(-1.10, -0.50),
        hair_volume=one(0.0, 0.32),
        hair_long=bool(female and rng.random() < 0.8),
        parting=one(-0.8, 0.8),
        beard=0.0 if female or rng.random() < 0.6 else one(0.4, 0.95),
        moustache=0.0 if female or rng.random() < 0.6 else one(0.4, 0.95),
        glasses=bool(rng.random() < 0.22),
        age=one(0.0, 1.6),
        mood=one(0.05, 0.5),
        lid=one(0.30, 0.62),
        skin=skin,
        hair=hair,
        eye=pick(_EYES[:2] if sum(skin) < 450 else _EYES),
        shirt=pick(_CLOTHES),
    )


def _bump(x: Plane, y: Plane, cx: float, cy: float, sx: float, sy: float) -> Plane:  # noqa: PLR0917
    return np.asarray(np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2))


def _step(value: Plane, edge: Any, soft: float) -> Plane:
    return np.asarray(1 / (1 + np.exp(-np.clip((value - edge) / soft, -40, 40))))


def _outline(face: Identity, y: Plane) -> Plane:
    """Half width of the head at height ``y`` (-1 crown, 1 chin)."""
    down = np.clip(y, 0, 1.05)
    taper = 1 - (0.16 + face.jaw) * down**1.6
    oval = np.sqrt(np.clip(1 - (np.abs(y) / (1.08 + face.chin * (y > 0))) ** (2.5 if face.jaw < 0.2 else 2.2), 0.0, 1))
    return np.asarray(face.width * taper * np.clip(oval, 0.0, None) ** 0.9)


def _height(face: Identity, x: Plane, y: Plane, smile: float) -> Plane:
    half = np.maximum(_outline(face, y), 1e-3)
    z = 0.72 * np.sqrt(np.clip(1 - (x / half) ** 2, 0, 1)) * np.sqrt(np.clip(1 - (y / 1.25) ** 2, 0, 1))
    tip = face.eye_y + face.nose_length
    ridge = np.clip((y - face.eye_y + 0.1) / (face.nose_length + 0.1), 0, 1) ** 1.3 * _step(-y, -tip - 0.03, 0.022)
    z += face.nose_height * ridge * np.exp(-((x / (0.055 + 0.055 * ridge)) ** 2))
    for side in (-1, 1):
        z += 0.09 * _bump(x, y, side * face.nose_width * 0.75, tip - 0.01, 0.06, 0.06)
        z -= 0.15 * _bump(x, y, side * face.eye_gap, face.eye_y - 0.02, 0.18, 0.13)
        z += 0.05 * _bump(x, y, side * face.eye_gap, face.eye_y, 0.10, 0.07)
        z += (0.05 + face.cheek) * _bump(x, y, side * 0.45 * face.width / 0.75, face.eye_y + 0.32, 0.18, 0.15)
        z += 0.05 * _bump(x, y, side * face.eye_gap, face.eye_y - face.brow_y, 0.22, 0.06)
        z -= 0.035 * face.age * np.exp(-(((np.abs(x) - 0.16 - (y - tip) * 0.4) / 0.03) ** 2)) * _bump(x, y, side * 0.25, tip + 0.1, 0.2, 0.16)
    z += face.lip * 0.9 * _bump(x, y, 0, face.mouth_y - 0.03, face.mouth_width * 0.8, 0.035)
    z += face.lip * 1.2 * _bump(x, y, 0, face.mouth_y + face.lip * 0.8, face.mouth_width * 0.7, 0.05)
    z -= 0.05 * _bump(x, y, 0, face.mouth_y + 0.17, 0.18, 0.04)
    z += (0.06 + face.chin) * _bump(x, y, 0, 0.9, 0.16, 0.12)
    return np.asarray(z)


def _blend(canvas: NDArray[Any], mask: Plane, colour: Any) -> None:
    canvas += (np.asarray(colour, np.float32) - canvas) * np.clip(mask, 0, 1)[..., None]


def _eyes(face: Identity, canvas: NDArray[Any], x: Plane, y: Plane, sitting: dict[str, float]) -> None:
    for side in (-1, 1):
        dx, dy = x - side * face.eye_gap, y - face.eye_y
        dy = dy + side * face.eye_tilt * dx
        opening = face.eye_size * sitting["open"]
        almond = 1 - (dx / face.eye_size) ** 2
        upper = -face.lid * opening * np.clip(almond, 0, 1) ** 0.7
        lower = 0.40 * opening * np.clip(almond, 0, 1)
        inside = _step(dy - upper, 0, 0.006) * _step(lower - dy, 0, 0.006) * (almond > 0)
        shade = _bump(x, y, side * face.eye_gap, face.eye_y, 0.17, 0.11)
        canvas *= (1 - 0.20 * shade)[..., None]
        _blend(canvas, inside, (232, 226, 220))
        gaze = dx - sitting["gaze"] * 0.03
        iris = 1 - _step(np.hypot(gaze, dy + 0.008), 0.052, 0.006)
        _blend(canvas, inside * iris, face.eye)
        _blend(canvas, inside * (1 - _step(np.hypot(gaze, dy + 0.008), 0.024, 0.005)), (12, 10, 10))
        _blend(canvas, inside * (1 - _step(np.hypot(gaze - 0.018, dy + 0.026), 0.010, 0.003)), (250, 250, 250))
        lash = np.exp(-(((dy - upper) / 0.012) ** 2)) * _step(almond, -0.15, 0.05)
        _blend(canvas, 0.85 * lash, (30, 22, 20))
        _blend(canvas, 0.35 * np.exp(-(((dy - lower) / 0.010) ** 2)) * _step(almond, 0.05, 0.05), (60, 40, 36))
        _blend(canvas, 0.30 * np.exp(-(((dy - upper + 0.045) / 0.014) ** 2)) * _step(almond, 0, 0.08), (70, 44, 36))
        arch = face.eye_y - face.brow_y + side * face.brow_tilt * dx + 0.9 * (dx * side - 0.03) ** 2
        taper = np.clip(1.1 - 0.5 * np.clip(dx * side / 0.2, -1, 1.6), 0.3, 1)
        brow = np.exp(-(((y - arch) / (face.brow_thick * taper)) ** 2)) * _step(0.21 - np.abs(dx - side * 0.02), 0, 0.015)
        _blend(canvas, 0.85 * brow, np.asarray(face.hair, np.float32) * 0.75)


def _mouth(face: Identity, canvas: NDArray[Any], x: Plane, y: Plane, smile: float) -> None:
    line = face.mouth_y - (smile + face.mood) * x**2 / 0.6 + 0.012 * np.cos(x / face.mouth_width * 6)
    inside = np.clip(1 - (x / face.mouth_width) ** 2, 0, 1)
    lips = _step(y - (line - face.lip * inside**0.7), 0, 0.008) * _step((line + 1.25 * face.lip * inside**0.6) - y, 0, 0.008) * (inside > 0)
    tone = np.asarray(face.skin, np.float32) * (0.80, 0.56, 0.56) + (12, 0, 4)
    _blend(canvas, 0.8 * lips, tone)
    _blend(canvas, 0.8 * np.exp(-(((y - line) / 0.011) ** 2)) * _step(inside, 0.06, 0.012), (58, 26, 26))
    tip = face.eye_y + face.nose_length
    for side in (-1, 1):
        _blend(canvas, 0.75 * _bump(x, y, side * face.nose_width * 0.5, tip + 0.035, 0.042, 0.018), (48, 24, 20))
        _blend(canvas, 0.25 * _bump(x, y, side * face.nose_width * 1.05, tip - 0.01, 0.018, 0.05), (80, 46, 36))
    _blend(canvas, 0.30 * _bump(x, y, 0, tip + 0.06, face.nose_width, 0.03), (90, 50, 40))


def _beard(face: Identity, canvas: NDArray[Any], x: Plane, y: Plane, grain: Plane) -> None:
    jaw = _step(y, face.mouth_y - 0.12 + 0.9 * np.clip(0.45 - np.abs(x), 0, 1) * 0.9, 0.05) * (
        1 - _bump(x, y, 0, face.mouth_y, face.mouth_width, face.lip * 1.5)
    )
    _blend(canvas, face.beard * jaw * (0.75 + 0.25 * grain), np.asarray(face.hair, np.float32) * 0.8)
    tip = face.eye_y + face.nose_length
    lip = _bump(x, y, 0, (tip + face.mouth_y) / 2 + 0.04, face.mouth_width * 0.9, 0.05)
    _blend(canvas, face.moustache * lip * (0.8 + 0.2 * grain), np.asarray(face.hair, np.float32) * 0.8)


def _glasses(face: Identity, canvas: NDArray[Any], x: Plane, y: Plane) -> None:
    for side in (-1, 1):
        ring = np.hypot((x - side * face.eye_gap) / 0.225, (y - face.eye_y - 0.02) / 0.17)
        _blend(canvas, 0.85 * np.exp(-(((ring - 1) / 0.07) ** 2)), (36, 32, 34))
    bridge = np.exp(-(((y - face.eye_y + 0.03) / 0.018) ** 2)) * (np.abs(x) < face.eye_gap - 0.2)
    _blend(canvas, 0.85 * bridge, (36, 32, 34))


def _hair(face: Identity, x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """Masks of the hair behind and in front of the face."""
    top = 1.02 + face.hair_volume
    half = np.maximum(face.width + 0.05 + face.hair_volume * 0.7, 0.1)
    crown = np.hypot(x / half, np.minimum(y + 0.05, 0) / top)
    length = 1.25 if face.hair_long else 0.12
    behind = _step(1 - crown, 0, 0.02) * _step(length - y, 0, 0.06)
    line = face.hairline + 0.25 * (np.abs(x - face.parting * 0.3) / face.width) ** 2.2
    sides = _step(np.abs(x) - (_outline(face, y) - 0.07), 0, 0.02) * _step((1.0 if face.hair_long else 0.02) - y, 0, 0.05)
    front = np.maximum(_step(line - y, 0, 0.025), sides) * _step(1 - crown, 0, 0.02)
    return behind, front


@dataclass(frozen=True, slots=True)
class Sitting:
    """How a portrait was taken: ``yaw`` and ``pitch`` in radians, ``light`` from the left (-1) to the right (1), ``warmth`` of the light."""

    yaw: float = 0.0
    pitch: float = 0.0
    light: float = -0.25
    ambient: float = 0.62
    smile: float = 0.0
    gaze: float = 0.0
    open: float = 1.0
    warmth: float = 0.0
    background: tuple[int, int, int] = (222, 228, 234)


def sitting(seed: int) -> Sitting:
    """A relaxed snapshot (selfie) that differs from the studio portrait ``Sitting()``."""
    rng = np.random.default_rng(5_000 + seed)
    tone = rng.integers(120, 210)
    return Sitting(
        yaw=float(rng.uniform(-0.10, 0.10)),
        pitch=float(rng.uniform(-0.05, 0.05)),
        light=float(rng.uniform(-0.7, 0.7)),
        ambient=float(rng.uniform(0.55, 0.68)),
        smile=float(rng.uniform(0.0, 0.12)),
        gaze=float(rng.uniform(-0.5, 0.5)),
        open=float(rng.uniform(0.92, 1.05)),
        warmth=float(rng.uniform(-0.04, 0.07)),
        background=(int(tone), int(tone - rng.integers(0, 20)), int(tone - rng.integers(0, 40))),
    )


def _light(z: Plane, unit: float, pose: Sitting) -> Plane:
    gy, gx = np.gradient(z, unit)
    normal = np.stack([-gx, -gy, np.ones_like(z)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    lamp = np.array([pose.light, -0.5, 0.85], np.float32)
    diffuse = np.clip(normal @ (lamp / np.linalg.norm(lamp)), 0, 1)
    shine = np.clip(normal @ np.array([pose.light * 0.5, -0.3, 0.94], np.float32), 0, 1) ** 24
    return np.asarray(pose.ambient + (1.04 - pose.ambient) * diffuse + 0.07 * shine)


def draw_face(face: Identity, pose: Sitting | None = None, *, width: int = 420, height: int = 540, seed: int = 0) -> Image.Image:
    """A head-and-shoulders portrait, RGB, ``width`` x ``height``; the face is about 55 % of the height."""
    pose = pose or Sitting()
    return _draw(face, pose, seed).resize((width, height), Image.Resampling.LANCZOS)


@lru_cache(maxsize=64)
def _draw(face: Identity, pose: Sitting, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    wide, high, unit = 420, 540, 1 / 158
    py, px = np.mgrid[0:high, 0:wide].astype(np.float32)
    x0, y0 = (px - wide / 2) * unit, (py - high * 0.49) * unit
    depth = 0.7 * np.sqrt(np.clip(1 - (x0 / 0.95) ** 2 - (y0 / 1.25) ** 2, 0, 1))
    x, y = x0 - pose.yaw * depth * 1.2, y0 - pose.pitch * depth
    grain = (
        np.asarray(Image.fromarray((rng.random((high, wide)) * 255).astype("uint8")).filter(ImageFilter.GaussianBlur(1.2)), np.float32) / 255 * 2 - 1
    )
    canvas = np.empty((high, wide, 3), np.float32)
    canvas[:] = np.asarray(pose.background, np.float32)
    canvas *= (1 - 0.10 * (py / high))[..., None]
    behind, front = _hair(face, x, y)
    strands = 1 + 0.10 * np.sin(x * 90 + 6 * grain) + 0.5 * grain * 0.3
    _blend(canvas, behind, np.asarray(face.hair, np.float32) * 0.62)
    skin = np.asarray(face.skin, np.float32)
    neck = _step(face.width * 0.60 - np.abs(x0) + 0.35 * np.clip(y0 - 1.05, 0, 1), 0, 0.015) * _step(y0, 0.55, 0.02)
    _blend(canvas, neck, skin * 0.74)
    collar = _step(y0 - 1.22 - 0.35 * np.clip(0.42 - np.abs(x0), 0, 1) + 0.22 * np.clip(1 - np.abs(x0) / 1.4, 0, 1), 0, 0.012)
    _blend(canvas, collar, np.asarray(face.shirt, np.float32) * (1 - 0.25 * np.abs(x0)[..., None]))
    for side in (-1, 1):
        ear = 1 - _step(np.hypot((x - side * (face.width + 0.0)) / 0.09, (y - face.eye_y - 0.14) / 0.20), 1, 0.06)
        _blend(canvas, ear * (0.0 if face.hair_long else 1.0), skin * 0.8)
    head = _step(_outline(face, y) - np.abs(x), 0.02, 0.008) * _step(1.14 + face.chin - np.abs(y), 0, 0.01)
    paint = np.empty_like(canvas)
    paint[:] = skin * (1 - 0.03 * grain[..., None])
    for side in (-1, 1):
        _blend(paint, 0.22 * _bump(x, y, side * 0.42, face.eye_y + 0.36, 0.17, 0.15), skin * (1.0, 0.78, 0.76))
    _mouth(face, paint, x, y, pose.smile)
    _beard(face, paint, x, y, grain)
    _eyes(face, paint, x, y, {"open": pose.open, "gaze": pose.gaze})
    paint *= _light(_height(face, x, y, pose.smile), unit, pose)[..., None]
    if face.glasses:
        _glasses(face, paint, x, y)
    canvas += (paint - canvas) * head[..., None]
    _blend(canvas, front, 0)
    canvas += front[..., None] * np.asarray(face.hair, np.float32) * strands[..., None] * (0.85 + 0.25 * np.clip(-y - 0.4, 0, 1))[..., None]
    canvas *= np.array([1 + pose.warmth, 1.0, 1 - pose.warmth], np.float32)
    canvas += rng.normal(0, 2.0, canvas.shape).astype(np.float32)
    image = Image.fromarray(np.clip(canvas, 0, 255).astype("uint8"))
    return image.filter(ImageFilter.GaussianBlur(0.8))


# Sex and seed of faces that a recogniser finds, knows again in another sitting and keeps apart from each other: picked out of 2,000 by measuring,
# and measured again by tests/documents/test_specimens.py. Changing the drawing means picking anew.
CAST = (
    ("F", 2),
    ("M", 67),
    ("F", 168),
    ("M", 78),
    ("F", 287),
    ("M", 223),
    ("F", 540),
    ("M", 228),
    ("F", 729),
    ("M", 562),
    ("F", 806),
    ("M", 882),
)


def cast(index: int, sex: str = "") -> Identity:
    """The ``index``-th of the cast; where that one is of another sex than asked, one of the same."""
    chosen = CAST[index % len(CAST)]
    alike = [entry for entry in CAST if entry[0] == sex]
    if alike and chosen[0] != sex:
        chosen = alike[index % len(alike)]
    return identity(chosen[1], chosen[0])
