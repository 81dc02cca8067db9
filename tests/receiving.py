"""A receiver of webhooks that takes everything: what was posted to it, in order."""

from __future__ import annotations

import json
from typing import Any

from verifications.destinations import Attempt


class Receiver:
    """Stands in the place of ``verifications.destinations.post``; ``posts`` are address, body and headers."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, bytes, dict[str, str]]] = []

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Attempt:
        self.posts.append((url, body, headers))
        return Attempt(200, "")

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body, _ in self.posts]
