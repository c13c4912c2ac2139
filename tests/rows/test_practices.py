"""The list of practices: complete, understood to the last word, and written in our own words."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jingwei.rows.practices import (
    MECHANISMS,
    NOT_BUILT,
    TEMPLATE_CODES,
    BadList,
    Practice,
    practices,
    read,
)

BUILT_FIRST = ("JN-17", "CZ-36", "FZ-02", "FZ-11", "XZ-04", "XZ-19", "JN-12")

ROW_ID = re.compile(r"\b(?:XZ|HA|CZ|JN|FZ)-\d\d\b")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
HAN = re.compile(r"[\u4e00-\u9fff]")

REFUSED = {"HA-41", "CZ-24", "CZ-35", "JN-07"}
REWRITTEN = set(
    ROW_ID.findall(
        "XZ-07 XZ-13 XZ-20 XZ-21 HA-01 HA-02 HA-03 HA-05 HA-07 HA-08 HA-12 HA-21 CZ-10 CZ-13 CZ-17 CZ-18 "
        "CZ-27 CZ-42 CZ-57 CZ-60 CZ-62 JN-01 JN-10 JN-11 JN-15 JN-16 JN-20 FZ-03 FZ-17"
    )
)

ONE_ROW = """
- id: JN-17
  zh: 网格与网格员
  en: Grids and grid workers
  clauses:
    - zh: 导入16,000个网格
      en: 16,000 grids load
    - zh: 当天没有巡查的网格列出
      en: A grid without a patrol is listed
      waits_for: [rounds]
  mechanisms: [AREA, POST]
  templates: [A1]
  part: {zh: 导入, en: The import}
  ledger: ''
