"""A PostgreSQL cluster and a Redis of one's own, from the installed binaries: they may be stopped, crashed and emptied without asking anybody."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psycopg
import redis


class Missing(Exception):
    """A server that is not installed here."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """With fsync, as in production: what was committed survives a crash."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        """``settings`` are options of the server such as ``-c shared_buffers=1GB``. A folder that is there already is started again as it is."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [os.path.dirname(shutil.which("initdb") or "")]
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if not found[-1] or (self.as_user and shutil.which("runuser") is None):
            raise Missing("PostgreSQL")
        self.binaries, self.folder, self.port, self.settings = found[-1], folder, free_port(), settings
        if folder.exists():
            self.start()
            return
        folder.mkdir(mode=0o700)
        if self.as_user:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-A", "trust", "-U", "postgres", "-D", str(folder))
        self.start()
        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE vouchbox")

    @property
    def server(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.server}/vouchbox"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 {self.settings}"
        self._run("pg_ctl", "-D", str(self.folder), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str) -> None:
        """``fast`` is an orderly restart, ``immediate`` a crash: the next start recovers from the log."""
        self._run("pg_ctl", "-D", str(self.folder), "-m", mode, "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([*self.as_user, f"{self.binaries}/{program}", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Redis:
    """Keeps nothing on disk: a restart forgets everything."""

    def __init__(self) -> None:
        if shutil.which("redis-server") is None:
            raise Missing("Redis")
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(100):
            with contextlib.suppress(redis.RedisError):
                self.client().ping()
                return
            time.sleep(0.05)
        raise Missing("Redis that answers")

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def flush(self) -> None:
        self.client().flushall()

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None
