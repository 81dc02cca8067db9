"""Use cases of case and documents: attach, change, cancel and delete a document; submit, cancel, resume and resubmit a verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from documents import storage
from documents.intake import Inspected, inspect
from documents.models import Blob, Context, Document, DocumentStatus, Image, Page, Side
from documents.types import CONTEXT_LABELS, DOCUMENT_TYPES, DocumentType
from flows.definition import FlowDefinition
from flows.effects import effect
from flows.errors import Refused
from flows.idempotency import forget_answers
from flows.services import get_flow
from verifications import audit
from verifications.holds import require_not_held
from verifications.lifecycle import get_verification, lock_verification, move
from verifications.models import Verification, VerificationStatus
from verifications.outbox import emit
from verifications.services import Caller, locked_in_flow, merged_metadata, require_few_tags, require_flow

CANCELABLE = (DocumentStatus.UPLOADED, DocumentStatus.EXTRACTED, DocumentStatus.DOUBLE_CHECK)


class Upload(Protocol):
    """One side as it was sent. ``bytes()`` raises Refused("image_invalid") when it cannot be decoded; ``empty`` when nothing is in it."""

    @property
    def empty(self) -> bool: ...

    def bytes(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What a client sent of a document; None is "not sent"."""

    context: str | None = None
    type_id: int | None = None
    country: str | None = None
    front: Upload | None = None
    back: Upload | None = None

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in (self.context, self.type_id, self.country, self.front, self.back))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a document is going: the type it shall have there and the sides that type has."""

    context: str
    type: DocumentType
    country: str
    sides: int


def attach_document(*, caller: Caller, flow: str, verification_id: str, change: DocumentChange, draft: bool = False) -> Document:
    """Upload one document. ``change`` names context, type and country.

    Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, verification_canceled, verification_not_started,
    document_type_not_allowed, document_type_taken, image_missing, image_invalid, payload_too_large.
    """
    get_flow(caller.workspace, flow)
    verification = get_verification(caller.workspace, caller.environment, verification_id)
    target = _admit(verification, flow, change)
    images = take_in(target, change, required=not draft, owner=verification.pk)
    try:
        with effect():
            verification = lock_verification(verification.pk)
            target = _admit(verification, flow, change)
            return put_in(caller, verification, target, images, draft=draft)
    except IntegrityError as error:
        raise _taken(target.context) from error


def put_in(
    caller: Caller, verification: Verification, target: Target, images: Mapping[str, tuple[Blob, Inspected]], *, draft: bool = False
) -> Document:
    """Write one document with what ``take_in`` stored; the caller holds the verification's lock. Raises IntegrityError when the slot is taken."""
    document = Document(
        verification=verification, context=target.context, type_id=target.type.id, country=target.country, draft=draft,
        attempt=verification.attempt,
    )  # fmt: skip
    with transaction.atomic():
        document.save(force_insert=True)
    _keep_images(document, images)
    _record(caller, document, "document.attached")
    if not draft:
        emit("document.uploaded", verification=verification, document=document)
    return document


def replace_document(
    *,
    caller: Caller,
    flow: str,
    document_id: str,
    verification_id: str,
    change: DocumentChange,
    status: int | None = None,
    draft_only: bool = False,
) -> Document:
    """Change a document that is still Uploaded (or a draft; ``draft_only``: that alone); only what was sent changes.

    Raises Refused: what attach_document raises, document_not_found, verification_mismatch, document_canceled, document_not_uploaded,
    document_is_draft, transition_not_allowed, legal_hold, not_draft.
    """
    get_flow(caller.workspace, flow)
    get_verification(caller.workspace, caller.environment, verification_id)
    document = _find(caller, document_id)
    _admit_draft(document, draft_only)
    target = _admit_change(document, flow, verification_id, change, status)
    if target.sides == 2 and not document.draft and change.back is None and all(image.side != Side.BACK for image in document.images.all()):
        raise Refused("image_missing", "back_side_data is missing; this document has two sides.")
    images = take_in(target, change, required=False, owner=document.verification_id)
    try:
        with effect():
            verification = lock_verification(document.verification_id)
            document = lock_document(document.pk)
            document.verification = verification
            _admit_draft(document, draft_only)
            target = _admit_change(document, flow, verification_id, change, status)
            apply_change(caller, document, target, images, change)
            _apply_status(caller, document, status, changed=not change.is_empty)
    except IntegrityError as error:
        raise _taken(target.context) from error
    return document


