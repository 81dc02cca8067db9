"""``manage.py form_grid BLANK OUT``: coordinates upon a blank form, for making a layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from decisions.overlay import grid


class Command(BaseCommand):
    help = "Write the blank with the coordinates of its points upon it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blank")
        parser.add_argument("out")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            Path(options["out"]).write_bytes(grid(Path(options["blank"]).read_bytes()))
        except (OSError, ValueError, RuntimeError) as error:
            raise CommandError(f"{options['blank']}: expected a PDF ({type(error).__name__}).") from error
