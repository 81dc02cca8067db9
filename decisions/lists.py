"""Use cases of the lists that an operator keeps: blocked document numbers, names, issuing countries and files, known mail receiving agencies, its
own addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from decisions import addresses, names
from decisions.evidence import Case, Listed
from decisions.fingerprints import digest, plain_name, plain_number, workspace_key
from decisions.models import ListEntry, ListKind, OperatorList
from decisions.rules.address import declared_address, read_address
from decisions.rules.history import issuers
from decisions.rules.person import declared_name, name_on
from decisions.rules.registry import observed
from flows.countries import COUNTRIES
from flows.errors import Refused
from verifications import audit
from verifications.models import Verification
from verifications.services import Caller

ADDRESSES = (ListKind.KNOWN_CMRA, ListKind.OWN_ADDRESS)


@transaction.atomic
def add_list_entry(
    *, caller: Caller, kind: str, value: str, reason: str, expires_at: datetime | None = None, list_id: str | None = None
) -> ListEntry:
    """``list_id`` names a list of that kind; None is the kind's own. A value is on one list of a kind only.

    Raises Refused: validation_failed (what ``require_listable`` says), list_entry_exists, list_not_found.
    """
    words = require_listable(kind=kind, value=value, expires_at=expires_at)
    of_list = get_list(caller=caller, list_id=list_id, kind=kind, open_only=True) if list_id is not None else None
    place = {
        "workspace": caller.workspace,
        "environment": caller.environment,
        "kind": kind,
        "digest": digest(workspace_key(caller.workspace.pk), kind, *words),
    }
    # An entry that has ended makes room for a new one.
    ListEntry.objects.filter(**place, expires_at__lte=timezone.now()).delete()
    entry = ListEntry(**place, of_list=of_list, created_by=caller.name, expires_at=expires_at)
    entry.content = {"value": value.strip(), "reason": reason.strip()}
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("list_entry_exists", "This value is on the list already.") from error
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="list_entry.added", subject=entry.pk, data={"kind": kind})
    return entry


def find_listed(*, caller: Caller, kind: str, value: str) -> ListEntry | None:
    """The living entry of this value, if there is one. Raises Refused("validation_failed")."""
    words = require_listable(kind=kind, value=value, expires_at=None)
    rows = _entries(caller).filter(kind=kind, digest=digest(workspace_key(caller.workspace.pk), kind, *words))
    return rows.exclude(expires_at__lte=timezone.now()).first()


def require_listable(*, kind: str, value: str, expires_at: datetime | None) -> tuple[str, ...]:
    """What the value is looked up by. Raises Refused("validation_failed") where it cannot be, or the time has passed."""
    words = _key_of(kind, value)
    if not words:
        raise _invalid("value", _WANTED[ListKind(kind)])
    if expires_at is not None and expires_at <= timezone.now():
        raise _invalid("expires_at", "The time must lie in the future.")
    return words


_STREET = "A street address of the USA with house number and ZIP code is needed."
_WANTED = {
    ListKind.BLOCKED_NUMBER: "A number of five letters and digits or more is needed.",
    ListKind.BLOCKED_NAME: "A name is needed.",
    ListKind.KNOWN_CMRA: _STREET,
    ListKind.OWN_ADDRESS: _STREET,
    ListKind.BLOCKED_COUNTRY: "An ISO 3166-1 alpha-3 country code is needed.",
    ListKind.BLOCKED_FILE: "The SHA-256 of the file as it is uploaded is needed: 64 hexadecimal digits.",
}
MOST_IMPORTED = 5000


def _invalid(field: str, message: str) -> Refused:
    return Refused("validation_failed", message, status=422, errors={field: [message]})


@transaction.atomic
def remove_list_entry(*, caller: Caller, entry_id: str, kind: str | None = None) -> ListEntry:
    """What was removed. Raises Refused("list_entry_not_found")."""
    entry = get_list_entry(caller=caller, entry_id=entry_id, kind=kind)
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="list_entry.removed", subject=entry.pk, data={"kind": entry.kind})
    ListEntry.objects.filter(pk=entry.pk).delete()
    return entry


def get_list_entry(*, caller: Caller, entry_id: str, kind: str | None = None) -> ListEntry:
    """``kind`` makes one of another kind unknown. Raises Refused("list_entry_not_found")."""
    entry = _entries(caller).filter(pk=entry_id, **({"kind": kind} if kind else {})).first()
    if entry is None:
        raise Refused("list_entry_not_found", "No such list entry.", status=404)
    return entry


def list_entries(*, caller: Caller, kind: str | None = None) -> QuerySet[ListEntry]:
    """Newest first, those that have ended too."""
    rows = _entries(caller)
    return (rows if kind is None else rows.filter(kind=kind)).order_by("-created_at", "-id")


def _entries(caller: Caller) -> QuerySet[ListEntry]:
    return ListEntry.objects.filter(workspace=caller.workspace, environment=caller.environment)


@transaction.atomic
def create_list(*, caller: Caller, kind: str, name: str) -> OperatorList:
    """A list beside the one that the kind has anyway; the rules look at all of a kind."""
    made = OperatorList.objects.create(
        workspace=caller.workspace, environment=caller.environment, kind=kind, name=name, created_by=caller.name
    )  # fmt: skip
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="list.created", subject=made.pk, data={"kind": kind})
    return made


def named_lists(*, caller: Caller) -> QuerySet[OperatorList]:
    """Newest first, archived ones too, each with ``entry_count``."""
    rows = OperatorList.objects.filter(workspace=caller.workspace, environment=caller.environment)
    return rows.annotate(entry_count=Count("entries")).order_by("-created_at", "-id")


def get_list(*, caller: Caller, list_id: str, kind: str | None = None, open_only: bool = False) -> OperatorList:
    """``kind`` makes a list of another kind unknown, ``open_only`` an archived one. Raises Refused("list_not_found")."""
    rows = named_lists(caller=caller).filter(pk=list_id, **({"kind": kind} if kind else {}))
    found = (rows.filter(archived_at__isnull=True) if open_only else rows).first()
    if found is None:
        raise Refused("list_not_found", "No such list.", status=404)
    return found


@transaction.atomic
def archive_list(*, caller: Caller, list_id: str) -> OperatorList:
    """Its entries go, and count no more; repeating it changes nothing. Raises Refused("list_not_found")."""
    get_list(caller=caller, list_id=list_id)
    row = OperatorList.objects.select_for_update().get(pk=list_id)
    if row.archived_at is None:
        deleted, _ = ListEntry.objects.filter(of_list=row).delete()
        row.archived_at = timezone.now()
        row.save(update_fields=["archived_at", "updated_at"])
        audit.record(
            workspace_id=caller.workspace.pk, actor=caller.name, action="list.archived", subject=row.pk, data={"entries": deleted}
        )  # fmt: skip
    return get_list(caller=caller, list_id=list_id)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows went onto the list, were on one already, or will not do."""

    added: int
    known: int
    refused: int


