"""`jingwei worker`: runs effects and standing jobs until it is told to end."""

from typing import Any

from django.core.management.base import CommandParser

from jingwei.kernel import worker
from jingwei.kernel.commands import OurCommand


class Command(OurCommand):
    """As many as one likes may run at the same time."""

    help = "Run the outbox and the standing jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything there is now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        worker.run(once=options["once"])
