from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

REVIEWERS = "Reviewers"


class DecisionsConfig(AppConfig):
    name = "decisions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(make_reviewers, sender=self)


def make_reviewers(sender: AppConfig, using: str, **options: Any) -> None:
    """The group of people who may review, made with the tables it is about: they see cases and decide documents, nothing else. An
    administrator's own choice of permissions for it is left alone."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    group, made = Group.objects.using(using).get_or_create(name=REVIEWERS)
    if made:
        create_permissions(sender, verbosity=0, using=using)
        group.permissions.set(Permission.objects.using(using).filter(codename__in=["view_reviewcase", "change_reviewcase"]))
