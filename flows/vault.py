"""Sealing of personal data at rest: AES-256-GCM envelopes under keys that can be rotated, out of a file or in a key management service (KMS).

An envelope is ``VBX1 | len(kid) | kid | nonce(12) | wrapped data key(48) | nonce(12) | ciphertext+tag`` under a key of FIELD_ENCRYPTION_KEYS, and
``VBX3 | len(kid) | kid | len(wrapped)(2) | wrapped data key | nonce(12) | ciphertext+tag`` under one of KEY_WRAPPER, which never leaves the service.
The associated data names the place the value belongs to (table, column, primary key, or blob key), so that an envelope moved to another row does not
open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import time
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

MAGIC = b"VBX1"
WRAPPED_MAGIC = b"VBX3"
REMEMBERED_SECONDS = 60
MOST_REMEMBERED = 1000
_NONCE = 12
_WRAPPED = 48


class Unreadable(Exception):
    """An envelope that no key opens: wrong place, changed bytes, or a key that is gone."""


class Destroyed(Unreadable):
    """The data key of an envelope was destroyed on purpose: what it held is forgotten."""


class KeyWrapper(Protocol):
    """What KEY_WRAPPER names: a class without arguments, which is asked to encrypt the small keys that everything else is sealed under.

    ``key_id`` (60 characters at most) is the key that wraps now; another one makes ``rotate_keys`` wrap anew, and an empty one leaves the sealing to
    the keys of the file. ``context`` must be the same bytes again
    to unwrap: the encryption context, or additional authenticated data, of the KMS. Both are called from many threads. ``wrap`` answers with 65535
    bytes at most. ``unwrap`` raises ValueError for what it never wrapped, and whatever it likes when the service cannot be reached.
    """

    key_id: str

    def wrap(self, key: bytes, context: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, key_id: str, context: bytes) -> bytes: ...


class Keyring:
    """Keys by id, the first one seals and all of them open. ``text`` is ``kid:base64(32 bytes),kid:…``. With a ``wrapper`` that one seals, and the
    others open what they sealed before."""

    def __init__(self, text: str, wrapper: KeyWrapper | None = None) -> None:
        self._keys = dict(_parse_key(entry) for entry in text.split(",") if entry.strip())
        if not self._keys:
            raise ValueError("expected kid:base64 of 32 bytes, comma separated, newest first")
        self._wrapper = wrapper
        self._unwrapped: dict[bytes, tuple[bytes, float]] = {}

    @property
    def primary(self) -> str:
        if self._wrapper is None or not self._wrapper.key_id:
            return next(iter(self._keys))
        kid = f"kms:{self._wrapper.key_id}"
        if len(kid.encode()) > 64:
            raise ValueError("KEY_WRAPPER: expected a key_id of 60 characters at most")
        return kid

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypt ``data`` for ``place``."""
        key, inner = AESGCM.generate_key(256), os.urandom(_NONCE)
        return b"".join((self._head(key, place), inner, AESGCM(key).encrypt(inner, data, place.encode())))

    def open(self, envelope: bytes, place: str) -> bytes:
        """Decrypt what ``seal`` made for the same ``place``. Raises Unreadable."""
        try:
            key, rest = self._data_key(envelope, place)
            return AESGCM(key).decrypt(rest[:_NONCE], rest[_NONCE:], place.encode())
        except (InvalidTag, KeyError, IndexError, ValueError, UnicodeDecodeError) as error:
            raise Unreadable("no key opens this envelope") from error

    def rewrap(self, envelope: bytes, place: str) -> bytes | None:
        """The same envelope with its data key wrapped by the primary key; None when it is so already. Raises Unreadable."""
        if key_id(envelope) == self.primary:
            return None
        try:
            key, rest = self._data_key(envelope, place)
        except (InvalidTag, KeyError, IndexError, ValueError, UnicodeDecodeError) as error:
            raise Unreadable("no key opens this envelope") from error
        return self._head(key, place) + rest

    def _head(self, key: bytes, place: str) -> bytes:
        primary = self.primary
        kid, outer = primary.encode(), os.urandom(_NONCE)
        if self._wrapper is not None and primary not in self._keys:
            wrapped = self._wrapper.wrap(key, _associated(kid, place))
            return b"".join((WRAPPED_MAGIC, bytes([len(kid)]), kid, len(wrapped).to_bytes(2, "big"), wrapped))
        wrapped = AESGCM(self._keys[primary]).encrypt(outer, key, _associated(kid, place))
        return b"".join((MAGIC, bytes([len(kid)]), kid, outer, wrapped))

    def _data_key(self, envelope: bytes, place: str) -> tuple[bytes, bytes]:
        """The value's own key, and what follows it in the envelope: nonce and ciphertext."""
        if envelope[:4] not in (MAGIC, WRAPPED_MAGIC):
            raise ValueError("not an envelope")
        kid, at = envelope[5 : 5 + envelope[4]], 5 + envelope[4]
        if envelope[:4] == WRAPPED_MAGIC:
            end = at + 2 + int.from_bytes(envelope[at : at + 2], "big")
            return self._unwrap(kid, envelope[at + 2 : end], place), envelope[end:]
        outer, wrapped = envelope[at : at + _NONCE], envelope[at + _NONCE : at + _NONCE + _WRAPPED]
        key = AESGCM(self._keys[kid.decode()]).decrypt(outer, wrapped, _associated(kid, place))
        return key, envelope[at + _NONCE + _WRAPPED :]

    def _unwrap(self, kid: bytes, wrapped: bytes, place: str) -> bytes:
        """Asks the service once a minute for each key: a page of a hundred rows must not make a hundred calls each time it is shown."""
        if self._wrapper is None:
            raise KeyError("KEY_WRAPPER is not set")
        context = _associated(kid, place)
        known = self._unwrapped.get(digest := hashlib.sha256(context + b"|" + wrapped).digest())
        if known and time.monotonic() - known[1] < REMEMBERED_SECONDS:
            return known[0]
        key = self._wrapper.unwrap(wrapped, kid.decode().removeprefix("kms:"), context)
        if len(self._unwrapped) >= MOST_REMEMBERED:
            self._unwrapped.clear()
        self._unwrapped[digest] = (key, time.monotonic())
        return key


def key_id(envelope: bytes) -> str:
    """Which key wraps it; '' for what is no envelope of the keyring."""
    known = envelope[:4] in (MAGIC, WRAPPED_MAGIC) and len(envelope) > 5
    return envelope[5 : 5 + envelope[4]].decode(errors="replace") if known else ""


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
def _keyring(text: str, wrapper: str) -> Keyring:
    return Keyring(text, import_string(wrapper)() if wrapper else None)


def keyring() -> Keyring:
    """The keyring of FIELD_ENCRYPTION_KEYS and KEY_WRAPPER."""
    return _keyring(settings.FIELD_ENCRYPTION_KEYS, settings.KEY_WRAPPER)


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
        setattr(instance, self.column, None if value is None else self._seal(instance, json.dumps(value, ensure_ascii=False).encode()))

    def _seal(self, instance: models.Model, data: bytes) -> bytes:
        return keyring().seal(data, self._place(instance))
