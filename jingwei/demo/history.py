"""Sixty days of work in the demo city, played through the actions with a simulated clock.

So its journal verifies. Every case has a small plan: who does what after how long. Plans run interleaved in
the order of time; between them the worker's jobs run, so that clocks run out, effects go out and counts are
folded just as they would have been.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

import shapely
from django.db import transaction

from jingwei.demo import matters, names
from jingwei.demo.building import Built
from jingwei.demo.geography import ANCHOR_GRID
from jingwei.demo.matters import Matter
from jingwei.engine import actions, counting, dispatching, library, ticking
from jingwei.engine.models import Ask, Case
from jingwei.engine.standing import Standing
from jingwei.kernel import files, moments, outbox
from jingwei.kernel.actors import Actor, Party
from jingwei.kernel.calendar import Limit
from jingwei.kernel.calendars import calendar
from jingwei.kernel.models import Attachment
from jingwei.kernel.refusals import Refused
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, Assignment
from jingwei.registry.seats import in_force
from jingwei.registry.staff import Staff, as_staff

_NAMESPACE = UUID("5ce1e7a2-9b1b-4c0e-9d53-0c8f5d2b9911")
MINUTE = timedelta(minutes=1)
#: what pictures show where a matter has nothing to see of its own
_ANY_PLACE = ("corridor", "gate", "fence")

Say = Callable[[int, int], None]
Step = Iterator[timedelta]


@dataclass
class Town:
    """Who works where, looked up once."""

    staff: dict[tuple[str, int], list[Staff]] = field(default_factory=dict)
    handlers: dict[int, list[Staff]] = field(default_factory=dict)
    grids: list[Area] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    pool: dict[tuple[str, bool], Path] = field(default_factory=dict)


def play(
    built: Built,
    *,
    days: int,
    total: int,
    seed: int = 1,
    until: datetime | None = None,
    say: Say = lambda done, of: None,
) -> int:
    """Play the history up to now (or `until`); return how many cases there are."""
    end = until or moments.now()
    chance = names.dice("history", seed)
    town = _town(built)
    first = (end - timedelta(days=days)).date()
    arrivals = [moment for moment in matters.arrivals(chance, first, days + 1, total) if moment < end][:total]
    if not arrivals:
        return 0
    waiting: list[tuple[datetime, int, Step]] = []
    for number, moment in enumerate(arrivals):
        dice = Random(f"{seed}/{number}")  # noqa: S311  (a demo, not a secret)
        heapq.heappush(waiting, (moment, number, _plan(number, town, dice)))
    for number, held in enumerate(HELD, start=len(arrivals)):
        dice = Random(f"{seed}/{number}")  # noqa: S311  (the same)
        heapq.heappush(waiting, (end - held.ago, number, _hold(number, town, dice, held)))
    hour = arrivals[0].replace(minute=0, second=0, microsecond=0)
    begun = 0
    while waiting and waiting[0][0] < end:
        hour += timedelta(hours=1)
        with transaction.atomic():
            begun += _play_until(min(hour, end), waiting)
        _run_jobs(min(hour, end))
        say(min(begun, total), total)
    while hour < end:  # a quiet night still has clocks
        hour += timedelta(hours=1)
        _run_jobs(min(hour, end))
    return Case.objects.count()


def _play_until(hour: datetime, waiting: list[tuple[datetime, int, Step]]) -> int:
    """Let every plan act whose time has come; return how many cases began."""
    begun = 0
    while waiting and waiting[0][0] < hour:
        moment, number, steps = heapq.heappop(waiting)
        fresh = steps.gi_frame is not None and steps.gi_frame.f_lasti < 1  # type: ignore[attr-defined]
        with moments.at(moment):
            try:
                pause = next(steps)
            except (StopIteration, Refused):
                continue  # the plan has ended, or the rules said no: then nothing happens, as in life
        begun += fresh
        heapq.heappush(waiting, (moment + pause, number, steps))
    return begun


def _run_jobs(moment: datetime) -> None:
    with moments.at(moment), transaction.atomic():
        while ticking.tick():
            pass
        while outbox.work_off(at_once=500):
            pass
        while counting.fold():
            pass


# ---------------------------------------------------------------- one case


def _plan(number: int, town: Town, chance: Random) -> Step:
    """The life of one case: yields how long until the next thing happens."""
    grid = chance.choices(town.grids, town.weights)[0]
    matter = matters.matter(chance, grid.code[:12])
    case = _begin(number, town, chance, grid, matter)
    yield _soon(chance, 3, 25)
    if matter.source == "grid_worker" and chance.random() < 0.55:
        _act(case, "settle", _first(town, "grid_worker", grid), {"result": matter.result})
        return
    if chance.random() < 0.05:
        reply = "您反映的情况我们核实了，不属于网格事件受理范围，已把办理渠道告诉您。"
        _act(
            case,
            "reject",
            _owner(case, town),
            {"reject_code": chance.choice(["not_there", "not_ours", "legal_route"]), "reply": reply},
        )
        return
    yield from _file(case, town, chance, grid, matter)
    yield from _dispatch(case, town, chance)
    yield from _handle(case, town, chance, matter)
    yield from _finish(case, town, chance, matter)


def _begin(number: int, town: Town, chance: Random, grid: Area, matter: Matter) -> Case:
    case_id = uuid5(_NAMESPACE, str(number))
    inside = _point_in(grid, chance)
    place = {
        "words": matter.place or "",
        **({"lon": inside[0], "lat": inside[1], "source": "cgcs2000"} if inside else {"area": grid.pk}),
    }
    by: Actor = (
        Party()
        if matter.source == "resident"
        else _first(town, "grid_worker", grid)
        if matter.source == "grid_worker"
        else _desk(town, grid)
    )
    source = (
        matter.source
        if matter.source in ("resident", "grid_worker", "hotline", "transfer", "inspection")
        else "hotline"
    )
    entered: dict[str, Any] = {"description": matter.description, "place": place, "urgency": matter.urgency}
    if matter.photo and chance.random() < 0.6:
        entered["photo"] = [_hang(case_id, town, chance, matter, after=False)]
    if source in ("resident", "hotline") and chance.random() < 0.5:
        entered["reporter_contact"] = names.mobile(number)
    return actions.take_in(case_id, "grid_event", entered, by=by, source=source, bound_to="history").case


def _file(case: Case, town: Town, chance: Random, grid: Area, matter: Matter) -> Step:
    known = {"class": matter.code, "area": grid.pk}
    if matter.source in ("resident", "hotline") and chance.random() < 0.55:
        _act(case, "verify", _owner(case, town), {})
        yield _working(chance, 20, 150, matter)
        _act(
            case,
            "confirm",
            _owner(case, town),
            {**known, "site_photo": [_hang(case.pk, town, chance, matter, after=False)]},
        )
    else:
        _act(case, "file", _owner(case, town), known)
    yield _working(chance, 4, 40, matter)


def _dispatch(case: Case, town: Town, chance: Random) -> Step:
    suggestion = dispatching.suggestion_for(case, "social_governance")
    unit = suggestion.unit if suggestion else next(iter(town.handlers))
    wrong = chance.random() < 0.05
    if wrong:
        unit = chance.choice(list(town.handlers))
    _act(
        case,
        "dispatch",
        _owner(case, town),
        {"lead_unit": unit},
        {"row": suggestion.row} if suggestion and not wrong else {},
    )
    yield _working(chance, 10, 200)
    case.refresh_from_db()
    if wrong and suggestion and case.state == "dispatched":
        entered = {
            "return_code": "not_my_duty",
            "proposed_unit": suggestion.unit,
            "reason": "不属于本单位职责，请改派。",
        }
        question = actions.ask(case, "return", by=_owner(case, town), entered=entered)
        yield _working(chance, 10, 60)
        actions.decide(Ask.objects.get(pk=question.pk), True, by=_seat(case, town, question.decider_role))
        case.refresh_from_db()
        yield _working(chance, 5, 30)
        _act(case, "dispatch", _owner(case, town), {"lead_unit": suggestion.unit}, {"row": suggestion.row})
        yield _working(chance, 10, 120)
    case.refresh_from_db()
    if case.state == "dispatched":  # else nobody signed in time, and it counted as signed
        _act(case, "sign", _owner(case, town), {})
    yield MINUTE


def _handle(case: Case, town: Town, chance: Random, matter: Matter) -> Step:
    case.refresh_from_db()
    luck, in_time = chance.random(), case.next_due is not None and case.next_due > moments.now()
    if luck < 0.04 and in_time and case.next_clock == "handle":
        later = calendar().due(case.next_due or moments.now(), Limit(2, "h"))
        question = actions.ask(
            case,
            "extension",
            by=_owner(case, town),
            entered={"reason": "配件要从外地调，需要多几个小时。", "new_due": later.isoformat()},
        )
        yield _working(chance, 20, 120)
        actions.decide(Ask.objects.get(pk=question.pk), True, by=_seat(case, town, question.decider_role))
        case.refresh_from_db()
    elif luck < 0.055:
        question = actions.ask(
            case,
            "suspension",
            by=_owner(case, town),
            entered={
                "obstacle_code": chance.choice(["weather", "funds", "materials"]),
                "reason": "客观条件不具备，先做好防护。",
            },
        )
        yield _working(chance, 30, 200)
        actions.decide(Ask.objects.get(pk=question.pk), True, by=_seat(case, town, question.decider_role))
        case.refresh_from_db()
        yield timedelta(days=chance.randint(2, 12))
        _act(case, "resume", _owner(case, town), {})
    yield _within_limit(case, chance)
    _act(
        case,
        "feed_back",
        _owner(case, town),
        {
            "result": matter.result,
            "evidence": [
                _hang(case.pk, town, chance, matter, after=True) for _ in range(chance.randint(1, 2))
            ],
        },
    )
    yield _working(chance, 5, 60)


def _finish(case: Case, town: Town, chance: Random, matter: Matter) -> Step:
    _act(case, "send_check", _owner(case, town), {})
    yield _working(chance, 30, 300)
    if chance.random() < 0.07:
        _act(
            case,
            "rework",
            _owner(case, town),
            {
                "reason": "到现场看，问题还没完全解决。",
                "check_photo": [_hang(case.pk, town, chance, matter, after=False)],
            },
        )
        yield _within_limit(case, chance)
        _act(
            case,
            "feed_back",
            _owner(case, town),
            {"result": matter.result, "evidence": [_hang(case.pk, town, chance, matter, after=True)]},
        )
        yield _working(chance, 5, 60)
        _act(case, "send_check", _owner(case, town), {})
        yield _working(chance, 30, 240)
    _act(
        case, "pass", _owner(case, town), {"check_photo": [_hang(case.pk, town, chance, matter, after=True)]}
    )
    yield _working(chance, 10, 120)
    if "reporter_contact" in case.values:
        _act(
            case,
            "contact",
            _seat(case, town, "acceptor"),
            {"reached": "reached", "reply": f"您好！{matter.result}请您看看。"},
        )
        yield _working(chance, 10, 60)
    _act(case, "close", _owner(case, town), {})
    yield timedelta(hours=chance.randint(2, 60))
    yield from _rate(case, town, chance, matter)


def _rate(case: Case, town: Town, chance: Random, matter: Matter) -> Step:
    if case.source != "resident" or chance.random() > 0.45 or not case.ended_at:
        return
    solved = "yes" if chance.random() < matter.solved else chance.choice(["partly", "no"])
    satisfied = "yes" if chance.random() < matter.satisfied else chance.choice(["fair", "no"])
    actions.rate(case, {"solved": solved, "satisfied": satisfied}, by=Party(id=case.reporter))
    if solved == "no" and chance.random() < 0.5:
        yield timedelta(hours=1)
        question = actions.ask(
            case, "reopening", by=Party(id=case.reporter), entered={"reason": "和之前一样，没有解决。"}
        )
        yield _working(chance, 30, 300)
        yield from _reopen(case, town, chance, matter, question)


def _reopen(case: Case, town: Town, chance: Random, matter: Matter, question: Ask) -> Step:
    """The shift leader grants most of what residents ask to have done again."""
    granted = chance.random() < 0.8
    entered = {} if granted else {"reason": "现场复看，问题已经解决。"}
    actions.decide(
        Ask.objects.get(pk=question.pk), granted, by=_seat(case, town, question.decider_role), entered=entered
    )
    if granted:
        yield _within_limit(case, chance)
        _act(
            case,
            "feed_back",
            _owner(case, town),
            {"result": matter.result, "evidence": [_hang(case.pk, town, chance, matter, after=True)]},
        )
        yield _working(chance, 5, 60)
        _act(case, "send_check", _owner(case, town), {})
        yield _working(chance, 30, 240)
        _act(
            case,
            "pass",
            _owner(case, town),
            {"check_photo": [_hang(case.pk, town, chance, matter, after=True)]},
        )
        yield _working(chance, 10, 120)
        _act(case, "close", _owner(case, town), {})


# ---------------------------------------------------------------- what waits for whoever looks in


@dataclass(frozen=True)
class Held:
    """A case around the anchor grid that stops where somebody of the cast has it in hand."""

    ago: timedelta
    shows: str  # what its picture shows
    stops: str  # the state it stops in, or the ask that is open then


#: so that no first page of the cast is empty, and one thing is late
HELD = (
    Held(timedelta(minutes=9), "lamp", "reported"),
    Held(timedelta(minutes=14), "garbage", "reported"),
    Held(timedelta(minutes=40), "manhole", "verifying"),
    Held(timedelta(minutes=70), "corridor", "verifying"),
    Held(timedelta(minutes=26), "puddle", "filed"),
    Held(timedelta(minutes=90), "manhole", "dispatched"),
    Held(timedelta(minutes=35), "pothole", "return"),
    Held(timedelta(hours=4), "manhole", "handling"),
    Held(timedelta(hours=7), "lamp", "handling"),
    Held(timedelta(days=6), "pothole", "handling"),
    Held(timedelta(hours=3), "traffic_light", "suspension"),
    Held(timedelta(hours=2), "lamp", "handled"),
    Held(timedelta(hours=3), "manhole", "checking"),
    Held(timedelta(hours=5), "garbage", "checking"),
    Held(timedelta(hours=26), "lamp", "checked"),
    Held(timedelta(minutes=35), "puddle", "unlocated"),
    Held(timedelta(minutes=90), "pipe", "unlocated"),
)


def _hold(number: int, town: Town, chance: Random, held: Held) -> Step:
    """Play a case, minutes apart, until it lies where it is to lie."""
    grid = next((area for area in town.grids if area.code == ANCHOR_GRID), town.grids[0])
    matter = _showing(held.shows, chance, grid)
    if held.stops == "unlocated":
        entered = {"description": matter.description, "place": {"words": matter.place}}
        case_id = uuid5(_NAMESPACE, str(number))
        actions.take_in(
            case_id, "resident_request", entered, by=Party(), source="resident", bound_to="history"
        )
        return
    case = _begin(number, town, chance, grid, matter)
    for move, entered in _steps(case, town, chance, matter, held.stops):
        yield MINUTE
        if move == held.stops:
            actions.ask(case, move, by=_owner(case, town), entered=entered)
            return
        _act(case, move, _owner(case, town), entered)
        if case.state == held.stops:
            return


def _steps(
    case: Case, town: Town, chance: Random, matter: Matter, stops: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One move after the other, up to the one that leads where the case stops."""
    if stops == "reported":
        return
    if stops == "verifying":
        yield "verify", {}
    yield "file", {"class": matter.code, "area": case.grid}
    suggestion = dispatching.suggestion_for(case, "social_governance")
    unit = suggestion.unit if suggestion else next(iter(town.handlers))
    yield "dispatch", {"lead_unit": unit}
    if stops == "return":
        other = next(one for one in town.handlers if one != unit)
        reason = "现场看是燃气管沟塌陷，请改派。"
        yield stops, {"return_code": "not_my_duty", "proposed_unit": other, "reason": reason}
    yield "sign", {}
    if stops == "suspension":
        yield stops, {"obstacle_code": "materials", "reason": "配件要从外地调，先做好防护。"}
    evidence = [_hang(case.pk, town, chance, matter, after=True)]
    yield "feed_back", {"result": matter.result, "evidence": evidence}
    yield "send_check", {}
    yield "pass", {"check_photo": [_hang(case.pk, town, chance, matter, after=True)]}


