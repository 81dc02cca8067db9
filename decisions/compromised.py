"""Documents known to be compromised: what they are recognised by goes onto the workspace's lists, so that whoever shows one later is found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import CharField, QuerySet, Value

from decisions.fingerprints import remember, workspace_key
from decisions.gather import gather_case, judged_documents
from decisions.lists import add_list_entry, find_listed, list_entries, remove_list_entry
from decisions.models import Fingerprint, FingerprintKind, ListEntry, ListKind
from documents.extracted import current_values
from documents.services import find_document, require_not_redacted
from flows.errors import Refused
from verifications import audit
from verifications.lifecycle import lock_verification
from verifications.services import Caller

FILE = "file"
UNREAD = "No number was read on the document that it could be recognised by."


def fingerprints_of(*, caller: Caller, document_id: str | None = None) -> QuerySet[Fingerprint]:
    """Newest first, of one document or all. Raises Refused("document_not_found")."""
    rows = Fingerprint.objects.filter(workspace=caller.workspace, environment=caller.environment)
    if document_id is not None:
        rows = rows.filter(document=find_document(caller=caller, document_id=document_id))
    return rows.order_by("-created_at", "-id")


@dataclass(frozen=True, slots=True)
class Mark:
    """What something is recognised by: a document's fingerprint, or (``kind`` FILE, ``document_id`` None) a file that is blocked by its SHA-256."""

    pk: str
    document_id: str | None
    kind: str
    digest: str
    created_at: datetime


def marks_of(*, caller: Caller, with_files: bool) -> QuerySet[Any, Mapping[str, Any]]:
    """Fingerprints and, with ``with_files``, blocked files, newest first, as rows for ``opened``."""
    columns = ("id", "document_id", "kind", "digest", "created_at")
    rows = fingerprints_of(caller=caller).order_by().values(*columns)
    if with_files:
        entries = list_entries(caller=caller, kind=ListKind.BLOCKED_FILE).order_by()
        rows = rows.union(entries.annotate(document_id=Value(None, CharField(null=True))).values(*columns), all=True)
    ordered: QuerySet[Any, Mapping[str, Any]] = rows.order_by("-created_at", "-id")
    return ordered


def opened(rows: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """The rows of ``marks_of`` with the hashes as clients know them: what is listed is stored under a keyed one."""
    entries = ListEntry.objects.in_bulk([row["id"] for row in rows if row["kind"] == ListKind.BLOCKED_FILE])
    return [
        mark_of(entries[row["id"]])
        if row["id"] in entries
        else Mark(row["id"], row["document_id"], row["kind"], row["digest"], row["created_at"])
        for row in rows
    ]  # fmt: skip


def mark_of(entry: ListEntry) -> Mark:
    return Mark(entry.pk, None, FILE, str(entry.content["value"]).lower(), entry.created_at)


@transaction.atomic
def block_file(*, caller: Caller, sha256: str, reason: str) -> tuple[Mark, bool]:
    """Put a file's SHA-256 (hex) on the list of blocked files. Repeating it changes nothing: the second member tells whether it is new.

    Raises Refused: validation_failed for ``hash``.
    """
    try:
        found = find_listed(caller=caller, kind=ListKind.BLOCKED_FILE, value=sha256)
    except Refused as refusal:
        raise Refused(refusal.code, refusal.message, status=refusal.status, errors={"hash": [refusal.message]}) from refusal
    if found is not None:
        return mark_of(found), False
    try:
        return mark_of(add_list_entry(caller=caller, kind=ListKind.BLOCKED_FILE, value=sha256.lower(), reason=reason)), True
    except Refused as refusal:
        # Somebody else was first.
        found = find_listed(caller=caller, kind=ListKind.BLOCKED_FILE, value=sha256)
        if refusal.code != "list_entry_exists" or found is None:
            raise
        return mark_of(found), False


@transaction.atomic
def fingerprint(*, caller: Caller, document_id: str) -> Fingerprint:
    """What the document is recognised by, made now where judging has not yet: that of its number, else of its image. Repeating it changes nothing.

    Raises Refused: document_not_found, redacted, not_extracted (422).
    """
    found = find_document(caller=caller, document_id=document_id)
    verification = lock_verification(found.verification_id)
    require_not_redacted(verification, found)
    documents = judged_documents(verification)
    remember(verification, gather_case(verification, documents), workspace_key(verification.workspace_id))
    marks = Fingerprint.objects.filter(document=found, kind__in=(FingerprintKind.NUMBER, FingerprintKind.IMAGE)).order_by("created_at", "id")
    mark = min(marks, key=lambda row: row.kind != FingerprintKind.NUMBER, default=None)
    if mark is None:
        raise Refused("not_extracted", UNREAD, status=422, errors={"document_id": [UNREAD]})
    return mark


@transaction.atomic
def forget_fingerprint(*, caller: Caller, fingerprint_id: str, with_files: bool = False) -> None:
    """The document is recognised by it no more, until it is judged again; with ``with_files`` a blocked file is taken off its list, too.
    Raises Refused("fingerprint_not_found")."""
    mark = fingerprints_of(caller=caller).filter(pk=fingerprint_id).first()
    if mark is None and with_files and list_entries(caller=caller, kind=ListKind.BLOCKED_FILE).filter(pk=fingerprint_id).exists():
        remove_list_entry(caller=caller, entry_id=fingerprint_id, kind=ListKind.BLOCKED_FILE)
        return
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
    require_not_redacted(document.verification, document)
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
