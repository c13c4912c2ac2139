"""Signs and words of every page: thin wrappers, the thinking is in `jingwei.web.words`.

Small signs are drawn here; anything with an inside is a template under `parts/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from jingwei.kernel import moments
from jingwei.web import words

register = template.Library()

STATES = ("new", "active", "waiting", "done", "dropped")

# ---------------------------------------------------------------- signs


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of `icons.txt`. Without a label it stands beside a word and is silent; with one it speaks."""
    return _svg(static("lib/icons.svg") + "#" + name, label)


def _svg(address: str, label: str) -> SafeString:
    if label:
        return format_html('<svg class="i" role="img" aria-label="{}"><use href="{}"/></svg>', label, address)
    return format_html('<svg class="i" aria-hidden="true"><use href="{}"/></svg>', address)


@register.simple_tag
def mark() -> SafeString:
    """The mark: a woven grid. It always stands beside the name."""
    return _MARK


@register.simple_tag
def loom() -> SafeString:
    """The half-woven cloth of an empty list."""
    return _LOOM


@register.simple_tag
def state_tag(kind: str, label: str) -> SafeString:
    """A state: shape and colour come from its kind, the word is the city's."""
    if kind not in STATES:
        raise ValueError(f"{kind!r} is no kind of state: {', '.join(STATES)}")
    return SafeString(f'<span class="st st-{kind}">{escape(str(label))}</span>')


@register.inclusion_tag("parts/clock.html")
def clock_bar(clock: words.Clock) -> dict[str, object]:
    """A clock as a thread with words; the exact moment shows on hover."""
    return {"clock": clock}


@register.simple_tag
def left(clock: words.Clock, *, bar: bool = False) -> SafeString:
    """A clock in one line; `bar=True` puts its thread before it, as queues do."""
    said = SafeString(
        f'<span class="left" data-k="{clock.kind}" title="{escape(clock.exact)}">{escape(clock.words)}</span>'
    )
    if not bar:
        return said
    return SafeString(
        f'<span class="nowrap" data-k="{clock.kind}" style="--p:{clock.used};--knot:{clock.knot}">'
        f'<span class="thread" aria-hidden="true"></span>{said}</span>'
    )


@register.simple_block_tag
def note(content: str, kind: str = "", icon: str = "bell") -> SafeString:
    """A note on the page: kind is nothing (to know), ok, soon, late, off or ask."""
    return format_html(
        '<div class="note"{}>{}<div>{}</div></div>',
        format_html(' data-k="{}"', kind) if kind else "",
        _svg(static("lib/icons.svg") + "#" + icon, ""),
        content,
    )


@register.simple_block_tag
def empty(content: str, title: str, level: int = 2) -> SafeString:
    """An empty list: what would fill it stands inside, and the next step."""
    return format_html(
        '<div class="empty">{0}<h{2} class="h-m">{1}</h{2}>{3}</div>', _LOOM, title, level, content
    )


@register.inclusion_tag("parts/person.html")
def person(
    name: str, duty: str = "", does: str = "", photo: str = "", phone: str = "", *, small: bool = False
) -> dict[str, object]:
    """Somebody who answers, with a picture or the first letter of the name; on a desk, small."""
    return {"name": name, "duty": duty, "does": does, "photo": photo, "phone": phone, "small": small}


@register.inclusion_tag("parts/line_entry.html")
def line_entry(entry: object) -> dict[str, object]:
    """One knot of a time line: kind (now, ask, next, end or nothing), at, text, aside, note, photos."""
    return {"entry": entry}


@register.inclusion_tag("parts/photos.html")
def photo_strip(photos: Iterable[object], columns: int = 0) -> dict[str, object]:
    """Pictures in a strip: each has url, thumb, words (what it shows) and caption (who, when)."""
    return {"photos": photos, "columns": columns}


