"""The service does exactly what its OpenAPI document says: Schemathesis, all checks, stateful links.

``FUZZ`` is the number of examples per operation. Without it, and outside CI, the phase that tries every border of every schema is left out;
`make fuzz` runs more than 10,000 cases.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import cast

from webserver import web_server

from config.api.reference import DOCUMENT
from vouchbox_client import Client
from vouchbox_client.api import DocumentContentRequest

ROOT = Path(__file__).resolve().parent.parent
FULL = os.environ.get("CI") == "true" or "FUZZ" in os.environ
EXAMPLES = int(os.environ.get("FUZZ", "5" if FULL else "3"))
PHASES = "examples,coverage,fuzzing,stateful" if FULL else "examples,fuzzing,stateful"


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
