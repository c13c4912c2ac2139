"""The roles that posts can have: data, extended by a city in its own folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from django.conf import settings
from django.utils.translation import get_language


@dataclass(frozen=True, slots=True)
class Role:
    """A role code, its words, the kind of place it stands at, and whether it is the desk of its tier."""

    code: str
    zh: str
    en: str
    at: str
    desk: bool = False

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@cache
def roles() -> dict[str, Role]:
    """Every role by its code."""
    said: dict[str, dict[str, str]] = {}
    for file in (Path(__file__).with_suffix(".yaml"), settings.CITY.home / "roles.yaml"):
        if file.exists():
            said |= yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  (strings only)
    return {code: Role(code, r["zh"], r["en"], r["at"], r.get("desk") == "yes") for code, r in said.items()}


def label(code: str) -> str:
    """The role in the reader's language; an unknown code speaks for itself."""
    role = roles().get(code)
    return str(role) if role else code


@cache
def desk_roles() -> dict[str, str]:
    """For each kind of area, the role of its desk."""
    return {role.at: role.code for role in roles().values() if role.desk}
