"""Files sent ahead of the verification they are for: kept for a day, or until what was made from them is redacted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from documents import storage
from documents.intake import inspect
from documents.models import UploadedFile
from documents.services import Upload
from documents.types import DOCUMENT_TYPES
from flows import datakeys
from flows.errors import Refused
from flows.ids import new_upload_id
from verifications import audit
from verifications.services import Caller

LASTS = timedelta(hours=24)
MOST_AT_ONCE = 500
_MOST_PAGES = max(kind.max_pages for kind in DOCUMENT_TYPES.values())


class KeptUpload:
    """A kept file as a side of a document."""

    def __init__(self, row: UploadedFile) -> None:
        self._row = row

    @property
    def empty(self) -> bool:
        return not self._row.blob.size

    def bytes(self) -> bytes:
        return storage.read(self._row.blob)


def keep_upload(*, caller: Caller, upload: Upload) -> UploadedFile:
    """Look at a file and keep it. Raises Refused: image_missing, image_invalid."""
    if upload.empty:
        raise Refused("image_missing", "The file is empty.")
    data, pk = upload.bytes(), new_upload_id()
    found = inspect(data, accept_pdf=True, max_pixels=settings.MAX_IMAGE_PIXELS, max_pages=_MOST_PAGES)
    blob = storage.put(data, content_type=found.content_type, owner=pk)
    with transaction.atomic():
        row = UploadedFile.objects.create(
            id=pk, workspace=caller.workspace, environment=caller.environment, blob=storage.keep(blob), pages=found.pages,
            expires_at=timezone.now() + LASTS,
        )  # fmt: skip
        audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="file.uploaded", subject=row.pk, data={"sha256": blob.sha256})
    return row


def find_uploads(*, caller: Caller, upload_ids: Sequence[str]) -> dict[str, UploadedFile]:
    """Those of the caller that are still kept, by id; what is missing was never there, is somebody else's, or is over."""
    rows = UploadedFile.objects.filter(pk__in=upload_ids, workspace=caller.workspace, environment=caller.environment, expires_at__gt=timezone.now())
    return {row.pk: row for row in rows.select_related("blob")}


def forget_old_uploads() -> int:
    """Files whose time is over go, with their keys. Returns how many."""
    ids = list(UploadedFile.objects.filter(expires_at__lte=timezone.now()).values_list("pk", flat=True)[:MOST_AT_ONCE])
    return sum(_forget(pk) for pk in ids)


def forget_same(workspace_id: str, hashes: Collection[str]) -> int:
    """Files of the workspace with one of these contents (SHA-256, hex), in the caller's transaction. Returns how many."""
    ids = list(UploadedFile.objects.filter(workspace_id=workspace_id, blob__sha256__in=hashes).values_list("pk", flat=True))
    return sum(_forget(pk) for pk in ids)


@transaction.atomic
def _forget(upload_id: str) -> bool:
    row = UploadedFile.objects.select_for_update(of=("self",)).select_related("blob").filter(pk=upload_id).first()
    if row is None:
        return False
    blob = row.blob
    row.delete()
    storage.doom(blob)
    datakeys.destroy(upload_id)
    return True
