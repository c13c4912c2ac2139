"""Is a class list sound?

Classes with their standards come from a file that a city edits, so it gets the same clear answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jingwei.engine.checking import rights
from jingwei.engine.library import Problem
from jingwei.kernel import strict_yaml
from jingwei.kernel.calendar import Limit

Where = tuple[str | int, ...]
Says = tuple[Where, str]

_CODE = re.compile(r"[0-9A-Za-z]{1,16}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LIMITS = ("limit", "total")
_TOP_WORDS = {"code", "zh", "en", "kinds"}
_WORDS = {
    "code", "zh", "en", "filed_when", "filed_when_en", "closed_when", "closed_when_en", "limit", "total",
    "lead", "evidence",
}  # fmt: skip
_LONGEST = {
    "zh": 80,
    "en": 120,
    "lead": 32,
    "filed_when": 200,
    "filed_when_en": 200,
    "closed_when": 200,
    "closed_when_en": 200,
}


def problems(file: str, text: str) -> list[Problem]:
    """Everything wrong with a class list; an empty list means that it may be taken into force."""
    try:
        document = strict_yaml.read(text)
    except strict_yaml.BadYaml as bad:
        return [Problem(file, bad.line, bad.why)]
    return [
        Problem(file, document.line(where), f"{'.'.join(map(str, where))}: {why}" if where else why)
        for where, why in _says(document.data)
    ]


def _says(data: Any) -> Iterator[Says]:
    if not isinstance(data, dict) or not isinstance(data.get("classes"), list):
        yield (), "write list: a name, and classes: a list"
        return
    if not _NAME.fullmatch(str(data.get("list", ""))):
        yield ("list",), "a list has a name in small letters, figures and _"
    codes: set[str] = set()
    for n, top in enumerate(data["classes"]):
        yield from _class(top, ("classes", n), _TOP_WORDS, codes)
        kinds = top.get("kinds", []) if isinstance(top, dict) else []
        if not isinstance(kinds, list):
            yield ("classes", n, "kinds"), "write a list here"
            continue
        for m, kind in enumerate(kinds):
            here: Where = ("classes", n, "kinds", m)
            yield from _class(kind, here, _WORDS, codes)
            if isinstance(kind, dict):
                yield from _standard(kind, here)


def _class(one: Any, here: Where, words: set[str], codes: set[str]) -> Iterator[Says]:
    if not isinstance(one, dict):
        yield here, "write a class as words with their values"
        return
    for word in one:
        if word not in words:
            yield (*here, word), f"there is no word '{word}' here"
    code = str(one.get("code", ""))
    if not _CODE.fullmatch(code):
        yield (*here, "code"), f"'{code}' is no code: letters and figures, at most 16"
    if code in codes:
        yield (*here, "code"), f"the code '{code}' stands here twice"
    codes.add(code)
    for word in ("zh", "en"):
        said = one.get(word)
        if not isinstance(said, str) or not said:
            yield here, f"'{word}' is missing here"
        elif why := rights.forbidden(said):
            yield (*here, word), why
    for word, most in _LONGEST.items():
        if isinstance(one.get(word), str) and len(one[word]) > most:
            yield (*here, word), f"at most {most} letters"


def _standard(kind: dict[str, Any], here: Where) -> Iterator[Says]:
    """The limits of a class, by urgency; the normal one must be there, every other falls back on it."""
    for word in _LIMITS:
        by_urgency = kind.get(word, {})
        if not isinstance(by_urgency, dict) or (by_urgency and "normal" not in by_urgency):
            yield (*here, word), "write the limits by urgency, like {urgent: 2h, normal: 1wd}"
            continue
        for urgency, limit in by_urgency.items():
            try:
                Limit.parse(str(limit))
            except ValueError as wrong:
                yield (*here, word, urgency), str(wrong)
    if not str(kind.get("evidence", "1")).isdecimal():
        yield (*here, "evidence"), "write how many pictures, 0 or more"
