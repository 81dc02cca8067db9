"""What the linters cannot say: one door for states, no stale refreshes, no route without a tenant check."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "flows", "verifications", "documents", "decisions")
SOURCES = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]


def _offenders(pattern: str, allowed: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    found = re.compile(pattern)
    return [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if found.search(path.read_text(encoding="utf-8")) and str(path.relative_to(ROOT)) not in allowed
    ]


def test_states_move_through_the_lifecycle_only() -> None:
    moves = r"\.(approve|reject|refer|reopen|restart|begin_reading|finish_reading|hand_back|give_up_reading)\(\)"
    assert _offenders(moves) == []


def test_no_query_writes_a_status_of_a_state_machine() -> None:
    """Extractions, blobs and outbox rows have plain states; verifications and documents have transitions."""
    allowed = {"documents/extraction.py"}
    assert _offenders(r"\.update\([^)]*\bstatus=", allowed) == []
    assert _offenders(r"(document|verification)\.status = ") == []


def test_nobody_refreshes_a_state_machine_model() -> None:
    assert _offenders(r"refresh_from_db") == []


def test_dialects_write_nothing() -> None:
    """import-linter keeps models out of them; what a service hands over is not changed either."""
    writes = r"\.(save|create|bulk_create|delete|update|get_or_create|update_or_create|select_for_update)\("
    found = [name for name in _offenders(writes) if name.startswith("config/api/dialects/")]
    assert found == []
    assert [name for name in _offenders(r"\.objects\b") if name.startswith("config/api/dialects/")] == []


def test_services_never_import_actors() -> None:
    assert _offenders(r"^\s*(from|import) \S*actors", {"config/checks.py"}) == []


def test_the_web_process_loads_no_engine() -> None:
    """Models and their libraries belong to reading workers: a request's imports must not bring them in."""
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings_test'; import django; django.setup();"
        "import config.urls;"
        "heavy = {'cv2', 'numpy', 'rapidocr', 'openvino', 'zxingcpp', '_dlib_pybind11', 'scipy', 'skimage', 'reportlab.pdfgen'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements/*.lock")), ids=lambda path: path.name)
def test_locks_are_hashed_and_name_no_registry(path: Path) -> None:
    text = path.read_text()
    pins = re.findall(r"^[a-zA-Z0-9._-]+(?:\[[^\]]*\])?==\S+", text, re.M)
    assert len(pins) > 50
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
