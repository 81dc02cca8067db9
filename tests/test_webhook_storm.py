"""Every event reaches a receiver that fails half the time, though the worker is killed three times: 1,000 events on production's database in CI,
fewer elsewhere. One that hangs keeps no other waiting."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from servers import postgres_database

import templates
from verifications.slots import SLOTS

ROOT = Path(__file__).resolve().parent.parent
EVENTS = 1000 if os.environ.get("CI") == "true" or os.environ.get("STORM") == "full" else 240


def _told_by(script: str, tmp_path: Path, *arguments: str, production: bool) -> Any:
    """What a script of its own process, on a database of its own, prints."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres_database(migrated=True)) if production else templates.sqlite(tmp_path / "storm.sqlite3")
        environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": ""}
        command = [sys.executable, str(ROOT / "tests" / script), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.service
@pytest.mark.parametrize("production", [False, True], ids=["sqlite", "postgresql"])
def test_none_is_lost_and_repetitions_bear_the_same_id(tmp_path: Path, production: bool) -> None:
    events = EVENTS if production else 240
    found = _told_by("storm.py", tmp_path, str(events), "3", production=production)
    assert (found["events"], found["delivered"], found["killed"]) == (events, events, 3), found
    assert (found["lost"], found["strangers"], found["bodies_per_id"]) == ([], [], 1)
    assert found["failed"] > events // 3
    assert found["posts"] >= events + found["failed"]


@pytest.mark.service
@pytest.mark.parametrize("production", [False, True], ids=["sqlite", "postgresql"])
def test_a_receiver_that_hangs_keeps_no_other_waiting(tmp_path: Path, production: bool) -> None:
    """The worker has four threads for webhooks, and twenty events are for both receivers."""
    found = _told_by("hanging.py", tmp_path, "20", production=production)
    assert found["quick"] == 20, found
    assert 1 <= found["most_at_once"] <= SLOTS, found
