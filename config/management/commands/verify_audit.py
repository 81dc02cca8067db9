"""Walks the audit chain of every workspace."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from flows.models import Workspace
from verifications.audit import checkpoint_chains, newest_checkpoints, verify_chain


class Command(BaseCommand):
    help = "Walk the audit chains; exit 1 and the first broken link if one was tampered with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--export", metavar="FILE", help="sign how far each chain has come, and write it to a file to be kept elsewhere")
        parser.add_argument("--against", metavar="FILE", help="hold the chains against what was exported before")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = _kept(options["against"]) if options["against"] else []
        broken = False
        for workspace in Workspace.objects.all():
            link = verify_chain(workspace, kept=kept)
            broken = broken or link is not None
            self.stdout.write(f"{workspace.slug}: {'every link holds' if link is None else f'broken at {link.number}: {link.why}'}")
        if broken:
            sys.exit(1)
        if options["export"]:
            checkpoint_chains()
            Path(options["export"]).write_text(json.dumps(newest_checkpoints(), indent=2) + "\n", encoding="utf-8")


def _kept(name: str) -> list[dict[str, Any]]:
    try:
        entries = json.loads(Path(name).read_text(encoding="utf-8"))
        return [{"content": dict(entry["content"]), "signature": str(entry["signature"])} for entry in entries]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CommandError(f"{name}: this is not a file that --export wrote.") from error
