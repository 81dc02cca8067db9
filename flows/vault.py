"""Sealing of personal data at rest: AES-256-GCM envelopes under keys that can be rotated.

An envelope is ``VBX1 | len(kid) | kid | nonce(12) | wrapped data key(48) | nonce(12) | ciphertext+tag``. The associated data names the
place the value belongs to (table, column, primary key, or blob key), so that an envelope moved to another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

MAGIC = b"VBX1"
_NONCE = 12
_WRAPPED = 48


class Unreadable(Exception):
    """An envelope that no key opens: wrong place, changed bytes, or a key that is gone."""


class Keyring:
    """Keys by id, the first one seals and all of them open. ``text`` is ``kid:base64(32 bytes),kid:…``."""

    def __init__(self, text: str) -> None:
        self._keys = dict(_parse_key(entry) for entry in text.split(",") if entry.strip())
        if not self._keys:
            raise ValueError("expected kid:base64 of 32 bytes, comma separated, newest first")
        self.primary = next(iter(self._keys))

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypt ``data`` for ``place``."""
        key, outer, inner = AESGCM.generate_key(256), os.urandom(_NONCE), os.urandom(_NONCE)
        kid = self.primary.encode()
        wrapped = AESGCM(self._keys[self.primary]).encrypt(outer, key, _associated(kid, place))
        return b"".join((MAGIC, bytes([len(kid)]), kid, outer, wrapped, inner, AESGCM(key).encrypt(inner, data, place.encode())))

    def open(self, envelope: bytes, place: str) -> bytes:
        """Decrypt what ``seal`` made for the same ``place``. Raises Unreadable."""
        try:
            if envelope[:4] != MAGIC:
                raise Unreadable("not an envelope")
            size = envelope[4]
            kid, at = envelope[5 : 5 + size], 5 + size
            outer, at = envelope[at : at + _NONCE], at + _NONCE
            wrapped, at = envelope[at : at + _WRAPPED], at + _WRAPPED
            inner, at = envelope[at : at + _NONCE], at + _NONCE
            key = AESGCM(self._keys[kid.decode()]).decrypt(outer, wrapped, _associated(kid, place))
            return AESGCM(key).decrypt(inner, envelope[at:], place.encode())
        except (InvalidTag, KeyError, IndexError, ValueError, UnicodeDecodeError) as error:
            raise Unreadable("no key opens this envelope") from error


def _associated(kid: bytes, place: str) -> bytes:
    return b"dek|" + kid + b"|" + place.encode()


def _parse_key(entry: str) -> tuple[str, bytes]:
    kid, _, encoded = entry.strip().partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("expected kid:base64 of 32 bytes, comma separated, newest first") from error
    if not kid or len(key) != 32:
        raise ValueError("expected kid:base64 of 32 bytes, comma separated, newest first")
    return kid, key


@lru_cache(maxsize=4)
def _keyring(text: str) -> Keyring:
    return Keyring(text)


def keyring() -> Keyring:
    """The keyring of FIELD_ENCRYPTION_KEYS."""
    return _keyring(settings.FIELD_ENCRYPTION_KEYS)


class Sealed:
    """A JSON value kept encrypted in a binary column of the same model.

    ``expected = Sealed("expected_sealed")`` reads and writes ``expected_sealed``; the row's primary key must be set before a write.
    A value that was never set, or was redacted, reads as None.
    """

    def __init__(self, column: str) -> None:
        self.column = column

    def __set_name__(self, owner: type[models.Model], name: str) -> None:
        self.name = name

    def _place(self, instance: models.Model) -> str:
        return f"{instance._meta.db_table}.{self.column}:{instance.pk}"

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        envelope = getattr(instance, self.column)
        return json.loads(keyring().open(bytes(envelope), self._place(instance))) if envelope else None

    def __set__(self, instance: models.Model, value: Any) -> None:
        if not instance.pk:
            raise ValueError(f"{self.name}: the row needs its primary key before it can be sealed")
        sealed = None if value is None else keyring().seal(json.dumps(value, ensure_ascii=False).encode(), self._place(instance))
        setattr(instance, self.column, sealed)
