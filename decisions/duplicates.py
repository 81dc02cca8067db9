"""Other verifications that may be the same document or the same person, by their fingerprints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from decisions.models import Fingerprint, FingerprintKind
from verifications.models import Verification

MOST_ROWS = 400
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Duplicate:
    """``why`` in words: what the two have in common."""

    case_id: str
    external_ref: str
    status: int
    status_label: str
    created_at: datetime
    why: str


def possible_duplicates(verification: Verification, *, with_protected: bool) -> list[Duplicate]:
    """Newest first, ``MOST_SHOWN`` at most, in two queries: those with the same image or number, or with the same name and date of birth.
    Cases of people whom a court protects are for those who may see them."""
    own = list(Fingerprint.objects.filter(verification=verification).values_list("kind", "digest"))
    if not own:
        return []
    place = {"workspace_id": verification.workspace_id, "environment": verification.environment}
    rows = Fingerprint.objects.filter(**place, digest__in=[digest for _, digest in own]).exclude(verification=verification)
    if not with_protected:
        rows = rows.filter(verification__protected=False)
    marks: dict[str, set[str]] = {}
    cases: dict[str, Verification] = {}
    for row in rows.select_related("verification").order_by("-created_at", "-id")[:MOST_ROWS]:
        marks.setdefault(row.verification_id, set()).add(row.kind)
        cases[row.verification_id] = row.verification
    found = [_duplicate(cases[pk], why) for pk, kinds in marks.items() if (why := _in_words(kinds))]
    return sorted(found, key=lambda entry: (entry.created_at, entry.case_id), reverse=True)[:MOST_SHOWN]


def _in_words(kinds: Iterable[str]) -> str:
    same = set(kinds)
    told = [
        ("same picture", FingerprintKind.IMAGE in same),
        ("same document number", FingerprintKind.NUMBER in same),
        ("same name and date of birth", bool(same & {FingerprintKind.NAME, FingerprintKind.DECLARED_NAME}) and FingerprintKind.BIRTH_DATE in same),
    ]
    return ", ".join(text for text, holds in told if holds)


def _duplicate(case: Verification, why: str) -> Duplicate:
    return Duplicate(case.pk, case.external_ref, int(case.status), case.get_status_display(), case.created_at, why)
