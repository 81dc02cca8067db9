"""Loads the built-in flow files."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flows import catalogue
from flows.definition import FlowDefinition, InvalidFlow
from flows.models import FlowVersion
from flows.services import publish_flow


class Command(BaseCommand):
    help = "Load the flow files of flows/catalogue/; a changed file becomes the flow's next version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say what would change")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        try:
            for definition in catalogue.definitions():
                self.stdout.write(self._line(definition, check=check))
        except InvalidFlow as error:
            raise CommandError(str(error)) from error

    def _line(self, definition: FlowDefinition, *, check: bool) -> str:
        if check:
            newest = FlowVersion.objects.filter(flow_id=definition.slug).order_by("-number").first()
            if newest is not None and newest.digest == definition.digest:
                return f"{definition.slug}: version {newest.number} is current"
            return f"{definition.slug}: would become version {newest.number + 1 if newest else 1}"
        version, made = publish_flow(definition=definition)
        return f"{definition.slug}: version {version.number} {'loaded' if made else 'is current'}"
