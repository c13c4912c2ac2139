"""`jingwei --city NAME init`: make an empty city in its own folder, with a first administrator only."""

from __future__ import annotations

import getpass
import json
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jingwei.engine import founding
from jingwei.kernel.refusals import Refused
from jingwei.web import reasons


class Command(BaseCommand):
    """Asks what it is not told. The password is asked for, or read from JINGWEI_PASSWORD."""

    help = "Make an empty city: settings, database, playbooks and a first administrator."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", help="the city's name, like 济南市")
        parser.add_argument("--name-en", default="", help="its English name, like Jinan")
        parser.add_argument(
            "--code", help=f"its administrative code, {settings.CITY.tiers['city']} figures, like 3701"
        )
        parser.add_argument("--login", help="login name of the first administrator")
        parser.add_argument("--administrator", default="", help="name of the first administrator")
        parser.add_argument(
            "--database",
            default="",
            help="postgresql://user:password@host/name; SQLite in the city's folder when left out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city = settings.CITY
        if (city.home / "city.toml").exists():
            raise CommandError(
                f"{city.home} is a city already. Choose another name: jingwei --city NAME init"
            )
        if options["database"] and os.environ.get("JINGWEI_DATABASE") != options["database"]:
            again = [
                sys.executable,
                "-m",
                "jingwei.cli",
                *sys.argv[1:],
            ]  # the settings have chosen SQLite already
            os.execve(again[0], again, {**os.environ, "JINGWEI_DATABASE": options["database"]})  # noqa: S606
        said = {key: options[key] or self._ask(question) for key, question in _QUESTIONS.items()}
        password = os.environ.get("JINGWEI_PASSWORD") or self._ask_password()
        call_command("migrate", verbosity=0)
        try:
            founding.found(
                code=said["code"],
                name=said["name"],
                login=said["login"],
                password=password,
                administrator=options["administrator"] or said["login"],
            )
        except Refused as refused:
            raise CommandError("\n".join(reasons.say_all(refused))) from refused
        self._write_settings(said["name"], options["name_en"], said["code"], options["database"])
        self.stdout.write(
            f"{said['name']} stands in {city.home}. "
            f"Serve it: jingwei --city {os.environ['JINGWEI_CITY']} serve"
        )

    def _ask(self, question: str) -> str:
        try:
            return input(f"{question}: ").strip()
        except EOFError as closed:
            raise CommandError(f"{question}? Give it as an option (see --help).") from closed

    def _ask_password(self) -> str:
        first = getpass.getpass("Password of the administrator (10 signs or more, three kinds): ")
        if first != getpass.getpass("Once more: "):
            raise CommandError("The two passwords differ. Nothing was made.")
        return first

    def _write_settings(self, name: str, name_en: str, code: str, database: str) -> None:
        told = {"name": name, "name_en": name_en or name, "code": code, "database": database}
        lines = [
            *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in told.items()),
            'hosts = ["localhost", "127.0.0.1", "[::1]"]',
            'address = "http://localhost:8000"',
            "secure = false   # true behind nginx with TLS",
        ]
        (settings.CITY.home / "city.toml").write_text("\n".join(lines) + "\n", "utf-8")


_QUESTIONS = {
    "name": "Name of the city",
    "code": "Its administrative code",
    "login": "Login name of the administrator",
}
