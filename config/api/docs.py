"""The OpenAPI document and the interactive page over it, with every asset from this service."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator


@lru_cache(maxsize=1)
def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1, generated from the views; the same for every caller."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


@require_safe
def document(request: HttpRequest) -> JsonResponse:
    return JsonResponse(openapi_document())


@require_safe
def interactive(request: HttpRequest) -> HttpResponse:
    return render(request, "docs.html")
