"""Everything that the service stores in one sealed file, and back into an empty installation, be it on SQLite or PostgreSQL.

A tar inside a sealed stream: ``manifest.json`` (which migrations), ``tables/LABEL/N.jsonl`` (rows as lists of column values), ``files/KEY`` (as they
are stored), ``end.json`` (how many of each). The tables are one snapshot; the files follow it. Secrets and sessions are not in it.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import DEFAULT_DB_ALIAS

from config.sealed_stream import SealedReader, SealedWriter
from documents import storage
from documents.models import Blob, BlobState
from flows.models import Workspace
from verifications.audit import verify_chain

VERSION = 1
ROWS = 500
# Who is signed in and which processes live is nothing to be brought back.
_LEFT_OUT = {"sessions.session", "verifications.workerheartbeat"}
# Made by `migrate`, and replaced by the backup's own, which its rows refer to.
_MADE_BY_MIGRATE = {"contenttypes.contenttype", "auth.permission", "auth.group", "auth.group_permissions"}


class BackupError(Exception):
    """The message is for the operator and names no person."""


def tables() -> dict[str, type[models.Model]]:
    found = {model._meta.label_lower: model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy}
    return {label: model for label, model in sorted(found.items()) if label not in _LEFT_OUT}


def write_backup(target: BinaryIO) -> Counter[str]:
    """Returns how many rows and files are in it; ``files gone`` were deleted while it was written."""
    counts: Counter[str] = Counter()
    sealed = SealedWriter(target)
    with tarfile.open(fileobj=cast(Any, sealed), mode="w|gz") as archive:
        with _snapshot():
            _add(archive, "manifest.json", _json({"version": VERSION, "made": datetime.now(UTC).isoformat(), "migrations": _migrations()}))
            for label, model in tables().items():
                for number, rows in enumerate(_batches(_rows(model))):
                    _add(archive, f"tables/{label}/{number:08}.jsonl", b"\n".join(map(_json, rows)))
                    counts["rows"] += len(rows)
            keys = list(Blob.objects.filter(state=BlobState.KEPT).order_by("pk").values_list("key", flat=True))
        for key in keys:
            try:
                with default_storage.open(storage.name_of(key)) as file:
                    _add(archive, f"files/{key}", file.read())
                counts["files"] += 1
            except FileNotFoundError:
                counts["files gone"] += 1
        _add(archive, "end.json", _json(counts))
    sealed.finish()
    return counts


def check_backup(source: BinaryIO) -> Counter[str]:
    """Read it from end to end without writing anything. Raises BackupError, flows.vault.Unreadable."""
    counts: Counter[str] = Counter()
    for name, data in _members(source):
        if name.startswith("tables/"):
            counts["rows"] += data.count(b"\n") + 1
        elif name.startswith("files/"):
            counts["files"] += 1
    return counts


def restore_backup(source: BinaryIO) -> Counter[str]:
    """Into a database that was just migrated. All of it or nothing; then every file is opened and every audit chain walked.

    Raises BackupError, flows.vault.Unreadable."""
    counts: Counter[str] = Counter()
    with transaction.atomic():
        _require_empty()
        for label in sorted(_MADE_BY_MIGRATE, reverse=True):
            _manager(tables()[label]).all().delete()
        for name, data in _members(source):
            kind, _, rest = name.partition("/")
            if kind == "manifest.json":
                _require_same_migrations(json.loads(data))
            elif kind == "tables":
                counts["rows"] += _insert(rest.partition("/")[0], data)
            elif kind == "files":
                _store(rest, data)
                counts["files"] += 1
        _reset_sequences()
        _prove()
    return counts


def _members(source: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Name and content of each member up to the end, which must be there and agree."""
    reader, counts, end = io.BufferedReader(SealedReader(source)), Counter[str](), None
    try:
        with tarfile.open(fileobj=reader, mode="r|gz") as archive:
            for member in archive:
                file = archive.extractfile(member)
                data = file.read() if file is not None else b""
                counts["rows"] += data.count(b"\n") + 1 if member.name.startswith("tables/") else 0
                counts["files"] += member.name.startswith("files/")
                end = json.loads(data) if member.name == "end.json" else None
                yield member.name, data
        while reader.read(1 << 20):
            pass
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise BackupError(f"the backup is damaged ({type(error).__name__})") from error
    if end is None or any(end.get(name, 0) != counts[name] for name in ("rows", "files")):
        raise BackupError("the backup is not complete")


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    archive.addfile(member, io.BytesIO(data))


