"""``manage.py backup FILE``: database and files in one sealed file."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backup import check_backup, write_backup


class Command(BaseCommand):
    help = "Write all that is stored into one file, sealed under FIELD_ENCRYPTION_KEYS, and read it once to be sure."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} is there already.")
        part = file.with_name(f"{file.name}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
                written = write_backup(target)
                target.flush()
                os.fsync(target.fileno())
            with part.open("rb") as source:
                check_backup(source)
            part.rename(file)
        finally:
            part.unlink(missing_ok=True)
        self.stdout.write(f"{file}: {', '.join(f'{count} {name}' for name, count in sorted(written.items()))}, {file.stat().st_size} bytes")
