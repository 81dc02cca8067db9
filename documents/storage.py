"""Blobs: put, open, doom and erase files; encrypted at rest; reached from outside by signed links that end.

A file's row is committed before its bytes are written and is doomed before they are erased, so that a process that dies in between leaves
something that ``sweep`` finds, and nothing that nobody knows of.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from documents.models import Blob, BlobState
from flows import datakeys
from flows.errors import Refused

LINK_SALT = "documents.link.v1"
ABANDONED_AFTER = timedelta(hours=1)


def put(data: bytes, *, content_type: str, owner: str) -> Blob:
    """Store ``data`` outside any transaction, sealed under the data key of the verification ``owner``. The blob is swept unless ``keep`` is called
    in the transaction that refers to it. Raises flows.vault.Unreadable when that verification's key was destroyed."""
    blob = Blob.objects.create(content_type=content_type, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    default_storage.save(name_of(blob.key), ContentFile(data if settings.STORAGE_PRESIGNED else datakeys.seal(data, blob.key, owner)))
    return blob


def keep(blob: Blob) -> Blob:
    """Something refers to the blob from now on."""
    blob.state = BlobState.KEPT
    blob.save(update_fields=["state"])
    return blob


def read(blob: Blob) -> bytes:
    """The bytes that were put. Raises FileNotFoundError, flows.vault.Unreadable."""
    with default_storage.open(name_of(blob.key)) as file:
        data = file.read()
    return data if settings.STORAGE_PRESIGNED else datakeys.unseal(data, blob.key)


def doom(*blobs: Blob) -> None:
    """Nothing refers to them any more: links answer "gone" at once, the bytes are erased after the commit."""
    keys = [blob.key for blob in blobs]
    Blob.objects.filter(key__in=keys).update(state=BlobState.DOOMED)
    transaction.on_commit(lambda: erase(*keys), robust=True)


def erase(*keys: str) -> None:
    """Delete the bytes of doomed or abandoned blobs; repeating it changes nothing."""
    for key in keys:
        default_storage.delete(name_of(key))
        Blob.objects.filter(key=key).update(erased_at=timezone.now(), state=BlobState.DOOMED)


def sweep() -> int:
    """Erase what was doomed and not yet erased, and what arrived more than an hour ago and was never kept. Returns how many."""
    now = timezone.now()
    doomed = Blob.objects.filter(state=BlobState.DOOMED, erased_at__isnull=True)
    abandoned = Blob.objects.filter(state=BlobState.ARRIVING, erased_at__isnull=True, created_at__lt=now - ABANDONED_AFTER)
    keys = [*doomed.values_list("key", flat=True)[:500], *abandoned.values_list("key", flat=True)[:500]]
    erase(*keys)
    return len(keys)


def signed_path(blob: Blob) -> str:
    """A path of this service, or an absolute URL of the bucket, that opens the blob for SIGNED_URL_SECONDS."""
    if settings.STORAGE_PRESIGNED:
        parameters = {"ResponseContentType": blob.content_type, "ResponseCacheControl": "private, no-store"}
        return str(default_storage.url(name_of(blob.key), parameters=parameters, expire=settings.SIGNED_URL_SECONDS))  # type: ignore[call-arg]
    return f"/files/{signing.dumps(blob.key, salt=LINK_SALT)}"


def open_signed(token: str) -> Blob:
    """The blob of a link. Raises Refused: link_invalid 403, link_expired 410, link_gone 410."""
    try:
        key = signing.loads(token, salt=LINK_SALT, max_age=settings.SIGNED_URL_SECONDS)
    except signing.SignatureExpired as error:
        raise Refused("link_expired", "The link has expired.", status=410) from error
    except signing.BadSignature as error:
        raise Refused("link_invalid", "The link is not valid.", status=403) from error
    blob = Blob.objects.filter(key=key, state=BlobState.KEPT).first()
    if blob is None:
        raise Refused("link_gone", "The file was deleted.", status=410)
    return blob


def name_of(key: str) -> str:
    """Spread over folders by the last two letters, which are random."""
    return f"{key[-2:]}/{key}"
