"""The OpenAPI side of the dialects: a document of its own for each, at ``/api/openapi/<dialect>``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import conditional_page
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

import config.api.schema  # noqa: F401 (how keys are sent is described there)
from config.api.errors import refusal_json, safe_only
from config.api.inflection import to_style
from flows.errors import Refused

DIALECTS = ("verifa", "persona", "anycheck")
TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}
NUMBER: dict[str, Any] = {"type": "number"}
FLAG: dict[str, Any] = {"type": "boolean"}
MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
ANY: dict[str, Any] = {}
FREE: dict[str, Any] = {"type": "object", "additionalProperties": True}
SCORES: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}


def shape(**members: Mapping[str, Any]) -> dict[str, Any]:
    """An object with just these members, all of them always there."""
    properties = {name: dict(schema) for name, schema in members.items()}
    return {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}


def listed(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(entry)}


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def query(name: str, description: str, schema: dict[str, Any] | None = None) -> OpenApiParameter:
    """A parameter of a list; text when no ``schema`` says otherwise."""
    return OpenApiParameter(name, schema or OpenApiTypes.STR, OpenApiParameter.QUERY, description=description)


def described(
    summary: str,
    answer: Mapping[int, Any],
    *,
    request: Any = None,
    example: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    form: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Document one method. ``answer`` has a JSON schema by status, None for no body, or a content type in place of the schema."""
    responses: dict[Any, Any] = {}
    for status, schema in answer.items():
        if isinstance(schema, str):
            responses[status, schema] = OpenApiTypes.BINARY
        else:
            responses[status] = OpenApiResponse(response=schema, description="Done")
    extended = extend_schema(
        summary=summary,
        operation_id=re.sub(r"[^a-z]+", "_", summary.lower().replace("'s", "")).strip("_"),
        request={"application/json": request} if request is not None else None,
        responses=responses,
        parameters=list(parameters),
        examples=[OpenApiExample("Request", value=example, request_only=True)] if example is not None else [],
    )

    def document(method: Callable[..., Any]) -> Callable[..., Any]:
        method.kwargs = {"schema": DialectSchema}  # type: ignore[attr-defined]
        return extended(method)

    return document


class DialectSchema(AutoSchema):
    """Every operation may be refused in the dialect's own words. A 500 is never documented, so that one is found."""

    def get_description(self) -> str:  # type: ignore[override]
        scopes: dict[str, str] = self.view.scopes  # type: ignore[attr-defined]
        return f"Needs the scope `{scopes[self.method.lower()]}`."

    def get_tags(self) -> list[str]:
        return [next(word for word in self.path.removeprefix("/api/v1").split("/") if word).capitalize()]

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> dict[str, Any] | None:
        found: dict[str, Any] | None = super().get_operation(path, path_regex, path_prefix, method, registry)
        if found is not None:
            refused = {"description": "Refused", "content": {"application/json": {"schema": self.view.dialect.error_schema}}}  # type: ignore[attr-defined]
            found["responses"] = {**found["responses"], "4XX": refused, "501": refused}
        return found


class AllEndpoints(EndpointEnumerator):
    """Without the filter that keeps dialects out of the native document."""

    def get_api_endpoints(self, patterns: Any = None, prefix: str = "") -> Any:
        found: list[tuple[str, str, str, Any]] = self._get_api_endpoints(patterns, prefix)  # type: ignore[no-untyped-call]
        return sorted(found, key=lambda entry: (entry[0], entry[2]))


class DialectGenerator(SchemaGenerator):
    endpoint_inspector_cls = AllEndpoints


def native_endpoints(endpoints: Sequence[tuple[str, str, str, Any]], **options: Any) -> list[tuple[str, str, str, Any]]:
    """For the native document: what is no dialect's."""
    return [entry for entry in endpoints if not hasattr(entry[3].cls, "dialect")]


@lru_cache(maxsize=len(DIALECTS))
def dialect_document(name: str) -> dict[str, Any]:
    """OpenAPI 3.1 of one dialect, in that dialect's usual casing."""
    module = import_module(f"config.api.dialects.{name}.urls")
    schema: dict[str, Any] = DialectGenerator(patterns=module.urlpatterns).get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    schema["info"] = {"title": f"Vouchbox: {module.DIALECT.title}", "version": "1"}
    _spell(schema, module.DIALECT.style)
    return schema


def _spell(node: Any, style: str) -> None:
    """Members of every schema as they are answered."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            node["properties"] = {to_style(name, style): schema for name, schema in node["properties"].items()}
            node["required"] = [to_style(name, style) for name in node.get("required", ())]
            if not node["required"]:
                del node["required"]
        for value in node.values():
            _spell(value, style)
    elif isinstance(node, list):
        for value in node:
            _spell(value, style)


@safe_only
@conditional_page
def document(request: HttpRequest, dialect: str) -> JsonResponse:
    if dialect not in DIALECTS:
        return refusal_json(request, Refused("not_found", "There is nothing at this address.", status=404))
    return JsonResponse(dialect_document(dialect))
