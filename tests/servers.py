"""Servers for tests: the one a test is pointed to or finds running, else one started from installed binaries, else a skip by name."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from faults.cluster import Bucket, Missing

import templates

REQUIRED = os.environ.get("CI") == "true" or os.environ.get("REQUIRE_SERVICES") == "1"


def missing(name: str) -> None:
    """Skip by name; where services are required, fail instead."""
    if REQUIRED:
        pytest.fail(f"{name} is needed here and is not there")
    pytest.skip(f"{name} is not there")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def postgres_database(*, migrated: bool = False) -> Iterator[str]:
    """The URL of a fresh database of the test's own, empty or with the tables and flows of an installation; dropped afterwards."""
    with _postgres() as (server, lasts):
        name = f"vouchbox_test_{secrets.token_hex(6)}"
        # On a server that ends with this test a template would be used once.
        after = f' TEMPLATE "{templates.postgresql(server)}"' if migrated and lasts else ""
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"{after}')
            # No test pulls the plug of this server (tests/faults does, of its own), so nobody has to wait for its disk.
            connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        try:
            yield f"{server}/{name}"
        finally:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def _postgres() -> Iterator[tuple[str, bool]]:
    """Its URL without a database, and whether it outlasts this test."""
    candidates = [
        os.environ.get("TEST_POSTGRES_URL", "").rstrip("/"),
        "postgresql://postgres@127.0.0.1:5432",
        "postgresql://postgres:postgres@127.0.0.1:5432",
    ]
    for server in filter(None, candidates):
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(f"{server}/postgres", connect_timeout=2).close()
            yield server, True
            return
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [os.path.dirname(shutil.which("initdb") or "")]
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if not folders[-1] or (as_user and shutil.which("runuser") is None):
        missing("PostgreSQL")
    with tempfile.TemporaryDirectory() as folder:
        port, binaries = free_port(), folders[-1]
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        subprocess.run([*as_user, f"{binaries}/initdb", "-A", "trust", "-U", "postgres", "-D", folder], check=True, capture_output=True)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        start = [*as_user, f"{binaries}/pg_ctl", "-D", folder, "-w", "-l", f"{folder}/log", "-o", options, "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL)
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}", False
        finally:
            subprocess.run([*as_user, f"{binaries}/pg_ctl", "-D", folder, "-m", "immediate", "stop"], check=False, capture_output=True)


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """A Redis URL; keys of the test's own are up to its prefix."""
    for url in filter(None, [os.environ.get("TEST_REDIS_URL", ""), "redis://127.0.0.1:6379/0"]):
        with contextlib.suppress(redis.RedisError):
            redis.Redis.from_url(url, socket_connect_timeout=2).ping()
            yield url
            return
    binary = shutil.which("redis-server")
    if binary is None:
        missing("Redis")
    port = free_port()
    process = subprocess.Popen([str(binary), "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)
        for _ in range(100):
            with contextlib.suppress(redis.RedisError):
                client.ping()
                break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def bucket() -> Iterator[Bucket]:
    """An empty bucket on a server of the test's own, which it may stop."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            store = Bucket(Path(folder))
        except Missing as error:
            missing(str(error))
        try:
            yield store
        finally:
            store.stop()
