"""Every change of organisations, posts and people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jingwei.kernel import accounts, journal, outbox, rows
from jingwei.kernel.actors import Actor
from jingwei.kernel.fitting import unfit
from jingwei.kernel.models import Account
from jingwei.kernel.moments import now, today
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry import logins, photos
from jingwei.registry.atlas import code_range
from jingwei.registry.models import (
    Area,
    Assignment,
    Organisation,
    OrganisationArea,
    OrganisationVersion,
    Person,
    Post,
)
from jingwei.registry.roles import label, roles

#: columns whose changes are kept with old and new value (they are public facts about units)
_KEPT = ("name", "short_name", "kind", "parent_id", "area_id", "phone", "code")


@transaction.atomic
def make_organisation(
    code: str,
    name: str,
    kind: str,
    *,
    by: Actor,
    parent: Organisation | None = None,
    area: Area | None = None,
    **facts: Any,
) -> Organisation:
    """Make a unit, or refuse: code used, no name, a text too long."""
    reasons = unfit(Organisation, {"code": code, "name": name.strip(), "kind": kind, **facts})
    if Organisation.objects.filter(code=code).exists():
        reasons.append(Reason("code-used", "code", {"code": code}))
    if not name.strip():
        reasons.append(Reason("missing", "name"))
    if reasons:
        raise Refused(*reasons)
    unit = Organisation(
        code=code, name=name.strip(), kind=kind, parent=parent, area=area, valid_from=today(), **facts
    )
    unit.save(force_insert=True)
    path = f"{parent.path if parent else '/'}{unit.pk}/"
    journal.record(unit, "organisation-made", by=by, detail={"code": code}, path=path)
    return unit


@transaction.atomic
def change_organisation(unit: Organisation, *, by: Actor, **values: Any) -> Organisation:
    """Change a unit; every old value stays with who changed it and when."""
    changed = {name: value for name, value in values.items() if getattr(unit, name) != value}
    if not changed:
        return unit
    if reasons := unfit(Organisation, changed):
        raise Refused(*reasons)
    if "parent_id" in changed:
        _move_subtree(
            unit, Organisation.objects.get(pk=changed["parent_id"]) if changed["parent_id"] else None
        )
    before = {name: str(getattr(unit, name) or "") for name in changed}
    journal.record(unit, "organisation-changed", by=by, detail={"columns": sorted(changed)}, **changed)
    rows.write(
        [
            OrganisationVersion(
                organisation=unit,
                changed_at=now(),
                person=by.person,
                column=name,
                old=before[name][:120],
                new=str(changed[name] or "")[:120],
                line=unit.journal_count,
            )
            for name in changed
            if name in _KEPT
        ]
    )
    return unit


def _move_subtree(unit: Organisation, parent: Organisation | None) -> None:
    if parent is not None and parent.path.startswith(unit.path):
        raise Refused(Reason("under-itself", "parent"))
    old, new = unit.path, f"{parent.path if parent else '/'}{unit.pk}/"
    for below in Organisation.objects.filter(path__startswith=old):
        Organisation.objects.filter(pk=below.pk).update(path=new + below.path[len(old) :])
    unit.path = new


@transaction.atomic
def link_to_areas(unit: Organisation, areas: Iterable[Area], *, by: Actor, reason: str = "") -> int:
    """Let a unit work in areas. An area that has one of the same kind already needs a reason."""
    areas = list(areas)
    taken = OrganisationArea.objects.filter(
        area__in=areas, organisation__kind=unit.kind, organisation__valid_to=None
    ).exclude(organisation=unit)
    doubles = list(taken.values_list("area__code", flat=True))
    if doubles and not reason:
        raise Refused(Reason("linked-already", values={"codes": doubles[:10]}))
    known = set(OrganisationArea.objects.filter(organisation=unit).values_list("area", flat=True))
    new = [
        OrganisationArea(organisation=unit, area=area, reason=reason)
        for area in areas
        if area.pk not in known
    ]
    OrganisationArea.objects.bulk_create(new, batch_size=500)
    journal.record(unit, "areas-linked", by=by, detail={"areas": [area.pk for area in areas][:500]})
    return len(new)


@transaction.atomic
def unlink_area(unit: Organisation, area: Area, *, by: Actor) -> None:
    """A unit no longer works in an area."""
    if OrganisationArea.objects.filter(organisation=unit, area=area).delete()[0]:
        journal.record(unit, "area-unlinked", by=by, detail={"area": area.pk})


@transaction.atomic
def end_organisation(unit: Organisation, *, by: Actor, on: date | None = None) -> Organisation:
    """A unit ceases, or the answer is every reason of `why_not_end`."""
    if reasons := why_not_end(unit):
        raise Refused(*reasons)
    journal.record(unit, "organisation-ended", by=by, valid_to=on or today())
    return unit


def why_not_end(unit: Organisation) -> list[Reason]:
    """Why a unit cannot cease yet: it has ended before, units or posts stand below it."""
    reasons = []
    if unit.valid_to is not None:
        reasons.append(Reason("unit-ended", "unit"))
    if unit.children.filter(valid_to=None).exists():
        reasons.append(Reason("has-units-below"))
    if unit.posts.filter(valid_to=None).exists():
        reasons.append(Reason("has-posts"))
    return reasons


def areas_without(kind: str, *, area_kind: str = "grid", under: str = "") -> list[Area]:
    """The areas of a kind, of the city or under a code, in which no unit of a kind works."""
    linked = OrganisationArea.objects.filter(organisation__kind=kind, organisation__valid_to=None).values(
        "area"
    )
    found = Area.objects.filter(kind=area_kind, valid_to=None).exclude(pk__in=linked)
    if under:
        low, high = code_range(under)
        found = found.filter(code__gte=low, code__lt=high)
    return list(found.defer("border").order_by("code"))


@transaction.atomic
def make_post(
    role: str,
    *,
    by: Actor,
    area: Area | None = None,
    organisation: Organisation | None = None,
    title: str = "",
    **facts: Any,
) -> Post:
    """Make a seat at an area or in a unit."""
    title = title or _title(role, area, organisation)
    reasons = unfit(Post, {"title": title, **facts})
    if role not in roles():
        reasons.append(Reason("unknown-role", "role", {"role": role}))
    if area is None and organisation is None:
        reasons.append(Reason("missing", "area"))
    if reasons:
        raise Refused(*reasons)
    post = Post(
        role=role,
        area=area,
        organisation=organisation,
        title=title,
        **facts,
    )
    post.save(force_insert=True)
    journal.record(post, "post-made", by=by, detail={"role": role, "area": area.pk if area else None})
    return post


def _title(role: str, area: Area | None, organisation: Organisation | None) -> str:
    place = area.name if area else (organisation.short_name or organisation.name) if organisation else ""
    return f"{place}{label(role)}"[:80]


@transaction.atomic
def take_on(
    staff_no: str, name: str, *, by: Actor, organisation: Organisation | None = None, work_phone: str = ""
) -> Person:
    """Add a member of staff."""
    reasons = unfit(Person, {"staff_no": staff_no, "name": name.strip(), "work_phone": work_phone})
    if not name.strip():
        reasons.append(Reason("missing", "name"))
    if Person.objects.filter(staff_no=staff_no).exists():
        reasons.append(Reason("code-used", "staff_no", {"code": staff_no}))
    if reasons:
        raise Refused(*reasons)
    person = Person(staff_no=staff_no, name=name.strip(), organisation=organisation, work_phone=work_phone)
    person.save(force_insert=True)
    journal.record(person, "person-taken-on", by=by)
    return person


@transaction.atomic
def change_person(person: Person, *, by: Actor, **values: Any) -> Person:
    """Change a card; the journal says which columns, never what they hold."""
    changed = {name: value for name, value in values.items() if getattr(person, name) != value}
    reasons = unfit(Person, changed)
    if "name" in changed and not changed["name"].strip():
        reasons.append(Reason("missing", "name"))
    if reasons:
        raise Refused(*reasons)
    if changed:
        journal.record(person, "person-changed", by=by, detail={"columns": sorted(changed)}, **changed)
    return person


@transaction.atomic
def assign(
    person: Person,
    post: Post,
    *,
    by: Actor,
    starts: date | None = None,
    ends: date | None = None,
    substitute: bool = False,
    basis: str = "",
) -> Assignment:
    """Put a person into a post from a day on, or refuse: seat taken, post ended, dates the wrong way round.

    Where the last day is known already, the work of a seat that is empty then is handed over on the day
    after.
    """
    starts = starts or today()
    list(Post.objects.select_for_update().filter(pk=post.pk).values_list("pk"))  # one at a time for one seat
    overlapping = Assignment.objects.filter(post=post).filter(Q(ends=None) | Q(ends__gt=starts))
    if ends:
        overlapping = overlapping.filter(starts__lt=ends)
    reasons = unfit(Assignment, {"basis": basis})
    if ends and ends <= starts:
        reasons.append(Reason("ends-before-start", "ends"))
    if post.valid_to and post.valid_to <= starts:
        reasons.append(Reason("post-ended", "post"))
    if person.left_at and person.left_at <= starts:
        reasons.append(Reason("person-left", "person"))
    if post.exclusive and overlapping.filter(substitute=substitute).exists():
        reasons.append(Reason("seat-taken", "post"))
    if overlapping.filter(person=person).exists():
        reasons.append(Reason("already-assigned", "person"))
    if reasons:
        raise Refused(*reasons)
    row = Assignment(person=person, post=post, starts=starts, ends=ends, substitute=substitute, basis=basis)
    row.save(force_insert=True)
    journal.record(row, "assigned", by=by, detail={"person": person.pk, "post": post.pk})
    _look_at_seat("take_over", post.pk, on=starts)
    if ends:
        _look_at_seat("hand_over", post.pk, on=ends)
    account = Account.objects.filter(person=person.pk).first() if post.role in logins.TWO_FACTORS else None
    if account is not None:
        accounts.require_second_factor(account, by=by)
    return row


@transaction.atomic
def end_assignment(row: Assignment, *, by: Actor, on: date | None = None) -> Assignment:
    """End an assignment (the day after its last).

    If that empties the seat, its open work is handed over on that day.
    """
    on = on or today()
    reasons = []
    if on < row.starts:
        reasons.append(Reason("ends-before-start", "ends"))
    if row.ends is not None and row.ends <= on:
        reasons.append(Reason("assignment-ended", "ends"))
    if reasons:
        raise Refused(*reasons)
    journal.record(row, "assignment-ended", by=by, ends=on)
    _look_at_seat("hand_over", row.post_id, on=on)
    return row


def _look_at_seat(effect: str, post: int, *, on: date) -> None:
    """The worker looks when the day has come: is the seat empty now, or taken? Else nothing moves."""
    day = timezone.make_aware(datetime.combine(on, time()))
    rows.insert(outbox.put(effect, {"post": post}, due_at=max(day, now())))


@transaction.atomic
def leave(person: Person, *, by: Actor, on: date | None = None) -> None:
    """Somebody leaves: every assignment ends, the account closes at once, the photo goes."""
    on = on or today()
    for row in Assignment.objects.filter(person=person).filter(Q(ends=None) | Q(ends__gt=on)):
        end_assignment(row, by=by, on=max(on, row.starts))
    account = Account.objects.filter(person=person.pk, is_active=True).first()
    if account:
        accounts.close_account(account, by=by)
    change_person(person, by=by, left_at=on, work_phone="", photo=None, photo_consent_at=None)
    photos.remove(person)
