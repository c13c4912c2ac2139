"""Every reason of a refusal as a sentence, in the reader's language, with what would help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jingwei.engine.library import Playbook
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Organisation
from jingwei.web import words

Values = dict[str, Any]


def say(reason: Reason, playbook: Playbook | None = None) -> str:
    """The sentence of one reason; fields, states and roles in the playbook's words."""
    field = field_label(reason.field, playbook)
    sentence = _SENTENCES.get(reason.code)
    text = sentence(dict(reason.values), playbook) if sentence else reason.code
    if not field or reason.code in _SAY_FIELD_THEMSELVES:
        return text.format(field=field) if "{field}" in text else text
    return _("{field}: {text}").format(field=field, text=text)


def say_all(refused: Refused, playbook: Playbook | None = None) -> list[str]:
    """The sentences of a refusal, in order."""
    return [say(reason, playbook) for reason in refused.reasons]


def field_label(name: str, playbook: Playbook | None = None) -> str:
    """A field's name as people read it."""
    if playbook is not None and name in playbook.procedure.fields:
        return playbook.text("fields", name, "label")
    return _FIELDS[name]() if name in _FIELDS else name


def _unit(number: Any) -> str:
    unit = Organisation.objects.filter(pk=number).first()
    return str(unit) if unit else ""


def _moment(value: Any) -> str:
    moment = parse_datetime(value) if isinstance(value, str) else value
    return words.when(moment, now()) if isinstance(moment, datetime) else ""


def _roles(values: Values, playbook: Playbook | None) -> str:
    who = values.get("who", [])
    return _(", ").join(playbook.text("roles", role) if playbook else role for role in who)


def _states(values: Values, playbook: Playbook | None) -> str:
    names = [name for name in values.get("from", []) if name != "any_open"]
    return _(", ").join(playbook.text("states", name) if playbook else name for name in names)


