"""Who works in 经州市: its organisations, the seats that ought to be filled, and who fills them since when.

A seat stands at an area or at an organisation, never at both. One person may hold several seats: a judge is
the contact of every grid in a street, a community's head also handles what is dispatched to the committee.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from jingwei.demo import names
from jingwei.demo.geography import (
    ANCHOR_COMMUNITY,
    ANCHOR_COUNTY,
    ANCHOR_GRID,
    ANCHOR_STREET,
    CITY_CODE,
    AreaDraft,
)
from jingwei.demo.ground import Size

CITY_ORGANISATIONS = 18_700
CITY_STAFF = 24_000
TODAY = date(2026, 11, 20)  # the day the demo city lives in, unless told otherwise

_EMPTY_SHARE = 0.04


@dataclass(frozen=True)
class OrganisationDraft:
    """One organisation: `kind` is the unit kind that the class list's `lead` names."""

    code: str
    name: str
    kind: str
    parent_code: str | None
    area_code: str
    phone: str


@dataclass(frozen=True)
class SeatDraft:
    """One seat: a role at an area, or at an organisation."""

    role: str
    area_code: str | None
    organisation_code: str | None
    title: str

    @property
    def place(self) -> str:
        """The code of the area or organisation where the seat stands."""
        return self.area_code or self.organisation_code or ""


@dataclass(frozen=True)
class StaffDraft:
    """One person in one seat, from `starts` to the day before `ends`; `seat` counts in the list of seats."""

    staff_no: str
    name: str
    work_phone: str
    organisation_code: str
    seat: int
    starts: date
    ends: date | None
    substitute: bool


@dataclass(frozen=True)
class CastMember:
    """Somebody whom the demo's accounts, pictures and guides know by name; this seat is never empty."""

    role: str
    place: str
    name: str
    phone: str
    order: int = 0  # among the seats of the same role at the same place


CAST = (
    CastMember("grid_worker", ANCHOR_GRID, "陈立冬", "6213 0308"),
    CastMember("grid_worker", ANCHOR_GRID, "何秋霞", "6213 0309", order=1),
    CastMember("grid_chief", ANCHOR_GRID, "周文岚", "6213 0301"),
    CastMember("grid_guide", ANCHOR_COMMUNITY, "许晓川", "6213 0302"),
    CastMember("community_head", ANCHOR_COMMUNITY, "梁素芹", "6213 0303"),
    CastMember("acceptor", ANCHOR_STREET, "沈玉", "6213 0304"),
    CastMember("street_leader", ANCHOR_STREET, "高树桐", "6213 0305"),
    CastMember("handler", f"{ANCHOR_STREET}-urban_management", "丁秋田", "6213 0306"),
    CastMember("handler", f"{ANCHOR_STREET}-property", "汤桂枝", "6213 0307"),
    CastMember("dispatcher", ANCHOR_COUNTY, "方一鸣", "6213 0401"),
    CastMember("shift_leader", ANCHOR_COUNTY, "罗启明", "6213 0402"),
    CastMember("county_leader", ANCHOR_COUNTY, "孟云舟", "6213 0403"),
    CastMember("unit_head", f"{ANCHOR_COUNTY}-municipal", "郝传松", "6213 0411"),
    CastMember("handler", f"{ANCHOR_COUNTY}-municipal", "吴建峰", "6213 0412"),
    CastMember("intake_desk", CITY_CODE, "崔雅芸", "6213 0101"),
    CastMember("supervisor", CITY_CODE, "邵文竹", "6213 0102"),
    CastMember("city_leader", CITY_CODE, "钟思桥", "6213 0103"),
    CastMember("judge", ANCHOR_GRID, "傅静岚", "6213 0501"),
    CastMember("prosecutor", ANCHOR_GRID, "叶雅竹", "6213 0502"),
    CastMember("police", ANCHOR_GRID, "段守桥", "6213 0503"),
)

