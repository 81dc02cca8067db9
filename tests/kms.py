"""A key management service for tests: it keeps its keys to itself, counts what it was asked, and can be out of reach."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class OutOfReach(Exception):
    """The service does not answer."""


class FakeKms:
    keys = {"alias/one": b"1" * 32, "alias/two": b"2" * 32}
    current = "alias/one"
    is_up = True
    wraps = unwraps = 0

    @property
    def key_id(self) -> str:
        return FakeKms.current

    def wrap(self, key: bytes, context: bytes) -> bytes:
        self._answer()
        FakeKms.wraps += 1
        nonce = os.urandom(12)
        # As a real one's, its answer is longer than the key and of no fixed length.
        return nonce + AESGCM(self.keys[self.key_id]).encrypt(nonce, key + b"|" + os.urandom(3), context)

    def unwrap(self, wrapped: bytes, key_id: str, context: bytes) -> bytes:
        self._answer()
        FakeKms.unwraps += 1
        try:
            return AESGCM(self.keys[key_id]).decrypt(wrapped[:12], wrapped[12:], context)[:32]
        except (InvalidTag, KeyError) as error:
            raise ValueError("never wrapped") from error

    def _answer(self) -> None:
        if not FakeKms.is_up:
            raise OutOfReach
