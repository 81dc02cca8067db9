"""How many machines for how many documents: a model from measured costs, held against a simulation of queues and against the measured run.

``python tests/benchmarks/capacity.py [--measured docs/benchmarks/load.json] [--page docs/benchmarks]``. The model is Allen and Cunneen's
approximation
of waiting with c servers (Erlang's C formula, corrected by how much arrivals and service vary); the simulation lets documents come by chance and be
read for as long as documents really took.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RATES = (10, 1_000, 100_000)
CORES_OF_A_MACHINE = 16
# What a machine may be busy with in the long run, so that it can catch up after a fault and short crowds do not wait.
SHARE = 0.7
BEGIN, END = "<!-- capacity: written by `make bench-load` -->", "<!-- end of capacity -->"


@dataclass(frozen=True)
class Service:
    """Seconds of service of one document at one stage: mean and coefficient of variation."""

    mean: float
    variation: float

    @staticmethod
    def of(values: Sequence[float]) -> Service:
        mean = fmean(values)
        return Service(mean, pstdev(values) / mean)


def erlang_c(servers: int, load: float) -> float:
    """The share of arrivals that wait; ``load`` in servers' worth of work, less than ``servers``."""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def waiting(rate: float, service: Service, servers: int) -> float:
    """Mean seconds that a document waits before it is served; infinite when there is more work than servers."""
    load = rate * service.mean
    if load >= servers:
        return math.inf
    return erlang_c(servers, load) * service.mean / (servers - load) * (1 + service.variation**2) / 2


def wait_percentile(rate: float, service: Service, servers: int, share: float) -> float:
    """Seconds that so many wait at the most: those who wait do so about exponentially."""
    mean, waits = waiting(rate, service, servers), erlang_c(servers, rate * service.mean)
    return max(0.0, mean / waits * math.log(waits / (1 - share))) if waits > 1 - share else 0.0


def servers_for(rate: float, service: Service, *, most_wait: float) -> int:
    """The fewest servers at which nobody but one in twenty waits longer than ``most_wait`` seconds and none is busier than SHARE."""
    least = max(1, math.ceil(rate * service.mean / SHARE))
    while wait_percentile(rate, service, least, 0.95) > most_wait:
        least += 1
    return least


