"""Documents known to be compromised: what they are recognised by goes onto the workspace's lists, so that whoever shows one later is found out."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from decisions.fingerprints import remember, workspace_key
from decisions.gather import gather_case, judged_documents
from decisions.lists import add_list_entry
from decisions.models import Fingerprint, FingerprintKind, ListKind
from documents.extracted import current_values
from documents.services import find_document
from flows.errors import Refused
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.services import Caller

UNREAD = "No number was read on the document that it could be recognised by."


def fingerprints_of(*, caller: Caller, document_id: str | None = None) -> QuerySet[Fingerprint]:
    """Newest first, of one document or all. Raises Refused("document_not_found")."""
    rows = Fingerprint.objects.filter(workspace=caller.workspace, environment=caller.environment)
    if document_id is not None:
        rows = rows.filter(document=find_document(caller=caller, document_id=document_id))
    return rows.order_by("-created_at", "-id")


@transaction.atomic
def fingerprint(*, caller: Caller, document_id: str) -> Fingerprint:
    """What the document is recognised by, made now where judging has not yet: that of its number, else of its image. Repeating it changes nothing.

    Raises Refused: document_not_found, redacted, not_extracted (422).
    """
    found = find_document(caller=caller, document_id=document_id)
    verification = lock_verification(found.verification_id)
    if verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    documents = judged_documents(verification)
    remember(verification, gather_case(verification, documents), workspace_key(verification.workspace_id))
    marks = Fingerprint.objects.filter(document=found, kind__in=(FingerprintKind.NUMBER, FingerprintKind.IMAGE)).order_by("created_at", "id")
    mark = min(marks, key=lambda row: row.kind != FingerprintKind.NUMBER, default=None)
    if mark is None:
        raise Refused("not_extracted", UNREAD, status=422, errors={"document_id": [UNREAD]})
    return mark


@transaction.atomic
def forget_fingerprint(*, caller: Caller, fingerprint_id: str) -> None:
    """The document is recognised by it no more, until it is judged again. Raises Refused("fingerprint_not_found")."""
    mark = fingerprints_of(caller=caller).filter(pk=fingerprint_id).first()
    if mark is None:
        raise Refused("fingerprint_not_found", "No such fingerprint.", status=404)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="fingerprint.deleted", subject=mark.pk, verification=mark.verification_id,
        data={"kind": mark.kind},
    )  # fmt: skip
    Fingerprint.objects.filter(pk=mark.pk).delete()


@transaction.atomic
def flag_compromised(*, caller: Caller, document_id: str, reason: str) -> Fingerprint:
    """Block the document's number. Repeating it changes nothing.

    Raises Refused: document_not_found, redacted, not_extracted (422).
    """
    document = find_document(caller=caller, document_id=document_id)
    if document.verification.redacted_at is not None:
        raise Refused("redacted", "The verification's data was deleted.")
    number = current_values(document).get("document.number")
    mark = Fingerprint.objects.filter(document=document, kind=FingerprintKind.NUMBER).order_by("-created_at", "-id").first()
    if mark is None or number is None:
        raise Refused("not_extracted", UNREAD, status=422, errors={"document_id": [UNREAD]})
    try:
        add_list_entry(caller=caller, kind=ListKind.BLOCKED_NUMBER, value=number.value, reason=reason)
    except Refused as refusal:
        if refusal.code != "list_entry_exists":
            raise
        return mark
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="document.flagged", subject=document.pk, verification=document.verification_id
    )
    return mark