@register.inclusion_tag("parts/refused.html")
def refused(moves: Iterable[object]) -> dict[str, object]:
    """Moves not allowed: label and reasons; a reason has text and perhaps help and url."""
    return {"moves": moves}


@register.inclusion_tag("parts/why_not.html")
def why_not(reasons: Iterable[object]) -> dict[str, object]:
    """The reasons of one refusal: text, perhaps met (already fulfilled), help and url."""
    return {"reasons": reasons}


@register.inclusion_tag("parts/table.html")
def table(table: object) -> dict[str, object]:
    """A table: caption, columns (label, number), rows, total; a cell is a value, or text with url."""
    return {"table": table}


# ---------------------------------------------------------------- forms


@register.inclusion_tag("parts/error_summary.html")
def error_summary(errors: forms.BaseForm | Iterable[tuple[str, str]]) -> dict[str, object]:
    """What is to be put right, on top: of a form, or pairs of a field's id and the words."""
    pairs = list(_errors_of(errors)) if isinstance(errors, forms.BaseForm) else list(errors)
    return {"errors": pairs, "count": len(pairs)}


def _errors_of(form: forms.BaseForm) -> Iterable[tuple[str, str]]:
    for name, messages in form.errors.items():
        target = form[name].id_for_label or form[name].auto_id if name in form.fields else ""
        for message in messages:
            yield str(target), str(message)


@register.inclusion_tag("parts/field_error.html")
def field_error(text: str, id: str = "") -> dict[str, object]:
    """One error above its field; the field names `id` in aria-describedby."""
    return {"text": text, "id": id}


@register.inclusion_tag("parts/field.html")
def form_field(field: BoundField, aside: str = "") -> dict[str, object]:
    """A field of a form with label, hint, error and control; choices of a few become large picks."""
    widget = field.field.widget
    picks = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    single = isinstance(widget, forms.CheckboxInput)
    look: dict[str, str | bool] = {"class": "check"} if single else {} if picks else {"class": "input"}
    control = None if picks else field.as_widget(attrs=look)
    return {"field": field, "aside": aside, "picks": picks, "single": single, "control": control}


# ---------------------------------------------------------------- pages


@register.inclusion_tag("parts/pager.html", takes_context=True)
def pager(
    context: Context, said: str, previous: object = None, next: object = None, name: str = "page"
) -> dict[str, object]:
    """Earlier and later parts of a long list; `previous` and `next` are values of the address's `name`."""
    query: QueryDict = context["request"].GET.copy() if "request" in context else QueryDict(mutable=True)

    def to(value: object) -> str:
        if value in (None, ""):
            return ""
        query[name] = str(value)
        return "?" + query.urlencode()

    return {"said": said, "previous": to(previous), "next": to(next)}


@register.simple_tag
def html_lang() -> str:
    """The page's language as browsers and screen readers know it."""
    language = get_language() or "zh-hans"
    return "zh-CN" if language == "zh-hans" else language


@register.simple_tag
def dot() -> str:
    """The dot between two small facts: Chinese sets it close, English with blanks."""
    return gettext(" · ")


@register.simple_tag(takes_context=True)
def here(context: Context, address: str, exact: bool = False) -> SafeString | str:
    """Mark a link of a bar or rail as the present page; without `exact` also for the pages below it."""
    path = context["request"].path if "request" in context else ""
    below = not exact and path.startswith(address.rstrip("/") + "/")
    return mark_safe(' aria-current="page"') if path == address or below else ""


@register.simple_tag(takes_context=True)
def service_name(context: Context) -> str:
    """What the city calls these pages: “经州市网格服务”."""
    return gettext("{city} Grid Services").format(city=city_name(context))


@register.simple_tag(takes_context=True)
def city_name(context: Context) -> str:
    """The city's name in the page's language; an error page without a context carries the system's own."""
    city: Any = context.get("city")
    if not city:
        return gettext("Jingwei")
    english = (get_language() or "").startswith("en")
    return str(city.name_en if english and city.name_en else city.name)


