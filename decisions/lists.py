"""Use cases of the lists that an operator keeps: blocked document numbers and names, known mail receiving agencies, its own addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from decisions import addresses, names
from decisions.evidence import Case, Listed
from decisions.fingerprints import digest, plain_name, plain_number, workspace_key
from decisions.models import ListEntry, ListKind
from decisions.rules.address import declared_address, read_address
from decisions.rules.person import declared_name, name_on
from decisions.rules.registry import observed
from flows.errors import Refused
from verifications import audit
from verifications.models import Verification
from verifications.services import Caller

ADDRESSES = (ListKind.KNOWN_CMRA, ListKind.OWN_ADDRESS)


@transaction.atomic
def add_list_entry(*, caller: Caller, kind: str, value: str, reason: str, expires_at: datetime | None = None) -> ListEntry:
    """Raises Refused: validation_failed (what ``require_listable`` says), list_entry_exists."""
    words = require_listable(kind=kind, value=value, expires_at=expires_at)
    place = {
        "workspace": caller.workspace,
        "environment": caller.environment,
        "kind": kind,
        "digest": digest(workspace_key(caller.workspace.pk), kind, *words),
    }
    # An entry that has ended makes room for a new one.
    ListEntry.objects.filter(**place, expires_at__lte=timezone.now()).delete()
    entry = ListEntry(**place, created_by=caller.name, expires_at=expires_at)
    entry.content = {"value": value.strip(), "reason": reason.strip()}
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("list_entry_exists", "This value is on the list already.") from error
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="list_entry.added", subject=entry.pk, data={"kind": kind})
    return entry


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
}


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
    place = addresses.of(full=value)
    return (place.number, place.street, place.postal_code) if place.parsed and place.number and place.street and place.postal_code else ()
