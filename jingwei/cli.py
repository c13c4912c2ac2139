"""The `jingwei` command: Django's commands and ours, for the city named by --city (or JINGWEI_CITY)."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """`jingwei [--city NAME] COMMAND …`; NAME is a folder under var/, or a path."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--city"] and len(arguments) > 1:
        os.environ["JINGWEI_CITY"] = arguments[1]
        arguments = arguments[2:]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jingwei.settings")
    execute_from_command_line(["jingwei", *(arguments or ["help"])])


if __name__ == "__main__":
    main()
