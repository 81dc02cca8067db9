"""What the ground floor tells the audit trail, which stands on the floor above: through the wiring table (``settings.PIPELINE``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from flows.models import Flow, Workspace


def note(workspaces: Iterable[str], *, actor: str, action: str, subject: str, data: Mapping[str, Any] | None = None) -> None:
    """One entry in the chain of each workspace, in the caller's transaction."""
    record = import_string(import_string(f"{settings.PIPELINE}.AUDIT"))
    for workspace_id in sorted(workspaces):
        record(workspace_id=workspace_id, actor=actor, action=action, subject=subject, data=data)


def users_of(flow: Flow) -> list[str]:
    """The workspaces that may use a flow."""
    return list(flow.workspaces.values_list("pk", flat=True)) or list(Workspace.objects.values_list("pk", flat=True))
