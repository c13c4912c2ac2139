"""A city lives in one folder: its settings, keys, files and (when small) its database.

var/demo/
  city.toml     name, digits, database, address            written once by `jingwei init`, edited by people
  keys/         secret, key ring, seal key                  never in the database, backed up apart from it
  files/        pictures and documents, one folder per case
  seals/        journal seals and the erasure list, as they leave the database
  city.sqlite3  the database, unless city.toml names a PostgreSQL one
"""

from __future__ import annotations

import os
import secrets
import shlex
import sys
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent

#: every key of a city, beside the key ring of sealed values; made when it is founded, copied away once
KEYS = ("secret", "blind", "query-codes", "seal", "tokens")


@dataclass(frozen=True, eq=False)
class City:
    """What the settings need to know of a city before there is a database."""

    home: Path
    name: str = "经纬"
    name_en: str = "Jingwei"
    code: str = "000000"
    database: str = ""
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]", "testserver")
    address: str = "http://localhost:8000"
    demo: bool = False
    time_zone: str = "Asia/Shanghai"
    languages: tuple[str, ...] = ("zh-hans", "en")
    hotline: str = "12345"
    secure: bool = False
    reports_per_address: int = 40  # from one address in ten minutes; a school or office may need more
    tiers: dict[str, int] = field(
        default_factory=lambda: {"city": 4, "county": 6, "street": 9, "community": 12, "grid": 15}
    )

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def seals(self) -> Path:
        return self.home / "seals"


def home_of(name: str) -> Path:
    """A plain name is a folder under var/; anything with a slash, or with a dot before it, is a path."""
    is_path = "/" in name or name.startswith((".", "~"))
    return Path(name).expanduser() if is_path else TOP / "var" / name


def current_home() -> Path:
    """The folder named by JINGWEI_CITY (a name under var/, or a path); that of the demo when unset."""
    return home_of(os.environ.get("JINGWEI_CITY") or "demo")


def current() -> City:
    """The city in that folder."""
    return load(current_home())


def is_born(home: Path) -> bool:
    """Is there a city in this folder? Its settings are written last, when all the rest is there."""
    return (home / "city.toml").exists()


def called(home: Path) -> str:
    """How the `jingwei` command is called for the city in a folder, so that it works as it is written."""
    program, here = Path(sys.executable).with_name("jingwei"), Path.cwd()
    shown = program.relative_to(here) if program.is_relative_to(here) else program
    name = home.name if home.parent == TOP / "var" else f"{home}/"
    return shlex.join([str(shown), "--city", name])


def load(home: Path) -> City:
    """Read city.toml. A missing file is an unborn city with every default; an unknown key is an error."""
    file = home / "city.toml"
    if not is_born(home):
        return City(home)
    try:
        said = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as unreadable:
        raise SystemExit(f"{file}: {unreadable}") from unreadable
    if unknown := set(said) - set(City.__dataclass_fields__) | {"home"} & set(said):
        raise SystemExit(f"{file}: unknown {', '.join(sorted(unknown))}")
    if not said.get("name_en"):
        said["name_en"] = said.get("name", City.name)
    lists = {key: tuple(value) for key, value in said.items() if isinstance(value, list)}
    return City(home, **(said | lists))


@cache
def key(city: City, name: str, *, size: int = 32) -> bytes:
    """Return the key in keys/<name>, making it on first use, readable by the owner only."""
    file = city.keys / name
    try:
        return bytes.fromhex(file.read_text().strip())
    except FileNotFoundError:
        city.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f"{name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_bytes(size).hex())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # another process was faster: its key counts
    finally:
        draft.unlink()
    return key(city, name, size=size)
