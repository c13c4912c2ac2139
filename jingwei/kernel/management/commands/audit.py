"""`jingwei audit verify|seal`: is the journal whole?"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from jingwei.kernel import auditing, seals
from jingwei.kernel.actors import System
from jingwei.kernel.commands import OurCommand, counted


class Command(OurCommand):
    """Recomputes every hash, head and seal; names every line that is not as it was written."""

    help = "Verify the journal, or seal it now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["verify", "seal"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "seal":
            seals.seal()
            return
        found = seals.verify()
        auditing.note_verified(found, by=System(job="audit"))
        lines, subjects = counted(found.lines, "line"), counted(found.subjects, "subject")
        self.stdout.write(f"{lines} of {subjects} under {counted(found.seals, 'seal')}")
        if found.unsealed:
            self.stdout.write(f"not sealed yet: rows {found.unsealed[0]}–{found.unsealed[1]}")
        for fault in found.faults:
            self.stdout.write(f"  {fault}")
        if found.faults:
            raise CommandError(counted(len(found.faults), "fault"))
        self.stdout.write("the journal is whole")
