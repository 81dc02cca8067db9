from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

REVIEWERS, COMPLIANCE, ADMINISTRATORS = "Reviewers", "Compliance officers", "Administrators"
_REVIEW = ("decisions.view_reviewcase", "decisions.change_reviewcase")
ROLES = {
    REVIEWERS: _REVIEW,
    COMPLIANCE: (
        *_REVIEW, "decisions.assign_reviewcase", "decisions.reopen_reviewcase", "decisions.override_reviewcase",
        "decisions.view_protected_reviewcase",
        "decisions.view_export", "decisions.add_export", "decisions.change_export", "decisions.view_inspection", "decisions.add_inspection",
        "decisions.change_inspection", "verifications.view_legalhold", "verifications.add_legalhold", "verifications.change_legalhold",
        "decisions.view_listentry", "decisions.add_listentry", "decisions.delete_listentry", "verifications.view_auditentry",
        "verifications.view_event",
    ),
    ADMINISTRATORS: (
        "flows.view_workspace", "flows.add_workspace", "flows.change_workspace", "flows.view_apitoken", "flows.add_apitoken", "flows.change_apitoken",
        "flows.view_flow", "flows.change_flow", "flows.view_flowversion", "verifications.view_event", "verifications.view_outboxmessage",
        "verifications.change_outboxmessage", "verifications.view_workerheartbeat", "verifications.view_webhookendpoint",
        "verifications.change_webhookendpoint",
        "verifications.view_webhookdelivery", "verifications.change_webhookdelivery",
    ),
}  # fmt: skip


class DecisionsConfig(AppConfig):
    name = "decisions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(make_roles, sender=self)


def make_roles(sender: AppConfig, using: str, **options: Any) -> None:
    """The groups of people: reviewers decide, compliance officers also reopen, override, assign, see protected people, export, show
    records to inspectors and stop deletions, administrators keep tokens and flows and see no case. Made with the tables they are about; an
    administrator's own choice for a group is left alone."""
    from django.apps import apps
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    made = [name for name in ROLES if Group.objects.using(using).get_or_create(name=name)[1]]
    if not made:
        return
    for label in ("flows", "verifications", "decisions"):
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    known = {f"{entry.content_type.app_label}.{entry.codename}": entry for entry in Permission.objects.using(using).select_related("content_type")}
    for name in made:
        Group.objects.using(using).get(name=name).permissions.set(known[permission] for permission in ROLES[name])