# kind, what follows the area's name
_CITY_UNITS = (
    ("grid_centre", "网格化服务管理中心"),
    ("water", "水务集团"),
    ("power", "供电公司"),
    ("gas", "燃气集团"),
    ("heat", "热力公司"),
    ("railway", "铁路护路联防办公室"),
    ("publicity", "信息发布组"),
    ("superior", "作风投诉转办室"),
)
_COUNTY_UNITS = (
    ("grid_centre", "网格中心"),
    ("urban_management", "城市管理局"),
    ("municipal", "市政养护中心"),
    ("drainage", "排水管理所"),
    ("housing", "住房和城乡建设局"),
    ("traffic", "公安交警大队"),
    ("market", "市场监督管理局"),
    ("environment", "生态环境分局"),
    ("agriculture", "农业农村局"),
    ("civil_affairs", "民政局"),
    ("emergency", "应急管理局"),
    ("fire", "消防救援大队"),
    ("health", "卫生健康委员会"),
    ("education", "教育局"),
    ("service_window", "政务服务中心"),
    ("industry_commerce", "工商业联合会"),
    ("publicity", "信息发布组"),
    ("mediation", "人民调解委员会"),
    ("superior", "作风投诉转办室"),
    ("police", "公安分局"),
    ("court", "人民法院"),
    ("procuratorate", "人民检察院"),
)
# Courts, procuratorate and police lend contacts; the grid centre has desks. Neither is dispatched to.
_NOT_HANDLING = frozenset({"government", "party", "grid_centre", "police", "court", "procuratorate"})
_STREET_UNITS: Mapping[Size, tuple[tuple[str, str], ...]] = {
    "demo": (("urban_management", "城管中队"),),
    "city": (
        ("urban_management", "城管中队"),
        ("market", "市场监管所"),
        ("mediation", "人民调解委员会"),
        ("police", "派出所"),
        ("health", "社区卫生服务中心"),
        ("emergency", "应急消防站"),
    ),
}
_PROPERTY_ENDS = ("物业", "物业服务公司", "城市服务公司")


def make_organisations(areas: Sequence[AreaDraft], size: Size, seed: int = 1) -> list[OrganisationDraft]:
    """Return every organisation, parents before children; exactly 18,700 for a city."""
    chance = names.dice("organisations", seed)
    firms = names.place_words(chance)
    drafts: list[OrganisationDraft] = []
    urban = {area.code for area in areas if area.kind == "community" and int(area.code[9:]) < 200}

    def add(area: str, kind: str, name: str, parent: str | None, number: int = 1) -> None:
        code = f"{area}-{kind}" + (f"-{number:02d}" if number > 1 else "")
        phone = (
            "6213 0300" if code == f"{ANCHOR_STREET}-street" else names.landline(1000 + len(drafts) % 2000)
        )
        drafts.append(OrganisationDraft(code, name, kind, parent, area, phone))

    for area in areas:
        over = area.parent_code
        if area.kind == "city":
            add(area.code, "government", f"{area.name}人民政府", None)
            for kind, words in _CITY_UNITS:
                add(area.code, kind, area.name + words, f"{area.code}-government")
        elif area.kind == "county":
            add(area.code, "government", f"{area.name}人民政府", f"{over}-government")
            for kind, words in _COUNTY_UNITS:
                add(area.code, kind, area.name + words, f"{area.code}-government")
        elif area.kind == "street":
            office = "办事处" if area.name.endswith("街道") else "人民政府"
            add(area.code, "street", area.name + office, f"{over}-government")
            for kind, words in _STREET_UNITS[size]:
                add(area.code, kind, area.name + words, f"{area.code}-street")
            towns = sum(code.startswith(area.code) for code in urban)
            for number in range(1, _property_firms(area, towns, size) + 1):
                first = area.code == ANCHOR_STREET and number == 1
                word = "安居物业" if first else next(firms) + chance.choice(_PROPERTY_ENDS)
                add(area.code, "property", word, f"{over}-housing", number)
        elif area.kind == "community":
            words = "居民委员会" if area.code in urban else "村民委员会"
            add(area.code, "community", area.name.removesuffix("村") + words, f"{over}-street")
    if size == "city":
        drafts += _party_organisations(areas, CITY_ORGANISATIONS - len(drafts))
    return drafts


