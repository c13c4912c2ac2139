"""`jingwei rows`: the 172 practices and what stands of them.

`--play` plays the scenarios, at full size only with --size full.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jingwei.rows import playing, states


class Command(BaseCommand):
    """Only a full-size `--play` writes `passes` into docs/rows.json."""

    help = "List the practices, or play their scenarios."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rows", nargs="*", help="only these (JN-17 …)")
        parser.add_argument("--play", action="store_true", help="play the scenarios of the rows")
        parser.add_argument(
            "--size",
            choices=["full", "tenth"],
            default="full",
            help="tenth is a rehearsal and writes nothing",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["play"]:
            self._play(options["rows"], options["size"])
            return
        found = [state for state in states.states() if not options["rows"] or state.id in options["rows"]]
        if options["json"]:
            self.stdout.write(json.dumps([state.as_dict() for state in found], ensure_ascii=False, indent=1))
            return
        for state in found:
            self.stdout.write(
                f"{state.id:6} {state.says:12} {state.zh}{'  ← ' + ', '.join(state.waits_for) if state.waits_for else ''}"
            )
        counts = {
            said: sum(1 for state in found if state.says == said)
            for said in sorted({state.says for state in found})
        }
        self.stdout.write(" · ".join(f"{n} {said}" for said, n in counts.items()))

    def _play(self, rows: list[str], size: str) -> None:
        failed = 0
        for result in playing.play(rows, size=size):
            self.stdout.write(
                f"{result.row} {'passes' if result.passed else 'FAILS'} ({result.seconds:.0f} s)"
            )
            for step in result.steps:
                self.stdout.write(f"  {'✓' if step.passed else '✗'} {step.clause}. {step.says}")
            failed += not result.passed
        if failed:
            raise CommandError(f"{failed} rows failed")
