"""Writing rows and reading them by their keys, with statements made once and prepared by the database.

All that an action writes goes out in one statement where the database can. Measured: saving and loading
through the ORM costs an intake or a move about as much again as everything else they do (docs/benchmarks.md).
Constraints, column types and defaults stay those of the models; only `save()` is gone round, and nothing of
ours lives there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.base import ModelState
from psycopg import RawCursor
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Update:
    """New values for one row of any model, by its key."""

    row: models.Model
    values: dict[str, Any]


def new(model: type[M], **values: Any) -> M:
    """Return a fresh row, unsaved, with the model's defaults: as calling it does, in a fraction of the time.

    Columns by their names in the table (`case_id`, not `case`); raises ``TypeError`` for one that is not
    there.
    """
    row = model.__new__(model)
    columns = row.__dict__
    columns["_state"] = ModelState()
    for name, default in _defaults(model):
        columns[name] = default() if callable(default) else default
    columns.update(values)
    if len(columns) != 1 + len(_defaults(model)):
        raise TypeError(f"{model.__name__} has no column {sorted(values.keys() - _by_name(model).keys())}")
    return row


def write(inserts: Sequence[models.Model], updates: Sequence[Update] = ()) -> None:
    """Insert unsaved rows of any models and update others, in the order given.

    The database makes missing numeric keys.

    One data-modifying statement on PostgreSQL; on SQLite one per model inserted and one per row updated.
    """
    groups: dict[type[models.Model], list[models.Model]] = {}
    for row in inserts:
        groups.setdefault(type(row), []).append(row)
    statements, values = [], []
    for model, group in groups.items():
        statements.append(_insert(model, len(group)))
        values.append([value for row in group for value in stored(row)])
    for update in updates:
        model = type(update.row)
        statements.append(_update(model, tuple(update.values), ()))
        values.append(_ready(model, {**update.values, _key(model): update.row.pk}))
        update.row.__dict__.update(update.values)
    if connection.vendor == "postgresql" and len(statements) > 1:
        run(_together(tuple(statements)), [value for part in values for value in part])
    else:
        for statement, part in zip(statements, values, strict=True):
            run(statement, part)


def ready(model: type[models.Model], name: str, value: Any) -> Any:
    """Return what the database is given of a value of this column."""
    return _by_column(model)[name](value)


def stored(row: models.Model) -> list[Any]:
    """What the database is given of a row: every column but a key that it makes itself."""
    columns = row.__dict__
    return [make(columns[name]) for name, make in _columns(type(row))]


def ask(statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows as the database gives them: numbers, texts, days."""
    return _executed(statement, params, lambda cursor: list(cursor.fetchall()))


def run(statement: str, params: Sequence[Any]) -> int:
    """Run one statement and return how many rows it wrote."""
    return _executed(statement, params, lambda cursor: int(cursor.rowcount))


def insert(*rows: models.Model) -> None:
    """Insert unsaved rows of any models; see `write`."""
    write(rows)


def insert_many(many: Sequence[models.Model]) -> None:
    """Insert unsaved rows of one model, as many as there are.

    With their keys where they have them, else the database makes them.

    For imports: COPY on PostgreSQL and one prepared statement on SQLite, several times faster than through
    the ORM.
    """
    if not many:
        return
    model = type(many[0])
    keyed = many[0].pk is not None
    ready = _by_column(model)
    columns = [
        (f.attname, ready[f.attname])
        for f in model._meta.concrete_fields
        if keyed or not isinstance(f, models.AutoField)
    ]
    fields = _by_name(model)
    names = ", ".join(f'"{fields[name].column}"' for name, _ in columns)
    values = [[make(one.__dict__[name]) for name, make in columns] for one in many]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{model._meta.db_table}" ({names}) FROM STDIN') as copy:
                for cells in values:
                    copy.write_row(cells)
        else:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({places})', values)  # noqa: S608
    for one in many:
        one._state.adding, one._state.db = False, connection.alias


def change(row: models.Model, *, only_if: dict[str, Any], **values: Any) -> bool:
    """Write new values to one row if it still is what `only_if` says; return whether it was.

    First write wins, on SQLite and PostgreSQL alike. The row in memory takes the values when the database
    did.
    """
    model = type(row)
    params = _ready(model, values) + _ready(model, only_if) + _ready(model, {_key(model): row.pk})
    if run(_update(model, tuple(values), tuple(only_if)), params) != 1:
        return False
    row.__dict__.update(values)
    return True


