"""Putting playbooks and class lists into force. What was published never changes.

A change is a new version.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction

from jingwei.engine import library
from jingwei.engine.checking import check, classes
from jingwei.engine.library import PLAYBOOKS, Playbook
from jingwei.engine.models import CaseClass, ProcedureVersion
from jingwei.kernel import journal, strict_yaml
from jingwei.kernel.actors import Actor
from jingwei.kernel.calendar import Limit
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused
from jingwei.kernel.versions import raise_version


@transaction.atomic
def publish(folder: Path, *, by: Actor) -> ProcedureVersion | None:
    """Put the playbook of a folder into force; None when just this is in force already.

    Refused when the checker finds anything, or when other content was published under the same version
    before.
    """
    playbook, problems = library.read_folder(folder)
    problems = problems or (check.problems_of(playbook) if playbook else [])
    if playbook is None or problems:
        raise Refused(*(Reason("playbook-unsound", values={"says": str(problem)}) for problem in problems))
    return _store(playbook, by=by)


def _store(playbook: Playbook, *, by: Actor) -> ProcedureVersion | None:
    name, number = playbook.procedure.procedure, playbook.procedure.version
    digest = library.digest_of(playbook.files)
    there = ProcedureVersion.objects.filter(procedure=name).order_by("-version").first()
    if there and there.version == number and there.digest == digest:
        return None
    if there and there.version >= number:
        raise Refused(Reason("version-published", values={"procedure": name, "version": there.version}))
    row = ProcedureVersion(
        procedure=name, version=number, digest=digest, files=playbook.files, published_at=now()
    )
    row.save(force_insert=True)
    journal.record(row, "published", by=by, detail={"procedure": name, "version": number, "digest": digest})
    raise_version(library.COUNTER)
    library.forget()
    return row


@transaction.atomic
def load_classes(file: Path) -> int:
    """Take a class list with its standards from a YAML file; return how many classes it has.

    Classes no longer named go out of use. Refused when the checker finds anything; nothing is changed then.
    """
    text = file.read_text("utf-8")
    if problems := classes.problems(file.name, text):
        raise Refused(*(Reason("playbook-unsound", values={"says": str(problem)}) for problem in problems))
    data = strict_yaml.read(text).data
    found: list[CaseClass] = []
    for top in data["classes"]:
        found.append(
            CaseClass(list=data["list"], code=top["code"], zh=top["zh"], en=top["en"], order=len(found))
        )
        found += [
            _class(data["list"], top["code"], kind, len(found) + n)
            for n, kind in enumerate(top.get("kinds", []))
        ]
    columns = [
        "parent",
        "zh",
        "en",
        "filed_when",
        "closed_when",
        "filed_when_en",
        "closed_when_en",
        "limits",
        "lead",
        "evidence",
        "order",
        "in_use",
    ]
    CaseClass.objects.filter(list=data["list"]).exclude(code__in=[c.code for c in found]).update(in_use=False)
    CaseClass.objects.bulk_create(
        found, update_conflicts=True, unique_fields=["list", "code"], update_fields=columns
    )
    raise_version(library.COUNTER)
    library.forget()
    return len(found)


def _class(list_name: str, parent: str, kind: dict[str, Any], order: int) -> CaseClass:
    limits = {name: kind[word] for name, word in (("handle", "limit"), ("total", "total")) if word in kind}
    for by_urgency in limits.values():
        for text in by_urgency.values():
            Limit.parse(text)
    return CaseClass(
        list=list_name, code=kind["code"], parent=parent, zh=kind["zh"], en=kind["en"],
        filed_when=kind.get("filed_when", ""),
        closed_when=kind.get("closed_when", ""), filed_when_en=kind.get("filed_when_en", ""),
        closed_when_en=kind.get("closed_when_en", ""),
        limits=limits, lead=kind.get("lead", ""), evidence=int(kind.get("evidence", 1)), order=order,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shipped:
    """A playbook folder of the project beside what is in force.

    `newer` says that publishing it would change something.
    """

    folder: str
    procedure: str
    version: int
    in_force: int
    newer: bool
    problems: tuple[library.Problem, ...]


def shipped() -> list[Shipped]:
    """Every playbook that ships with the project.

    Its version, what the checker says, and whether a newer one waits.
    """
    found = []
    for folder in check.folders():
        newest = max(file.stat().st_mtime_ns for file in folder.rglob("*"))
        playbook, problems = _looked_at(folder, newest)
        name = playbook.procedure.procedure if playbook else folder.name
        there = ProcedureVersion.objects.filter(procedure=name).order_by("-version").first()
        version = playbook.procedure.version if playbook else 0
        found.append(
            Shipped(
                folder.name, name, version, there.version if there else 0,
                newer=playbook is not None and (there is None or version > there.version),
                problems=tuple(problems),
            )
        )  # fmt: skip
    return found


def publish_all(*, by: Actor) -> list[str]:
    """Load every class list and publish every playbook that ships with the project; return what is new."""
    for file in sorted((PLAYBOOKS / "classes").glob("*.yaml")):
        load_classes(file)
    return [str(row) for folder in check.folders() if (row := publish(folder, by=by))]


@lru_cache(maxsize=256)
def _looked_at(folder: Path, newest: int) -> tuple[Playbook | None, list[library.Problem]]:
    """A folder as read and checked; read again when a file of it is newer."""
    playbook, problems = library.read_folder(folder)
    return playbook, problems + (check.problems_of(playbook) if playbook else [])


def publish_newer(*, by: Actor) -> list[str]:
    """Publish what ships newer than what is in force, with the class lists it goes by.

    A city's own later versions stay.
    """
    newer = [one for one in shipped() if one.newer]
    if newer:
        for file in sorted((PLAYBOOKS / "classes").glob("*.yaml")):
            load_classes(file)
    return [str(row) for one in newer if (row := publish(PLAYBOOKS / one.folder, by=by))]
