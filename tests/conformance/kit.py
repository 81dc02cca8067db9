"""What the kits share: one call over HTTP, and what a line of a contract is."""

from __future__ import annotations

import json
import re
import struct
import uuid
import zlib
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib import error, request

Line = tuple[str, bool, str]
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z\Z")


@dataclass(frozen=True)
class Answer:
    """``body`` is parsed JSON, None where there is none."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


Send = Callable[[str, str, Any, Mapping[str, str]], Answer]


def over_http(address: str) -> Send:
    """Requests against a running instance."""

    def send(method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = {**({"Content-Type": "application/json"} if data else {}), **headers}
        wanted = request.Request(address.rstrip("/") + path, data=data, method=method, headers=sent)
        try:
            with request.urlopen(wanted, timeout=30) as response:
                return Answer(response.status, dict(response.headers), _json(response.read()))
        except error.HTTPError as refused:
            return Answer(refused.code, dict(refused.headers), _json(refused.read()))

    return send


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def picture(shade: int = 200) -> str:
    """A grey PNG of 320 by 200 pixels, as base64."""
    rows = b"".join(b"\0" + bytes([(shade + x) % 256 for x in range(320)]) for _ in range(200))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 320, 200, 8, 0, 0, 0, 0)
    return b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")).decode()


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def is_moment(value: Any) -> bool:
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


def is_moment_or_null(value: Any) -> bool:
    return value is None or is_moment(value)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def is_object_or_null(value: Any) -> bool:
    return value is None or isinstance(value, dict)


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def is_uuid(value: Any) -> bool:
    try:
        return str(uuid.UUID(value)) == value
    except (ValueError, TypeError, AttributeError):
        return False


def is_scores(value: Any) -> bool:
    return isinstance(value, dict) and all(is_number(entry) and 0 <= entry <= 1 for entry in value.values())


def one_of(*words: str | None) -> Callable[[Any], bool]:
    return lambda value: value in words


def exactly(wanted: Any) -> Callable[[Any], bool]:
    return lambda value: value == wanted and type(value) is type(wanted)


def fields(place: str, body: Any, wanted: Mapping[str, Callable[[Any], bool]]) -> Iterator[Line]:
    """A line for each member, and one for their being all."""
    found = body if isinstance(body, dict) else {}
    for name, fits in wanted.items():
        yield f"{place}: {name}", name in found and fits(found[name]), f"got {found.get(name, 'nothing')!r}"
    extra = sorted(set(found) - set(wanted))
    yield f"{place}: no other members", not extra, f"got {extra}"


def status(place: str, answer: Answer, wanted: int) -> Line:
    return f"{place}: {wanted}", answer.status == wanted, f"got {answer.status} {str(answer.body)[:200]}"


class Kit(ABC):
    """``headers`` are sent with every call."""

    def __init__(self, send: Send, token: str) -> None:
        self._send, self.token = send, token

    def headers(self) -> dict[str, str]:
        return {"X-API-Key": self.token}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._send(method, path, body, {**self.headers(), **named})

    def unauthenticated(self, method: str, path: str) -> Answer:
        return self._send(method, path, None, {})

    @abstractmethod
    def lines(self) -> Iterator[Line]:
        """Everything that the dialect prints, held against the instance."""