def _property_firms(street: AreaDraft, communities: int, size: Size) -> int:
    if size == "demo":
        return 1 if street.name.endswith("街道") else 0
    return -(-communities // 2)


def _party_organisations(areas: Sequence[AreaDraft], wanted: int) -> list[OrganisationDraft]:
    """Return party committees down to every community, and branches in the communities up to `wanted`."""
    drafts = []
    for area in areas:
        if area.kind != "grid":
            parent = f"{area.parent_code}-party" if area.parent_code else None
            words = "总支部委员会" if area.kind == "community" else "委员会"
            drafts.append((f"{area.code}-party", f"中共{area.name}{words}", parent, area.code))
    communities = [area for area in areas if area.kind == "community"]
    for number in range(wanted - len(drafts)):
        area, nth = communities[number % len(communities)], number // len(communities) + 1
        name = f"{area.name}第{names.number_in_chinese(nth)}党支部"
        drafts.append((f"{area.code}-party-{nth + 1:02d}", name, f"{area.code}-party", area.code))
    return [
        OrganisationDraft(code, name, "party", parent, area_code, names.landline(5000 + order % 3000))
        for order, (code, name, parent, area_code) in enumerate(drafts)
    ]


def make_seats(
    areas: Sequence[AreaDraft], organisations: Sequence[OrganisationDraft], size: Size, seed: int = 1
) -> list[SeatDraft]:
    """Return every seat that ought to be filled; a city has second grid workers until it has 24,000 staff."""
    seats = [seat for area in areas for seat in _area_seats(area)]
    for unit in organisations:
        if unit.kind not in _NOT_HANDLING:
            seats.append(SeatDraft("handler", None, unit.code, f"{unit.name}承办联络员"))
            if len(unit.area_code) <= 6:
                seats.append(SeatDraft("unit_head", None, unit.code, f"{unit.name}负责人"))
    grids = [area for area in areas if area.kind == "grid"]
    by_size = sorted(grids, key=lambda grid: (grid.code != ANCHOR_GRID, -grid.population, grid.code))
    if size == "city":
        ranks = _ranks(areas)
        people = {_holder(seat, order, size, ranks) for order, seat in enumerate(seats)}
        second = CITY_STAFF - len(people)
    else:
        second = round(0.4 * len(grids))
    seats += [SeatDraft("grid_worker", grid.code, None, f"{grid.name}网格员") for grid in by_size[:second]]
    return seats


def _area_seats(area: AreaDraft) -> Iterator[SeatDraft]:
    rows = {
        "city": (("intake_desk", "受理岗"), ("supervisor", "督办员"), ("city_leader", "负责人")),
        "county": (("dispatcher", "派遣员"), ("shift_leader", "值班长"), ("county_leader", "负责人")),
        "street": (("acceptor", "受理员"), ("street_leader", "负责人")),
        "community": (("community_head", "负责人"), ("grid_guide", "网格指导员")),
        "grid": (
            ("grid_worker", "网格员"),
            ("grid_chief", "网格长"),
            ("judge", "联系法官"),
            ("prosecutor", "联系检察官"),
            ("police", "联系民警"),
        ),
    }
    return (SeatDraft(role, area.code, None, area.name + words) for role, words in rows[area.kind])


def _ranks(areas: Sequence[AreaDraft]) -> dict[str, int]:
    """Return the place of each street in its county and of each community in its street, from 0."""
    counted: dict[str | None, int] = {}
    ranks = {}
    for area in areas:
        if area.kind in ("street", "community"):
            ranks[area.code] = counted.get(area.parent_code, 0)
            counted[area.parent_code] = ranks[area.code] + 1
    return ranks


def _holder(seat: SeatDraft, order: int, size: Size, ranks: Mapping[str, int]) -> str:
    """Return a name for the person who holds a seat: seats with the same answer share one person."""
    place = seat.place
    street, community = place[:9], place[:12]
    if seat.role == "community_head" or (seat.role == "handler" and place.endswith("-community")):
        return f"head/{community}"
    if seat.role == "grid_chief":
        alone = size == "demo" or community == ANCHOR_COMMUNITY
        return f"chief/{community}" if alone else f"head/{community}"
    if seat.role == "grid_guide":
        return f"guide/{street}/{ranks[community] // 6}"
    if seat.role == "police":
        return f"police/{street}/{ranks[community] // 4}"
    if seat.role == "judge":
        return f"judge/{street}"
    if seat.role == "prosecutor":
        return f"prosecutor/{place[:6]}/{ranks[street] // 2}"
    return f"{seat.role}/{place}/{order}"


def make_staff(
    areas: Sequence[AreaDraft],
    organisations: Sequence[OrganisationDraft],
    seats: Sequence[SeatDraft],
    size: Size,
    seed: int = 1,
    today: date = TODAY,
) -> list[StaffDraft]:
    """Return who sits where; several lines with one staff number are one person in several seats.

    The demo leaves about 4 % of its seats empty and knows some predecessors who have left. A city's seats are
    all filled, by exactly 24,000 people. In both, colleagues stand in for grid workers on leave.
    """
    chance = names.dice("staff", seed)
    ranks = _ranks(areas)
    phones = {unit.code: unit.phone for unit in organisations}
    cast = _cast_seats(seats)
    holders = [_holder(seat, order, size, ranks) for order, seat in enumerate(seats)]
    people = {holders[order]: (member.name, member.phone) for order, member in cast.items()}
    empty = _empty_seats(seats, cast, size, chance)
    staff: list[StaffDraft] = []
    numbers: dict[str, str] = {}
    since: dict[str, date] = {}
    for order, seat in enumerate(seats):
        if order in empty:
            continue
        holder = holders[order]
        unit = _employer(seat, size)
        if holder not in numbers:
            numbers[holder] = f"JW{len(numbers) + 1:05d}"
            since[holder] = today - timedelta(days=chance.randint(40, 1800))
            phone = _work_phone(len(numbers), phones[unit], seat, size)
            people.setdefault(holder, (names.person_name(chance), phone))
        name, phone = people[holder]
        staff.append(StaffDraft(numbers[holder], name, phone, unit, order, since[holder], None, False))
    if size == "demo":
        staff += _predecessors(staff, seats, cast, len(numbers), chance)
    return staff + _stand_ins(staff, seats, cast, today, chance)


def _cast_seats(seats: Sequence[SeatDraft]) -> dict[int, CastMember]:
    found: dict[int, CastMember] = {}
    for member in CAST:
        same = [
            order
            for order, seat in enumerate(seats)
            if seat.role == member.role and seat.place == member.place
        ]
        found[same[member.order]] = member
    return found


def _empty_seats(
    seats: Sequence[SeatDraft], cast: Mapping[int, CastMember], size: Size, chance: Random
) -> set[int]:
    if size == "city":
        return set()
    open_to_chance = [order for order in range(len(seats)) if order not in cast]
    return set(chance.sample(open_to_chance, round(_EMPTY_SHARE * len(seats))))


def _employer(seat: SeatDraft, size: Size) -> str:
    if seat.organisation_code:
        return seat.organisation_code
    place = seat.place
    if seat.role in ("grid_worker", "grid_chief", "community_head"):
        return f"{place[:12]}-community"
    if seat.role in ("grid_guide", "acceptor", "street_leader"):
        return f"{place[:9]}-street"
    if seat.role == "police":
        return f"{place[:9]}-police" if size == "city" else f"{place[:6]}-police"
    if seat.role == "judge":
        return f"{place[:6]}-court"
    if seat.role == "prosecutor":
        return f"{place[:6]}-procuratorate"
    if seat.role in ("county_leader", "city_leader"):
        return f"{place}-government"
    return f"{place}-grid_centre"


def _work_phone(number: int, office: str, seat: SeatDraft, size: Size) -> str:
    """Return a desk's own line in the demo; in a city offices share theirs and grid workers carry a phone."""
    if size == "demo":
        return names.landline(3000 + number)
    return names.mobile(62_130_000 + number) if seat.role == "grid_worker" else office


def _predecessors(
    staff: Sequence[StaffDraft],
    seats: Sequence[SeatDraft],
    cast: Mapping[int, CastMember],
    known: int,
    chance: Random,
) -> list[StaffDraft]:
    """Return people who held some of the seats before and have left the service."""
    own = [
        row for row in staff if seats[row.seat].role in ("grid_worker", "handler") and row.seat not in cast
    ]
    left = []
    for number, row in enumerate(chance.sample(own, round(0.06 * len(own))), start=known + 1):
        left.append(
            StaffDraft(
                staff_no=f"JW{number:05d}",
                name=names.person_name(chance),
                work_phone=row.work_phone,
                organisation_code=row.organisation_code,
                seat=row.seat,
                starts=row.starts - timedelta(days=chance.randint(200, 1500)),
                ends=row.starts,
                substitute=False,
            )
        )
    return left


def _stand_ins(
    staff: Sequence[StaffDraft],
    seats: Sequence[SeatDraft],
    cast: Mapping[int, CastMember],
    today: date,
    chance: Random,
) -> list[StaffDraft]:
    """Return colleagues of the same community who stand in for one grid worker in fifty."""
    workers = [row for row in staff if seats[row.seat].role == "grid_worker" and row.ends is None]
    colleagues: dict[str, list[StaffDraft]] = {}
    for row in workers:
        colleagues.setdefault(row.organisation_code, []).append(row)
    away = chance.sample([row for row in workers if row.seat not in cast], round(0.02 * len(workers)))
    drafts = []
    for row in away:
        others = [other for other in colleagues[row.organisation_code] if other.staff_no != row.staff_no]
        if others:
            other = chance.choice(others)
            starts = today - timedelta(days=chance.randint(0, 6))
            ends = today + timedelta(days=chance.randint(3, 20))
            drafts.append(
                StaffDraft(
                    other.staff_no,
                    other.name,
                    other.work_phone,
                    other.organisation_code,
                    row.seat,
                    starts,
                    ends,
                    True,
                )
            )
    return drafts