def _showing(shows: str, chance: Random, grid: Area) -> Matter:
    """A matter of this grid with a picture of this kind, as a resident tells it."""
    while True:
        matter = matters.matter(chance, grid.code[:12])
        if matter.photo == shows and matter.source == "resident":
            return matter


# ---------------------------------------------------------------- who and when


def _act(
    case: Case, move: str, by: Staff, entered: dict[str, Any], detail: dict[str, Any] | None = None
) -> None:
    case.refresh_from_db()
    actions.move_case(case, move, by=by, entered=entered, detail=detail)


def _owner(case: Case, town: Town) -> Staff:
    """Somebody who sits where the case lies now."""
    case.refresh_from_db()
    if case.owner_unit:
        if case.owner_unit not in town.handlers:
            raise Refused("no-seat")  # the unit's seat is empty: the case waits there, and is late
        return town.handlers[case.owner_unit][0]
    return _seat(case, town, case.owner_role)


def _seat(case: Case, town: Town, role: str) -> Staff:
    """Somebody in the seat of a role for this case, who has not acted in a role that shuts them out."""
    procedure = library.version(case.version_id).procedure
    standing = Standing(case, procedure)
    seat = standing.seat(role)
    if seat is None:
        raise Refused("no-seat")
    for somebody in town.staff.get((seat.role, seat.area or 0), []):
        if role in standing.roles_of(somebody):
            return somebody
    raise Refused("no-seat")


