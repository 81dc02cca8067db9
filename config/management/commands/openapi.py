"""Writes the OpenAPI document, or says that the written one has drifted."""

from __future__ import annotations

import io
import json
from argparse import ArgumentParser
from contextlib import redirect_stderr
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.api.docs import openapi_document


class Command(BaseCommand):
    help = "Write docs/openapi.json; --check fails when it has drifted or the generator warns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        warnings = io.StringIO()
        with redirect_stderr(warnings):
            text = json.dumps(openapi_document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        if warnings.getvalue():
            raise CommandError(warnings.getvalue())
        path = settings.BASE_DIR / "docs" / "openapi.json"
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/openapi.json has drifted from the views; `make fix` writes it anew")
