"""The web process alone, without workers, for whoever wants to speak real HTTP."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from servers import free_port

import templates

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def web_server(folder: Path) -> Iterator[tuple[str, str]]:
    """On a database of its own: its address and a token."""
    with web_servers(folder, 1) as (addresses, token):
        yield addresses[0], token


@contextlib.contextmanager
def web_servers(folder: Path, count: int, **settings: str) -> Iterator[tuple[list[str], str]]:
    """So many processes on one database, which has its tables: their addresses and a token."""
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder), "RATE_LIMIT": "off", "REDIS_URL": "",
        **settings,
    }  # fmt: skip
    if "DATABASE_URL" not in settings:
        environment["DATABASE_URL"] = templates.sqlite(folder / "fuzz.sqlite3")
    issued = subprocess.run(
        [sys.executable, "manage.py", "issue_token", "fuzz"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    with contextlib.ExitStack() as running:
        addresses = [running.enter_context(_process(folder, environment)) for _ in range(count)]
        yield addresses, issued.stdout.strip()


@contextlib.contextmanager
def _process(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "-k", "gthread", "-w", "1", "--threads", "4", "-b", address, "--no-control-socket"]
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/health/live", timeout=2):
                break
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=40)
