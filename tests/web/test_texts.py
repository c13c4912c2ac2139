"""Every text has Chinese, and the Chinese fits its English."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog

TOP = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    """A script of ours as a module."""
    spec = importlib.util.spec_from_file_location(name, TOP / f"scripts/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


texts = load("texts")


def test_every_text_has_chinese() -> None:
    missing = texts.untranslated(texts.collect(), texts.read())
    assert sorted(map(str, missing)) == []


def test_chinese_fills_in_the_same_values_as_english() -> None:
    wrong = []
    for (context, said), chinese in texts.translations(texts.read()).items():
        english = said if isinstance(said, str) else said[1]
        if context != "date format" and places(english) != places(chinese):
            wrong.append((english, chinese))
    assert wrong == []


def places(text: str) -> set[str]:
    """The values that a text leaves open: {name} and %(name)s."""
    return set(re.findall(r"\{\w*\}|%\(\w+\)s", text))


def test_chinese_sets_no_blank_beside_figures() -> None:
    """The browser sets the gap itself; typed ones differ from person to person."""
    beside = re.compile(r"[\u4e00-\u9fff] +(?:\d|\{|%\()|(?:\d|\}|\)s) +[\u4e00-\u9fff]")
    known = texts.translations(texts.read())
    assert [
        said for (context, _), said in known.items() if context != "date format" and beside.search(said)
    ] == []


def test_all_marks_are_found_in_templates() -> None:
    source = """
      {% load i18n %}
    <p>{% translate "plain" %} {% translate "said" context "where" %}</p>
      {% blocktranslate count n=many %}one {{ n }}{% plural %}many {{ n }}{% endblocktranslate %}
  {% include "x.html" with title=_("in a tag") %}{{ value|default:_("in a filter") }}
        {% blocktranslate with a=b trimmed %}
          two
          lines {{ a }}
        {% endblocktranslate %} don't {# translate "a remark" #}
    {% comment %}{% translate "left out" %}{% endcomment %}
    """
    assert set(texts.words_in_template(source)) == {
        ("", "plain"),
        ("where", "said"),
        ("", ("one %(n)s", "many %(n)s")),
        ("", "in a tag"),
        ("", "in a filter"),
        ("", "two lines %(a)s"),
    }


def test_all_marks_are_found_in_python() -> None:
    source = """
gettext("a"); _("b" "c"); gettext_lazy('d'); gettext_noop("l")
ngettext("one e", "many e", n); npgettext("f", "one g", "many g", n); pgettext("h", "i")
gettext(name); pgettext("h", name); other("j")
"""
    assert set(texts.words_in_python(source)) == {
        ("", "a"),
        ("", "bc"),
        ("", "d"),
        ("", "l"),
        ("", ("one e", "many e")),
        ("f", ("one g", "many g")),
        ("h", "i"),
    }


def test_translations_are_kept_and_writing_twice_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "django.po"
    before = Catalog(locale="zh_Hans")
    before.add("stays", "留着")
    before.add("goes", "走了")
    before.add(("one", "many"), ("几个",))
    texts.write(texts.merge({("", "stays"), ("", ("one", "many")), ("where", "new")}, before), file)
    first = file.read_bytes()

    again = texts.read(file)
    assert texts.translations(again) == {
        ("", "stays"): "留着",
        ("", "goes"): "走了",
        ("", ("one", "many")): "几个",
    }
    assert texts.untranslated({("", "stays"), ("where", "new")}, again) == {("where", "new")}
    assert b"#~" in first

    texts.write(texts.merge({("", "stays"), ("", ("one", "many")), ("where", "new")}, again), file)
    assert file.read_bytes() == first

    texts.write(texts.merge({("", "goes")}, texts.read(file)), file)  # what comes back finds its words again
    assert "#~" not in file.read_text("utf-8").split("goes")[0].splitlines()[-1]
    assert texts.untranslated({("", "goes")}, texts.read(file)) == set()


def test_the_check_names_each_text_without_chinese_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = Catalog(locale="zh_Hans")
    known.add("known", "知道")
    texts.write(known, tmp_path / "django.po")
    catalogue = texts.read(tmp_path / "django.po")
    monkeypatch.setattr(texts, "collect", lambda: {("", "known"), ("menu", "Unsaid")})
    monkeypatch.setattr(texts, "read", lambda: catalogue)
    monkeypatch.setattr(sys, "argv", ["texts.py", "--check"])

    with pytest.raises(SystemExit) as ended:
        texts.main()

    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "'Unsaid' (menu)" in said
    assert "known" not in said.replace("unknown", "")
