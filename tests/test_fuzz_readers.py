"""The harnesses of `make fuzz-readers`, for a moment and without coverage: each seed, what broke once, and some made-up neighbours of both."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fuzz"))
import harnesses

NEIGHBOURS = {"barcode": 2, "pdf": 10, "image": 40}


def _neighbour(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data or b"\x00")
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.choice((1, 4, 30))]
            case 2:
                changed[at:at] = changed[at : at + chance.choice((1, 8, 60))]
            case _:
                changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"))
        changed = changed or bytearray(b"\x00")
    return bytes(changed)


@pytest.mark.engine
@pytest.mark.parametrize("name", harnesses.HARNESSES)
def test_every_harness_runs_on_its_seeds(name: str) -> None:
    """Each raises what its contract names, or nothing."""
    chance = random.Random(name)
    known = harnesses.seeds(name)
    assert known
    for data in known:
        harnesses.HARNESSES[name](data)
    for _ in range(NEIGHBOURS.get(name, 120)):
        harnesses.HARNESSES[name](_neighbour(chance.choice(known), chance))


def test_a_harness_lets_no_other_exception_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.readers.aamva.parse", lambda data: {}["missing"])
    with pytest.raises(KeyError):
        harnesses.HARNESSES["aamva_payload"](b"@")
