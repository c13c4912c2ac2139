"""What people enter, made into values or answered with what would be right.

The same for forms, API, imports and scenarios.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jingwei.engine import library
from jingwei.engine.definition import FieldRule
from jingwei.engine.library import Playbook
from jingwei.kernel.refusals import Reason
from jingwei.registry import coordinates
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Organisation, Post

MOST_TEXT, MOST_LINE = 5000, 200

#: mobile 11 digits; landline 7–8, area code before it allowed; the demo city's numbers begin with 100 and
#: cannot be real
_PHONE = re.compile(r"(?:\+?86)?(1\d{10}|0\d{2,3}\d{7,8}|\d{7,8})")
#: as people write them: with blanks or dashes between, with +86 before, in full width
_BETWEEN = r"[ \u3000\-－–—]?"
_PERSONAL_NUMBERS = re.compile(
    rf"(?<!\d)(?:\d{{6}}{_BETWEEN}\d{{8}}{_BETWEEN}\d{{3}}[\dXxＸｘ]|\d{{15}}"
    rf"|(?:[8８][6６]{_BETWEEN})?[1１]\d{{2}}{_BETWEEN}\d{{4}}{_BETWEEN}\d{{4}})(?!\d)"
)


class Wrong(Exception):
    """A value is not right; `code` says why, `values` what would be."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def read(playbook: Playbook, raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Reason]]:
    """Return the values that can be stored, and every reason why others cannot. Empty ones are left out."""
    values: dict[str, Any] = {}
    reasons: list[Reason] = []
    for name, given in raw.items():
        rule = playbook.procedure.fields.get(name)
        if rule is None:
            reasons.append(Reason("unknown-field", name))
            continue
        if given in (None, "", [], {}, ()):
            continue
        try:
            value = (
                _many(rule, given, playbook) if rule.many > 1 else _READERS[rule.type](rule, given, playbook)
            )
        except Wrong as wrong:
            reasons.append(Reason(wrong.code, name, wrong.values))
        else:
            if value not in (None, "", [], {}):
                values[name] = value
    return values, reasons


def masked(text: str) -> str:
    """Hide telephone and identity numbers that people write into a text: 139****5678."""
    return _PERSONAL_NUMBERS.sub(lambda m: m[0][:3] + "*" * (len(m[0]) - 7) + m[0][-4:], text)


def title_of(values: Mapping[str, Any]) -> str:
    """A short title from the description: its first clause, masked."""
    text = masked(str(values.get("description") or values.get("request") or "").strip())
    first = re.split(r"[。！？!?\n；;]", text, maxsplit=1)[0]
    return first[:37] + "…" if len(first) > 38 else first


def _many(rule: FieldRule, given: Any, playbook: Playbook) -> list[Any]:
    entries = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(entries) > rule.many:
        raise Wrong("too-many", most=rule.many)
    return [_READERS[rule.type](rule, entry, playbook) for entry in entries]


def _text(rule: FieldRule, given: Any, playbook: Playbook) -> str:
    if not isinstance(given, str):
        raise Wrong("not-a-text")
    most = MOST_LINE if rule.type == "line" else MOST_TEXT
    text = given.replace("\r\n", "\n").strip()
    if len(text) > most:
        raise Wrong("too-long", most=most, length=len(text))
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text):
        raise Wrong("control-signs")
    return text


def _phone(rule: FieldRule, given: Any, playbook: Playbook) -> str:
    digits = re.sub(r"[\s\-()（）]", "", unicodedata.normalize("NFKC", str(given)))
    if found := _PHONE.fullmatch(digits):
        return found[1]
    raise Wrong(
        "phone-length" if digits.isdigit() and digits.startswith("1") else "not-a-phone", length=len(digits)
    )


def _class(rule: FieldRule, given: Any, playbook: Playbook) -> str:
    entry = library.classes(playbook.procedure.classes).get(str(given))
    if entry is None or not entry.in_use:
        raise Wrong("unknown-class", given=str(given)[:20])
    return entry.code


def _area(rule: FieldRule, given: Any, playbook: Playbook) -> int:
    """An id (a number) or a code (a text)."""
    here = atlas()
    place = (
        here.places.get(given)
        if type(given) is int
        else here.by_code.get(str(given)) or here.get(_number(given))
    )
    if place is None:
        raise Wrong("unknown-area", given=str(given)[:24])
    return place.id


