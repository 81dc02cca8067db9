"""A word that no person bears, and every place where something may be kept: what was marked with it is found there, or was forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage

from documents.models import Blob
from flows import datakeys
from flows.vault import Sealed

CANARY = "Zyxwvutsrq"


def files() -> dict[str, bytes]:
    """Name and bytes of everything this test has put into the storage."""
    names = [f"{key[-2:]}/{key}" for key in Blob.objects.values_list("key", flat=True)]
    return {name: default_storage.open(name).read() for name in names if default_storage.exists(name)}


def stored() -> Iterator[tuple[str, Any]]:
    """Every column of every row of every table, sealed values opened where any key still opens them."""
    for model in apps.get_models(include_auto_created=True):
        sealed = [name for name, value in vars(model).items() if isinstance(value, Sealed)]
        for row in model._default_manager.all():
            yield from ((f"{model.__name__}.{field.name}", getattr(row, field.attname)) for field in model._meta.concrete_fields)
            yield from ((f"{model.__name__}.{name}", getattr(row, name)) for name in sealed)


def found_in(value: Any) -> bool:
    raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
    return CANARY.lower().encode() in raw.lower()


def stored_envelopes() -> Iterator[tuple[str, bytes]]:
    """Place and bytes of everything sealed under a verification's key, as a backup has them."""
    for model in apps.get_models():
        for value in vars(model).values():
            if isinstance(value, datakeys.SealedUnder):
                for row in model._default_manager.exclude(**{value.column: None}):
                    yield value._place(row), bytes(getattr(row, value.column))
