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
from zoneinfo import ZoneInfo

from decisions import names
from decisions.evidence import Case, DocumentEvidence, EarlierUse
from decisions.models import Fingerprint, FingerprintKey, FingerprintKind
from decisions.rules.person import declared_name, name_on
from decisions.rules.registry import CONFIDENCE, observed
from documents.fields import fold
from documents.types import PHOTO_ID, US_TERRITORIES
from verifications.models import Verification, VerificationStatus

SHORTEST_NUMBER = 5
MOST_USES = 50
_HOLDER = (FingerprintKind.NAME, FingerprintKind.BIRTH_DATE)
_PERSON = (*_HOLDER, FingerprintKind.DECLARED_NAME)


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


def in_case(key: bytes, case: Case) -> dict[str, set[tuple[str, str]]]:
    """By document, what it is recognised by and the name that was declared for the case."""
    said = declared_name(case)[0]
    about = {(FingerprintKind.DECLARED_NAME.value, digest(key, "name", *plain_name(said)))} if said else set()
    return {entry.id: of_document(key, entry) | about for entry in case.documents}


def remember(verification: Verification, case: Case, key: bytes) -> None:
    """Keep the fingerprints of what was read; those that a correction or a new image made wrong go. Repeating it changes nothing."""
    rows = Fingerprint.objects.filter(verification=verification).values_list("pk", "document_id", "kind", "digest")
    known = {(document, kind, value): pk for pk, document, kind, value in rows}
    judged = {entry.id for entry in case.documents}
    wanted = {(pk, kind, value) for pk, found in in_case(key, case).items() for kind, value in found}
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
    own = in_case(key, case)
    places: dict[str, list[str]] = {}
    for pk, marks in own.items():
        for _, value in (mark for mark in marks if mark[0] not in _PERSON):
            places.setdefault(value, []).append(pk)
    rows = Fingerprint.objects.filter(
        workspace_id=verification.workspace_id, environment=verification.environment, digest__in=places, kind__in=["number", "image"]
    ).exclude(verification=verification)
    found = list(rows.select_related("verification").order_by("-created_at", "-id")[:MOST_USES])
    if not found:
        return {}
    zone, marks_of = ZoneInfo(verification.definition.time_zone), _marks({row.verification_id for row in found})
    here = [(pk, entry.context, own[pk]) for entry in case.documents if (pk := entry.id)]
    uses: dict[str, list[EarlierUse]] = {}
    for row in found:
        there = marks_of.get(row.verification_id, [])
        days = max(0, (case.today - row.created_at.astimezone(zone).date()).days)
        for pk in places[row.digest]:
            use = EarlierUse(
                row.verification_id, row.document_id, row.kind, days, holder=_same(_holder(here, pk), _holder(there, row.document_id)),
                person=_same(_about(here), _about(there)), approved=row.verification.status == VerificationStatus.APPROVED,
            )  # fmt: skip
            uses.setdefault(pk, []).append(use)
    return {pk: tuple(entries) for pk, entries in uses.items()}


def persons_of(verification: Verification, case: Case, others: set[str]) -> dict[str, str]:
    """By verification: whether it is about the ``same`` person as this one, ``another`` or an ``unknown`` one."""
    own, there = in_case(workspace_key(verification.workspace_id), case), _marks(others)
    here = [(entry.id, entry.context, own[entry.id]) for entry in case.documents]
    return {pk: _same(_about(here), _about(there.get(pk, []))) for pk in others}


_Marks = Sequence[tuple[str, str, Iterable[tuple[str, str]]]]


def _marks(verifications: set[str]) -> dict[str, _Marks]:
    """By verification: document, its context, and what is known of persons by it."""
    rows = Fingerprint.objects.filter(verification_id__in=verifications, kind__in=_PERSON)
    found: dict[str, dict[tuple[str, str], list[tuple[str, str]]]] = {}
    for case_id, document, context, kind, value in rows.values_list("verification_id", "document_id", "document__context", "kind", "digest"):
        found.setdefault(case_id, {}).setdefault((document, context), []).append((kind, value))
    return {case_id: [(*place, marks) for place, marks in documents.items()] for case_id, documents in found.items()}


def _holder(marks: _Marks, document: str) -> dict[str, str]:
    """Whom one document names."""
    return {kind: value for pk, _, entries in marks if pk == document for kind, value in entries if kind in _HOLDER}


def _about(marks: _Marks) -> dict[str, str]:
    """Whom a verification is about: whom the client declared and its photo ID names, or, without one, its other documents."""
    ordered = sorted(marks, key=lambda entry: entry[1] == PHOTO_ID)
    return {kind: value for _, _, entries in ordered for kind, value in entries if kind in _PERSON}


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    shared = one.keys() & other.keys()
    if not shared:
        return "unknown"
    return "same" if all(one[kind] == other[kind] for kind in shared) else "another"
