"""`jingwei rows`: the 172 practices and what stands of them.

`--play` plays the scenarios, at full size unless --size says otherwise.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from jingwei.kernel.commands import OurCommand
from jingwei.rows import playing, states


class Command(OurCommand):
    """Only a full-size `--play` writes `passes` into docs/rows.json."""

    help = "List the practices, or play their scenarios."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rows", nargs="*", metavar="ROW", help="only these (JN-17 …)")
        parser.add_argument("--play", action="store_true", help="play the scenarios of the rows")
        parser.add_argument(
            "--size",
            choices=list(playing.SIZES),
            default="full",
            help="tenth is a rehearsal and writes nothing",
        )
        parser.add_argument(
            "--database",
            default=os.environ.get("JINGWEI_DATABASE", ""),
            help="play on PostgreSQL: postgresql://user@host/name; each play makes a database beside it",
        )
        parser.add_argument("--json", action="store_true", help="for other programs")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["play"]:
            self._play(options["rows"], options["size"], options["database"])
            return
        every = states.states()
        if unknown := sorted(set(options["rows"]) - {state.id for state in every}):
            raise CommandError(
                f"There is no row {', '.join(unknown)}; `jingwei rows` lists all, from {every[0].id}"
                f" to {every[-1].id}.",
                returncode=2,
            )
        found = [state for state in every if not options["rows"] or state.id in options["rows"]]
        if options["json"]:
            self.stdout.write(json.dumps([state.as_dict() for state in found], ensure_ascii=False, indent=1))
            return
        for state in found:
            self._tell(state)
        counts = Counter(state.says for state in found)
        self.stdout.write(" · ".join(f"{n} {said}" for said, n in sorted(counts.items())))

    def _tell(self, state: states.State) -> None:
        ledger = f" + {state.ledger}" if state.ledger not in ("", state.says) else ""
        waits = f"  ← {', '.join(state.waits_for)}" if state.waits_for else ""
        self.stdout.write(f"{state.id:6} {state.says + ledger:22} {state.zh}{waits}")
        if state.part_zh:
            self.stdout.write(f"{'':30}{state.part_zh}")

    def _play(self, rows: list[str], size: str, database: str) -> None:
        failed = []
        try:
            for result in playing.play(rows, size=size, database=database):
                self._tell_result(result)
                if not result.passed:
                    failed.append(result.row)
        except playing.NoScenario as no:
            raise CommandError(str(no)) from no
        if failed:
            recorded = [row for row in failed if row in states.recorded()]
            older = f"; docs/rows.json still holds an older pass of {', '.join(recorded)}" if recorded else ""
            raise CommandError(f"failed: {', '.join(failed)}{older}")

    def _tell_result(self, result: playing.Result) -> None:
        said = "passes" if result.passed else "FAILS"
        self.stdout.write(f"{result.row} {said} at size {result.size} ({result.seconds:.0f} s)")
        for step in result.steps:
            mark = "✓" if step.passed else "✗"
            self.stdout.write(f"  {mark} {step.clause}. {step.says} [{step.seconds:.1f} s]")
        self.stdout.flush()
