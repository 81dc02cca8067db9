"""How the same document is recognised again without keeping what it says: keyed hashes under a secret of the workspace.

An image is known by the SHA-256 of its content; a document by the HMAC of its number with country and type; the person a verification is about by
the HMACs of name and date of birth. Perceptual hashes are not used: on one template they put different people's cards closer than two photographs of
one card. Fingerprints outlive redaction, and one workspace's say nothing about another's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from decisions import names
from decisions.evidence import Case, DocumentEvidence, EarlierUse
from decisions.models import Fingerprint, FingerprintKey, FingerprintKind
from decisions.rules.person import name_on
from decisions.rules.registry import CONFIDENCE, observed
from documents.fields import fold
from documents.types import PHOTO_ID, US_TERRITORIES
from verifications.models import Verification

SHORTEST_NUMBER = 5
MOST_USES = 50
_HOLDER = (FingerprintKind.NAME, FingerprintKind.BIRTH_DATE)


def workspace_key(workspace_id: str) -> bytes:
    """The workspace's secret, 32 bytes; made when it is first asked for."""
    found = FingerprintKey.objects.filter(pk=workspace_id).first()
    if found is None:
        made = FingerprintKey(workspace_id=workspace_id)
        made.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        FingerprintKey.objects.bulk_create([made], ignore_conflicts=True)
        found = FingerprintKey.objects.get(pk=workspace_id)
    return base64.b64decode(found.secret)


def digest(key: bytes, *parts: str) -> str:
    """HMAC-SHA-256 in hex; the parts cannot run into one another."""
    return hmac.new(key, json.dumps(parts, ensure_ascii=True).encode(), hashlib.sha256).hexdigest()


def plain_number(number: str) -> str:
    """Letters and digits, upper case; '' for what is too short to tell documents apart."""
    bare = re.sub(r"[^A-Z0-9]", "", fold(number))
    return bare if len(bare) >= SHORTEST_NUMBER else ""


def plain_name(name: names.Name) -> tuple[str, ...]:
    """First given name and last surname in the alphabet's order, marks dropped: the same whichever of the two comes first."""
    outer = (name.given[:1] + name.surname[-1:]) or (name.loose[:1] + name.loose[-1:])
    return tuple(sorted({min(names.spellings(word)) for word in outer}))


def of_document(key: bytes, document: DocumentEvidence) -> set[tuple[str, str]]:
    """Kind and digest of everything by which ``document`` may be recognised; a holder only where the reading is sure."""
    found = {(FingerprintKind.IMAGE.value, entry) for entry in document.image_hashes}
    number = observed(document, "document.number")
    if number and (bare := plain_number(number.value)):
        country = "USA" if document.country in US_TERRITORIES else document.country
        found.add((FingerprintKind.NUMBER.value, digest(key, "number", document.type.kind, country, bare)))
    sure = [entry for path in ("person.surname", "person.given_names", "person.full_name") if (entry := observed(document, path))]
    name = name_on(document)
    if name and (words := plain_name(name)) and all(entry.confidence >= CONFIDENCE for entry in sure):
        found.add((FingerprintKind.NAME.value, digest(key, "name", *words)))
    born = observed(document, "person.date_of_birth")
    if born and born.confidence >= CONFIDENCE:
        found.add((FingerprintKind.BIRTH_DATE.value, digest(key, "birth_date", born.value)))
    return found


def remember(verification: Verification, case: Case, key: bytes) -> None:
    """Keep the fingerprints of what was read; those that a correction or a new image made wrong go. Repeating it changes nothing."""
    rows = Fingerprint.objects.filter(verification=verification).values_list("pk", "document_id", "kind", "digest")
    known = {(document, kind, value): pk for pk, document, kind, value in rows}
    judged = {entry.id for entry in case.documents}
    wanted = {(entry.id, kind, value) for entry in case.documents for kind, value in of_document(key, entry)}
    if stale := [pk for place, pk in known.items() if place[0] in judged and place not in wanted]:
        Fingerprint.objects.filter(pk__in=stale).delete()
    missing = [
        Fingerprint(
            workspace_id=verification.workspace_id, environment=verification.environment, verification=verification, document_id=document,
            kind=kind, digest=value,
        )
        for document, kind, value in sorted(wanted - set(known))
    ]  # fmt: skip
    Fingerprint.objects.bulk_create(missing, ignore_conflicts=True)


def earlier_uses(verification: Verification, case: Case, key: bytes) -> dict[str, tuple[EarlierUse, ...]]:
    """By document: the other verifications of the workspace that the same number or image was seen in, newest first."""
    own = {entry.id: of_document(key, entry) for entry in case.documents}
    places: dict[str, list[str]] = {}
    for pk, marks in own.items():
        for _, value in (mark for mark in marks if mark[0] not in _HOLDER):
            places.setdefault(value, []).append(pk)
    rows = Fingerprint.objects.filter(
        workspace_id=verification.workspace_id, environment=verification.environment, digest__in=places, kind__in=["number", "image"]
    ).exclude(verification=verification)
    found = list(rows.order_by("-created_at", "-id")[:MOST_USES])
    if not found:
        return {}
    holders, zone = _holders({row.verification_id for row in found}), ZoneInfo(verification.definition.time_zone)
    holder = _own_holder(case, own)
    uses: dict[str, list[EarlierUse]] = {}
    for row in found:
        days = _days(case.today, row.created_at.astimezone(zone).date())
        use = EarlierUse(row.verification_id, row.document_id, row.kind, days, _person(holder, holders.get(row.verification_id, {})))
        for pk in places[row.digest]:
            uses.setdefault(pk, []).append(use)
    return {pk: tuple(entries) for pk, entries in uses.items()}


def _days(today: date, first: date) -> int:
    return max(0, (today - first).days)


def _own_holder(case: Case, own: Mapping[str, Iterable[tuple[str, str]]]) -> dict[str, str]:
    rows = [(entry.context, kind, value) for entry in case.documents for kind, value in own[entry.id]]
    return _holder(rows)


def _holders(verifications: set[str]) -> dict[str, dict[str, str]]:
    rows = Fingerprint.objects.filter(verification_id__in=verifications, kind__in=_HOLDER)
    by_case: dict[str, list[tuple[str, str, str]]] = {}
    for case_id, context, kind, value in rows.values_list("verification_id", "document__context", "kind", "digest"):
        by_case.setdefault(case_id, []).append((context, kind, value))
    return {case_id: _holder(found) for case_id, found in by_case.items()}


def _holder(rows: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Whom a verification is about: as its photo ID says, else as its other documents do."""
    ordered = sorted(rows, key=lambda row: row[0] == PHOTO_ID)
    return {kind: value for _, kind, value in ordered if kind in _HOLDER}


def _person(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    shared = [kind for kind in _HOLDER if kind in one and kind in other]
    if not shared:
        return "unknown"
    return "same" if all(one[kind] == other[kind] for kind in shared) else "another"