@contextmanager
def _snapshot() -> Iterator[None]:
    """One moment of the database, without holding up anybody who writes."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        # Django's own begin takes SQLite's lock for writing.
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _migrations() -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _manager(model: type[models.Model]) -> models.Manager[Any]:
    return model._base_manager


def _rows(model: type[models.Model]) -> Iterator[list[Any]]:
    names = [field.attname for field in model._meta.local_concrete_fields]
    for row in _manager(model).order_by("pk").values_list(*names).iterator(chunk_size=ROWS):
        yield [_plain(value) for value in row]


def _batches(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while batch := list(islice(rows, ROWS)):
        yield batch


_KINDS: tuple[tuple[str, type | tuple[type, ...], Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    ("bytes", (bytes, memoryview), lambda value: base64.b64encode(bytes(value)).decode(), base64.b64decode),
    ("time", datetime, datetime.isoformat, datetime.fromisoformat),
    ("date", date, date.isoformat, date.fromisoformat),
    ("decimal", Decimal, str, Decimal),
    ("uuid", UUID, str, UUID),
    ("json", (dict, list), lambda value: value, lambda value: value),
)
_MADE = {name: make for name, _, _, make in _KINDS}


def _plain(value: Any) -> Any:
    """A JSON value; what JSON has no form for is an object with one member that names its kind."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for name, kind, told, _ in _KINDS:
        if isinstance(value, kind):
            return {name: told(value)}
    raise BackupError(f"a column holds a {type(value).__name__}, which backups do not know")


def _value(plain: Any) -> Any:
    if isinstance(plain, dict):
        ((kind, content),) = plain.items()
        return _MADE[kind](content)
    return plain


def _insert(label: str, data: bytes) -> int:
    model = tables().get(label)
    if model is None:
        raise BackupError(f"the backup has a table {label} that is not known here")
    fields = model._meta.local_concrete_fields
    rows = [model(**{field.attname: _value(plain) for field, plain in zip(fields, json.loads(line), strict=True)}) for line in data.split(b"\n")]
    # As they are: times of creation stay what they were, and no save() of ours is run.
    _manager(model).all()._insert(rows, fields=list(fields), using=DEFAULT_DB_ALIAS, raw=True)  # type: ignore[attr-defined]
    return len(rows)


def _store(key: str, data: bytes) -> None:
    name = storage.name_of(key)
    if default_storage.exists(name):
        with default_storage.open(name) as file:
            if file.read() != data:
                raise BackupError(f"the storage holds another file {key} already")
        return
    default_storage.save(name, ContentFile(data))


def _require_empty() -> None:
    full = [label for label, model in tables().items() if label not in _MADE_BY_MIGRATE and _manager(model).exists()]
    if full:
        raise BackupError(f"a backup goes into an empty database, and there are rows in {', '.join(full[:5])}")


def _require_same_migrations(manifest: dict[str, Any]) -> None:
    if manifest.get("version") != VERSION or manifest.get("migrations") != _migrations():
        raise BackupError("the backup was made by another version: restore it with that one, then upgrade")


def _reset_sequences() -> None:
    statements = connection.ops.sequence_reset_sql(no_style(), list(tables().values()))
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _prove() -> None:
    """What was restored opens under today's keys, and no link of an audit chain is missing."""
    for blob in Blob.objects.filter(state=BlobState.KEPT).iterator():
        if default_storage.exists(storage.name_of(blob.key)):
            storage.read(blob)
    for workspace in Workspace.objects.all():
        if link := verify_chain(workspace):
            raise BackupError(f"the audit chain of {workspace.slug} is broken at {link.number}: {link.why}")
