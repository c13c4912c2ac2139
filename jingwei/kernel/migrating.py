"""What migrations share."""

from __future__ import annotations

from typing import Any

_DEFERRED = """
    SELECT conrelid::regclass, quote_ident(conname) FROM pg_constraint
    WHERE contype = 'f' AND condeferred AND connamespace = current_schema()::regnamespace
"""


def check_references_at_once(apps: Any, schema_editor: Any) -> None:
    """Let PostgreSQL check foreign keys with the statement that writes them, as SQLite does.

    Django makes them wait for COMMIT; nothing of ours needs that, and a wrong reference is better found where
    it is written.
    """
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_DEFERRED)
        for table, constraint in cursor.fetchall():
            cursor.execute(
                f"ALTER TABLE {table} ALTER CONSTRAINT {constraint} DEFERRABLE INITIALLY IMMEDIATE"
            )
