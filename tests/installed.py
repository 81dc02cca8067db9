"""The whole service as `make run` starts it, for tests that speak HTTP to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from servers import free_port

import templates

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Service:
    """A running service with its process group."""

    address: str
    token: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/v1{path}", data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"{}").get("data")

    def workers(self, queue: str) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "work" in child.cmdline() and any(queue in part for part in child.cmdline())]


@contextlib.contextmanager
def running(folder: Path, **environment: str) -> Iterator[Service]:
    """`manage.py start` on a free port, ready; stopped like Ctrl-C does. On SQLite when no database is given."""
    port = free_port()
    if "DATABASE_URL" not in environment:
        environment |= {"DATABASE_URL": templates.sqlite(folder / "vouchbox.sqlite3")}
    settings = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "RATE_LIMIT": "off",
        "WORKERS": "1",
        **environment,
    }
    log = (folder / "service.log").open("wb")
    command = [sys.executable, "manage.py", "start", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _await_ready(address, folder)
        yield Service(address, (folder / "demo" / "token").read_text(), process, settings)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log.close()


def _await_ready(address: str, folder: Path) -> None:
    until = time.monotonic() + 240
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health/ready", timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError((folder / "service.log").read_text()[-4000:])


def await_that(holds: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.2)
