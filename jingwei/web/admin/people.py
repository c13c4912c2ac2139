"""People: search, take on, change, the photo with consent, the posts of one person, leaving."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from jingwei.kernel import journal
from jingwei.kernel.models import Account
from jingwei.kernel.moments import today
from jingwei.kernel.tables.cells import Column
from jingwei.registry import boards, people, photos, roles
from jingwei.registry.atlas import atlas, code_range
from jingwei.registry.models import Assignment, Organisation, Person
from jingwei.registry.seats import in_force
from jingwei.web.admin import exporting, said
from jingwei.web.admin.forms import Asked, DayField, PostField, UnitField, form_page
from jingwei.web.admin.frame import Pages, administrators, frame, typed
from jingwei.web.shell.who import StaffRequest

MOST_FOUND, MOST_POSTS = 20, 3
#: a sheet of so many rows takes the server about ten seconds
MOST_ROWS = 40_000
#: what personal columns may be taken out of the system for; the sheet says it
PURPOSES = {
    "roster": gettext_lazy("a duty roster"),
    "contacts": gettext_lazy("a list of contacts"),
    "review": gettext_lazy("a review of the seats"),
    "training": gettext_lazy("a training"),
}


@require_GET
@administrators
def browse(request: StaffRequest) -> HttpResponse:
    """Staff by number; a search by name or number; those who left only when asked for."""
    text, left = request.GET.get("q", "").strip()[:60], request.GET.get("left") == "1"
    without = request.GET.get("posts") == "none"
    found = search(text, left=left, without_post=without)
    pages = Pages(request, with_posts(found), total=found.count())
    context = {
        **frame(request),
        "text": text,
        "left": left,
        "without": without,
        "pages": pages,
        "table": _table(pages.rows, left=left),
        "purposes": PURPOSES.items(),
        "counties": [place for place in atlas().children(top.id) if place.tier]
        if (top := atlas().city())
        else [],
    }
    return render(request, "admin/people.html", context)


def search(text: str, *, left: bool = False, without_post: bool = False) -> QuerySet[Person]:
    """Staff whose number begins so or whose name holds it."""
    found = Person.objects.filter(left_at__isnull=not left)
    if text:
        found = found.filter(Q(staff_no__istartswith=text) | Q(name__contains=text))
    if without_post:
        found = found.exclude(pk__in=Assignment.objects.filter(in_force()).values("person"))
    return found.order_by("staff_no")


def with_posts(found: QuerySet[Person]) -> QuerySet[Person]:
    """The same people with unit and running posts, in three statements however many they are."""
    running = Assignment.objects.filter(in_force()).select_related("post").order_by("pk")
    return found.select_related("organisation").prefetch_related(
        Prefetch("assignments", running, to_attr="running")
    )


def _table(rows: list[Any], *, left: bool) -> dict[str, Any]:
    shown = [
        [
            person.staff_no,
            said.cell(person.name, reverse("admin-person", args=[person.pk])),
            person.organisation.name if person.organisation else "",
            _posts(person.running),
            person.work_phone,
            *([person.left_at] if left else []),
        ]
        for person in rows
    ]
    heads: list[tuple[str, bool] | str] = [
        _("Number"),
        _("Person's name"),
        _("Unit"),
        _("Posts"),
        _("Work telephone"),
    ]
    return said.table(_("People"), [*heads, *([_("Left on")] if left else [])], shown)


def _posts(running: list[Assignment]) -> str:
    """The posts of somebody, the first few by name.

    An official may be the contact of every grid of a street.
    """
    named = _(", ").join(row.post.title for row in running[:MOST_POSTS])
    if len(running) > MOST_POSTS:
        return ngettext("{named} and {n} more", "{named} and {n} more", len(running) - MOST_POSTS).format(
            named=named, n=len(running) - MOST_POSTS
        )
    return named or "—"


@administrators
def export(request: StaffRequest) -> HttpResponse:
    """Who sits where, as a sheet.

    Posts without people's names, or, for a purpose that is written down, with them.
    """
    purpose = request.POST.get("purpose", "")
    under = request.POST.get("under", "") or request.GET.get("under", "")
    if (purpose and purpose not in PURPOSES) or (under and under not in atlas().by_code):
        raise Http404
    columns = [
        Column("role", ("岗位", "Role")),
        Column("post", ("岗位名称", "Post")),
        Column("area_code", ("区划编码", "Area code"), kind="code"),
        Column("place", ("所在区域", "Area")),
        Column("unit", ("单位", "Unit")),
        Column("starts", ("起始日期", "From"), kind="date"),
        Column("ends", ("截止日期", "Until"), kind="date"),
        Column("substitute", ("临时顶岗", "Substitute"), kind="boolean"),
    ]
    if purpose:
        columns += [
            Column("staff_no", ("工号", "Number"), kind="code"),
            Column("name", ("姓名", "Name")),
            Column("work_phone", ("工作电话", "Work telephone")),
        ]
    found = Assignment.objects.filter(in_force())
    if under.isascii() and under.isdecimal():
        low, high = code_range(under)
        here = Q(post__area__code__gte=low, post__area__code__lt=high)
        found = found.filter(
            here | Q(post__organisation__area__code__gte=low, post__organisation__area__code__lt=high)
        )
    if found.count() > MOST_ROWS:
        back = (reverse("admin-people"), _("People"))
        why = _("That would be more than {n} rows: take one county at a time.").format(n=f"{MOST_ROWS:,}")
        return render(
            request, "admin/refused.html", {**frame(request), "reasons": [why], "back": back}, status=422
        )
    found = found.select_related("post__area", "post__organisation", "person").defer("post__area__border")
    rows = (
        _row(row, personal=bool(purpose))
        for row in found.order_by("post__area__code", "post_id", "pk").iterator(chunk_size=2000)
    )
    return exporting.answer(
        request,
        "people",
        _("Who sits where"),
        columns,
        rows,
        purpose=str(PURPOSES.get(purpose, "")),
        filters={"purpose": purpose, "under": under},
    )


def _row(row: Assignment, *, personal: bool) -> list[object]:
    post = row.post
    shown: list[object] = [
        roles.label(post.role),
        post.title,
        post.area.code if post.area else None,
        atlas().full_name(post.area_id) or None,
        post.organisation.name if post.organisation else None,
        row.starts,
        row.ends,
        row.substitute,
    ]
    return (
        [*shown, row.person.staff_no, row.person.name, row.person.work_phone or None] if personal else shown
    )


@require_GET
@administrators
def one(request: StaffRequest, pk: int) -> HttpResponse:
    """One person: card, photo, posts now and before, account, what was changed."""
    person = get_object_or_404(Person.objects.select_related("organisation"), pk=pk)
    rows = list(
        person.assignments.select_related("post", "post__area", "post__organisation")
        .defer("post__area__border")
        .order_by("-starts", "-pk")
    )
    day = today()
    running = [row for row in rows if row.ends is None or row.ends > day]
    context = {
        **frame(request),
        "person": person,
        "running": running,
        "past": [row for row in rows if row not in running],
        "roles": {row.pk: roles.label(row.post.role) for row in rows},
        "places": {row.pk: atlas().full_name(row.post.area_id) for row in rows},
        "account": Account.objects.filter(person=person.pk).first(),
        "has_photo": boards.photo_of(person) is not None,
        "history": said.lines(journal.lines_of(person)[-20:][::-1]),
        "today": day,
    }
    return render(request, "admin/person.html", context)


@require_GET
@administrators
def photo(request: StaffRequest, pk: int) -> HttpResponse:
    """The picture of somebody, while their consent stands."""
    file = boards.photo_of(get_object_or_404(Person, pk=pk))
    if file is None:
        raise Http404
    return HttpResponse(
        file.read_bytes(), content_type="image/jpeg", headers={"Cache-Control": "private, no-store"}
    )


# ---------------------------------------------------------------- forms


class Card(Asked):
    """A minimal card: what colleagues and boards need, nothing else."""

    staff_no = forms.CharField(label=gettext_lazy("Staff number"), max_length=24)
    name = forms.CharField(label=gettext_lazy("Person's name"), max_length=60)
    unit = UnitField(label=gettext_lazy("Unit"), required=False)
    work_phone = forms.CharField(
        label=gettext_lazy("Work telephone"),
        max_length=24,
        required=False,
        help_text=gettext_lazy("It stands on the public board; never a private number."),
    )


@administrators
def take_on(request: StaffRequest) -> HttpResponse:
    """Add a member of staff."""
    above = Organisation.objects.filter(code=request.GET.get("unit", ""), valid_to=None).first()
    form = Card(request.POST if request.method == "POST" else None, initial={"unit": above})

    def act(entered: dict[str, Any]) -> str:
        person = people.take_on(
            entered["staff_no"].strip(),
            entered["name"],
            by=request.staff,
            organisation=entered["unit"],
            work_phone=entered["work_phone"],
        )
        return reverse("admin-person", args=[person.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Take somebody on"),
        back=(reverse("admin-people"), _("People")),
        button=_("Take on"),
        done=_("Taken on."),
        about=_("Many at once come with an import, which also prints their activation codes."),
    )


@administrators
def change(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a card; the journal says which columns, never what they hold."""
    person = get_object_or_404(Person.objects.select_related("organisation"), pk=pk, left_at=None)
    there = {
        "staff_no": person.staff_no,
        "name": person.name,
        "unit": person.organisation,
        "work_phone": person.work_phone,
    }
    form = Card(request.POST if request.method == "POST" else None, initial=there)
    form.fields["staff_no"].disabled = True

    def act(entered: dict[str, Any]) -> str:
        unit = entered["unit"]
        people.change_person(
            person,
            by=request.staff,
            name=entered["name"].strip(),
            organisation_id=unit.pk if unit else None,
            work_phone=entered["work_phone"],
        )
        return reverse("admin-person", args=[person.pk])

    title = _("Change {name}").format(name=person.name)
    return form_page(
        request, form, act, title=title, back=_back(person), button=_("Change it"), done=_("Changed.")
    )


