"""`jingwei import KIND FILE …`: areas, people, cases and more from the files people really have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jingwei import city as cities
from jingwei.kernel import ids
from jingwei.kernel.actors import System
from jingwei.kernel.commands import OurCommand
from jingwei.kernel.refusals import Refused
from jingwei.kernel.tables.cells import Column
from jingwei.kernel.tables.problems import TableError
from jingwei.kernel.tables.reading import Row
from jingwei.kernel.tables.workbooks import Limits, bytes_of
from jingwei.kernel.tables.writing import write_table
from jingwei.registry.coordinates import SOURCES
from jingwei.registry.imports import batches
from jingwei.registry.imports.plan import Activation, Count, Failed, Incoming, Plan
from jingwei.registry.models import ImportBatch
from jingwei.web import reasons
from jingwei.web.admin.import_forms import noun

BY = System(job="import")
MOST_SHOWN = 50


class Command(OurCommand):
    """Says what was made, what is wrong with every row that cannot be taken, and how to take it back."""

    help = "Import areas, borders, people, links, classes, catalogue rows or cases from files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(batches.KINDS))
        parser.add_argument("files", nargs="*", metavar="FILE", help=".xlsx, .xls, .csv; borders: .geojson")
        parser.add_argument("--preview", action="store_true", help="only say what would come of it")
        parser.add_argument(
            "--partial", action="store_true", help="take the rows that are right; otherwise all or nothing"
        )
        parser.add_argument("--again", action="store_true", help="take a file that was imported before")
        parser.add_argument(
            "--source", choices=SOURCES, default="", help="borders: the file's coordinate system (cgcs2000)"
        )
        parser.add_argument(
            "--key", default="", help="borders: the property that holds the code (found by itself otherwise)"
        )
        parser.add_argument(
            "--mapping",
            metavar="FILE",
            help="old and new codes (areas, borders), or what columns mean (cases)",
        )
        parser.add_argument("--own-only", action="store_true", help="areas: leave out rows of other cities")
        parser.add_argument("--list", default="", help="classes, catalogue: the name of the class list")
        parser.add_argument(
            "--open-accounts", action="store_true", help="people: open accounts; the codes are shown once"
        )
        parser.add_argument(
            "--codes",
            metavar="FILE",
            help="people: where the activation codes go (.xlsx, readable by you only)",
        )
        parser.add_argument(
            "--failed", metavar="FILE", help="where the rows that cannot be taken go (.xlsx with 错误原因)"
        )
        parser.add_argument("--undo", metavar="BATCH", help="take an import back, within 24 hours")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["undo"]:
                self._undo(options["undo"])
            elif not options["files"]:
                raise CommandError(_("Name a file to import."))
            else:
                self._import(options)
        except TableError as unreadable:
            raise CommandError(unreadable.explain(_language())) from unreadable
        except Refused as refused:
            said = reasons.say_all(refused)
            said += [
                _WAYS_ON[code]() for code in (reason.code for reason in refused.reasons) if code in _WAYS_ON
            ]
            raise CommandError("\n".join(said)) from refused

    # ------------------------------------------------------------ doing

    def _import(self, options: dict[str, Any]) -> None:
        files = [_incoming(name) for name in options["files"]]
        chosen = batches.any_options(
            source=options["source"],
            key=options["key"],
            list=options["list"],
            own_only=options["own_only"],
            open_accounts=options["open_accounts"],
            mapping=_incoming(options["mapping"]) if options["mapping"] else None,
        )
        kind = _kind(options["kind"], files)
        if options["preview"]:
            plan = batches.KINDS[kind].plan(files, chosen)
            self._tell_plan(kind, plan, options["failed"], done=False)
            if plan.failed and not options["partial"]:
                self.stdout.write(_("As it stands nothing would be taken in: it is all or nothing."))
                self.stdout.write(_take_the_right_ones())
            return
        try:
            result = batches.run_at_once(
                kind, files, chosen, by=BY, partial=options["partial"], again=options["again"]
            )
        except batches.NotWhole as no:
            self._tell_plan(kind, no.plan, options["failed"], done=False)
            raise
        self._tell(
            batches.counts_of(result.batch),
            batches.notes_of(result.batch, _language()),
            batches.failed_of(result.batch),
            done=True,
        )
        self._keep_failed(kind, batches.failed_of(result.batch), options["failed"])
        self._hand_out(result.activations, options["codes"])
        self.stdout.write(
            _("Take it back within 24 hours: {command}").format(
                command=f"{_called()} import {kind} --undo {result.batch.pk}"
            )
        )

    def _undo(self, number: str) -> None:
        key = _uuid(number)
        batch = ImportBatch.objects.filter(pk=key).first() if key else None
        if batch is None:
            raise CommandError(_("There is no import {number}.").format(number=number))
        batches.undo(batch, by=BY)
        self.stdout.write(_("{file} is taken back.").format(file=batch.filename))

    # ------------------------------------------------------------ telling

    def _tell_plan(self, kind: str, plan: Plan, failed_to: str | None, *, done: bool) -> None:
        self._tell(plan.counts, batches.said_notes(plan.notes, _language()), plan.failed, done=done)
        self._keep_failed(kind, plan.failed, failed_to)

    def _tell(self, counts: dict[str, Count], notes: list[str], failed: list[Failed], *, done: bool) -> None:
        sentence = _("{noun}: {made} made, {changed} changed, {left} left as they are")
        if not done:
            sentence = _("{noun}: {made} would be made, {changed} changed, {left} left as they are")
        for name, count in counts.items():
            if count.made or count.changed or count.left:
                said = sentence.format(
                    noun=noun(name), made=count.made, changed=count.changed, left=count.left
                )
                self.stdout.write(said)
        for text in notes:
            self.stdout.write(f"  {text}")
        for one in failed[:MOST_SHOWN]:
            for text in batches.reasons_of(one, _language()):
                self.stdout.write(f"  {one.sheet} {text}".replace("   ", "  "))
        if len(failed) > MOST_SHOWN:
            self.stdout.write(_("  … and {n} rows more").format(n=len(failed) - MOST_SHOWN))

    def _keep_failed(self, kind: str, failed: list[Failed], name: str | None) -> None:
        """One file for each form that has failed rows."""
        if not name or not failed:
            return
        path = Path(name)
        forms = list(dict.fromkeys(one.form for one in failed))
        for form in forms:
            target = path if len(forms) == 1 else path.with_name(f"{path.stem}-{form}{path.suffix}")
            plan = Plan(failed=failed)
            target.write_bytes(batches.failed_rows(plan, kind, form, title=noun(form), language=_language()))
            self.stdout.write(_("The rows that failed stand in {file}.").format(file=target))

    def _hand_out(self, activations: tuple[Activation, ...], name: str | None) -> None:
        """The codes once: into a file for its owner only, or onto the screen."""
        if not activations:
            return
        if name:
            target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(target, "wb") as out:
                out.write(_codes_sheet(activations))
            self.stdout.write(
                _("The activation codes stand in {file}; they are kept nowhere else.").format(file=name)
            )
            return
        for one in activations:
            self.stdout.write(f"  {one.login}  {ids.show_code(one.code)}  {one.name}  {one.organisation}")


def _take_the_right_ones() -> str:
    return _("The right rows alone: --partial; the others with their reasons into a file: --failed FILE.xlsx")


#: what a command can do where the reason of a refusal speaks of a page
_WAYS_ON: dict[str, Callable[[], str]] = {
    "import-has-errors": _take_the_right_ones,
    "import-same-file": lambda: _("To import it once more all the same: --again"),
}

CODES = (
    Column("login", ("登录名", "Login name")),
    Column("code", ("一次性激活码", "One-time code")),
    Column("name", ("姓名", "Name")),
    Column("staff_no", ("工号", "Staff number"), kind="code"),
    Column("organisation", ("单位", "Unit")),
)


def _codes_sheet(activations: tuple[Activation, ...]) -> bytes:
    """The codes as an .xlsx, one person a row."""
    rows = [
        Row(n, {c.name: getattr(one, c.name) for c in CODES}) for n, one in enumerate(activations, start=1)
    ]
    return write_table(rows, CODES, title=_("Activation codes"), language=_language())


def _called() -> str:
    """How the command is called for this city."""
    return cities.called(settings.CITY.home)


def _kind(said: str, files: list[Incoming]) -> str:
    """Areas on a map are their borders: `import areas FILE.geojson` says it as people do."""
    drawn = all(file.filename.lower().endswith((".geojson", ".json")) for file in files)
    return "borders" if said == "areas" and drawn else said


def _incoming(name: str) -> Incoming:
    try:
        return Incoming(Path(name).name, bytes_of(Path(name), Limits()))
    except TableError as unreadable:
        raise CommandError(
            _("{file}: {text}").format(file=name, text=unreadable.explain(_language()))
        ) from unreadable


def _language() -> str:
    return get_language() or "zh-hans"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
