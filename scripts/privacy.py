"""The tables of docs/privacy.md, from what columns and playbooks declare. `--check` only compares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jingwei.settings")

import django  # noqa: E402

django.setup()

from jingwei.engine import library  # noqa: E402
from jingwei.engine.checking import check  # noqa: E402
from jingwei.kernel.privacy import Personal, every_model  # noqa: E402

PAGE = TOP / "docs/privacy.md"
MARK = "<!-- below: written by scripts/privacy.py -->\n"


def tables() -> str:
    """Every declared column and every field of the playbooks, as two tables."""
    head = "| {} | level | purpose | basis | kept | seen by |\n|---|---|---|---|---|---|\n"
    return (
        "\n## Columns of the database that can hold something about a person\n\n"
        + head.format("column")
        + "".join(_columns())
        + "\n## Fields of the playbooks\n\n"
        + head.format("field")
        + "".join(_fields())
    )


def _columns() -> Iterator[str]:
    for model in sorted(every_model(), key=lambda one: one._meta.label):
        for name, said in sorted(getattr(model, "privacy", {}).items()):
            if isinstance(said, Personal):
                yield _row(f"{model._meta.label}.{name}", *vars_of(said))


def vars_of(said: Personal) -> tuple[str, str, str, str, str]:
    """Level, purpose, basis, retention, seen by."""
    return said.level, said.purpose, said.basis, said.keep, said.seen_by


def _fields() -> Iterator[str]:
    for folder in check.folders():
        playbook, problems = library.read_folder(folder)
        if playbook is None:
            sys.exit(f"{folder}: {problems[0]}")
        for name, rule in playbook.procedure.fields.items():
            if rule.level != "L0":
                name = f"{playbook.procedure.procedure}.{name}"
                yield _row(name, rule.level, rule.purpose, rule.basis, rule.keep, ", ".join(rule.seen_by))


def _row(name: str, *cells: str) -> str:
    return f"| `{name}` | " + " | ".join(cell.replace("_", " ") for cell in cells) + " |\n"


def main() -> None:
    """Write the tables below the mark, or say that they are not what is declared."""
    page = PAGE.read_text("utf-8")
    head, found, _ = page.partition(MARK)
    wanted = head + (found or MARK) + tables()
    if "--check" in sys.argv:
        sys.exit(0 if page == wanted else "docs/privacy.md is not what is declared: run scripts/privacy.py")
    PAGE.write_text(wanted, "utf-8")


if __name__ == "__main__":
    main()