def apply_change(
    caller: Caller,
    document: Document,
    target: Target,
    images: Mapping[str, tuple[Blob, Inspected]],
    change: DocumentChange,
    *,
    all_sides: bool = False,
) -> None:
    """Write what changes of a document that is not read yet, with what ``take_in`` stored; the caller holds the locks. ``all_sides``: a side that was
    not sent goes. Raises IntegrityError when the slot is taken, Refused("legal_hold")."""
    if change.is_empty:
        return
    document.context, document.type_id, document.country = target.context, target.type.id, target.country
    with transaction.atomic():
        document.save(update_fields=["context", "type_id", "country", "updated_at"])
    stale = Side.values if all_sides else [*images, *([Side.BACK] if target.sides == 1 else [])]
    if document.images.filter(side__in=stale).exists():
        require_not_held(document.verification)
    _drop_images(document, stale)
    _keep_images(document, images)
    _record(caller, document, "document.replaced")


def _apply_status(caller: Caller, document: Document, status: int | None, *, changed: bool) -> None:
    verification = document.verification
    if status == DocumentStatus.CANCELED:
        move(document, "cancel", verification=verification, actor=caller.name)
    elif status == DocumentStatus.IN_PROGRESS:
        move(document, "begin_reading", verification=verification, actor=caller.name, changes={"reader": ""})
        emit("document.reading_requested", verification=verification, document=document)
    elif changed and not document.draft:
        emit("document.uploaded", verification=verification, document=document)


@transaction.atomic
def label_document(*, caller: Caller, document_id: str, tags: Sequence[str] | None = None, metadata: Mapping[str, Any] | None = None) -> Document:
    """The client's own words about a document, in whatever state: ``tags`` replaces, ``metadata`` is merged one level deep and null removes a key.

    Raises Refused: document_not_found, redacted, validation_failed (more than 50 tags, a value over 16 KB).
    """
    verification = lock_verification(_find(caller, document_id).verification_id)
    document = _find_again(document_id)
    require_not_redacted(verification, document)
    before = (list(document.tags), dict(document.metadata))
    if tags is not None:
        document.tags = list(dict.fromkeys(tags))
        require_few_tags(document.tags)
    if metadata is not None:
        document.metadata = merged_metadata(document.metadata, metadata)
    if (document.tags, document.metadata) != before:
        document.save(update_fields=["tags", "metadata", "updated_at"])
        _record(
            caller,
            document,
            "document.labeled",
            data={"fields": [name for name, sent in (("tags", tags), ("metadata", metadata)) if sent is not None]},
        )
    return document


@transaction.atomic
def amend_document(
    *, caller: Caller, document_id: str, change: DocumentChange, tags: Sequence[str] | None = None, metadata: Mapping[str, Any] | None = None
) -> None:
    """Type and country while they may change, and the client's own words, together or not at all. Raises as ``replace_document`` and
    ``label_document`` do."""
    found = find_document(caller=caller, document_id=document_id)
    if not change.is_empty or (tags is None and metadata is None):
        replace_document(
            caller=caller, flow=found.verification.flow_id, document_id=document_id, verification_id=found.verification_id, change=change
        )  # fmt: skip
    if tags is not None or metadata is not None:
        label_document(caller=caller, document_id=document_id, tags=tags, metadata=metadata)