# ---------------------------------------------------------------- words


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A moment as people say it, exact on hover; nothing for no moment."""
    if moment is None:
        return ""
    exact, said = words.exact(moment), words.when(moment, moments.now())
    return mark_safe(  # noqa: S308 - figures and words of our own; two hundred of them stand on a page
        f'<time datetime="{moment.isoformat(timespec="seconds")}" title="{exact}">{said}</time>'
    )


@register.filter
def day(moment: date | None) -> str:
    """A day as people say it: “今天”, “11月20日”."""
    return "" if moment is None else words.day(moment, moments.now())


@register.filter
def exact(moment: datetime | None) -> str:
    """A moment in full, for papers."""
    return "" if moment is None else words.exact(moment)


@register.filter
def device(said: str) -> str:
    """A device in one word, out of what its browser says of itself."""
    return words.device(said)


@register.filter
def clock_time(moment: datetime | None) -> str:
    """The time of day alone."""
    return "" if moment is None else words.clock_time(moment)


@register.filter
def full_date(moment: date | None) -> str:
    """A day with its year, for papers."""
    return "" if moment is None else words.full_date(moment)


@register.filter
def span(minutes: float | None) -> str:
    """A length of time in minutes, in words."""
    return "" if minutes is None else words.span(int(minutes))


@register.filter
def left_words(minutes: float | None) -> str:
    """Minutes left (or, below nothing, over) in words."""
    return "" if minutes is None else words.left(minutes)


@register.filter
def number(value: object) -> str:
    """A number with its thousands apart; words in a column of numbers (“93.4%”) stay as they are."""
    if value is None or isinstance(value, int | float | Decimal):
        return words.number(value)
    return str(value)


@register.filter
def big_number(value: int | None) -> SafeString | str:
    """A number short enough for a wall, exact on hover."""
    short, full = words.big_number(value), words.number(value)
    return short if short == full else format_html('<span title="{}">{}</span>', full, short)


@register.simple_tag
def share(part: float | Decimal | None, whole: float | Decimal | None, places: int = 1) -> str:
    """n/d in per cent. Write n and d beside it: a rate without its d is a rumour."""
    return words.share(part, whole, places)


@register.filter
def at(items: Sequence[Any], place: int) -> Any:
    """The item at a place that only the template knows; nothing beyond the end."""
    return items[place] if 0 <= place < len(items) else None


@register.filter
def get(mapping: Mapping[str, Any] | None, key: str) -> Any:
    """The value under a key that only the template knows."""
    return (mapping or {}).get(key)


def _drawing(attributes: str, *shapes: str) -> SafeString:
    """A drawing of our own, whole in the page: it must show when nothing else loads."""
    drawing = f'<svg {attributes} aria-hidden="true">{"".join(shapes)}</svg>'
    return mark_safe(drawing)  # noqa: S308


def _threads(*places: tuple[float, float], wide: float, high: float) -> str:
    return "".join(f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx=".8"/>' for x, y in places)


_MARK = _drawing(
    'class="mark" viewBox="0 0 24.6 24.6" fill="currentColor"',
    _threads((1, 2.6), (15.7, 2.6), (8.3, 10), (1, 17.4), (15.7, 17.4), wide=7.9, high=4.6),
    '<g opacity=".6">',
    _threads((2.6, 8.3), (10, 1), (10, 15.7), (17.4, 8.3), wide=4.6, high=7.9),
    "</g>",
)
_LOOM = _drawing(
    'class="loom" viewBox="0 0 88 68" fill="none" stroke="currentColor" stroke-width="3"',
    '<path d="M14 8v52M24 8v52M34 8v52M44 8v52" opacity=".9"/>',
    '<path d="M54 8v52M64 8v52M74 8v52" opacity=".35"/>',
    '<path d="M8 18h44M8 28h32M8 38h20"/><path d="M6 8h74M6 60h74" stroke-width="4"/>',
)
