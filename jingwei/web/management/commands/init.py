"""`jingwei --city NAME init`: make an empty city in its own folder, with a first administrator only."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from jingwei import city as cities
from jingwei.engine import founding
from jingwei.kernel import passwords
from jingwei.kernel.commands import OurCommand
from jingwei.kernel.models import Account
from jingwei.kernel.refusals import Refused
from jingwei.web import reasons

DIGITS = settings.CITY.tiers["city"]


class Command(OurCommand):
    """Asks what it is not told, and asks again where an answer cannot be.

    The password is asked for, or read from JINGWEI_PASSWORD.
    """

    help = "Make an empty city: settings, database, playbooks and a first administrator."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", help="the city's name, like 济南市")
        parser.add_argument("--name-en", help="its English name, like Jinan; may be left empty")
        parser.add_argument("--code", help=f"its administrative code, {DIGITS} figures, like 3701")
        parser.add_argument("--login", help="login name of the first administrator, like admin")
        parser.add_argument(
            "--administrator", default="", help="name of the first administrator; the login name if left out"
        )
        parser.add_argument(
            "--database",
            default="",
            help="postgresql://user:password@host/name; SQLite in the city's folder when left out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        home = settings.CITY.home
        if cities.is_born(home):
            raise CommandError(
                both(_THERE_ALREADY, home=home, command=cities.called(home.with_name("NAME")) + " init")
            )
        if options["database"] and os.environ.get("JINGWEI_DATABASE") != options["database"]:
            again = [
                sys.executable,
                "-m",
                "jingwei.cli",
                *sys.argv[1:],
            ]  # the settings have chosen SQLite already
            os.execve(again[0], again, {**os.environ, "JINGWEI_DATABASE": options["database"]})  # noqa: S606
        said = {question.key: self._answer(question, options[question.key]) for question in QUESTIONS}
        password = self._password(said["login"])
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        self._write_settings(said["name"], said["name_en"], said["code"], options["database"])
        self.stdout.write(
            both(_DONE, name=said["name"], home=home, command=f"{cities.called(home)} serve", joint="\n")
        )

    # ------------------------------------------------------------ asking

    def _answer(self, question: Question, given: str | None) -> str:
        """What the option said, or what somebody types until it can be."""
        if given is not None:
            if wrong := question.wrong(given.strip()):
                raise CommandError(f"{question.option}: {wrong}")
            return given.strip()
        while True:
            try:
                typed = input(both(question.words, digits=DIGITS, joint=" / ") + ": ").strip()
            except EOFError as closed:
                if question.may_be_empty:
                    return ""
                raise CommandError(both(_AS_OPTION, option=question.option)) from closed
            if not (wrong := question.wrong(typed)):
                return typed
            self.stderr.write(wrong)

    def _password(self, login: str) -> str:
        if given := os.environ.get("JINGWEI_PASSWORD"):
            if wrong := wrong_password(given, login):
                raise CommandError(f"JINGWEI_PASSWORD: {wrong}")
            return given
        while True:
            try:
                first = getpass.getpass(both(_PASSWORD, joint=" / ") + ": ")
                wrong = wrong_password(first, login)
                if not wrong and first != getpass.getpass(both(_ONCE_MORE, joint=" / ") + ": "):
                    wrong = both(_DIFFER)
            except EOFError as closed:
                raise CommandError(both(_AS_OPTION, option="JINGWEI_PASSWORD")) from closed
            if not wrong:
                return first
            self.stderr.write(wrong)

    def _write_settings(self, name: str, name_en: str, code: str, database: str) -> None:
        told = {"name": name, "name_en": name_en, "code": code, "database": database}
        lines = [
            *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in told.items()),
            'hosts = ["localhost", "127.0.0.1", "[::1]"]',
            'address = "http://localhost:8000"',
            "secure = false   # true behind nginx with TLS",
        ]
        (settings.CITY.home / "city.toml").write_text("\n".join(lines) + "\n", "utf-8")


def both(words: str, *, joint: str = " ", **values: Any) -> str:
    """A sentence in Chinese and in English: whoever sets a city up has chosen no language yet."""
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.append(gettext(words).format(**values))
    return joint.join(said)


# ---------------------------------------------------------------- what an answer may be


def wrong_name(name: str) -> str:
    """Why this is no name of a city; empty when it is one."""
    return "" if 0 < len(name) <= 60 else both(_NAME_WRONG)


def wrong_name_en(name: str) -> str:
    """Why this is no English name; it may be left empty."""
    return "" if name.isascii() and len(name) <= 60 else both(_NAME_EN_WRONG)


def wrong_code(code: str) -> str:
    """Why this is no code of a city."""
    is_right = code.isascii() and code.isdigit() and len(code) == DIGITS and code[0] != "0"
    return "" if is_right else both(_CODE_WRONG, code=code, digits=DIGITS)


def wrong_login(login: str) -> str:
    """Why this is no login name."""
    reason = passwords.why_not_login(login)
    return reasons.say(reason) if reason else ""


def wrong_password(password: str, login: str) -> str:
    """What is wrong with a password, every reason a line; empty when it may be one."""
    return "\n".join(passwords.why_not(password, Account(login=login)))


@dataclass(frozen=True)
class Question:
    """What is asked: the option that answers it too, the words, and what is wrong with an answer."""

    key: str
    words: str
    wrong: Callable[[str], str]
    may_be_empty: bool = False

    @property
    def option(self) -> str:
        return "--" + self.key.replace("_", "-")


QUESTIONS = (
    Question("name", gettext_noop("Name of the city, like 济南市"), wrong_name),
    Question(
        "name_en",
        gettext_noop("Its English name, like Jinan (Enter leaves it empty)"),
        wrong_name_en,
        may_be_empty=True,
    ),
    Question("code", gettext_noop("Its administrative code, {digits} figures, like 3701"), wrong_code),
    Question(
        "login",
        gettext_noop("Login name of the administrator, letters and figures, like admin"),
        wrong_login,
    ),
)
_PASSWORD = gettext_noop(
    "Password of the administrator: 10 signs or more, three of small letters, capitals, figures, other signs"
)
_ONCE_MORE = gettext_noop("The password once more")
_DIFFER = gettext_noop("The two passwords differ. Please type both again.")
_NAME_WRONG = gettext_noop("The name has 1 to 60 signs.")
_NAME_EN_WRONG = gettext_noop("The English name has Latin letters, at most 60.")
_CODE_WRONG = gettext_noop(
    "‘{code}’ is no code of a city: it has {digits} figures and does not begin with 0, like 3701."
)
_AS_OPTION = gettext_noop("Nobody is there to answer. Give it as {option}.")
_THERE_ALREADY = gettext_noop(
    "{home} is a city already. Choose another name ({command}), or remove that folder by hand."
)
_DONE = gettext_noop("{name} stands in {home}. Serve it: {command}")
