"""What is reported most, ready to tap: a class with its words, and the words for settling it on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from django.conf import settings
from django.utils.translation import get_language

from jingwei.engine import library


@dataclass(frozen=True, slots=True)
class Phrase:
    """One thing that may be said by a tap."""

    class_code: str
    zh: str
    en: str
    settled_zh: str
    settled_en: str

    def __str__(self) -> str:
        return self.en if _in_english() else self.zh

    @property
    def settled(self) -> str:
        """What is said when it was settled on the spot."""
        return self.settled_en if _in_english() else self.settled_zh


@cache
def _all() -> tuple[Phrase, ...]:
    """The city's own list, or ours."""
    own = settings.CITY.home / "phrases.yaml"
    file = own if own.exists() else Path(__file__).with_suffix(".yaml")
    rows = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  (strings only)
    return tuple(
        Phrase(
            row["class"],
            row["zh"],
            row.get("en", row["zh"]),
            row.get("settled_zh", ""),
            row.get("settled_en", row.get("settled_zh", "")),
        )
        for row in rows
    )


def phrases(class_list: str) -> list[Phrase]:
    """The phrases whose class this list has in use, in their order."""
    entries = library.classes(class_list)
    return [one for one in _all() if one.class_code in entries and entries[one.class_code].in_use]


def _in_english() -> bool:
    return (get_language() or "").startswith("en")