_SENTENCES: dict[str, Callable[[Values, Playbook | None], str]] = {
    # rules
    "wrong-state": lambda v, p: _("This can be done while it is: {states}.").format(states=_states(v, p)),
    "wrong-role": lambda v, p: _("This is for: {roles}.").format(roles=_roles(v, p)),
    "missing": lambda v, p: _("{field} is still missing."),
    "not-asked-for": lambda v, p: _("{field} is not asked for here."),
    "unknown-field": lambda v, p: _("there is no such field."),
    "unknown-source": lambda v, p: _("unknown source. Known: {sources}.").format(
        sources=", ".join(v.get("sources", []))
    ),
    "unknown-move": lambda v, p: _("There is no such step."),
    "unknown-ask": lambda v, p: _("There is nothing like that to ask for."),
    "already-asked": lambda v, p: _("It has been asked already and waits for a decision."),
    "asked-too-often": lambda v, p: _("It was decided {most} times; that is final.").format(**v),
    "already-decided": lambda v, p: _("Somebody has decided it already."),
    "already-answered": lambda v, p: _("It has been answered already."),
    "changed-meanwhile": lambda v, p: _(
        "Somebody was faster: the case has changed. Look at it again; what you typed is still here."
    ),
    "same-id-other-content": lambda v, p: _(
        "This form was sent before with other content. Open it anew to report something else."
    ),
    "too-many-tries": lambda v, p: _("Too many tries. Please wait {minutes} minutes.").format(**v),
    # conditions
    "settles-own-area": lambda v, p: _(
        "You settle on the spot in your own grid; this lies in {place}. Send it as a report instead."
    ).format(place=v.get("place", "")),
    "not-own-find": lambda v, p: _("Only the grid worker who found it can settle it on the spot."),
    "task-unanswered": lambda v, p: _("Waiting for {unit}, due {due}.").format(
        unit=_unit(v.get("unit")) or _("a co-handler"), due=_moment(v.get("due")) or "—"
    ),
    "reporter-not-told": lambda v, p: _(
        "The reporter left a number: tell them the result first"
        " ({failed} of {most} failed calls on two days so far)."
    ).format(**v),
    "no-contact-left": lambda v, p: _("No number was left; the answer under the code tells them."),
    "reporter-not-contacted": lambda v, p: _(
        "The person left a number: call them first and note how it went (“contact”)."
    ),
    "not-called-back": lambda v, p: _(
        "Call back about the latest result first ({failed} of {most} failed calls on two days so far)."
    ).format(**v),
    "said-unsolved": lambda v, p: _(
        "The callback says that it is not solved: have it done again, or raise it a tier."
    ),
    "said-unsatisfied": lambda v, p: _(
        "The callback says that they are not satisfied, and it was not done again yet: send it back once."
    ),
    "not-said-unsolved": lambda v, p: _("Only what the callback calls unsolved is raised a tier."),
    "redone-already": lambda v, p: _(
        "It was done again once already: raise it a tier, or explain and close."
    ),
    "too-late-to-ask": lambda v, p: _("The limit ran out {due}; more time is asked for before that.").format(
        due=_moment(v.get("due"))
    ),
    "too-late-to-reopen": lambda v, p: _("It can be reopened within {days} days.").format(**v),
    "not-located": lambda v, p: _("Nobody knows yet where it is: place it in a street first."),
    "not-placed": lambda v, p: _(
        "Nobody knows yet where it is: place it first; what concerns everybody is placed in the city."
    ),
    "not-inside-unit": lambda v, p: _("choose a unit below your own; the first unit does not pass it on."),
    "not-for-communities": lambda v, p: _(
        "a community leads only where the standard of the class says so; it can help as a co-handler."
    ),
    "complained-about": lambda v, p: _(
        "the complaint is about this unit or one above it; somebody else handles it."
    ),
    "nothing-to-extend": lambda v, p: _("There is no running limit to extend."),
    "extension-out-of-range": lambda v, p: _("choose a time between {start} and {end}.").format(
        start=_moment(v.get("from")), end=_moment(v.get("to"))
    ),
    "no-tier-above": lambda v, p: _("There is no tier above this one."),
    "cannot-follow": lambda v, p: _("Choose another open case of the same kind."),
    "already-follows": lambda v, p: _("One of the two follows another case already."),
    "nothing-linked": lambda v, p: _("It follows no other case."),
    "not-to-be-rated": lambda v, p: _("It can be rated once it is closed."),
    "rating-over": lambda v, p: _("The time to rate it is over."),
    "already-rated": lambda v, p: _("It has been rated already. Thank you."),
    "erased": lambda v, p: _("The personal details of this case were erased."),
    "sealed-value-damaged": lambda v, p: _("A sealed value cannot be opened; tell the administrator."),
    "key-ring-incomplete": lambda v, p: _("A key of the key ring is missing; tell the administrator."),
    # what people enter
    "not-a-text": lambda v, p: _("write it as text."),
    "too-long": lambda v, p: _("at most {most} characters; there are {length}.").format(**v),
    "control-signs": lambda v, p: _("there are signs in it that cannot be shown; type it again."),
    "too-many": lambda v, p: _("at most {most}.").format(**v),
    "phone-length": lambda v, p: _(
        "A mobile number has 11 digits; this one has {length}. You may leave it empty."
    ).format(**v),
    "not-a-phone": lambda v, p: _(
        "this is no telephone number: 11 digits, or a landline with its area code."
    ),
    "unknown-class": lambda v, p: _("choose a class from the list."),
    "unknown-area": lambda v, p: _("choose a place from the list."),
    "unknown-unit": lambda v, p: _("choose a unit from the list."),
    "unknown-post": lambda v, p: _("choose a post from the list."),
    "not-a-place": lambda v, p: _("show it on the map, choose it from the list, or write it in words."),
    "not-a-point": lambda v, p: _("longitude and latitude must be numbers."),
    "unknown-coordinates": lambda v, p: _("the coordinates must be one of: {sources}.").format(
        sources=", ".join(v.get("sources", []))
    ),
    "point-zero": lambda v, p: _("the point is 0,0: the phone did not know where it was."),
    "point-swapped": lambda v, p: _("longitude and latitude are exchanged."),
    "point-abroad": lambda v, p: _("the point lies abroad."),
    "point-outside-city": lambda v, p: _("the point lies outside the city."),
    "point-not-a-place": lambda v, p: _("there is no such point on the earth."),
    "not-one-of": lambda v, p: _("choose one of the answers."),
    "not-a-time": lambda v, p: _("write a date and time, like 2026-11-20 15:30."),
    "not-ticked": lambda v, p: _("please tick it."),
    "not-a-number": lambda v, p: _("write a whole number."),
    # pictures
    "not-a-picture": lambda v, p: _("this is not a picture we can open (JPEG, PNG, WebP), or it is damaged."),
    "picture-too-large": lambda v, p: _("the picture has too many pixels (at most {most} million).").format(
        **v
    ),
    "not-printed": lambda v, p: _(
        "The paper could not be made. Try again; if it fails again, tell the administrator."
    ),
    "fault": lambda v, p: _(
        "This is our fault and was noted. What was confirmed to you is safe; try again later."
    ),
    "file-too-large": lambda v, p: _("the file is too large (at most {most} MB).").format(**v),
    "disk-full": lambda v, p: _(
        "The server has no room left for pictures. Nothing was lost:"
        " send it again later, or without the picture."
    ),
    # login
    "login-wrong": lambda v, p: _("Name or password is wrong."),
    "account-locked": lambda v, p: _("Too many failures: locked until {until}.").format(
        until=_moment(v.get("until"))
    ),
    "demo-accounts-only-in-demo": lambda v, p: _("Demo accounts work in the demo city only."),
    "second-factor-asked": lambda v, p: _("Enter the six figures of your authenticator app."),
    "second-factor-wrong": lambda v, p: _("the six figures are wrong or were used already."),
    "second-factor-needed": lambda v, p: _("Set up the second factor first."),
    "second-factor-there": lambda v, p: _(
        "A second factor is set up already; an administrator can remove it."
    ),
    "activation-code-wrong": lambda v, p: _("the code is wrong, was used, or is older than 14 days."),
    "old-password-wrong": lambda v, p: _("the present password is wrong."),
    "password-weak": lambda v, p: str(v.get("why", "")),
    "passwords-differ": lambda v, p: _("the two passwords differ."),
    "login-signs": lambda v, p: _("2 to 40 letters, figures and the signs . _ @ -, without blanks."),
    "login-taken": lambda v, p: _("another account has this name."),
    "has-account": lambda v, p: _("this person has an account already."),
    "own-account": lambda v, p: _("Not on your own account: another administrator does it."),
    "token-days": lambda v, p: _("between 1 and {most} days.").format(**v),
    # registry
    "code-used": lambda v, p: _("the code {code} is or was in use; codes are never used again.").format(**v),
    "code-length": lambda v, p: _("the code {code} has the wrong length for this kind of area.").format(**v),
    "code-not-figures": lambda v, p: _("a code consists of figures."),
    "parent-wrong": lambda v, p: _("choose an area of the tier above."),
    "unknown-kind": lambda v, p: _("unknown kind."),
    "has-children": lambda v, p: _("There are still areas below it: end or move them first."),
    "mapped-already": lambda v, p: _(
        "Some of these grids belong to another one of this kind already ({codes}); give a reason."
    ).format(codes=", ".join(v.get("codes", []))),
    "linked-already": lambda v, p: _(
        "Some of these areas have another unit of this kind already ({codes}); give a reason."
    ).format(codes=", ".join(v.get("codes", []))),
    "under-itself": lambda v, p: _("a unit cannot stand under itself."),
    "unknown-role": lambda v, p: _("unknown role."),
    "ends-before-start": lambda v, p: _("the end lies before the beginning."),
    "post-ended": lambda v, p: _("the post has ended."),
    "seat-taken": lambda v, p: _("somebody sits in this post at that time."),
    "already-assigned": lambda v, p: _("this person sits in this post already."),
    "assignment-ended": lambda v, p: _("this assignment has ended already."),
    "since-out-of-range": lambda v, p: (
        _("choose a day between {start} and {end}.").format(start=v["from"], end=v["to"])
        if v.get("from")
        else _("choose a day up to {end}.").format(end=v.get("to", ""))
    ),
    "succeeds-itself": lambda v, p: _("an area cannot succeed itself."),
    "border-not-a-surface": lambda v, p: _("a border must be one or more closed surfaces."),
    "person-left": lambda v, p: _("this person has left."),
    "unknown-person": lambda v, p: _("choose somebody on the staff."),
    "consent-needed": lambda v, p: _("without consent no picture is kept."),
    "several-sit-there": lambda v, p: _("several people sit there now; end all but one first."),
    "still-held": lambda v, p: _("somebody still sits there or will; end their assignment first."),
    "least-out-of-range": lambda v, p: _("between 1 and {most}.").format(**v),
    "unit-ended": lambda v, p: _("the unit has ended."),
    "area-ended": lambda v, p: _("the area has ended."),
    "has-units-below": lambda v, p: _("There are still units below it: end or move them first."),
    "has-posts": lambda v, p: _("There are still posts in it: give them up first."),
    "named-in-catalogue": lambda v, p: ngettext(
        "{rows} row of the dispatch catalogue sends cases to it: end it first.",
        "{rows} rows of the dispatch catalogue send cases to it: end them first.",
        int(v.get("rows", 0)),
    ).format(**v),
    "has-open-cases": lambda v, p: ngettext(
        "{cases} open case is in its hands: it must be handled or given on first.",
        "{cases} open cases are in its hands: they must be handled or given on first.",
        int(v.get("cases", 0)),
    ).format(**v),
    "row-there": lambda v, p: _(
        "row {row} says already that this class in this area goes to {unit}; end that one first."
    ).format(row=v.get("row", ""), unit=_unit(v.get("unit")) or "—"),
    "row-ended": lambda v, p: _("Row {row} has ended already.").format(**v),
    # calendar
    "day-of-another-year": lambda v, p: _("{day} does not lie in {year}.").format(**v),
    "off-and-worked": lambda v, p: _("{day} is named as a day off and as worked.").format(**v),
    "nothing-new": lambda v, p: _("just these days are in force as version {version}.").format(**v),
    "working-hours-wrong": lambda v, p: _("spans in order that do not touch, like 09:00–12:00, 14:00–18:00."),
    "no-day-worked": lambda v, p: _("at least one day of the week must be worked."),
    "begins-in-past": lambda v, p: _("today at the earliest: what was counted before stays counted."),
    "begins-that-day": lambda v, p: _("other working hours begin on this day already."),
    "founded-already": lambda v, p: _("This city has been founded already."),
    "purpose-needed": lambda v, p: _("say what you need it for."),
    "held": lambda v, p: _("A legal hold forbids deleting it."),
    # programs that call the API
    "token-needed": lambda v, p: _(
        "Send a token that has not expired: Authorization: Bearer … Tokens are made on the page “My account”."
    ),
    "not-found": lambda v, p: _("There is nothing here, or nothing that you may see."),
    "method-not-allowed": lambda v, p: _("here you can only: {allowed}.").format(
        allowed=", ".join(v.get("allowed", []))
    ),
    "body-too-large": lambda v, p: _("at most {most} kB can be sent here.").format(**v),
    "wrong-kind-of-body": lambda v, p: _("send it as {wanted}.").format(**v),
    "not-readable-json": lambda v, p: _("this is no JSON: look at line {line}, column {column}.").format(**v),
    "not-readable": lambda v, p: _("the request cannot be read."),
    "too-deep": lambda v, p: _("at most {most} levels of lists and objects inside each other.").format(**v),
    "unknown-parameter": lambda v, p: _("there is no such parameter. Known: {known}.").format(
        known=", ".join(v.get("known", []))
    ),
    "not-a-uuid": lambda v, p: _("write an id as a UUID."),
    "not-a-uuid7": lambda v, p: _(
        "make a UUID of version 7 (it begins with the time); the client makes it once."
    ),
    "not-a-decimal": lambda v, p: _("write a number."),
    "too-few": lambda v, p: _("at least {least}.").format(**v),
    "text-too-long": lambda v, p: _("at most {most} characters.").format(**v),
    "text-too-short": lambda v, p: _("at least {least} characters.").format(**v),
    "wrong-form": lambda v, p: _("write it in this form: {form}").format(**v),
    "not-one-of-these": lambda v, p: _("one of: {allowed}.").format(allowed=", ".join(v.get("allowed", []))),
    "not-true-or-false": lambda v, p: _("write true or false."),
    "not-an-object": lambda v, p: _("write an object, in braces."),
    "not-a-list": lambda v, p: _("write a list, in brackets."),
    "not-valid": lambda v, p: str(v.get("why", "")),
    "no-such-queue": lambda v, p: _("the post acted from has no such list."),
    "wrong-cursor": lambda v, p: _("take the cursor from the answer before, as it stands there."),
    "key-is-not-id": lambda v, p: _(
        "for a new case the key is the id of the case: send both alike, or the id alone."
    ),
    "unknown-procedure": lambda v, p: _("there is no such procedure. Known: {known}.").format(
        known=", ".join(v.get("known", []))
    ),
    "unknown-task": lambda v, p: _("There is no such piece of work to give."),
    "unknown-link": lambda v, p: _("There is no such tie between cases."),
    "time-out-of-range": lambda v, p: _("choose a time between {start} and {end}.").format(
        start=_moment(v.get("from")), end=_moment(v.get("to"))
    ),
    "not-sealed": lambda v, p: _("this field is not sealed; it stands in the case."),
    # imports
    "import-has-errors": lambda v, p: ngettext(
        "{rows} row cannot be taken. Mend it, or import only the rows that are right.",
        "{rows} rows cannot be taken. Mend them, or import only the rows that are right.",
        int(v.get("rows", 0)),
    ).format(**v),
    "import-same-file": lambda v, p: _(
        "Just this file was imported {when} already. Import it again only if you mean to."
    ).format(when=_moment(v.get("at")) or "—"),
    "file-unreadable": lambda v, p: str(v.get("says", "")),
    "import-not-open": lambda v, p: _("This preview cannot be carried out any more: send the file again."),
    "import-not-done": lambda v, p: _("Only an import that was carried out can be taken back."),
    "import-too-old": lambda v, p: _("An import can be taken back within {hours} hours.").format(**v),
    "built-on": lambda v, p: _(
        "What it made is used by {n} {what} by now, such as {example}. End or move these first."
    ).format(n=v.get("n", ""), what=_things(v.get("what", "")), example=v.get("example", "")),
    "changed-since-import": lambda v, p: _(
        "{n} {what} of it were changed since, such as {example}; taking it back would lose that."
    ).format(n=v.get("n", ""), what=_things(v.get("what", "")), example=v.get("example", "")),
    "not-a-final-state": lambda v, p: _("A case of the past stands in a final state: {states}.").format(
        states=_(", ").join(v.get("states", []))
    ),
    "database-away": lambda v, p: _(
        "The database cannot be reached just now. Send the same request again with the same key:"
        " it is never carried out twice."
    ),
    # playbooks
    "playbook-unsound": lambda v, p: str(v.get("says", "")),
    "version-published": lambda v, p: _(
        "Version {version} of {procedure} was published with other content: raise the version."
    ).format(**v),
}


