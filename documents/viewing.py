"""Images shown to whoever holds a link: each use is in the audit trail."""

from __future__ import annotations

import io

from PIL import Image as Pillow

from documents import storage
from documents.models import Blob, Document, Image
from documents.services import find_document
from flows.errors import Refused
from verifications import audit
from verifications.services import Caller

LINK = "link"
JPEG_QUALITY = 85
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic", "image/tiff": "tiff", "application/pdf": "pdf"}


def file_name(image: Image) -> str:
    """What the file is called where a link ends in a name. Never the client's own, which may name the person."""
    return f"{image.side}.{_SUFFIXES.get(image.content_type, 'bin')}"


def open_link(token: str, *, name: str | None = None) -> tuple[Blob, bytes]:
    """The image of a signed link, which may have to end in its ``name``. Raises Refused: link_invalid 403, link_expired 410, link_gone 410;
    FileNotFoundError."""
    blob = storage.open_signed(token)
    image = Image.objects.filter(blob=blob).select_related("document__verification").first()
    if name is not None and (image is None or name != file_name(image)):
        raise Refused("link_invalid", "The link is not valid.", status=403)
    data = storage.read(blob)
    if image is not None:
        verification = image.document.verification
        audit.record(
            workspace_id=verification.workspace_id, actor=LINK, action="image.viewed", subject=image.pk, verification=verification.pk,
            data={"document": image.document_id, "side": image.side},
        )  # fmt: skip
    return blob, data


def original_of(*, caller: Caller, document_id: str, side: str = "front") -> Image:
    """Raises Refused: document_not_found, images_redacted 410, side_not_found 404."""
    document = _shown(caller, document_id)
    image = next((entry for entry in document.images.all() if entry.side == side), None)
    if image is None:
        raise Refused("side_not_found", "The document has no such side.", status=404)
    return image


def page_preview(*, caller: Caller, document_id: str, number: int, width: int) -> bytes:
    """JPEG of one upright page (1, 2 … over all sides), at most ``width`` pixels wide; seen by name in the audit trail.

    Raises Refused: document_not_found, images_redacted 410, page_not_found 404 (also until the document was read).
    """
    document = _shown(caller, document_id)
    pages = [page for side in ("front", "back") for image in document.images.all() if image.side == side for page in image.page_images.all()]
    if not 1 <= number <= len(pages):
        raise Refused("page_not_found", "There is no such page; pages are there when the document was read.", status=404)
    page = pages[number - 1]
    with Pillow.open(io.BytesIO(storage.read(page.blob))) as picture:
        picture.thumbnail((width, 100 * width))
        buffer = io.BytesIO()
        picture.convert("RGB").save(buffer, "JPEG", quality=JPEG_QUALITY)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="image.viewed", subject=page.image_id, verification=document.verification_id,
        data={"document": document.pk, "page": number},
    )  # fmt: skip
    return buffer.getvalue()


def _shown(caller: Caller, document_id: str) -> Document:
    document = find_document(caller=caller, document_id=document_id)
    if document.images_redacted_at is not None:
        raise Refused("images_redacted", "The document's images were deleted.", status=410)
    return document
