"""Has every word that people see its Chinese and its English text, and is no text about nothing?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jingwei.engine.definition import Procedure
from jingwei.engine.library import Playbook, Problem, Texts
from jingwei.kernel import strict_yaml

LANGUAGES = ("zh", "en")

#: the texts of one thing: those it must have, those it may have, and what may be filled in
_LABELLED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "moves": (("label", "done"), ("told",)),
    "asks": (("label", "done", "granted", "refused"), ("told", "told_granted", "told_refused")),
    "tasks": (("label", "done", "answered"), ()),
    "links": (("label", "done", "undone"), ()),
    "fields": (("label",), ("hint",)),
}
_FILLED_IN = {
    "moves": {"lead_unit", "inside_unit", "proposed_unit"},
    "tasks": {"unit"},
    "next": {"owner", "lead_unit"},
}
_HOLES = re.compile(r"\{(\w*)\}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,23}")
#: the database keeps an urgency in eight letters, and a limit that says nothing of it is the normal one
LONGEST_URGENCY = 8


def says(playbook: Playbook) -> Iterator[Problem]:
    """Every text that lacks, is about nothing, or would be filled in with nothing."""
    wanted = _wanted(playbook)
    allowed = wanted | _allowed(playbook.procedure)
    for language in LANGUAGES:
        file = f"texts/{language}.yaml"
        if file not in playbook.files:
            yield Problem(file, 1, "the file is missing")
            continue
        document, texts = strict_yaml.read(playbook.files[file]), playbook.texts[language]
        for path, why in _codes_amiss(playbook, texts):
            yield Problem(file, document.line(path), f"{'.'.join(path)}: {why}")
        for path in sorted(wanted):
            if not texts.get(*path):
                yield Problem(file, document.line(path), f"no text for {'.'.join(path)}")
        for path, text in leaves(texts.words):
            if path not in allowed:
                yield Problem(file, document.line(path), f"{'.'.join(path)} is the text of nothing")
            for hole in _HOLES.findall(text):
                if hole not in _FILLED_IN.get(path[0], set()):
                    yield Problem(
                        file,
                        document.line(path),
                        f"{'.'.join(path)}: nothing is filled in for {{{hole}}} here",
                    )


def leaves(words: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a texts file with its path."""
    if isinstance(words, dict):
        for name, below in words.items():
            yield from leaves(below, (*path, str(name)))
    elif isinstance(words, list):
        for entry in words:
            yield from leaves(entry, path)
    else:
        yield path, str(words)


def _wanted(playbook: Playbook) -> set[tuple[str, ...]]:
    p = playbook.procedure
    wanted: set[tuple[str, ...]] = {("name",)}
    for part in ("roles", "states", "clocks", "documents"):
        wanted |= {(part, name) for name in getattr(p, part)}
    wanted |= {("sources", name) for name in p.sources}
    wanted |= {("outcomes", name) for name in _outcomes(p)}
    wanted |= {("headline", name) for name in p.states}
    wanted |= {("next", name) for name in p.states if not p.is_final(name)}
    for part, (must, _) in _LABELLED.items():
        wanted |= {(part, name, word) for name in getattr(p, part) for word in must}
    return wanted | set(_codes(playbook))


def _codes(playbook: Playbook) -> Iterator[tuple[str, ...]]:
    """Every code of a list that a field chooses from; a list is there when either language has it."""
    for name, field in playbook.procedure.fields.items():
        if isinstance(field.of, tuple):
            yield from (("codes", name, code) for code in field.of)
        elif field.of:
            codes = {code for texts in playbook.texts.values() for code in texts.part("codes", field.of)}
            yield from (("codes", field.of, code) for code in codes)
            if not codes:
                yield ("codes", field.of)


def _codes_amiss(playbook: Playbook, texts: Texts) -> Iterator[tuple[tuple[str, ...], str]]:
    """Codes that are no words, and urgencies that no clock could go by."""
    urgency = playbook.procedure.fields.get("urgency")
    for name in sorted({f.of for f in playbook.procedure.fields.values() if isinstance(f.of, str)}):
        codes = texts.part("codes", name)
        for code in codes:
            if not _CODE.fullmatch(code):
                yield ("codes", name, code), "a code is small letters, figures and _, at most 24"
            elif urgency and urgency.of == name and len(code) > LONGEST_URGENCY:
                yield ("codes", name, code), f"an urgency has at most {LONGEST_URGENCY} letters"
        if urgency and urgency.of == name and codes and "normal" not in codes:
            yield ("codes", name), "one of the urgencies must be 'normal'"


def _allowed(p: Procedure) -> set[tuple[str, ...]]:
    allowed: set[tuple[str, ...]] = {("short",), ("roles", "participants")}
    allowed |= {("next", name) for name in p.states}
    for part, (_, may) in _LABELLED.items():
        allowed |= {(part, name, word) for name in getattr(p, part) for word in may}
    return allowed


def _outcomes(p: Procedure) -> set[str]:
    ends = [state.outcome for state in p.states.values()] + [move.outcome for move in p.moves.values()]
    return {outcome for outcome in ends if outcome}
