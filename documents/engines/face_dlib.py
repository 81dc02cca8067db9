"""dlib: HOG detector, 5-point landmarks, ResNet-128 embedding (Boost licence; weights in the public domain).

The weights are files of the package ``face-recognition-models``, found by path. The package is never imported: its ``__init__``
needs ``pkg_resources``, and its 68-point model is for non-commercial use only.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from documents.engines.base import Availability, Embedding, Face, Pixels

LANDMARKS = "shape_predictor_5_face_landmarks.dat"
RESNET = "dlib_face_recognition_resnet_model_v1.dat"
SEARCH_SIDE = 800
_one_at_a_time = threading.Lock()  # the networks keep state of a call; a process keeps one set of them


class DlibFaces:
    """About 20 ms to detect, 60 ms to embed, 120 MB. Distances: 0.6 separates people on its training benchmark."""

    name = "dlib"

    @property
    def version(self) -> str:
        return version("dlib-bin")

    def available(self) -> Availability:
        if importlib.util.find_spec("_dlib_pybind11") is None and importlib.util.find_spec("dlib") is None:
            return Availability(False, "not installed: dlib-bin")
        missing = [name for name in (LANDMARKS, RESNET) if not (path := _weights(name)) or not path.is_file()]
        return Availability(not missing, f"missing from face-recognition-models: {', '.join(missing)}" if missing else "")

    def warm_up(self) -> None:
        _models()

    def detect(self, rgb: Pixels, *, turned: bool = False, closely: bool = True) -> list[Face]:
        faces = _search(rgb, SEARCH_SIDE, 0) or (_search(rgb, SEARCH_SIDE, 1) if closely else [])
        for quarter in (1, 3, 2) if turned and not faces else ():
            faces = [_turned_back(face, quarter, rgb.shape) for face in _search(np.ascontiguousarray(np.rot90(rgb, quarter)), SEARCH_SIDE, 0)]
            if faces:
                break
        return sorted(faces, key=lambda face: -face.box[2] * face.box[3])

    def embed(self, rgb: Pixels, face: Face) -> Embedding:
        import dlib

        x, y, width, height = _box_in_turned(face, rgb.shape)
        upright = np.ascontiguousarray(np.rot90(rgb, face.turn // 90)) if face.turn else np.ascontiguousarray(rgb)
        upright, (x, y, width, height) = _near(upright, (x, y, width, height))
        with _one_at_a_time:
            landmarks, network = _models()[1:]
            shape = landmarks(upright, dlib.rectangle(x, y, x + width, y + height))
            chip = dlib.get_face_chip(upright, shape, 150, 0.25)
            pair = [np.asarray(network.compute_face_descriptor(picture)) for picture in (chip, np.ascontiguousarray(chip[:, ::-1]))]
        return np.asarray(np.mean(pair, axis=0), dtype=np.float64)  # with its mirror image: pose and light matter less

    def distance(self, one: Embedding, other: Embedding) -> float:
        return float(np.linalg.norm(one - other))


def _weights(name: str) -> Path | None:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "models" / name


@lru_cache(maxsize=1)
def _models() -> tuple[Any, Any, Any]:
    import dlib

    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(_weights(LANDMARKS))),
        dlib.face_recognition_model_v1(str(_weights(RESNET))),
    )


def _search(rgb: Pixels, side: int, upsample: int) -> list[Face]:
    factor = min(1.0, side / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else rgb
    with _one_at_a_time:
        rectangles, scores, _ = _models()[0].run(np.ascontiguousarray(small), upsample, 0.0)
    return [
        Face(tuple(round(edge / factor) for edge in (r.left(), r.top(), r.width(), r.height())), _quality(score))
        for r, score in zip(rectangles, scores, strict=True)
    ]


def _quality(score: float) -> float:
    """The detector's margin (0 at its threshold, about 3 for a clear frontal face) as 0..1."""
    return round(min(1.0, max(0.0, 0.4 + score / 4)), 3)


def _turned_back(face: Face, quarter: int, shape: tuple[int, ...]) -> Face:
    x, y, width, height = face.box
    rows, columns = shape[:2]
    if quarter == 1:
        box = (columns - y - height, x, height, width)
    elif quarter == 2:
        box = (columns - x - width, rows - y - height, width, height)
    else:
        box = (y, rows - x - width, height, width)
    return Face(box, face.quality, quarter * 90)


def _box_in_turned(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    x, y, width, height = face.box
    rows, columns = shape[:2]
    if face.turn == 90:
        return (y, columns - x - width, height, width)
    if face.turn == 180:
        return (columns - x - width, rows - y - height, width, height)
    if face.turn == 270:
        return (rows - y - height, x, height, width)
    return face.box


def _near(rgb: Pixels, box: tuple[int, int, int, int]) -> tuple[Pixels, tuple[int, int, int, int]]:
    """The face's surroundings at about 300 px of face: the network wants 150 px, the rest is copying."""
    x, y, width, height = box
    left, top = max(0, x - width), max(0, y - height)
    part = rgb[top : y + 2 * height, left : x + 2 * width]
    factor = min(1.0, 300 / max(width, 1))
    if factor < 1:
        part = np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.ascontiguousarray(part), (round((x - left) * factor), round((y - top) * factor), round(width * factor), round(height * factor))


ENGINE = DlibFaces()
