"""The life of an import: preview, run whole or in part, download what failed, take back within a day.

What a kind of file means, its importer knows (`areas`, `borders`, `people`, `links`, and those of the
engine); here is what they share. The same bytes are recognised. One import
writes at a time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from jingwei.kernel import ids, journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import ChangedMeanwhile, Reason, Refused
from jingwei.kernel.tables import problems, writing
from jingwei.kernel.tables.cells import tidy
from jingwei.kernel.tables.problems import Problem, TableError
from jingwei.kernel.tables.reading import Column, Row
from jingwei.kernel.versions import raise_version
from jingwei.kernel.worker import job
from jingwei.registry.imports import area_drafts, areas, borders, links, people, undoing, words
from jingwei.registry.imports.plan import Activation, Count, Failed, Incoming, Note, Options, Plan, Writing
from jingwei.registry.models import ImportBatch, ImportedRow

UNDO_WITHIN = timedelta(hours=24)
KEEP_FILES = timedelta(hours=24)
KEEP_PROBLEMS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of import: how its files are read, and the forms of its tables.

    A form without columns is one whose columns a mapping file names.
    """

    name: str
    plan: Callable[[Sequence[Incoming], Options], Plan]
    forms: Mapping[str, Sequence[Column]]


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind of import known; the layers above add theirs."""
    KINDS[kind.name] = kind


register(Kind("areas", areas.plan, area_drafts.FORMS))
register(Kind("borders", borders.plan, {"borders": borders.SHAPES}))
register(Kind("people", people.plan, people.FORMS))
register(Kind("links", links.plan, links.FORMS))


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has done. The activation codes are shown once: only their hashes are stored."""

    batch: ImportBatch
    activations: tuple[Activation, ...] = ()


# ---------------------------------------------------------------- preview and run


def preview(kind: str, files: Sequence[Incoming], options: Options, *, by: Actor) -> ImportBatch:
    """Judge files without writing what they say; they are kept for a day so that the very same can be run.

    Raises ``TableError`` when a file cannot be read at all; nothing is kept then.
    """
    plan = KINDS[kind].plan(files, options)
    batch = _batch(kind, files, options, by)
    _note_outcome(batch, plan)
    _keep(batch, files, options)
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            journal.record(batch, "import-previewed", by=by, detail={"kind": kind})
    except BaseException:
        _drop(batch.pk)
        raise
    return batch


def run(batch: ImportBatch, *, by: Actor, partial: bool = False, again: bool = False) -> Result:
    """Carry a preview out: the files are judged anew and written whole or, with ``partial``, as far as
    right.

    Refused: rows are wrong (without ``partial``), the file was imported before (without ``again``), it is
    done already.
    """
    files, options = _kept(batch)
    result = _carried_out(batch, files, options, by=by, partial=partial, again=again)
    _drop(batch.pk)
    return result


def run_at_once(
    kind: str,
    files: Sequence[Incoming],
    options: Options,
    *,
    by: Actor,
    partial: bool = False,
    again: bool = False,
) -> Result:
    """Import without a preview, for commands; see `run`."""
    return _carried_out(_batch(kind, files, options, by), files, options, by=by, partial=partial, again=again)


def _carried_out(
    batch: ImportBatch, files: Sequence[Incoming], options: Options, *, by: Actor, partial: bool, again: bool
) -> Result:
    try:
        with transaction.atomic():
            raise_version("imports")  # whoever comes second waits here, and sees what the first has written
            if not batch._state.adding:
                batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
            if batch.state != "preview":
                raise Refused(Reason("import-not-open", values={"state": batch.state}))
            twin = twin_of(batch)
            if twin is not None and not again:
                raise Refused(Reason("import-same-file", values={"batch": str(twin.pk), "at": twin.done_at}))
            plan = KINDS[batch.kind].plan(files, options)
            if plan.failed and not partial:
                raise NotWhole(plan)
            return _write(batch, plan, by=by, partial=partial)
    except IntegrityError as clash:  # somebody made the same by hand at this moment
        raise ChangedMeanwhile() from clash


