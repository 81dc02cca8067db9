"""Four faults as they come, and the table of all of them held against the list. `make faults` runs them all and renews the table."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from servers import missing

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.service
@pytest.mark.engine
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (["--only", "disk full", "reading process killed"], [("reading process killed", 3, [], []), ("disk full", 2, [], [])]),
        (["--bucket"], [("bucket stopped", 2, [], []), ("bucket hangs", 2, [], [])]),
    ],
    ids=["files in a folder", "files in a bucket"],
)
def test_uploads_survive_a_full_disk_a_lost_bucket_and_a_reader_that_is_killed(chosen: list[str], expected: list[tuple[Any, ...]]) -> None:
    settings = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATA_DIR", "DJANGO_SETTINGS_MODULE")
    clean = {name: value for name, value in os.environ.items() if name not in settings}
    command = [sys.executable, "tests/faults/run.py", *chosen]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=300, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 2:
        missing(rows[-1]["missing"])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert [(row["fault"], row["uploads"], row["lost"], row["twice"]) for row in rows] == expected


def test_the_page_has_a_row_for_every_fault_with_nothing_lost_and_nothing_twice() -> None:
    source = ast.parse((ROOT / "tests" / "faults" / "run.py").read_text())
    listed = next(node.value for node in source.body if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "FAULTS")
    assert isinstance(listed, ast.List)
    names = [entry.elts[0].value for entry in listed.elts if isinstance(entry, ast.Tuple) and isinstance(entry.elts[0], ast.Constant)]
    page = (ROOT / "docs" / "reliability.md").read_text()
    rows = re.findall(r"^\| (.+?) \| .+? \| (\d+) \| (.+?) \| (\d+) \| (\d+) \|$", page, re.M)
    assert [row[0] for row in rows] == names
    for fault, uploads, ended, lost, twice in rows:
        assert (lost, twice) == ("0", "0"), fault
        assert sum(int(part.split()[0]) for part in ended.split(", ")) == int(uploads) >= 2, fault
        assert {part.split(" ", 1)[1] for part in ended.split(", ")} <= {"Approved", "Rejected", "Double Check"}, fault
