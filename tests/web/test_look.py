"""The look holds what it promises: contrast, weight, icons, pages that render when nothing else does."""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.template.loader import get_template
from django.test import Client
from django.utils import translation

WEB = Path(__file__).resolve().parents[2] / "jingwei/web"
STATIC = WEB / "static/jingwei"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


def draw(source: str, **data: object) -> str:
    return Template(source).render(Context(data))


# ---------------------------------------------------------------- colours

WORDS_ON = """
ink paper, ink sheet, ink-2 well, ink-3 paper, ink-3 sheet, ink-3 well, ink-3 accent-wash, paper ink,
accent paper, accent sheet, accent accent-wash, on-main main, on-main main-deep,
m-name m-land, on-q1 q1, on-q5 q5,
ok sheet, soon sheet, soon soon-wash, late sheet, late paper, late late-wash, late accent-wash,
new new-wash, active active-wash, waiting waiting-wash, done done-wash, done sheet, dropped dropped-wash
"""


def tokens(theme: str) -> dict[str, str]:
    css = (STATIC / "tokens.css").read_text("utf-8")
    light, dark = css.split("[data-theme=dark]", 1)
    block = light.split("@media", 1)[0] if theme == "light" else dark.split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", block))


def contrast(one: str, other: str) -> float:
    """WCAG 2.x."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((light(one), light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_their_ground(theme: str) -> None:
    colours = tokens(theme)
    pairs = [pair.split() for pair in WORDS_ON.replace("\n", " ").split(",")]
    weak = [(front, back) for front, back in pairs if contrast(colours[front], colours[back]) < 4.5]
    assert weak == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_that_must_be_seen_are_seen(theme: str) -> None:
    colours = tokens(theme)
    assert contrast(colours["edge"], colours["sheet"]) >= 3
    assert contrast(colours["edge"], colours["paper"]) >= 3


def test_the_two_dark_themes_are_one() -> None:
    """Dark is written twice, once asked by the device, once by the reader."""
    asked, chosen = re.findall(
        r"color-scheme: dark;(.*?)\n  \}", (STATIC / "tokens.css").read_text("utf-8"), re.S
    )
    assert " ".join(asked.split()) == " ".join(chosen.split())


# ---------------------------------------------------------------- weight, and nothing from outside


def test_a_portal_page_loads_little() -> None:
    def size(*names: str) -> int:
        return sum(len(gzip.compress((STATIC.parent / name).read_bytes(), 9)) for name in names)

    assert size("jingwei/tokens.css", "jingwei/jingwei.css") < 10_000
    first = ("jingwei/tokens.css", "jingwei/jingwei.css", "jingwei/shell.js", "lib/htmx.js", "lib/icons.svg")
    assert size(*first, "jingwei/photos.js", "jingwei/place.js") < 60_000


def test_nothing_is_loaded_from_outside_and_nothing_runs_inline() -> None:
    """The content policy would stop it; here it is named before it is tried."""
    wrong = []
    for path in TEMPLATES:
        source = path.read_text("utf-8")
        wrong += [
            (path.name, found) for found in re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']+""", source)
        ]
        wrong += [
            (path.name, found)
            for found in re.findall(r"\son[a-z]+=[\"']|<script(?![^>]*\bsrc=)[^>]*>", source)
        ]
    for path in STATIC.iterdir():
        if path.suffix in {".css", ".js"}:
            wrong += [
                (path.name, found)
                for found in re.findall(
                    r"""(?:url\(|import\(?\s*)["']?https?:[^"')]+""", path.read_text("utf-8")
                )
            ]
    assert wrong == []


# ---------------------------------------------------------------- templates

MARKED_CHINESE = {"language_button.html"}  # a language is named in itself


def test_templates_hold_no_chinese_of_their_own() -> None:
    """Chinese lives in the catalogue; only the gallery shows invented data."""
    wrong = [
        str(path.relative_to(WEB))
        for path in TEMPLATES
        if path.name not in MARKED_CHINESE
        and "shell/gallery" not in path.as_posix()
        and re.search(
            r"[\u4e00-\u9fff]",
            re.sub(
                r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", "", path.read_text("utf-8"), flags=re.S
            ),
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB / "templates")))
def test_every_template_compiles(path: Path) -> None:
    get_template(str(path.relative_to(WEB / "templates")))


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_needs_no_context(name: str) -> None:
    page = get_template(name).render()
    assert "<h1" in page
    assert "经纬网格服务" in page
    assert 'href="/"' in page


