from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ConfigConfig(AppConfig):
    name = "config"
    default = True

    def ready(self) -> None:
        from config import checks  # noqa: F401 (registers the wiring checks)


class ReviewAdminConfig(admin_apps.AdminConfig):
    """The admin behind our own front door."""

    default = False
    default_site = "config.signin.site.Site"

    def ready(self) -> None:
        super().ready()
        from config.signin import log, people

        people.register()
        log.connect()
