"""Taking an import back: what it made goes, unless something was built on it; what it changed is as before.

Rows go, the journal stays: each subject gets a last line, and its count and head are kept
(`journal.withdraw_many`). Whether something was built on a row is asked of every foreign key there is, so
that a new table cannot be forgotten; ids without a foreign key are the business of who keeps them (`asks`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import ForeignKey

from jingwei.kernel import ids, journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import Account, Journalled, JournalLine
from jingwei.kernel.refusals import Reason
from jingwei.kernel.versions import raise_version
from jingwei.registry import atlas
from jingwei.registry.imports import units
from jingwei.registry.imports.plan import given_back
from jingwei.registry.models import (
    Area,
    AreaAlias,
    AreaMapping,
    AreaSuccession,
    AreaVersion,
    Assignment,
    ImportBatch,
    ImportedRow,
    Organisation,
    OrganisationAlias,
    OrganisationArea,
    Person,
    Post,
)

Keys = Collection[Any]
Made = Mapping[str, set[Any]]

AT_ONCE = 1000
#: what the notes of an import call their rows
MODELS: dict[str, type[models.Model]] = {
    "area": Area,
    "organisation": Organisation,
    "post": Post,
    "person": Person,
    "assignment": Assignment,
    "account": Account,
    "alias": AreaAlias,
    "unit-alias": OrganisationAlias,
    "succession": AreaSuccession,
    "mapping": AreaMapping,
    "works-in": OrganisationArea,
}


@dataclass(frozen=True, slots=True)
class Way:
    """How rows of a kind are taken back where it is not the usual way: why not, and doing it."""

    built_on: Callable[[Sequence[ImportedRow], Made], list[Reason]]
    take_back: Callable[[Sequence[ImportedRow], Actor, ImportBatch], None]


WAYS: dict[str, Way] = {}
#: who keeps ids of areas, units, posts or people without foreign keys answers whether these are among them
ASKED: list[Callable[[Made], list[Reason]]] = []


def built_on(batch: ImportBatch) -> list[Reason]:
    """What was built on a batch, or changed of it, since."""
    groups = _groups(batch)
    made: Made = {
        kind: {_key(row) for row in noted if row.made} for kind, noted in groups.items() if kind not in WAYS
    }
    reasons = [
        reason
        for kind, noted in groups.items()
        if kind in WAYS
        for reason in WAYS[kind].built_on(noted, made)
    ]
    for kind, keys in made.items():
        model = MODELS[kind]
        reasons += [reason for rel in _pointing_at(model) if (reason := _used(rel, keys, made))]
        if issubclass(model, Journalled):
            reasons += _changed_since(kind, model, groups[kind])
    if people := made.get("person"):
        own = made.get("account", set())
        found = [one for part in _parts(people) for one in Account.objects.filter(person__in=part)]
        if opened := [one for one in found if one.pk not in own]:
            values = {"what": "account", "n": len(opened), "example": str(opened[0])}
            reasons.append(Reason("built-on", values=values))
    return reasons + [reason for ask in ASKED for reason in ask(made)]


def take_back(batch: ImportBatch, *, by: Actor) -> None:
    """Unmake and restore, in the caller's transaction; the caller has asked `built_on`."""
    groups = _groups(batch)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # rows of one import point at each other in every direction
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for kind, noted in groups.items():
        if kind in WAYS:
            WAYS[kind].take_back(noted, by, batch)
            continue
        if changed := [row for row in noted if not row.made]:
            _restore(kind, changed, groups, by, batch)
        _unmake(kind, [row for row in noted if row.made], by, batch)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    if "organisation" in groups:
        units.set_paths()
    raise_version(atlas.COUNTER)


# ---------------------------------------------------------------- what was built


def _groups(batch: ImportBatch) -> dict[str, list[ImportedRow]]:
    found: dict[str, list[ImportedRow]] = {}
    for row in ImportedRow.objects.filter(batch=batch).order_by("pk").iterator(chunk_size=5000):
        found.setdefault(row.kind, []).append(row)
    return found


def _key(row: ImportedRow) -> UUID | int:
    """A subject's key in its table."""
    return row.subject if isinstance(MODELS[row.kind]._meta.pk, models.UUIDField) else row.subject.int


