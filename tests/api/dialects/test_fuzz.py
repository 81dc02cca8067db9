"""Each dialect does what its own OpenAPI document says: Schemathesis against a running service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from webserver import web_server

from config.api.dialects.described import DIALECTS, dialect_document
from tests.conformance.kit import over_http, picture
from tests.conformance.kits import KITS
from tests.test_schemathesis import EXAMPLES

ROOT = Path(__file__).resolve().parents[3]
# Every border of every schema is for `make fuzz`: the dialects speak to the same services as the native API, whose borders are tried always.
PHASES = "examples,coverage,fuzzing,stateful" if "FUZZ" in os.environ else "examples,fuzzing"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_document_is_valid_and_every_operation_has_a_name(dialect: str) -> None:
    document = dialect_document(dialect)
    validate(document)  # type: ignore[arg-type]
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names)) > 8


def _things(address: str, token: str) -> str:
    """Something of each kind that is there, as parameters."""
    verifa, anycheck = (KITS[name](over_http(address), token) for name in ("verifa", "anycheck"))
    session = verifa.call("POST", "/api/v1/sessions", {"workflow_id": "usps1583"}).body["id"]
    body = {"document_type": "passport", "country": "USA", "file": picture()}
    document = verifa.call("POST", f"/api/v1/sessions/{session}/documents", body).body["id"]
    folder = anycheck.call("POST", "/folders", {"name": "fuzz"}).body["id"]
    uuid = anycheck.call("GET", "/verifications").body["items"][0]["id"]
    found = {"verification": session, "document": document, "folder": folder, "uuid": uuid, "page": "1"}
    return "".join(f'"path.{name}" = "{value}"\n' for name, value in found.items())


def test_nothing_but_what_is_documented_is_answered(tmp_path: Path) -> None:
    failed = []
    with web_server(tmp_path) as (address, token):
        for dialect in DIALECTS:
            settings = (ROOT / "schemathesis.toml").read_text().replace("[checks]", f"{_things(address, token)}\n[checks]", 1)
            style = "kebab" if dialect == "persona" else "snake"
            config = tmp_path / f"{dialect}.toml"
            config.write_text(settings.replace('"header.Key-Inflection" = "snake"\n', "").replace("[parameters]", f"[parameters]\n# {style}"))
            command = [
                str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run", f"{address}/api/openapi/{dialect}",
                "--header", f"X-API-Key: {token}", "--header", f"Key-Inflection: {style}", "--header", f"{dialect.capitalize()}-Version: 2026-02-01",
                "--checks", "status_code_conformance,content_type_conformance,response_schema_conformance",
                "--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", "7", "--workers", "1", "--no-color", "--suppress-health-check", "all",
            ]  # fmt: skip
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=3600, check=False)
            print(done.stdout[-4000:] + done.stderr[-1000:])  # noqa: T201
            if done.returncode:
                failed.append((dialect, done.stdout[-6000:]))
    assert failed == []
