"""PP-OCR on OpenVINO: pictures to lines, in each arithmetic."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.engines import ocr_rapid, registry
from documents.engines.networks import Arithmetic, LastLayer, arithmetic
from documents.engines.text_boxes import cut_out, text_boxes
from tests.drawing import drawn

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.engine
def test_rapidocr_reads_drawn_lines() -> None:
    engine = registry.text_engine("rapidocr")
    engine.warm_up()
    found = engine.read(drawn("SPRINGFIELD 12345", "JANUARY 5, 2026"))
    assert [line.text.replace(" ", "") for line in sorted(found, key=lambda line: line.polygon[0][1])] == ["SPRINGFIELD12345", "JANUARY5,2026"]
    assert all(line.confidence > 0.9 for line in found)
    assert engine.read(np.full((200, 200, 3), 255, np.uint8)) == []


@pytest.mark.engine
def test_a_page_reads_the_same_whatever_was_read_before_it() -> None:
    """Networks keep prepared sizes and add edges to reach them; neither may leave anything behind."""
    engine = registry.text_engine("rapidocr")
    page = drawn("SPRINGFIELD 12345", "JANUARY 5, 2026")
    first = engine.read(page)
    for other in (drawn("X"), np.ascontiguousarray(np.rot90(drawn("A LONGER LINE OF TEXT", "12"))), page[:100, :333], page[:40]):
        engine.read(np.ascontiguousarray(other))
    assert engine.read(page) == first


@pytest.mark.engine
def test_reading_leaves_the_floats_of_its_thread_alone() -> None:
    registry.text_engine("rapidocr").read(drawn("SPRINGFIELD 12345"))
    assert float((np.asarray([1e-40], np.float32) * 2)[0]) > 0, "numbers too small for a normal float became zero"


@pytest.mark.engine
def test_reading_loads_nothing_that_reports_home() -> None:
    """OpenVINO's wheel brings a package that reports how its converter is used."""
    code = (
        "import sys; from documents.engines.registry import text_engine; text_engine().warm_up();"
        "unwanted = ('openvino_telemetry', 'openvino.tools.ovc', 'rapidocr');"
        "print([name for name, module in sys.modules.items() if module and name.startswith(unwanted)])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.engine
@pytest.mark.parametrize("kind", ["bf16", "int8", "f32"])
def test_every_arithmetic_reads_alike(kind: Arithmetic) -> None:
    """Whatever this processor has in hardware: the others run as well, slowly."""
    sharp = drawn("P<UTOERIKSSON<<ANNA<MARIA<<<<<<", "SPRINGFIELD 12345")
    exact, own = ocr_rapid.reader_for("f32"), ocr_rapid.reader_for(kind)
    for picture in (sharp, cv2.GaussianBlur(sharp, (0, 0), 4.0)):
        wanted, found = exact.read(picture, 960), own.read(picture, 960)
        assert [line.text for line in found] == [line.text for line in wanted]


@pytest.mark.parametrize(
    ("processor", "machine", "kind"),
    [
        ("flags : fpu avx2 avx512_vnni amx_bf16", "x86_64", "bf16"),
        ("flags : fpu avx2 avx512_vnni avx512_bf16", "x86_64", "int8"),
        ("flags : fpu avx2 avx_vnni", "x86_64", "int8"),
        ("flags : fpu avx2", "x86_64", "f32"),
        ("Features : fp asimd asimddp amx_bf16", "aarch64", "f32"),
        (None, "x86_64", "f32"),
    ],
)
def test_the_processor_chooses_the_arithmetic(processor: str | None, machine: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def described(path: Path, **_: object) -> str:
        if processor is None:
            raise FileNotFoundError(path)
        return processor

    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(Path, "read_text", described)
    arithmetic.cache_clear()
    try:
        assert arithmetic() == kind
    finally:
        arithmetic.cache_clear()


def test_fewer_characters_share_what_all_had() -> None:
    layer = LastLayer(("blank", "A", "漢", "B", " "), np.eye(5, dtype=np.float32), np.zeros(5, np.float32))
    fewer = layer.only(ocr_rapid.of_alphabets)
    assert fewer.characters == ("blank", "A", "B", " ")
    features = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)
    every, some = layer(features), fewer(features)
    assert np.allclose(every.sum(axis=1), 1)
    assert np.allclose(some, every[:, [0, 1, 3, 4]] / every[:, [0, 1, 3, 4]].sum(axis=1, keepdims=True), atol=1e-6)


@given(st.integers(40, 300), st.integers(12, 30), st.integers(60, 250), st.integers(60, 200), st.floats(-25, 25), st.sampled_from([0.5, 1.0, 2.0]))
def test_boxes_of_lines_lie_about_what_the_map_shows(width: int, height: int, x: int, y: int, angle: float, scale: float) -> None:
    """The map shows the middle of a line; its box is larger on each side by area times 0.8 over circumference (Liao et al. 2020)."""
    likely = np.zeros((320, 640), np.float32)
    shape = cv2.boxPoints(((x + width / 2, y), (width, height), angle))
    cv2.fillPoly(likely, [shape.astype(np.int32)], 0.9)
    (box,) = text_boxes(likely, round(640 * scale), round(320 * scale))
    grown = width * height * 1.6 / (width + height)
    inside = np.all(box > 0) and np.all(box < (640 * scale - 1, 320 * scale - 1))
    if inside:  # else the picture's edge cuts it
        assert np.linalg.norm(box[0] - box[1]) == pytest.approx((width + grown) * scale, abs=8 * scale + 2)
        assert np.linalg.norm(box[0] - box[3]) == pytest.approx((height + grown) * scale, abs=8 * scale + 2)
        assert np.allclose(box.mean(axis=0), (np.asarray([x + width / 2, y])) * scale, atol=2 * scale + 2)
    assert text_boxes(likely * 0.2, 640, 320) == []


def test_lines_are_cut_out_lying() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[20:80, 50:60] = 255
    upright = np.asarray([[50, 20], [60, 20], [60, 80], [50, 80]], np.float32)
    assert cut_out(picture, upright).shape == (10, 60, 3)
    assert cut_out(picture, upright).mean() > 200
    assert cut_out(picture, np.asarray([[10, 10], [110, 10], [110, 40], [10, 40]], np.float32)).shape == (30, 100, 3)
