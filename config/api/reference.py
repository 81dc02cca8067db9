"""What holds for every operation, for the OpenAPI document: headers in and out, the two shapes of an error, conditional answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.api.errors import PROBLEM, as_problem
from config.api.inflection import STYLES
from flows.countries import COUNTRIES
from flows.versions import API_VERSIONS

# A blank picture of 64 by 40 pixels: small enough for an example that can be sent as it is.
TINY_PNG = "iVBORw0KGgoAAAANSUhEUgAAAEAAAAAoAQAAAABmtcFEAAAAEklEQVR42mP8zwABTAyjDBoyAJ9QAU9zaEepAAAAAElFTkSuQmCC"
DOCUMENT = {"context_type": "PHOTO_ID", "type": 1, "country": "USA", "front_side_data": TINY_PNG}
_TEXT = {"type": "string"}
_VISIBLE = r"^[\x21-\x7e]{1,255}$"


def _header_in(name: str, description: str, schema: Mapping[str, Any], example: str | None = None) -> dict[str, Any]:
    found = {"in": "header", "name": name, "description": description, "schema": dict(schema)}
    return found if example is None else {**found, "example": example}


PARAMETERS: dict[str, dict[str, Any]] = {
    "KeyInflection": _header_in("Key-Inflection", "How members are named, in both directions", {**_TEXT, "enum": list(STYLES)}, "snake"),
    "ApiVersion": _header_in("API-Version", "Instead of the version the token is pinned to", {**_TEXT, "enum": list(API_VERSIONS)}, API_VERSIONS[-1]),
    "RequestId": _header_in("Request-Id", "Kept when it has 1 to 128 visible ASCII characters", _TEXT, "mailbox-1042-1"),
    # Without an example: pages that fill it in would send one key with every body.
    "IdempotencyKey": _header_in(
        "Idempotency-Key",
        "One of your own for each thing to be done; a repetition within a day gets the first answer again",
        {**_TEXT, "pattern": _VISIBLE},
    ),
    "IfNoneMatch": _header_in("If-None-Match", "An `ETag`; what has not changed is 304", _TEXT, '"0f1e2d3c4b5a69788796a5b4c3d2e1f0-s"'),
    "IfMatch": _header_in("If-Match", "An `ETag`; what has changed meanwhile is 412", _TEXT, "*"),
}
HEADERS: dict[str, dict[str, Any]] = {
    "RequestId": {"description": "Names the request in logs", "schema": _TEXT},
    "ApiVersion": {"description": "The version in force", "schema": {**_TEXT, "enum": list(API_VERSIONS)}},
    "RateLimit": {"description": '`"default";r=299;t=58`: requests left, and seconds until they are all back', "schema": _TEXT},
    "RateLimitPolicy": {"description": '`"default";q=300;w=60`: requests per window of seconds', "schema": _TEXT},
    "Allow": {"description": "The methods there are", "schema": _TEXT},
    "RetryAfter": {"description": "Seconds", "schema": {"type": "integer"}},
    "ETag": {"description": "For If-None-Match and If-Match", "schema": _TEXT},
    "IdempotencyReplayed": {"description": "`true` where this is an earlier answer", "schema": {**_TEXT, "enum": ["true"]}},
}
_FACTS: dict[str, Any] = {
    "code": {"type": "string", "description": "Stable; for programs"},
    "request_id": _TEXT,
    "errors": {
        "type": "object",
        "description": "Of a 422: messages by the dotted path of the member",
        "additionalProperties": {"type": "array", "items": _TEXT},
    },
    "missing": {"type": "array", "items": _TEXT, "description": "Contexts without a document"},
    "versions": {"type": "array", "items": _TEXT, "description": "Those there are"},
    "from": {"type": "string", "description": "The status it has"},
    "to": {"type": "string", "description": "The status it cannot go to"},
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "CountryCode": {"type": "string", "description": "ISO 3166-1 alpha-3", "enum": sorted(COUNTRIES)},
    "Error": {
        "type": "object",
        "description": "Why a request was refused",
        "required": ["message", "code", "request_id"],
        "properties": {"message": {"type": "string", "description": "For people"}, **_FACTS},
    },
    "Problem": {
        "type": "object",
        "description": "The same as RFC 9457, for `Accept: application/problem+json`",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, **_FACTS},
    },
}
COMPONENTS = {"parameters": PARAMETERS, "headers": HEADERS, "schemas": SCHEMAS}
_IN = {"get": ("IfNoneMatch",), "post": ("IdempotencyKey",), "patch": ("IdempotencyKey", "IfMatch"), "delete": ("IdempotencyKey",)}
_OUT = {"Request-Id": "RequestId", "API-Version": "ApiVersion"}
_BUDGET = {"RateLimit": "RateLimit", "RateLimit-Policy": "RateLimitPolicy"}


@dataclass(frozen=True, slots=True)
class Link:
    """From an answer to another operation, by runtime expressions (OpenAPI 3.1, 4.8.20)."""

    operation: str
    parameters: Mapping[str, str]
    body: Mapping[str, Any] | None = None

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = {"operationId": self.operation, "parameters": dict(self.parameters)}
        return found if self.body is None else {**found, "requestBody": dict(self.body)}


def complete(operation: dict[str, Any], method: str, *, refusals: Iterable[tuple[int, dict[str, Any]]], links: Sequence[Link]) -> None:
    """Add to one generated operation what all of its method have. ``refusals`` are statuses and example bodies."""
    wanted = ["KeyInflection", "ApiVersion", "RequestId", *_IN[method]]
    own = [{**entry, "example": "usps1583"} if entry["name"] == "flow" else entry for entry in operation.get("parameters", [])]
    operation["parameters"] = [*own, *({"$ref": f"#/components/parameters/{name}"} for name in wanted)]
    responses = operation["responses"]
    for status, body in refusals:
        _add_refusal(responses, str(status), body)
    if method == "get":
        responses["304"] = {"description": "It is what If-None-Match names"}
    for status, response in responses.items():
        response["headers"] = {name: {"$ref": f"#/components/headers/{ref}"} for name, ref in _headers(method, status).items()}
        response["description"] = response["description"] or "Done"
        if status in ("200", "201", "202") and links:
            response["links"] = {link.operation: link.described() for link in links}
    operation["responses"] = dict(sorted(responses.items()))


def _headers(method: str, status: str) -> dict[str, str]:
    found = {**_OUT, **({} if status in ("401", "405") else _BUDGET)}
    if status == "405":
        found["Allow"] = "Allow"
    if status in ("409", "429"):
        found["Retry-After"] = "RetryAfter"
    if method == "get" and status in ("200", "304"):
        found["ETag"] = "ETag"
    if method != "get" and status not in ("401", "403", "405", "429", "500"):
        found["Idempotency-Replayed"] = "IdempotencyReplayed"
    return found


def _add_refusal(responses: dict[str, Any], status: str, body: dict[str, Any]) -> None:
    fresh = {
        "description": "",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "examples": {}},
            PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}},
        },
    }
    response = responses.setdefault(status, fresh)
    response["content"]["application/json"]["examples"][body["code"]] = {"value": body}
    response["content"][PROBLEM]["examples"][body["code"]] = {"value": as_problem(body, int(status))}
    codes = sorted(response["content"]["application/json"]["examples"])
    response["description"] = ", ".join(codes)
