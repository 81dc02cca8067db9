"""The real command of key rotation is killed half-way: nothing is lost, and it goes on where it was."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

import templates

ROOT = Path(__file__).resolve().parent.parent
COUNT = 4000
OLD, NEW = (f"{name}:{base64.b64encode(name[:1].encode() * 32).decode()}" for name in ("old", "new"))
FILL = f"""
from django.db import transaction
from flows import datakeys
import pathlib
with transaction.atomic(), open(pathlib.Path(PATH), "wb") as kept:
    for number in range({COUNT}):
        sealed = datakeys.seal(b"value %d" % number, "place", f"ver_{{number}}")
        kept.write(len(sealed).to_bytes(2, "big") + sealed)
"""
OPEN = """
from flows import datakeys
kept, number = open(PATH, "rb"), 0
while size := kept.read(2):
    assert datakeys.unseal(kept.read(int.from_bytes(size, "big")), "place") == b"value %d" % number
    number += 1
print(number)
"""


class Installation:
    """A database of its own, and `manage.py` upon it under given keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environment(self, keys: str) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL")}
        return {**clean, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(self.folder), "FIELD_ENCRYPTION_KEYS": keys}

    def run(self, keys: str, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment(keys), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def shell(self, keys: str, code: str) -> str:
        return self.run(keys, "shell", "-v0", "-c", f"PATH = {str(self.folder / 'kept')!r}\n{code}")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    templates.sqlite(tmp_path / "vouchbox.sqlite3", flows=False)
    made.shell(OLD, FILL)
    return made


def held(installation: Installation) -> dict[str, int]:
    lines = installation.run(f"{NEW},{OLD}", "rotate_keys", "--check").splitlines()
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(": ") for line in lines)}


def test_killed_half_way_it_resumes_and_loses_nothing(installation: Installation) -> None:
    assert held(installation) == {"old": COUNT}
    both = f"{NEW},{OLD}"
    for _ in range(2):
        command, environment = [sys.executable, "manage.py", "rotate_keys"], installation.environment(both)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert process.stderr is not None
        for line in process.stderr:
            if int(line.split(" of ")[1].split(", ")[1].split()[0]) > 0:
                break
        process.kill()
        assert process.wait(timeout=30) == -9
        process.stderr.close()
        half = held(installation)
        assert half["new"] + half["old"] == COUNT
        assert half["new"] > 0
        assert half["old"] > 0
        assert installation.shell(both, OPEN).strip() == str(COUNT)
    assert installation.run(both, "rotate_keys") == f"new: {COUNT}\n"
    assert installation.shell(NEW, OPEN).strip() == str(COUNT)
