"""What is due by time: each entry of SCHEDULE, as often as it says; safe to repeat and to run in two places."""

from __future__ import annotations

import time

import structlog
from django.utils.module_loading import import_string

from config.pipeline import SCHEDULE

log = structlog.get_logger(__name__)
_last: dict[str, float] = {}


def run_schedule(*, everything: bool = False) -> dict[str, int]:
    """Run what is due in this process (or everything); returns what each entry counted. One that fails does not stop the others."""
    now, done = time.monotonic(), {}
    for name, seconds in SCHEDULE.items():
        if not everything and now - _last.get(name, -1e9) < seconds:
            continue
        _last[name] = now
        try:
            done[name] = int(import_string(name)() or 0)
        except Exception as error:
            log.warning("upkeep_failed", entry=name, error=type(error).__name__)
    return done
