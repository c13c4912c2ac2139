"""Collect the words of pages and code into the translation catalogue; `--check` names those without Chinese.

Words in templates and Python are plain English. Chinese, the default language, lives in the catalogue: found
words are added, existing translations stay, words no longer used are kept at its end as `#~`. It is sorted
and without line numbers, so that two people's changes seldom meet in one place.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

TOP = Path(__file__).resolve().parent.parent
CATALOGUE = TOP / "jingwei/web/locale/zh_Hans/LC_MESSAGES/django.po"

#: without dates: a catalogue that did not change is the same file
HEADER = """\
# Chinese texts of Jingwei. `make texts` adds what is new; the English is the msgid.
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""

#: a function that marks words -> which argument is its context (0: none), and which are words
MARKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "_": (0, (1,)),
    "gettext": (0, (1,)),
    "gettext_lazy": (0, (1,)),
    "gettext_noop": (0, (1,)),
    "ngettext": (0, (1, 2)),
    "ngettext_lazy": (0, (1, 2)),
    "pgettext": (1, (2,)),
    "pgettext_lazy": (1, (2,)),
    "npgettext": (1, (2, 3)),
    "npgettext_lazy": (1, (2, 3)),
}

Key = tuple[str, str | tuple[str, str]]  # context and words; words with a plural are a pair


def main() -> None:
    """Renew the catalogue, or with --check only say what is missing."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--check", action="store_true", help="change nothing; fail when a word has no Chinese"
    )
    only_check = options.parse_args().check
    found = collect()
    if not only_check:
        write(merge(found, read()))
    missing = untranslated(found, read())
    for context, words in sorted(missing, key=str):
        said = words if isinstance(words, str) else words[0]
        print(f"no Chinese: {said!r}" + (f" ({context})" if context else ""))
    print(f"{len(found)} texts, {len(missing)} without Chinese")
    if only_check and missing:
        sys.exit(1)


# ---------------------------------------------------------------- finding


def collect(package: Path = TOP / "jingwei") -> set[Key]:
    """Every word that a template or a Python file of the package marks."""
    found: set[Key] = set()
    for path in sorted(package.rglob("templates/**/*")):
        if path.suffix in {".html", ".txt", ".xml"}:
            found |= set(words_in_template(path.read_text("utf-8"), str(path)))
    for path in sorted(package.rglob("*.py")):
        if not {"migrations", "tests"} & set(path.parts):
            found |= set(words_in_python(path.read_text("utf-8")))
    return found


def words_in_template(source: str, name: str = "") -> Iterator[Key]:
    """Django turns a template into code that only marks words; in brackets its indents do not matter."""
    if not settings.configured:
        settings.configure()
    yield from words_in_python(f"(\n{templatize(source, origin=name)}\n)")


def words_in_python(source: str) -> Iterator[Key]:
    """The literals given to a marking function; a name instead of a literal says nothing here."""
    file = io.BytesIO(source.encode())
    for _line, function, given, _comments in extract_python(
        file, dict.fromkeys(MARKS), [], {"encoding": "utf-8"}
    ):
        arguments = list(given) if isinstance(given, tuple | list) else [given]
        context_at, words_at = MARKS[str(function)]
        if len(arguments) < max(words_at):
            continue
        words = [arguments[place - 1] for place in words_at]
        context = arguments[context_at - 1] if context_at else ""
        if all(words) and context is not None:
            yield context, words[0] if len(words) == 1 else (words[0], words[1])


# ---------------------------------------------------------------- the catalogue


def read(path: Path = CATALOGUE) -> Catalog:
    """The catalogue as it is; an empty one where there is none."""
    if not path.exists():
        return Catalog(locale="zh_Hans")
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def translations(catalogue: Catalog) -> dict[Key, str]:
    """Every translation a catalogue knows, of words no longer used too. One form serves one and many."""
    known = {}
    for message in [*catalogue.obsolete.values(), *catalogue]:
        if message.id and (said := _said(message)):
            known[_key(message)] = said
    return known


def merge(found: set[Key], catalogue: Catalog) -> Catalog:
    """A catalogue of exactly the found words, with the translations that the old one knows."""
    known = translations(catalogue)
    fresh = Catalog(locale="zh_Hans")
    for context, words in found:
        fresh.add(words, _forms(words, known.get((context, words), "")), context=context or None)
    for context, words in known.keys() - found:
        kept = Message(words, _forms(words, known[context, words]), context=context or None)
        fresh.obsolete[f"{context} {words}"] = kept
    return fresh


def untranslated(found: set[Key], catalogue: Catalog) -> set[Key]:
    """The found words that have no Chinese."""
    return found - translations(catalogue).keys()


def write(catalogue: Catalog, path: Path = CATALOGUE) -> None:
    """Write at once or not at all: somebody else may be reading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, catalogue, width=0, no_location=True, sort_output=True, omit_header=True)
    draft.replace(path)


def _key(message: Message) -> Key:
    words = message.id if isinstance(message.id, str) else (message.id[0], message.id[1])
    return message.context or "", words


def _forms(words: str | tuple[str, str], said: str) -> str | tuple[str, ...]:
    return said if isinstance(words, str) else (said,)


def _said(message: Message) -> str:
    return message.string if isinstance(message.string, str) else (message.string or ("",))[0]


if __name__ == "__main__":
    main()
