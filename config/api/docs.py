"""The OpenAPI document and the interactive page over it, with every asset from this service."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page
from drf_spectacular.generators import SchemaGenerator

from config.api.errors import safe_only


@lru_cache(maxsize=1)
def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1, generated from the views; the same for every caller."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


@safe_only
@conditional_page
def document(request: HttpRequest) -> JsonResponse:
    return JsonResponse(openapi_document())


@safe_only
def interactive(request: HttpRequest) -> HttpResponse:
    return render(request, "docs.html")
