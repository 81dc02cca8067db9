"""Looks at everything the service stands on, and reads a specimen from end to end with the network refused."""

from __future__ import annotations

import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import health
from documents import reading
from documents.specimens import draw
from documents.types import DOCUMENT_TYPES
from flows.vault import keyring


class Command(BaseCommand):
    help = "Check database, broker, storage and every reader; exit 1 if anything is wrong."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--running", action="store_true", help="also require workers that are alive")

    def handle(self, *args: Any, running: bool, **options: Any) -> None:
        checks: dict[str, Callable[[], str]] = {
            "database": _database,
            "broker": lambda: str(health.check_broker()["engine"]),
            "storage": _storage,
            "keys": _keys,
            **{f"engine {kind}": _engine(kind) for kind in ("text", "barcodes", "faces", "mrz_second")},
            "specimen": _specimen,
        }
        if running:
            checks["workers"] = _workers
        failed = sum(not self._line(name, probe) for name, probe in checks.items())
        if failed:
            sys.exit(1)

    def _line(self, name: str, probe: Callable[[], str]) -> bool:
        begun = time.monotonic()
        try:
            text, ok = probe(), True
        except Exception as error:
            text, ok = f"{type(error).__name__}: {error}", False
        mark = "ok  " if ok else "FAIL"
        self.stdout.write(f"{mark} {name:<18} {text} ({(time.monotonic() - begun) * 1000:.0f} ms)")
        return ok


def _database() -> str:
    engine = health.check_database()["engine"]
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("migrations are missing; run manage.py migrate")
    return f"{engine}, migrated"


def _storage() -> str:
    health.check_storage()
    return settings.STORAGE_URL.partition(":")[0] + (", presigned" if settings.STORAGE_PRESIGNED else ", encrypted by us")


def _keys() -> str:
    """Seals and opens something, which asks the KMS where there is one."""
    ring = keyring()
    if ring.open(ring.seal(b"doctor", "doctor"), "doctor") != b"doctor":
        raise RuntimeError("what was sealed did not open")
    return f"{ring.primary} seals and opens"


def _workers() -> str:
    found = health.check_workers()
    if not found["ok"]:
        raise RuntimeError(f"no worker serves {', '.join(found['queues_without_worker'])}")
    return f"{found['alive']} alive"


def _engine(kind: str) -> Callable[[], str]:
    def probe() -> str:
        engine = getattr(reading.engines(), kind, None)
        if engine is None:
            return "off" if kind == "faces" else "none; not needed"
        state = engine.available()
        if not state.ok and kind != "mrz_second":
            raise RuntimeError(f"{engine.name}: {state.reason}")
        return f"{engine.name} {engine.version}" if state.ok else f"{engine.name} is not used: {state.reason}"

    return probe


def _specimen() -> str:
    specimen = draw("passport", seed=7)
    with no_network():
        found = reading.read_sides({"front": specimen.jpeg("front")}, DOCUMENT_TYPES[1], "USA")
    number = found.fields.get("document.number")
    if number is None or number.value != specimen.truth["document.number"]:
        raise RuntimeError("a drawn passport was not read as it was drawn")
    return f"a drawn passport read in {found.seconds:.2f} s with the network refused"


@contextmanager
def no_network() -> Iterator[None]:
    """Every connection attempt of this process fails meanwhile."""

    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError("the network is refused")

    kept = socket.socket.connect, socket.getaddrinfo
    socket.socket.connect, socket.getaddrinfo = refuse, refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.socket.connect, socket.getaddrinfo = kept  # type: ignore[method-assign]
