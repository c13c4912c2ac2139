"""How the clocks of a case turn when something happens to it.

Works on rows in memory; who calls it saves them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import partial

from jingwei.engine.definition import ClockRule, Procedure
from jingwei.engine.models import CaseClock
from jingwei.kernel.calendar import Calendar, Limit
from jingwei.kernel.rows import new

Standards = dict[str, dict[str, str]]

_new_row = partial(new, CaseClock)


@dataclass
class Clocks:
    """The clocks of one case.

    `ended` lists the runs that ended in this change with a verdict to be counted.
    """

    procedure: Procedure
    calendar: Calendar
    urgency: str
    standards: Standards
    rows: list[CaseClock]
    there: Collection[str] = ()  # names of the fields that have a value: a clock may wait for one
    new_row: Callable[..., CaseClock] = _new_row
    touched: set[int] = field(default_factory=set)  # id() of rows to be saved
    ended: list[CaseClock] = field(default_factory=list)

    def turn(
        self,
        before: str,
        after: str,
        *,
        at: datetime,
        move: str = "",
        moved_at: Callable[[str], datetime | None] = lambda _: None,
    ) -> None:
        """Let every clock feel the step from one state to another (`before` is empty at the beginning)."""
        final = self.procedure.is_final(after)
        for name, rule in self.procedure.clocks.items():
            self._leave(name, rule, before, after, final=final, at=at)
            if move in rule.ends and (running := self._active(name)):
                self._end(running, at=at)
        late = any(verdict(clock) == "late" for clock in self.ended)
        if not final:
            for name, rule in self.procedure.clocks.items():
                self._enter(name, rule, before, after, at=at, move=move, late=late, moved_at=moved_at)

    def restart(self, case_state: str, name: str, *, share: Fraction, at: datetime) -> None:
        """End the run and begin anew with a share of the original limit.

        Where the clock waits for a move, it waits for it again.
        """
        rule = self.procedure.clocks[name]
        if running := self._active(name):
            running.status, running.ended_at = "ended", at
            self.touched.add(id(running))
        if case_state in rule.while_ and self._may_run(rule):
            self._start(name, rule, at=at, share=share)

    def extend(self, name: str, to: datetime) -> None:
        """Move a running clock's due time on."""
        if running := self._active(name):
            running.due_at, running.late_noted_at = to, None
            self.touched.add(id(running))

    def recompute(self, *, urgency: str, standards: Standards) -> None:
        """Urgency or class were corrected.

        Running clocks take the limit they would have had, from when they started.
        """
        self.urgency, self.standards = urgency, standards
        for name, rule in self.procedure.clocks.items():
            running = self._active(name)
            if running is None:
                continue
            limit = rule.limit.of(urgency, standards)
            if str(limit) != running.limit:
                running.limit, running.due_at = str(limit), self.calendar.due(running.started_at, limit)
                running.late_noted_at = None
                self.touched.add(id(running))

    def hold(self, *, at: datetime) -> None:
        """Let every running clock stand still (the case follows another)."""
        for clock in self.rows:
            if clock.status == "running":
                self._pause(clock, at=at)

    def let_go(self, *, at: datetime, state: str) -> None:
        """Let the clocks of a state go on again."""
        for clock in self.rows:
            rule = self.procedure.clocks[clock.name]
            if clock.status == "paused" and (
                state in rule.while_ if rule.while_ else state not in rule.pauses_in
            ):
                self._resume(clock, at=at)

    def next_due(self) -> tuple[datetime | None, str]:
        """The earliest due time of a running clock, and its name."""
        running = [(clock.due_at, clock.name) for clock in self.rows if clock.status == "running"]
        return min(running) if running else (None, "")

    def alarm(self) -> datetime | None:
        """When the worker must look next: the earliest due time that was not noted as late yet."""
        return min(
            (c.due_at for c in self.rows if c.status == "running" and c.late_noted_at is None), default=None
        )

    def _leave(
        self, name: str, rule: ClockRule, before: str, after: str, *, final: bool, at: datetime
    ) -> None:
        running = self._active(name)
        if running is None:
            return
        if final:
            self._end(running, at=at)
        elif rule.while_ and before in rule.while_ and after not in rule.while_:
            if rule.leaving == "pause":
                self._pause(running, at=at)
            else:
                self._end(running, at=at)
        elif after in rule.pauses_in and running.status == "running":
            self._pause(running, at=at)

    def _enter(
        self, name: str, rule: ClockRule, before: str, after: str, *, at: datetime, move: str, late: bool,
        moved_at: Callable[[str], datetime | None],
    ) -> None:  # fmt: skip
        active = self._active(name)
        if active is not None:
            goes_on = after in rule.while_ if rule.while_ else after not in rule.pauses_in
            if active.status == "paused" and goes_on:
                self._resume(active, at=at)
            return
        if not self._may_run(rule):
            return
        if rule.starts is None:
            fresh = not any(clock.name == name for clock in self.rows)
            if after in rule.while_ and before not in rule.while_ and (fresh or rule.leaving != "stop"):
                self._start(name, rule, at=at)
        elif rule.starts.entering == after and before != after:
            self._start(name, rule, at=at)
        elif rule.starts.at and rule.starts.at == move:
            earlier = moved_at(rule.starts.if_late) if late and rule.starts.if_late else None
            self._start(name, rule, at=earlier or at)

    def _start(self, name: str, rule: ClockRule, *, at: datetime, share: Fraction = Fraction(1)) -> None:
        limit = rule.limit.of(self.urgency, self.standards)
        if share != 1:
            limit = limit.times(share)
        due = self.calendar.due(at, limit)
        run = 1 + max((clock.run for clock in self.rows if clock.name == name), default=0)
        clock = self.new_row(
            name=name,
            run=run,
            status="running",
            limit=str(limit),
            started_at=at,
            due_at=due,
            certain=self.calendar.is_certain(at, due),
        )
        self.rows.append(clock)
        self.touched.add(id(clock))

    def _pause(self, clock: CaseClock, *, at: datetime) -> None:
        clock.status, clock.paused_at = "paused", at
        self.touched.add(id(clock))

    def _resume(self, clock: CaseClock, *, at: datetime) -> None:
        assert clock.paused_at is not None  # noqa: S101  (a paused clock knows since when)
        clock.due_at = self.calendar.shift(clock.due_at, Limit.parse(clock.limit).unit, clock.paused_at, at)
        clock.status, clock.paused_at = "running", None
        self.touched.add(id(clock))

    def _end(self, clock: CaseClock, *, at: datetime) -> None:
        """A clock that stood paused ended when it was paused: what came after was somebody else's time."""
        clock.ended_at = clock.paused_at if clock.status == "paused" else at
        clock.status = "ended"
        self.touched.add(id(clock))
        self.ended.append(clock)

    def _may_run(self, rule: ClockRule) -> bool:
        """Are the values there that the clock is about?

        Nobody has to answer a reporter who left no number within a day.
        """
        return all(name in self.there for name in rule.has)

    def _active(self, name: str) -> CaseClock | None:
        return next((clock for clock in self.rows if clock.name == name and clock.status != "ended"), None)


def verdict(clock: CaseClock) -> str:
    """`on_time` or `late`, of a run that has ended. What was noted as late stays late."""
    in_time = clock.late_noted_at is None and clock.ended_at is not None and clock.ended_at <= clock.due_at
    return "on_time" if in_time else "late"
