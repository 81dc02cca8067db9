"""Revokes an API token."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flows.errors import Refused
from flows.services import revoke_token


class Command(BaseCommand):
    help = "Revoke an API token at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", help="the part of the token before its secret, such as vk_live_0123456789ab")

    def handle(self, *args: Any, prefix: str, **options: Any) -> None:
        try:
            token = revoke_token(prefix=prefix)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{token.prefix} is revoked")
