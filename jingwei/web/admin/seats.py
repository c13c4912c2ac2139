"""Posts and seats: which must be filled, how many are, the holes.

One post with who sits there and who sat there.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine.models import Case
from jingwei.kernel import journal
from jingwei.kernel.moments import today
from jingwei.kernel.tables.cells import Column
from jingwei.registry import boards, people, posts, roles, seats
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, Assignment, Organisation, Post, SeatRule
from jingwei.web import words
from jingwei.web.admin import exporting, said
from jingwei.web.admin.forms import AreaField, Asked, DayField, PersonField, UnitField, form_page
from jingwei.web.admin.frame import Pages, administrators, frame, typed
from jingwei.web.shell.who import StaffRequest

MOST_FOUND = 20


@require_GET
@administrators
def overview(request: StaffRequest) -> HttpResponse:
    """Required seats with n of d, and the list of holes, in a county or of a role."""
    role, under = _filters(request)
    covered = seats.coverage(under=under)
    pages = Pages(
        request,
        _Holes(role, under),
        total=sum(c.required - c.filled for c in covered if role in ("", c.role)),
    )
    context = {
        **frame(request),
        "role": role,
        "under": under,
        "counties": _counties(),
        "covered": [_covered(c, under) for c in covered],
        "officials": _officials(covered),
        "pages": pages,
        "holes": _holes_table(pages.rows),
        "rules": SeatRule.objects.exists(),
    }
    return render(request, "admin/seats.html", context)


class _Holes:
    """The holes as something to take a part of."""

    def __init__(self, role: str, under: str) -> None:
        self.role, self.under = role, under

    def __getitem__(self, part: slice) -> list[seats.Hole]:
        start = part.start or 0
        roles_ = [self.role] if self.role else []
        return seats.holes(roles=roles_, under=self.under, limit=part.stop - start, offset=start)


def _filters(request: StaffRequest) -> tuple[str, str]:
    role, under = request.GET.get("role", ""), request.GET.get("under", "")
    return (
        role if role in roles.roles() else "",
        under if under in atlas().by_code and under.isdecimal() else "",
    )


def _counties() -> list[Any]:
    top = atlas().city()
    return [place for place in atlas().children(top.id) if place.tier] if top else []


def _covered(c: seats.Coverage, under: str) -> dict[str, Any]:
    return {
        "role": c.role,
        "label": roles.label(c.role),
        "n": c.filled,
        "d": c.required,
        "share": words.share(c.filled, c.required),
        "p": round(100 * c.filled / c.required) if c.required else 0,
        "holes": c.required - c.filled,
        "url": f"?role={c.role}" + (f"&under={under}" if under else ""),
    }


def _officials(covered: list[seats.Coverage]) -> dict[str, Any] | None:
    """Judge, prosecutor and police officer counted together, once every grid must have all three."""
    three = [c for c in covered if c.role in boards.OFFICIALS and c.area_kind == "grid"]
    if len(three) < len(boards.OFFICIALS):
        return None
    filled, required = sum(c.filled for c in three), sum(c.required for c in three)
    return {
        "n": filled,
        "d": required,
        "share": words.share(filled, required),
        "p": round(100 * filled / required) if required else 0,
    }


def _holes_table(found: list[seats.Hole]) -> dict[str, Any]:
    return said.table(
        _("Empty required seats"),
        [_("Code"), _("The area"), _("Role"), (_("Filled"), True), (_("Needed"), True), _("What to do")],
        [
            [
                hole.area_code,
                said.cell(
                    atlas().full_name(hole.area) or hole.area_name, reverse("admin-area", args=[hole.area])
                ),
                roles.label(hole.role),
                hole.filled,
                hole.least,
                said.cell(_("Fill it"), f"{reverse('admin-fill')}?role={hole.role}&area={hole.area_code}"),
            ]
            for hole in found
        ],
    )


@require_GET
@administrators
def export(request: StaffRequest) -> HttpResponse:
    """Every hole of the city (or of a county, a role) as a sheet."""
    role, under = _filters(request)
    columns = [
        Column("area_code", ("区划编码", "Area code"), kind="code"),
        Column("place", ("区域", "Area")),
        Column("role", ("岗位", "Role")),
        Column("filled", ("已到岗", "Filled"), kind="integer"),
        Column("least", ("应到岗", "Needed"), kind="integer"),
    ]
    found = seats.holes(roles=[role] if role else [], under=under)
    rows = (
        [h.area_code, atlas().full_name(h.area) or h.area_name, roles.label(h.role), h.filled, h.least]
        for h in found
    )
    return exporting.answer(
        request, "holes", _("Empty required seats"), columns, rows, filters={"role": role, "under": under}
    )


@require_GET
@administrators
def fill(request: StaffRequest) -> HttpResponse:
    """From a hole to where it is filled: the post that stands there, or the form that makes it."""
    role, code = request.GET.get("role", ""), request.GET.get("area", "")
    post = (
        Post.objects.filter(role=role, area__code=code, area__valid_to=None, valid_to=None)
        .order_by("pk")
        .first()
    )
    if post is not None:
        return redirect("admin-post-assign", pk=post.pk)
    answer = redirect("admin-post-make")
    answer["Location"] += (
        f"?role={role}&area={code}" if role in roles.roles() and code in atlas().by_code else ""
    )
    return answer


# ---------------------------------------------------------------- rules


class Rule(Asked):
    """A seat that every area of a kind must have filled."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))
    least = forms.IntegerField(label=gettext_lazy("At least"), min_value=1, max_value=99, initial=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _role_choices(areas_only=True)  # type: ignore[attr-defined]


@administrators
def rules(request: StaffRequest) -> HttpResponse:
    """The seats that must be filled; add one, change how many, drop one."""
    form = Rule(request.POST if request.method == "POST" else None)

    def act(entered: dict[str, Any]) -> str:
        role = roles.roles()[entered["role"]]
        posts.require_seat(role.code, role.at, entered["least"], by=request.staff)
        return reverse("admin-seat-rules")

    listed = [
        {"rule": rule, "label": roles.label(rule.role), "at": said.area_kind(rule.area_kind)}
        for rule in SeatRule.objects.order_by("area_kind", "role")
    ]
    return form_page(
        request,
        form,
        act,
        title=_("Seats that must be filled"),
        back=(reverse("admin-seats"), _("Posts and seats")),
        button=_("Require this seat"),
        done=_("The seat is required."),
        template="admin/seat_rules.html",
        rules=listed,
    )


@require_POST
@administrators
def drop_rule(request: StaffRequest, pk: int) -> HttpResponse:
    """A seat is no longer required."""
    posts.drop_seat_rule(get_object_or_404(SeatRule, pk=pk), by=request.staff)
    return redirect("admin-seat-rules")


def _role_choices(*, areas_only: bool = False) -> list[tuple[str, str]]:
    found = [role for role in roles.roles().values() if not areas_only or role.at != "organisation"]
    return [("", _("Choose…")), *((role.code, f"{role} · {_stands_at(role.at)}") for role in found)]


def _stands_at(at: str) -> str:
    return _("Organisation") if at == "organisation" else said.area_kind(at)


# ---------------------------------------------------------------- one post


@require_GET
@administrators
def one(request: StaffRequest, pk: int) -> HttpResponse:
    """One post: who sits there, who sat there, what is open in its hands."""
    post = get_object_or_404(Post.objects.select_related("area", "organisation").defer("area__border"), pk=pk)
    rows = list(post.assignments.select_related("person").order_by("-starts", "-pk"))
    day = today()
    context = {
        **frame(request),
        "post": post,
        "role": roles.label(post.role),
        "place": atlas().full_name(post.area_id) if post.area_id else "",
        "running": [row for row in rows if row.ends is None or row.ends > day],
        "past": [row for row in rows if row.ends is not None and row.ends <= day],
        "open_cases": Case.objects.filter(owner_post=post.pk, ended_at=None).count(),
        "history": said.lines(journal.lines_of(post)[-20:][::-1]),
        "today": day,
    }
    return render(request, "admin/post.html", context)


class NewPost(Asked):
    """A seat at an area or in a unit."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))
    area = AreaField(
        label=gettext_lazy("The area"),
        required=False,
        help_text=gettext_lazy("Where it stands; or choose a unit."),
    )
    unit = UnitField(label=gettext_lazy("Unit"), required=False)
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Left empty: place and role."),
    )
    duty = forms.CharField(
        label=gettext_lazy("Duty"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As it stands on the public board."),
    )
    exclusive = forms.BooleanField(label=gettext_lazy("One person at a time"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _role_choices()  # type: ignore[attr-defined]


@administrators
def make(request: StaffRequest) -> HttpResponse:
    """Make a post."""
    area = Area.objects.defer("border").filter(code=request.GET.get("area", ""), valid_to=None).first()
    unit = Organisation.objects.filter(code=request.GET.get("unit", ""), valid_to=None).first()
    initial = {"role": request.GET.get("role", ""), "area": area, "unit": unit}
    form = NewPost(request.POST if request.method == "POST" else None, initial=initial)

    def act(entered: dict[str, Any]) -> str:
        post = people.make_post(
            entered["role"],
            by=request.staff,
            area=entered["area"],
            organisation=entered["unit"],
            title=entered["title"].strip(),
            duty=entered["duty"],
            exclusive=entered["exclusive"],
        )
        return reverse("admin-post", args=[post.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Make a post"),
        back=(reverse("admin-seats"), _("Posts and seats")),
        button=_("Make it"),
        done=_("The post is made."),
    )


class PostWords(Asked):
    """What may change of a post; its role and place never do."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=80)
    duty = forms.CharField(
        label=gettext_lazy("Duty"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As it stands on the public board."),
    )
    exclusive = forms.BooleanField(label=gettext_lazy("One person at a time"), required=False)


@administrators
def change(request: StaffRequest, pk: int) -> HttpResponse:
    """Change the words of a post."""
    post = get_object_or_404(Post, pk=pk, valid_to=None)
    there = {"title": post.title, "duty": post.duty, "exclusive": post.exclusive}
    form = PostWords(request.POST if request.method == "POST" else None, initial=there)

    def act(entered: dict[str, Any]) -> str:
        posts.change_post(
            post,
            by=request.staff,
            title=entered["title"].strip(),
            duty=entered["duty"],
            exclusive=entered["exclusive"],
        )
        return reverse("admin-post", args=[post.pk])

    title = _("Change {name}").format(name=post.title)
    return form_page(
        request, form, act, title=title, back=_back(post), button=_("Change it"), done=_("Changed.")
    )


class Seat(Asked):
    """Who, from when, on what decision."""

    person = PersonField(
        label=gettext_lazy("Person"), help_text=gettext_lazy("Type a name or a staff number.")
    )
    starts = DayField(label=gettext_lazy("From"))
    ends = DayField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("The first day on which it no longer runs; empty: until further notice."),
    )
    substitute = forms.BooleanField(label=gettext_lazy("Stands in for somebody who is away"), required=False)
    basis = forms.CharField(label=gettext_lazy("On what decision"), max_length=120, required=False)


@administrators
def assign(request: StaffRequest, pk: int) -> HttpResponse:
    """Put somebody into this post; `?as=substitute` ticks that they stand in."""
    post = get_object_or_404(Post, pk=pk, valid_to=None)
    initial = {"starts": today(), "substitute": request.GET.get("as") == "substitute"}
    form = Seat(request.POST if request.method == "POST" else None, initial=initial)

    def act(entered: dict[str, Any]) -> str:
        people.assign(
            entered["person"],
            post,
            by=request.staff,
            starts=entered["starts"],
            ends=entered["ends"],
            substitute=entered["substitute"],
            basis=entered["basis"],
        )
        return reverse("admin-post", args=[post.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Who sits as {post}?").format(post=post.title),
        back=_back(post),
        button=_("Assign"),
        done=_("Assigned."),
        fields={"post": "starts"},
    )


class EndDay(Asked):
    """The day after the last."""

    on = DayField(
        label=gettext_lazy("Ends on"), help_text=gettext_lazy("The first day on which it no longer runs.")
    )


@administrators
def end_assignment(request: StaffRequest, pk: int) -> HttpResponse:
    """End an assignment; where that empties the seat, its open work is handed over."""
    row = get_object_or_404(Assignment.objects.select_related("person", "post"), pk=pk)
    form = EndDay(request.POST if request.method == "POST" else None, initial={"on": today()})

    def act(entered: dict[str, Any]) -> str:
        people.end_assignment(row, by=request.staff, on=entered["on"])
        return reverse("admin-post", args=[row.post_id])

    title = _("{name} no longer sits as {post}").format(name=row.person.name, post=row.post.title)
    return form_page(
        request,
        form,
        act,
        title=title,
        back=_back(row.post),
        button=_("End it"),
        done=_("Ended; open work finds a new owner."),
        stop=True,
        fields={"ends": "on"},
        about=_("If nobody else sits there then, open work climbs to the next filled seat on that day."),
    )


class End(Asked):
    """Nothing to fill in: the question is whether it may."""


@administrators
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a post that nobody sits in."""
    post = get_object_or_404(Post, pk=pk, valid_to=None)
    form = End(request.POST if request.method == "POST" else None)

    def act(entered: dict[str, Any]) -> str:
        posts.end_post(post, by=request.staff)
        return reverse("admin-post", args=[post.pk])

    title = _("Give up {post}").format(post=post.title)
    return form_page(
        request,
        form,
        act,
        title=title,
        back=_back(post),
        button=_("Give it up"),
        done=_("The post has ended."),
        stop=True,
    )


@require_GET
@administrators
def find_post(request: StaffRequest) -> HttpResponse:
    """Options for a finder: posts by title or by the code of their area."""
    text = typed(request)
    first = text.split(" ")[0]
    found = Post.objects.filter(valid_to=None)
    if first.isdecimal():
        number = Q(pk=int(first)) if len(first) < 18 else Q()
        found = found.filter(Q(area__code__startswith=first) | number)
    elif text:
        found = found.filter(title__contains=text)
    return render(
        request,
        "parts/options.html",
        {"options": [(post.pk, post.title) for post in found.order_by("pk")[:MOST_FOUND]]},
    )


def _back(post: Post) -> tuple[str, str]:
    return reverse("admin-post", args=[post.pk]), post.title