def simulate(rate: float, times: Sequence[float], servers: int, *, documents: int, together: int = 1, seed: int = 1) -> list[float]:
    """Seconds from arrival to the end of service, by discrete events. Documents come ``together``, as those of a case do; the first
    tenth, which finds an empty house, is left out."""
    import simpy

    chance, world = random.Random(seed), simpy.Environment()
    desk, found = simpy.Resource(world, servers), []

    def document() -> Any:
        came = world.now
        with desk.request() as turn:
            yield turn
            yield world.timeout(chance.choice(times))
        found.append(world.now - came)

    def arrivals() -> Any:
        for _ in range(documents // together):
            for _ in range(together):
                world.process(document())
            yield world.timeout(chance.expovariate(rate / together))

    world.process(arrivals())
    world.run()
    return found[documents // 10 :]


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def tables(parts: Sequence[dict[str, Any]], workers: int) -> str:
    """Markdown: model against simulation against what was measured, then machines by rate."""
    part, cpu = parts[-1], parts[-1]["cpu_seconds_a_document"]
    read = part["seconds_of_reading"]
    # What a worker is busy with a document for: its readers' seconds, and its share of all else that it does.
    busy = workers / (parts[0]["documents_a_minute"] / 60)
    times = [seconds * busy / fmean(read) for seconds in read]
    service, rate = Service.of(times), part["documents_a_minute"] / 60
    went = simulate(rate, times, workers, documents=20_000, together=2)
    modelled = {
        50: wait_percentile(rate, service, workers, 0.5) + percentile(times, 0.5),
        95: wait_percentile(rate, service, workers, 0.95) + service.mean,
    }
    lines = [
        f"Measured: {workers} reading workers got {parts[0]['documents_a_minute']:.0f} documents a minute done at the most, so "
        "that one was busy with a document for "
        f"{busy:.1f} s, {fmean(read):.1f} s of them in the readers (variation {service.variation:.2f}). Then "
        f"{part['documents_a_minute']:.0f} a minute came: "
        f"the workers were busy for {rate * busy / workers:.0%} of the time.",
        "",
        "| from upload to read | model | simulation | measured |",
        "|---|---:|---:|---:|",
        *(
            f"| {mark} % within | {modelled[mark]:.1f} s | {percentile(went, mark / 100):.1f} s | "
            f"{part['seconds_from_upload_to_read'][f'p{mark}']:.1f} s |"
            for mark in (50, 95)
        ),
        "",
        "| servers busy | model's mean wait | simulated mean wait |",
        "|---:|---:|---:|",
    ]
    for servers, busy in ((2, 0.5), (2, 0.8), (16, 0.8), (16, 0.95), (64, 0.95)):
        here = busy * servers / service.mean
        waited = fmean(simulate(here, times, servers, documents=60_000)) - service.mean
        lines.append(f"| {busy:.0%} of {servers} | {waiting(here, service, servers):.2f} s | {waited:.2f} s |")
    alone = Service(cpu["reading process"] + cpu["reading worker"], service.variation)
    lines += ["", f"With a core for itself a reading worker is busy for {alone.mean:.2f} s, which is its processor's time.", ""]
    lines += machines(cpu, part["servers_a_document"], alone)
    return "\n".join(lines)


def machines(cpu: dict[str, float], servers: dict[str, float], service: Service) -> list[str]:
    """For each rate: reading workers, cores of every stage, machines, and what the shared servers are given to do."""
    lines = [
        f"| documents a minute | {' | '.join(f'{rate:,}' for rate in RATES)} |",
        "|---|" + "---:|" * len(RATES),
    ]
    reading = [servers_for(rate / 60, service, most_wait=10) for rate in RATES]
    rows: list[tuple[str, list[str]]] = [("reading workers, a core each", [f"{count:,}" for count in reading])]
    for stage in ("web", "decisions, records, webhooks", "PostgreSQL", "Redis"):
        rows.append((f"cores: {stage}", [_cores(rate / 60 * cpu[stage] / SHARE) for rate in RATES]))
    beside = cpu["web"] + cpu["decisions, records, webhooks"]
    hosts = [math.ceil((count + rate / 60 * beside / SHARE) / CORES_OF_A_MACHINE) for rate, count in zip(RATES, reading, strict=True)]
    rows.append((f"machines of {CORES_OF_A_MACHINE} cores for web and workers", [f"{count:,}" for count in hosts]))
    for name, of_rate in _shared(servers):
        rows.append((name, [of_rate(rate) for rate in RATES]))
    return [*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)]


def _cores(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


# Bytes of a document's rows and indexes in PostgreSQL: 6.2 GB for 100,000 documents, two to a case, with every rule's result.
KEPT_IN_DATABASE = 62_000


def _amount(value: float, units: Sequence[str]) -> str:
    for unit in units[:-1]:
        if value < 1000:
            return f"{value:,.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
        value /= 1000
    return f"{value:,.1f} {units[-1]}"


def _shared(of: dict[str, float]) -> list[tuple[str, Callable[[int], str]]]:
    """What the servers that all share are given to do."""
    return [
        ("PostgreSQL: transactions a second, reads with them", lambda rate: f"{rate / 60 * of['commits']:,.0f}"),
        ("PostgreSQL: rows written a second", lambda rate: f"{rate / 60 * of['rows written']:,.0f}"),
        ("PostgreSQL: kept in a year", lambda rate: _amount(rate * 525_600 * KEPT_IN_DATABASE / 1e9, ("GB", "TB", "PB"))),
        ("files: kept for 90 days", lambda rate: _amount(rate * 129_600 * of["file bytes"] / 1e9, ("GB", "TB", "PB"))),
        ("network: uploads", lambda rate: _amount(rate / 60 * of["request bytes"] * 8 / 1e6, ("Mbit/s", "Gbit/s", "Tbit/s"))),
    ]


def write(page: Path, made: str) -> None:
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--measured", type=Path, default=ROOT / "docs" / "benchmarks" / "load.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "scaling.md")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    write(chosen.page, tables(json.loads(chosen.measured.read_text()), chosen.workers))
