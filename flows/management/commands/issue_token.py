"""Issues an API token and prints it, and only it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from flows.errors import Refused
from flows.models import Dialect, Environment
from flows.services import get_or_create_workspace, issue_token


class Command(BaseCommand):
    help = "Issue an API token. It is printed once, alone on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the token is for")
        parser.add_argument("--workspace", default="default", help="slug; the workspace is made when there is none")
        parser.add_argument("--environment", default=Environment.SANDBOX, choices=Environment.values)
        parser.add_argument("--scopes", help="comma separated; all when left out")
        parser.add_argument("--days", type=int, default=settings.TOKEN_DAYS, help="0 never expires")
        parser.add_argument("--rate-limit", default="", help="this token's own, such as 600/min or off; RATE_LIMIT when left out")

        parser.add_argument("--dialect", default="", choices=Dialect.values, help="whose words the client speaks where two dialects share an address")

    def handle(
        self, *args: Any, name: str, workspace: str, environment: str, scopes: str | None, days: int, rate_limit: str, dialect: str, **options: Any
    ) -> None:
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()] if scopes is not None else None
        owner = get_or_create_workspace(slug=workspace)
        try:
            issued = issue_token(
                workspace=owner, name=name, environment=environment, scopes=wanted, days=days, rate_limit=rate_limit, dialect=dialect
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(issued.secret)
