"""Many stored cases from a few real ones: rows are multiplied inside PostgreSQL, with ids and times of their own.

A template is a case that went through the services. Each copy gets every row of it, in every table, under ids that differ in their first ten letters
(a ULID's time) and times that lie further back. What is sealed is copied as it is, of the right size but under another row's name, so that it does
not open; ``open_up`` seals it anew for the copies that shall be looked at. The audit chain is as long as it would be, but its links do not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from decisions.models import Check, Fingerprint, Record, StoredEvidence
from documents.models import Blob, Document, Page
from flows.datakeys import SealedUnder
from flows.models import DataKey
from verifications.models import AuditEntry, AuditHead, OutboxMessage, Verification, WebhookDelivery

ID = re.compile(r"[a-z]{3}_[0-9a-z]{26}\Z")
IMAGES_DAYS = 90
# By far the most of all bytes, and asked for by their case alone.
_THIN = (Check, StoredEvidence)
_KEPT_DAYS: dict[type[models.Model], int] = {OutboxMessage: 7, Page: IMAGES_DAYS}
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION of_copy(id text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT left(id, 4) || '01' || lpad(to_hex(n), 8, '0') || substr(id, 15) $$;
CREATE OR REPLACE FUNCTION within_copy(words text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT regexp_replace(words, '(ver|doc|dec|evt|dlv)_[0-9a-z]{10}', '\\1_01' || lpad(to_hex(n), 8, '0'), 'g') $$;
"""


def of_copy(pk: str, number: int) -> str:
    return f"{pk[:4]}01{number:08x}{pk[14:]}"


class Template:
    """Every row of one case, by table."""

    def __init__(self, verification_id: str, number: int) -> None:
        """``number`` 0 or 1: of the templates of one workspace each has its own."""
        self.number = number
        self.case = Verification.objects.get(pk=verification_id)
        self.rows: dict[type[models.Model], list[Any]] = {}
        self._gather(Verification, [self.case])
        self._gather(DataKey, DataKey.objects.filter(pk=verification_id))
        for _ in range(4):  # children of children
            for model in _tables():
                for key in _links(model):
                    known = [row.pk for row in self.rows.get(key.related_model, ())]
                    if known:
                        self._gather(model, model._base_manager.filter(**{f"{key.name}__in": known}))
        self._gather(AuditEntry, AuditEntry.objects.filter(verification_ref=verification_id))
        messages = OutboxMessage.objects.filter(payload__verification_id=verification_id)
        self._gather(OutboxMessage, messages | OutboxMessage.objects.filter(payload__event_id__in=[row.pk for row in self.case.events.all()]))
        blobs = {row.blob_id for rows in self.rows.values() for row in rows if hasattr(row, "blob_id")}
        self._gather(Blob, Blob.objects.filter(pk__in=blobs))
        self.ids = {str(row.pk) for rows in self.rows.values() for row in rows}

    def _gather(self, model: type[models.Model], rows: Iterable[Any]) -> None:
        held = {row.pk: row for row in self.rows.get(model, [])} | {row.pk: row for row in rows}
        if held:
            self.rows[model] = list(held.values())

    @property
    def documents(self) -> int:
        return self.case.documents.count()


def _tables() -> list[type[models.Model]]:
    floors = ("verifications", "documents", "decisions")
    return [model for floor in floors for model in apps.get_app_config(floor).get_models() if not model._meta.proxy]


def _links(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.many_to_one or field.one_to_one]


def multiply(template: Template, first: int, count: int, *, spacing: timedelta, until: int | None = None, thinned: int = 1, whole: int = 0) -> None:
    """Copies ``first`` up to ``first + count``. Number ``until`` (the last, if not said) has the template's own times and each one before it lies
    ``spacing`` further back. Of copies that lie further back than things are kept for there are no done messages and no images, as in a real
    store."""
    last = first + count - 1 if until is None else until
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTIONS)
        cursor.execute("SET session_replication_role = replica")
        for model, rows in template.rows.items():
            kept = _KEPT_DAYS.get(model)
            least = max(first, last - int(timedelta(days=kept) / spacing)) if kept else first
            statement = _insert(template, model, rows, least, first + count - 1, last, spacing)
            cursor.execute(statement + (f" WHERE n % {thinned} = 1 OR n > {last - whole}" if thinned > 1 and model in _THIN else ""))
        cursor.execute("SET session_replication_role = DEFAULT")
    _lengthen_chain(template.case.workspace_id)


def _insert(template: Template, model: type[models.Model], rows: Sequence[Any], first: int, last: int, newest: int, spacing: timedelta) -> str:
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.primary_key and isinstance(field, models.AutoField):
            continue
        columns.append(f'"{field.column}"')
        values.append(_value(template, model, field, rows, newest, spacing))
    keys = ", ".join(f"'{row.pk}'" for row in rows)
    table, key = model._meta.db_table, model._meta.pk.column  # type: ignore[union-attr]
    rows_of = f'SELECT *, row_number() OVER (ORDER BY "{key}") AS place FROM "{table}" WHERE "{key}" IN ({keys})'
    made = f'INSERT INTO "{table}" ({", ".join(columns)}) SELECT {", ".join(values)}'
    return f"{made} FROM generate_series({first}, {last}) AS n, ({rows_of}) AS t"


