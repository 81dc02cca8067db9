"""``make bench``: our pipeline and its peers on the same documents; accuracy, seconds and memory, compared with the committed baseline.

``CORPUS=dir`` adds folders of one's own, ``SEEDS=n`` specimens of each kind and damage, ``READERS=a,b`` for some readers only, ``ONLY=text`` for
samples whose id holds it, ``OUT=dir`` for another place for the report (``var/bench/report``), ``BASELINE=renew`` writes today's figures as the new
baseline and the report to ``docs/benchmarks``. ``SOAK=n`` lets our pipeline read n specimens in one process first, to show whether its memory grows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

EVERYDAY = ("passport", "driver_license", "utility_bill")
EACH = 90  # documents of each process
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from corpus import Sample, drawn, folder
from readers import READERS, Reader
from report import write
from scoring import Answer, Mark, marks
from symbols import photographed
from tqdm import tqdm

from documents.sandbox.parent import LESS_MEMORY


@dataclass
class Run:
    """One reader over all its samples: seconds by the clock, CPU seconds by kind of document. ``skipped`` says why it did not run."""

    reader: str
    marks: list[Mark] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cold_start: float = 0.0
    resident_mb: list[float] = field(default_factory=list)
    errors: int = 0
    skipped: str = ""


def run_reader(reader: Reader, samples: Sequence[Sample]) -> Run:
    """Reads ``samples`` in a process of its own, so that load time and memory are the reader's alone."""
    result = Run(reader.name)
    wanted = [sample for sample in samples if not reader.sources or sample.source.startswith(reader.sources)]
    child = subprocess.Popen(
        [sys.executable, str(HERE / "readers.py"), reader.name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=(LESS_MEMORY if reader.name == "vouchbox" else {}) | os.environ,  # as the service starts it
    )  # fmt: skip
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
    result.marks += marks(reader.name, sample, answer, reader.claims)
    result.seconds.append(answer.seconds)
    result.cpu[sample.kind if sample.source.startswith("specimens") else sample.source.split()[0]].append(answer.cpu)
    result.resident_mb.append(found.get("resident_mb", 0.0))
    result.errors += bool(answer.error)


def samples_of(corpora: Iterable[Path], seeds: int) -> Iterator[Sample]:
    cache = ROOT / "var" / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    yield from drawn(cache, seeds)
    yield from photographed(cache, seeds)
    for place in corpora:
        yield from folder(place)


def soak(samples: Sequence[Sample], count: int) -> Run | None:
    """Our pipeline over ``count`` documents without a pause, specimens again and again; only its memory matters."""
    drawings = [sample for sample in samples if sample.source.startswith("specimens")]
    return run_reader(READERS["vouchbox"], list(islice(cycle(drawings), count))) if count and drawings else None


def side_by_side(samples: Sequence[Sample]) -> float | None:
    """Documents a minute with a reading process on each core, as workers are: passports, licences and bills as drawn, in turn."""
    drawings = [sample for sample in samples if sample.source == "specimens clean" and sample.kind in EVERYDAY]
    if not drawings:
        return None
    each = list(islice(cycle(drawings), EACH))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        runs = list(pool.map(lambda _: run_reader(READERS["vouchbox"], each), range(os.cpu_count() or 1)))
    return 60 * sum(len(run.seconds) for run in runs) / max(sum(run.seconds) for run in runs)


def main() -> None:
    options = _options(os.environ)
    samples = [sample for sample in samples_of(options.corpora, options.seeds) if options.only in sample.id]
    endurance = soak(samples, options.soak)
    runs = [run_reader(READERS[name], samples) for name in options.readers]
    throughput = side_by_side(samples) if "vouchbox" in options.readers else None
    print(write(runs, endurance, options.out, renew=options.renew, throughput=throughput))


@dataclass(frozen=True)
class Options:
    corpora: tuple[Path, ...]
    seeds: int
    readers: tuple[str, ...]
    only: str
    out: Path
    renew: bool
    soak: int


def _options(environment: Mapping[str, str]) -> Options:
    """Raises SystemExit naming what is wrong."""
    corpora = tuple(Path(place) for place in environment.get("CORPUS", "").split(os.pathsep) if place)
    for place in corpora:
        if not place.is_dir():
            raise SystemExit(f"CORPUS: there is no folder {place}")
    readers = tuple(name for name in environment.get("READERS", "").split(",") if name) or tuple(READERS)
    if unknown := set(readers) - set(READERS):
        raise SystemExit(f"READERS: {', '.join(sorted(unknown))} unknown; there are {', '.join(READERS)}")
    renew = environment.get("BASELINE") == "renew"
    out = Path(environment.get("OUT") or (ROOT / "docs" / "benchmarks" if renew else ROOT / "var" / "bench" / "report"))
    numbers = {name: environment.get(name) or default for name, default in (("SEEDS", "3"), ("SOAK", "0"))}
    for name, text in numbers.items():
        if not text.isdigit():
            raise SystemExit(f"{name}: a whole number is expected, not {text!r}")
    return Options(corpora, int(numbers["SEEDS"]), readers, environment.get("ONLY", ""), out, renew, int(numbers["SOAK"]))


if __name__ == "__main__":
    main()
