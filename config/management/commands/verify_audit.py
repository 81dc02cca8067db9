"""Walks the audit chain of every workspace."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from flows.models import Workspace
from verifications.audit import verify_chain


class Command(BaseCommand):
    help = "Walk the audit chains; exit 1 and the first broken link if one was tampered with."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = False
        for workspace in Workspace.objects.all():
            link = verify_chain(workspace)
            broken = broken or link is not None
            self.stdout.write(f"{workspace.slug}: {'every link holds' if link is None else f'broken at {link.number}: {link.why}'}")
        if broken:
            sys.exit(1)
