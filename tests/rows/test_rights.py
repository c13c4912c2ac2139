"""The rights ledger: what must not exist, each practice of it with the test that proves its absence.

Names are held against the deny-list in `tests/kernel/test_privacy.py`; here stands what a name
alone cannot show: who is related to what, what can be asked, and what follows from what.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

import jingwei
from jingwei.engine import actions, figures, library, queries, queues
from jingwei.engine.checking import check
from jingwei.engine.definition import FieldType, Procedure
from jingwei.engine.stage import Stage
from jingwei.kernel import ids, privacy
from jingwei.kernel.actors import SYSTEM, Party
from jingwei.registry import people, roles
from jingwei.registry.staff import as_staff
from jingwei.rows.practices import practices
from jingwei.web.api.described import describe
from jingwei.web.api.interface import api

HOME = Path(jingwei.__file__).parent

#: people who are not staff
RESIDENT = re.compile(
    r"resident|household|citizen|neighbour|family|relative|patient|suspect|traveller|believer", re.I
)
STREAMS = re.compile(
    r"video|stream|camera|sensor|rtsp|onvif|plate|face_recog|gps|geolocation|watchposition", re.I
)
SPEECH = re.compile(r"rumou?r|opinion|sentiment|keyword|blocked|block_|banned|mute|monitor", re.I)


def procedures() -> dict[str, Procedure]:
    found = [library.read_folder(folder)[0] for folder in check.folders()]
    return {playbook.procedure.procedure: playbook.procedure for playbook in found if playbook}


def column_names() -> list[str]:
    return [f"{m._meta.db_table}.{f.column}" for m in privacy.every_model() for f in m._meta.local_fields]


def route_names() -> list[str]:
    def walk(patterns: list[URLPattern | URLResolver]) -> list[str]:
        found = []
        for pattern in patterns:
            text = str(pattern.pattern)
            found += (
                [text, *walk(pattern.url_patterns)]
                if isinstance(pattern, URLResolver)
                else [text, str(pattern.name)]
            )
        return found

    return walk(get_resolver().url_patterns)


def asked_of_the_api() -> set[str]:
    """Every parameter that any path of the API takes."""
    described = describe(api)
    return {
        p["name"]
        for path in described["paths"].values()
        for do in path.values()
        for p in do.get("parameters", [])
    }


# ---------------------------------------------------------------- what no table may hold


def test_no_table_is_about_residents() -> None:
    """Whoever reports leaves a case behind and no record of themselves; only staff stand in a register."""
    assert [
        name for name in column_names() if RESIDENT.search(name) and name != "registry_area.households"
    ] == ["registry_areaversion.households"]


def test_a_reporter_is_a_key_of_one_case() -> None:
    """Two reports of one person cannot be joined: the key is made per case, and no other table has it."""
    holders = [name for name in column_names() if name.endswith((".reporter", ".party"))]
    assert holders == ["kernel_journalline.party", "engine_case.reporter"]


def test_no_number_is_kept_about_a_person() -> None:
    """No score, no points: the only numbers beside a person's key are keys, places and counts of the case."""
    score = re.compile(r"score|points?$|rank|grade|credit|stars$", re.I)
    assert [name for name in column_names() if score.search(name)] == []


def test_persons_are_related_to_posts_and_units_only() -> None:
    """No relation between one person and another exists: no family, no guarantor, no household."""
    person = next(m for m in privacy.every_model() if m.__name__ == "Person")
    related = {
        f.related_model.__name__ for f in person._meta.get_fields() if isinstance(f, models.ForeignKey)
    }
    assert related == {"Organisation"}
    pointing = {
        m.__name__
        for m in privacy.every_model()
        for f in m._meta.local_fields
        if isinstance(f, models.ForeignKey) and f.related_model is person
    }
    assert pointing == {"Assignment"}


