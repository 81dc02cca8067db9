"""A case in one call: begun, given all its documents, and submitted, or not begun at all; or kept as a draft until it is complete.

A gate looks at a case as it is submitted, before anything of it is read. What it notices pauses the case until somebody continues it. The room above
brings the gate: what is known elsewhere of the same files is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

from documents.intake import Inspected
from documents.models import Blob
from documents.services import (
    DocumentChange,
    Target,
    apply_change,
    live_documents,
    put_in,
    require_open,
    resume_verification,
    submit_document,
    submit_verification,
    take_in,
    target_of,
)
from documents.types import CONTEXT_LABELS
from flows.definition import FlowDefinition
from flows.effects import effect
from flows.errors import Refused
from flows.ids import new_verification_id
from flows.services import current_version, get_flow
from verifications import audit
from verifications.lifecycle import get_verification, lock_verification
from verifications.models import Verification, VerificationStatus
from verifications.services import SUSPECTED_FRAUD, Caller, create_verification, locked_in_flow, pause_verification

_S = VerificationStatus
Images = Mapping[str, tuple[Blob, Inspected]]
# What it noticed in a case that was just submitted, by code; the caller holds the case's lock.
Gate = Callable[[Verification], Sequence[str]]


def submit_package(
    *, caller: Caller, flow: str, fields: Mapping[str, Any], documents: Sequence[DocumentChange], gate: Gate | None = None
) -> Verification:
    """``fields`` as for ``create_verification``; each document names context, type and country, and no two the same context.

    Raises Refused: flow_not_found, documents_missing, document_type_taken, document_type_not_allowed, image_missing, image_invalid.
    """
    definition = current_version(get_flow(caller.workspace, flow)).definition
    _require_complete(definition, documents)
    pk = new_verification_id()
    taken = _taken_in(definition, documents, owner=pk, required=True)
    with effect():
        case = lock_verification(create_verification(caller=caller, flow=flow, fields=fields, pk=pk).pk)
        for target, images in taken:
            put_in(caller, case, target, images)
        return _submit(caller, case, gate)


def draft_package(*, caller: Caller, flow: str, fields: Mapping[str, Any], documents: Sequence[DocumentChange]) -> Verification:
    """A case that waits to be submitted, with the documents that there are: drafts, of which nothing is read.

    Raises Refused: flow_not_found, document_type_taken, document_type_not_allowed, image_missing, image_invalid.
    """
    definition = current_version(get_flow(caller.workspace, flow)).definition
    _require_one_of_a_kind(documents)
    pk = new_verification_id()
    taken = _taken_in(definition, documents, owner=pk, required=False)
    with effect():
        case = lock_verification(create_verification(caller=caller, flow=flow, fields=fields, pk=pk).pk)
        for target, images in taken:
            put_in(caller, case, target, images, draft=True)
        return case


def amend_draft(*, caller: Caller, flow: str, verification_id: str, request: Mapping[str, Any], documents: Sequence[DocumentChange]) -> Verification:
    """``request`` is what the client asks with from now on. A document with a front is a new draft, or all there is of the one of its context from
    now on; one without changes that one's type and country, if there is one.

    Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, verification_canceled, verification_not_started,
    document_type_taken, document_type_not_allowed, image_missing, image_invalid, legal_hold.
    """
    get_flow(caller.workspace, flow)
    found = get_verification(caller.workspace, caller.environment, verification_id)
    require_open(found, flow)
    _require_one_of_a_kind(documents)
    taken = _taken_in(found.definition, documents, owner=found.pk, required=False)
    with effect():
        case = lock_verification(found.pk)
        require_open(case, flow)
        for change, (target, images) in zip(documents, taken, strict=True):
            _put(caller, case, change, target, images)
        case.request = dict(request)
        case.save(update_fields=["request_sealed", "updated_at"])
        audit.record(
            workspace_id=caller.workspace.pk, actor=caller.name, action="verification.amended", subject=case.pk, verification=case.pk,
            data={"fields": ["request"]},
        )  # fmt: skip
        return case


def _put(caller: Caller, case: Verification, change: DocumentChange, target: Target, images: Images) -> None:
    document = live_documents(case).select_for_update().filter(context=target.context).first()
    if document is None:
        if images:
            put_in(caller, case, target, images, draft=True)
        return
    if not document.draft:
        raise Refused("document_type_taken", f"The verification already has a {CONTEXT_LABELS[target.context]} document, which is no draft.")
    document.verification = case
    apply_change(caller, document, target, images, change, all_sides=bool(images))


@transaction.atomic
def submit_draft(*, caller: Caller, flow: str, verification_id: str, gate: Gate | None = None) -> Verification:
    """Its documents are drafts no more, and it is submitted, or nothing of that.

    Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, verification_canceled, verification_not_started, no_files,
    documents_missing.
    """
    case = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    require_open(case, flow)
    for document in live_documents(case).filter(draft=True):
        submit_document(caller=caller, flow=flow, document_id=document.pk)
    return _submit(caller, case, gate)


@transaction.atomic
def continue_verification(*, caller: Caller, flow: str, verification_id: str) -> Verification:
    """Somebody looked at what the gate noticed: the case goes on as submitted, and is read. Repeating it changes nothing.

    Raises Refused: flow_not_found, verification_not_found, flow_mismatch, redacted, transition_not_allowed for one that is not paused.
    """
    case = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if case.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    if case.is_paused:
        return resume_verification(caller=caller, flow=flow, verification_id=verification_id)
    if not case.held_reasons or case.status not in (_S.SUBMITTED, _S.APPROVED, _S.REJECTED, _S.DOUBLE_CHECK):
        raise Refused("transition_not_allowed", "The verification is not paused.", extra={"from": case.get_status_display(), "to": "Submitted"})
    return case


def _submit(caller: Caller, case: Verification, gate: Gate | None) -> Verification:
    submitted = submit_verification(caller=caller, flow=case.flow_id, verification_id=case.pk)
    noticed = list(gate(submitted)) if gate is not None else []
    return pause_verification(submitted, reasons=[SUSPECTED_FRAUD, *noticed]) if noticed else submitted


def _taken_in(definition: FlowDefinition, documents: Sequence[DocumentChange], *, owner: str, required: bool) -> list[tuple[Target, Images]]:
    """All types are looked at before any file is."""
    targets = [target_of(definition, change.context or "", change.type_id or 0, change.country or "") for change in documents]
    return [(target, take_in(target, change, required=required, owner=owner)) for target, change in zip(targets, documents, strict=True)]


def _require_complete(definition: FlowDefinition, documents: Sequence[DocumentChange]) -> None:
    present = [change.context for change in documents]
    if missing := [context for context in definition.required_contexts if context not in present]:
        names = ", ".join(CONTEXT_LABELS[context] for context in missing)
        raise Refused("documents_missing", f"The verification has no {names} document.", extra={"missing": missing})
    _require_one_of_a_kind(documents)


def _require_one_of_a_kind(documents: Sequence[DocumentChange]) -> None:
    if len({change.context for change in documents}) < len(documents):
        raise Refused("document_type_taken", "Two documents are of one kind.")
