"""EasyOCR's adapter: what it says when weights are missing and, where EasyOCR is installed, its real loading on weights made here."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from documents.engines import ocr_easyocr
from documents.engines.ocr_easyocr import ENGINE, WEIGHTS, missing_weights, model_directory


def test_missing_weights_are_named_with_their_digest(tmp_path: Path) -> None:
    assert missing_weights(tmp_path) == [
        "craft_mlt_25k.pth (md5 2f8227d2def4037cdb3b34389dcf9ec1)",
        "english_g2.pth (md5 5864788e1821be9e454ec108d61b887d)",
    ]
    (tmp_path / "english_g2.pth").write_bytes(b"not the published file")
    assert len(missing_weights(tmp_path)) == 2


def test_the_directory_is_the_one_easyocr_uses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EASYOCR_MODULE_PATH", str(tmp_path))
    assert model_directory() == tmp_path / "model"


def test_reading_without_weights_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EASYOCR_MODULE_PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"craft_mlt_25k\.pth"):
        ENGINE.read(np.zeros((10, 10, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_without_weights_it_is_unavailable_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EASYOCR_MODULE_PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    available = ENGINE.available()
    assert not available.ok
    assert all(part in available.reason for part in (str(tmp_path), "english_g2.pth (md5 ", "internet access"))


def test_without_the_package_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "vouchbox[easyocr]" in ENGINE.available().reason


@pytest.mark.engine
def test_real_loading_and_reading_on_random_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if importlib.util.find_spec("easyocr") is None:
        pytest.skip("the extra [easyocr] is not installed")
    easyocr = ocr_easyocr.load_easyocr()
    import torch
    from easyocr.config import recognition_models
    from easyocr.craft import CRAFT
    from easyocr.model.vgg_model import Model

    directory = tmp_path / "model"
    directory.mkdir()
    torch.manual_seed(0)
    characters = recognition_models["gen2"]["english_g2"]["characters"]
    recogniser = Model(input_channel=1, output_channel=256, hidden_size=256, num_class=len(characters) + 1)
    torch.save({f"module.{name}": value for name, value in CRAFT(pretrained=False).state_dict().items()}, directory / "craft_mlt_25k.pth")
    torch.save({f"module.{name}": value for name, value in recogniser.state_dict().items()}, directory / "english_g2.pth")
    digests = {name: hashlib.md5((directory / name).read_bytes()).hexdigest() for name in WEIGHTS}
    monkeypatch.setattr(ocr_easyocr, "WEIGHTS", digests)
    monkeypatch.setitem(easyocr.config.detection_models["craft"], "md5sum", digests["craft_mlt_25k.pth"])
    monkeypatch.setitem(recognition_models["gen2"]["english_g2"], "md5sum", digests["english_g2.pth"])
    monkeypatch.setenv("EASYOCR_MODULE_PATH", str(tmp_path))
    assert ENGINE.available().ok
    lines = ENGINE.read(np.full((64, 160, 3), 255, np.uint8))
    assert isinstance(lines, list)