def test_positions_belong_to_cases_and_areas() -> None:
    """No column holds where somebody was: points stand on cases, borders on areas."""
    place = re.compile(r"\.(lon|lat|longitude|latitude|point|position|border|route|path)$")
    assert {name for name in column_names() if place.search(name)} == {
        "engine_case.lon", "engine_case.lat", "registry_area.border", "registry_areaversion.border",
        "registry_organisation.path",  # of units above it
    }  # fmt: skip


# ---------------------------------------------------------------- what no page, field or interface may offer


def test_nothing_takes_streams_faces_or_positions() -> None:
    """Pictures are single files of one case; a browser's place is asked for once, by a tap."""
    assert [name for name in route_names() if STREAMS.search(name)] == []
    assert [t for t in get_args(FieldType) if STREAMS.search(t)] == []
    scripts = [
        file.name
        for file in (HOME / "web/static/jingwei").glob("*.js")
        if re.search(r"watchPosition|getUserMedia|mediaDevices", file.read_text("utf-8"))
    ]
    assert scripts == []


def test_nothing_searches_filters_or_blocks_speech() -> None:
    assert [name for name in [*route_names(), *column_names()] if SPEECH.search(name)] == []
    assert [
        name for name in asked_of_the_api() if SPEECH.search(name) or "reporter" in name or "party" in name
    ] == []


def test_no_field_names_a_person() -> None:
    """A form names places, classes and units; no neighbour can be picked, so none can be reported."""
    assert "person" not in get_args(FieldType)
    for procedure in procedures().values():
        assert [name for name in procedure.fields if re.search(r"person|neighbour|name|who$", name)] == []


def test_nothing_of_health_belief_or_crime_can_be_entered() -> None:
    for name, procedure in procedures().items():
        assert privacy.denied([*procedure.fields, *procedure.states, *procedure.tasks]) == [], name
    kinds = {word for name, procedure in procedures().items() for word in (name, *procedure.sources)}
    assert [
        kind for kind in kinds if re.search(r"crime|gang|suspect|clue|study|belief|review|petition", kind)
    ] == []


def test_volunteers_and_courtyard_heads_read_no_case() -> None:
    """Contact and mutual help: the posts stand on the grid's board, no procedure gives them a role."""
    helpers = {"volunteer", "courtyard_head", "veteran_post"}
    assert helpers <= set(roles.roles())
    for name, procedure in procedures().items():
        acting = {role.post for role in procedure.roles.values()}
        assert not helpers & (acting | set(procedure.readers)), name


@pytest.mark.django_db
def test_a_helper_in_the_grid_sees_nothing_of_its_neighbours(stage: Stage) -> None:
    entered = {"description": "隔壁堆了杂物", "place": {"lon": 117.02, "lat": 33.02, "source": "cgcs2000"}}
    case = actions.take_in(
        ids.new_id(), "grid_event", entered, by=Party(), source="resident", bound_to="t"
    ).case
    post = people.make_post("courtyard_head", by=SYSTEM, area=stage.areas["grid"])
    helper = as_staff(people.assign(people.take_on("Z01", "水清", by=SYSTEM), post, by=SYSTEM))
    assert queries.visible_case(helper, case.pk) is None
    assert list(queries.cases_for(helper)) == []
    assert all(
        not found for found in (queues.queue(helper, name) for name in queues.QUEUES) if found is not None
    )


def test_no_pass_scan_or_entry_is_a_row() -> None:
    gate = re.compile(
        r"pass(?!word)|scan|entry|gate|checkpoint|temperature|visit(or)?s?$|quarantine|isolation", re.I
    )
    assert [name for name in [*column_names(), *route_names()] if gate.search(name)] == []


# ---------------------------------------------------------------- what must not follow from what


def test_more_reports_never_lower_a_rate() -> None:
    """What is published are shares of work done in time; no indicator counts how much people asked for."""
    assert set(figures.RATES) == {"handled_on_time", "ended_on_time", "solved", "satisfied"}
    counted = [what for over, under in figures.RATES.values() for what in (over, *under)]
    assert all(what.startswith(("clock:", "rated:")) for what in counted), (
        "the number of reports weighs nothing"
    )


