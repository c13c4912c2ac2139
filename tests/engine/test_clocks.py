"""How the clocks of a case turn, on rows in memory: when they start, stand still, go on, begin anew, end.

And what is due next.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingwei.engine.clocks import Clocks, verdict
from jingwei.engine.definition import Procedure
from jingwei.engine.models import CaseClock
from jingwei.kernel.calendar import Calendar

CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), published=frozenset({2026}))
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai

DEFAULTS = {
    "level": "L0",
    "purpose": "try it",
    "basis": "statutory_duty",
    "keep": "1y after end",
    "seen_by": "participants",
}
STATES = {
    "new": "new",
    "sent": "active",
    "work": "active",
    "check": "active",
    "rest": "waiting",
    "done": "done",
}


def a_procedure(**clocks: object) -> Procedure:
    """A procedure in which every state leads to every other, with these clocks."""
    return Procedure.model_validate(
        {
            "procedure": "tried", "version": "1", "number": "AA", "classes": "social_governance",
            "sources": ["resident"],
            "intake": {}, "roles": {"desk": {"post": "acceptor", "at": "street"}},
            "fields": {"defaults": DEFAULTS, "phone": {"type": "phone"}},
            "states": {name: {"kind": kind, "owner": "desk"} for name, kind in STATES.items()},
            "moves": {f"to_{name}": {"from": "any_open", "to": name, "who": "desk"} for name in STATES} | {
                "call": {"from": "any_open", "to": "same", "who": "desk"},
                "reopen": {"from": "done", "to": "work", "who": "desk"}},
            "clocks": clocks,
        }
    )  # fmt: skip


class Told:
    """A case that goes from state to state, an hour apart unless said otherwise."""

    def __init__(self, urgency: str = "normal", there: tuple[str, ...] = (), **rules: Any) -> None:
        self.state, self.at = "", MONDAY
        self.procedure = a_procedure(**rules)
        self.rows: list[CaseClock] = []
        self.urgency, self.there = urgency, there
        self.standards = {"handle": {"urgent": "2h", "normal": "2wd"}, "total": {"normal": "5d"}}
        self.moved: dict[str, datetime] = {}
        self.go("new")

    def clocks(self) -> Clocks:
        return Clocks(self.procedure, CALENDAR, self.urgency, self.standards, self.rows, self.there)

    def go(self, to: str, *, after: timedelta = timedelta(0), move: str = "") -> Clocks:
        self.at += after
        clocks, move = self.clocks(), move or f"to_{to}"
        clocks.turn(self.state, to, at=self.at, move=move, moved_at=self.moved.get)
        self.state, self.rows = to, clocks.rows
        self.moved[move] = self.at
        return clocks

    def of(self, name: str) -> CaseClock:
        """The latest run of a clock."""
        return max((row for row in self.rows if row.name == name), key=lambda row: row.run)

    def runs(self, name: str) -> int:
        return sum(row.name == name for row in self.rows)


HOUR = timedelta(hours=1)


def test_a_clock_starts_with_its_state_and_its_limit_by_urgency() -> None:
    rule = {"while": "new", "limit": {"urgent": "10m", "normal": "30wm"}}
    normal, urgent = Told(accept=rule), Told("urgent", accept=rule)
    assert (normal.of("accept").status, normal.of("accept").limit) == ("running", "30wm")
    assert normal.of("accept").due_at == MONDAY + timedelta(minutes=30)
    assert urgent.of("accept").due_at == MONDAY + timedelta(minutes=10)
    assert normal.of("accept").certain


def test_the_limit_of_a_standard_is_the_class_s_own() -> None:
    told = Told(
        handle={"while": "new", "limit": "standard"}, total={"while": "new", "limit": "standard.total"}
    )
    assert (told.of("handle").limit, told.of("total").limit) == ("2wd", "5d")
    urgent = Told(
        "urgent",
        handle={"while": "new", "limit": "standard"},
        total={"while": "new", "limit": "standard.total"},
    )
    assert (urgent.of("handle").limit, urgent.of("total").limit) == (
        "2h",
        "5d",
    )  # no urgent total: the normal one
    told.standards = {}
    told.go("work")
    told.go("new")
    unclassed = Told(handle={"while": "work", "limit": "standard"})
    unclassed.standards = {}
    unclassed.go("work")
    assert unclassed.of("handle").limit == "5wd"


@pytest.mark.parametrize(
    ("leaving", "status", "runs_after"), [("pause", "paused", 1), ("stop", "ended", 1), ("reset", "ended", 2)]
)
def test_leaving_its_states_pauses_stops_or_resets_a_clock(
    leaving: str, status: str, runs_after: int
) -> None:
    told = Told(handle={"while": "work", "limit": "8h", "leaving": leaving})
    told.go("work")
    due = told.of("handle").due_at
    told.go("check", after=2 * HOUR)
    assert told.of("handle").status == status
    told.go("work", after=3 * HOUR)
    assert told.runs("handle") == runs_after
    if leaving == "pause":
        assert (told.of("handle").status, told.of("handle").due_at) == ("running", due + 3 * HOUR)
    if leaving == "stop":
        assert told.of("handle").status == "ended"
    if leaving == "reset":
        assert told.of("handle").due_at == told.at + 8 * HOUR


def test_a_clock_goes_on_from_one_of_its_states_to_another() -> None:
    told = Told(handle={"while": ["sent", "work"], "limit": "8h"})
    told.go("sent")
    due = told.of("handle").due_at
    told.go("work", after=2 * HOUR)
    assert (told.of("handle").status, told.of("handle").due_at, told.runs("handle")) == ("running", due, 1)


def test_a_clock_that_starts_at_a_move_waits_for_it_and_goes_back_when_it_came_late() -> None:
    rules: dict[str, Any] = {
        "sign": {"while": "sent", "limit": "4h", "leaving": "reset"},
        "handle": {
            "while": ["sent", "work"],
            "starts": {"at": "to_work", "if_late": "to_sent"},
            "limit": "8h",
        },
    }
    in_time, late = Told(**rules), Told(**rules)
    for told, after in ((in_time, 3 * HOUR), (late, 5 * HOUR)):
        told.go("sent")
        assert told.runs("handle") == 0
        sent_at = told.at
        told.go("work", after=after)
        started = told.of("handle").started_at
        assert started == (told.at if told is in_time else sent_at)
        assert told.of("handle").due_at == started + 8 * HOUR
    assert [verdict(told.of("sign")) for told in (in_time, late)] == ["on_time", "late"]


def test_a_clock_without_states_runs_from_entering_one_to_the_end_and_pauses_where_it_says() -> None:
    told = Told(total={"starts": {"entering": "sent"}, "ends": "final", "pauses_in": "rest", "limit": "5d"})
    told.go("work")
    assert told.runs("total") == 0
    told.go("sent")
    due = told.of("total").due_at
    told.go("work", after=HOUR)
    assert told.of("total").status == "running"
    told.go("rest", after=HOUR)
    assert told.of("total").status == "paused"
    told.go("check", after=timedelta(days=3))
    assert told.of("total").due_at == due + timedelta(days=3)
    told.go("done", after=HOUR)
    assert (told.of("total").status, verdict(told.of("total"))) == ("ended", "on_time")
    told.go("work", move="reopen")
    assert told.runs("total") == 1  # only entering `sent` begins it


def test_a_clock_ends_with_the_move_it_names_and_is_late_after_its_limit() -> None:
    rule = {
        "while": ["sent", "work"],
        "starts": {"entering": "sent"},
        "ends": "call",
        "limit": "2h",
        "leaving": "pause",
    }
    in_time, late = Told(respond=rule), Told(respond=rule)
    for told, after in ((in_time, HOUR), (late, 3 * HOUR)):
        told.go("sent")
        told.go("work", after=after / 2)
        clocks = told.go("work", after=after / 2, move="call")
        assert told.of("respond").status == "ended"
        assert clocks.ended == [told.of("respond")]
        told.go("check")
        told.go("work")
        assert told.runs("respond") == 1  # coming back is not entering `sent`
    assert [verdict(told.of("respond")) for told in (in_time, late)] == ["on_time", "late"]
    in_time.go("sent")
    assert in_time.runs("respond") == 2


def test_a_clock_that_waits_for_a_value_runs_only_where_it_is() -> None:
    rule = {"while": "work", "has": "phone", "limit": "2h"}
    without, with_phone = Told(respond=rule), Told(there=("phone",), respond=rule)
    for told in (without, with_phone):
        told.go("work")
    assert (without.runs("respond"), with_phone.runs("respond")) == (0, 1)
    clocks = without.clocks()
    clocks.restart("work", "respond", share=Fraction(1), at=without.at)
    assert clocks.rows == []


def test_a_restart_ends_the_run_without_a_verdict_and_takes_a_share_of_the_limit() -> None:
    told = Told(handle={"while": "work", "limit": "3wd"})
    told.go("work")
    clocks = told.clocks()
    clocks.restart("work", "handle", share=Fraction(1, 2), at=told.at + HOUR)
    first, second = clocks.rows
    assert (first.status, second.status, second.limit, second.run) == (
        "ended",
        "running",
        "2wd",
        2,
    )  # whole days, rounded up
    assert clocks.ended == []
    clocks = told.clocks()
    clocks.restart("sent", "handle", share=Fraction(1), at=told.at)
    assert [row.status for row in clocks.rows] == ["ended", "ended"]  # outside its states it waits


def test_an_extension_moves_the_due_time_and_forgets_that_it_was_late() -> None:
    told = Told(handle={"while": "work", "limit": "8h"})
    told.go("work")
    told.of("handle").late_noted_at = told.at
    clocks, to = told.clocks(), told.at + 40 * HOUR
    clocks.extend("handle", to)
    assert (told.of("handle").due_at, told.of("handle").late_noted_at) == (to, None)
    clocks.extend("nothing", to)  # no such run: nothing to move


def test_a_correction_gives_the_limit_the_clock_would_have_had_from_its_start() -> None:
    told = Told(handle={"while": "work", "limit": "standard"}, accept={"while": "work", "limit": "1h"})
    told.go("work", after=HOUR)
    clocks = told.clocks()
    clocks.recompute(urgency="urgent", standards=told.standards)
    assert (told.of("handle").limit, told.of("handle").due_at) == ("2h", told.at + 2 * HOUR)
    assert told.of("handle").started_at == told.at
    assert {
        id(row) for row in clocks.rows if row.name == "handle"
    } == clocks.touched  # the other limit did not change


def test_clocks_stand_still_while_a_case_follows_another_and_go_on_afterwards() -> None:
    told = Told(
        accept={"while": "new", "limit": "2h"},
        total={"starts": {"entering": "new"}, "pauses_in": "rest", "limit": "5d"},
    )
    clocks = told.clocks()
    clocks.hold(at=MONDAY + HOUR)
    assert {row.status for row in clocks.rows} == {"paused"}
    assert clocks.next_due() == (None, "")
    assert clocks.alarm() is None
    clocks.let_go(at=MONDAY + 4 * HOUR, state="new")
    assert {row.status for row in clocks.rows} == {"running"}
    assert told.of("accept").due_at == MONDAY + 5 * HOUR


def test_letting_go_does_not_wake_a_clock_of_another_state() -> None:
    told = Told(
        handle={"while": "work", "limit": "2h"},
        total={"starts": {"entering": "new"}, "pauses_in": "rest", "limit": "5d"},
    )
    told.go("work")
    told.go("rest", after=HOUR)
    clocks = told.clocks()
    clocks.let_go(at=MONDAY + 4 * HOUR, state="rest")
    assert [told.of(name).status for name in ("handle", "total")] == ["paused", "paused"]


def test_what_is_due_next_is_the_earliest_running_clock_and_the_alarm_forgets_what_was_noted() -> None:
    told = Told(short={"while": "new", "limit": "1h"}, long={"while": "new", "limit": "8h"})
    assert told.clocks().next_due() == (MONDAY + HOUR, "short")
    assert told.clocks().alarm() == MONDAY + HOUR
    told.of("short").late_noted_at = MONDAY + HOUR
    assert told.clocks().next_due() == (MONDAY + HOUR, "short")  # still the nearest, and past
    assert told.clocks().alarm() == MONDAY + 8 * HOUR


def test_a_run_noted_as_late_stays_late_and_a_paused_one_ended_when_it_was_paused() -> None:
    told = Told(handle={"while": "work", "limit": "2h"})
    told.go("work")
    told.go("check", after=HOUR)
    told.go("done", after=30 * HOUR)
    assert told.of("handle").ended_at == MONDAY + HOUR
    assert verdict(told.of("handle")) == "on_time"
    told.of("handle").late_noted_at = MONDAY + HOUR
    assert verdict(told.of("handle")) == "late"


def test_a_year_without_published_holidays_is_marked_uncertain() -> None:
    told = Told(handle={"while": "work", "limit": "60d"})
    told.go("work")
    assert told.of("handle").certain is False


EVERY_KIND: dict[str, Any] = {
    "plain": {"while": ["sent", "work"], "limit": "8h"},
    "reset": {"while": "check", "limit": "8h", "leaving": "reset"},
    "once": {"while": "work", "limit": "8h", "leaving": "stop"},
    "moved": {"while": ["sent", "work"], "starts": {"at": "to_work", "if_late": "to_sent"}, "limit": "8h"},
    "called": {"while": ["sent", "work"], "starts": {"entering": "sent"}, "ends": "call", "limit": "8h"},
    "whole": {"starts": {"entering": "sent"}, "ends": "final", "pauses_in": "rest", "limit": "8h"},
    "phoned": {"while": "work", "has": "phone", "limit": "8h"},
}
STEP = st.tuples(st.sampled_from([*STATES, "call", "restart", "hold", "let_go"]), st.integers(0, 30))


@given(st.lists(STEP, max_size=25), st.sampled_from([(), ("phone",)]))
def test_whatever_happens_clocks_keep_their_promises(
    steps: list[tuple[str, int]], there: tuple[str, ...]
) -> None:
    told = Told(there=there, **EVERY_KIND)
    stood: dict[int, timedelta] = {}  # how long each run has stood still
    for what, hours in steps:
        told.at += hours * HOUR
        paused = {id(row): row.paused_at for row in told.rows if row.status == "paused"}
        if what in STATES:
            told.go(what, move="reopen" if (told.state, what) == ("done", "work") else "")
        elif what == "call":
            told.go(told.state, move="call")
        else:
            clocks = told.clocks()
            if what == "restart":
                clocks.restart(told.state, "plain", share=Fraction(1, 2), at=told.at)
            elif what == "hold" and told.state != "done":
                clocks.hold(at=told.at)
            elif what == "let_go":
                clocks.let_go(at=told.at, state=told.state)
            told.rows = clocks.rows
        for row in told.rows:
            if row.status == "running" and (since := paused.get(id(row))):
                stood[id(row)] = stood.get(id(row), timedelta(0)) + told.at - since
        for name, rule in told.procedure.clocks.items():
            runs = [row for row in told.rows if row.name == name]
            active = [row for row in runs if row.status != "ended"]
            assert [row.run for row in runs] == list(range(1, len(runs) + 1))
            assert active in ([], runs[-1:]), "only the latest run is active"
            assert all((row.paused_at is not None) == (row.status == "paused") for row in active)
            assert all(
                row.ended_at is not None and row.ended_at >= row.started_at
                for row in runs
                if row not in active
            )
            if told.state == "done":
                assert not active, "at the end nothing runs"
            for row in active:
                if row.status == "running":
                    inside = told.state in rule.while_ if rule.while_ else told.state not in rule.pauses_in
                    assert inside, f"{name} runs in {told.state}"
                assert row.started_at <= told.at
                limit = 8 * HOUR if row.limit == "8h" else 4 * HOUR
                assert row.due_at == row.started_at + limit + stood.get(id(row), timedelta(0)), (
                    "pauses and nothing else"
                )
        if "phone" not in there:
            assert told.runs("phoned") == 0
        assert told.runs("once") <= 1
        running = [row.due_at for row in told.rows if row.status == "running"]
        assert told.clocks().next_due()[0] == min(running, default=None)
