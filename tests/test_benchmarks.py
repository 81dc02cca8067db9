"""The judgements of `make bench-load`, `make bench-stored` and `make soak`, on numbers that are known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "memory", "grows"),
    [
        ("level", lambda number: 300 + number % 5, False), ("warming up", lambda number: 100 + 200 * min(1, number / 60), False),
        ("a leak of 200 KB a document", lambda number: 300 + 0.2 * number, True), ("a small process", lambda number: 8 + 0.02 * number, False),
    ],
)  # fmt: skip
def test_a_leak_is_told_from_noise(name: str, memory: object, grows: bool) -> None:
    fit = _module("soak").fit
    documents = list(range(1, 241))
    assert fit(documents, [memory(number) for number in documents]).grows is grows, name  # type: ignore[operator]


def test_growth_with_what_is_stored_is_noticed() -> None:
    stored = _module("stored")
    quiet = {1000: [10.0, 11.0, 90.0, 10.0], 1_000_000: [12.0, 80.0, 13.0, 12.0]}
    assert stored.typical([10.0, 11.0, 90.0, 12.0]) == 10.5
    assert stored.grown({"list": quiet}) == []
    assert stored.grown({"list": {1000: [10.0] * 4, 1_000_000: [16.0] * 4}}) == ["list: 10.0 ms, then 16.0 ms"]
    assert stored.grown({"tiny": {1000: [0.1] * 4, 1_000_000: [0.9] * 4}}) == []


def test_percentiles_of_a_run() -> None:
    load = _module("load")
    assert load.percentile([float(number) for number in range(100)], 0.99) == 99.0
    assert load.percentile([5.0], 0.5) == 5.0
