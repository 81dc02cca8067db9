"""``make bench``: our pipeline and its peers on the same documents; accuracy, seconds and memory, compared with the committed baseline.

``CORPUS=dir`` adds folders of one's own, ``SEEDS=n`` specimens of each kind and damage, ``READERS=a,b`` for some readers only, ``OUT=dir`` for
another place for the report, ``BASELINE=renew`` writes today's figures as the new baseline.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from corpus import Sample, drawn, folder
from readers import READERS, Reader
from report import write
from scoring import Answer, Mark, marks
from tqdm import tqdm


@dataclass
class Run:
    """One reader over all its samples. ``skipped`` says why it did not run."""

    reader: str
    marks: list[Mark] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: list[float] = field(default_factory=list)
    cold_start: float = 0.0
    resident_mb: list[float] = field(default_factory=list)
    errors: int = 0
    skipped: str = ""


def run_reader(reader: Reader, samples: Sequence[Sample]) -> Run:
    """Reads ``samples`` in a process of its own, so that load time and memory are the reader's alone."""
    result = Run(reader.name)
    wanted = [sample for sample in samples if not reader.sources or sample.source.startswith(reader.sources)]
    child = subprocess.Popen(
        [sys.executable, str(HERE / "readers.py"), reader.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with child:
        greeting = _line(child)
        result.skipped, result.cold_start = greeting.get("missing", ""), greeting.get("loaded", 0.0)
        if result.skipped:
            return result
        for sample in tqdm(wanted, desc=f"{reader.name:>12}", unit="document", mininterval=0.5 if sys.stderr.isatty() else 20):
            _take(result, reader, sample, _ask(child, sample))
        assert child.stdin is not None
        child.stdin.close()
    return result


def _ask(child: subprocess.Popen[str], sample: Sample) -> dict[str, Any]:
    assert child.stdin is not None
    child.stdin.write(json.dumps(dict(sample.sides)) + "\n")
    child.stdin.flush()
    return _line(child)


def _line(child: subprocess.Popen[str]) -> dict[str, Any]:
    assert child.stdout is not None
    line = child.stdout.readline()
    return json.loads(line) if line else {"values": {}, "error": "died", "missing": "it died while loading"}


def _take(result: Run, reader: Reader, sample: Sample, found: dict[str, Any]) -> None:
    values = {measure: (value, confidence) for measure, (value, confidence) in found["values"].items()}
    answer = Answer(values, found.get("text", ()), found.get("seconds", 0.0), found.get("cpu", 0.0), found.get("error", ""))
    result.marks += marks(reader.name, sample.id, sample.source, sample.truth, sample.absent, answer, claims=reader.claims)
    result.seconds[sample.kind if sample.source.startswith("specimens") else sample.source].append(answer.seconds)
    result.cpu.append(answer.cpu)
    result.resident_mb.append(found.get("resident_mb", 0.0))
    result.errors += bool(answer.error)


def samples_of(corpora: Iterable[Path], seeds: int) -> Iterator[Sample]:
    cache = ROOT / "var" / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    yield from drawn(cache, seeds)
    for place in corpora:
        yield from folder(place)


def main() -> None:
    corpora = [Path(place) for place in os.environ.get("CORPUS", "").split(os.pathsep) if place]
    for place in corpora:
        if not place.is_dir():
            raise SystemExit(f"CORPUS: there is no folder {place}")
    names = [name for name in os.environ.get("READERS", "").split(",") if name] or list(READERS)
    if unknown := set(names) - set(READERS):
        raise SystemExit(f"READERS: {', '.join(sorted(unknown))} unknown; there are {', '.join(READERS)}")
    samples = list(samples_of(corpora, int(os.environ.get("SEEDS", "3"))))
    only = os.environ.get("ONLY", "")
    samples = [sample for sample in samples if only in sample.id]
    runs = [run_reader(READERS[name], samples) for name in names]
    out = Path(os.environ.get("OUT", "")) if os.environ.get("OUT") else ROOT / "var" / "bench" / "report"
    print(write(runs, out, renew=os.environ.get("BASELINE") == "renew"))


if __name__ == "__main__":
    main()