def _value(template: Template, model: type[models.Model], field: Any, rows: Sequence[Any], newest: int, spacing: timedelta) -> str:
    column = f't."{field.column}"'
    if model in (Document, Verification, Blob) and field.name in ("images_redacted_at", "erased_at", "state"):
        return _without_images(template, model, field, newest - int(timedelta(days=IMAGES_DAYS) / spacing), column)
    if model is Document and field.name == "expiry_look_at":
        return "now() + (1 + n % 1000) * interval '1 day'"  # on the way to a date of the next years
    held = {str(value) for row in rows if (value := getattr(row, field.attname)) not in (None, "")}
    if isinstance(field, models.DateTimeField) and field.name not in ("images_redacted_at", "erased_at"):
        return f"{column} - ({newest} - n) * interval '{spacing.total_seconds()} seconds'"
    if isinstance(field, models.JSONField):
        return f"within_copy({column}::text, n)::jsonb"
    if model is AuditEntry and field.name == "number":
        return f"n * 1000 + {500 * template.number} + t.place"
    if model is Fingerprint and field.name == "digest":
        return f"md5({column} || n) || md5({column})"
    if model is Verification and field.name == "external_ref":
        return "'mailbox-' || n"
    if held and all(ID.match(value) for value in held) and held & template.ids:
        return f"CASE WHEN {column} = '' THEN '' ELSE of_copy({column}, n) END"
    return column


def _without_images(template: Template, model: type[models.Model], field: Any, old: int, column: str) -> str:
    """As the retention pass leaves them: rows of images and of their erased files stay, pages are gone."""
    if model is Blob:
        kept = ", ".join(f"'{row.blob_id}'" for row in template.rows.get(Record, ()))
        gone = f'n < {old} AND t."key" NOT IN ({kept or "NULL"})' if kept else f"n < {old}"
        return f"CASE WHEN {gone} THEN {'t.created_at' if field.name == 'erased_at' else '3'} ELSE {column} END"
    return f"CASE WHEN n < {old} THEN t.updated_at ELSE {column} END"


def _lengthen_chain(workspace_id: str) -> None:
    newest = AuditEntry.objects.filter(workspace_id=workspace_id).order_by("-number").values_list("number", flat=True)[0]
    AuditHead.objects.filter(pk=workspace_id).update(number=newest)


@transaction.atomic
def open_up(template: Template, numbers: Iterable[int]) -> list[str]:
    """Seal what these copies hold under keys of their own. Returns the ids of their verifications."""
    opened = []
    for number in numbers:
        DataKey.objects.filter(pk=of_copy(template.case.pk, number)).delete()
        for model, rows in template.rows.items():
            sealed = [(name, kind) for name, kind in vars(model).items() if isinstance(kind, SealedUnder)]
            for row in rows if sealed else ():
                copy = model._base_manager.filter(pk=of_copy(row.pk, number)).first()
                if copy is None:  # thinned out
                    continue
                for name, _ in sealed:
                    setattr(copy, name, getattr(row, name))
                columns = {kind.column: getattr(copy, kind.column) for _, kind in sealed}
                model._base_manager.filter(pk=copy.pk).update(**columns)
        opened.append(of_copy(template.case.pk, number))
    return opened


class WithoutIndexes:
    """Indexes that no constraint stands behind, and unique constraints, are dropped and made anew afterwards: a load is several times as quick."""

    def __enter__(self) -> WithoutIndexes:
        tables = [model._meta.db_table for model in (*_tables(), DataKey)]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT i.tablename, i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = ANY(%s) AND NOT EXISTS "
                "(SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
                [tables],
            )
            self.indexes = cursor.fetchall()
            cursor.execute(
                "SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c "
                "WHERE c.contype = 'u' AND c.conrelid::regclass::text = ANY(%s)",
                [tables],
            )
            self.constraints = cursor.fetchall()
            for _, name, _ in self.indexes:
                cursor.execute(f'DROP INDEX "{name}"')
            for table, name, _ in self.constraints:
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        return self

    def __exit__(self, *raised: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '1GB'")
            for _, _, definition in self.indexes:
                cursor.execute(definition)
            for table, name, definition in self.constraints:
                cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def delivered() -> None:
    """Nothing listens at the template's webhook: say it did."""
    WebhookDelivery.objects.update(status="delivered", attempts=1, last_status_code=200, last_error="", next_attempt_at=None)
    OutboxMessage.objects.exclude(state=3).update(state=3, lease_until=None, lease_token="")