def _first(town: Town, role: str, area: Area) -> Staff:
    found = town.staff.get((role, area.pk))
    if not found:
        raise Refused("no-seat")
    return found[0]


def _desk(town: Town, grid: Area) -> Staff:
    """Who takes a call about a grid: the street's acceptor, else the city's desk."""
    street = next(place.id for place in atlas().up(grid.pk) if place.kind == "street")
    return (
        town.staff.get(("acceptor", street))
        or next(people for (role, _), people in town.staff.items() if role == "intake_desk")
    )[0]


def _soon(chance: Random, low: int, high: int) -> timedelta:
    return timedelta(minutes=chance.uniform(low, high))


def _working(chance: Random, low: int, high: int, matter: Matter | None = None) -> timedelta:
    """So many minutes of working time from now; urgent matters do not wait for the office to open."""
    minutes = int(low + (high - low) * chance.random() ** 2)
    if matter is not None and matter.urgency == "urgent":
        return timedelta(minutes=max(2, minutes // 6))
    now = moments.now()
    return calendar().due(now, Limit(max(1, minutes), "wm")) - now


def _within_limit(case: Case, chance: Random) -> timedelta:
    """Mostly within the limit, sometimes a little, rarely far beyond it; during working hours."""
    now = moments.now()
    due = case.next_due if case.next_due and case.next_due > now else now + timedelta(hours=6)
    share = chance.betavariate(2, 2.2) * 0.97 if chance.random() < 0.93 else chance.uniform(1.02, 1.9)
    then = now + (due - now) * share
    if calendar().working_minutes(then, then + MINUTE):
        return then - now
    before = calendar().due(then, Limit(1 + chance.randint(1, 30), "wm"))
    return (before if before < due or share > 1 else now + (due - now) * 0.9) - now


# ---------------------------------------------------------------- the town


def _town(built: Built) -> Town:
    town = Town()
    rows = (
        Assignment.objects.filter(in_force())
        .select_related("person", "post__area", "post__organisation")
        .order_by("post_id", "pk")
    )
    for row in rows:
        somebody = as_staff(row)
        if somebody.area:
            town.staff.setdefault((somebody.role, somebody.area), []).append(somebody)
        elif somebody.organisation and somebody.role == "handler":
            town.handlers.setdefault(somebody.organisation, []).append(somebody)
    covered = {key[1] for key in town.staff if key[0] == "grid_worker"}
    town.grids = [area for area in built.areas.values() if area.kind == "grid" and area.pk in covered]
    town.weights = [float(area.population or 1) for area in town.grids]
    town.pool = _draw_pool()
    return town


def _draw_pool() -> dict[tuple[str, bool], Path]:
    """Draw each kind of photo, before and after; the history's pictures are links to these files."""
    folder = files.folder_of(UUID(int=0)).parent / "pool"
    folder.mkdir(parents=True, exist_ok=True)
    pool: dict[tuple[str, bool], Path] = {}
    for kind in matters.PHOTO_KINDS:
        for after in (False, True):
            file = folder / f"{kind}-{'after' if after else 'before'}.jpg"
            file.write_bytes(matters.draw_photo(kind, 7, after=after))
            pool[kind, after] = file
    return pool


def _hang(case: UUID, town: Town, chance: Random, matter: Matter, *, after: bool) -> str:
    """Give the case a picture of its matter from the pool, as if it had been taken."""
    shows = matter.photo or matters.photo_of(matter.code) or chance.choice(_ANY_PLACE)
    source = town.pool[shows, after]
    row = Attachment(
        id=uuid5(case, str(chance.random())),
        case=case,
        kind="picture",
        digest=os.urandom(32),
        media_type="image/jpeg",
        size=source.stat().st_size,
        width=640,
        height=480,
        added_at=moments.now(),
    )
    for small in (False, True):
        target = files.path_of(row, small=small)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    row.save(force_insert=True)
    return str(row.pk)


def _point_in(grid: Area, chance: Random) -> tuple[float, float] | None:
    """A point inside a grid's border."""
    if grid.border is None:
        return None
    border = shapely.from_wkb(bytes(grid.border))
    west, south, east, north = border.bounds
    for _ in range(20):
        lon, lat = round(chance.uniform(west, east), 6), round(chance.uniform(south, north), 6)
        if border.contains(shapely.Point(lon, lat)):
            return lon, lat
    return None
