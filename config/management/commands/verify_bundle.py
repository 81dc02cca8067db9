"""``manage.py verify_bundle FILE``: whether this installation signed a bundle and nothing of it was changed."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from decisions.bundle_verifier import Invalid, check
from flows import servicekeys


class Command(BaseCommand):
    help = "Check a bundle's signature and files; exit 1 when anything was changed. --key prints the public key that bundles are signed with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?")
        parser.add_argument("--key", action="store_true", help="print this installation's public key, to be handed to whoever checks bundles")

    def handle(self, *args: Any, **options: Any) -> None:
        own = servicekeys.public_key().hex()
        if options["key"] or not options["file"]:
            self.stdout.write(own)
            return
        try:
            manifest, _ = check(options["file"], own)
        except (Invalid, OSError) as error:
            self.stdout.write(f"not valid: {error}")
            sys.exit(1)
        self.stdout.write(f"valid: {len(manifest['files'])} files, {manifest['about']}")
