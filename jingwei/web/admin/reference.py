"""What a playbook may name, in people's words: conditions, effects, tells, what time does, types of fields.

A test asks for each.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jingwei.engine.conditions import CONDITIONS
from jingwei.engine.effects import EFFECTS, LATE, TELLS

CONDITION_WORDS = {
    "own_find": gettext_lazy("the grid worker who found it settles it"),
    "tasks_answered": gettext_lazy("every co-handler it waits for has answered"),
    "reporter_told": gettext_lazy("the reporter was told, or three calls on two days failed"),
    "before_due": gettext_lazy("the handling limit has not run out"),
    "within_reopen_days": gettext_lazy("the case ended at most 15 days ago"),
    "located": gettext_lazy("the place is known down to a street"),
    "contact_left": gettext_lazy("the reporter left a number"),
    "contacted": gettext_lazy("whoever has the case has called the reporter, if there is a number"),
    "called_back": gettext_lazy("the callback was answered, or three calls on two days failed"),
    "said_solved": gettext_lazy("nobody called back says that it is unsolved"),
    "said_unsolved": gettext_lazy("somebody called back says that it is not wholly solved"),
    "not_redone": gettext_lazy("it was not sent back to be done again before"),
    "placed": gettext_lazy("the matter was placed, be it in the whole city"),
    "inside_own_unit": gettext_lazy("the unit stands below the one that leads"),
    "community_may_lead": gettext_lazy("a community leads only where the standard of the class says so"),
}

#: a verb: its short word, and what it does
VERB_WORDS = {
    "count": (gettext_lazy("count"), gettext_lazy("Adds one to a counter of the case, and to the counts.")),
    "restart": (
        gettext_lazy("restart the clock"),
        gettext_lazy("Ends the run of a clock and begins anew, with a share of the limit if one is named."),
    ),
    "extend": (
        gettext_lazy("extend the clock"),
        gettext_lazy("Moves a clock's due time to what was asked for, by at most the original limit."),
    ),
    "recompute": (
        gettext_lazy("recompute the clocks"),
        gettext_lazy("Class or urgency were corrected: running clocks take the limits they would have had."),
    ),
    "raise": (gettext_lazy("raise one tier"), gettext_lazy("Hands the case one tier up; the clocks go on.")),
    "clear": (
        gettext_lazy("take back"),
        gettext_lazy("Takes back a value, such as a wrongly chosen unit; it stays in the story."),
    ),
    "list": (
        gettext_lazy("list under"),
        gettext_lazy("Lists the case under a heading that is looked through every month."),
    ),
    "review": (
        gettext_lazy("look again"),
        gettext_lazy("Looks at it again every so many days, as long as the state lasts."),
    ),
    "rate": (
        gettext_lazy("rate"),
        gettext_lazy("What the reporter says in this call counts as the rating of a callback."),
    ),
    "notify": (
        gettext_lazy("tell"),
        gettext_lazy("Tells whoever holds the role; the words are made when they are read."),
    ),
    "ask_rating": (gettext_lazy("ask for a rating"), gettext_lazy("Asks the reporter whether it is solved.")),
    "do": (
        gettext_lazy("by itself"),
        gettext_lazy(
            "When a clock has run out, the system takes this move, unless an open ask holds it back."
        ),
    ),
}

FIELD_TYPES = {
    "text": gettext_lazy("text"),
    "line": gettext_lazy("one line"),
    "picture": gettext_lazy("pictures"),
    "phone": gettext_lazy("telephone"),
    "class": gettext_lazy("class"),
    "area": gettext_lazy("area"),
    "place": gettext_lazy("place"),
    "unit": gettext_lazy("unit"),
    "post": gettext_lazy("post"),
    "one_of": gettext_lazy("one of a list"),
    "time": gettext_lazy("date and time"),
    "tick": gettext_lazy("yes or no"),
    "number": gettext_lazy("number"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """One word of the language: how it is written, what it is called, what it does."""

    written: str
    label: str
    does: str


def condition(name: str) -> str:
    """A condition in words."""
    return str(CONDITION_WORDS.get(name, name))


def verb_label(name: str) -> str:
    """A verb in a word or two."""
    return str(VERB_WORDS[name][0]) if name in VERB_WORDS else name


def field_type(name: str) -> str:
    """A type of field."""
    return str(FIELD_TYPES.get(name, name))


def groups() -> list[tuple[str, list[Named]]]:
    """Everything there is, by where it may stand."""
    about = {
        "word": _("a word"),
        "clock": _("a clock"),
        "clocks": _("clocks"),
        "owner": _("owner"),
        "field": _("a field"),
        "every": "every 30d",
        "role": _("a role"),
        "rater": _("whose rating"),
        "move": _("a move"),
    }
    effects = [
        Named(
            f"{{{name}: {about.get(e.what, e.what)}{''.join(f', {arg}: …' for arg in e.args)}}}", *_said(name)
        )
        for name, e in EFFECTS.items()
    ]
    return [
        (_("Conditions, under “if”"), [Named(name, "", condition(name)) for name in CONDITIONS]),
        (_("Changes, under “then”"), effects),
        (
            _("Messages, under “tell”"),
            [Named(f"{{{name}: {about.get(what, what)}}}", *_said(name)) for name, what in TELLS.items()],
        ),
        (
            _("When a clock has run out, under “late”"),
            [Named(f"{{{name}: {about.get(what, what)}}}", *_said(name)) for name, what in LATE.items()],
        ),
    ]


def _said(name: str) -> tuple[str, str]:
    label, does = VERB_WORDS.get(name, (name, ""))
    return str(label), str(does)
