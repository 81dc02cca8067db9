"""People and their groups in the admin. Whom a group lets see cases is written into every workspace's audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from decisions.reviewers import note_roles


class PersonAdmin(UserAdmin):
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        person: User = form.instance
        data = {
            "groups": sorted(person.groups.values_list("name", flat=True)),
            "permissions": sorted(person.user_permissions.values_list("codename", flat=True)),
            "active": person.is_active, "superuser": person.is_superuser,
        }  # fmt: skip
        note_roles(subject=f"user:#{person.pk}", data=data, by=request.user)


class RoleAdmin(GroupAdmin):
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        group: Group = form.instance
        permissions = sorted(group.permissions.values_list("codename", flat=True))
        note_roles(subject=f"group:#{group.pk}", data={"name": group.name, "permissions": permissions}, by=request.user)


def register() -> None:
    """In the place of Django's own pages, which must have been registered before."""
    for model, page in ((User, PersonAdmin), (Group, RoleAdmin)):
        admin.site.unregister(model)
        admin.site.register(model, page)
