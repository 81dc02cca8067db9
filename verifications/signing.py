"""Signatures of webhooks: Standard Webhooks 1.0, one header more for receivers of the older ``t=…,v1=…`` convention, and the headers of dialects."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets as random
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
# In whose words and signature an endpoint may be told.
ENDPOINT_DIALECTS = ("verifa", "persona")


def new_secret() -> str:
    """``whsec_`` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(random.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The base64-decoded part behind ``whsec_``; of any other secret its UTF-8 bytes. Raises ValueError."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("What follows whsec_ must be base64.") from error
    if not key:
        raise ValueError("The secret is empty.")
    return key


def signed_headers(*, event_id: str, body: bytes, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The headers of one attempt at ``at`` (aware, UTC). Each secret gives a signature, the newest first; none gives no signature."""
    stamp, keys, text = str(int(at.timestamp())), [key_of(secret) for secret in secrets], body.decode()
    headers = {"webhook-id": event_id, "webhook-timestamp": stamp}
    if keys:
        older = (hmac.new(key, f"{stamp}.{text}".encode(), hashlib.sha256).hexdigest() for key in keys)
        headers["webhook-signature"] = " ".join(Webhook(key).sign(event_id, at, text) for key in keys)
        headers["X-Webhook-Signature"] = ",".join([f"t={stamp}", *(f"v1={digest}" for digest in older)])
    return headers


def dialect_headers(dialect: str, *, body: bytes, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The one header by which receivers of another service's webhooks check a body: HMAC-SHA-256 (hex) over ``{t}.{body}``, keyed with the secret as
    it is written, ``whsec_`` included. While two secrets sign, the newest first: pairs with a space between (``persona``), or one time and two
    signatures."""
    stamp, text = str(int(at.timestamp())), body.decode()
    signed = [hmac.new(secret.encode(), f"{stamp}.{text}".encode(), hashlib.sha256).hexdigest() for secret in secrets]
    if dialect == "persona":
        return {"Persona-Signature": " ".join(f"t={stamp},v1={digest}" for digest in signed)}
    return {"X-Verifa-Signature": ",".join([f"t={stamp}", *(f"v1={digest}" for digest in signed)])}
