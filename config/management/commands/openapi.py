"""Writes the OpenAPI document and what is made from it, or says that something has drifted."""

from __future__ import annotations

import io
import json
from argparse import ArgumentParser
from contextlib import redirect_stderr
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.api.docs import openapi_document
from config.generate.client import python_client
from config.generate.collection import postman_collection


class Command(BaseCommand):
    help = "Write docs/openapi.json, the Postman collection and the Python client; --check fails when one has drifted or the generator warns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        warnings = io.StringIO()
        with redirect_stderr(warnings):
            document = openapi_document()
        if warnings.getvalue():
            raise CommandError(warnings.getvalue())
        for name, text in made_from(document).items():
            path = settings.BASE_DIR / name
            if not check:
                path.write_text(text, encoding="utf-8")
            elif not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError(f"{name} has drifted from the views; `make fix` writes it anew")


def made_from(document: dict[str, Any]) -> dict[str, str]:
    """Text by path."""
    return {
        "docs/openapi.json": json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n",
        "docs/postman_collection.json": postman_collection(document),
        "vouchbox_client/api.py": python_client(document),
    }
