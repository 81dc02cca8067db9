"""Sealing anew under the newest key: only the small keys that everything else is sealed under, so that no file and no field is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models, transaction

from flows.datakeys import SealedUnder
from flows.models import DataKey
from flows.vault import Sealed, Unreadable, key_id, keyring

BATCH = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A binary column whose envelopes are sealed by the service's own keys."""

    model: type[models.Model]
    name: str

    def place(self, pk: str) -> str:
        return f"{self.model._meta.db_table}.{self.name}:{pk}"


@dataclass(frozen=True, slots=True)
class Progress:
    """After each batch: rows looked at so far and in all, those sealed anew, and those that no key opens."""

    seen: int
    total: int
    rewrapped: int
    unreadable: int


def columns() -> list[Column]:
    """Found by their descriptors: a new sealed column is rotated without being named here."""
    found = [
        Column(model, value.column)
        for model in apps.get_models()
        for value in vars(model).values()
        if isinstance(value, Sealed) and not isinstance(value, SealedUnder)
    ]
    return [Column(DataKey, "wrapped"), *found]


def rotate() -> Iterator[Progress]:
    """Seal everything under the newest key, of FIELD_ENCRYPTION_KEYS or KEY_WRAPPER, batch by batch. What is done is skipped, so that a run that was
    killed is simply started again; a row that somebody else writes meanwhile is left to that."""
    wanted = columns()
    total = sum(_rows(column).count() for column in wanted)
    seen, counts = 0, Counter[str]()
    yield Progress(0, total, 0, 0)
    for column in wanted:
        last = ""
        while batch := list(_rows(column).filter(pk__gt=last).order_by("pk").values_list("pk", column.name)[:BATCH]):
            with transaction.atomic():
                counts.update(_rewrap(column, pk, bytes(envelope)) for pk, envelope in batch)
            last, seen = batch[-1][0], seen + len(batch)
            yield Progress(seen, total, counts["rewrapped"], counts["unreadable"])


def _rewrap(column: Column, pk: str, envelope: bytes) -> str:
    try:
        anew = keyring().rewrap(envelope, column.place(pk))
    except Unreadable:
        return "unreadable"
    if anew is None:
        return "done"
    changed = column.model._default_manager.filter(pk=pk, **{column.name: envelope}).update(**{column.name: anew})
    return "rewrapped" if changed else "done"


def in_use() -> Counter[str]:
    """How many envelopes each key wraps."""
    return Counter(key_id(bytes(envelope)) for column in columns() for envelope in _rows(column).values_list(column.name, flat=True).iterator())


def _rows(column: Column) -> models.QuerySet[models.Model]:
    return column.model._default_manager.filter(**{f"{column.name}__isnull": False})
