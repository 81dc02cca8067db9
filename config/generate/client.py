"""The typed Python client, from the OpenAPI document: a TypedDict per schema, a method per operation."""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "dict[str, Any]"}
HEAD = '''"""Typed client of the Vouchbox API. Made from docs/openapi.json by `manage.py openapi`: do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast

from vouchbox_client.transport import Transport, quote
'''


def python_client(document: Mapping[str, Any]) -> str:
    """The module's source."""
    schemas: Mapping[str, Schema] = document["components"]["schemas"]
    parts = [HEAD, *(_declaration(name, schema) for name, schema in sorted(schemas.items())), _client(document)]
    return "\n\n".join(parts) + "\n"


def _declaration(name: str, schema: Schema) -> str:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    if not properties:
        return f"{name}: TypeAlias = {annotation(schema)}"
    required = set(schema.get("required", ()))
    hints = {key: annotation(value) if key in required else f"NotRequired[{annotation(value)}]" for key, value in sorted(properties.items())}
    if all(key.isidentifier() and not keyword.iskeyword(key) for key in hints):
        doc = [_doc(schema, 4)] if "description" in schema else []
        return "\n".join([f"class {name}(TypedDict):", *doc, *(f"    {key}: {hint}" for key, hint in hints.items())])
    entries = "\n".join(f'    "{key}": "{hint}",' for key, hint in hints.items())
    return f'{name} = TypedDict(\n    "{name}",\n    {{\n{textwrap.indent(entries, "    ")}\n    }},\n)'


def _doc(schema: Schema, indent: int) -> str:
    lines = textwrap.wrap(" ".join(str(schema["description"]).split()).replace("\\", ""), 120)
    return textwrap.indent(f'"""{(chr(10)).join(lines)}"""\n', " " * indent)


def annotation(schema: Schema) -> str:  # noqa: PLR0911 (a table in the shape of a function)
    """A schema as a type hint."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for word in ("allOf", "oneOf", "anyOf"):
        if word in schema:
            return " | ".join(dict.fromkeys(annotation(entry) for entry in schema[word]))
    if "enum" in schema:
        values = [value for value in schema["enum"] if value is not None]
        literal = f"Literal[{', '.join(map(_literal, values))}]" if values else "None"
        return literal if len(values) == len(schema["enum"]) or not values else f"{literal} | None"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(annotation({**schema, "type": entry}) for entry in kind)
    if kind == "array":
        return f"list[{annotation(schema.get('items', {}))}]"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"dict[str, {annotation(schema['additionalProperties'])}]"
    return _PLAIN[kind] if kind else "Any"


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _client(document: Mapping[str, Any]) -> str:
    head = 'class Client(Transport):\n    """One method per operation. Raises ApiError for every refusal."""\n'
    methods = [
        _method(document, path, method, operation)
        for path, item in sorted(document["paths"].items())
        for method, operation in item.items()
        if method in ("get", "post", "patch", "delete")
    ]
    return "\n\n".join([head + methods[0], *methods[1:]])


def _method(document: Mapping[str, Any], path: str, method: str, operation: Schema) -> str:
    queries = [entry for entry in operation["parameters"] if entry.get("in") == "query"]
    body = _body(operation)
    arguments = ["self", *(f"{name}: str" for name in re.findall(r"{(\w+)}", path))]
    if body:
        arguments.append(f"body: {body}")
    options = [f"{entry['name']}: {annotation(entry['schema'])} | None = None" for entry in queries]
    options += ["idempotency_key: str | None = None"] if method != "get" else []
    options += ["if_match: str | None = None"] if method == "patch" else []
    hint, unwrap = _answer(document, operation)
    result = f'cast("{hint}", {unwrap})' if hint != "None" else "None"
    signature = ", ".join([*arguments, *(["*", *options] if options else [])])
    return "\n".join(
        [
            f"    def {operation['operationId']}({signature}) -> {hint}:",
            f'        """{operation["summary"]}. {operation["description"]}"""',
            f"        {'answer = ' if hint != 'None' else ''}{_call(path, method, queries, has_body=bool(body))}",
            f"        return {result}",
        ]
    )


def _call(path: str, method: str, queries: list[Schema], *, has_body: bool) -> str:
    values = ", ".join(f'"{entry["name"]}": {entry["name"]}' for entry in queries)
    place = f'f"{path.replace("{", "{quote(").replace("}", ")}")}"' if "{" in path else f'"{path}"'
    tail = [f"query={{{values}}}"] if queries else []
    tail += ["body=body"] if has_body else []
    tail += ["idempotency_key=idempotency_key"] if method != "get" else []
    tail += ["if_match=if_match"] if method == "patch" else []
    return f"self.call({', '.join([f'{chr(34)}{method.upper()}{chr(34)}', place, *tail])})"


def _body(operation: Schema) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return annotation(content["application/json"]["schema"]) if content else ""


def _answer(document: Mapping[str, Any], operation: Schema) -> tuple[str, str]:
    """The type of what a call gives, and how it is taken out of the body: a page as it is, anything else out of its envelope."""
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json")
        if status.startswith("2") and content:
            envelope = document["components"]["schemas"][annotation(content["schema"])]
            if "links" in envelope["properties"]:
                return annotation(content["schema"]), "answer"
            return annotation(envelope["properties"]["data"]), 'answer["data"]'
    return "None", "None"
