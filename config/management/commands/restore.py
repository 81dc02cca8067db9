"""``manage.py restore FILE``: what ``backup`` wrote, into an empty database and storage."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backup import BackupError, check_backup, restore_backup
from flows.vault import Unreadable


class Command(BaseCommand):
    help = "Restore a backup into a database that was just migrated; all of it or nothing. --check reads it and writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--check", action="store_true", help="only read the file from end to end")

    def handle(self, *args: Any, file: Path, check: bool, **options: Any) -> None:
        try:
            with file.open("rb") as source:
                counts = (check_backup if check else restore_backup)(source)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror or 'it cannot be read'}") from error
        except (BackupError, Unreadable) as error:
            raise CommandError(f"{file}: {error}") from error
        done = "is whole" if check else "is restored, every file opens, every audit chain holds"
        self.stdout.write(f"{file} {done}: {', '.join(f'{count} {name}' for name, count in sorted(counts.items()))}")
