"""The capacity model against what is known of queues, and against the simulation."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from statistics import fmean

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import capacity
from capacity import Service

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(("servers", "load", "expected"), [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (5, 4.0, 0.5541), (10, 8.0, 0.4092)])
def test_erlangs_formula(servers: int, load: float, expected: float) -> None:
    assert capacity.erlang_c(servers, load) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(("variation", "expected"), [(0.0, 2.0), (1.0, 4.0)])
def test_one_server_waits_as_pollaczek_and_khinchine_say(variation: float, expected: float) -> None:
    assert capacity.waiting(0.8, Service(1.0, variation), 1) == pytest.approx(expected)


def test_more_work_than_servers_waits_for_ever() -> None:
    assert capacity.waiting(3.0, Service(1.0, 0.5), 3) == math.inf


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.7), (4, 0.8)])
def test_the_simulation_agrees_with_the_model(servers: int, busy: float) -> None:
    times = [0.5, 1.0, 1.5]
    service = Service.of(times)
    rate = busy * servers / service.mean
    waited = fmean(capacity.simulate(rate, times, servers, documents=20_000)) - service.mean
    assert waited == pytest.approx(capacity.waiting(rate, service, servers), rel=0.15)


def test_as_many_servers_as_are_asked_for_are_enough_and_one_less_is_not() -> None:
    service = Service(1.5, 0.6)
    for rate in (0.2, 16.7, 1667.0):
        count = capacity.servers_for(rate, service, most_wait=10)
        assert rate * service.mean / count <= capacity.SHARE
        assert capacity.wait_percentile(rate, service, count, 0.95) <= 10
        fewer = count - 1
        assert fewer == 0 or rate * service.mean / fewer > capacity.SHARE or capacity.wait_percentile(rate, service, fewer, 0.95) > 10


def test_the_page_has_every_rate() -> None:
    made = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8").partition(capacity.BEGIN)[2].partition(capacity.END)[0]
    for rate in capacity.RATES:
        assert f"{rate:,}" in made
    assert "| 95 % within |" in made
