"""A city is copied and made again from the copy: everything is there, what was erased stays erased."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

TOP = Path(__file__).resolve().parent.parent.parent

REPORT = """
from jingwei.engine import actions
from jingwei.kernel import ids
from jingwei.kernel.actors import Party
for n in range(3):
    place = {"lon": 117.02, "lat": 33.02, "source": "cgcs2000"}
    entered = {"description": f"井盖翘起 {n}", "place": place, "reporter_contact": "13800000000"}
    taken = actions.take_in(ids.new_id(), "grid_event", entered, by=Party(), source="resident", bound_to="t")
    print(taken.case.number)
"""
ERASE = """
from jingwei.engine import keeping
from jingwei.engine.models import Case
from jingwei.kernel import seals
from jingwei.kernel.actors import SYSTEM
keeping.erase(Case.objects.get(number={number!r}), by=SYSTEM, reason="rights_request")
seals.seal()
seals.write_out()
"""
LOOK = """
from jingwei.engine.models import Case
from jingwei.kernel.models import SealedValue
for case in Case.objects.order_by("number"):
    print(case.number, bool(case.erased_at), SealedValue.objects.filter(case=case.pk).count())
"""


class Town:
    """A city in a folder of its own, driven by commands as people drive it."""

    def __init__(self, home: Path, database: str) -> None:
        self.home, self.database = home, database

    def run(self, *arguments: str, module: str = "jingwei.cli", fails: bool = False) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JINGWEI_")}
        told = {"JINGWEI_CITY": f"{self.home}/", "PYTHONPATH": str(TOP), "PYTHONWARNINGS": "ignore"}
        if self.database:
            told["JINGWEI_DATABASE"] = self.database
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=TOP,
            env=kept | told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def towns(tmp_path: Path) -> Iterator[tuple[Town, Town]]:
    """A small city, and the place for a second one; on the database the tests run on."""
    address, names = os.environ.get("JINGWEI_DATABASE", ""), ("backup_from", "backup_to")
    server = address.rsplit("/", 1)[0]
    if address:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            for name in names:
                admin.execute(f'CREATE DATABASE "{name}"')  # a name of ours
    first, second = (Town(tmp_path / name, f"{server}/{name}" if address else "") for name in names)
    first.home.mkdir()
    (first.home / "city.toml").write_text(
        f'name = "经州市"\ncode = "9911"\ndatabase = "{first.database}"\ndemo = true\n', "utf-8"
    )
    first.run(module="tests.browser.build")
    yield first, second
    if address:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            for name in names:
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_restored_city_is_whole_and_what_was_erased_stays_erased(
    towns: tuple[Town, Town], tmp_path: Path
) -> None:
    first, second = towns
    numbers = first.run("shell", "-c", REPORT).split()[-3:]
    said = first.run("backup", str(tmp_path / "away"), "--keys", str(tmp_path / "keys"))
    backup = Path(said.split(" (keys")[0].strip().splitlines()[-1])
    assert not (backup / "keys").exists()
    first.run("shell", "-c", ERASE.format(number=numbers[1]))  # after the backup was taken

    keys = ["--keys", str(tmp_path / "keys")]
    said = second.run("restore", str(backup), *keys, "--seals", str(first.home / "seals"))
    assert "1 case erased again" in said
    assert "lost with what was not in the backup: journal lines" in said

    assert "the journal is whole" in second.run("audit", "verify")
    found = dict(line.split(" ", 1) for line in second.run("shell", "-c", LOOK).splitlines()[-3:])
    assert found == {numbers[0]: "False 1", numbers[1]: "True 0", numbers[2]: "False 1"}
    assert (second.home / "city.toml").exists()
    assert "is a city already" in second.run("restore", str(backup), *keys, fails=True)


def test_without_its_keys_or_half_copied_it_is_refused(towns: tuple[Town, Town], tmp_path: Path) -> None:
    first, second = towns
    first.run("backup", str(tmp_path / "away"), "--keys", str(tmp_path / "keys"))
    backup = next((tmp_path / "away").iterdir())
    (tmp_path / "empty").mkdir()
    assert "does not hold the key" in second.run(
        "restore", str(backup), "--keys", str(tmp_path / "empty"), fails=True
    )
    (backup / "backup.json").unlink()
    assert "no whole backup" in second.run(
        "restore", str(backup), "--keys", str(tmp_path / "keys"), fails=True
    )
    assert "beside the data" in first.run(
        "backup", str(tmp_path / "a"), "--keys", str(tmp_path / "a/k"), fails=True
    )
    assert not (second.home / "city.toml").exists()


def test_an_altered_line_keeps_the_restored_city_shut(towns: tuple[Town, Town], tmp_path: Path) -> None:
    first, second = towns
    first.run("shell", "-c", REPORT)
    alter = (
        "from jingwei.kernel.models import JournalLine; "
        "JournalLine.objects.filter(seq=1).update(verb='nothing')"
    )
    first.run("shell", "-c", alter)
    first.run("backup", str(tmp_path / "away"), "--keys", str(tmp_path / "keys"))
    backup = next((tmp_path / "away").iterdir())
    said = second.run("restore", str(backup), "--keys", str(tmp_path / "keys"), fails=True)
    assert "stays shut" in said
    assert not (second.home / "city.toml").exists()
