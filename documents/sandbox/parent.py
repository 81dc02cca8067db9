"""A worker's hold on its reading process: started once, asked again and again, killed when it takes too long, replaced when it is gone."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from documents.sandbox import wire
from flows.errors import Refused

if TYPE_CHECKING:
    from documents.readers import FaceMatch, Reading

START_SECONDS = 120
# What the child inherits: how Python and the engines run, and no secret.
_PASSED = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "EASYOCR_MODULE_PATH", "MODULE_PATH", "TESSDATA_PREFIX")
_PASSED_PREFIXES = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "MALLOC_", "GLIBC_", "ONEDNN_")
# What the networks calculate in comes and goes with every page, in blocks of megabytes. Those are the kernel's, so that they leave no holes in a
# heap that never shrinks: 650 MB at most instead of 1.1 GB. Large pages make getting them cheap, and save a tenth where addresses are translated
# twice, in virtual machines. Prepared layers are kept by OpenVINO per network; oneDNN, below it, would keep three times as many. Other C libraries
# ignore the first three; who sets the same names for the worker overrides them.
LESS_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "300",
}
_ROOT = Path(__file__).resolve().parent.parent.parent


class ReadingFailed(Exception):
    """An engine failed in the child: the type of its exception and the place, never its text."""


class ReadingKilled(Exception):
    """The child is gone: it crashed, ran out of memory, or was killed because it took too long."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` for one document, ``memory_mb`` of address space for the process."""

    seconds: float
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Answer:
    """``renditions`` are JPEGs in the order of ``reading.pages``, which carry no pixels."""

    reading: Reading
    renditions: list[bytes]
    faces: FaceMatch | None
    faces_ms: int


class Sandbox:
    """One child at a time; threads that share it take turns."""

    def __init__(self, *, ocr: str, faces: str, limits: Limits) -> None:
        self._settings = {"ocr": ocr, "faces": faces, "memory_mb": limits.memory_mb}
        self._limits = limits
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self.engines: dict[str, str] = {}
        self.pid: int | None = None
        atexit.register(self.close)

    def start(self) -> None:
        """Have the child running with its models loaded. Raises ReadingKilled when it cannot start."""
        with self._turn:
            self._ready()

    def read(self, order: dict[str, Any], blobs: list[bytes]) -> Answer:
        """Raises Refused as the readers do, ReadingFailed, ReadingKilled."""
        with self._turn:
            end = self._ready()
            deadline = time.monotonic() + self._limits.seconds
            try:
                wire.send(end, order, blobs, deadline=deadline)
                message, pictures = wire.receive(end, deadline=deadline)
                return _understood(message, pictures)
            except (TimeoutError, wire.WireError) as error:
                code = self._kill()
                raise ReadingKilled(f"{type(error).__name__}, exit code {code}") from None

    def close(self) -> None:
        self._kill()

    def _ready(self) -> socket.socket:
        if self._process is not None and self._end is not None and self._process.poll() is None:
            return self._end
        self._kill()
        self._end, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "documents.sandbox.child", str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(command, cwd=_ROOT, env=_environment(os.environ), stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        self.pid = self._process.pid
        deadline = time.monotonic() + START_SECONDS
        try:
            wire.send(self._end, self._settings, deadline=deadline)
            self.engines = wire.receive(self._end, deadline=deadline)[0]["engines"]
        except (TimeoutError, wire.WireError, KeyError) as error:
            code = self._kill()
            raise ReadingKilled(f"did not start: {type(error).__name__}, exit code {code}") from None
        return self._end

    def _kill(self) -> int | None:
        process, self._process = self._process, None
        if self._end is not None:
            self._end.close()
            self._end = None
        if process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            # One that crashed is about to say how.
            return process.wait(timeout=0.1)
        process.kill()
        return process.wait()


def _environment(whole: Mapping[str, str]) -> dict[str, str]:
    return LESS_MEMORY | {name: value for name, value in whole.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)}


def _understood(message: dict[str, Any], pictures: list[bytes]) -> Answer:
    if "refused" in message:
        raise Refused(str(message["refused"]), str(message.get("message", "")), status=int(message.get("status", 400)))
    if message.get("failed") == "MemoryError":
        raise wire.WireError("out of memory")
    if "failed" in message:
        raise ReadingFailed(f"{message['failed']} at {message.get('at', '')}")
    reading = wire.to_reading(message.get("reading") or {})
    if len(pictures) != len(reading.pages):
        raise wire.WireError("pictures")
    return Answer(reading, pictures, wire.to_match(message.get("faces")), int(message.get("faces_ms", 0)))
