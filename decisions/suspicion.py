"""What is known of files before anything of them is read: the gate of cases that ask for a pause when something is strange.

Three signs, each from what the service holds anyway: the same file in somebody else's case, the file on the workspace's list, an image editor that
the file's metadata name. None of them says that anybody did wrong, so that none rejects: a person looks, and the case goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from decisions import fingerprints
from decisions.evidence import Case
from decisions.gather import gather_case, judged_documents
from decisions.models import ListKind
from documents.models import Document, Image
from verifications import audit
from verifications.lifecycle import SYSTEM
from verifications.models import Verification, VerificationStatus

_S = VerificationStatus
FILE_BLOCKED, FILE_USED_ELSEWHERE, IMAGE_EDITED = "file_blocked", "file_used_elsewhere", "image_edited"
MOST_USES = 50
# Where nobody knows of whom the other case is, it counts while it stands: what was refused or given up may be tried again by the same person.
_STANDING = (_S.SUBMITTED, _S.DOUBLE_CHECK, _S.HOLD, _S.APPROVED)


def signs_of_fraud(verification: Verification) -> list[str]:
    """Codes, each once; [] when nothing is strange. What was noticed of which document is in the audit trail.

    The caller holds the verification's lock, and has written to the workspace's audit trail in this transaction: whoever submits the same file at the
    same time waits there, and sees this case when it is their turn.
    """
    documents = judged_documents(verification)
    case = gather_case(verification, documents, remember=False)
    found = [*_blocked(case, documents), *_used_elsewhere(verification, case, documents), *_edited(documents)]
    if found:
        audit.record(
            workspace_id=verification.workspace_id, actor=SYSTEM, action="verification.suspected", subject=verification.pk,
            verification=verification.pk, data={"signs": [{"code": code, "document": pk} for code, pk in found]},
        )  # fmt: skip
    return list(dict.fromkeys(code for code, _ in found))


def _blocked(case: Case, documents: Sequence[Document]) -> Iterable[tuple[str, str]]:
    blocked = {entry.value.lower() for entry in case.listed if entry.kind == ListKind.BLOCKED_FILE}
    return [(FILE_BLOCKED, document.pk) for document in documents if blocked & _hashes(document)]


def _used_elsewhere(verification: Verification, case: Case, documents: Sequence[Document]) -> Iterable[tuple[str, str]]:
    """The bytes themselves are compared, by their SHA-256, also with what was not judged yet. Cases that the client itself puts together (one
    external reference, one group, one renewing the other) are of one person."""
    rows = Image.objects.filter(
        sha256__in={entry for document in documents for entry in _hashes(document)},
        document__verification__workspace_id=verification.workspace_id,
        document__verification__environment=verification.environment,
        document__verification__standalone=False,
    ).exclude(document__verification=verification)
    others = {
        row.document.verification_id: row.document.verification
        for row in rows.select_related("document__verification").order_by("-created_at", "-id")[:MOST_USES]
    }
    persons = fingerprints.persons_of(verification, case, set(others))
    strange = {pk for pk, other in others.items() if _is_strange(verification, other, persons[pk])}
    used = {row.sha256 for row in rows.filter(document__verification__in=strange)}
    return [(FILE_USED_ELSEWHERE, document.pk) for document in documents if used & _hashes(document)]


def _is_strange(verification: Verification, other: Verification, person: str) -> bool:
    together = (
        (verification.external_ref and verification.external_ref == other.external_ref)
        or (verification.group_ref and verification.group_ref == other.group_ref)
        or verification.renews_id == other.pk
        or other.renews_id == verification.pk
    )
    return not together and (person == "another" or (person == "unknown" and other.status in _STANDING))


def _edited(documents: Sequence[Document]) -> Iterable[tuple[str, str]]:
    return [(IMAGE_EDITED, document.pk) for document in documents if any(image.editor for image in document.images.all())]


def _hashes(document: Document) -> set[str]:
    return {image.sha256 for image in document.images.all()}
