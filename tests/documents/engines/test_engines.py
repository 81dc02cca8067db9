"""Every engine keeps the contract; the real ones read small drawings."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

import documents.engines
from documents.engines import barcode_zxing, mrz_passporteye, ocr_tesseract, registry
from documents.engines.barcode_redrawn import redrawn
from documents.engines.barcode_upright import bar_angle
from documents.engines.base import Availability, BarcodeEngine, Engine, FaceEngine, LineEngine, Pixels, TextEngine
from documents.engines.scripted import Scripted, ScriptedBarcodes, ScriptedFaces, ScriptedText, ScriptedZone, lines
from tests.drawing import drawn

SUPPORT = ("__init__", "base", "registry", "barcode_grid", "barcode_redrawn", "barcode_upright", "ctc", "networks", "text_boxes")
FILES = sorted(path.stem for path in Path(documents.engines.__file__).parent.glob("*.py") if path.stem not in SUPPORT)
CONTRACTS = {"ocr": TextEngine, "barcode": BarcodeEngine, "face": FaceEngine, "mrz": LineEngine, "scripted": TextEngine}
PAYLOAD = b"@\n\x1e\rANSI 636000100101DL00310050DLDAQT64235789\nDCSSAMPLE\nDBB06061986\r"


@pytest.mark.parametrize("name", FILES)
def test_every_file_in_the_folder_is_an_engine(name: str) -> None:
    engine = importlib.import_module(f"documents.engines.{name}").ENGINE
    assert isinstance(engine, Engine)
    assert isinstance(engine, CONTRACTS[name.split("_", maxsplit=1)[0]])
    assert engine.name
    assert isinstance(engine.version, str)
    available = engine.available()
    assert isinstance(available, Availability)
    assert available.ok or available.reason


def test_engines_are_found_by_name() -> None:
    assert registry.text_engine("rapidocr").name == "rapidocr"
    assert registry.face_engine("dlib").name == "dlib"
    assert [engine.name for engine in registry.all_engines()] == ["rapidocr", "tesseract", "easyocr", "zxing", "dlib", "passporteye"]
    with pytest.raises(registry.UnknownEngine, match="no text engine 'magic'; there are: easyocr, rapidocr, tesseract"):
        registry.text_engine("magic")
    with pytest.raises(registry.UnknownEngine, match="no face engine"):
        registry.face_engine("magic")


def test_scripted_engines_answer_what_they_were_told() -> None:
    blank = np.zeros((10, 20, 3), np.uint8)
    text = ScriptedText(answers=[lines("ONE"), lines("TWO")])
    assert [text.read(blank)[0].text for _ in range(3)] == ["ONE", "TWO", "TWO"]
    assert text.seen == [(10, 20, 3)] * 3
    assert Scripted(reason="broken").available() == Availability(False, "broken")
    assert (ScriptedBarcodes().scan(blank), ScriptedFaces(apart=0.4).distance(np.zeros(1), np.zeros(1)), ScriptedZone().read_zone(blank)) == (
        [],
        0.4,
        None,
    )


def symbol(scale: int = 3, *, margin: int = 40) -> Pixels:
    made = zxingcpp.create_barcode(PAYLOAD, zxingcpp.BarcodeFormat.PDF417, columns=6, ec_level="3")
    grey = np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))
    grey = np.kron(grey, np.ones((scale, scale), np.uint8))
    return np.repeat(np.pad(grey, margin, constant_values=255)[:, :, None], 3, axis=2)


def turned(rgb: Pixels, degrees: float) -> Pixels:
    height, width = rgb.shape[:2]
    side = int(np.hypot(height, width)) + 10
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return np.asarray(cv2.warpAffine(rgb, matrix, (side, side), borderValue=(255, 255, 255)), dtype=np.uint8)


@pytest.mark.parametrize("degrees", [0, 3, 11, 33, 45, 71, 90, 135, 180])
def test_barcodes_are_read_at_any_angle(degrees: float) -> None:
    rgb = turned(symbol(), degrees)
    found = barcode_zxing.ENGINE.scan(rgb)
    assert [(code.format, code.data) for code in found] == [("PDF417", PAYLOAD)]
    height, width = rgb.shape[:2]
    assert all(-5 <= x <= width + 5 and -5 <= y <= height + 5 for x, y in found[0].corners)


def test_bars_tell_their_angle() -> None:
    assert bar_angle(np.ascontiguousarray(turned(symbol(), -20)[:, :, 0])) == pytest.approx(-20, abs=1.5) or bar_angle(
        np.ascontiguousarray(turned(symbol(), -20)[:, :, 0])
    ) == pytest.approx(20, abs=1.5)


def test_negative_small_and_shaded_symbols() -> None:
    assert barcode_zxing.ENGINE.scan(np.asarray(255 - symbol(), dtype=np.uint8))[0].data == PAYLOAD
    shade = np.linspace(0.25, 1.0, symbol().shape[1])[None, :, None]
    assert barcode_zxing.ENGINE.scan((symbol() * shade).astype(np.uint8))[0].data == PAYLOAD


@pytest.mark.parametrize("upside_down", [False, True])
def test_a_symbol_without_its_start_pattern_is_read(upside_down: bool) -> None:
    made = zxingcpp.create_barcode(PAYLOAD, zxingcpp.BarcodeFormat.PDF417, columns=6, ec_level="5")
    bars = np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))[:, 17:]
    scale = 4
    rgb = np.repeat(
        np.pad(cv2.resize(bars, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST), 8, constant_values=255)[:, :, None], 3, axis=2
    )
    assert barcode_zxing.ENGINE.scan(rgb, thorough=False) == []
    (found,) = barcode_zxing.ENGINE.scan(np.ascontiguousarray(rgb[::-1, ::-1]) if upside_down else rgb)
    assert found.data == PAYLOAD
    assert abs(max(x for x, _ in found.corners) - rgb.shape[1] + 8 + (0 if not upside_down else -17 * scale)) < 17 * scale


@pytest.mark.parametrize("columns", [1, 2], ids=["row indicator", "row indicator and data"])
def test_a_symbol_that_lost_whole_columns_is_read(columns: int) -> None:
    """Error correction level 5 makes up for 32 wrong codewords: one column of a symbol with fewer rows."""
    made = zxingcpp.create_barcode(PAYLOAD, zxingcpp.BarcodeFormat.PDF417, columns=8, ec_level="5")
    bars = np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))[:, 17 + 17 * columns :]
    rgb = np.repeat(np.pad(np.kron(bars, np.ones((3, 3), np.uint8)), 8, constant_values=255)[:, :, None], 3, axis=2)
    assert [code.data for code in barcode_zxing.ENGINE.scan(rgb)] == [PAYLOAD]


def card_back() -> Pixels:
    """A symbol of the size that licences have on a card photographed 1,600 pixels wide: 2.6 pixels a module."""
    made = zxingcpp.create_barcode(PAYLOAD * 2, zxingcpp.BarcodeFormat.PDF417, columns=13, ec_level="5")
    bars = np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))
    bars = cv2.resize(bars, None, fx=2.6, fy=2.6, interpolation=cv2.INTER_LINEAR)
    card = np.full((700, 1600), 235, np.uint8)
    high, wide = bars.shape
    card[100 : 140 + high, 400 : 440 + wide] = 250
    card[120 : 120 + high, 420 : 420 + wide] = bars
    for line in range(4):
        cv2.putText(card, "CLASS D RESTRICTIONS NONE 123456", (90, 400 + 70 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 40, 2)
    return card


def leaning(card: Pixels) -> Pixels:
    height, width = card.shape
    there = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.asarray([[160, 60], [1680, 190], [1590, 860], [60, 760]], np.float32)
    return np.asarray(cv2.warpPerspective(card, cv2.getPerspectiveTransform(there, seen), (1760, 960), borderValue=90), np.uint8)


def covered(card: Pixels) -> Pixels:
    """By a thumb over its left end: start pattern, row indicators and a part of the data."""
    card = card.copy()
    cv2.ellipse(card, (420, 190), (75, 110), 0, 0, 360, 150, -1)
    return card


@pytest.mark.parametrize(
    "damage",
    [
        lambda card: cv2.GaussianBlur(card, (0, 0), 2.2),
        lambda card: cv2.GaussianBlur(leaning(card), (0, 0), 1.2),
        covered,
        lambda card: covered(card)[::-1, ::-1],
        lambda card: 255 - cv2.GaussianBlur(card, (0, 0), 2.0),
    ],
    ids=["blurred", "leaning and blurred", "covered", "covered, on its head", "blurred negative"],
)
def test_a_symbol_that_a_decoder_alone_cannot_follow_is_drawn_anew(damage: Callable[[Pixels], Pixels]) -> None:
    grey = np.ascontiguousarray(damage(card_back()))
    rgb = np.repeat(grey[:, :, None], 3, axis=2)
    assert barcode_zxing.ENGINE.scan(rgb, thorough=False) == []
    (found,) = barcode_zxing.ENGINE.scan(rgb)
    assert found.data == PAYLOAD * 2
    assert all(-20 <= x <= grey.shape[1] + 20 and -20 <= y <= grey.shape[0] + 20 for x, y in found.corners)


@pytest.mark.parametrize("seed", range(6))
def test_what_cannot_be_recognised_is_never_made_up(seed: int) -> None:
    """Blur of more than a module under noise: nothing is read, or what was written."""
    card = cv2.GaussianBlur(card_back(), (0, 0), 2.6 + 0.4 * seed).astype(np.float64)
    grey = np.clip(card + np.random.default_rng(seed).normal(0, 14, card.shape), 0, 255).astype(np.uint8)
    assert {code.data for code in barcode_zxing.ENGINE.scan(np.repeat(grey[:, :, None], 3, axis=2))} <= {PAYLOAD * 2}


def test_print_is_taken_for_no_symbol() -> None:
    page = np.full((900, 1400), 255, np.uint8)
    for line in range(20):
        cv2.putText(page, "ILLINOIS WILL FILL THE MILLS AND HILLS 111 1111", (30, 60 + 40 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2)
    assert list(redrawn(page)) == []


def test_what_was_lent_to_a_damaged_symbol_is_never_reported() -> None:
    """A high level of error correction could rebuild the lent symbol from its own left end when the rest is unreadable."""
    made = zxingcpp.create_barcode("0", zxingcpp.BarcodeFormat.PDF417, columns=12, rows=40, ec_level="7")
    bars = np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))[:, 51:]
    middle = bars[:, :-35]
    middle[:] = np.random.default_rng(3).permuted(middle, axis=1)
    rgb = np.repeat(np.pad(np.kron(bars, np.ones((2, 2), np.uint8)), 8, constant_values=255)[:, :, None], 3, axis=2)
    assert barcode_zxing.ENGINE.scan(rgb) == []


def test_two_symbols_side_by_side_are_both_read() -> None:
    both = np.concatenate([symbol(), symbol()], axis=1)
    assert [code.data for code in barcode_zxing.ENGINE.scan(both)] == [PAYLOAD, PAYLOAD]


def test_a_picture_without_a_symbol_gives_none() -> None:
    noise = np.random.default_rng(5).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    assert barcode_zxing.ENGINE.scan(noise) == []
    assert barcode_zxing.ENGINE.scan(np.full((50, 50, 3), 255, np.uint8), thorough=False) == []


@pytest.mark.engine
def test_dlib_finds_no_face_in_noise_and_repeats_itself() -> None:
    engine = registry.face_engine("dlib")
    assert engine.available().ok
    rgb = np.random.default_rng(2).integers(0, 255, (240, 240, 3), dtype=np.uint8)
    assert engine.detect(rgb, turned=True) == []
    from documents.engines.base import Face

    vector = engine.embed(rgb, Face((60, 60, 120, 120), 0.5))
    assert vector.shape == (128,)
    assert engine.distance(vector, engine.embed(rgb, Face((60, 60, 120, 120), 0.5))) == 0.0


def test_engines_without_their_binary_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    blank = np.full((80, 80, 3), 255, np.uint8)
    assert ocr_tesseract.ENGINE.available() == Availability(False, "the tesseract binary was not found on PATH: install tesseract-ocr")
    assert mrz_passporteye.ENGINE.available() == Availability(False, "the tesseract binary was not found on PATH: install tesseract-ocr")
    assert mrz_passporteye.ENGINE.read_zone(blank) is None
    assert ocr_tesseract.ENGINE.read(blank) == []


def test_a_hanging_second_opinion_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/tesseract")
    monkeypatch.setattr(mrz_passporteye, "SECONDS", 0.2)
    monkeypatch.setattr(mrz_passporteye, "_CHILD", "import time; time.sleep(60)")
    assert mrz_passporteye.ENGINE.read_zone(np.full((80, 80, 3), 255, np.uint8)) is None


def test_a_second_opinion_is_read_from_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/tesseract")
    monkeypatch.setattr(mrz_passporteye, "_CHILD", 'import sys; sys.stdin.buffer.read(); print(\'["P<UTO", "L89"]\')')
    assert mrz_passporteye.ENGINE.read_zone(np.full((80, 80, 3), 255, np.uint8)) == ("P<UTO", "L89")


TABLE = (
    "level\tblock_num\tpar_num\tline_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "5\t1\t1\t1\t10\t20\t30\t12\t90\tHELLO\n"
    "5\t1\t1\t1\t50\t18\t40\t14\t70\tWORLD\n4\t1\t1\t2\t0\t0\t0\t0\t-1\t\n"
)


def test_tesseract_words_become_lines() -> None:
    (line,) = ocr_tesseract._lines(TABLE)
    assert (line.text, line.confidence, line.polygon) == ("HELLO WORLD", 0.8, ((10, 18), (90, 18), (90, 32), (10, 32)))


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("tesseract") is None, reason="the tesseract binary is not installed")
def test_tesseract_reads_drawn_lines() -> None:
    found = registry.text_engine("tesseract").read(drawn("SPRINGFIELD 12345"))
    assert [line.text.replace(" ", "") for line in found] == ["SPRINGFIELD12345"]
