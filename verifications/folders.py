"""Use cases of folders: make one, list them, change one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet

from flows.errors import Refused
from verifications import audit
from verifications.models import Folder
from verifications.services import Caller


@transaction.atomic
def create_folder(*, caller: Caller, name: str, starred: bool = False) -> Folder:
    folder = Folder(workspace=caller.workspace, environment=caller.environment, starred=starred)
    folder.name = name
    folder.save(force_insert=True)
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="folder.created", subject=folder.pk)
    return folder


def list_folders(*, caller: Caller) -> QuerySet[Folder]:
    """Newest first, each with ``verification_count``."""
    rows = Folder.objects.filter(workspace=caller.workspace, environment=caller.environment)
    return rows.annotate(verification_count=Count("verifications")).order_by("-created_at", "-id")


def get_folder(*, caller: Caller, folder_id: str) -> Folder:
    """Raises Refused("folder_not_found")."""
    folder = list_folders(caller=caller).filter(pk=folder_id).first()
    if folder is None:
        raise Refused("folder_not_found", "No such folder.", status=404)
    return folder


@transaction.atomic
def amend_folder(*, caller: Caller, folder_id: str, fields: Mapping[str, Any]) -> Folder:
    """``fields`` of ``name starred``; only what was sent changes. Raises Refused("folder_not_found")."""
    folder = get_folder(caller=caller, folder_id=folder_id)
    for name in ("name", "starred"):
        if fields.get(name) is not None:
            setattr(folder, name, fields[name])
    folder.save(update_fields=["name_sealed", "starred", "updated_at"])
    audit.record(workspace_id=caller.workspace.pk, actor=caller.name, action="folder.changed", subject=folder.pk, data={"fields": sorted(fields)})
    return folder
