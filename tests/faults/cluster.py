"""A PostgreSQL cluster, a Redis and a bucket of one's own, from the installed binaries: they may be stopped, crashed and emptied without asking."""

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
from typing import Any

import boto3
import psycopg
import redis
from botocore.config import Config

# Swift belongs to the system's Python, not to the one that runs this.
SYSTEM_PYTHON = "/usr/bin/python3"
SWIFT = Path(__file__).resolve().parent / "swift_process.py"


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


def _require_attributes(folder: Path) -> None:
    """Swift keeps what it knows of an object in attributes of its file."""
    try:
        os.setxattr(folder, "user.vouchbox", b"1")
    except (OSError, AttributeError) as error:
        raise Missing(f"a temporary folder with extended attributes, for Swift ({error})") from error


class Bucket:
    """One bucket on an S3-compatible server that checks signatures and their time: OpenStack Swift, as Debian's python3-swift brings it. What it
    holds is in ``folder`` and survives a crash."""

    NAME, KEY, SECRET, REGION = "papers", "vouchbox:store", "a-secret-of-tests", "us-east-1"

    def __init__(self, folder: Path) -> None:
        there = [SYSTEM_PYTHON, "-I", "-c", "import importlib.util as found; raise SystemExit(found.find_spec('swift') is None)"]
        if not os.access(SYSTEM_PYTHON, os.X_OK) or subprocess.run(there, check=False, stderr=subprocess.DEVNULL).returncode:
            raise Missing("OpenStack Swift (python3-swift)")
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        _require_attributes(folder)
        self.start()
        self.client().create_bucket(Bucket=self.NAME)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, serve: str) -> dict[str, str]:
        """The service's settings for it; ``serve`` is ``presigned`` or ``proxy``."""
        url = f"s3://{self.NAME}?endpoint={self.endpoint}&region={self.REGION}&serve={serve}"
        return {"STORAGE_URL": url, "AWS_ACCESS_KEY_ID": self.KEY, "AWS_SECRET_ACCESS_KEY": self.SECRET}

    def client(self, secret: str = SECRET) -> Any:
        keys = {"aws_access_key_id": self.KEY, "aws_secret_access_key": secret, "region_name": self.REGION}
        return boto3.client("s3", endpoint_url=self.endpoint, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}), **keys)

    def names(self) -> list[str]:
        return [
            entry["Key"] for page in self.client().get_paginator("list_objects_v2").paginate(Bucket=self.NAME) for entry in page.get("Contents", ())
        ]

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            command = [SYSTEM_PYTHON, "-I", str(SWIFT), str(self.folder), str(self.port), self.KEY, self.SECRET]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        self.stop()
        raise Missing(f"Swift that answers: {(self.folder / 'log').read_text()[-2000:]}")

    def pause(self) -> None:
        """It takes connections and answers none, until ``resume``."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def stop(self) -> None:
        """Like a crash: SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
