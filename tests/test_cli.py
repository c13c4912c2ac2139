"""The `jingwei` command: what it lists, which city it means, and what it refuses before anything is made."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from jingwei import city as cities
from jingwei import cli
from jingwei.city import TOP
from jingwei.kernel.commands import counted
from jingwei.web.management.commands.serve import look_at_port

OURS = sorted(name for name, app in get_commands().items() if app.startswith("jingwei."))


def run(
    *arguments: str, city: Path | None = None, typed: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, as somebody at a terminal does; for no city when none is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JINGWEI_")}
    told = {"PYTHONPATH": str(TOP), "PYTHONWARNINGS": "ignore", **more}
    if city is not None:
        told["JINGWEI_CITY"] = f"{city}/"
    return subprocess.run(
        [sys.executable, "-m", "jingwei.cli", *arguments], cwd=TOP, env=kept | told, input=typed,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens at, and would share."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


# ---------------------------------------------------------------- what it lists


def test_the_list_names_every_command_of_ours_and_none_of_the_dangerous_ones() -> None:
    listed = [name for name, _, _ in cli.COMMANDS]
    assert sorted({*listed, *cli.HIDDEN} - {"migrate"}) == OURS
    for way in (["help"], ["--help"], ["-h"], []):
        done = run(*way)
        assert done.returncode == 0
        assert done.stdout == cli.overview()
    first = [line.split()[0] for line in cli.overview().splitlines() if line.startswith("  ")]
    assert first[: len(listed)] == listed
    assert not {"flush", "testserver", "dbshell", "sqlflush", "build_demo"} & set(cli.overview().split())


@pytest.mark.parametrize("name", OURS)
def test_the_help_of_a_command_tells_its_own_options_only(name: str) -> None:
    told = load_command_class(get_commands()[name], name).create_parser("jingwei", name).format_help()
    assert "-h, --help" in told
    for foreign in (
        "--settings",
        "--pythonpath",
        "--traceback",
        "--no-color",
        "--skip-checks",
        "--verbosity",
    ):
        assert foreign not in told
    assert "app_label" not in told


def test_help_and_version_of_one() -> None:
    assert run("help", "serve").stdout == run("serve", "--help").stdout
    assert "--port" in run("serve", "--help").stdout
    assert run("--version").stdout.startswith("jingwei ")


# ---------------------------------------------------------------- which city


@pytest.mark.parametrize(
    ("said", "named", "rest"),
    [
        ("--city jinan import areas a.csv", "jinan", "import areas a.csv"),
        ("--city=jinan import areas a.csv", "jinan", "import areas a.csv"),
        ("import --city jinan areas a.csv", "jinan", "import areas a.csv"),
        ("import areas a.csv --city=/srv/a/", "/srv/a/", "import areas a.csv"),
        ("demo --size city", None, "demo --size city"),
    ],
)
def test_the_city_may_stand_anywhere(said: str, named: str | None, rest: str) -> None:
    assert cli.take_city(said.split()) == (named, rest.split())


@pytest.mark.parametrize("said", ["--city", "--city=", "worker --city", "--city --once worker"])
def test_a_city_without_a_name_is_refused(said: str) -> None:
    with pytest.raises(SystemExit, match="--city wants a name"):
        cli.take_city(said.split())


@pytest.mark.parametrize(
    "words",
    ["worker --once", "backup there", "audit verify", "import areas a.csv", "serve", "migrate", "shell -c 1",
     "check", "rows", "build_demo"],
)  # fmt: skip
def test_a_mistyped_city_is_told_and_nothing_is_made(words: str, tmp_path: Path) -> None:
    place = tmp_path / "nowhere"
    done = run("--city", f"{place}/", *words.split())
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"There is no city in {place}. Make one: {cities.called(place)} init\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["--help", "worker --help", "help backup", "restore there --keys nowhere"])
def test_who_only_looks_makes_no_folder(words: str, tmp_path: Path) -> None:
    run("--city", f"{tmp_path}/nowhere/", *words.split())
    assert list(tmp_path.iterdir()) == []


def test_a_broken_city_toml_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text("name = 济南市\n", "utf-8")
    done = run("audit", "verify", city=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path}/city.toml: ")
    assert done.stderr.count("\n") == 1


def test_a_city_is_called_as_it_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TOP)
    program, *words = shlex.split(cities.called(TOP / "var/jinan"))
    assert words == ["--city", "jinan"]
    assert Path(program).exists()
    assert shlex.split(cities.called(Path("/srv/my city")))[-1] == "/srv/my city/"


# ---------------------------------------------------------------- ports


@pytest.mark.parametrize("port", ["80800", "0", "-1", "65536", "八千", "http", ""])
def test_what_is_no_port_is_told(port: str, tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text('name = "试市"\n', "utf-8")
    done = run("serve", f"--port={port}", city=tmp_path)
    assert done.returncode == 2
    assert "is no port: a number from 1 to 65535, like 8000" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_or_a_host_that_is_not_ours(taken: int) -> None:
    with pytest.raises(
        CommandError, match=rf"^Port {taken} is in use\. Choose another: --port \d+, or .*PORT="
    ):
        look_at_port("127.0.0.1", taken)
    with pytest.raises(CommandError, match=r"^Nobody can listen at 192\.0\.2\.1:8000: "):
        look_at_port("192.0.2.1", 8000)


# ---------------------------------------------------------------- the demo


def test_a_taken_port_ends_the_demo_before_anything_is_thrown_away_or_built(
    taken: int, tmp_path: Path
) -> None:
    home = a_demo(tmp_path)
    for more in ([], ["--reset"]):
        done = run("demo", "--port", str(taken), *more, city=home)
        assert done.returncode == 1
        assert f"Port {taken} is in use." in done.stderr
    run("demo", "--port", str(taken), city=tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert (home / "mark").exists()


def test_the_old_demo_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    home, small = a_demo(tmp_path), ["--no-serve", "--cases", "2", "--days", "1"]
    done = run("demo", "--reset", *small, "--database", "postgresql://127.0.0.1:1/none", city=home)
    assert done.returncode == 1
    assert "The demo city that was there stays as it is." in done.stderr
    assert (home / "mark").exists()

    done = run("demo", "--reset", *small, city=home)
    assert done.returncode == 0, done.stderr
    assert not (home / "mark").exists()
    assert (home / "city.sqlite3").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert "the journal is whole" in run("audit", "verify", city=home).stdout


@pytest.mark.parametrize("file", ["city.toml", "letters.txt"])
def test_the_demo_never_takes_the_place_of_something_else(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text('name = "试市"\n', "utf-8")
    for more in ([], ["--reset"]):
        done = run("demo", "--no-serve", *more, city=tmp_path)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "keys"] == [file]


def a_demo(folder: Path) -> Path:
    """What counts as a demo city that is there: its settings, and a mark to know it by."""
    home = folder / "demo"
    home.mkdir()
    (home / "city.toml").write_text('name = "经州市"\ndemo = true\n', "utf-8")
    (home / "mark").write_text("the old one", "utf-8")
    return home


# ---------------------------------------------------------------- small things


def test_check_speaks_of_playbooks_only() -> None:
    done = run("check", str(TOP / "jingwei/playbooks/grid_event"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "grid_event: sound\n", "")


def test_numbers_and_their_nouns() -> None:
    assert [counted(n, "problem") for n in (0, 1, 2, 1500)] == [
        "0 problems", "1 problem", "2 problems", "1,500 problems",
    ]  # fmt: skip
