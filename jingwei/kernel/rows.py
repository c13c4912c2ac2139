"""Writing rows: all that an action writes goes out in one statement where the database can, prepared once per shape.

Measured: saving through the ORM costs an intake about as much again as everything else it does (docs/benchmarks.md).
Constraints, column types and defaults stay those of the models; only `save()` is gone round, and nothing of ours lives there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, models
from psycopg.types.numeric import Int8


@dataclass(frozen=True, slots=True)
class Update:
    """New values for one row of any model, by its key."""

    row: models.Model
    values: dict[str, Any]


def write(inserts: Sequence[models.Model], updates: Sequence[Update] = ()) -> None:
    """Insert unsaved rows of any models and update others, in the order given; the database makes missing numeric keys.

    One data-modifying statement on PostgreSQL; on SQLite one per model inserted and one per row updated.
    """
    groups: dict[type[models.Model], list[models.Model]] = {}
    for row in inserts:
        groups.setdefault(type(row), []).append(row)
    parts = [
        (_insert(model, len(group)), [v for row in group for v in _values(model, row)])
        for model, group in groups.items()
    ]
    for update in updates:
        model = type(update.row)
        fields = _by_name(model)
        values = [_prepared(fields[name], value) for name, value in update.values.items()]
        parts.append(
            (_update(model, tuple(update.values), ()), [*values, _prepared(_key(model), update.row.pk)])
        )
        for name, value in update.values.items():
            setattr(update.row, name, value)
    if connection.vendor == "postgresql" and len(parts) > 1:
        _run(
            _together(tuple(statement for statement, _ in parts)),
            [value for _, values in parts for value in values],
        )
    else:
        for statement, values in parts:
            _run(statement, values)


def insert(*rows: models.Model) -> None:
    """Insert unsaved rows of any models; see `write`."""
    write(rows)


def change(row: models.Model, *, only_if: dict[str, Any], **values: Any) -> bool:
    """Write new values to one row if it still is what `only_if` says; return whether it was.

    First write wins, on SQLite and PostgreSQL alike. The row in memory takes the values when the database did.
    """
    model = type(row)
    statement = _update(model, tuple(values), tuple(only_if))
    fields = _by_name(model)
    params = [_prepared(fields[name], value) for name, value in (*values.items(), *only_if.items())]
    params.append(_prepared(_key(model), row.pk))
    if _run(statement, params) != 1:
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True


def reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """Reserve numeric keys, for rows whose journal lines must name them before they are written. Call inside a transaction."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return [row[0] for row in cursor.fetchall()]
        # one writer only, and what a rollback gives back was never seen
        cursor.execute(
            f"SELECT MAX((SELECT COALESCE(MAX(id), 0) FROM {table}), COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0))",
            [table],
        )  # noqa: S608
        last = int(cursor.fetchone()[0])
    return list(range(last + 1, last + 1 + count))


def _values(model: type[models.Model], row: models.Model) -> list[Any]:
    return [_prepared(field, field.pre_save(row, add=True)) for field in _columns(model)]


def _prepared(field: models.Field[Any, Any], value: Any) -> Any:
    ready = field.get_db_prep_save(value, connection)
    # one integer type, whatever the size of the number: else every mix of sizes would be a statement of its own
    if type(ready) is int and connection.vendor == "postgresql":
        return Int8(ready)
    return ready


def _run(statement: str, params: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


@cache
def _columns(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    """Every column but a key that the database makes."""
    return tuple(f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField))


@cache
def _insert(model: type[models.Model], count: int) -> str:
    columns = _columns(model)
    names = ", ".join(f'"{f.column}"' for f in columns)
    places = "(" + ", ".join(["%s"] * len(columns)) + ")"
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([places] * count)}'  # noqa: S608


@cache
def _by_name(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {f.attname: f for f in model._meta.concrete_fields}


def _key(model: type[models.Model]) -> models.Field[Any, Any]:
    assert model._meta.pk is not None  # noqa: S101  (every table of ours has a key)
    return model._meta.pk


@cache
def _together(statements: tuple[str, ...]) -> str:
    *first, last = statements
    return "WITH " + ", ".join(f"w{n} AS ({statement})" for n, statement in enumerate(first)) + " " + last


@cache
def _update(model: type[models.Model], names: tuple[str, ...], conditions: tuple[str, ...]) -> str:
    columns = {name: f'"{field.column}" = %s' for name, field in _by_name(model).items()}
    sets = ", ".join(columns[name] for name in names)
    wheres = " AND ".join([columns[name] for name in conditions] + [f'"{_key(model).column}" = %s'])
    return f'UPDATE "{model._meta.db_table}" SET {sets} WHERE {wheres}'  # noqa: S608
