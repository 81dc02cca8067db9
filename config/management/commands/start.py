"""`make run`: from an empty folder to a service that answers, then serve."""

from __future__ import annotations

import io
import os
import secrets
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from decisions.apps import COMPLIANCE, REVIEWERS
from flows.models import ApiToken, Workspace
from flows.services import get_or_create_workspace, issue_token

WORKSPACE = "demo"
REVIEWER = "reviewer"


class Command(BaseCommand):
    help = "Migrate, load the flows, make the demo workspace, and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--prepare-only", action="store_true", help="stop before serving")

    def handle(self, *args: Any, port: int, host: str, prepare_only: bool, **options: Any) -> None:
        if not prepare_only:
            _require_free(host, port)
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        call_command("sync_flows", stdout=io.StringIO())
        lines = [*_demo_token(), *_demo_reviewer()]
        self.stdout.write("\n".join(_banner(f"http://{host}:{port}", lines)))
        self.stdout.flush()
        if not prepare_only:
            # The same process goes on as the supervisor, so that one Ctrl-C and one SIGTERM reach it.
            command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", "--host", host, "--port", str(port)]
            os.execv(sys.executable, command)  # noqa: S606


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken (by a Vouchbox that runs already?). Stop that, or choose another: PORT=8001 make run"
            ) from error


def token_file() -> Path:
    """Where the demo's sandbox token is kept for `make demo`, readable by its owner only."""
    return Path(settings.DATA_DIR) / "demo" / "token"


def _demo_token() -> list[str]:
    workspace = get_or_create_workspace(slug=WORKSPACE, name="Demo workspace")
    path = token_file()
    if path.exists() and ApiToken.objects.filter(workspace=workspace, revoked_at=None, prefix="_".join(path.read_text().split("_", 3)[:3])).exists():
        return [f"Token        kept in {path}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    issued = issue_token(workspace=workspace, name="demo", environment="sandbox", days=settings.TOKEN_DAYS)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(issued.secret)
    return [f"Token        {issued.secret}", f"             (shown once; `make demo` finds it in {path})"]


def _demo_reviewer() -> list[str]:
    if User.objects.filter(username=REVIEWER).exists():
        return [f"Reviewer     {REVIEWER} (password as shown at the first start)"]
    password = secrets.token_urlsafe(12)
    user = User.objects.create_user(REVIEWER, password=password, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=[REVIEWERS, COMPLIANCE]))
    # So that the documentation's operations can be tried with a click.
    user.user_permissions.set(Permission.objects.filter(codename="add_apitoken", content_type__app_label="flows"))
    return [f"Reviewer     {REVIEWER} / {password}  (shown once)"]


def _banner(address: str, lines: list[str]) -> list[str]:
    return [
        "",
        f"Vouchbox     {address}",
        f"API docs     {address}/docs",
        f"Review       {address}/admin/",
        *lines,
        f"Workspace    {Workspace.objects.get(slug=WORKSPACE).name}; try `make demo` in another window, Ctrl-C here stops everything",
        "",
    ]
