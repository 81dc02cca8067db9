"""A document without a case: it is read and can be compared, and nothing is ever decided of it.

Below, every document has a verification, whose key seals it and whose flow says which types there are. A standalone one gets a verification of its
own that is in no list, cannot be submitted, and expires, so that retention times come to it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from documents.models import Document
from documents.services import DocumentChange, attach_document
from flows.errors import Refused
from flows.models import FlowVersion
from flows.services import current_versions
from verifications import audit
from verifications.models import Verification
from verifications.services import Caller

KEPT_DAYS = 30


def attach_standalone(*, caller: Caller, change: DocumentChange, draft: bool = False) -> Document:
    """Upload one document by itself. ``change`` names context, type and country.

    Raises Refused: document_type_not_allowed (no flow of the workspace reads such a document as soon as it comes), image_missing, image_invalid,
    payload_too_large.
    """
    case = _own_case(caller, _flow_for(caller, change))
    try:
        return attach_document(caller=caller, flow=case.flow_id, verification_id=case.pk, change=change, draft=draft)
    except Refused:
        with transaction.atomic():
            Verification.objects.filter(pk=case.pk, documents=None).delete()
        raise


def _flow_for(caller: Caller, change: DocumentChange) -> FlowVersion:
    for version in current_versions(caller.workspace):
        definition = version.definition
        entry = definition.types_by_id.get(change.type_id or 0)
        if (
            entry
            and change.context in definition.contexts
            and definition.extract_on == "upload"
            and change.country in (entry.countries or [change.country])
        ):
            return version
    raise Refused("document_type_not_allowed", "Document type not allowed.")


@transaction.atomic
def _own_case(caller: Caller, version: FlowVersion) -> Verification:
    lasts = timedelta(days=version.definition.expires_after_days or KEPT_DAYS)
    case = Verification(
        workspace=caller.workspace, environment=caller.environment, flow_id=version.flow_id, flow_version=version, standalone=True,
        expires_at=timezone.now() + lasts,
    )  # fmt: skip
    case.save(force_insert=True)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="verification.created", subject=case.pk, verification=case.pk,
        data={"standalone": True},
    )  # fmt: skip
    return case