class Photo(Asked):
    """A picture, and the consent of who is on it."""

    photo = forms.FileField(
        label=gettext_lazy("Photo"),
        widget=forms.ClearableFileInput({"accept": "image/jpeg,image/png,image/webp"}),
        help_text=gettext_lazy("JPEG, PNG or WebP; hidden data of the picture is left out."),
    )
    consent = forms.BooleanField(
        label=gettext_lazy("This person agrees in writing that the picture stands on the grid board."),
        required=False,
        help_text=gettext_lazy("Consent can be withdrawn at any time; then the picture is deleted."),
    )


@administrators
def set_photo(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a picture in, with consent."""
    person = get_object_or_404(Person, pk=pk, left_at=None)
    form = Photo(request.POST, request.FILES) if request.method == "POST" else Photo()

    def act(entered: dict[str, Any]) -> str:
        photos.set_photo(person, entered["photo"].file, consent=entered["consent"], by=request.staff)
        return reverse("admin-person", args=[person.pk])

    title = _("Photo of {name}").format(name=person.name)
    return form_page(
        request,
        form,
        act,
        title=title,
        back=_back(person),
        button=_("Keep this photo"),
        done=_("The photo is kept."),
        files=True,
    )


@require_POST
@administrators
def withdraw_photo(request: StaffRequest, pk: int) -> HttpResponse:
    """Consent is withdrawn: the picture is deleted."""
    photos.withdraw_photo(get_object_or_404(Person, pk=pk), by=request.staff)
    return redirect("admin-person", pk=pk)


class Assign(Asked):
    """Which post, from when, on what decision."""

    post = PostField(
        label=gettext_lazy("Post"),
        help_text=gettext_lazy("Type a part of its title or the code of its area."),
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
    """Put this person into a post."""
    person = get_object_or_404(Person, pk=pk, left_at=None)
    form = Assign(request.POST if request.method == "POST" else None, initial={"starts": today()})

    def act(entered: dict[str, Any]) -> str:
        people.assign(
            person,
            entered["post"],
            by=request.staff,
            starts=entered["starts"],
            ends=entered["ends"],
            substitute=entered["substitute"],
            basis=entered["basis"],
        )
        return reverse("admin-person", args=[person.pk])

    title = _("A post for {name}").format(name=person.name)
    return form_page(
        request,
        form,
        act,
        title=title,
        back=_back(person),
        button=_("Assign"),
        done=_("Assigned."),
        fields={"person": "post"},
    )


class Leave(Asked):
    """The day of leaving."""

    on = DayField(label=gettext_lazy("Leaves on"), help_text=gettext_lazy("The first day without work here."))


@administrators
def leave(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody leaves: every assignment ends, the account closes at once, the photo goes."""
    person = get_object_or_404(Person, pk=pk, left_at=None)
    form = Leave(request.POST if request.method == "POST" else None, initial={"on": today()})

    def act(entered: dict[str, Any]) -> str:
        people.leave(person, by=request.staff, on=entered["on"])
        return reverse("admin-person", args=[person.pk])

    return form_page(
        request,
        form,
        act,
        title=_("{name} leaves").format(name=person.name),
        back=_back(person),
        button=_("Leave now"),
        done=_("Left; open work is handed over."),
        stop=True,
        about=_("Every post of theirs ends, open work finds new owners, the account closes, the photo goes."),
    )


@require_GET
@administrators
def find_person(request: StaffRequest) -> HttpResponse:
    """Options for a finder: staff by number or name."""
    text = typed(request)
    found = search(text.split(" ")[0] if text else "")[:MOST_FOUND]
    options = [
        (person.staff_no, f"{person.name} {person.organisation or ''}".strip())
        for person in found.select_related("organisation")
    ]
    return render(request, "parts/options.html", {"options": options})


def _back(person: Person) -> tuple[str, str]:
    return reverse("admin-person", args=[person.pk]), person.name
