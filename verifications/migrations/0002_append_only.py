"""The database refuses to change or delete entries of the audit trail, checkpoints and receipts."""

from typing import Any

from django.db import migrations

from verifications import append_only


def install(apps: Any, editor: Any) -> None:
    append_only.install(editor.connection)


def remove(apps: Any, editor: Any) -> None:
    append_only.remove(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("verifications", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