"""

# The Jinan article is quoted in traditional characters; these are all it uses.
TRADITIONAL = (
    "來個備傳內創動務區參員問單嚴執報學對導層崗帶幟廈張從態懸戶掛撐時會業樓機橫殺況測準溝溫濟為發眾確礎紅細終組綁綜"
    "網線練織聯職臺與萬處見視記設診話詳課識護責貼賬贈跡車軌軍輛連進運過鄰針鏡鐘長門開間隊隨電預頻題類馬駐體點黨"
)
SIMPLIFIED = (
    "来个备传内创动务区参员问单严执报学对导层岗带帜厦张从态悬户挂撑时会业楼机横杀况测准沟温济为发众确础红细终组绑综"
    "网线练织联职台与万处见视记设诊话详课识护责贴账赠迹车轨军辆连进运过邻针镜钟长门开间队随电预频题类马驻体点党"
)
LONG_RUN = 12


def row(practice_id: str) -> Practice:
    return next(practice for practice in practices() if practice.id == practice_id)


def texts_zh(practice: Practice) -> list[str]:
    own = [practice.zh, *(clause.zh for clause in practice.clauses)]
    return own + [words.zh for words in (practice.part, practice.built_instead) if words]


def texts_en(practice: Practice) -> list[str]:
    own = [practice.en, *(clause.en for clause in practice.clauses)]
    return own + [words.en for words in (practice.part, practice.built_instead) if words]


def numbers_in(text: str) -> set[str]:
    return {number.replace(",", "") for number in NUMBER.findall(text)}


def han_in(text: str) -> str:
    """The Chinese characters alone, simplified: punctuation must not hide a quotation."""
    return "".join(HAN.findall(text)).translate(str.maketrans(TRADITIONAL, SIMPLIFIED))


# ---------------------------------------------------------------- the list as it stands


def test_all_172_practices_are_there_once_and_grouped_by_article() -> None:
    ids = [practice.id for practice in practices()]
    counts = {"XZ": 22, "HA": 44, "CZ": 64, "JN": 22, "FZ": 20}
    assert ids == [
        f"{article}-{number:02d}" for article, count in counts.items() for number in range(1, count + 1)
    ]
    assert len(ids) == 172
    assert Counter(practice.article for practice in practices()) == counts


@pytest.mark.parametrize("practice", practices(), ids=lambda practice: practice.id)
def test_every_text_is_chinese_and_english(practice: Practice) -> None:
    for text in texts_zh(practice):
        assert HAN.search(text), text
        assert text == text.strip()
    for text in texts_en(practice):
        assert re.search("[A-Za-z]", text), text
        assert not HAN.search(text), text
        assert text == text.strip()
    traditional = set(TRADITIONAL) & set("".join(texts_zh(practice)))
    assert not traditional, "written in traditional characters"


@pytest.mark.parametrize("practice", practices(), ids=lambda practice: practice.id)
def test_both_languages_of_a_clause_name_the_same_figures(practice: Practice) -> None:
    for clause in practice.clauses:
        assert numbers_in(clause.zh) == numbers_in(clause.en), clause


def test_every_code_is_known_and_every_code_is_used() -> None:
    assert len(MECHANISMS) == 12
    assert len(TEMPLATE_CODES) == 86
    assert {code for practice in practices() for code in practice.mechanisms} == MECHANISMS
    assert {code for practice in practices() for code in practice.templates} == TEMPLATE_CODES
    waited_for = {word for practice in practices() for word in practice.waits_for}
    assert waited_for == set(NOT_BUILT)


@pytest.mark.parametrize("practice_id", BUILT_FIRST)
def test_what_is_built_first_waits_for_nothing(practice_id: str) -> None:
    assert row(practice_id).waits_for == ()
    assert row(practice_id).part is None


def test_a_row_waits_for_what_any_clause_waits_for() -> None:
    tiers = row("JN-13")
    assert [clause.waits_for for clause in tiers.clauses] == [(), ("deadlines",), ("rates",)]
    assert tiers.waits_for == ("deadlines", "rates")
    patrol = row("JN-15")
    assert patrol.waits_for == ("rounds", "rates", "offline")
    assert [bool(clause.waits_for) for clause in patrol.clauses] == [True, False, True, False, True]


def test_the_rights_ledger_rows_are_marked() -> None:
    by_mark = {mark: {p.id for p in practices() if p.ledger == mark} for mark in ("refused", "rewritten")}
    assert by_mark == {"refused": REFUSED, "rewritten": REWRITTEN}


# ---------------------------------------------------------------- reading is strict


def test_a_small_list_is_read_word_for_word() -> None:
    (practice,) = read(ONE_ROW)
    assert practice.templates == ("A1",)
    assert practice.waits_for == ("rounds",)
    assert practice.clauses[0].zh == "导入16,000个网格"
    assert practice.part is not None
    assert practice.part.en == "The import"


@pytest.mark.parametrize(
    ("was", "is_now", "says"),
    [
        ("  templates: [A1]", "  templates: [A1]\n  colour: red", "JN-17: unknown key colour"),
        ("      en: 16,000 grids load\n", "", "JN-17, clause 1: en missing"),
        ("      en: 16,000 grids load\n", "      en: ''\n", "JN-17, clause 1: en: is empty"),
        ("[rounds]", "[runds]", "JN-17, clause 2: waits_for: 'runds' is not known"),
        ("[rounds]", "[rounds, rounds]", "'rounds' is named twice"),
        ("[rounds]", "rounds", "JN-17, clause 2: waits_for: expected a list"),
        ("      waits_for: [rounds]\n", "      waits_for: [rounds]\n      why: later\n", "unknown key why"),
        ("[AREA, POST]", "[AREA, PORT]", "JN-17: mechanisms: 'PORT' is not known"),
        ("[A1]", "[A6]", "JN-17: templates: 'A6' is not known"),
        ("[A1]", "[[A1]]", "JN-17: templates: ['A1'] is not known"),
        ("[A1]", "[C1]", "template C1 belongs to CASE"),
        ("ledger: ''", "ledger: softened", "'softened' is not one of rewritten, refused"),
        ("ledger: ''", "ledger: rewritten", "says what is built instead"),
        ("ledger: ''", "ledger: ''\n  built_instead: {zh: 无, en: none}", "says what is built instead"),
        ("  part: {zh: 导入, en: The import}\n", "", "says which part can be shown"),
        ("      waits_for: [rounds]\n", "", "says which part can be shown"),
        ("id: JN-17", "id: JN-7", "a hyphen and two digits"),
        ("id: JN-17", "id: BJ-17", "a hyphen and two digits"),
        ("  zh: 网格与网格员\n", "  zh: 网格与网格员\n  zh: 另一个\n", "'zh' is written twice"),
        ("  zh: 网格与网格员\n", "  zh: !!str 网格与网格员\n", "line 3: anchors, aliases and tags"),
        ("  zh: 网格与网格员\n", "  zh: &name 网格与网格员\n", "line 3: anchors, aliases and tags"),
        ("  clauses:", "  clauses: []\n  x:", "unknown key x"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(was: str, is_now: str, says: str) -> None:
    assert was in ONE_ROW
    with pytest.raises(BadList) as no:
        read(ONE_ROW.replace(was, is_now, 1))
    assert says in str(no.value)


def test_the_same_row_twice_is_refused() -> None:
    with pytest.raises(BadList, match="JN-17: stands in the list twice"):
        read(ONE_ROW + ONE_ROW)


def test_something_other_than_a_list_is_refused() -> None:
    with pytest.raises(BadList, match="is not a list"):
        read("JN-17: something")


# ---------------------------------------------------------------- against the inventory it was written from


@pytest.fixture(scope="module")
def inventory() -> Path:
    folder = os.environ.get("JINGWEI_INVENTORY", "")
    if not folder:
        pytest.skip("JINGWEI_INVENTORY does not name the folder of the inventory")
    return Path(folder)


@pytest.fixture(scope="module")
def described(inventory: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads((inventory / "inventory.json").read_text(encoding="utf-8"))
    return {entry["id"]: entry for entry in rows}


def test_rows_codes_and_order_are_those_of_the_inventory(described: dict[str, dict[str, Any]]) -> None:
    assert [practice.id for practice in practices()] == list(described)
    for practice in practices():
        entry = described[practice.id]
        # NONE says that no mechanism carries the row: here that is an empty list.
        assert list(practice.mechanisms) == [code for code in entry["mechanisms"] if code != "NONE"]
        assert list(practice.templates) == entry["templates"]


def test_no_figure_of_an_acceptance_statement_is_lost(described: dict[str, dict[str, Any]]) -> None:
    for practice in practices():
        wanted = numbers_in(described[practice.id]["acceptance"])
        kept = numbers_in(" ".join(clause.en for clause in practice.clauses))
        assert not wanted - kept, (practice.id, wanted - kept)


def test_the_table_of_traditional_characters_covers_the_quotations(
    described: dict[str, dict[str, Any]],
) -> None:
    assert len(TRADITIONAL) == len(SIMPLIFIED) == len(set(TRADITIONAL))
    for entry in described.values():
        han_in(entry["quote"]).encode("gb2312")  # raises where a traditional character was left


def test_nothing_is_quoted_from_the_articles(described: dict[str, dict[str, Any]]) -> None:
    runs = {
        quote[start : start + LONG_RUN]
        for quote in (han_in(entry["quote"]) for entry in described.values())
        for start in range(len(quote) - LONG_RUN + 1)
    }
    assert len(runs) > 1000
    for practice in practices():
        for text in map(han_in, texts_zh(practice)):
            copied = {text[i : i + LONG_RUN] for i in range(len(text) - LONG_RUN + 1)} & runs
            assert not copied, (practice.id, copied)


def test_the_ledger_rows_are_those_of_the_rights_ledger(
    inventory: Path, described: dict[str, dict[str, Any]]
) -> None:
    named = set(ROW_ID.findall((inventory / "rights-ledger.md").read_text(encoding="utf-8")))
    noted = {
        key
        for key, entry in described.items()
        if entry["rights_note"].startswith(("RIGHTS-REWRITE", "EXCLUDED"))
    }
    assert named | noted == {practice.id for practice in practices() if practice.ledger}
    # Excluded with nothing rewritten in its place is refused; everything else in the ledger is rewritten.
    refused = {
        key
        for key in noted
        if "EXCLUDED" in (note := described[key]["rights_note"]) and "RIGHTS-REWRITE" not in note
    }
    assert refused == REFUSED
