"""How long data is kept and how it is forgotten: on request at once, by the flow's retention times in two passes (images, then everything)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from flows import datakeys, servicekeys
from flows.errors import Refused
from flows.services import get_flow
from verifications import audit
from verifications.holds import require_not_held
from verifications.lifecycle import get_verification
from verifications.models import RedactionReceipt, Verification, VerificationStatus
from verifications.outbox import emit
from verifications.redaction import Extent, Removed
from verifications.services import Caller, locked_in_flow, require_flow

REQUESTED, RETENTION = "requested", "retention"
EVERYTHING = Extent()


@dataclass(frozen=True, slots=True)
class Redaction:
    """``status`` is ``redacted``, or ``already_redacted`` with nothing removed."""

    status: str
    documents_removed: int


@transaction.atomic
def redact_verification(*, caller: Caller, flow: str, verification_id: str) -> Redaction:
    """Images and personal data go for good, in any state but Submitted; a husk of ids, states, times and hashes stays. Repeating it changes nothing.

    Raises Refused: flow_not_found, verification_not_found, flow_mismatch, legal_hold, verification_not_finished.
    """
    verification = locked_in_flow(caller=caller, flow=flow, verification_id=verification_id)
    if verification.redacted_at is not None:
        return Redaction("already_redacted", 0)
    require_not_held(verification)
    if verification.status == VerificationStatus.SUBMITTED:
        raise Refused("verification_not_finished", "The verification is being decided; its data can be deleted when that is done.")
    return Redaction("redacted", redact(verification, actor=caller.name, ground=REQUESTED).documents)


def redact_many(*, caller: Caller, verification_ids: Sequence[str]) -> dict[str, Redaction | Refused]:
    """Each in a transaction of its own: what is refused holds up no other. By id, each once."""
    done: dict[str, Redaction | Refused] = {}
    for pk in dict.fromkeys(verification_ids):
        try:
            found = get_verification(caller.workspace, caller.environment, pk)
            done[pk] = redact_verification(caller=caller, flow=found.flow_id, verification_id=pk)
        except Refused as refusal:
            done[pk] = refusal
    return done


def receipts_of(*, caller: Caller, flow: str, verification_id: str) -> list[RedactionReceipt]:
    """Newest first. Raises Refused: flow_not_found, verification_not_found, flow_mismatch."""
    get_flow(caller.workspace, flow)
    verification = get_verification(caller.workspace, caller.environment, verification_id)
    require_flow(verification, flow)
    return list(RedactionReceipt.objects.filter(verification=verification))


def redact(verification: Verification, *, actor: str, ground: str, extent: Extent = EVERYTHING) -> Removed:
    """One pass over every floor. The caller holds the lock."""
    removed = Removed()
    for redactor in _redactors():
        removed += redactor(verification, extent)
    if extent.is_everything:
        datakeys.destroy(verification.pk)
        verification.redacted_at = timezone.now()
        verification.save(update_fields=["redacted_at", "updated_at"])
    _write_receipt(verification, removed, actor=actor, ground=ground, extent=extent)
    if extent.is_everything:
        emit("verification.redacted", verification=verification)
    return removed


def _redactors() -> Iterator[Callable[[Verification, Extent], Removed]]:
    for name in import_string(f"{settings.PIPELINE}.REDACTORS"):
        yield import_string(name)


_ACTIONS = {"all": "verification.redacted", "images": "verification.images_redacted", "document": "document.redacted"}


def _write_receipt(verification: Verification, removed: Removed, *, actor: str, ground: str, extent: Extent) -> RedactionReceipt:
    """What went, signed, with the place in the audit chain that says so. One document's is about that document."""
    kind = "all" if extent.is_everything else "document" if extent.data else "images"
    named = {"document_ids": sorted(extent.documents or ())} if kind == "document" else {}
    subject = verification.pk if kind != "document" else named["document_ids"][0]
    data = {"ground": ground, "documents": removed.documents, "files": len(removed.hashes), **named}
    entry = audit.record(
        workspace_id=verification.workspace_id, actor=actor, action=_ACTIONS[kind], subject=subject, verification=verification.pk, data=data
    )
    receipt = RedactionReceipt(verification=verification, kind=kind, ground=ground)
    receipt.content = {
        "receipt": receipt.pk, "verification": verification.pk, "workspace": verification.workspace_id, "kind": kind, "ground": ground,
        "by": actor, "at": entry.at.isoformat(), "documents": removed.documents, "sha256": sorted(removed.hashes),
        "audit": {"number": entry.number, "hash": entry.hash}, **named,
    }  # fmt: skip
    receipt.signature = servicekeys.sign(servicekeys.canonical(receipt.content))
    receipt.save(force_insert=True)
    return receipt
