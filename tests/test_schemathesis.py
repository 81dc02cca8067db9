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
from typing import cast

from servers import free_port

from config.api.reference import DOCUMENT
from vouchbox_client import Client
from vouchbox_client.api import DocumentContentRequest

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


def things(address: str, token: str) -> str:
    """Something of each kind that is there, as parameters: made-up ids would all end at 404."""
    api = Client(address, token)
    case = api.start_a_verification("usps1583", {"external_ref": "fuzz"})
    document = api.upload_a_document("usps1583", {"verification": case["id"], "document": cast("DocumentContentRequest", DOCUMENT)})
    webhook = api.register_a_webhook({"url": "https://hooks.example/fuzz"})
    delivery = api.send_a_test_event(webhook["id"])
    found = {"verification": case["id"], "document": document["id"], "webhook": webhook["id"], "delivery": delivery["id"]}
    return "".join(f'"path.{name}" = "{value}"\n' for name, value in found.items())


def test_nothing_but_what_is_documented_is_answered(tmp_path: Path) -> None:
    with web_server(tmp_path) as (address, token):
        config = tmp_path / "schemathesis.toml"
        config.write_text((ROOT / "schemathesis.toml").read_text().replace("[checks]", f"{things(address, token)}\n[checks]", 1))
        program = Path(sys.executable).with_name("schemathesis")
        command = [
            str(program), "--config-file", str(config), "run", f"{address}/api/v1/openapi.json",
            "--header", f"Authorization: Bearer {token}",
            "--checks", "all", "--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", "7", "--workers", "1", "--no-color",
            "--suppress-health-check", "all",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=7200, check=False)
    report = done.stdout[-12_000:] + done.stderr[-2000:]
    print(report)  # noqa: T201
    assert done.returncode == 0, report
    counted = re.search(r"(\d+) generated", done.stdout)
    assert counted is not None
    assert int(counted[1]) > (3000 if FULL else 100)
