"""A case as one row of a queue, in HTML.

Written here and not in a template: fifty rows through the template engine take longer than everything else of
a page together (docs/benchmarks.md). Every text is escaped on its way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from jingwei.engine.models import Case
from jingwei.web import words
from jingwei.web.templatetags.jw import left, state_tag, when


@dataclass(frozen=True, slots=True)
class Row:
    """A case in a list."""

    case: Case
    title: str
    state: str
    kind: str
    where: str
    class_name: str
    unit: str
    clock: words.Clock | None
    url: str
    tags: tuple[tuple[str, str], ...]
    ticked: bool = False

    def html(self) -> SafeString:
        """The row, with its box to tick, its link and its clock."""
        tags = "".join(
            f' <span class="tag{" tag-" + kind if kind else ""}">{escape(tag)}</span>'
            for kind, tag in self.tags
        )
        return SafeString(
            '<tr data-row><td class="check-cell"><input class="check" type="checkbox" name="case"'
            f' value="{self.case.pk}" aria-label="{escape(self.case.number)}"'
            f"{' checked' if self.ticked else ''}></td>"
            f"<td>{state_tag(self.kind, self.state)}</td>"
            f'<td class="what"><a href="{self.url}" data-open>{escape(self.title)}</a>{tags}'
            f'<span class="where">{escape(self.where)}</span></td>'
            f'<td class="class">{escape(self.class_name)}</td>'
            f'<td class="unit{"" if self.unit else " mute"}">{escape(self.unit) or "—"}</td>'
            f'<td>{self._limit()}</td><td class="mute at">{when(self.case.received_at)}</td></tr>'
        )

    def _limit(self) -> str:
        if self.clock:
            return left(self.clock, bar=True)
        if self.case.ended_at is None:
            return ""
        ended = escape(_("ended %(when)s")) % {"when": when(self.case.ended_at)}
        return f'<span class="mute">{ended}</span>'
