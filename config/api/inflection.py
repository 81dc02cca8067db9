"""Names of members as a client likes them: snake_case (ours), camelCase or kebab-case, in requests, answers and paths of errors.

Only the API's own names are changed. What clients name themselves (``metadata``) and paths of fields that were read stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

STYLES = ("snake", "camel", "kebab")
CLIENTS_OWN = frozenset({"metadata", "webhook_metadata", "configuration", "input_config"})
BY_PATH = frozenset({"fields", "extracted_fields", "confidence_scores", "regions", "comparison_results"})
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+\Z")
_CAMEL = re.compile(r"[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+\Z")
_KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+\Z")
Rename = Callable[[str], str]


def to_style(name: str, style: str) -> str:
    """``front_side_data`` → ``frontSideData`` or ``front-side-data``; what is not snake_case stays."""
    if style == "snake" or not _SNAKE.match(name):
        return name
    return name.replace("_", "-") if style == "kebab" else re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def to_snake(name: str, style: str) -> str:
    """The way back; what is not of that style stays, so that snake_case is always understood."""
    if style == "camel" and _CAMEL.match(name):
        return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)
    return name.replace("-", "_") if style == "kebab" and _KEBAB.match(name) else name


def outbound(data: Any, style: str) -> Any:
    """An answer's members in ``style``."""
    return data if style == "snake" else _renamed(data, lambda name: to_style(name, style))


def inbound(data: Any, style: str) -> Any:
    """A body's members in snake_case. Where both spellings are sent, snake_case wins."""
    return data if style == "snake" else _renamed(data, lambda name: to_snake(name, style))


def outbound_error(body: dict[str, Any], style: str, *, of_body: bool) -> dict[str, Any]:
    """An error's members. Paths of ``errors`` are changed where they name members of a body; parameters of a query are snake_case always."""
    errors = body.get("errors")
    changed: dict[str, Any] = outbound({name: value for name, value in body.items() if name != "errors"}, style)
    if errors is not None:
        changed["errors"] = {path_to_style(path, style): messages for path, messages in errors.items()} if of_body else errors
    return changed


def path_to_style(path: str, style: str) -> str:
    """A dotted path, up to the first name that is not ours."""
    words = path.split(".")
    ours = next((at + 1 for at, word in enumerate(words) if word in CLIENTS_OWN | BY_PATH), len(words))
    return ".".join([*(to_style(word, style) for word in words[:ours]), *words[ours:]])


def _renamed(data: Any, rename: Rename) -> Any:
    if isinstance(data, dict):
        changed = {rename(name): _value(name, rename(name), value, rename) for name, value in data.items() if rename(name) != name}
        return {**changed, **{name: _value(name, name, value, rename) for name, value in data.items() if rename(name) == name}}
    return [_renamed(entry, rename) for entry in data] if isinstance(data, list) else data


def _value(name: str, changed: str, value: Any, rename: Rename) -> Any:
    if {name, changed} & CLIENTS_OWN:
        return value
    if {name, changed} & BY_PATH and isinstance(value, dict):
        return {path: _renamed(entry, rename) for path, entry in value.items()}
    return _renamed(value, rename)
