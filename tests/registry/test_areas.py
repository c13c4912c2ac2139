"""Areas: what they were stays, codes are given once, borders fit, what lies across the tree says why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import shapely

from jingwei.kernel import ids, journal, moments, seals
from jingwei.kernel.moments import today
from jingwei.kernel.refusals import ChangedMeanwhile, Refused
from jingwei.registry import areas, atlas
from jingwei.registry.models import Area, AreaAlias, AreaMapping, AreaSuccession, AreaVersion

from .conftest import SINCE, Town

FRIDAY = datetime.fromisoformat("2026-11-20T09:00:00+08:00")


def county(town: Town) -> Area:
    return town.area("991103", town.area("9911", name="经州市"), name="云河区")


def codes(found: list[areas.AsItWas]) -> list[str]:
    return [one.code for one in found]


# ---------------------------------------------------------------- making


def test_an_area_is_made_with_its_tier_and_a_line(town: Town) -> None:
    place = county(town)
    assert (place.tier, place.kind, place.valid_from, place.valid_to) == (2, "county", SINCE, None)
    line = journal.lines_of(place)[0]
    assert (line.verb, line.person, line.detail) == (
        "area-made",
        1,
        {"code": "991103", "parent": place.parent_id},
    )


@pytest.mark.parametrize(
    ("kind", "code", "name", "reasons"),
    [
        ("county", "991104", " ", ("missing:name",)),
        ("county", "991104001", "x", ("code-length:code",)),
        ("county", "99110A", "x", ("code-not-figures:code",)),
        ("county", "９９１１０４", "x", ("code-not-figures:code",)),
        ("county", "991103", "x", ("code-used:code",)),
        ("county", "991104", "长" * 81, ("too-long:name",)),
        ("county", "991104", "x\0", ("control-signs:name",)),
        ("county", "9" * 25, "", ("too-long:code", "missing:name")),
        ("kingdom", "991104", "x", ("unknown-kind:kind",)),
        ("city", "9912", "x", ("parent-wrong:parent",)),
        ("estate", "E-1", "x" * 81, ("too-long:name",)),
    ],
)
def test_every_reason_why_an_area_cannot_be_made(
    kind: str, code: str, name: str, reasons: tuple[str, ...], town: Town
) -> None:
    there = county(town)
    with pytest.raises(Refused) as no:
        areas.make_area(kind, code, name, by=town.by, parent=there.parent)
    assert no.value.codes == reasons
    assert Area.objects.count() == 2


def test_a_tier_stands_under_a_higher_one_that_is_in_force(town: Town) -> None:
    place = county(town)
    estate = town.area("E-1", place, kind="estate")
    gone = town.area("991104", place.parent)
    areas.end_area(gone, by=town.by)
    for parent in (None, estate, gone):
        with pytest.raises(Refused, match="parent-wrong"):
            town.area("991103001", parent)
    street = town.area("991103001", place)
    with pytest.raises(Refused, match="parent-wrong"):
        town.area("991103002", street)  # a street below a street
    assert town.area("991103001002003", street).tier == 5  # a tier may be missing where a city has none


def test_a_border_is_a_surface(town: Town) -> None:
    place = county(town)
    for border in (
        shapely.Point(117, 33),
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.Polygon(),
        shapely.MultiPoint([(1, 1)]),
    ):
        with pytest.raises(Refused, match="border-not-a-surface"):
            town.area("991103001", place, border=border)
        with pytest.raises(Refused, match="border-not-a-surface"):
            areas.change_area(place, by=town.by, border=border)
    two = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
    assert shapely.from_wkb(bytes(town.area("991103001", place, border=two).border or b"")).equals(two)


def test_an_area_is_not_made_ahead(town: Town) -> None:
    with moments.at(FRIDAY), pytest.raises(Refused) as no:
        town.area("9911", valid_from=date(2026, 11, 21))
    assert no.value.codes == ("since-out-of-range:since",)


# ---------------------------------------------------------------- changing


def test_what_an_area_was_is_kept_from_day_to_day(town: Town) -> None:
    place = county(town)
    with moments.at(FRIDAY):
        areas.change_area(place, by=town.by, name="云河新区", households=10, since=date(2026, 11, 1))
        areas.change_area(place, by=town.by, households=20)
        areas.change_area(place, by=town.by, name="云河区")

    def name_on(day: date) -> list[tuple[str, int | None]]:
        return [(one.name, one.households) for one in areas.on_day(day, kind="county")]

    assert name_on(SINCE - timedelta(days=1)) == []
    assert name_on(SINCE) == name_on(date(2026, 10, 31)) == [("云河区", None)]
    assert name_on(date(2026, 11, 1)) == name_on(date(2026, 11, 19)) == [("云河新区", 10)]  # yesterday
    assert name_on(date(2026, 11, 20)) == name_on(date(2030, 1, 1)) == [("云河区", 20)]
    assert AreaVersion.objects.count() == 2  # two changes on one day leave one version
    assert [line.detail["columns"] for line in journal.lines_of(place)[1:]] == [
        ["households", "name"],
        ["households"],
        ["name"],
    ]


def test_yesterday_knows_the_border_and_the_parent_of_yesterday(town: Town) -> None:
    place = county(town)
    other = town.area("991104", place.parent)
    street = town.area("991103001", place, box=(0, 0, 1, 1))
    with moments.at(FRIDAY):
        areas.change_area(
            street, by=town.by, parent_id=other.pk, border=shapely.box(0, 0, 2, 2), border_source="gcj02"
        )
        then = areas.on_day(today() - timedelta(days=1), under="991103001")[0]
        now = areas.on_day(today(), under="991103001")[0]
        below_then = areas.on_day(today() - timedelta(days=1), parent=place.pk)
        below_now = areas.on_day(today(), parent=place.pk)
    assert (then.parent, now.parent) == (place.pk, other.pk)
    assert then.border == shapely.to_wkb(shapely.box(0, 0, 1, 1))
    assert now.border == shapely.to_wkb(shapely.box(0, 0, 2, 2))
    assert (codes(below_then), codes(below_now)) == (["991103001"], [])
    assert journal.lines_of(street)[-1].detail["parent_id"] == [place.pk, other.pk]


def test_nothing_changed_is_no_change(town: Town) -> None:
    place = county(town)
    areas.change_area(place, by=town.by, name="云河区", parent_id=place.parent_id, border=None)
    assert len(journal.lines_of(place)) == 1
    assert AreaVersion.objects.count() == 0


def test_the_past_is_not_written_anew_and_the_future_not_ahead(town: Town) -> None:
    place = county(town)
    with moments.at(FRIDAY):
        areas.change_area(place, by=town.by, name="云河新区", since=date(2026, 11, 10))
        for since in (date(2026, 11, 9), date(2026, 11, 21)):
            with pytest.raises(Refused) as no:
                areas.change_area(place, by=town.by, name="x", since=since)
            assert no.value.reasons[0].values == {"from": date(2026, 11, 10), "to": date(2026, 11, 20)}
        areas.change_area(place, by=town.by, name="云河区", since=date(2026, 11, 10))
    assert Area.objects.get(pk=place.pk).name == "云河区"


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"name": ""}, ("missing:name",)),
        ({"name": "长" * 81}, ("too-long:name",)),
        ({"code": "9911"}, ("code-used:code", "code-length:code")),
        ({"code": "99110B"}, ("code-not-figures:code",)),
        ({"parent_id": None}, ("parent-wrong:parent",)),
        ({"parent_id": 10**9}, ("parent-wrong:parent",)),
        ({"border_source": "x" * 13}, ("too-long:border_source",)),
    ],
)
def test_a_change_is_refused_like_a_new_area(
    values: dict[str, Any], reasons: tuple[str, ...], town: Town
) -> None:
    place = county(town)
    with pytest.raises(Refused) as no:
        areas.change_area(place, by=town.by, **values)
    assert no.value.codes == reasons
    place.refresh_from_db()
    assert (place.code, place.name, place.journal_count) == ("991103", "云河区", 1)


@pytest.mark.parametrize("column", ["kind", "tier", "valid_to", "journal_count", "valid_from"])
def test_what_makes_an_area_this_area_does_not_change(column: str, town: Town) -> None:
    values: dict[str, Any] = {column: 99}
    with pytest.raises(ValueError, match=column):
        areas.change_area(county(town), by=town.by, **values)


def test_nothing_stands_under_itself(town: Town) -> None:
    place = county(town)
    with pytest.raises(Refused, match="parent-wrong"):
        areas.change_area(place, by=town.by, parent_id=place.pk)
    estate = town.area("E-1", place, kind="estate")
    building = town.area("E-1-2", estate, kind="building")
    with pytest.raises(Refused, match="parent-wrong"):
        areas.change_area(estate, by=town.by, parent_id=building.pk)
    areas.change_area(building, by=town.by, parent_id=place.pk)
    areas.change_area(estate, by=town.by, parent_id=building.pk)


def test_of_two_who_change_one_area_the_second_is_refused(town: Town) -> None:
    place = county(town)
    stale = Area.objects.get(pk=place.pk)
    areas.change_area(place, by=town.by, name="first")
    versions = AreaVersion.objects.count()
    with pytest.raises(ChangedMeanwhile):
        areas.change_area(stale, by=town.by, name="second")
    assert Area.objects.get(pk=place.pk).name == "first"
    assert AreaVersion.objects.count() == versions


# ---------------------------------------------------------------- codes


def test_a_code_is_never_given_twice(town: Town) -> None:
    place = county(town)
    ended = town.area("991104", place.parent)
    areas.end_area(ended, by=town.by)
    areas.change_area(place, by=town.by, code="991105")
    other = town.area("991106", place.parent)
    for used in ("991103", "991104", "991105"):
        with pytest.raises(Refused, match="code-used"):
            town.area(used, place.parent)
        with pytest.raises(Refused, match="code-used"):
            areas.change_area(other, by=town.by, code=used)


def test_a_code_that_was_there_for_a_day_only_is_not_lost(town: Town) -> None:
    place = town.area("991103", town.area("9911", valid_from=today()), valid_from=today())
    areas.change_area(place, by=town.by, code="991109")
    with pytest.raises(Refused, match="code-used"):
        town.area("991103", place.parent)
    assert codes(areas.on_day(today(), kind="county")) == ["991109"]
    areas.change_area(place, by=town.by, code="991103")  # its own, taken back


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        ("9911", "9911", "9912"),
        ("991103", "991103", "991104"),
        ("0199", "0199", "0200"),
        ("991999", "991999", "992000"),
        ("9999", "9999", "9" * 25),
    ],
)
def test_everything_under_a_code_is_a_range(code: str, low: str, high: str) -> None:
    assert atlas.code_range(code) == (low, high)
    below = [code, code + "0", code + "999", code + "9" * (24 - len(code))]
    assert all(low <= one < high for one in below)
    assert not low <= code[:-1] < high


@pytest.mark.parametrize("code", ["", "PG-01", "99 11", "９９１１", "+9911", "9_9", "-1"])
def test_what_is_no_code_of_figures_has_no_range(code: str) -> None:
    with pytest.raises(ValueError, match="no code of figures"):
        atlas.code_range(code)


def test_the_range_finds_what_lies_below_and_nothing_else(town: Town) -> None:
    place = county(town)
    town.area("991104", place.parent)
    town.area("991103001002003", town.area("991103001", place))
    assert codes(areas.on_day(today(), under="991103")) == ["991103", "991103001", "991103001002003"]
    assert codes(areas.on_day(today(), under="9911", kind="county")) == ["991103", "991104"]


def test_the_length_of_a_code_names_its_tier(settings: Any) -> None:
    assert [atlas.tier_of("9" * length) for length in (4, 6, 9, 12, 15, 5)] == [1, 2, 3, 4, 5, 0]


# ---------------------------------------------------------------- ending and succeeding


def test_an_area_ends_and_others_answer_for_it(town: Town) -> None:
    place = county(town)
    one, two = town.area("991104", place.parent), town.area("991105", place.parent)
    with moments.at(FRIDAY):
        areas.end_area(
            place,
            by=town.by,
            on=date(2026, 11, 1),
            successors=(area for area in (one, two)),
            reason="并入两区",
        )
    place.refresh_from_db()
    assert place.valid_to == date(2026, 11, 1)
    assert set(AreaSuccession.objects.values_list("old", "new", "since", "reason")) == {
        (place.pk, new.pk, date(2026, 11, 1), "并入两区") for new in (one, two)
    }
    assert journal.lines_of(place)[-1].detail == {"successors": [one.pk, two.pk]}
    assert codes(areas.on_day(date(2026, 10, 31), kind="county")) == ["991103", "991104", "991105"]
    assert codes(areas.on_day(date(2026, 11, 1), kind="county")) == ["991104", "991105"]
    assert areas.answering_now(one.pk) == {one.pk, place.pk}


def test_every_reason_why_an_area_cannot_end(town: Town) -> None:
    place = county(town)
    street = town.area("991103001", place)
    with moments.at(FRIDAY):
        with pytest.raises(Refused) as no:
            areas.end_area(place, by=town.by, on=date(2026, 11, 21), successors=[place])
        assert no.value.codes == ("since-out-of-range:on", "has-children", "succeeds-itself:successors")
        with pytest.raises(Refused, match="since-out-of-range"):
            areas.end_area(street, by=town.by, on=SINCE - timedelta(days=1))
        areas.end_area(street, by=town.by)
        with pytest.raises(Refused, match="area-ended"):
            areas.end_area(street, by=town.by)
        areas.end_area(place, by=town.by)
    assert AreaSuccession.objects.count() == 0


def test_matters_follow_recodings_through_many_steps_and_rings(town: Town) -> None:
    root = town.area("9911")
    a, b, c, d = (town.area(f"99110{n}", root) for n in range(1, 5))
    day = date(2026, 1, 1)
    for old, new in ((a, b), (b, c), (d, c), (c, a)):  # a ring, as real lists have them
        areas.succeed(old, new, by=town.by, since=day, reason="recoded")
    areas.succeed(a, b, by=town.by, since=day, reason="again")  # once is enough
    assert AreaSuccession.objects.count() == 4
    assert areas.answering_now(c.pk) == {a.pk, b.pk, c.pk, d.pk}
    assert areas.answering_now(d.pk) == {d.pk}
    assert [line.verb for line in journal.lines_of(a)] == ["area-made", "area-succeeded"]
    with pytest.raises(Refused, match="succeeds-itself"):
        areas.succeed(a, a, by=town.by, since=day, reason="x")


# ---------------------------------------------------------------- names


def test_a_place_is_found_by_every_name_it_has(town: Town) -> None:
    place = county(town)
    street = town.area("991103001", place, name="建国路街道")
    alias = areas.add_alias(street, " 建国街道 ", by=town.by, source="坪山")
    assert areas.add_alias(street, "建国街道", by=town.by) == alias
    areas.add_alias(street, "建国路街道", by=town.by)  # the name itself, as a source may list it
    for name in ("建国路街道", "建国街道"):
        assert list(areas.by_name(name)) == [street]
        assert list(areas.by_name(name, under=place.pk, kind="street")) == [street]
        assert list(areas.by_name(name, kind="grid")) == []
        assert list(areas.by_name(name, under=street.pk)) == []
    areas.remove_alias(alias, by=town.by)
    assert list(areas.by_name("建国街道")) == []
    assert [line.verb for line in journal.lines_of(street)] == [
        "area-made",
        "alias-added",
        "alias-added",
        "alias-removed",
    ]
    areas.end_area(street, by=town.by)
    assert list(areas.by_name("建国路街道")) == []
    with pytest.raises(Refused, match="too-long"):
        areas.add_alias(place, "长" * 81, by=town.by)
    assert AreaAlias.objects.filter(area=place).count() == 0


# ---------------------------------------------------------------- across the tree


def test_overlays_lie_over_many_grids_and_grids_under_many(town: Town) -> None:
    street = town.area("991103001", county(town))
    grids = [town.area(f"991103001002{n:03}", street) for n in range(1, 5)]
    party = [town.area(f"PG-{n}", street, kind="party_grid") for n in range(2)]
    police = town.area("JG-1", street, kind="police_grid")
    assert len(areas.map_overlay(party[0], grids[:2], by=town.by)) == 2
    assert len(areas.map_overlay(police, grids, by=town.by)) == 4  # another kind needs no reason
    with pytest.raises(Refused) as no:
        areas.map_overlay(party[1], grids[1:3], by=town.by)
    assert (no.value.codes, no.value.reasons[0].values) == (
        ("mapped-already",),
        {"codes": ["991103001002002"]},
    )
    assert AreaMapping.objects.filter(overlay=party[1]).count() == 0
    assert len(areas.map_overlay(party[1], grids[1:3], by=town.by, reason="两个支部")) == 2
    assert areas.map_overlay(party[0], grids[:2], by=town.by, reason="again") == []
    assert areas.overlay_conflicts("party_grid") == {
        "two": [],
        "none": ["991103001002004"],
        "over_nothing": [],
    }
    assert journal.lines_of(party[1])[-1].detail == {"bases": [grids[1].pk, grids[2].pk]}


def test_what_is_wrong_with_an_overlay_is_listed(town: Town) -> None:
    street = town.area("991103001", county(town))
    grids = [town.area(f"991103001002{n:03}", street) for n in range(1, 4)]
    one, two, idle, gone = (town.area(f"PG-{n}", street, kind="party_grid") for n in range(4))
    areas.map_overlay(one, grids[:2], by=town.by)
    areas.map_overlay(gone, grids[2:], by=town.by)
    areas.end_area(gone, by=town.by)
    AreaMapping.objects.create(overlay=two, base=grids[0])  # as an import without reasons would leave it
    assert areas.overlay_conflicts("party_grid") == {
        "two": ["991103001002001"],
        "none": ["991103001002003"],
        "over_nothing": ["PG-2"],
    }
    areas.unmap_overlay(two, grids[0], by=town.by)
    areas.unmap_overlay(two, grids[0], by=town.by)
    assert areas.overlay_conflicts("party_grid")["two"] == []
    assert [line.verb for line in journal.lines_of(two)] == ["area-made", "overlay-unmapped"]
    assert idle.pk


# ---------------------------------------------------------------- borders


def community(town: Town, *grids: tuple[float, float, float, float]) -> areas.BorderCheck:
    """Check a community from 0 to 0.1 degrees both ways, with these grids (in hundredths of a degree)."""
    street = town.area("991103001", county(town))
    whole = town.area("991103001002", street, box=(0, 0, 0.1, 0.1))
    for n, (west, south, east, north) in enumerate(grids, 1):
        town.area(f"{whole.code}{n:03}", whole, box=(west / 100, south / 100, east / 100, north / 100))
    return areas.check_borders("991103")[0]


def about(share: float) -> Any:
    return pytest.approx(share, abs=1e-4)


def test_grids_that_fill_their_community_are_sound(town: Town) -> None:
    check = community(town, (0, 0, 5, 10), (5, 0, 10, 10))
    assert (check.grids, check.gap, check.overlap, check.outside) == (2, about(0), about(0), about(0))
    assert check.sound


def test_a_gap_is_found_with_its_share(town: Town) -> None:
    check = community(town, (0, 0, 5, 10), (6, 0, 10, 10))
    assert (check.gap, check.overlap, check.outside, check.sound) == (about(0.1), about(0), about(0), False)


def test_an_overlap_is_found_with_its_share(town: Town) -> None:
    check = community(town, (0, 0, 6, 10), (5, 0, 10, 10))
    assert (check.gap, check.overlap, check.outside, check.sound) == (about(0), about(0.1), about(0), False)


def test_what_sticks_out_is_found_with_its_share(town: Town) -> None:
    check = community(town, (0, 0, 5, 10), (5, 0, 12, 10))
    assert (check.gap, check.overlap, check.outside, check.sound) == (about(0), about(0), about(0.2), False)


def test_all_three_at_once(town: Town) -> None:
    check = community(town, (0, 0, 4, 10), (3, 0, 8, 10), (8, 5, 11, 10))
    assert (check.gap, check.overlap, check.outside) == (about(0.1), about(0.1), about(0.05))


@pytest.mark.parametrize(("east", "sound"), [(9.96, True), (9.94, False)])
def test_half_a_per_cent_is_the_limit(east: float, sound: bool, town: Town) -> None:
    assert community(town, (0, 0, east, 10)).sound is sound


def test_a_community_without_grids_is_one_gap(town: Town) -> None:
    check = community(town)
    assert (check.grids, check.gap, check.sound) == (0, about(1), False)


def test_a_border_that_crosses_itself_is_measured_and_ends_nothing(town: Town) -> None:
    street = town.area("991103001", county(town))
    whole = town.area("991103001002", street, box=(0, 0, 0.1, 0.1))
    bow_tie = shapely.Polygon([(0, 0), (0.1, 0.1), (0.1, 0), (0, 0.1)])
    town.area("991103001002001", whole, border=bow_tie)
    check = areas.check_borders("991103")[0]
    assert check.gap == about(0.5)


def test_shares_are_of_surface_not_of_degrees(town: Town) -> None:
    """Towards the pole degrees of longitude are shorter: the northern half has less of the ground."""
    street = town.area("991103001", county(town))
    whole = town.area("991103001002", street, box=(0, 40, 1, 42))
    town.area("991103001002001", whole, box=(0, 40, 1, 41))
    assert areas.check_borders("991103")[0].gap == about(0.4962)  # (sin 42° − sin 41°) ÷ (sin 42° − sin 40°)


def test_only_what_is_in_force_and_in_the_tree_counts(town: Town) -> None:
    street = town.area("991103001", county(town))
    whole = town.area("991103001002", street, box=(0, 0, 0.1, 0.1))
    town.area("991103001002001", whole, box=(0, 0, 0.1, 0.1))
    areas.end_area(town.area("991103001002002", whole, box=(0, 0, 0.1, 0.1)), by=town.by)
    town.area("E-1", whole, kind="estate", box=(0, 0, 0.2, 0.2))
    town.area("991103001002003", whole)  # without a border
    check = areas.check_borders("991103")[0]
    assert (check.grids, check.sound) == (1, True)
    assert areas.check_borders("991104") == []
    assert [one.code for one in areas.check_borders("", parent_kind="grid")] == ["991103001002001"]


def test_grids_of_unusual_size_are_listed(town: Town) -> None:
    street = town.area("991103001", county(town))
    sizes = {1: 299, 2: 300, 3: 500, 4: 501, 5: None, 6: 0}
    for n, households in sizes.items():
        town.area(f"991103001002{n:03}", street, households=households)
    town.area("991103001002007", street, households=5, special=True)  # a mall has its own measure
    areas.end_area(town.area("991103001002008", street, households=5), by=town.by)
    assert [area.code[-1] for area in areas.size_outliers("991103")] == ["1", "4", "6"]
    assert list(areas.size_outliers("991104")) == []


def test_the_journal_of_all_this_is_whole(town: Town, city_folder: Any) -> None:
    place = county(town)
    with moments.at(FRIDAY):
        areas.change_area(
            place, by=town.by, name="x", border=shapely.box(0, 0, 1, 1), border_source="cgcs2000"
        )
        areas.end_area(place, by=town.by)
    assert ids.numbered(place.pk) == journal.lines_of(place)[0].subject
    assert seals.verify().faults == []
