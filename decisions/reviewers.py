"""Who reviews: the name under which a person's work is kept, and what their groups allow."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.db.models import Q, QuerySet

from decisions import names
from verifications.models import Verification
from verifications.services import Caller

LONGEST = 80


def name_of(user: Any) -> str:
    """``user:`` and the login; the row's number where the login is too long for the tables."""
    name = f"user:{user.get_username()}"
    return name if len(name) <= LONGEST else f"user:#{user.pk}"


def caller_of(user: Any, verification: Verification) -> Caller:
    return Caller(verification.workspace, verification.environment, name_of(user))


def may_decide(user: Any) -> bool:
    return bool(user.has_perm("decisions.change_reviewcase"))


def sees_protected(user: Any) -> bool:
    return bool(user.has_perm("decisions.view_protected_reviewcase"))


def all_reviewers() -> QuerySet[User]:
    """Active people who may decide, by login."""
    permission = Permission.objects.filter(codename="change_reviewcase", content_type__app_label="decisions")
    allowed = Q(is_superuser=True) | Q(user_permissions__in=permission) | Q(groups__permissions__in=permission)
    return User.objects.filter(allowed, is_active=True, is_staff=True).distinct().order_by("username")


def is_about(user: Any, verification: Verification) -> bool:
    """Whether the applicant bears the reviewer's own name, so far as both are known."""
    said = (verification.expected or {}).get("person") or {}
    if not (user.first_name and user.last_name and said.get("first_name") and said.get("last_name")):
        return False
    own = names.structured(user.last_name, user.first_name)
    applicant = names.structured(str(said["last_name"]), str(said["first_name"]))
    return names.compare(own, applicant).grade in ("A", "B")