def test_a_personal_field_needs_a_purpose() -> None:
    for name, procedure in procedures().items():
        for field_name, field in procedure.fields.items():
            if field.level in ("L2", "L3"):
                assert all((field.purpose, field.basis, field.keep, field.seen_by)), f"{name}.{field_name}"
    joins = [n for n in asked_of_the_api() if re.search(r"phone|join|profile", n)]
    assert joins == []


def test_no_machine_decides_about_a_person() -> None:
    """The system itself takes only moves that a limit forces, none that rejects, voids or blames."""
    for name, procedure in procedures().items():
        own = [n for n, move in procedure.moves.items() if "system" in move.who]
        assert [n for n in own if procedure.is_final(procedure.moves[n].to)] == [], name


def test_no_code_watches_staff() -> None:
    """The browser sends no position but that of a report."""
    tree = [ast.parse(file.read_text("utf-8")) for file in (HOME / "web/field").glob("*.py")]
    names = {node.name for part in tree for node in ast.walk(part) if isinstance(node, ast.FunctionDef)}
    assert [name for name in names if re.search(r"track|position|presence|patrol", name)] == []


# ---------------------------------------------------------------- the ledger itself

MACHINE, CAMERAS = test_no_machine_decides_about_a_person, test_nothing_takes_streams_faces_or_positions
PURPOSE, ONE_KEY = test_a_personal_field_needs_a_purpose, test_a_reporter_is_a_key_of_one_case

PASSES, SPEECHES = test_no_pass_scan_or_entry_is_a_row, test_nothing_searches_filters_or_blocks_speech
HEALTH, TRACKS = (
    test_nothing_of_health_belief_or_crime_can_be_entered,
    test_positions_belong_to_cases_and_areas,
)
HUB, STAFF = test_a_helper_in_the_grid_sees_nothing_of_its_neighbours, test_no_code_watches_staff
NOBODY, POINTS = test_no_table_is_about_residents, test_no_number_is_kept_about_a_person

PROVED: dict[str, tuple[Callable[..., None], ...]] = {
    "HA-05": (SPEECHES,), "HA-07": (SPEECHES,), "HA-08": (SPEECHES,),
    "HA-03": (PASSES,), "JN-11": (PASSES, NOBODY), "HA-21": (PASSES,), "JN-20": (PASSES, HEALTH),
    "HA-12": (CAMERAS, NOBODY),
    "HA-02": (CAMERAS, NOBODY),
    "HA-01": (NOBODY, HEALTH), "XZ-13": (NOBODY, HEALTH),
    "JN-16": (TRACKS, NOBODY), "JN-10": (TRACKS, NOBODY), "JN-01": (TRACKS, MACHINE),
    "CZ-57": (NOBODY, PURPOSE), "CZ-10": (NOBODY, HEALTH),
    "CZ-42": (PURPOSE, ONE_KEY),
    "CZ-62": (POINTS,), "FZ-03": (POINTS, test_no_field_names_a_person),
    "JN-07": (test_persons_are_related_to_posts_and_units_only, POINTS),
    "CZ-18": (test_more_reports_never_lower_a_rate,), "CZ-17": (test_more_reports_never_lower_a_rate,),
    "CZ-60": (HUB, test_no_field_names_a_person), "XZ-07": (HUB, test_no_field_names_a_person),
    "FZ-17": (test_volunteers_and_courtyard_heads_read_no_case, test_no_field_names_a_person),
    "CZ-13": (CAMERAS,),
    "CZ-24": (HEALTH, NOBODY), "CZ-35": (SPEECHES, HEALTH), "HA-41": (HEALTH,),
    "XZ-20": (MACHINE, test_no_field_names_a_person),
    "XZ-21": (STAFF, TRACKS), "JN-15": (STAFF, TRACKS), "CZ-27": (STAFF, TRACKS),
}  # fmt: skip


def test_every_practice_of_the_ledger_has_its_negative_test() -> None:
    assert set(PROVED) == {practice.id for practice in practices() if practice.ledger}
    assert all(practice.built_instead for practice in practices() if practice.ledger)
