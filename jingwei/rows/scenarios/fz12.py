"""FZ-12: a village's security director who is an auxiliary policeman as well."""

from __future__ import annotations

import re
from datetime import date

from jingwei.rows import ground
from jingwei.rows.playing import Play, expect

GRIDS = 16_000  # in 1,600 villages
ROLES = """
security_director: {zh: 治保主任, en: Security director, at: community}
auxiliary_police: {zh: 辅警, en: Auxiliary police, at: community}
"""
POSTS = {"治保主任": "组织治安巡逻，调解邻里纠纷", "辅警": "协助派出所入户宣传"}


def prepare(play: Play) -> None:
    """A founded city that has added the two roles to its own; one person holds both in every village."""
    play.doors.found()
    (play.doors.home / "roles.yaml").write_text(ROLES, "utf-8")
    found = ground.grids(play.of(GRIDS))
    villages = play.kept["villages"] = sorted({grid.community for grid in found})
    play.doors.bring("areas", ground.write_areas(play.folder / "areas.csv", found))
    began = {"治保主任": play.day(ago=900), "辅警": play.day(ago=300)}
    ends = {"治保主任": "", "辅警": play.day(ago=-365)}
    play.kept |= {"began": began, "ends": ends}
    posts = [[role, village, duty] for village in villages for role, duty in POSTS.items()]
    staff = [
        [f"ZB{n:05}", f"治保{n:05}", role, village, began[role], ends[role]]
        for n, village in enumerate(villages)
        for role in POSTS
    ]
    head = ["工号", "姓名", "岗位", "岗位区划编码", "起始日期", "截止日期"]
    play.doors.bring(
        "people",
        ground.write_table(play.folder / "posts.csv", ["岗位", "区划编码", "职责"], posts),
        ground.write_table(play.folder / "staff.csv", head, staff),
    )
    play.doors.serve()
    admin = play.kept["admin"] = play.doors.administrator()
    for role in ("security_director", "auxiliary_police"):
        admin.send("/admin/seats/rules", role=role, least=1)


def two_posts_stand_apart(play: Play) -> None:
    """The person's page has both posts, each with its own days; each post has its own duty.

    The one is ended, and the other runs on.
    """
    admin, villages = play.kept["admin"], play.kept["villages"]
    person = admin.open(_link(admin.open("/admin/people/", q="ZB00000").text, r"/admin/people/\d+/"))
    rows = {row[0]: row for row in person.rows if row}
    posts = play.kept["posts"] = {}
    for role, duty in POSTS.items():
        days = [_said(play.kept["began"][role]), _said(play.kept["ends"][role])]
        row = rows.get(f"第1社区{role}", [])
        expect(row[2:4] == days, f"{role}: its days are not its own: {row}")
        posts[role] = _link(person.text, r"/admin/posts/\d+/", f"第1社区{role}")
        shown = admin.open(posts[role]).words
        other = next(said for name, said in POSTS.items() if name != role)
        expect(duty in shown and other not in shown, f"{role}: its duty is not its own: {shown[-400:]}")
    admin.send(_link(admin.open(posts["辅警"]).text, r"/admin/assignments/\d+/end"), on=play.day())
    expect("治保00000" in admin.open(posts["治保主任"]).words, "the director is gone with the other post")
    seats = admin.open("/admin/seats/", under=villages[0]).words
    for said in ("Security director 100.0% 1/1", "Auxiliary police 0.0% 0/1"):
        expect(said in seats, f"not “{said}”: {seats[-300:]}")


def villages_show_coverage(play: Play) -> None:
    """Every village asked for shows both seats with n of d; the one that is short is named among all."""
    admin, villages = play.kept["admin"], play.kept["villages"]
    for village in villages[1 :: max(1, len(villages) // 40)]:
        page = admin.open("/admin/seats/", under=village).words
        for said in ("Security director 100.0% 1/1", "Auxiliary police 100.0% 1/1"):
            expect(said in page, f"{village}: not “{said}”: {page[-300:]}")
    whole = admin.open("/admin/seats/", role="auxiliary_police")
    listed = [row[0] for row in whole.rows if row and row[0].isdecimal()]
    expect(listed == [villages[0]], f"listed as short: {listed[:10]}")
    expect(f"{len(villages) - 1:,}/{len(villages):,}" in whole.words, "the villages are not counted")
    admin.send(f"{play.kept['posts']['辅警']}assign", person="ZB00001", starts=play.day())
    whole = admin.open("/admin/seats/", role="auxiliary_police")
    expect("Every required seat is filled" in whole.words, "filled again, the village is still listed")
    play.note("villages", len(villages))


def _said(day: str) -> str:
    """A day as pages write it."""
    return f"{int(day[8:])} {date.fromisoformat(day):%B %Y}" if day else "—"


def _link(page: str, pattern: str, text: str = "") -> str:
    """The first address of a kind on a page, behind a text if one is given."""
    found = re.search(rf'href="({pattern})"' + (f">{text}<" if text else ""), page)
    expect(found is not None, f"nothing on the page leads to {pattern} {text}")
    return found[1] if found else ""


PREPARE = prepare
STEPS = (two_posts_stand_apart, villages_show_coverage)
