"""What every command of ours shares: a short help, and numbers with their noun."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class OurCommand(BaseCommand):
    """A command whose `--help` lists what it is for; Django's own options work, and are not listed."""

    suppressed_base_arguments = {
        "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color",
        "--force-color",
    }  # fmt: skip

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser, without a word of `--skip-checks`, which Django always lists."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        for action in parser._actions:
            if action.dest == "skip_checks":
                action.help = argparse.SUPPRESS
        return parser


def counted(number: int, noun: str) -> str:
    """`1 problem`, `2 problems`: nouns that take an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
