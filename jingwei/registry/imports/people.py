"""Who answers, from one workbook or several files: organisations, posts, staff, and where organisations
work.

Each sheet is known by its header, whatever it is called. A sheet may name units that another one of the same
import makes.
"""

from __future__ import annotations

from collections.abc import Sequence

from jingwei.kernel.tables.reading import Column, read_tables
from jingwei.registry.imports.known_areas import KnownAreas
from jingwei.registry.imports.links import LINKS, LinkPlan
from jingwei.registry.imports.plan import Incoming, Options, Plan, Reading
from jingwei.registry.imports.posts import POSTS, PostPlan
from jingwei.registry.imports.staff import STAFF, StaffPlan
from jingwei.registry.imports.units import UNITS, UnitPlan

FORMS: dict[str, Sequence[Column]] = {
    "organisations": UNITS,
    "posts": POSTS,
    "staff": STAFF,
    "links": LINKS,
}


def plan(files: Sequence[Incoming], options: Options) -> Plan:
    """Read organisations, posts, staff and links; see the module."""
    found, known = Plan(), KnownAreas()
    readings: dict[str, list[Reading]] = {form: [] for form in FORMS}
    for file in files:
        for form, table in read_tables(file.data, filename=file.filename, forms=FORMS):
            readings[form].append(Reading(form, FORMS[form], table))
    units = UnitPlan(found, known)
    for reading in readings["organisations"]:
        units.take(reading)
    units.judge()
    posts = PostPlan(found, known, units)
    for reading in readings["posts"]:
        posts.judge(reading)
    staff = StaffPlan(found, units, posts, open_accounts=options.open_accounts)
    for reading in readings["staff"]:
        staff.judge(reading)
    staff.plan_writing()
    links = LinkPlan(found, known, units)
    for reading in readings["links"]:
        links.judge(reading)
    links.plan_writing()
    for sheets in readings.values():
        for reading in sheets:
            found.failed += reading.failed()
            found.left_out += reading.left_out
    return found
