"""Eight hours of documents with a simulated clock: real processes, real readers, drawn papers. Does anything grow?

``python tests/benchmarks/soak.py [--hours 8] [--documents 480] [--page FOLDER]``. PostgreSQL, Redis, web server and workers run as processes of their
own; the wall clock as the service sees it moves on with each document, so that leases, retries, terms, limits and upkeep see eight hours. Memory of
each stage is sampled after every document and a line is fitted to its last two thirds. Exit 1 when a case did not end, or when a stage's line
rises by more than 5 % and 10 MB over them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults"), str(ROOT / "tests" / "benchmarks")]

import numpy as np
import psutil
from cluster import Postgres, Redis, free_port

STAGES = ("web", "reading worker", "reading process", "decisions, records, webhooks", "upkeep", "PostgreSQL", "Redis")
SHARE, MEGABYTES = 0.05, 10.0


@dataclass
class Seen:
    """Memory by stage (MB) after so many documents, at so many simulated hours; how the cases ended; what upkeep did."""

    documents: list[int] = field(default_factory=list)
    hours: list[float] = field(default_factory=list)
    memory: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    ended: dict[str, int] = field(default_factory=dict)
    upkeep: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unfinished: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Fit:
    """A line through the last two thirds: ``slope`` MB for a hundred documents, ``rise`` MB over them, ``level`` MB at their beginning."""

    slope: float
    rise: float
    level: float

    @property
    def grows(self) -> bool:
        return self.rise > MEGABYTES and self.rise > SHARE * self.level


def fit(documents: list[int], memory: list[float]) -> Fit:
    first = len(documents) // 3
    at, held = np.array(documents[first:], float), np.array(memory[first:], float)
    slope, start = np.polyfit(at, held, 1)
    return Fit(float(slope * 100), float(slope * (at[-1] - at[0])), float(start + slope * at[0]))


class Soak:
    """Cases one after another, with the clock moved on between them."""

    def __init__(self, folder: Path, hours: float, documents: int) -> None:
        self.folder, self.hours, self.count, self.seen = folder, hours, documents, Seen()
        self.postgres, self.redis = Postgres(folder / "postgres"), Redis()
        (folder / "armed").mkdir()
        self.settings = {
            "DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url, "DATA_DIR": str(folder / "data"), "STORAGE_URL": "", "RATE_LIMIT": "off",
            "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT / "tests" / "faults"), "PYTHONFAULTS": str(folder / "armed"),
            "LOG_FORMAT": "json",
        }  # fmt: skip

    def run(self) -> Seen:
        os.environ.update(self.settings)
        begun = time.monotonic()
        token = self._prepared()
        from installation import Installation

        with Installation(self.folder, free_port(), self.settings, token) as service:
            cases = []
            for number in range(self.count):
                self._set_clock(number / self.count * self.hours)
                cases.append(service.begin(1000 + number % 97))
                self._await(cases[-1])
                if number % max(1, self.count // 96) == 0:
                    self._upkeep()
                self._sample(service, number + 1)
        self._judge(cases)
        self.seen.seconds = time.monotonic() - begun
        return self.seen

    def end(self) -> None:
        self.redis.stop()
        self.postgres.stop("immediate")

    def _prepared(self) -> str:
        import io

        import django
        from django.utils import timezone

        self.real_now = timezone.now
        timezone.now = self._now
        django.setup()
        from django.core.management import call_command

        from factories import make_person

        call_command("migrate", verbosity=0)
        call_command("sync_flows", stdout=io.StringIO())
        return make_person("soak", workspace="soak").secret

    def _now(self) -> datetime:
        file = self.folder / "armed" / "clock"
        return self.real_now() + timedelta(seconds=float(file.read_text()) if file.exists() else 0.0)

    def _set_clock(self, hours: float) -> None:
        file = self.folder / "armed" / "clock"
        file.with_suffix(".new").write_text(str(hours * 3600))
        file.with_suffix(".new").rename(file)
        self.simulated = hours

    def _await(self, case: str, seconds: float = 120) -> None:
        from verifications.models import Verification

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if Verification.objects.values_list("status", flat=True).get(pk=case) in (3, 4, 5):
                return
            time.sleep(0.05)

    def _upkeep(self) -> None:
        """What the clock does, in this process: the schedule of a worker follows real time."""
        from config.upkeep import run_schedule

        for name, done in run_schedule(everything=True).items():
            self.seen.upkeep[name] += done

    def _sample(self, service: Any, documents: int) -> None:
        found: dict[str, float] = defaultdict(float)
        roots = {"web": service.web, "reading worker": service.reading, "decisions, records, webhooks": service.others}
        for stage, child in roots.items():
            process = psutil.Process(child.process.pid)
            found[stage] += process.memory_info().rss
            for below in process.children(recursive=True):
                words = " ".join(below.cmdline())
                found["reading process" if "documents.sandbox.child" in words else stage] += below.memory_info().rss
        found["upkeep"] = psutil.Process().memory_info().rss
        postmaster = psutil.Process(int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0]))
        found["PostgreSQL"] = sum(one.memory_info().rss - one.memory_info().shared for one in (postmaster, *postmaster.children()))
        found["Redis"] = psutil.Process(self.redis.process.pid).memory_info().rss  # type: ignore[union-attr]
        self.seen.documents.append(documents)
        self.seen.hours.append(self.simulated)
        for stage in STAGES:
            self.seen.memory[stage].append(found[stage] / 1e6)

    def _judge(self, cases: list[str]) -> None:
        from collections import Counter

        from verifications.models import Verification

        rows = Verification.objects.filter(pk__in=cases)
        self.seen.ended = dict(Counter(row.get_status_display() for row in rows))
        self.seen.unfinished = rows.exclude(status__in=(3, 4, 5)).count()


def report(seen: Seen, hours: float, folder: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Eight hours",
        "",
        f"`make soak`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores: {seen.documents[-1]} documents (drawn leases, read "
        f"by the real readers) over {hours:g} "
        f"simulated hours, in {seen.seconds / 60:.0f} minutes. They ended "
        f"{', '.join(f'{count} {name}' for name, count in sorted(seen.ended.items()))}. The schedule of "
        f"upkeep ran every {hours * 60 / 96:.0f} simulated minutes.",
        "",
        "A line is fitted to the last two thirds; before that models are loaded and pools fill.",
        "",
        "| stage | MB at the beginning of the line | rise over it, MB | MB for 100 documents |",
        "|---|---:|---:|---:|",
    ]
    figure, axes = plt.subplots(2, 4, figsize=(14, 6), sharex=True)
    for axis, stage in zip(axes.flat, STAGES, strict=False):
        line = fit(seen.documents, seen.memory[stage])
        lines.append(f"| {stage} | {line.level:.0f} | {line.rise:+.1f} | {line.slope:+.2f} |")
        axis.plot(seen.hours, seen.memory[stage], color="#2f5d8a", linewidth=1)
        first = len(seen.documents) // 3
        axis.plot([seen.hours[first], seen.hours[-1]], [line.level, line.level + line.rise], color="#c0662b")
        axis.set_title(stage, fontsize=9)
        axis.set_ylim(0, max(seen.memory[stage]) * 1.2)
        axis.set_xlabel("simulated hours")
        axis.set_ylabel("MB")
    axes.flat[len(STAGES)].set_visible(False)
    figure.tight_layout()
    figure.savefig(folder / "soak.png", dpi=85)
    lines += ["", "![Memory by stage over the simulated hours](soak.png)", ""]
    (folder / "soak.md").write_text("\n".join(lines), encoding="utf-8")


def main(options: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="vouchbox-soak-"))
    folder.chmod(0o755)
    soak = Soak(folder, options.hours, options.documents)
    try:
        seen = soak.run()
    finally:
        soak.end()
        shutil.rmtree(folder, ignore_errors=True)
    if options.page:
        report(seen, options.hours, options.page)
    lines = {stage: fit(seen.documents, seen.memory[stage]) for stage in STAGES}
    grown = [stage for stage, line in lines.items() if line.grows]
    print(json.dumps({"ended": seen.ended, "unfinished": seen.unfinished, "seconds": round(seen.seconds), "grown": grown, "upkeep": dict(seen.upkeep),
                      "slope_mb_per_100": {stage: round(line.slope, 2) for stage, line in lines.items()}}))  # fmt: skip
    return 1 if grown or seen.unfinished else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--documents", type=int, default=480)
    parser.add_argument("--page", type=Path)
    sys.exit(main(parser.parse_args()))
