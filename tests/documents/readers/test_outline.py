"""The document's outline on a ground of one colour; what is said of it to the person with the camera."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from documents import specimens
from documents.engines.base import Pixels
from documents.readers import outline, quality

CARD = specimens.draw("driver_license", seed=3).sides["front"].convert("RGBA").resize((700, 442))


def on_a_desk(at: tuple[int, int], *, degrees: float = 0.0, size: tuple[int, int] = (1300, 1000)) -> Pixels:
    desk = Image.new("RGB", size, (180, 150, 120))
    turned = CARD.rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)
    desk.paste(turned, at, turned)
    return np.asarray(specimens.degrade(desk, "noise", seed=1))


@pytest.mark.parametrize("degrees", [0, 4, -9, 15])
def test_four_corners_of_a_card_on_a_desk(degrees: float) -> None:
    found = outline.find(on_a_desk((250, 250), degrees=degrees))
    assert found is not None
    assert found.inside == 4
    height, width = found.rectified(on_a_desk((250, 250), degrees=degrees)).shape[:2]
    assert (width, height) == (pytest.approx(700, rel=0.07), pytest.approx(442, rel=0.09)), "the card alone with a narrow margin"


@pytest.mark.parametrize("at", [(750, 300), (300, 750), (-150, 300)])
def test_a_card_that_the_edge_cuts_shows_two_corners(at: tuple[int, int]) -> None:
    found = outline.find(on_a_desk(at, degrees=3))
    assert found is not None
    assert found.inside == 2


def test_no_outline_where_no_ground_is_seen() -> None:
    assert outline.find(np.asarray(CARD.convert("RGB"))) is None, "cut close: nobody can tell"
    assert outline.find(np.full((300, 400, 3), 200, np.uint8)) is None
    assert outline.find(np.random.default_rng(3).integers(0, 255, (300, 400, 3), dtype=np.uint8)) is None


def test_the_portrait_on_a_plain_card_is_not_taken_for_the_document() -> None:
    card = Image.new("RGB", (1000, 630), (225, 232, 238))
    card.paste((60, 90, 140), (40, 120, 340, 520))
    assert outline.find(np.asarray(card)) is not None, "alone on its ground it might be one"
    for row in range(5):
        card.paste((30, 30, 30), (380, 130 + 60 * row, 900, 150 + 60 * row))
    assert outline.find(np.asarray(card)) is None


@pytest.mark.parametrize(("corners", "verdict"), [(4, "good"), (3, "doubtful"), (2, "unusable"), (None, "good")])
def test_corners_outside_the_picture_are_asked_for(corners: int | None, verdict: str) -> None:
    noise = np.random.default_rng(3).integers(80, 180, (700, 1100, 3), dtype=np.uint8)
    measured = quality.measure(noise, corners=corners)
    assert (measured["corners"], measured["verdict"]) == (corners, verdict)
    assert any("corners" in sentence for sentence in measured["advice"]) == (verdict != "good")


def test_glare_is_said_where_it_is() -> None:
    picture = np.random.default_rng(3).integers(80, 180, (700, 1100, 3), dtype=np.uint8)
    picture[520:690, 800:1080] = 255
    measured = quality.measure(picture)
    assert measured["glare"] > 0.05
    assert any("glare at the bottom right" in sentence for sentence in measured["advice"])
