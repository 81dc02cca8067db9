"""Triggers by which the database itself refuses to change or delete what is only ever appended. ``manage.py migrate`` installs them."""

from __future__ import annotations

from typing import Any

TABLES = ("verifications_auditentry", "verifications_auditcheckpoint", "verifications_redactionreceipt")
_SQLITE = """CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
_FUNCTION = """CREATE OR REPLACE FUNCTION vouchbox_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"""
_ROWS = "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION vouchbox_append_only()"
_WHOLE = "CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION vouchbox_append_only()"


def install(connection: Any) -> None:
    """On SQLite and PostgreSQL; repeating it changes nothing."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION.replace("%%", "%"))
        for table in TABLES:
            for statement in _statements(connection.vendor, table):
                cursor.execute(statement)


def remove(connection: Any) -> None:
    """What a migration backwards needs. Whoever may change tables can do so too: that is what signed checkpoints are for."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Rows written in this transaction still wait for their foreign keys, and PostgreSQL changes no table with such events.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_not_emptied ON {table}")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_update")
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")


def _statements(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [_ROWS.format(table=table), _WHOLE.format(table=table)]
    return [_SQLITE.format(table=table, verb=verb) for verb in ("update", "delete")]