class NotWhole(Refused):
    """Some rows cannot be taken, and all or nothing was asked for; ``plan`` says which."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(Reason("import-has-errors", values={"rows": len(plan.failed)}))
        self.plan = plan


def _write(batch: ImportBatch, plan: Plan, *, by: Actor, partial: bool) -> Result:
    _note_outcome(batch, plan)
    if batch._state.adding:
        batch.save(force_insert=True)
    writing = Writing(batch, by=by)
    plan.write(writing)
    writing.finish()
    nouns = {noun: [count.made, count.changed] for noun, count in plan.counts.items()}
    journal.record(
        batch,
        "imported",
        by=by,
        detail={"kind": batch.kind, "nouns": nouns, "failed": len(plan.failed)},
        state="done",
        partial=partial,
        done_at=now(),
        counts=batch.counts,
        problems=batch.problems,
    )
    return Result(batch, tuple(writing.activations))


def twin_of(batch: ImportBatch) -> ImportBatch | None:
    """The last import of the very same bytes that stands."""
    same = ImportBatch.objects.filter(kind=batch.kind, digest=batch.digest, state="done").exclude(pk=batch.pk)
    return same.order_by("-done_at").first()


def _batch(kind: str, files: Sequence[Incoming], options: Options, by: Actor) -> ImportBatch:
    names = [tidy(file.filename.replace("\\", "/").rsplit("/", 1)[-1])[:120] for file in files]
    digest = hashlib.sha256(b"".join(file.digest for file in files)).digest()
    return ImportBatch(
        id=ids.new_id(),
        kind=kind,
        filename="、".join(names)[:200],
        digest=digest,
        made_at=now(),
        person=by.person,
        options={
            **options.stored(),
            "files": names,
            "mapping": options.mapping.filename[:120] if options.mapping else "",
        },
    )


def _note_outcome(batch: ImportBatch, plan: Plan) -> None:
    """Write what came of the rows into the batch, as JSON can keep it."""
    counts = {
        "nouns": {noun: [count.made, count.changed, count.left] for noun, count in plan.counts.items()},
        "failed": len(plan.failed),
        "left_out": plan.left_out,
        "notes": [[note.code, dict(note.params)] for note in plan.notes],
    }
    failed = [
        {
            "form": one.form,
            "sheet": one.sheet,
            "line": one.line,
            "raw": dict(one.raw),
            "problems": [[p.column, p.value, p.message_code, dict(p.params)] for p in one.problems],
        }
        for one in plan.failed
    ]
    batch.counts = json.loads(json.dumps(counts, default=str))
    batch.problems = json.loads(json.dumps(failed, default=str))


# ---------------------------------------------------------------- what came of it


def counts_of(batch: ImportBatch) -> dict[str, Count]:
    """How many of every noun were (or would be) made, changed and left."""
    return {noun: Count(*three) for noun, three in batch.counts.get("nouns", {}).items()}


def notes_of(batch: ImportBatch, language: str = "zh-hans") -> list[str]:
    """What is told besides, as sentences."""
    return [words.say_note(code, params, language) for code, params in batch.counts.get("notes", [])]


def said_notes(notes: Sequence[Note], language: str = "zh-hans") -> list[str]:
    """The notes of a plan as sentences."""
    return [words.say_note(note.code, note.params, language) for note in notes]


def failed_of(batch: ImportBatch) -> list[Failed]:
    """The rows that were not taken, each with its reasons. After 30 days they are gone."""
    return [
        Failed(
            one["form"],
            one["sheet"],
            one["line"],
            one["raw"],
            tuple(
                Problem(one["line"], column, value, code, params)
                for column, value, code, params in one["problems"]
            ),
        )
        for one in batch.problems
    ]


def reasons_of(failed: Failed, language: str = "zh-hans") -> list[str]:
    """Why a row cannot be taken, each reason a sentence with its line and field."""
    return [problems.explain(problem, language) for problem in failed.problems]


def failed_sheet(batch: ImportBatch, form: str, *, title: str, language: str = "zh-hans") -> bytes:
    """The rows of a form that were not taken as an .xlsx with 错误原因, to be mended and sent again."""
    failed = [one for one in failed_of(batch) if one.form == form]
    rows, reasons = [], {}
    for number, one in enumerate(failed, start=1):
        rows.append(Row(number, {}, dict(one.raw)))
        reasons[number] = ("；" if language.startswith("zh") else "; ").join(reasons_of(one, language))
    columns = KINDS[batch.kind].forms[form] or _columns_of(failed)
    return writing.write_table(rows, columns, title=title, failed=reasons, language=language)


def _columns_of(failed: Sequence[Failed]) -> list[Column]:
    """The columns of rows whose form only a mapping file knows, as the file itself calls them."""
    return [Column(name, (name,)) for name in dict.fromkeys(name for one in failed for name in one.raw)]


def failed_rows(plan: Plan, kind: str, form: str, *, title: str, language: str = "zh-hans") -> bytes:
    """The same from a plan that was not carried out."""
    batch = ImportBatch(kind=kind)
    _note_outcome(batch, plan)
    return failed_sheet(batch, form, title=title, language=language)


# ---------------------------------------------------------------- taking back


def why_not_undo(batch: ImportBatch) -> list[Reason]:
    """Every reason why a batch cannot be taken back; what was built on it is named."""
    if batch.state != "done" or batch.done_at is None:
        return [Reason("import-not-done")]
    if now() - batch.done_at > UNDO_WITHIN:
        return [Reason("import-too-old", values={"hours": UNDO_WITHIN // timedelta(hours=1)})]
    return undoing.built_on(batch)


def undo(batch: ImportBatch, *, by: Actor) -> ImportBatch:
    """Take a batch back: what it made is gone, what it changed is as before. The journal keeps both ways."""
    try:
        with transaction.atomic():
            raise_version("imports")
            batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
            if reasons := why_not_undo(batch):
                raise Refused(*reasons)
            undoing.take_back(batch, by=by)
            journal.record(batch, "import-undone", by=by, state="undone", undone_at=now())
    except IntegrityError as clash:  # somebody builds on it at this moment
        raise ChangedMeanwhile() from clash
    return batch


@job("imports", every=timedelta(hours=1))
def forget_old() -> None:
    """Files never run go after a day, notes for taking back with them, failed rows after 30 days."""
    moment = now()
    for folder in _folder().glob("*"):
        batch = ImportBatch.objects.filter(pk=folder.name, made_at__gt=moment - KEEP_FILES, state="preview")
        if not batch.exists():
            shutil.rmtree(folder, ignore_errors=True)
    ImportedRow.objects.filter(batch__done_at__lt=moment - UNDO_WITHIN).delete()
    ImportBatch.objects.filter(made_at__lt=moment - KEEP_PROBLEMS).exclude(problems=[]).update(problems=[])


# ---------------------------------------------------------------- files between preview and run


def _folder() -> Path:
    return Path(settings.CITY.files) / "imports"


def _keep(batch: ImportBatch, files: Sequence[Incoming], options: Options) -> None:
    folder = _folder() / str(batch.pk)
    folder.mkdir(parents=True, mode=0o700)
    for number, file in enumerate(files):
        (folder / str(number)).write_bytes(file.data)
    if options.mapping is not None:
        (folder / "mapping").write_bytes(options.mapping.data)


def _kept(batch: ImportBatch) -> tuple[list[Incoming], Options]:
    folder, said = _folder() / str(batch.pk), dict(batch.options)
    names, mapping_name = said.pop("files"), said.pop("mapping")
    try:
        files = [Incoming(name, (folder / str(number)).read_bytes()) for number, name in enumerate(names)]
        mapping = Incoming(mapping_name, (folder / "mapping").read_bytes()) if mapping_name else None
    except FileNotFoundError:
        raise Refused(Reason("import-not-open", values={"state": batch.state})) from None
    return files, Options(**said, mapping=mapping)


def _drop(batch: UUID) -> None:
    shutil.rmtree(_folder() / str(batch), ignore_errors=True)


__all__ = [
    "KINDS",
    "Incoming",
    "Kind",
    "NotWhole",
    "Options",
    "Plan",
    "Result",
    "TableError",
    "counts_of",
    "failed_of",
    "failed_rows",
    "failed_sheet",
    "notes_of",
    "preview",
    "reasons_of",
    "register",
    "run",
    "run_at_once",
    "said_notes",
    "twin_of",
    "undo",
    "why_not_undo",
]


def any_options(**said: Any) -> Options:
    """Options from what a form or command line says; empty values are left out."""
    return Options(**{name: value for name, value in said.items() if value})
