"""The person's face: the portrait on a document, the face of a selfie, and how alike the two are.

Distances of the embedding are compared with limits: up to ``STRONG`` the same person, up to ``MODERATE`` perhaps, above it not; a yes or no is cut
at ``SAME``. The score is a monotone function of the distance (0.5 at ``SAME``) and no probability. A rate of false matches is claimed by a
``Calibration`` that measured one, and by nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from documents.engines.base import Face, FaceEngine, Pixels

STRONG = 0.50
MODERATE = 0.60
SAME = 0.56
SMALLEST_FACE = 40
STEEPNESS = 14.0
CROWD_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores from which a match is ``strong`` and ``moderate``. ``false_match_rate`` is the share of pairs of different people that are strong,
    ``missed`` that of pairs of one person that are not, measured over so many pairs; None: never measured."""

    strong: float
    moderate: float
    false_match_rate: float | None = None
    missed: float | None = None
    strangers: int = 0


class TooFewPairs(ValueError):
    """So few pairs of different people cannot show so small a rate of false matches."""


def calibrate(own: Sequence[float], strangers: Sequence[float], *, rate: float, moderate: float) -> Calibration:
    """The lowest score that at most ``rate`` of the pairs of different people reach, by the scores of pairs of one person (``own``) and of different
    people. Raises TooFewPairs under 3 / rate pairs: by the rule of three even none that matched among them would show no smaller rate."""
    if len(strangers) < 3 / rate:
        raise TooFewPairs(f"{math.ceil(3 / rate)} pairs of different people show a rate of {rate:g}; there are {len(strangers)}")
    ranked = sorted(strangers, reverse=True)
    strong = round(ranked[int(rate * len(ranked))] + 0.0001, 4)
    matched = sum(score >= strong for score in ranked)
    missed = round(sum(score < strong for score in own) / len(own), 4) if own else None
    return Calibration(strong, min(moderate, strong), matched / len(ranked), missed, len(ranked))


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """``score`` 0..1, ``level`` strong, moderate, weak or not_assessed, ``same`` None when not assessed, ``distance`` the engine's own measure,
    ``reason`` why nothing was assessed, ``crowded`` whether more than one person is on either picture."""

    score: float | None
    level: str
    same: bool | None
    distance: float | None
    engine: str
    version: str
    reason: str = ""
    crowded: bool = False


def compare(one: Pixels, other: Pixels, engine: FaceEngine) -> FaceMatch:
    """The largest face of each upright picture against the other's. On a card the ghost portrait is smaller than the portrait."""
    available = engine.available()
    if not available.ok:
        return _not_assessed(engine, available.reason)
    found = [engine.detect(picture, turned=True) for picture in (one, other)]
    if not all(found):
        return _not_assessed(engine, "no face found on " + " and ".join(name for name, faces in zip(("A", "B"), found, strict=True) if not faces))
    if min(faces[0].box[2] for faces in found) < SMALLEST_FACE:
        return _not_assessed(engine, "a face is too small to compare")
    distance = engine.distance(engine.embed(one, found[0][0]), engine.embed(other, found[1][0]))
    level = level_of(distance)
    crowded = any(people(faces) > 1 for faces in found)
    return FaceMatch(score_of(distance), level, distance <= SAME, round(distance, 4), engine.name, engine.version, "", crowded)


def level_of(distance: float) -> str:
    return "strong" if distance <= STRONG else "moderate" if distance <= MODERATE else "weak"


def score_of(distance: float) -> float:
    return round(1.0 / (1.0 + math.exp(STEEPNESS * (distance - SAME))), 4)


UNMEASURED = Calibration(score_of(STRONG), score_of(MODERATE))
"""The customary limits. How often they take one person for another was not measured here."""


def people(faces: Sequence[Face]) -> int:
    """Faces of comparable size: a document's ghost portrait and faces in the background are not counted."""
    if not faces:
        return 0
    largest = faces[0].box[2]
    return sum(face.box[2] >= CROWD_SHARE * largest for face in faces)


def as_json(face: Face, *, side: str = "front", page: int = 1) -> dict[str, Any]:
    return {"box": list(face.box), "quality": face.quality, "side": side, "page": page}


def _not_assessed(engine: FaceEngine, reason: str) -> FaceMatch:
    return FaceMatch(None, "not_assessed", None, None, engine.name, engine.version, reason)
