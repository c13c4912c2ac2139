"""Staff from tables: a card, and the post somebody sits in. One person may have several rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from jingwei.kernel import accounts, outbox
from jingwei.kernel.models import Account, OutboxRow
from jingwei.kernel.moments import now, today
from jingwei.kernel.tables.reading import Column, Row
from jingwei.registry import logins
from jingwei.registry.imports.plan import Activation, Plan, Reading, Writing
from jingwei.registry.imports.posts import Key, PostPlan
from jingwei.registry.imports.units import UnitPlan
from jingwei.registry.models import Assignment, Organisation, Person, Post
from jingwei.registry.seats import in_force

STAFF = (
    Column("staff_no", ("工号", "人员编号", "员工编号", "staff_no"), kind="code", required=True),
    Column("name", ("姓名", "name"), width=60, required=True),
    Column(
        "work_phone",
        ("工作电话", "办公电话", "手机", "手机号", "联系电话", "电话", "work_phone"),
        kind="phone",
    ),
    Column("organisation", ("所在单位编码", "单位编码", "组织编码", "organisation_code"), kind="code"),
    Column("role", ("岗位", "岗位类型", "角色", "role"), width=40),
    Column("area", ("岗位区划编码", "区划编码", "网格编码", "area_code"), kind="code"),
    Column("seat_unit", ("岗位单位编码", "seat_organisation_code"), kind="code"),
    Column("title", ("岗位名称", "title"), width=80),
    Column("starts", ("起始日期", "任职日期", "上岗日期", "starts"), kind="date"),
    Column("ends", ("截止日期", "离岗日期", "ends"), kind="date"),
    Column("substitute", ("临时顶岗", "顶岗", "substitute"), kind="boolean"),
    Column("login", ("登录名", "账号", "login"), width=40),
)
LONGEST_NO = 24


@dataclass
class _Card:
    """A person, found or new, with what the file says otherwise."""

    line: int
    reading: Reading
    person: Person
    is_new: bool
    said: dict[str, Any]
    new: dict[str, Any] = field(default_factory=dict)
    login: str = ""

    @property
    def ok(self) -> bool:
        return not self.reading.is_wrong(self.line)


@dataclass(frozen=True, slots=True)
class _Sitting:
    """Somebody in a post, from a day until the day after the last; of the file or of before."""

    person: str
    starts: date
    ends: date | None
    substitute: bool
    line: int = 0
    row: Assignment | None = None

    def overlaps(self, starts: date, ends: date | None) -> bool:
        return (self.ends is None or self.ends > starts) and (ends is None or self.starts < ends)


class StaffPlan:
    """The people of a file and where they sit."""

    def __init__(self, plan: Plan, units: UnitPlan, posts: PostPlan, *, open_accounts: bool) -> None:
        self.plan, self.units, self.posts, self.open_accounts = plan, units, posts, open_accounts
        people = list(Person.objects.order_by("pk"))
        self.known = {person.staff_no: person for person in people}
        self.cards: dict[str, _Card] = {}
        numbers = {person.pk: person.staff_no for person in people}
        self.sitting: dict[int, list[_Sitting]] = {}  # by the identity of the post
        rows: dict[int, list[Assignment]] = {}
        for row in Assignment.objects.exclude(ends__lte=today()).order_by("pk"):
            rows.setdefault(row.post_id, []).append(row)
        for posts_here in posts.at.values():
            for post in posts_here:
                self.sitting[id(post)] = [
                    _Sitting(numbers[r.person_id], r.starts, r.ends, r.substitute, row=r)
                    for r in rows.get(post.pk, [])
                ]
        self.assigned: list[tuple[Reading, str, Post, _Sitting]] = []
        self.ended: list[tuple[int, Assignment, date]] = []

    # ------------------------------------------------------------ judging

    def judge(self, reading: Reading) -> None:
        """Judge the rows of a sheet, one after the other."""
        for row in reading.rows:
            card = self._card_of(reading, row)
            if card is not None and row.values["role"]:
                self._seat(reading, row)
            elif card is not None and (row.values["starts"] or row.values["ends"]):
                reading.wrong(row.line, "role", "dates-without-post")

    def _card_of(self, reading: Reading, row: Row) -> _Card | None:
        """The person of a row; what rows say about one person must agree."""
        said: Mapping[str, Any] = row.values
        number = said["staff_no"]
        if len(number) > LONGEST_NO:
            reading.wrong(row.line, "staff_no", "text-too-long", length=len(number), most=LONGEST_NO)
        if said["organisation"] and self.units.find(said["organisation"]) is None:
            code, params = self.units.why_not(said["organisation"])
            reading.wrong(row.line, "organisation", code, **params)
        there = self.known.get(number)
        if there is not None and there.left_at is not None and there.left_at <= today():
            reading.wrong(row.line, "staff_no", "person-left", code=number)
        first = self.cards.get(number)
        if first is not None and first.said["name"] != said["name"]:
            where = {"code": number, "first": first.line, "name": first.said["name"]}
            reading.wrong(row.line, "name", "person-differs", **where)
        if reading.is_wrong(row.line):
            return None
        facts = {
            name: said[name] for name in ("name", "work_phone", "organisation") if said[name] is not None
        }
        if first is None or not first.ok:
            person = there or Person(staff_no=number, name=said["name"])
            first = self.cards[number] = _Card(row.line, reading, person, there is None, facts)
        else:
            first.said = {**facts, **first.said}
        if said["login"] and not first.login:
            first.login = said["login"]
        return first

    def _seat(self, reading: Reading, row: Row) -> None:
        """Put the person of a row into its post, or say why not."""
        said: Mapping[str, Any] = row.values
        number, starts, ends = said["staff_no"], said["starts"] or today(), said["ends"]
        unit = "seat_unit" if said["seat_unit"] else "organisation"
        key = self.posts.key(reading, row, area="area", unit=unit)
        if key is None:
            return
        if ends is not None and ends <= starts:
            reading.wrong(row.line, "ends", "ends-before-start", starts=starts, ends=ends)
            return
        post = self._post_of(reading, row, key, starts, ends)
        if post is None:
            return
        here = self.sitting.setdefault(id(post), [])
        count = self.plan.count("assignment")
        substitute = bool(said["substitute"])
        overlapping = [one for one in here if one.overlaps(starts, ends)]
        mine = next((one for one in overlapping if one.person == number), None)
        if mine is not None and mine.row is not None:
            if ends is not None and ends != mine.row.ends and ends >= mine.row.starts:
                self.ended.append((row.line, mine.row, ends))
                count.changed += 1
            else:
                count.left += 1
        elif mine is not None:
            reading.wrong(row.line, "role", "twice-in-post", first=mine.line)
        elif post.exclusive and any(one.substitute == substitute for one in overlapping):
            reading.wrong(row.line, "role", "seat-taken")
        else:
            one = _Sitting(number, starts, ends, substitute, row.line)
            here.append(one)
            self.assigned.append((reading, number, post, one))

    def _post_of(self, reading: Reading, row: Row, key: Key, starts: date, ends: date | None) -> Post | None:
        """The post a row means: by its title, else a vacant one, else the first; a new one where none is."""
        there, title = self.posts.at.get(key, []), row.values["title"]
        if title:
            named = next((post for post in there if post.title == title), None)
            return named or self.posts.add(row.line, key, str(title))
        if not there:
            return self.posts.add(row.line, key, "")
        mine = row.values["staff_no"]
        held = {
            id(post): [s for s in self.sitting.get(id(post), []) if s.overlaps(starts, ends)]
            for post in there
        }
        sits = next((post for post in there if any(s.person == mine for s in held[id(post)])), None)
        return sits or next((post for post in there if not held[id(post)]), there[0])

    def _settle(self, card: _Card) -> None:
        """What the file says of a person otherwise than the system."""
        said = dict(card.said)
        unit: Organisation | None = (
            self.units.find(str(said.pop("organisation"))) if "organisation" in said else None
        )
        count = self.plan.count("person")
        if card.is_new:
            for name, value in said.items():
                setattr(card.person, name, value)
            card.person.organisation = unit
            count.made += 1
            return
        card.new = {name: value for name, value in said.items() if value != getattr(card.person, name)}
        if unit is not None and (unit.pk is None or unit.pk != card.person.organisation_id):
            card.new["organisation"] = unit
        count.changed += bool(card.new)
        count.left += not card.new

    # ------------------------------------------------------------ writing

    def plan_writing(self) -> None:
        """Once every row was judged: plan posts, cards, assignments, hand-overs and accounts."""
        logins_of = self._judge_accounts() if self.open_accounts else []
        good = [card for card in self.cards.values() if card.ok]
        for card in good:
            self._settle(card)
        seated = [entry for entry in self.assigned if self._may_sit(*entry)]
        made = sum(self.posts.confirm(post) for _, _, post, _ in seated)
        if made:
            self.plan.note("posts-made", n=made)
        if seated:
            self.plan.count("assignment").made += len(seated)
        self.posts.plan_writing()
        self._plan_steps(good, seated)
        opened = [(card, login) for card, login in logins_of if card.ok]
        if opened:
            self.plan.count("account").made += len(opened)
            self.plan.steps.append(lambda writing: self._write_accounts(writing, opened))

    def _may_sit(self, reading: Reading, number: str, post: Post, one: _Sitting) -> bool:
        card = self.cards[number]
        if not card.ok and not reading.is_wrong(one.line):
            reading.wrong(one.line, "staff_no", "person-failed", code=number, first=card.line)
        return card.ok and not reading.is_wrong(one.line)

    def _plan_steps(self, good: list[_Card], seated: list[tuple[Reading, str, Post, _Sitting]]) -> None:
        new, changed = [card for card in good if card.is_new], [card for card in good if card.new]
        if new:
            self.plan.steps.append(lambda writing: _write_new(writing, new))
        if changed:
            self.plan.steps.append(lambda writing: _write_changes(writing, changed))
        if seated:
            self.plan.steps.append(lambda writing: self._write_assignments(writing, seated))
        if self.ended:
            self.plan.steps.append(lambda writing: _write_ends(writing, self.ended))

    def _write_assignments(self, writing: Writing, seated: list[tuple[Reading, str, Post, _Sitting]]) -> None:
        rows = [
            Assignment(
                person=self.cards[number].person,
                post=post,
                starts=one.starts,
                ends=one.ends,
                substitute=one.substitute,
            )
            for _, number, post, one in seated
        ]
        writing.make(
            rows,
            "assigned",
            lines=[one.line for *_, one in seated],
            details=[{"person": row.person_id, "post": row.post_id} for row in rows],
        )
        _look_at_seats("take_over", [(None, day) for day in sorted({row.starts for row in rows})])
        _look_at_seats("hand_over", [(row.post_id, row.ends) for row in rows if row.ends is not None])
        _require_factors({row.person_id for row in rows if row.post.role in logins.TWO_FACTORS}, writing)

    def _judge_accounts(self) -> list[tuple[_Card, str]]:
        """Login names for everybody without an account: what the file gives, else the staff number."""
        cards = [card for card in self.cards.values() if card.ok]
        have = set(Account.objects.values_list("person", flat=True))
        wanted = [card for card in cards if card.person.pk not in have]
        if len(wanted) < len(cards):
            self.plan.note("no-account", n=len(cards) - len(wanted))
        wrong = accounts.why_not_open([card.login or card.person.staff_no for card in wanted])
        first: dict[str, int] = {}
        for card in wanted:
            login, line = card.login or card.person.staff_no, card.line
            column = "login" if card.login else "staff_no"
            if login in wrong:
                card.reading.wrong(line, column, wrong[login].code, value=login)
            elif first.setdefault(login, line) != line:
                card.reading.wrong(line, column, "login-twice", value=login, first=first[login])
        return [(card, card.login or card.person.staff_no) for card in wanted]

    def _write_accounts(self, writing: Writing, wanted: list[tuple[_Card, str]]) -> None:
        people = [card.person.pk for card, _ in wanted]
        guarded = set(
            Assignment.objects.filter(in_force(), post__role__in=logins.TWO_FACTORS).values_list(
                "person", flat=True
            )
        )
        opened = [
            Account(login=login, person=person, needs_second_factor=person in guarded)
            for person, (_, login) in zip(people, wanted, strict=True)
        ]
        codes = accounts.open_many(opened, by=writing.by)
        for account, code, (card, _) in zip(opened, codes, wanted, strict=True):
            writing.note_made("account", account, card.line)
            unit = card.person.organisation
            writing.activations.append(
                Activation(
                    card.person.staff_no, card.person.name, unit.name if unit else "", account.login, code
                )
            )


def _write_new(writing: Writing, cards: list[_Card]) -> None:
    people = [card.person for card in cards]
    for person in people:
        person.organisation = person.organisation  # its number is known by now
    writing.make(people, "person-taken-on", lines=[card.line for card in cards])


def _write_changes(writing: Writing, cards: list[_Card]) -> None:
    values = []
    for card in cards:
        new = dict(card.new)
        if (unit := new.pop("organisation", None)) is not None:
            new["organisation_id"] = unit.pk
        values.append(new)
    writing.change([c.person for c in cards], "person-changed", lines=[c.line for c in cards], values=values)


def _write_ends(writing: Writing, ended: list[tuple[int, Assignment, date]]) -> None:
    """A last day became known: as `people.end_assignment` does it."""
    writing.change(
        [row for _, row, _ in ended],
        "assignment-ended",
        lines=[line for line, *_ in ended],
        values=[{"ends": ends} for *_, ends in ended],
        details=[{}] * len(ended),
    )
    _look_at_seats("hand_over", [(row.post_id, ends) for _, row, ends in ended])


def _look_at_seats(effect: str, seats: Sequence[tuple[int | None, date]]) -> None:
    """The worker looks at each seat (None: at all) when the day has come, as `people.assign` lets it."""
    moments = [(post, timezone.make_aware(datetime.combine(day, time()))) for post, day in seats]
    OutboxRow.objects.bulk_create(
        [outbox.put(effect, {"post": post}, due_at=max(moment, now())) for post, moment in moments],
        batch_size=1000,
    )


def _require_factors(people: set[int], writing: Writing) -> None:
    for account in Account.objects.filter(person__in=people):
        accounts.require_second_factor(account, by=writing.by)
