"""The whole service in one process group: web, reading workers, the other workers with the clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from verifications.outbox import release_leases

log = structlog.get_logger(__name__)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass
class Child:
    """A process that is started again when it dies, after 0.5 s and up to 30 s."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = 0.5
    start_at: float = field(default=0.0)

    def tend(self, now: float) -> None:
        if self.process is not None and self.process.poll() is not None:
            self.delay = 0.5 if now - self.started > 60 else min(30.0, self.delay * 2)
            log.warning("child_died", child=self.name, code=self.process.returncode, again_in=self.delay)
            _release(self.process.pid)
            self.process, self.start_at = None, now + self.delay
        if self.process is None and now >= self.start_at:
            self.started = now
            # A group of its own: Ctrl-C reaches the supervisor alone, which stops the children in order.
            self.process = subprocess.Popen(self.command, env={**os.environ, **self.environment}, start_new_session=True)

    def end(self, seconds: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _release(pid: int) -> None:
    try:
        release_leases(pid)
    except DatabaseError as error:
        log.warning("leases_not_released", error=type(error).__name__)
    finally:
        connection.close()


class Command(BaseCommand):
    help = "Serve: web server and workers, until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        children = _children(host, port)
        while not stop.is_set():
            for child in children:
                child.tend(time.monotonic())
            stop.wait(0.25)
        _stop(children)


def _stop(children: list[Child]) -> None:
    running = [child for child in children if child.process is not None and child.process.poll() is None]
    for child in running:
        assert child.process is not None
        child.process.terminate()
    deadline = time.monotonic() + 60
    for child in running:
        child.end(max(0.1, deadline - time.monotonic()))


def _children(host: str, port: int) -> list[Child]:
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py"), "work"]
    temporary = ["--worker-tmp-dir", "/dev/shm"] if os.path.isdir("/dev/shm") else []  # noqa: S108 (gunicorn's heartbeat file must be in memory)
    web = [
        sys.executable, "-m", "gunicorn", "config.wsgi", "--chdir", str(settings.BASE_DIR), "-k", "gthread", "-w", "1",
        "--threads", str(settings.WEB_THREADS), "-b", f"{host}:{port}", "--timeout", "60", "--graceful-timeout", "30",
        "--no-control-socket", "--log-level", "warning", *temporary,
    ]  # fmt: skip
    # On the one machine that they share, reading takes what uploads, decisions and pages leave: it is most of the work, and nobody waits for it.
    reading = [*manage, "--queues", "reading", "--nice", "5"]
    readers = [Child(f"reading-{number}", reading, ONE_THREAD) for number in range(1, settings.WORKERS + 1)]
    others = [*manage, "--queues", "decisions,records,webhooks", "--threads", str(settings.WORKER_THREADS), "--tick"]
    return [Child("web", web, {}), *readers, Child("others", others, dict(ONE_THREAD))]