def change_many(updates: Sequence[Update], *, only_if: Sequence[dict[str, Any]]) -> bool:
    """Write new values to many rows, each if it still is what its `only_if` says; return whether all were.

    Rows of one model and the same columns share a statement; the caller's transaction is rolled back when one
    was not.
    """
    groups: dict[tuple[Any, ...], list[list[Any]]] = {}
    for update, before in zip(updates, only_if, strict=True):
        model = type(update.row)
        params = (
            _ready(model, {**update.values})
            + _ready(model, before)
            + _ready(model, {_key(model): update.row.pk})
        )
        groups.setdefault((model, tuple(update.values), tuple(before)), []).append(params)
    for (model, names, conditions), group in groups.items():
        with connection.cursor() as cursor:
            cursor.executemany(_update(model, names, conditions), group)
            if cursor.rowcount != len(group):
                return False
    for update in updates:
        update.row.__dict__.update(update.values)
    return True


def load(model: type[M], order: str = "", **equal: Any) -> list[M]:
    """Return the rows whose columns equal these values, in the order of a column.

    For the few questions every action asks.
    """
    here = connections[DEFAULT_DB_ALIAS]
    if here.vendor != "postgresql" or here.queries_logged:
        found = model._default_manager.filter(**equal)
        return list(found.order_by(order) if order else found)
    here.ensure_connection()
    with here.wrap_database_errors, RawCursor(here.connection) as raw:
        raw.execute(_select(model, tuple(equal), order), _ready(model, equal))
        names, unpack = _loaders(model)
        made = ([make(cell) if make else cell for make, cell in zip(unpack, row, strict=True)] for row in raw)
        return [model.from_db("default", names, row) for row in made]


def reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """Reserve numeric keys, for rows whose journal lines must name them before they are written.

    Call inside a transaction.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            series = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(series, [table, count])
            return [row[0] for row in cursor.fetchall()]
        # one writer only, and what a rollback gives back was never seen
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        there = cursor.fetchone()
        last = int(there[0]) if there else 0
        note = (
            "UPDATE sqlite_sequence SET seq = %s WHERE name = %s"
            if there
            else "INSERT INTO sqlite_sequence VALUES (%s, %s)"
        )
        cursor.execute(note, [last + count, table] if there else [table, count])
    return list(range(last + 1, last + 1 + count))


# ---------------------------------------------------------------- statements


@cache
def _insert(model: type[models.Model], count: int) -> str:
    fields = _by_name(model)
    names = ", ".join(f'"{fields[name].column}"' for name, _ in _columns(model))
    places = "(" + ", ".join(["%s"] * len(_columns(model))) + ")"
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([places] * count)}'  # noqa: S608


@cache
def _update(model: type[models.Model], names: tuple[str, ...], conditions: tuple[str, ...]) -> str:
    columns = {name: f'"{field.column}" = %s' for name, field in _by_name(model).items()}
    sets = ", ".join(columns[name] for name in names)
    wheres = " AND ".join(columns[name] for name in (*conditions, _key(model)))
    return f'UPDATE "{model._meta.db_table}" SET {sets} WHERE {wheres}'  # noqa: S608


@cache
def _select(model: type[models.Model], conditions: tuple[str, ...], order: str) -> str:
    columns = {name: f'"{field.column}"' for name, field in _by_name(model).items()}
    wheres = " AND ".join(f"{columns[name]} = %s" for name in conditions)
    statement = f'SELECT {", ".join(columns.values())} FROM "{model._meta.db_table}" WHERE {wheres}'  # noqa: S608
    return _numbered(statement + (f" ORDER BY {columns[order]}" if order else ""))


@cache
def _together(statements: tuple[str, ...]) -> str:
    *first, last = statements
    return "WITH " + ", ".join(f"w{n} AS ({statement})" for n, statement in enumerate(first)) + " " + last


def _executed(statement: str, params: Sequence[Any], take: Callable[[Any], T]) -> T:
    """Run one statement the shortest way, or Django's way where somebody counts; return what is taken."""
    here = connections[DEFAULT_DB_ALIAS]
    if here.queries_logged:
        with here.cursor() as cursor:
            cursor.execute(statement, params)
            return take(cursor)
    here.ensure_connection()
    if here.vendor == "sqlite":
        with here.wrap_database_errors:
            return take(here.connection.execute(_questioned(statement), params))
    with here.wrap_database_errors, RawCursor(here.connection) as raw:
        raw.execute(_numbered(statement), params)
        return take(raw)


