"""Every event reaches a receiver that fails half the time, though the worker is killed three times: 1,000 events in CI, fewer elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from servers import postgres_database

ROOT = Path(__file__).resolve().parent.parent
EVENTS = 1000 if os.environ.get("CI") == "true" or os.environ.get("STORM") == "full" else 120


@pytest.mark.service
@pytest.mark.parametrize("production", [False, True], ids=["sqlite", "postgresql"])
def test_none_is_lost_and_repetitions_bear_the_same_id(tmp_path: Path, production: bool) -> None:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres_database()) if production else f"sqlite:///{tmp_path / 'storm.sqlite3'}"
        environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": ""}
        command = [sys.executable, str(ROOT / "tests" / "storm.py"), str(EVENTS), "3"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert (found["events"], found["delivered"], found["killed"]) == (EVENTS, EVENTS, 3), found
    assert (found["lost"], found["strangers"], found["bodies_per_id"]) == ([], [], 1)
    assert found["failed"] > EVENTS // 3
    assert found["posts"] >= EVENTS + found["failed"]
