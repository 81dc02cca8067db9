"""The Postman collection (format 2.1), from the OpenAPI document; Bruno and Insomnia read it, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def postman_collection(document: Mapping[str, Any]) -> str:
    """JSON text: a folder per tag, a request per operation with its example, ids kept in variables by what a test script finds."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for path, item in sorted(document["paths"].items()):
        for method, operation in item.items():
            folders.setdefault(operation["tags"][0], []).append(_request(path, method, operation))
    variables = {"host": "http://127.0.0.1:8000", "token": "", "flow": "usps1583", **dict.fromkeys(_names(document), "")}
    collection = {
        "info": {"name": document["info"]["title"], "description": document["info"]["description"], "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": name, "value": value} for name, value in variables.items()],
        "item": [{"name": tag, "item": requests} for tag, requests in sorted(folders.items())],
    }
    return json.dumps(collection, indent=1, ensure_ascii=False) + "\n"


def _names(document: Mapping[str, Any]) -> list[str]:
    found = {entry["name"] for item in document["paths"].values() for op in item.values() for entry in op["parameters"] if entry.get("in") == "path"}
    return sorted(found - {"flow"})


def _request(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    queries = [entry for entry in operation["parameters"] if entry.get("in") == "query"]
    headers = [{"key": "Accept", "value": "application/json"}]
    request: dict[str, Any] = {
        "method": method.upper(),
        "header": headers,
        "description": operation["description"],
        "url": {
            "raw": "{{host}}" + path.replace("{", "{{").replace("}", "}}"),
            "host": ["{{host}}"],
            "path": path.replace("{", "{{").replace("}", "}}").strip("/").split("/"),
            "query": [{"key": entry["name"], "value": "", "description": entry.get("description", ""), "disabled": True} for entry in queries],
        },
    }
    if method != "get":
        headers.append({"key": "Idempotency-Key", "value": "{{$guid}}"})
    if body := _example(operation):
        headers.append({"key": "Content-Type", "value": "application/json"})
        request["body"] = {"mode": "raw", "raw": body, "options": {"raw": {"language": "json"}}}
    found: dict[str, Any] = {"name": operation["summary"], "request": request, "response": []}
    if script := _SCRIPTS.get(operation["operationId"]):
        found["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": [script]}}]
    return found


def _example(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = list(content.get("examples", {}).values())
    if not examples:
        return ""
    value = {name: _PLACEHOLDERS.get(name, entry) if isinstance(entry, str) else entry for name, entry in examples[0]["value"].items()}
    return json.dumps(value, indent=2, ensure_ascii=False)


_PLACEHOLDERS = {"verification": "{{verification}}", "document": "{{document}}"}
_KEEP = 'if (pm.response.code < 300) pm.collectionVariables.set("{0}", pm.response.json().data.id);'
_SCRIPTS = {
    "start_a_verification": _KEEP.format("verification"),
    "upload_a_document": _KEEP.format("document"),
    "register_a_webhook": _KEEP.format("webhook"),
    "send_a_test_event": _KEEP.format("delivery"),
}