@transaction.atomic
def import_entries(*, caller: Caller, list_id: str, kind: str, values: Sequence[str], reason: str) -> Imported:
    """All that will do, at once; each row counts for itself. Raises Refused: list_not_found, validation_failed (more than 5,000 rows)."""
    of_list = get_list(caller=caller, list_id=list_id, kind=kind, open_only=True)
    if len(values) > MOST_IMPORTED:
        raise _invalid("file", f"A file has {MOST_IMPORTED} rows at the most.")
    key, refused = workspace_key(caller.workspace.pk), 0
    rows: dict[str, ListEntry] = {}
    for value in values:
        words = _key_of(kind, value)
        if not words:
            refused += 1
            continue
        entry = ListEntry(
            workspace=caller.workspace, environment=caller.environment, kind=kind, of_list=of_list, digest=digest(key, kind, *words),
            created_by=caller.name,
        )  # fmt: skip
        entry.content = {"value": value.strip(), "reason": reason}
        rows.setdefault(entry.digest, entry)
    there = ListEntry.objects.filter(workspace=caller.workspace, environment=caller.environment, kind=kind)
    there.filter(expires_at__lte=timezone.now()).delete()
    known = set(there.filter(digest__in=list(rows)).values_list("digest", flat=True))
    fresh = [entry for name, entry in rows.items() if name not in known]
    ListEntry.objects.bulk_create(fresh, batch_size=500)
    audit.record(
        workspace_id=caller.workspace.pk, actor=caller.name, action="list.imported", subject=of_list.pk, data={"kind": kind, "added": len(fresh)}
    )  # fmt: skip
    return Imported(len(fresh), len(values) - refused - len(fresh), refused)


def listed(verification: Verification, case: Case, key: bytes) -> tuple[Listed, ...]:
    """The living entries that something in the case may match; the rules compare them exactly."""
    wanted = {digest(key, kind, *words) for kind, words in _keys_in(case)}
    now = timezone.now()
    rows = ListEntry.objects.filter(workspace_id=verification.workspace_id, environment=verification.environment, digest__in=wanted)
    living = rows.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now)).order_by("id")
    return tuple(Listed(row.pk, row.kind, row.content["value"]) for row in living)


def _keys_in(case: Case) -> Iterable[tuple[str, tuple[str, ...]]]:
    for document in case.documents:
        number, name = observed(document, "document.number"), name_on(document)
        yield from ((ListKind.BLOCKED_COUNTRY, (code,)) for code in issuers(document))
        yield from ((ListKind.BLOCKED_FILE, (entry,)) for entry in document.image_hashes)
        if number and (bare := plain_number(number.value)):
            yield ListKind.BLOCKED_NUMBER, (bare,)
        if name:
            yield ListKind.BLOCKED_NAME, plain_name(name)
        for home in (read_address(document)[0], declared_address(case)[0]):
            if home and home.number:
                yield from ((kind, (home.number, home.street, home.postal_code)) for kind in ADDRESSES)
    if name := declared_name(case)[0]:
        yield ListKind.BLOCKED_NAME, plain_name(name)


def _key_of(kind: str, value: str) -> tuple[str, ...]:
    """What an entry is looked up by; () when the value will not do."""
    if kind == ListKind.BLOCKED_NUMBER:
        bare = plain_number(value)
        return (bare,) if bare else ()
    if kind == ListKind.BLOCKED_NAME:
        return plain_name(names.whole(value))
    if kind == ListKind.BLOCKED_COUNTRY:
        return (value.strip().upper(),) if value.strip().upper() in COUNTRIES else ()
    if kind == ListKind.BLOCKED_FILE:
        sha256 = value.strip().lower()
        return (sha256,) if re.fullmatch(r"[0-9a-f]{64}", sha256) else ()
    place = addresses.of(full=value)
    return (place.number, place.street, place.postal_code) if place.parsed and place.number and place.street and place.postal_code else ()
