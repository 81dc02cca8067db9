"""A case in one call: begun, given all its documents, and submitted, or not begun at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from documents.services import DocumentChange, put_in, submit_verification, take_in, target_of
from documents.types import CONTEXT_LABELS
from flows.definition import FlowDefinition
from flows.effects import effect
from flows.errors import Refused
from flows.ids import new_verification_id
from flows.services import current_version, get_flow
from verifications.lifecycle import lock_verification
from verifications.models import Verification
from verifications.services import Caller, create_verification


def submit_package(*, caller: Caller, flow: str, fields: Mapping[str, Any], documents: Sequence[DocumentChange]) -> Verification:
    """``fields`` as for ``create_verification``; each document names context, type and country, and no two the same context.

    Raises Refused: flow_not_found, documents_missing, document_type_taken, document_type_not_allowed, image_missing, image_invalid.
    """
    definition = current_version(get_flow(caller.workspace, flow)).definition
    _require_complete(definition, documents)
    targets = [target_of(definition, change.context or "", change.type_id or 0, change.country or "") for change in documents]
    pk = new_verification_id()
    taken = [(target, take_in(target, change, required=True, owner=pk)) for target, change in zip(targets, documents, strict=True)]
    with effect():
        case = lock_verification(create_verification(caller=caller, flow=flow, fields=fields, pk=pk).pk)
        for target, images in taken:
            put_in(caller, case, target, images)
        return submit_verification(caller=caller, flow=flow, verification_id=pk)


def _require_complete(definition: FlowDefinition, documents: Sequence[DocumentChange]) -> None:
    present = [change.context for change in documents]
    if missing := [context for context in definition.required_contexts if context not in present]:
        names = ", ".join(CONTEXT_LABELS[context] for context in missing)
        raise Refused("documents_missing", f"The verification has no {names} document.", extra={"missing": missing})
    if len(set(present)) < len(present):
        raise Refused("document_type_taken", "Two documents are of one kind.")
