"""The benchmark's report: Markdown with plots, and improved / worsened against the committed ``baseline.json``."""

from __future__ import annotations

import json
import os
import platform
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, quantiles
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from scoring import Mark

from documents.engines.networks import arithmetic

if TYPE_CHECKING:
    from run import Run

BASELINE = Path(__file__).resolve().parent / "baseline.json"
OURS = "vouchbox"
BINS = 10
COLOURS = ("#2f5d8a", "#c0662b", "#4f8a4f", "#8a5a8a", "#8f7a2b", "#666666", "#b04a5a")


def write(runs: Sequence[Run], endurance: Run | None, out: Path, *, renew: bool, throughput: float | None = None) -> str:
    """``report.md`` and its plots in ``out``; returns the comparison with the baseline as text for the screen."""
    out.mkdir(parents=True, exist_ok=True)
    ran = [run for run in runs if not run.skipped]
    marks = [mark for run in ran for mark in run.marks]
    figures = _figures(marks)
    changes = _changes(marks)
    parts = [
        "# Benchmark of the reading pipeline",
        _where(),
        "".join(f"* {run.reader}: not run, {run.skipped}\n" for run in runs if run.skipped),
        "## Accuracy\n\nRight, in percent of all answers asked for; in brackets how many there were. ! marks answers that were wrong with a "
        "confidence of 0.9 or more.\n\n" + _accuracy(figures, [run.reader for run in ran]),
        "![Accuracy by source](accuracy.png)",
        "## Seconds and memory\n\nCPU seconds of a document, the reader's children included: they hold whatever else the machine does. Cold start "
        "is loading up to the first answer.\n\n" + _speed(ran),
        _throughput(throughput),
        "![Seconds per document](seconds.png)",
        _endurance(endurance),
        "## Calibration of our confidence\n\n" + _calibration(marks),
        "![Calibration](calibration.png)",
        "## Against the baseline\n\n" + changes,
    ]
    (out / "report.md").write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    _plot_accuracy(figures, out / "accuracy.png")
    _plot_seconds(ran, out / "seconds.png")
    _plot_calibration(marks, out / "calibration.png")
    if endurance:
        _plot_memory(endurance, out / "memory.png")
    (out / "marks.json").write_text(json.dumps(_outcomes(marks), indent=0, sort_keys=True), encoding="utf-8")
    if renew:
        BASELINE.write_text(json.dumps(_outcomes(marks, ("specimens", "symbols")), indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return f"{out / 'report.md'}\n{changes}"


def _where() -> str:
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores ({_processor()})"
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}. Our networks calculate in {arithmetic()}."


def _processor() -> str:
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor() or "unknown processor"
    named = re.search(r"^model name\s*:\s*(.+)$", described, re.M)
    return named[1].strip() if named else "unknown processor"


Figure = tuple[int, int, int, float]
"""Asked, right, wrong with confidence, characters wrong per hundred."""


def _figures(marks: Iterable[Mark]) -> dict[tuple[str, str], dict[str, Figure]]:
    """(source, measure) → reader → figure."""
    sorted_: dict[tuple[str, str], dict[str, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in marks:
        sorted_[mark.source, mark.measure][mark.reader].append(mark)
    return {key: {reader: _figure(group) for reader, group in by_reader.items()} for key, by_reader in sorted(sorted_.items())}


def _figure(group: Sequence[Mark]) -> Figure:
    length = sum(mark.length for mark in group)
    return (
        len(group),
        sum(mark.right for mark in group),
        sum(mark.confidently_wrong for mark in group),
        100 * sum(min(mark.errors, mark.length) for mark in group) / length if length else 0.0,
    )


def _accuracy(figures: Mapping[tuple[str, str], Mapping[str, Figure]], readers: Sequence[str]) -> str:
    rows = [f"| source | measure | {' | '.join(readers)} | characters wrong, ours |", "|---" * (len(readers) + 3) + "|"]
    for (source, measure), by_reader in figures.items():
        cells = [_cell(by_reader.get(reader)) for reader in readers]
        wrong = f"{by_reader[OURS][3]:.1f} %" if OURS in by_reader else ""
        rows.append(f"| {source} | {measure} | {' | '.join(cells)} | {wrong} |")
    return "\n".join(rows)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    asked, right, wrong, _ = figure
    return f"{100 * right / asked:.0f} ({asked}){f' !{wrong}' if wrong else ''}"


def _speed(runs: Sequence[Run]) -> str:
    rows = ["| reader | kind | documents | p50 | p95 | by the clock, p50 | cold start s | peak MB |", "|---|---|---|---|---|---|---|---|"]
    for run in runs:
        for kind, seconds in sorted(run.cpu.items()):
            p50, p95 = _percentiles(seconds)
            rows.append(f"| {run.reader} | {kind} | {len(seconds)} | {p50:.2f} | {p95:.2f} | | | |")
        p50, p95 = _percentiles(_all(run))
        clock = _percentiles(run.seconds)[0]
        memory = max(run.resident_mb, default=0)
        rows.append(f"| **{run.reader}** | all | {len(run.seconds)} | {p50:.2f} | {p95:.2f} | {clock:.2f} | {run.cold_start:.1f} | {memory:.0f} |")
    return "\n".join(rows)


def _all(run: Run) -> list[float]:
    return [second for seconds in run.cpu.values() for second in seconds]


def _throughput(documents: float | None) -> str:
    if documents is None:
        return ""
    return (
        f"One of our reading processes on each of {os.cpu_count()} cores: **{documents:.0f} documents a minute** by the clock; passports, licences "
        "with both sides and bills, as drawn, in turn."
    )


def _endurance(run: Run | None) -> str:
    if run is None:
        return ""
    resident = run.resident_mb
    early, late = resident[min(100, len(resident) - 1)], resident[-1]
    told = f"{len(resident)} documents read one after the other by one process"
    grown = f"{early:.0f} MB resident after the first hundred, {late:.0f} MB after the last, {max(resident):.0f} MB at most"
    return f"## Endurance\n\n{told}: {grown}.\n\n![Memory](memory.png)"


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    if len(seconds) < 2:
        return (seconds[0], seconds[0]) if seconds else (0.0, 0.0)
    cuts = quantiles(seconds, n=20, method="inclusive")
    return cuts[9], cuts[18]


def _bins(marks: Iterable[Mark]) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, how many) of our answered fields, in bins of confidence."""
    groups: dict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.reader == OURS and mark.answered and not mark.measure.startswith(("text.", "invented", "barcode.", "aamva.")):
            groups[min(BINS - 1, int(mark.confidence * BINS))].append(mark)
    return [(mean(m.confidence for m in group), mean(m.right for m in group), len(group)) for _, group in sorted(groups.items())]


def _calibration(marks: Sequence[Mark]) -> str:
    rows = ["| mean confidence | right | fields |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| {confidence:.2f} | {100 * right:.1f} % | {count} |" for confidence, right, count in _bins(marks))])


def _outcomes(marks: Iterable[Mark], source: str | tuple[str, ...] = "") -> dict[str, bool]:
    return {f"{mark.sample} {mark.measure}": mark.right for mark in marks if mark.reader == OURS and mark.source.startswith(source)}


def _changes(marks: Sequence[Mark]) -> str:
    if not BASELINE.exists():
        return "There is no baseline yet."
    before: dict[str, bool] = json.loads(BASELINE.read_text(encoding="utf-8"))
    now = _outcomes(marks)
    both = before.keys() & now.keys()
    improved = sorted(key for key in both if now[key] and not before[key])
    worsened = sorted(key for key in both if before[key] and not now[key])
    lines = [f"{len(both)} fields in both: {len(improved)} improved, {len(worsened)} worsened."]
    lines += [f"* improved: {key}" for key in improved[:40]] + [f"* worsened: {key}" for key in worsened[:40]]
    return "\n".join(lines)


def _plot_accuracy(figures: Mapping[tuple[str, str], Mapping[str, Figure]], path: Path) -> None:
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (source, measure), by_reader in figures.items():
        family = measure.split(".")[0]
        for reader, (asked, right, _, _) in by_reader.items():
            shares[f"{source}: {family}" if len(by_reader) > 1 else f"{source.split()[0]}: {family}, ours alone"][reader].append(right / asked)
    rows = {label: {reader: mean(values) for reader, values in by.items()} for label, by in sorted(shares.items())}
    readers = sorted({reader for by in rows.values() for reader in by}, key=lambda name: name != OURS)
    figure, axes = plt.subplots(figsize=(9, max(3.0, 0.36 * len(rows))))
    height = 0.8 / max(1, len(readers))
    for offset, reader in enumerate(readers):
        places = [index + offset * height for index, by in enumerate(rows.values()) if reader in by]
        axes.barh(places, [100 * by[reader] for by in rows.values() if reader in by], height, label=reader, color=COLOURS[offset % len(COLOURS)])
    axes.set_yticks([index + 0.4 for index in range(len(rows))], list(rows), fontsize=7)
    axes.set_ylim(len(rows), -0.2)
    axes.set_xlim(0, 100)
    axes.set_xlabel("right, % (mean over measures)")
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 1.0 + 1.2 / (len(rows) + 1)), ncols=5, frameon=False)
    _save(figure, path)


def _plot_seconds(runs: Sequence[Run], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 0.5 * len(runs) + 1.5))
    axes.boxplot(
        [_all(run) or [0.0] for run in runs],
        orientation="horizontal", tick_labels=[run.reader for run in runs], whis=(5, 95), showfliers=False,
    )  # fmt: skip
    axes.set_xlabel("CPU seconds of a document (box: quartiles, whiskers: 5 % and 95 %)")
    _save(figure, path)


def _plot_calibration(marks: Sequence[Mark], path: Path) -> None:
    bins: list[Any] = _bins(marks)
    figure, axes = plt.subplots(figsize=(4.5, 4.5))
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
    axes.scatter([b[0] for b in bins], [b[1] for b in bins], s=[12 + min(300, b[2] / 4) for b in bins], color=COLOURS[0])
    axes.set_xlabel("confidence")
    axes.set_ylabel("share right")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    _save(figure, path)


def _plot_memory(run: Run, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 2.6))
    axes.plot(run.resident_mb, color=COLOURS[0], linewidth=1)
    axes.set_ylim(0, max(1000, *run.resident_mb) * 1.05)
    axes.set_xlabel("documents read")
    axes.set_ylabel("resident MB")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
