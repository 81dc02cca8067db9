"""Who reviews: the name under which a person's work is kept, and what their groups allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from decisions import names
from flows.models import Workspace
from verifications import audit
from verifications.models import Verification
from verifications.services import Caller

LONGEST = 80


def name_of(user: Any) -> str:
    """``user:`` and the login; the row's number where the login is too long for the tables."""
    name = f"user:{user.get_username()}"
    return name if len(name) <= LONGEST else f"user:#{user.pk}"


def caller_of(user: Any, verification: Verification) -> Caller:
    return Caller(verification.workspace, verification.environment, name_of(user))


def granted(user: Any, permission: str) -> bool:
    """Whether a group, or a permission of the person's own, says so. A superuser keeps the service: being one opens no case and no image."""
    if not user.is_superuser:
        return bool(user.has_perm(permission))
    if not hasattr(user, "_held_permissions"):
        rows = Permission.objects.filter(Q(user=user) | Q(group__user=user)).values_list("content_type__app_label", "codename")
        user._held_permissions = {f"{app}.{codename}" for app, codename in rows}
    return bool(user.is_active and permission in user._held_permissions)


class ByRole:
    """Mixed into an admin in front of ``ModelAdmin``: what it shows is for those who hold its permissions by a role, whoever else is a superuser."""

    opts: Any

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._granted(request, "view") or self._granted(request, "change")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._granted(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._granted(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def _granted(self, request: HttpRequest, action: str) -> bool:
        return granted(request.user, f"{self.opts.app_label}.{get_permission_codename(action, self.opts)}")


def sees_protected(user: Any) -> bool:
    return granted(user, "decisions.view_protected_reviewcase")


@transaction.atomic
def note_roles(*, subject: str, data: Mapping[str, Any], by: Any) -> None:
    """Who may see cases is a matter of every workspace: a change of it is in each one's audit trail."""
    for workspace in Workspace.objects.order_by("pk"):
        audit.record(workspace_id=workspace.pk, actor=name_of(by), action="roles.changed", subject=subject, data=data)


def all_reviewers() -> QuerySet[User]:
    """Active people who may decide, by login."""
    permission = Permission.objects.filter(codename="change_reviewcase", content_type__app_label="decisions")
    allowed = Q(user_permissions__in=permission) | Q(groups__permissions__in=permission)
    return User.objects.filter(allowed, is_active=True, is_staff=True).distinct().order_by("username")


def is_about(user: Any, verification: Verification) -> bool:
    """Whether the applicant bears the reviewer's own name, so far as both are known."""
    said = (verification.expected or {}).get("person") or {}
    if not (user.first_name and user.last_name and said.get("first_name") and said.get("last_name")):
        return False
    own = names.structured(user.last_name, user.first_name)
    applicant = names.structured(str(said["last_name"]), str(said["first_name"]))
    return names.compare(own, applicant).grade in ("A", "B")
