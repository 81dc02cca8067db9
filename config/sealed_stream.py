"""A stream of any length under one key: STREAM over AES-256-GCM (Hoang, Reyhanitabar, Rogaway, Vizár 2015), as age and Tink have it.

``VBXB | length(2) | the file's key, sealed by the keyring | segment…``. Each segment is ``length(4) | ciphertext+tag`` of at most a MB. Its number
and whether it is the last one are the nonce: a segment that was changed, moved, doubled or cut off does not open.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flows.vault import Unreadable, keyring

MAGIC = b"VBXB"
PLACE = "backup"
SEGMENT = 1 << 20
_TAG = 16


class SealedWriter(io.RawIOBase):
    """Seals what is written into ``target``, which is complete when ``close`` was called and no sooner."""

    def __init__(self, target: BinaryIO) -> None:
        key = AESGCM.generate_key(256)
        wrapped = keyring().seal(key, PLACE)
        target.write(MAGIC + len(wrapped).to_bytes(2, "big") + wrapped)
        self._target, self._cipher, self._number, self._waiting = target, AESGCM(key), 0, bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) > SEGMENT:
            self._seal(bytes(self._waiting[:SEGMENT]), last=False)
            del self._waiting[:SEGMENT]
        return len(data)

    def finish(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, data: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), data, None)
        self._target.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class SealedReader(io.RawIOBase):
    """Opens what SealedWriter wrote. Raises Unreadable at the first segment that is not as it was written, and where the end is missing."""

    def __init__(self, source: BinaryIO) -> None:
        head = source.read(6)
        if head[:4] != MAGIC:
            raise Unreadable("this is no backup")
        key = keyring().open(source.read(int.from_bytes(head[4:], "big")), PLACE)
        self._source, self._cipher, self._number, self._open, self._ended = source, AESGCM(key), 0, memoryview(b""), False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._open and not self._ended:
            self._open = memoryview(self._segment())
        count = min(len(buffer), len(self._open))
        buffer[:count] = self._open[:count]
        self._open = self._open[count:]
        return count

    def _segment(self) -> bytes:
        length = int.from_bytes(self._source.read(4), "big")
        if not _TAG <= length <= SEGMENT + _TAG:
            raise Unreadable("the backup is cut off or damaged")
        sealed = self._source.read(length)
        if len(sealed) != length:
            raise Unreadable("the backup is cut off or damaged")
        for last in (False, True):
            try:
                data = self._cipher.decrypt(_nonce(self._number, last=last), sealed, None)
            except InvalidTag:
                continue
            self._ended, self._number = last, self._number + 1
            if last and self._source.read(1):
                raise Unreadable("the backup has something behind its end")
            return data
        raise Unreadable("the backup is cut off or damaged")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
