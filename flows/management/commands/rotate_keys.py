"""``manage.py rotate_keys``: seal under the newest key what older ones still hold."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from flows.rotation import in_use, rotate
from flows.vault import keyring


class Command(BaseCommand):
    help = "Seal everything under the newest key, of FIELD_ENCRYPTION_KEYS or KEY_WRAPPER. Safe while the service runs; goes on where it was stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only count what each key still holds")

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0 if options["check"] else self._rotate()
        newest = keyring().primary
        for name, count in sorted(in_use().items()):
            self.stdout.write(f"{name}: {count}{'' if name == newest else ' (still needed)'}")
        if unreadable:
            self.stderr.write(f"{unreadable} could be opened by no key: a key is missing in FIELD_ENCRYPTION_KEYS.")
            sys.exit(1)

    def _rotate(self) -> int:
        step = None
        for step in rotate():
            self.stderr.write(f"{step.seen} of {step.total}, {step.rewrapped} sealed anew", ending="\r" if self.stderr.isatty() else "\n")
        return step.unreadable if step else 0
