"""The service does exactly what its OpenAPI document says: Schemathesis, all checks, stateful links.

``FUZZ`` is the number of examples per operation. Without it, and outside CI, the phase that tries every border of every schema is left out;
`make fuzz` runs more than 10,000 cases.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from servers import free_port

ROOT = Path(__file__).resolve().parent.parent
FULL = os.environ.get("CI") == "true" or "FUZZ" in os.environ
EXAMPLES = int(os.environ.get("FUZZ", "10" if FULL else "3"))
PHASES = "examples,coverage,fuzzing,stateful" if FULL else "examples,fuzzing,stateful"


@contextlib.contextmanager
def web_server(folder: Path) -> Iterator[tuple[str, str]]:
    """The web process alone, on a database of its own: its address and a token."""
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder), "RATE_LIMIT": "off", "REDIS_URL": "",
        "DATABASE_URL": f"sqlite:///{folder / 'fuzz.sqlite3'}",
    }  # fmt: skip
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "-v0"], ["sync_flows"]):
        subprocess.run([*manage, *command], cwd=ROOT, env=environment, check=True, capture_output=True)
    issued = subprocess.run([*manage, "issue_token", "fuzz"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "-k", "gthread", "-w", "1", "--threads", "4", "-b", address, "--no-control-socket"]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(100):
            with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"http://{address}/health/live", timeout=2):
                break
            time.sleep(0.1)
        yield f"http://{address}", issued.stdout.strip()
    finally:
        process.terminate()
        process.wait(timeout=40)


def test_nothing_but_what_is_documented_is_answered(tmp_path: Path) -> None:
    with web_server(tmp_path) as (address, token):
        program = Path(sys.executable).with_name("schemathesis")
        command = [
            str(program), "--config-file", str(ROOT / "schemathesis.toml"), "run", f"{address}/api/v1/openapi.json", "--header",
            f"Authorization: Bearer {token}", "--checks", "all", "--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", "7", "--workers", "1", "--no-color",
            "--suppress-health-check", "all",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=7200, check=False)
    report = done.stdout[-12_000:] + done.stderr[-2000:]
    print(report)  # noqa: T201
    assert done.returncode == 0, report
    counted = re.search(r"(\d+) generated", done.stdout)
    assert counted is not None
    assert int(counted[1]) > (3000 if FULL else 100)
    uncovered = re.search(r"Missing test data: (\d+) operations", done.stdout)
    print(counted[0], uncovered and uncovered[0])  # noqa: T201
