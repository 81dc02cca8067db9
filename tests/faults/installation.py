"""The production set as processes of one's own, tended as `manage.py serve` does, and a client that does not give up."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.management.commands.serve import ONE_THREAD, Child
from documents.specimens import draw, holder

ROOT = Path(__file__).resolve().parent.parent.parent
LEASE = 24


class Installation:
    """Web, a reading worker and one for the rest; what dies is started again at once."""

    def __init__(self, folder: Path, port: int, environment: dict[str, str], token: str) -> None:
        self.address, self.token, self.faults = f"http://127.0.0.1:{port}", token, Path(environment["PYTHONFAULTS"])
        work = [sys.executable, str(ROOT / "manage.py"), "work", "--queues"]
        web = [
            sys.executable, "-m", "gunicorn", "config.wsgi", "--chdir", str(ROOT), "-k", "gthread", "-w", "1", "--threads", "4",
            "-b", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "critical",
        ]  # fmt: skip
        others = [*work, "decisions,records,webhooks", "--threads", "2", "--tick"]
        self.web = Child("web", web, environment)
        self.reading = Child("reading", [*work, "reading"], environment | ONE_THREAD)
        self.others = Child("others", others, environment | ONE_THREAD)
        self.stopping = threading.Event()
        self.absent: set[str] = set()
        self.log = (folder / "log").open("ab")
        self.tender = threading.Thread(target=self._tend, daemon=True)

    def __enter__(self) -> Installation:
        os.dup2(self.log.fileno(), 2)
        self.tender.start()
        self.await_ready()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stopping.set()
        self.tender.join()
        for child in (self.web, self.reading, self.others):
            if child.process is not None:
                child.process.terminate()
        for child in (self.web, self.reading, self.others):
            child.end(30)

    def _tend(self) -> None:
        while not self.stopping.wait(0.1):
            for child in (self.web, self.reading, self.others):
                if child.name not in self.absent:
                    child.delay = 0.1  # a fault that is meant is no reason to wait
                    child.tend(time.monotonic())

    def await_ready(self, seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException), urllib.request.urlopen(f"{self.address}/health/ready", timeout=5):
                return
            time.sleep(0.1)
        raise AssertionError("the service did not become ready")

    def kill(self, child: Child) -> None:
        if child.process is not None:
            child.process.kill()

    def arm(self, name: str, content: str = "") -> Path:
        path = self.faults / name
        path.with_suffix(".new").write_text(content)
        path.with_suffix(".new").rename(path)
        return path

    def call(self, method: str, path: str, body: Any = None, *, seconds: float = 90) -> Any:
        """The answer's data. Repeated with the same Idempotency-Key until there is one, as a careful client does."""
        key, until = secrets.token_hex(12), time.monotonic() + seconds
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if method == "POST" else {}
        while True:
            request = urllib.request.Request(f"{self.address}/api/v1{path}", data=data, method=method, headers=headers)
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    return json.loads(response.read() or b"{}").get("data")
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 409:
                    raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from error
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > until:
                raise AssertionError(f"{method} {path} was not answered within {seconds} s")
            time.sleep(0.2)

    def begin(self, seed: int, poison: str = "") -> str:
        """A case with a lease that agrees with what was declared, submitted; with ``poison``, one whose image breaks native code."""
        person = replace(holder(seed, state="CA"))
        first, _, middle = person.given_names.partition(" ")
        declared = {
            "person": {"first_name": first, "middle_name": middle, "last_name": person.surname},
            "address": {"street": person.street, "street2": person.street2, "city": person.city, "state": person.state, "postal_code": person.zip},
        }  # fmt: skip
        case = str(self.call("POST", "/address/verifications", {"expected_data": declared})["id"])
        image = draw("lease", seed=seed, holder=person).jpeg("front") + poison.encode()
        content = {"context_type": "PROOF_OF_ADDRESS", "type": LEASE, "country": "USA", "front_side_data": base64.b64encode(image).decode()}
        self.call("POST", "/address/documents", {"verification": case, "document": content})
        self.call("POST", f"/address/verifications/{case}/submit")
        return case
