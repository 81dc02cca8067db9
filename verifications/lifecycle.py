"""The only door through which any state changes: lock, move, save, audit, say what happened, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import models, transaction
from django_fsm import can_proceed

from flows.errors import Refused
from flows.models import Workspace
from verifications import audit
from verifications.events import EVENT_OF_MOVE
from verifications.models import Verification
from verifications.outbox import DocumentLike, emit

SYSTEM = "system"
M = TypeVar("M", bound=models.Model)


def get_verification(workspace: Workspace, environment: str, verification_id: str) -> Verification:
    """Raises Refused("verification_not_found"): an id of another workspace or environment does not exist."""
    return _find(Verification.objects.all(), workspace, environment, verification_id)


def lock_verification(verification_id: str) -> Verification:
    """The row, locked until the transaction ends. Lock order everywhere: verification, document, decision."""
    return Verification.objects.select_for_update(of=("self",)).select_related("flow_version").get(pk=verification_id)


def _find(rows: models.QuerySet[Verification], workspace: Workspace, environment: str, verification_id: str) -> Verification:
    found = rows.filter(pk=verification_id, workspace=workspace, environment=environment).select_related("flow_version", "workspace").first()
    if found is None:
        raise Refused("verification_not_found", "No such verification.", status=404)
    return found


def move(
    subject: M,
    transition_name: str,
    *,
    verification: Verification,
    actor: str,
    reason: str = "",
    reasons: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
) -> M:
    """Run one transition of a locked verification or document and save it with ``changes`` of other columns.

    ``reason`` is a code for the audit trail. Raises Refused("transition_not_allowed") naming from and to.
    """
    assert transaction.get_connection().in_atomic_block, "a state changes inside a transaction"
    kind = type(subject).__name__.lower()
    method: Callable[[], None] = getattr(subject, transition_name)
    before, before_label = int(subject.status), subject.get_status_display()  # type: ignore[attr-defined]
    if not can_proceed(method):
        raise _refusal(subject, method, kind, before_label)
    for column, value in (changes or {}).items():
        setattr(subject, column, value)
    method()
    subject.save(update_fields=["status", "updated_at", *(changes or {})])
    audit.record(
        workspace_id=verification.workspace_id,
        actor=actor,
        action=f"{kind}.{transition_name}",
        subject=str(subject.pk),
        verification=verification.pk,
        data={"from": before, "to": int(subject.status), "reason": reason},  # type: ignore[attr-defined]
    )
    if event := EVENT_OF_MOVE.get(f"{kind}.{transition_name}"):
        document: DocumentLike | None = None if isinstance(subject, Verification) else subject  # type: ignore[assignment]
        emit(event, verification=verification, document=document, reasons=reasons)
    return subject


def _refusal(subject: models.Model, method: Callable[[], None], kind: str, before_label: str) -> Refused:
    targets = _targets(subject, method)
    wanted = " or ".join(targets)
    return Refused(
        "transition_not_allowed",
        f"A {kind} cannot go from {before_label} to {wanted}.",
        extra={"from": before_label, "to": wanted},
    )


def _targets(subject: models.Model, method: Callable[[], None]) -> list[str]:
    labels: dict[int, str] = dict(type(subject)._meta.get_field("status").flatchoices)  # type: ignore[union-attr]
    found: list[str] = []
    for entry in method._django_fsm.transitions.values():  # type: ignore[attr-defined]
        allowed = getattr(entry.target, "allowed_states", None) or [entry.target]
        found += [str(labels[int(state)]) for state in allowed]
    return list(dict.fromkeys(found))