def _pointing_at(model: type[models.Model]) -> Iterator[ForeignKey[Any, Any]]:
    """Every foreign key to a table, of whatever layer."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            field = getattr(relation, "field", None)
            if isinstance(field, ForeignKey):
                yield field


def _used(field: ForeignKey[Any, Any], keys: Keys, made: Made) -> Reason | None:
    """The rows that point at one of these keys and were not made by the same import."""
    model = field.model
    own: set[Any] = set().union(*(made.get(kind, set()) for kind, of in MODELS.items() if of is model))
    found: list[Any] = []
    for part in _parts(keys):
        found += [
            pk
            for pk in model._default_manager.filter(**{f"{field.name}__in": part}).values_list(
                "pk", flat=True
            )
            if pk not in own
        ]
    if not found:
        return None
    example = model._default_manager.filter(pk=found[0]).first()
    return Reason(
        "built-on", values={"what": model._meta.model_name, "n": len(found), "example": str(example)}
    )


def _changed_since(kind: str, model: type[Journalled], noted: Sequence[ImportedRow]) -> list[Reason]:
    """Subjects that somebody has written to since the import, but for imports that were taken back."""
    lines = {
        _key(row): row.before.get("lines") for row in noted
    }  # of several notes about one, all say the same
    differing: list[Any] = []
    for part in _parts(lines):
        counts = model._default_manager.filter(pk__in=part).values_list("pk", "journal_count")
        differing += [pk for pk, count in counts if count != lines[pk]]
    differing = _changed_by_others(kind, {pk: int(lines[pk] or 0) for pk in differing})
    if not differing:
        return []
    example = model._default_manager.filter(pk=differing[0]).first()
    return [
        Reason("changed-since-import", values={"what": kind, "n": len(differing), "example": str(example)})
    ]


def _changed_by_others(kind: str, noted: Mapping[Any, int]) -> list[Any]:
    """Those of these subjects with a line, after the one noted, that no import taken back has written."""
    undone = {str(pk) for pk in ImportBatch.objects.filter(state="undone").values_list("pk", flat=True)}
    found: dict[Any, None] = {}
    for part in _parts(noted):
        subjects = {pk if isinstance(pk, UUID) else ids.numbered(pk): pk for pk in part}
        lines = JournalLine.objects.filter(kind=kind, subject__in=list(subjects)).values_list(
            "subject", "seq", "detail"
        )
        for subject, seq, detail in lines:
            if seq > noted[subjects[subject]] and detail.get("batch") not in undone:
                found[subjects[subject]] = None
    return list(found)


def _parts(keys: Collection[Any]) -> Iterator[list[Any]]:
    everything = list(keys)
    for start in range(0, len(everything), AT_ONCE):
        yield everything[start : start + AT_ONCE]


# ---------------------------------------------------------------- the way back


def _unmake(kind: str, noted: Sequence[ImportedRow], by: Actor, batch: ImportBatch) -> None:
    model = MODELS[kind]
    for part in _parts([_key(row) for row in noted]):
        rows = model._default_manager.filter(pk__in=part)
        if issubclass(model, Journalled):
            subjects = list(rows.order_by("pk"))
            details = [{"batch": str(batch.pk)}] * len(subjects)
            journal.withdraw_many(subjects, "import-undone", by=by, details=details)  # type: ignore[type-var]
        else:
            rows.delete()


def _restore(
    kind: str,
    noted: Sequence[ImportedRow],
    groups: Mapping[str, Sequence[ImportedRow]],
    by: Actor,
    batch: ImportBatch,
) -> None:
    """Give changed subjects the values they had; one line each, however often the import touched them."""
    unmade = {row.subject for row in groups[kind] if row.made}
    olds: dict[UUID | int, dict[str, Any]] = {}
    versions: list[int] = []
    for row in noted:
        if row.subject not in unmade:
            values = olds.setdefault(_key(row), {})
            values |= {
                name: value for name, value in row.before.get("values", {}).items() if name not in values
            }
            versions += [row.before["version"]] if "version" in row.before else []
    model = MODELS[kind]
    assert issubclass(model, Journalled)  # noqa: S101  (nothing else is ever changed)
    for part in _parts(olds):
        subjects = list(model._default_manager.filter(pk__in=part).order_by("pk"))
        values_of = [given_back(model, olds[one.pk]) for one in subjects]
        before = [
            {name: getattr(one, name) for name in values}
            for one, values in zip(subjects, values_of, strict=True)
        ]
        details = [{"batch": str(batch.pk), "columns": sorted(values)} for values in values_of]
        journal.record_many(subjects, "import-undone", by=by, values=values_of, details=details)
        if model is Organisation:
            units.keep_versions(by.person, subjects, before, values_of)  # type: ignore[arg-type]
    AreaVersion.objects.filter(pk__in=versions).delete()
