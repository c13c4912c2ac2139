"""What imports say: why a row cannot be taken and what would be right; what is told besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.kernel.tables import problems

#: why a row cannot be taken. A sentence follows "第12行 编码：" or "Line 12, Code: ".
CELLS: dict[str, tuple[str, str]] = {
    # codes
    "code-not-figures": (
        "‘{value}’应只有数字，区划编码不含字母和符号",
        "‘{value}’ should be figures only; codes of the tree have no letters or signs",
    ),
    "code-length-unknown": (
        "‘{value}’有{has}位，应为{lengths}",
        "‘{value}’ has {has} figures; it should have {lengths}",
    ),
    "kind-other-length": (
        "类型写的是{kind}，但‘{value}’有{has}位；{kind}的编码是{want}位",
        "the kind says {kind}, but ‘{value}’ has {has} figures; the code of a {kind} has {want}",
    ),
    "outside-city": (
        "‘{value}’不在本市，本市的编码以{city}开头",
        "‘{value}’ is not of this city; its codes begin with {city}",
    ),
    "code-twice": (
        "‘{value}’与第{first}行重复，同一个编码只能有一行",
        "‘{value}’ stands in line {first} already; a code has one row",
    ),
    "name-differs": (
        "编码{code}在第{first}行叫“{name}”，这里叫“{value}”，应一致",
        "code {code} is called “{name}” in line {first} and “{value}” here; they should agree",
    ),
    "code-used-before": (
        "‘{value}’是已停用的编码，编码不会再次使用；请用新编码，沿革写进新旧编码对照表",
        "‘{value}’ was the code of something that has ended, and codes are never used again; give a new "
        "code, and "
        "tie the two in a table of old and new codes",
    ),
    "kind-differs": (
        "‘{value}’已经是{there}，类型不能改",
        "‘{value}’ is a {there} already; its kind cannot change",
    ),
    "kind-needed": (
        "‘{value}’看不出类型，请填写类型",
        "the kind cannot be told from ‘{value}’; give it",
    ),
    "out-of-range": (
        "‘{value}’应在{least}到{most}之间",
        "‘{value}’ should lie between {least} and {most}",
    ),
    # what stands above
    "no-city": (
        "还没有城市，请先建立城市（jingwei init）",
        "there is no city yet; found it first (jingwei init)",
    ),
    "parent-unknown": (
        "上级{parent}不在系统里，也不在这个文件里；请先导入上级，或改正编码",
        "{parent}, the one above, is neither in the system nor in this file; import it first or mend the "
        "code",
    ),
    "parent-failed": (
        "上级{parent}（第{first}行）有错误，改正后一并导入",
        "{parent}, the one above (line {first}), has an error; mend it and import both",
    ),
    "parent-lower": (
        "{kind}不能放在{parent}（{above}）之下，上级应高一级或更高",
        "a {kind} cannot stand below {parent} (a {above}); what is above must be of a higher tier",
    ),
    "circle": (
        "上级关系成了循环：{chain}",
        "what stands above what goes round in a circle: {chain}",
    ),
    "too-deep": (
        "上级关系超过{most}层，请核对",
        "more than {most} units stand one above the other; please check",
    ),
    # old and new codes
    "recoding-new-unknown": (
        "新编码{value}不在系统里，也不在这个文件里；请把新区划一并导入",
        "the new code {value} is neither in the system nor in this file; import the new area with it",
    ),
    "recoding-same": ("新旧编码相同", "the old and the new code are the same"),
    "recoding-future": (
        "日期在以后；应为今天或以前的日期",
        "the day is yet to come; give today or a day before",
    ),
    "recoding-has-children": (
        "旧区划{value}下还有{n}个区划，不能停用；请先把它们改挂，或不填“停用”",
        "{n} areas still stand below the old one, {value}, so it cannot end; move them first, or leave "
        "this empty",
    ),
    "since-too-early": (
        "早于这个区划的起始日期{start}",
        "it lies before the first day of this area, {start}",
    ),
    # what is named
    "area-unknown": (
        "‘{value}’不是本市在用的区划编码；请先导入区划，或改正编码",
        "‘{value}’ is not the code of an area in force; import the areas first or mend the code",
    ),
    "area-not-grid": ("‘{value}’不是网格，应填网格编码", "‘{value}’ is no grid; give the code of a grid"),
    "unit-unknown": (
        "‘{value}’不是系统里或这次导入的单位编码",
        "‘{value}’ is not the code of a unit, in the system or in this import",
    ),
    "unit-ended": ("单位‘{value}’已经撤销", "the unit ‘{value}’ has ended"),
    "unit-failed": (
        "单位{value}（第{first}行）有错误，改正后一并导入",
        "the unit {value} (line {first}) has an error; mend it and import both",
    ),
    "role-unknown": (
        "‘{value}’不是系统里的岗位，应为：{roles}",
        "‘{value}’ is no role of this city; it should be one of: {roles}",
    ),
    "place-needed": ("区划编码和单位编码要填一个", "give the code of an area or that of a unit"),
    "place-both": ("区划编码和单位编码只能填一个", "give the code of an area or that of a unit, not both"),
    "post-unknown": (
        "这里没有叫“{value}”的{role}岗位；应为：{titles}",
        "there is no post of a {role} called “{value}” here; it should be: {titles}",
    ),
    "post-twice": (
        "与第{first}行重复，同一地方同一岗位要有不同的岗位名称",
        "line {first} is the same post; posts of one role in one place need different titles",
    ),
    "several-holders": (
        "现在有{n}个人在这个岗位，不能改成只限一人",
        "{n} people sit there now, so it cannot be for one person only",
    ),
    # people
    "person-differs": (
        "工号{code}在第{first}行是“{name}”，这里是“{value}”，应一致",
        "number {code} is “{name}” in line {first} and “{value}” here; they should agree",
    ),
    "person-failed": (
        "工号{code}（第{first}行）有错误，改正后一并导入",
        "the row of number {code} (line {first}) has an error; mend it and import both",
    ),
    "person-left": (
        "工号{code}的人员已离职；工号不会再次使用，请用新工号",
        "the person of number {code} has left; numbers are never used again, give a new one",
    ),
    "ends-before-start": (
        "止于{ends}，应晚于起始日期{starts}",
        "it ends on {ends}; that should be after {starts}, when it begins",
    ),
    "dates-without-post": ("填了日期，但没有岗位", "there are days but no role"),
    "seat-taken": (
        "这个岗位只限一人，这段时间已经有人",
        "only one person may sit in this post, and somebody does at that time",
    ),
    "twice-in-post": (
        "与第{first}行重复，同一个人在同一岗位的时间重叠",
        "line {first} puts the same person into the same post at that time",
    ),
    "login-signs": (
        "‘{value}’不能做登录名，应为2到40个字母、数字或 . @ - _",
        "‘{value}’ cannot be a login name; give 2 to 40 letters, figures or . @ - _",
    ),
    "login-taken": ("登录名‘{value}’已有人用", "the login name ‘{value}’ is taken"),
    "login-twice": (
        "登录名‘{value}’与第{first}行重复",
        "the login name ‘{value}’ stands in line {first} already",
    ),
    "demo-accounts-only-in-demo": (
        "以demo-开头的登录名只用于演示",
        "login names that begin with demo- are for the demo only",
    ),
    # links
    "reason-needed": (
        "{area}已有同类的“{other}”；一个地方有两个时要写原因",
        "{area} has “{other}” of the same kind already; where there are two, give the reason",
    ),
    "overlay-unknown": (
        "‘{value}’不在系统里；同时填写名称和类型，就会新建",
        "‘{value}’ is not in the system; with a name and a kind beside it, it is made",
    ),
    "overlay-in-tree": (
        "‘{value}’是{kind}，属于区划树，不是叠加的网格",
        "‘{value}’ is a {kind} of the tree, not an area across it",
    ),
    "link-twice": ("与第{first}行重复", "line {first} says the same"),
}

#: a shape's sentence follows "第3个图形（高新区）：" or "Shape 3 (…): "
SHAPES: dict[str, tuple[str, str]] = {
    "shape-code-unknown": (
        "编码{value}不在系统里。若是改过的编码，请在新旧编码对照表里写明；若是新区划，请先导入区划",
        "its code {value} is not in the system; if it was recoded, tie the two in a table of old and new "
        "codes, if it "
        "is new, import the area first",
    ),
    "shape-code-ambiguous": (
        "编码{value}对应几个区划（{codes}），请在新旧编码对照表里写明是哪一个",
        "its code {value} stands for several areas ({codes}); say which in a table of old and new codes",
    ),
    "shape-area-twice": (
        "与第{first}个图形是同一个区划（{code}）",
        "it is the same area ({code}) as shape {first}",
    ),
    "shape-abroad": (
        "图形不在中国境内，请核对坐标系和经纬度次序",
        "it does not lie in China; check the coordinate system and the order of the numbers",
    ),
}

#: what is told besides: (Chinese, English)
NOTES: dict[str, tuple[str, str]] = {
    "no-border": (
        "还没有边界的区划{n}个：{names}",
        "{n} areas have no border yet: {names}",
    ),
    "other-cities": (
        "不属于本市（编码不以{city}开头）的{n}行没有读取",
        "{n} rows are of other cities (their codes do not begin with {city}) and were not read",
    ),
    "code-elsewhere": (
        "{n}个区划的编码不以上级编码开头：{names}",
        "the codes of {n} areas do not begin with that of the area above: {names}",
    ),
    "sticks-out": (
        "{n}个区划的边界超出上级0.5%以上：{names}",
        "the borders of {n} areas stick out of the one above by more than 0.5%: {names}",
    ),
    "siblings-overlap": (
        "{n}个区划的下级边界互相重叠0.5%以上：{names}",
        "below {n} areas, borders overlap by more than 0.5%: {names}",
    ),
    "gaps": (
        "{n}个区划没有被下级边界填满（空缺0.5%以上）：{names}",
        "{n} areas are not filled by the borders below them (gaps of more than 0.5%): {names}",
    ),
    "size-doubtful": (
        "{n}个区划的面积不像是真的，请核对：{names}",
        "the size of {n} areas is hard to believe, please check: {names}",
    ),
    "density-doubtful": (
        "{n}个区划的户数和人口对不上（每户不到1人或超过10人），请核对：{names}",
        "households and population of {n} areas do not fit (fewer than 1 or more than 10 people each): "
        "{names}",
    ),
    "shape-repaired": (
        "{n}个图形的边界有误，已自动修复，请核对：{names}",
        "the borders of {n} shapes were invalid and have been repaired, please check: {names}",
    ),
    "shape-twice": (
        "{n}个图形与别的图形完全相同：{names}",
        "{n} shapes are the same as others: {names}",
    ),
    "tied": (
        "{n}个图形按新旧编码对照归到本市的区划：{names}",
        "{n} shapes were given to areas by the table of old and new codes: {names}",
    ),
    "children-stay": (
        "{n}个旧区划下还有下级，仍然在用：{names}",
        "{n} old areas still have others below them and stay in force: {names}",
    ),
    "recoding-one-known": (
        "对照表里{n}个新编码还不在系统里，先不记沿革：{names}",
        "{n} new codes of the table are not in the system yet, so their succession is not recorded: {names}",
    ),
    "posts-made": (
        "人员表里的岗位有{n}个还没有，会一并建立",
        "{n} posts named for people are not there yet and come with them",
    ),
    "no-account": (
        "选了开通账号，但{n}人已有账号，不再开通",
        "{n} people have accounts already; none is opened for them",
    ),
    "looks-like-gcj02": (
        "这个文件像是从高德等地图服务取来的（GCJ-02坐标），但坐标系选的是{source}；选错会偏移几百米",
        "this file looks like one of a Chinese map service (GCJ-02), but the coordinate system given is "
        "{source}; the "
        "wrong one shifts everything by some hundred metres",
    ),
    "ignored-columns": (
        "工作表“{sheet}”里没有用到的列：{names}",
        "columns of sheet “{sheet}” that were not used: {names}",
    ),
}


def say_note(code: str, params: Mapping[str, Any], language: str = "zh-hans") -> str:
    """Say a note in Chinese or English."""
    return NOTES[code][0 if language.startswith("zh") else 1].format(**params)


def say_notes_also(notes: Mapping[str, tuple[str, str]]) -> None:
    """Take in the notes of a layer above."""
    NOTES.update(notes)


problems.say_also(CELLS, SHAPES)
