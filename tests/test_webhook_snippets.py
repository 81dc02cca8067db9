"""The guide's snippets in Python, Node and PHP, run over the guide's vectors, which are what the service sends. RENEW_DOCS=1 writes them anew."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from servers import missing

from verifications.signing import signed_headers

ROOT = Path(__file__).resolve().parent.parent
GUIDE, VECTORS = ROOT / "docs" / "webhooks.md", ROOT / "docs" / "webhook_vectors.json"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
PLAIN = "a plain secret of a verification, ünicode included"
NOW = 1_781_145_770
EVENT = {"id": "evt_01jd8x3m5k7n9p1r3t5v7x9z1b", "type": "verification.finished", "timestamp": "2026-06-11T02:42:50.000000Z"}
BODY = json.dumps({**EVENT, "data": {"flow": "prüfung"}}, separators=(",", ":"), ensure_ascii=False)


def _vector(name: str, genuine: bool, secret: str = SECRET, signed_with: tuple[str, ...] = (SECRET,), **changes: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(changes.pop("at", NOW), UTC)
    headers = signed_headers(event_id="evt_01jd8x3m5k7n9p1r3t5v7x9z1b", body=BODY.encode(), secrets=signed_with, at=at)
    headers = {key.lower(): value for key, value in headers.items()} | changes.pop("headers", {})
    return {"name": name, "genuine": genuine, "secret": secret, "now": NOW, "headers": headers, "body": changes.pop("body", BODY)}


def vectors() -> list[dict[str, Any]]:
    return [
        _vector("as it should be", True),
        _vector("a secret without prefix", True, PLAIN, (PLAIN,)),
        _vector("after a rotation, the new secret", True, SECRET, (SECRET, OLD)),
        _vector("after a rotation, the old secret", True, OLD, (SECRET, OLD)),
        _vector("five minutes old", True, at=NOW - 300),
        _vector("another secret", False, OLD),
        _vector("a changed body", False, body=BODY.replace("finished", "canceled")),
        _vector("another id", False, headers={"webhook-id": "evt_01jd8x3m5k7n9p1r3t5v7x9z1c"}),
        _vector("another time", False, headers={"webhook-timestamp": str(NOW - 1)}),
        _vector("too old", False, at=NOW - 301),
        _vector("from the future", False, at=NOW + 301),
        _vector("no signature", False, signed_with=()),
        _vector("an empty signature", False, headers={"webhook-signature": ""}),
        _vector("another version", False, headers={"webhook-signature": "v2,abc"}),
        _vector("a time that is none", False, headers={"webhook-timestamp": "now"}),
    ]


def test_the_vectors_are_what_the_service_signs() -> None:
    text = json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("RENEW_DOCS") == "1":
        VECTORS.write_text(text, encoding="utf-8")
    assert VECTORS.read_text(encoding="utf-8") == text


def test_the_older_header_is_as_described() -> None:
    import hashlib
    import hmac

    header = vectors()[2]["headers"]["x-webhook-signature"]
    stamp, *digests = [part.split("=", 1) for part in header.split(",")]
    assert (stamp, [name for name, _ in digests]) == (["t", str(NOW)], ["v1", "v1"])
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in (SECRET, OLD)]
    assert [value for _, value in digests] == [hmac.new(key, f"{NOW}.{BODY}".encode(), hashlib.sha256).hexdigest() for key in keys]


RUNNERS = {
    "python": ([sys.executable, "-"], """
import json, sys
for entry in json.load(open(sys.argv[1], encoding="utf-8")):
    print(is_genuine(entry["secret"], entry["headers"], entry["body"].encode(), entry["now"]))
"""),
    "javascript": (["node", "-"], """
for (const entry of JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8")))
  console.log(isGenuine(entry.secret, entry.headers, Buffer.from(entry.body, "utf8"), entry.now));
"""),
    "php": (["php", "--"], """
foreach (json_decode(file_get_contents($argv[1]), true) as $entry) {
    echo is_genuine($entry['secret'], $entry['headers'], $entry['body'], $entry['now']) ? "true\\n" : "false\\n";
}
"""),
}  # fmt: skip


@pytest.mark.parametrize("language", RUNNERS)
def test_the_snippet_tells_genuine_requests_from_others(language: str) -> None:
    command, harness = RUNNERS[language]
    if shutil.which(command[0]) is None:
        missing({"javascript": "Node", "php": "PHP"}[language])
    found = re.search(rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    assert found is not None
    source = ("<?php\n" if language == "php" else "") + found[1] + harness
    done = subprocess.run([*command, str(VECTORS)], input=source, capture_output=True, text=True, timeout=30, check=True)
    assert [line.lower() == "true" for line in done.stdout.split()] == [entry["genuine"] for entry in vectors()]
