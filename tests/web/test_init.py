"""`jingwei init`: it asks in two languages, asks again where an answer cannot be, and makes an empty city."""

from __future__ import annotations

import getpass
import io
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from jingwei.city import TOP, load
from jingwei.kernel import accounts, sealed
from jingwei.kernel.models import Account
from jingwei.registry.models import Area

PASSWORD = "Wege-und-Faden-7"
GIVEN = ("--name", "济南市", "--name-en", "Jinan", "--code", "3701", "--login", "admin")


@pytest.fixture
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Path]:
    """A place for a city, in the database of the test; the password has to be asked for."""
    settings.CITY = replace(settings.CITY, home=tmp_path / "new")
    settings.DEMO = False
    monkeypatch.delenv("JINGWEI_PASSWORD", raising=False)
    sealed._ring.cache_clear()
    yield tmp_path / "new"
    sealed._ring.cache_clear()


def typing(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Somebody types these passwords one after the other; returns what they were asked."""
    asked, left = [], list(answers)

    def answer(prompt: str = "") -> str:
        asked.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr(getpass, "getpass", answer)
    return asked


# ---------------------------------------------------------------- asking


def test_wrong_answers_are_asked_again_and_the_last_word_works_as_written(tmp_path: Path) -> None:
    """Through the door: typed lines, a city in its own folder, the printed command run as it stands."""
    home = tmp_path / "my city"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JINGWEI_")}
    environment = kept | {"PYTHONPATH": str(TOP), "PYTHONWARNINGS": "ignore", "JINGWEI_PASSWORD": PASSWORD}
    lines = [
        "",
        "济南市",
        "济南",
        "Jinan",
        "37",
        "370102",
        "三七零一",
        "0701",
        "3701",
        "a b",
        "demo-me",
        "admin",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "jingwei.cli", "--city", f"{home}/", "init"],
        cwd=TOP, env=environment, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for prompt, times in {
        "城市名称，如 济南市 / Name of the city, like 济南市: ": 2,
        "英文名称，如 Jinan（可直接回车留空） / Its English name, like Jinan (Enter leaves it empty): ": 2,
        "行政区划代码，4位数字，如3701 / Its administrative code, 4 figures, like 3701: ": 5,
        "管理员登录名，字母和数字，如 admin / Login name of the administrator, ": 3,
    }.items():
        assert done.stdout.count(prompt) == times, prompt
    assert "“370102”不是城市的行政区划代码：应为4位数字" in done.stderr
    assert "‘370102’ is no code of a city: it has 4 figures" in done.stderr
    said = tomllib.loads((home / "city.toml").read_text("utf-8"))
    assert (said["name"], said["name_en"], said["code"]) == ("济南市", "Jinan", "3701")

    *program, last = shlex.split(done.stdout.splitlines()[-1].partition("Serve it: ")[2])
    assert last == "serve"
    again = subprocess.run(
        [*program, "audit", "verify"], cwd=TOP, env=kept, capture_output=True, text=True, check=False
    )
    assert again.stdout.endswith("the journal is whole\n"), again.stderr


def test_a_weak_password_is_explained_and_asked_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = typing(
        monkeypatch, "kurz", "nurkleinebuchstaben", PASSWORD, "Wege-und-Faden-8", PASSWORD, PASSWORD
    )
    out, err = io.StringIO(), io.StringIO()
    call_command("init", *GIVEN, stdout=out, stderr=err)
    assert len(asked) == 6
    assert asked[0].startswith("管理员密码：至少10位")
    assert "密码至少10位" in err.getvalue()
    assert "小写字母、大写字母、数字、符号，至少用三种" in err.getvalue()
    assert "两次输入的密码不一致" in err.getvalue()
    assert accounts.log_in("admin", PASSWORD).session.account.login == "admin"
    assert Area.objects.get().code == "3701"


# ---------------------------------------------------------------- nobody there to ask


@pytest.mark.parametrize("option", ["--name", "--code", "--login"])
def test_nobody_to_answer_names_the_option(option: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    place = GIVEN.index(option)
    with pytest.raises(CommandError, match=f"{option}"):
        call_command("init", *GIVEN[:place], *GIVEN[place + 2 :], stdout=io.StringIO())
    assert not home.exists()


def test_no_password_names_the_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typing(monkeypatch)
    with pytest.raises(CommandError, match="JINGWEI_PASSWORD"):
        call_command("init", *GIVEN)
    assert not home.exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--name", " "), ("--name-en", "济南"), ("--code", "37"), ("--code", "37O1"), ("--login", "a b")],
)
def test_a_wrong_option_is_named_and_nothing_is_made(
    option: str, value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINGWEI_PASSWORD", PASSWORD)
    given = list(GIVEN)
    given[given.index(option) + 1] = value
    with pytest.raises(CommandError, match=f"^{option}: "):
        call_command("init", *given)
    assert not home.exists()
    assert not Account.objects.exists()


def test_a_weak_password_of_the_environment_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGWEI_PASSWORD", "kurz")
    with pytest.raises(CommandError, match=r"^JINGWEI_PASSWORD: 密码至少10位"):
        call_command("init", *GIVEN)
    assert not home.exists()


# ---------------------------------------------------------------- what comes of it


def test_an_english_name_may_be_left_out_and_is_not_the_chinese_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINGWEI_PASSWORD", PASSWORD)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    call_command("init", *GIVEN[:2], *GIVEN[4:], stdout=io.StringIO())
    assert tomllib.loads((home / "city.toml").read_text("utf-8"))["name_en"] == ""
    assert load(home).name_en == "济南市"  # what an English page has to say of it


def test_a_city_that_is_there_says_what_to_do(home: Path) -> None:
    home.mkdir()
    (home / "city.toml").write_text('name = "济南市"\n', "utf-8")
    with pytest.raises(CommandError) as no:
        call_command("init", *GIVEN)
    assert f"{home}里已经有一座城市" in str(no.value)
    assert f"{home} is a city already. Choose another name (" in str(no.value)
    assert "remove that folder by hand" in str(no.value)
    assert [path.name for path in home.iterdir()] == ["city.toml"]
