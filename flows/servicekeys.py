"""Keys of the installation itself, made when they are first needed and sealed by the service's keys: what signs receipts, checkpoints and bundles."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from flows.models import ServiceKey

SIGNING = "signing"


def canonical(content: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no blanks, UTF-8: what is signed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signing_key() -> Ed25519PrivateKey:
    """The installation's Ed25519 key (RFC 8032)."""
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(_row().secret))


def public_key() -> bytes:
    """Its public half, 32 bytes."""
    return base64.b64decode(_row().public)


def sign(data: bytes) -> str:
    """Base64 of the 64 bytes of the signature."""
    return base64.b64encode(signing_key().sign(data)).decode()


def verifies(data: bytes, signature: str) -> bool:
    """Whether this installation signed ``data``."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key()).verify(base64.b64decode(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _row() -> ServiceKey:
    found = ServiceKey.objects.filter(pk=SIGNING).first()
    if found is None:
        key, made = Ed25519PrivateKey.generate(), ServiceKey(name=SIGNING)
        made.secret = base64.b64encode(key.private_bytes_raw()).decode()
        made.public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        ServiceKey.objects.bulk_create([made], ignore_conflicts=True)
        found = ServiceKey.objects.get(pk=SIGNING)
    return found