# a list of keys makes a statement for every length: those of now are kept, not all there ever were


@lru_cache(maxsize=512)
def _numbered(statement: str) -> str:
    """The same statement with PostgreSQL's own places ($1, $2 …): nothing has to look for them again."""
    parts = statement.split("%s")
    return "".join(f"{part}${n}" for n, part in enumerate(parts[:-1], 1)) + parts[-1]


@lru_cache(maxsize=512)
def _questioned(statement: str) -> str:
    """The same statement with SQLite's own places."""
    return statement.replace("%s", "?")


# ---------------------------------------------------------------- values


def _ready(model: type[models.Model], values: dict[str, Any]) -> list[Any]:
    ready = _by_column(model)
    return [ready[name](value) for name, value in values.items()]


@cache
def _columns(model: type[models.Model]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Every column but a key that the database makes, with what makes its value ready."""
    ready = _by_column(model)
    return tuple(
        (f.attname, ready[f.attname])
        for f in model._meta.concrete_fields
        if not isinstance(f, models.AutoField)
    )


@cache
def _defaults(model: type[models.Model]) -> tuple[tuple[str, Any], ...]:
    """Every column with its default, or with what makes one."""
    return tuple(
        (f.attname, f.default if f.has_default() and callable(f.default) else f.get_default())
        for f in model._meta.concrete_fields
    )


@cache
def _by_column(model: type[models.Model]) -> dict[str, Callable[[Any], Any]]:
    """What makes a value ready for its column. PostgreSQL takes most of Python's values as they are."""
    return {name: _readying(field) for name, field in _by_name(model).items()}


@cache
def _loaders(model: type[models.Model]) -> tuple[list[str], list[Callable[[Any], Any] | None]]:
    """The columns of a row as PostgreSQL gives them, and what makes a value of those it gives as text."""
    fields = _by_name(model)
    return list(fields), [
        _from_json if isinstance(field, models.JSONField) else None for field in fields.values()
    ]


def _from_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _readying(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if connection.vendor == "postgresql":
        if isinstance(target, models.JSONField):
            return lambda value: None if value is None else Jsonb(value)
        if isinstance(target, models.IntegerField):
            # one integer type, whatever the size of the number: else every mix of sizes would be a statement
            # of its own
            return lambda value: None if value is None else Int8(value)
        if isinstance(target, _AS_THEY_ARE):
            return lambda value: value
    elif isinstance(target, _AS_SQLITE_TAKES_THEM):
        return lambda value: value
    elif isinstance(target, models.JSONField):
        return lambda value: None if value is None else json.dumps(value)
    elif isinstance(target, models.DateTimeField):
        return _moment_as_text
    elif isinstance(target, models.UUIDField):
        return lambda value: (
            value.hex if isinstance(value, UUID) else field.get_db_prep_save(value, connection)
        )
    return lambda value: field.get_db_prep_save(value, connection)


_AS_THEY_ARE = (
    models.CharField,
    models.TextField,
    models.UUIDField,
    models.DateTimeField,
    models.DateField,
    models.BooleanField,
    models.BinaryField,
    models.FloatField,
)

#: days are texts of a certain form on SQLite: the field writes them
_AS_SQLITE_TAKES_THEM = (
    models.CharField,
    models.TextField,
    models.BooleanField,
    models.BinaryField,
    models.FloatField,
    models.IntegerField,
)


def _moment_as_text(moment: datetime | None) -> str | None:
    """As Django writes it on SQLite: UTC, without saying so."""
    return None if moment is None else moment.astimezone(UTC).isoformat(" ")[: -len("+00:00")]


@cache
def _by_name(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {field.attname: field for field in model._meta.concrete_fields}


@cache
def _key(model: type[models.Model]) -> str:
    assert model._meta.pk is not None  # noqa: S101  (every table of ours has a key)
    return model._meta.pk.attname
