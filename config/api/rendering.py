"""Answers are JSON whatever is accepted; the views of PDFs look at Accept themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request


class ApiRenderer(JSONRenderer):
    charset = None


class AnyAccept(BaseContentNegotiation):
    """No 406: an API that speaks one language says so by speaking it."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        wanted = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None) -> tuple[BaseRenderer, str]:
        return next(iter(renderers)), "application/json"