@transaction.atomic
def change_document_tags(*, caller: Caller, document_id: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Document:
    """Repeating it changes nothing. Raises Refused: as ``label_document``."""
    lock_verification(_find(caller, document_id).verification_id)
    tags = [tag for tag in dict.fromkeys([*_find_again(document_id).tags, *add]) if tag not in remove]
    return label_document(caller=caller, document_id=document_id, tags=tags)


@transaction.atomic
def delete_document(*, caller: Caller, flow: str, document_id: str) -> None:
    """Row and files go, the slot is free again. Raises Refused: document_not_found, flow_mismatch, redacted, document_locked, legal_hold."""
    get_flow(caller.workspace, flow)
    verification = lock_verification(_find(caller, document_id).verification_id)
    document = _find_again(document_id)
    require_flow(verification, flow)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if verification.status not in (VerificationStatus.STARTED, VerificationStatus.EXPIRED):
        raise Refused("document_locked", "Documents can only be deleted while the verification is Started or Expired.")
    require_not_held(verification)
    hashes = list(document.images.values_list("sha256", flat=True))
    _drop_images(document, Side.values)
    _record(caller, document, "document.deleted", data={"type": document.type_id, "sha256": hashes})
    emit("document.deleted", verification=verification, document=document)
    forget_answers([document.pk], code="document_not_found")
    document.delete()


@transaction.atomic
def submit_document(*, caller: Caller, flow: str, document_id: str) -> Document:
    """A draft stops being one and is processed. Raises Refused: not_draft, no_files and what a change raises."""
    get_flow(caller.workspace, flow)
    verification = lock_verification(_find(caller, document_id).verification_id)
    document = _find_again(document_id)
    require_open(verification, flow)
    if not document.draft:
        raise Refused("not_draft", "The document is not a draft.")
    sides = document.type.sides_in(document.country) or 1
    if document.images.count() < sides:
        raise Refused("no_files", "A side of the document is missing.")
    document.draft = False
    document.save(update_fields=["draft", "updated_at"])
    _record(caller, document, "document.submitted")
    emit("document.uploaded", verification=verification, document=document)
    return document


@transaction.atomic
def submit_verification(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Started → Submitted. Raises Refused: verification_canceled, verification_not_started, documents_missing, redacted."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.standalone:
        raise Refused("verification_not_found", "No such verification.", status=404)
    require_open(verification, flow)
    documents = [entry for entry in live_documents(verification) if entry.status != DocumentStatus.CANCELED and not entry.draft]
    present = {entry.context for entry in documents}
    if missing := [context for context in verification.definition.required_contexts if context not in present]:
        names = ", ".join(CONTEXT_LABELS[context] for context in missing)
        raise Refused("documents_missing", f"The verification has no {names} document.", extra={"missing": missing})
    move(verification, "submit", verification=verification, actor=caller.name, changes={"submitted_at": timezone.now(), "expires_at": None})
    for document in documents:
        if document.status == DocumentStatus.UPLOADED:
            emit("document.reading_requested", verification=verification, document=document)
    return verification


@transaction.atomic
def cancel_verification(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Repeating it changes nothing. Documents that can be canceled are canceled with it."""
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.status == VerificationStatus.CANCELED:
        return verification
    move(verification, "cancel", verification=verification, actor=caller.name)
    for document in live_documents(verification).select_for_update():
        if document.status in CANCELABLE:
            _cancel(caller.name, document, verification)
    return verification


def _cancel(actor: str, document: Document, verification: Verification) -> None:
    if document.draft:
        document.draft = False
        document.save(update_fields=["draft"])
    move(document, "cancel", verification=verification, actor=actor, reason="verification_canceled")


@transaction.atomic
def resume_verification(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Hold → where it came from; Expired → Started with a new term. What waited meanwhile is taken up again.

    Raises Refused: verification_not_found, flow_mismatch, redacted, transition_not_allowed.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    days = verification.definition.expires_after_days
    term = timezone.now() + timedelta(days=days) if days else None
    changes = {"expires_at": term} if verification.status == VerificationStatus.EXPIRED else {}
    was_paused = verification.is_paused
    move(verification, "resume", verification=verification, actor=caller.name, changes=changes)
    for document in live_documents(verification).filter(status=DocumentStatus.UPLOADED, draft=False) if was_paused else ():
        emit("document.reading_requested", verification=verification, document=document)
    return verification


@transaction.atomic
def resubmit_verification(
    *, caller: Caller, flow: str, verification_id: str, documents: Sequence[str] | None = None, reasons: Sequence[str] = (), note: str = ""
) -> Verification:
    """Rejected or Double Check → Started, next attempt; the documents named (default: those not Approved) become history.

    Raises Refused: document_not_found, redacted, verification_canceled, transition_not_allowed.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    live = {entry.pk: entry for entry in live_documents(verification).select_for_update()}
    wanted = [pk for pk, entry in live.items() if entry.status != DocumentStatus.APPROVED] if documents is None else list(documents)
    # Nothing can be judged by a husk: its place is free for a new upload, whatever was decided of it.
    wanted += [pk for pk, entry in live.items() if entry.redacted_at is not None and pk not in wanted]
    if unknown := [pk for pk in wanted if pk not in live]:
        raise Refused("document_not_found", "No such document in this verification.", status=404, extra={"documents": unknown})
    days = verification.definition.expires_after_days
    changes = {
        "attempt": verification.attempt + 1,
        "submitted_at": None,
        "finished_at": None,
        "expires_at": timezone.now() + timedelta(days=days) if days else None,
    }
    first = reasons[0] if reasons else ""
    move(verification, "restart", verification=verification, actor=caller.name, reason=first, reasons=reasons, changes=changes)
    _supersede([live[pk] for pk in wanted])
    audit.record(
        workspace_id=verification.workspace_id, actor=caller.name, action="verification.resubmission", subject=verification.pk,
        verification=verification.pk, data={"documents": wanted, "reasons": list(reasons), "has_note": bool(note)},
    )  # fmt: skip
    return verification


def _supersede(documents: Sequence[Document]) -> None:
    now = timezone.now()
    for document in documents:
        document.superseded_at = now
        document.save(update_fields=["superseded_at", "updated_at"])


def require_open(verification: Verification, flow: str) -> None:
    """The states in which documents may change, in the order of the contract."""
    require_flow(verification, flow)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if verification.status == VerificationStatus.CANCELED:
        raise Refused("verification_canceled", "The verification is canceled.")
    if verification.status != VerificationStatus.STARTED:
        raise Refused("verification_not_started", "The verification is not in Started status.")


def require_not_redacted(verification: Verification, document: Document) -> None:
    """Raises Refused("redacted")."""
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if document.redacted_at is not None:
        raise Refused("redacted", "The document's data was deleted.")


def require_faces_compared() -> None:
    """Raises Refused("engine_not_configured") where the service has nothing to compare faces with."""
    if settings.FACE_ENGINE == "off":
        raise Refused("engine_not_configured", "The service is set up without an engine that compares faces (FACE_ENGINE).", status=501)


def live_documents(verification: Verification) -> QuerySet[Document]:
    """Those that hold a slot; earlier attempts' are history."""
    return verification.documents.filter(superseded_at__isnull=True).order_by("created_at", "id")


def documents_with_images() -> QuerySet[Document]:
    """Documents with what an answer needs of their images, in a constant number of queries."""
    pages = Prefetch("page_images", queryset=Page.objects.select_related("blob").order_by("number"))
    images = Image.objects.select_related("blob").prefetch_related(pages).order_by("side")
    return Document.objects.prefetch_related(Prefetch("images", queryset=images), "corrections", "extractions")


def get_document(*, caller: Caller, flow: str, document_id: str) -> Document:
    """Raises Refused: flow_not_found, document_not_found, flow_mismatch."""
    get_flow(caller.workspace, flow)
    document = _find(caller, document_id)
    require_flow(document.verification, flow)
    return document


def find_document(*, caller: Caller, document_id: str) -> Document:
    """A document of the caller's, whatever its flow. Raises Refused("document_not_found")."""
    return _find(caller, document_id)


def type_and_country(*, caller: Caller, document_id: str) -> tuple[int | None, str | None]:
    """(None, None) for a document that is not there."""
    rows = Document.objects.filter(pk=document_id, verification__workspace=caller.workspace, verification__environment=caller.environment)
    return rows.values_list("type_id", "country").first() or (None, None)


def list_documents(*, caller: Caller, flow: str, verification_id: str | None) -> QuerySet[Document]:
    """Newest first; an unknown verification gives an empty list. Raises Refused("flow_not_found")."""
    get_flow(caller.workspace, flow)
    rows = documents_with_images().filter(
        verification__workspace=caller.workspace, verification__environment=caller.environment, verification__flow_id=flow
    )
    if verification_id is not None:
        rows = rows.filter(verification_id=verification_id)
    return rows.select_related("verification").order_by("-created_at", "-id")


def lock_document(document_id: str) -> Document:
    """The row, locked; its verification must be locked before."""
    return Document.objects.select_for_update().get(pk=document_id)


def _find(caller: Caller, document_id: str) -> Document:
    document = (
        documents_with_images()
        .select_related("verification__flow_version")
        .filter(pk=document_id, verification__workspace=caller.workspace, verification__environment=caller.environment)
        .first()
    )
    if document is None:
        raise _not_found()
    return document


def _find_again(document_id: str) -> Document:
    document = Document.objects.select_for_update().filter(pk=document_id).first()
    if document is None:
        raise _not_found()
    return document


def _not_found() -> Refused:
    return Refused("document_not_found", "No such document.", status=404)


def _admit(verification: Verification, flow: str, change: DocumentChange) -> Target:
    require_open(verification, flow)
    assert change.context is not None
    assert change.type_id is not None
    assert change.country is not None
    target = target_of(verification.definition, change.context, change.type_id, change.country)
    if live_documents(verification).filter(context=change.context).exists():
        raise _taken(change.context)
    return target


def _admit_change(document: Document, flow: str, verification_id: str, change: DocumentChange, status: int | None) -> Target:
    verification = document.verification
    require_open(verification, flow)
    if verification_id != verification.pk:
        raise Refused("verification_mismatch", "The document belongs to another verification.")
    if document.status == DocumentStatus.CANCELED:
        raise Refused("document_canceled", "The document is canceled.")
    if document.status != DocumentStatus.UPLOADED:
        raise Refused("document_not_uploaded", "The document is not in Uploaded status.")
    _admit_status(document, status)
    context = change.context if change.context is not None else document.context
    target = target_of(
        verification.definition,
        context,
        change.type_id if change.type_id is not None else document.type_id,
        change.country if change.country is not None else document.country,
    )
    if context != document.context and live_documents(verification).filter(context=context).exists():
        raise _taken(context)
    return target


def _admit_draft(document: Document, draft_only: bool) -> None:
    if draft_only and not document.draft:
        raise Refused("not_draft", "Only a draft can be changed here.")


def _admit_status(document: Document, status: int | None) -> None:
    if status is None:
        return
    if document.draft:
        raise Refused("document_is_draft", "A draft has no status to change; submit the document first.")
    if status in (DocumentStatus.APPROVED, DocumentStatus.REJECTED, DocumentStatus.DOUBLE_CHECK, DocumentStatus.EXTRACTED):
        wanted = DocumentStatus(status).label
        message = f"A document cannot go from Uploaded to {wanted} by an update; use decisions."
        raise Refused("transition_not_allowed", message, extra={"from": "Uploaded", "to": wanted})


def target_of(definition: FlowDefinition, context: str, type_id: int, country: str) -> Target:
    """Raises Refused("document_type_not_allowed")."""
    entry, kind = definition.types_by_id.get(type_id), DOCUMENT_TYPES.get(type_id)
    refusal = Refused("document_type_not_allowed", "Document type not allowed.")
    if entry is None or kind is None or kind.context != context or context not in definition.contexts:
        raise refusal
    sides = kind.sides_in(country)
    if sides is None or (entry.countries is not None and country not in entry.countries):
        raise refusal
    return Target(context, kind, country, sides)


def _taken(context: str) -> Refused:
    return Refused("document_type_taken", f"The verification already has a {Context(context).label} document.")


def take_in(target: Target, change: DocumentChange, *, required: bool, owner: str) -> dict[str, tuple[Blob, Inspected]]:
    """Decode, inspect and store what was sent, outside any transaction. A side the type does not have is not even looked at."""
    sent = {Side.FRONT: change.front, Side.BACK: change.back if target.sides == 2 else None}
    if required and (change.front is None or change.front.empty):
        raise Refused("image_missing", "front_side_data is missing.")
    if required and target.sides == 2 and (change.back is None or change.back.empty):
        raise Refused("image_missing", "back_side_data is missing; this document has two sides.")
    decoded = {side: upload.bytes() for side, upload in sent.items() if upload is not None and _not_empty(upload, side)}
    inspected = {side: _inspect(target, side, data) for side, data in decoded.items()}
    return {str(side): (storage.put(decoded[side], content_type=found.content_type, owner=owner), found) for side, found in inspected.items()}


def _not_empty(upload: Upload, side: str) -> bool:
    if upload.empty:
        raise Refused("image_missing", f"{side}_side_data is empty.")
    return True


def _inspect(target: Target, side: str, data: bytes) -> Inspected:
    try:
        return inspect(
            data,
            accept_pdf="pdf" in target.type.accepts and side == Side.FRONT,
            max_pixels=settings.MAX_IMAGE_PIXELS,
            max_pages=target.type.max_pages,
        )
    except Refused as refusal:
        raise Refused(refusal.code, f"{side}_side_data: {refusal.message}", status=refusal.status) from refusal


def _keep_images(document: Document, images: Mapping[str, tuple[Blob, Inspected]]) -> None:
    for side, (blob, found) in images.items():
        Image.objects.create(
            document=document, side=side, blob=storage.keep(blob), sha256=blob.sha256, content_type=found.content_type,
            width=found.width, height=found.height, pages=found.pages, editor=found.editor,
        )  # fmt: skip


def _drop_images(document: Document, sides: Sequence[str]) -> None:
    """Rows go, bytes are erased after the commit."""
    images = list(document.images.filter(side__in=sides).select_related("blob").prefetch_related("page_images__blob"))
    blobs = [image.blob for image in images] + [page.blob for image in images for page in image.page_images.all()]
    if images:
        Image.objects.filter(pk__in=[image.pk for image in images]).delete()
        storage.doom(*blobs)


def _record(caller: Caller, document: Document, action: str, data: Mapping[str, object] | None = None) -> None:
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action=action, subject=document.pk, verification=document.verification_id,
        data=data or {"context": document.context, "type": document.type_id, "country": document.country},
    )  # fmt: skip
