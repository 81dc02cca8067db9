"""``manage.py verify_pdf FILE``: whether a PDF record is as this installation sealed it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from decisions.seal import certificate, problem_of


class Command(BaseCommand):
    help = "Check the seal of a PDF record; exit 1 when anything was changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--certificate", metavar="FILE", help="also write the seal's certificate (DER), for PDF readers to trust")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            problem = problem_of(Path(options["file"]).read_bytes())
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read.") from error
        if options["certificate"]:
            Path(options["certificate"]).write_bytes(certificate())
        self.stdout.write(f"not valid: {problem}" if problem else "valid: sealed by this installation, nothing was changed")
        if problem:
            sys.exit(1)