def _place(rule: FieldRule, given: Any, playbook: Playbook) -> dict[str, Any]:
    """A point, or an area chosen from a list, or words that somebody will locate.

    Kept with where it came from.
    """
    if isinstance(given, str):
        given = {"words": given}
    if not isinstance(given, Mapping):
        raise Wrong("not-a-place")
    place: dict[str, Any] = {}
    if words := given.get("words"):
        place["words"] = _text(_WORDS_OF_A_PLACE, words, playbook)
    if given.get("area") not in (None, ""):
        place["area"] = _area(rule, given["area"], playbook)
    if given.get("lon") not in (None, "") or given.get("lat") not in (None, ""):
        place |= _point(given)
    return place


def _point(given: Mapping[str, Any]) -> dict[str, Any]:
    source = str(given.get("source") or "wgs84")
    if source not in coordinates.SOURCES:
        raise Wrong("unknown-coordinates", sources=list(coordinates.SOURCES))
    try:
        lon, lat = float(given["lon"]), float(given["lat"])
    except (KeyError, TypeError, ValueError) as bad:
        raise Wrong("not-a-point") from bad
    if why := coordinates.plausible(lon, lat, atlas().bounds):
        raise Wrong(f"point-{why.replace('_', '-')}")
    lon, lat = coordinates.to_cgcs2000(lon, lat, source)
    return {"lon": round(lon, 6), "lat": round(lat, 6), "source": source}


def _unit(rule: FieldRule, given: Any, playbook: Playbook) -> int:
    found = Organisation.objects.filter(valid_to=None)
    if "\0" in str(given):  # no code has it, and a database need not be asked
        raise Wrong("unknown-unit", given="")
    row = (
        found.filter(pk=given).first()
        if type(given) is int
        else found.filter(code=str(given)).first() or found.filter(pk=_number(given) or 0).first()
    )
    if row is None:
        raise Wrong("unknown-unit", given=str(given)[:32])
    return row.pk


def _post(rule: FieldRule, given: Any, playbook: Playbook) -> int:
    row = Post.objects.filter(pk=_number(given) or 0, valid_to=None).first()
    if row is None:
        raise Wrong("unknown-post", given=str(given)[:20])
    return row.pk


def _one_of(rule: FieldRule, given: Any, playbook: Playbook) -> str:
    allowed = (
        rule.of if isinstance(rule.of, tuple) else tuple(playbook.texts["zh"].part("codes", rule.of or ""))
    )
    if given not in allowed:
        raise Wrong("not-one-of", allowed=list(allowed))
    return str(given)


def _time(rule: FieldRule, given: Any, playbook: Playbook) -> str:
    try:
        moment = given if isinstance(given, datetime) else parse_datetime(str(given))
    except ValueError:
        moment = None
    if moment is None or not 1900 < moment.year < 2200:  # beyond, it has no time of day everywhere
        raise Wrong("not-a-time")
    return (moment if timezone.is_aware(moment) else timezone.make_aware(moment)).isoformat()


def _tick(rule: FieldRule, given: Any, playbook: Playbook) -> bool:
    if given in (True, "on", "yes", "1", "true"):
        return True
    raise Wrong("not-ticked")


def _whole_number(rule: FieldRule, given: Any, playbook: Playbook) -> int:
    number = _number(given)
    if number is None:
        raise Wrong("not-a-number")
    return number


def _picture(rule: FieldRule, given: Any, playbook: Playbook) -> str:
    """The id of an attachment; that it belongs to the case is checked when it is written."""
    try:
        return str(UUID(str(given)))
    except ValueError as bad:
        raise Wrong("not-a-picture") from bad


def _number(given: Any) -> int | None:
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


_READERS: dict[str, Callable[[FieldRule, Any, Playbook], Any]] = {
    "text": _text,
    "line": _text,
    "picture": _picture,
    "phone": _phone,
    "class": _class,
    "area": _area,
    "place": _place,
    "unit": _unit,
    "post": _post,
    "one_of": _one_of,
    "time": _time,
    "tick": _tick,
    "number": _whole_number,
}
_WORDS_OF_A_PLACE = FieldRule(
    type="line", level="L1", purpose="-", basis="-", keep="-", seen_by=("participants",)
)
