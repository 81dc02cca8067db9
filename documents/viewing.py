"""Images shown to whoever holds a link: each use is in the audit trail."""

from __future__ import annotations

from documents import storage
from documents.models import Blob, Image
from verifications import audit

LINK = "link"


def open_link(token: str) -> tuple[Blob, bytes]:
    """The image of a signed link. Raises Refused: link_invalid 403, link_expired 410, link_gone 410; FileNotFoundError."""
    blob = storage.open_signed(token)
    data = storage.read(blob)
    image = Image.objects.filter(blob=blob).select_related("document__verification").first()
    if image is not None:
        verification = image.document.verification
        audit.record(
            workspace_id=verification.workspace_id, actor=LINK, action="image.viewed", subject=image.pk, verification=verification.pk,
            data={"document": image.document_id, "side": image.side},
        )  # fmt: skip
    return blob, data
