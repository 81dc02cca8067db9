"""How long the API takes, over HTTP against a web process of its own on SQLite: second half of `make bench`. Prints JSON, times in milliseconds.

The layer of idempotency keys is measured as what the same call takes with a key beyond what it takes without one, taken in turns.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from PIL import Image
from webserver import web_server

from vouchbox_client import Client

ROUNDS = 300


class Caller:
    """One connection that stays open."""

    def __init__(self, address: str, token: str) -> None:
        self.connection = http.client.HTTPConnection(address.removeprefix("http://"))
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def milliseconds(self, method: str, path: str, body: Any = None, **headers: str) -> float:
        begun = time.perf_counter()
        self.connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, {**self.headers, **headers})
        response = self.connection.getresponse()
        response.read()
        assert response.status < 300, response.status
        return (time.perf_counter() - begun) * 1000


def _picture() -> str:
    buffer = io.BytesIO()
    Image.effect_noise((1600, 1000), 60).convert("RGB").save(buffer, "JPEG", quality=85)
    return base64.b64encode(buffer.getvalue()).decode()


def _summary(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"median": round(statistics.median(ordered), 2), "p95": round(ordered[int(len(ordered) * 0.95)], 2)}


def measure(address: str, token: str) -> dict[str, Any]:
    api, caller = Client(address, token), Caller(address, token)
    case = api.start_a_verification("usps1583", {})
    picture = _picture()
    content = {"context_type": "PHOTO_ID", "type": 2, "country": "USA", "front_side_data": picture, "back_side_data": picture}
    document = api.upload_a_document("usps1583", {"verification": case["id"], "document": content})  # type: ignore[typeddict-item]
    one, of = f"/usps1583/documents/{document['id']}", f"/usps1583/verifications/{case['id']}"
    plain: list[float] = []
    keyed: list[float] = []
    replayed: list[float] = []
    for number in range(ROUNDS + 20):
        plain.append(caller.milliseconds("POST", "/usps1583/verifications", {}))
        keyed.append(caller.milliseconds("POST", "/usps1583/verifications", {}, **{"Idempotency-Key": f"k{number}"}))
        replayed.append(caller.milliseconds("POST", "/usps1583/verifications", {}, **{"Idempotency-Key": f"k{number}"}))
    return {
        "get_document": _summary([caller.milliseconds("GET", one) for _ in range(ROUNDS)][20:]),
        "get_verification": _summary([caller.milliseconds("GET", of) for _ in range(ROUNDS)][20:]),
        "post_verification": _summary(plain[20:]),
        "post_verification_with_key": _summary(keyed[20:]),
        "repeated": _summary(replayed[20:]),
        "idempotency_layer": round(statistics.median(keyed[20:]) - statistics.median(plain[20:]), 2),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, web_server(Path(folder)) as (address, token):
        print(json.dumps(measure(address, token), indent=1))