def test_every_icon_named_is_in_the_sprite() -> None:
    known = {
        line.split()[0]
        for line in (WEB / "icons.txt").read_text("utf-8").splitlines()
        if line and line[0] != "#"
    }
    used = set()
    for path in TEMPLATES:
        used |= set(
            re.findall(
                r"""\{% (?:icon|note [^%]*icon=|empty [^%]*icon=)\s?["']([\w-]+)["']""",
                path.read_text("utf-8"),
            )
        )
    assert used
    assert used - known == set()


# ---------------------------------------------------------------- parts


def test_an_icon_beside_a_word_is_silent_and_alone_it_speaks() -> None:
    assert 'aria-hidden="true"' in draw('{% icon "camera" %}')
    alone = draw('{% icon "left" label=words %}', words="Back & home")
    assert 'role="img" aria-label="Back &amp; home"' in alone
    assert "icons.svg#left" in alone


def test_a_state_has_one_of_five_kinds() -> None:
    assert draw("{% state_tag kind word %}", kind="waiting", word="已<挂账>") == (
        '<span class="st st-waiting">已&lt;挂账&gt;</span>'
    )
    with pytest.raises(ValueError, match="no kind of state"):
        draw('{% state_tag "closed" "已结案" %}')


def test_what_people_typed_is_never_markup() -> None:
    evil = "<script>x</script>"
    pages = [
        draw("{% person name name name phone=name %}", name=evil),
        draw("{% line_entry entry %}", entry={"at": evil, "text": evil, "aside": evil, "note": evil}),
        draw("{% photo_strip photos %}", photos=[{"url": evil, "words": evil, "caption": evil}]),
        draw(
            "{% refused moves %}",
            moves=[{"label": evil, "reasons": [{"text": evil, "help": evil, "url": evil}]}],
        ),
        draw("{% why_not reasons %}", reasons=[{"text": evil}, evil]),
        draw("{% note %}{{ words }}{% endnote %}{% empty words %}{{ words }}{% endempty %}", words=evil),
        draw(
            "{% table t %}",
            t={
                "caption": evil,
                "columns": [{"label": evil}],
                "rows": [[evil], [{"text": evil, "url": evil}]],
            },
        ),
        draw("{% error_summary pairs %}", pairs=[("x", evil)]),
    ]
    assert not [page for page in pages if "<script" in page]
    assert all("&lt;script&gt;" in page for page in pages)


def test_an_empty_table_says_so_and_numbers_stand_right() -> None:
    columns = [{"label": "单位"}, {"label": "件", "number": True}]
    filled = draw(
        "{% table t %}",
        t={"caption": "表", "columns": columns, "rows": [["云河区", 14402]], "total": ["合计", None]},
    )
    assert '<td class="n">14,402</td>' in filled
    assert '<td class="n">—</td>' in filled
    assert "这里还没有内容。" in draw("{% table t %}", t={"caption": "表", "columns": columns, "rows": []})


def test_a_refused_move_is_bound_to_its_reason() -> None:
    page = draw("{% refused moves %}", moves=[{"label": "结案", "reasons": [{"text": "先核查。"}]}])
    assert 'aria-disabled="true" aria-describedby="no-1"' in page
    assert 'id="no-1"' in page
    assert draw("{% refused moves %}", moves=[]).strip() == ""


def test_a_big_number_tells_the_whole_on_hover() -> None:
    assert draw("{{ n|big_number }}", n=14402) == '<span title="14,402">1.4万</span>'
    assert draw("{{ n|big_number }}", n=1284) == "1,284"
    assert draw("{% share 1204 1289 %} {% share 1 3 2 %} {% share 0 0 %}") == "93.4% 33.33% —"


@pytest.mark.django_db
def test_a_browser_that_looks_for_the_icon_by_itself_finds_the_mark(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (301, "/static/jingwei/mark.svg")
    assert finders.find("jingwei/mark.svg")


def test_a_refused_form_is_no_warning_and_a_fault_is_an_error() -> None:
    log = logging.getLogger("django.request")
    assert not log.isEnabledFor(logging.WARNING)  # Django's level for every answer 4xx
    assert log.isEnabledFor(logging.ERROR)  # and for 5xx
