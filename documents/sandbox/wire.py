"""Messages between a worker and its reading process: JSON and blobs over a socket, with a limit on what is taken.

No pickle: a document that takes over the child's native code must not be able to make the worker run anything.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from documents.readers import FaceMatch, Reading

MOST_BYTES = 512 << 20
_HEAD = struct.Struct(">II")


class WireError(Exception):
    """The other side is gone, said too much, or something that is no message."""


def send(end: socket.socket, message: dict[str, Any], blobs: Sequence[bytes] = (), *, deadline: float | None = None) -> None:
    """Raises TimeoutError after ``deadline`` (monotonic seconds), WireError when the other side is gone."""
    text = json.dumps({**message, "blobs": [len(blob) for blob in blobs]}, default=_plain).encode()
    try:
        for part in (_HEAD.pack(len(text), sum(map(len, blobs))), text, *blobs):
            _limit(end, deadline)
            end.sendall(part)
    except TimeoutError:
        raise
    except OSError as error:
        raise WireError("gone") from error


def receive(end: socket.socket, *, deadline: float | None = None) -> tuple[dict[str, Any], list[bytes]]:
    """The next message with its blobs. Raises TimeoutError after ``deadline``, WireError when the other side is gone or makes no sense."""
    length, rest = _HEAD.unpack(_exactly(end, _HEAD.size, deadline))
    if length + rest > MOST_BYTES:
        raise WireError("too long")
    text, data = _exactly(end, length, deadline), memoryview(_exactly(end, rest, deadline))
    try:
        message = json.loads(text)
        sizes = message.pop("blobs")
        if sum(sizes) != rest or min(sizes, default=0) < 0:
            raise WireError("blobs")
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise WireError("no message") from error
    blobs, at = [], 0
    for size in sizes:
        blobs.append(bytes(data[at : at + size]))
        at += size
    return message, blobs


def _exactly(end: socket.socket, count: int, deadline: float | None) -> bytearray:
    buffer = bytearray(count)
    view, at = memoryview(buffer), 0
    while at < count:
        _limit(end, deadline)
        try:
            got = end.recv_into(view[at:])
        except TimeoutError:
            raise
        except OSError as error:
            raise WireError("gone") from error
        if not got:
            raise WireError("gone")
        at += got
    return buffer


def _limit(end: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        end.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    end.settimeout(left)


def _plain(value: Any) -> Any:
    """NumPy's own numbers, which engines give here and there."""
    return value.item()


def from_reading(reading: Reading) -> dict[str, Any]:
    """All but the pixels of the pages: their renditions travel as blobs."""
    return {name: value for name, value in asdict(replace(reading, pages=())).items() if name != "pages"} | {
        "pages": [{name: value for name, value in vars(page).items() if name != "rgb"} for page in reading.pages]
    }


def to_reading(message: dict[str, Any]) -> Reading:
    """Raises WireError when it is none."""
    from documents.readers.results import ReaderRun, Reading, ReadPage

    try:
        return Reading(
            **{
                **message,
                "pages": tuple(ReadPage(rgb=None, **page) for page in message["pages"]),
                "runs": tuple(ReaderRun(**{**run, "fields": tuple(map(_field, run["fields"]))}) for run in message["runs"]),
                "fields": {path: _field(entry) for path, entry in message["fields"].items()},
            }
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise WireError("no reading") from error


def to_match(message: dict[str, Any] | None) -> FaceMatch | None:
    from documents.readers.face import FaceMatch

    try:
        return None if message is None else FaceMatch(**message)
    except TypeError as error:
        raise WireError("no comparison") from error


def _field(entry: dict[str, Any]) -> Any:
    from documents.fields import Field

    return Field(**{name: _tuples(value) for name, value in entry.items()})


def _tuples(value: Any) -> Any:
    """A field is frozen: what came as a list was a tuple."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