def _things(what: str) -> str:
    """What was built on an import, by the name of its table or of its journal."""
    said = {
        "area": _("areas"),
        "organisation": _("units"),
        "post": _("posts"),
        "person": _("people"),
        "assignment": _("assignments"),
        "account": _("accounts"),
        "loginsession": _("sign-ins"),
        "staffaccess": _("sign-ins"),
        "case": _("cases"),
        "cataloguerow": _("catalogue rows"),
        "catalogue": _("catalogue rows"),
        "areaalias": _("second names"),
        "organisationalias": _("second names"),
        "areasuccession": _("successions"),
        "areamapping": _("overlays"),
        "organisationarea": _("areas of work"),
        "boardprint": _("printed boards"),
    }
    return said.get(what, what)


_SAY_FIELD_THEMSELVES = {
    "missing",
    "not-asked-for",
    "activation-code-wrong",
    "second-factor-wrong",
    "old-password-wrong",
    "phone-length",
}

_FIELDS: dict[str, Callable[[], str]] = {
    "login": lambda: _("Login name"),
    "password": lambda: _("Password"),
    "old": lambda: _("Present password"),
    "code": lambda: _("Code"),
    "name": lambda: _("Name"),
    "reason": lambda: _("Reason"),
    "days": lambda: _("Days"),
    "parent": lambda: _("Area above"),
    "kind": lambda: _("Kind"),
    "role": lambda: _("Role"),
    "area": lambda: _("Area"),
    "post": lambda: _("Post"),
    "person": lambda: _("Person"),
    "ends": lambda: _("Until"),
    "staff_no": lambda: _("Staff number"),
    "source": lambda: _("Source"),
    "photo": lambda: _("Photos"),
    "to_unit": lambda: _("Unit"),
    "due": lambda: _("By when"),
    "title": lambda: _("Title"),
    "hours": lambda: _("Working hours"),
    "unit": lambda: _("Unit"),
    "class": lambda: _("Class"),
}


def known_codes() -> set[str]:
    """Every code that has a sentence; a test looks for codes that have none."""
    return set(_SENTENCES)
