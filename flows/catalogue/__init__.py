"""The built-in flows: one YAML file each."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import yaml

from flows.definition import FlowDefinition, InvalidFlow


def definitions() -> Iterator[FlowDefinition]:
    """Every flow of this folder, by name of file. Raises InvalidFlow with the file's name."""
    for entry in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            try:
                yield FlowDefinition.parse(yaml.safe_load(entry.read_text(encoding="utf-8")))
            except (InvalidFlow, yaml.YAMLError) as error:
                raise InvalidFlow(f"{entry.name}: {error}") from error
