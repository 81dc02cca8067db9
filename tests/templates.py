"""Databases that are migrated once in a run of the tests and copied from then on: migrating takes seconds of a core, copying none.

A test of the migrations themselves, or of a start from nothing, begins with an empty database instead.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOREIGN = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "KEY_WRAPPER")


def open_shop() -> None:
    """Names the folder of this run, which the processes below find in the environment; whoever made it removes it."""
    if "TEST_TEMPLATES" in os.environ:
        return
    folder, owner = tempfile.mkdtemp(prefix="vouchbox-templates-"), os.getpid()
    os.environ["TEST_TEMPLATES"] = folder

    def close() -> None:
        if os.getpid() == owner:
            _forget_databases(Path(folder))
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(close)


@contextlib.contextmanager
def _alone(name: str) -> Iterator[Path]:
    """The run's folder; one process at a time for each name."""
    folder = Path(os.environ["TEST_TEMPLATES"])
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _manage(url: str, *arguments: str) -> None:
    """Nothing in the tables is sealed yet, so that any keys may be used with a copy."""
    clean = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    with tempfile.TemporaryDirectory() as data:
        environment = {**clean, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": data, "DATABASE_URL": url}
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True, capture_output=True)


def sqlite(path: Path, *, flows: bool = True) -> str:
    """The URL of a migrated database at ``path``, which is new; with the flows of the catalogue or, as after `migrate`, without."""
    with _alone("sqlite") as folder:
        empty, filled = folder / "empty.sqlite3", folder / "filled.sqlite3"
        if not filled.exists():
            _manage(f"sqlite:///{empty}", "migrate", "-v0")
            made = shutil.copyfile(empty, folder / "made.sqlite3")
            _manage(f"sqlite:///{made}", "sync_flows")
            made.rename(filled)
    shutil.copyfile(filled if flows else empty, path)
    return f"sqlite:///{path}"


def postgresql(server: str) -> str:
    """The name of a migrated database on that server, for CREATE DATABASE … TEMPLATE. It goes when the run ends."""
    import psycopg

    with _alone("postgresql") as folder:
        known = folder / "postgresql"
        for line in known.read_text().splitlines() if known.exists() else ():
            name, _, place = line.partition(" ")
            if place == server:
                return name
        name = f"vouchbox_template_{os.getpid()}_{os.urandom(4).hex()}"
        with known.open("a") as file:
            file.write(f"{name} {server}\n")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        _manage(f"{server}/{name}", "migrate", "-v0")
        _manage(f"{server}/{name}", "sync_flows")
        return name


def _forget_databases(folder: Path) -> None:
    import psycopg

    known = folder / "postgresql"
    for line in known.read_text().splitlines() if known.exists() else ():
        name, _, server = line.partition(" ")
        with contextlib.suppress(psycopg.Error), psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=5) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
