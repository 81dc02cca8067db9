"""Data keys: everything kept about one verification is sealed under a key of its own, so that destroying the key makes it unreadable wherever a
copy lies (crypto-shredding, NIST SP 800-88 Rev. 1 §2.6).

An envelope is ``VBX2 | len(owner) | owner | nonce(12) | ciphertext+tag``: AES-256-GCM under the owner's data key, with owner and place as associated
data. The data key itself is a row sealed by the service's keys; only these rows are sealed anew when those rotate.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.signals import request_started
from django.db import models
from django.utils import timezone

from flows.models import DataKey
from flows.vault import Destroyed, Sealed, Unreadable, keyring

MAGIC = b"VBX2"
REMEMBERED_SECONDS = 60
_NONCE = 12
_local = threading.local()


def seal(data: bytes, place: str, owner: str) -> bytes:
    """Encrypt ``data`` for ``place`` under the key of ``owner``, which is made when it is first needed. Raises flows.vault.Destroyed."""
    key, nonce, name = _key(owner, make=True), os.urandom(_NONCE), owner.encode()
    return b"".join((MAGIC, bytes([len(name)]), name, nonce, AESGCM(key).encrypt(nonce, data, _associated(name, place))))


def unseal(envelope: bytes, place: str) -> bytes:
    """Decrypt what ``seal`` made for the same ``place``. Raises Unreadable, and Destroyed when the key is gone on purpose."""
    try:
        if envelope[:4] != MAGIC:
            raise ValueError("not an envelope")
        size = envelope[4]
        name, at = envelope[5 : 5 + size], 5 + size
        return AESGCM(_key(name.decode())).decrypt(envelope[at : at + _NONCE], envelope[at + _NONCE :], _associated(name, place))
    except (InvalidTag, IndexError, ValueError) as error:
        raise Unreadable("no key opens this envelope") from error


def warm(owners: Iterable[str]) -> None:
    """Fetch the keys of all ``owners`` in one query, where each would take one of its own."""
    wanted = {owner for owner in owners if owner not in _known()}
    if wanted:
        for row in DataKey.objects.filter(pk__in=wanted, wrapped__isnull=False):
            _remember(row)


def destroy(owner: str) -> bool:
    """For good; what was sealed under the key can be read nowhere any more. False when there was none left."""
    _known().pop(owner, None)
    return bool(DataKey.objects.filter(pk=owner, wrapped__isnull=False).update(wrapped=None, destroyed_at=timezone.now()))


def place_of(owner: str) -> str:
    """What a wrapped key is bound to."""
    return f"flows_datakey.wrapped:{owner}"


def _key(owner: str, *, make: bool = False) -> bytes:
    found = _known().get(owner)
    if found and time.monotonic() - found[1] < REMEMBERED_SECONDS:
        return found[0]
    row = DataKey.objects.filter(pk=owner).first()
    if row is None and make:
        wrapped = keyring().seal(AESGCM.generate_key(256), place_of(owner))
        DataKey.objects.bulk_create([DataKey(owner=owner, wrapped=wrapped)], ignore_conflicts=True)
        row = DataKey.objects.get(pk=owner)
    if row is None or row.wrapped is None:
        raise Destroyed("the data key was destroyed")
    return _remember(row)


def _remember(row: DataKey) -> bytes:
    key = keyring().open(bytes(row.wrapped or b""), place_of(row.owner))
    _known()[row.owner] = (key, time.monotonic())
    return key


def _known() -> dict[str, tuple[bytes, float]]:
    """Keys in the memory of this thread: of one request in a web server, for a minute in a worker."""
    if not hasattr(_local, "keys"):
        _local.keys = {}
    keys: dict[str, tuple[bytes, float]] = _local.keys
    if len(keys) > 1000:
        keys.clear()
    return keys


def forget(**signal: Any) -> None:
    """Drop the keys that this thread holds."""
    _known().clear()


request_started.connect(forget, dispatch_uid="flows.datakeys.forget")


def _associated(name: bytes, place: str) -> bytes:
    return name + b"|" + place.encode()


class SealedUnder(Sealed):
    """A JSON value sealed under the data key of the verification that ``owner`` (a dotted path from the row) names; None once that was destroyed."""

    def __init__(self, column: str, *, owner: str) -> None:
        super().__init__(column)
        self.owner = owner

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        envelope = getattr(instance, self.column)
        try:
            return json.loads(unseal(bytes(envelope), self._place(instance))) if envelope else None
        except Destroyed:
            return None

    def _seal(self, instance: models.Model, data: bytes) -> bytes:
        name: Any = instance
        for step in self.owner.split("."):
            name = getattr(name, step)
        return seal(data, self._place(instance), str(name))
