"""The loader and the checker name the right line and say what would be right, for every kind of mistake.

And let nothing by.

A sound playbook is broken in one place at a time. What is refused changes nothing.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from jingwei.engine import library, publishing
from jingwei.engine.checking import check, classes
from jingwei.engine.models import CaseClass, ProcedureVersion
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import JournalLine
from jingwei.kernel.refusals import Refused

FOLDER = library.PLAYBOOKS / "resident_request"
FILES = {
    file.relative_to(FOLDER).as_posix(): file.read_text("utf-8")
    for file in (FOLDER / "procedure.yaml", *sorted(FOLDER.glob("texts/*.yaml")))
}
PROCEDURE, ZH, EN = "procedure.yaml", "texts/zh.yaml", "texts/en.yaml"
CLASSES = (library.PLAYBOOKS / "classes/social_governance.yaml").read_text("utf-8")


def found(files: dict[str, str]) -> list[str]:
    """Everything that loader and checker say about these files, as `file:line: sentence`."""
    playbook, problems = library.parse(files)
    if playbook is not None:
        problems = problems + check.problems_of(playbook)
    return [str(problem) for problem in problems]


def broken(old: str, new: str, *, file: str = PROCEDURE) -> dict[str, str]:
    """The sound files with one thing changed."""
    assert FILES[file].count(old) == 1, f"{FILES[file].count(old)} times in {file}: {old}"
    return FILES | {file: FILES[file].replace(old, new)}


def line_of(text: str, wanted: str) -> int:
    """The line that something stands in, from 1."""
    assert text.count(wanted) == 1, f"{text.count(wanted)} times: {wanted}"
    return text.count("\n", 0, text.index(wanted)) + 1


def test_the_playbook_that_is_broken_below_is_sound() -> None:
    assert found(FILES) == []


# ---------------------------------------------------------------- YAML


def test_a_trap_in_any_file_of_a_playbook_is_named_with_the_file() -> None:
    trap = broken("  sign: 签收时限", "  sign: &t 签收时限", file=ZH)
    line = line_of(trap[ZH], "&t")
    assert f"{ZH}:{line}: anchors and aliases (& and *) are not used here: write it out" in found(trap)


# ---------------------------------------------------------------- reading a folder


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def test_a_folder_without_a_procedure_says_so(tmp_path: Path) -> None:
    assert [str(one) for one in check.problems(tmp_path)] == ["procedure.yaml:1: the file is missing"]


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / ZH).write_bytes("name: Zhengti\nshort: 诉求\n".encode("gb18030"))
    assert [str(one) for one in check.problems(tmp_path)] == [
        f"{ZH}:2: this is not UTF-8: save the file as UTF-8"
    ]


@pytest.mark.parametrize("text", ["- a\n- b", "just words"])
def test_a_file_that_is_no_mapping_is_named(text: str) -> None:
    why = "write words with their values, like name: …"
    assert found(FILES | {PROCEDURE: text}) == [f"{PROCEDURE}:1: {why}"]
    assert f"{EN}:1: {why}" in found(FILES | {EN: text})


def test_an_empty_file_lacks_everything_that_must_be_there() -> None:
    says = found(FILES | {PROCEDURE: ""})
    assert f"{PROCEDURE}:1: states: 'states' is missing here" in says
    assert f"{PROCEDURE}:1: fields: 'fields' is missing here" in says


def test_a_language_that_is_missing_is_named() -> None:
    assert found({name: text for name, text in FILES.items() if name != EN}) == [
        f"{EN}:1: the file is missing"
    ]


# ---------------------------------------------------------------- one mistake at a time

#: what stands there · what is written instead · the sentence · where its line is looked for, if not where it
#: was written
Mistake = tuple[str, str, str] | tuple[str, str, str, str]

FORM: dict[str, Mistake] = {
    "an unknown word": ("number: SQ", "number: SQ\ncolour: red", "colour: there is no word 'colour' here", "colour: red"),
    "a missing word": ("who: unit}        #", "}        #", "moves.sign.who: 'who' is missing here"),
    "an unknown word in a move": (
        "to: handling, who: unit}        #", "to: handling, who: unit, whom: unit}        #",
        "moves.sign.whom: there is no word 'whom' here",
    ),
    "no number": ("version: 1", "version: no", "version: 'no' is no whole number"),
    "a time for a number": ("version: 1", "version: 1:30", "version: '1:30' is no whole number"),
    "a version before the first": ("version: 1", "version: 0", "version: versions are counted from 1"),
    "small letters for a kind of number": ("number: SQ", "number: sq", "number: 'sq' must be two capital letters, like WG"),
    "a name with capitals": (
        "  supervisor: {post", "  Supervisor: {post",
        "roles.Supervisor: 'Supervisor' must be small letters, figures and _, beginning with a letter, at most 40",
    ),
    "neither yes nor no": ("about: yes", "about: maybe", "intake.about: 'maybe' is neither yes nor no"),
    "a mapping for a list": ("who: unit}        #", "who: {unit: yes}}        #", "moves.sign.who: write a list here, like [a, b]"),
    "a word for a mapping": ("{is: lead_unit}", "lead_unit", "roles.unit: write words with their values here, like {key: value}", "unit:       lead_unit"),
    "a list for a word": ("to: handling, who: unit}        #", "to: [handling], who: unit}        #", "moves.sign.to: write one word or text here"),
    "an unknown level": ("level: L2", "level: L9", "fields.reporter_contact.level: 'L9' is none of 'L0', 'L1', 'L2' or 'L3'"),
    "an unknown kind of state": (
        "{kind: new, ", "{kind: fresh, ",
        "states.received.kind: 'fresh' is none of 'new', 'active', 'waiting', 'done' or 'dropped'",
    ),
    "an unknown type": (
        "{type: tick}", "{type: clock}",
        "fields.explained.type: 'clock' is none of 'text', 'line', 'picture', 'phone', 'class', 'area', 'place', 'unit', 'post', 'one_of',"
        " 'time', 'tick' or 'number'",
    ),
    "a limit that YAML 1.1 would take for minutes": (
        "limit: 30d", "limit: 1:30", "clocks.suspend.limit.every: '1:30' is no limit: write a number and one of m, h, wm, wh, d, wd, like 30wm",
    ),
    "a limit of nothing": (
        "limit: 30d", "limit: 0d", "clocks.suspend.limit.every: '0d' is no limit: write a number from 1 and one of m, h, wm, wh, d, wd, like 30wm",
    ),
    "a limit for one urgency only": (
        "{while: raised,     limit: {urgent: 2h, normal: 1wd}", "{while: raised,     limit: {urgent: 2h}",
        "clocks.raise.limit: write one limit (4wh), both urgencies ({urgent: 10m, normal: 30wm}), or standard",
    ),
    "a standard that no class has": ("standard.total", "standard.half", "clocks.total.limit.standard: 'half' is none of 'handle' or 'total'"),
    "defaults that are no mapping": (
        "  defaults:         {level: L0", "  defaults: none\n  other:            {level: L0",
        "fields.defaults: write words with their values here, like {level: L0}",
        "procedure: resident_request",
    ),
    "verbs that are no list": ("then: [{count: raised}], tell: [{notify: supervisor}, {notify: reporter}]}\n  assign", "then: count}\n  assign",
                               "moves.raise.then: write a list of verbs, like [{count: rework}]"),
    "a verb without an object": ("late: [{do: sign, as: counted_as_signed}]", "late: [do]",
                                 "clocks.sign.late: each verb is written like {restart: handle, share: 1/2}"),
}  # fmt: skip

NAMED: dict[str, Mistake] = {
    "a move from nowhere": ("{from: received, to: filed,", "{from: recieved, to: filed,", "moves.file.from: there is no state 'recieved'"),
    "a move to nowhere": ("to: filed, who: [call_taker", "to: field, who: [call_taker", "moves.file.to: there is no state 'field'"),
    "a move by nobody there is": ("who: [dispatcher, acceptor, call_taker]", "who: [despatcher]", "moves.dispatch.who: there is no role 'despatcher'"),
    "an owner that is no role": ("raised:       {kind: active,  owner: supervisor}", "raised:       {kind: active,  owner: boss}",
                                 "states.raised.owner: there is no role 'boss'"),
    "a post that nobody has": ("post: supervisor", "post: emperor", "roles.supervisor.post: there is no post role 'emperor' (see roles.yaml)"),
    "a reader that no post is": ("readers: [shift_leader,", "readers: [emperor,", "readers: there is no post role 'emperor' (see roles.yaml)"),
    "a tier there is not": ("post: dispatcher,  at: county", "post: dispatcher,  at: moon",
                            "roles.dispatcher.at: there is no tier 'moon'; there are: city, county, street, community, grid"),
    "a role that is two things": ("{is: task_unit}", "{is: task_unit, post: handler}",
                                  "roles.cohandler: a role is either {is: reporter} or {post: acceptor, at: street}"),
    "a field nobody declared": ("has: [class]", "has: [klass]", "moves.file: there is no field 'klass': declare it under fields"),
    "a field nobody declared at intake": ("intake: {needs: [description]", "intake: {needs: [story]",
                                          "intake: there is no field 'story': declare it under fields"),
    "a field nobody ever enters": ("  remark:           {type", "  colour:           {type: number}\n  remark:           {type",
                                   "fields.colour: nobody ever enters it: leave it out",
                                   "colour:           {"),
    "a field of the engine of another type": ("lead_unit:        {type: unit}", "lead_unit:        {type: number}",
                                              "fields.lead_unit: the engine reads 'lead_unit' itself: its type must be unit"),
    "a choice without a list": ("{type: one_of, of: objections}", "{type: one_of}", "fields.objection_code: one_of needs its list of codes: of: reasons"),
    "a list that is no choice": ("new_due:          {type: time,", "new_due:          {type: time, of: times,",
                                 "fields.new_due: only one_of has a list of codes, and this is a time"),
    "many of nothing": ("many: 9", "many: 0", "fields.evidence: many: 0 cannot be here"),
    "an unknown condition": ("if: not_redone", "if: once",
                             "moves.rehandle.if: there is no condition 'once'; there are: before_due, called_back, community_may_lead,"
                             " contact_left, contacted, inside_own_unit, located, not_redone, own_find, placed, reporter_told, said_solved,"
                             " said_unsolved, tasks_answered, within_reopen_days"),
    "a condition that looks at nothing": ("  handle:   {while", "  treat:    {while", "asks.extension.if: 'before_due' looks at the clock 'handle', which is not there",
                                          "extension:  {"),
    "an unknown effect": ("{count: urged}", "{add: urged}",
                          "moves.urge.then: there is no effect 'add'; there are: clear, count, extend, list, raise, rate, recompute, restart, review"),
    "a counter of the engine": ("{count: urged}", "{count: in}", "moves.urge.then: count: 'in' is counted by the engine itself: take another word"),
    "an effect on no clock": ("{recompute: clocks}", "{restart: clocks}", "moves.correct.then: restart: there is no clock 'clocks'",
                              "then: [{restart: clocks}]"),
    "an effect on no field": ("{recompute: clocks}", "{clear: clocks}", "moves.correct.then: clear: there is no field 'clocks'",
                              "then: [{clear: clocks}]"),
    "a fixed object written otherwise": ("{recompute: clocks}", "{recompute: all}", "moves.correct.then: recompute: write {recompute: clocks}",
                                         "then: [{recompute: all}]"),
    "a tier raised by another word": ("{recompute: clocks}", "{raise: unit}", "moves.correct.then: raise: write {raise: owner}",
                                      "then: [{raise: unit}]"),
    "a rating by somebody else": ("{rate: callback}", "{rate: reporter}",
                                  "moves.callback.then: rate: write {rate: callback}, and what is asked under rating", "then: [{rate: reporter}]"),
    "a review without a span": ("review: every 30d", "review: monthly", "asks.suspension.granted: review: 'monthly': write how often, like every 30d"),
    "an unknown argument": ("then: [{restart: handle, share: 1/2}, {restart: respond}]", "then: [{restart: handle, part: 1/2}, {restart: respond}]",
                            "moves.assign.then: restart takes no 'part'"),
    "a share above the whole": ("then: [{restart: handle, share: 1/2}, {restart: respond}]", "then: [{restart: handle, share: 3/2}, {restart: respond}]",
                                "moves.assign.then: restart: '3/2' is no share: write 1/2 or 50%"),
    "a share by nothing": ("then: [{restart: handle, share: 1/2}, {restart: respond}]", "then: [{restart: handle, share: 1/0}, {restart: respond}]",
                           "moves.assign.then: restart: '1/0' is no share: write 1/2 or 50%"),
    "an extension without an ask": ("then: [{count: urged}]", "then: [{extend: handle}]", "moves.urge.then: extend: only the decision of an ask extends a clock"),
    "an extension to nothing asked": ("{extend: handle, to: new_due, most: 1/1}", "{extend: handle, to: reply}",
                                      "asks.extension.granted: extend: the ask must need 'reply', or there is nothing to extend to"),
    "an unknown tell": ("tell: [{notify: unit}, {notify: dispatcher}]", "tell: [{shout: unit}]",
                        "moves.dispatch.tell: there is nothing to tell with 'shout'; there are: ask_rating, notify"),
    "a tell to nobody": ("tell: [{notify: unit}, {notify: dispatcher}]", "tell: [{notify: everybody}]",
                         "moves.dispatch.tell: notify: there is no role 'everybody'"),
    "a tell to a co-handler": ("tell: [{notify: unit}, {notify: dispatcher}]", "tell: [{notify: cohandler}]",
                               "moves.dispatch.tell: notify: 'cohandler' is told by the task it is given, not here"),
    "a tell with an argument": ("tell: [{notify: unit}, {notify: dispatcher}]", "tell: [{notify: unit, loud: yes}]",
                                "moves.dispatch.tell: notify takes no 'loud'"),
    "a rating asked of a unit": ("if: [called_back, said_solved],\n                   tell: [{ask_rating: reporter}]}",
                                 "if: [called_back, said_solved],\n                   tell: [{ask_rating: unit}]}",
                                 "moves.close.tell: ask_rating: the result is rated by the reporter",
                                 "tell: [{ask_rating: unit}]"),
    "an ask in no state": ("objection:  {while: dispatched,", "objection:  {while: despatched,", "asks.objection: there is no state 'despatched'"),
    "an ask decided into nowhere": ("granted: {to: raised,", "granted: {to: lifted,", "asks.raising.granted: there is no state 'lifted'"),
    "an ask that the reporter decides": ("raising:    {while: handling, by: unit, needs: [reason], if: contacted, decided_by: [dispatcher, supervisor]",
                                         "raising:    {while: handling, by: unit, needs: [reason], if: contacted, decided_by: reporter",
                                         "asks.raising.decided_by: 'reporter' has no desk that could decide"),
    "work that no move waits for": ("joins: reply", "joins: replies", "tasks.co_handle.joins: there is no move 'replies'"),
    "a move that does not wait": ("if: [contacted, tasks_answered]", "if: contacted",
                                  "tasks.co_handle.joins: the move 'reply' must say if: tasks_answered, or it will not wait", "joins: reply"),
    "work given to the leading unit": ("to: cohandler, needs", "to: unit, needs", "tasks.co_handle.to: work is given to a unit ({is: task_unit}) or to a post"),
    "a link of another kind": ("links:\n  follows:", "links:\n  copies:", "links.copies: the only link so far is 'follows'", "copies: {"),
    "a link in no state": ("{while: [received, filed], by", "{while: [received, field], by", "links.follows: there is no state 'field'"),
    "a clock in no state": ("callback: {while: replied, ", "callback: {while: repleid, ", "clocks.callback: there is no state 'repleid'"),
    "a clock that never runs": ("callback: {while: replied,    limit", "callback: {limit",
                                "clocks.callback: say when it runs: while: a state, or starts: {entering: a state}"),
    "a clock that starts two ways": ("{at: sign, if_late: dispatch}", "{at: sign, entering: dispatched}",
                                     "clocks.handle.starts: write {entering: a state} or {at: a move}, one of them"),
    "a clock that starts at no move": ("{at: sign, if_late: dispatch}", "{at: signing, if_late: dispatch}", "clocks.handle.starts: there is no move 'signing'"),
    "a clock that starts in no state": ("{entering: filed}", "{entering: field}", "clocks.total.starts: there is no state 'field'"),
    "a clock that waits for no field": ("has: reporter_contact,", "has: contact,", "clocks.respond.has: there is no field 'contact': declare it under fields"),
    "a clock that ends at no move": ("ends: contact,", "ends: contacts,", "clocks.respond.ends: there is no move 'contacts'; write a move, or final"),
    "a warning that is no share": ("warn: [50%, 80%]", "warn: [half]", "clocks.handle.warn: 'half' is no share: write 50% or 1/2"),
    "a late move there is not": ("{do: sign, as: counted_as_signed}", "{do: signs}", "clocks.sign.late: there is no move 'signs'"),
    "a late move from elsewhere": ("{do: sign, as: counted_as_signed}", "{do: reply}",
                                   "clocks.sign.late: the move 'reply' cannot be taken in 'dispatched', where the clock runs"),
    "a late verb that time has not": ("{do: sign, as: counted_as_signed}", "{ask_rating: reporter}",
                                      "clocks.sign.late: when time is up there is {notify: a role} and {do: a move}, not 'ask_rating'", "late: [{ask_rating: reporter}]"),
    "a rating before the end": ("asked: [closed, answered]", "asked: [closed, replied]",
                                "rating.asked: 'replied' is not the end: a result is rated when there is one"),
    "a rating in words": ("questions: [solved, satisfied]", "questions: [solved, remark]", "rating.questions: 'remark' must be a one_of: only codes are counted"),
    "a rating of the unit": ("of: reporter, questions", "of: unit, questions", "rating.of: the result is rated by the reporter"),
    "a state that has no owner": ("raised:       {kind: active,  owner: supervisor}", "raised:       {kind: active}",
                                  "states.raised: nobody owns it: every state that is not final has an owner"),
    "an end without an outcome": ("{kind: dropped, outcome: withdrawn}", "{kind: dropped}", "states.withdrawn: a final state needs an outcome (or every move into it)"),
    "an outcome before the end": ("filed:        {kind: active,  owner: dispatcher}", "filed:        {kind: active,  owner: dispatcher, outcome: solved}",
                                  "states.filed.outcome: only a final state has an outcome"),
    "a move with an outcome before the end": ("to: filed, who: [call_taker", "to: filed, outcome: solved, who: [call_taker",
                                              "moves.file.outcome: 'filed' does not end the case: only an end has an outcome"),
    "an outcome too long for the database": ("outcome: unsolved", "outcome: not_solved_for_reasons_which_we_all_know", "moves.close_unsolved.outcome:"
                                             " 'not_solved_for_reasons_which_we_all_know' is too long: at most 32 letters"),
    "no state to begin in": ("received:     {kind: new, ", "received:     {kind: active, ", "states: no state is of kind new: where does a case begin?", "states:\n"),
    "no way to place a case": ("  correct:        {from: any_open, to: same, who: [acceptor, call_taker, dispatcher], needs: [reason], may: [class, area, place, urgency]",
                               "  correct:        {from: any_open, to: same, who: [acceptor, call_taker, dispatcher], needs: [reason], may: [class, urgency]",
                               "moves: a move 'correct' must take an area and a reason: how else is a case placed later?", "moves:\n"),
}  # fmt: skip

WAYS: dict[str, Mistake] = {
    "no clock in a state": ("  raise:    {while: raised,     limit: {urgent: 2h, normal: 1wd},   leaving: reset}\n", "",
                            "states.raised: no clock runs in it, coming by 'raising': every state that is not final has one", "raised:       {kind"),
    "a clock that not everybody has": ("callback: {while: replied, ", "callback: {has: photo, while: replied, ",
                                       "states.replied: no clock runs in it, coming by 'reply': every state that is not final has one", "replied:      {kind"),
    "a clock that does not come back": ("sign:     {while: dispatched, limit: {urgent: 15m, normal: 4wh},  leaving: reset,",
                                        "sign:     {while: dispatched, limit: {urgent: 15m, normal: 4wh},  leaving: stop,", ""),
    "a clock that ended too early": ("raise:    {while: raised,     limit: {urgent: 2h, normal: 1wd},   leaving: reset}",
                                     "raise:    {while: raised,     limit: {urgent: 2h, normal: 1wd},   leaving: reset, ends: note}",
                                     "states.raised: no clock runs in it, coming by 'note': every state that is not final has one", "raised:       {kind"),
    "nobody named to lead": ("to: dispatched, who: [dispatcher, acceptor, call_taker], needs: [lead_unit], may: [remark]",
                             "to: dispatched, who: [dispatcher, acceptor, call_taker], needs: [remark], may: [lead_unit]",
                             "states.dispatched: no unit was named to lead it yet, coming by 'dispatch': nobody would own it", "dispatched:   {kind"),
    "a state that no way leads to": ("granted: {to: suspended, then", "granted: {then", "states.suspended: no way leads to it", "suspended:    {kind"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", [*FORM.values(), *NAMED.values()], ids=[*FORM, *NAMED])
def test_a_mistake_is_named_with_its_line_and_what_would_be_right(mistake: Mistake) -> None:
    old, new, says, *at = mistake
    files = broken(old, new)
    line = line_of(files[PROCEDURE], at[0] if at else new.split("\n")[0])
    assert f"{PROCEDURE}:{line}: {says}" in found(files)


@pytest.mark.parametrize("name", [name for name in WAYS if WAYS[name][2]])
def test_every_way_has_an_owner_a_clock_and_an_end(name: str) -> None:
    old, new, says, *at = WAYS[name]
    files = broken(old, new)
    assert f"{PROCEDURE}:{line_of(files[PROCEDURE], at[0])}: {says}" in found(files)


def test_a_clock_that_stops_for_good_leaves_the_second_visit_without_one() -> None:
    """`leaving: stop` means once. The total clock runs beside it, so that nothing is amiss.

    Without that one there would be.
    """
    once = "sign:     {while: dispatched, limit: {urgent: 15m, normal: 4wh},  leaving: stop,"
    files = broken("sign:     {while: dispatched, limit: {urgent: 15m, normal: 4wh},  leaving: reset,", once)
    assert found(files) == []
    total = (
        "  total:    {starts: {entering: filed}, ends: final, pauses_in: suspended, limit: standard.total}\n"
    )
    without = files | {PROCEDURE: files[PROCEDURE].replace(total, "")}
    assert any("states.dispatched: no clock runs in it, coming by" in says for says in found(without))


def test_a_case_that_cannot_end_is_named() -> None:
    text = FILES[PROCEDURE]
    text = text.replace("withdraw:       {from: any_open", "withdraw:       {from: received")
    text = text.replace("resume:         {from: suspended", "resume:         {from: handling")
    says = found(FILES | {PROCEDURE: text})
    line = line_of(text, "suspended:    {kind")
    assert f"{PROCEDURE}:{line}: states.suspended: no move leads out of it" in says
    text = text.replace(
        "resume:         {from: handling, to: handling", "resume:         {from: suspended, to: stuck"
    )
    text = text.replace(
        "  suspended:    {kind", "  stuck:        {kind: waiting, owner: supervisor}\n  suspended:    {kind"
    )
    text = text.replace(
        "resume:         {",
        "turn:           {from: stuck, to: suspended, who: supervisor}\n  resume:         {",
    )
    text = text.replace("suspend:  {while: suspended,", "suspend:  {while: [suspended, stuck],")
    says = found(FILES | {PROCEDURE: text})
    for state in ("stuck", "suspended"):
        line = line_of(text, f"  {state}:".ljust(16) + "{kind")
        assert f"{PROCEDURE}:{line}: states.{state}: a case that comes here can never end" in says


# ---------------------------------------------------------------- who sees what

PRIVACY: dict[str, Mistake] = {
    "L2 for everyone": ("seen_by: [acceptor, call_taker, supervisor, unit]", "seen_by: everyone",
                        "fields.reporter_contact: a value of level L2 cannot be seen by everyone: name the roles that need it"),
    "L2 for all who take part": ("seen_by: [acceptor, call_taker, supervisor, unit]", "seen_by: [acceptor, participants]",
                                 "fields.reporter_contact: a value of level L2 cannot be seen by participants: name the roles that need it"),
    "a person's number as a public value": ("{type: phone, level: L2", "{type: phone, level: L0",
                                            "fields.reporter_contact: a telephone number reaches a person: its level is L2"),
    "L3 without a consent": ("{type: phone, level: L2", "{type: phone, level: L3",
                             "fields.reporter_contact: a value of level L3 needs a separate consent, and no playbook can ask for one yet"),
    "L1 for everyone": ("remark:           {type: text, level: L1}", "remark:           {type: text, level: L1, seen_by: everyone}",
                        "fields.remark: a value of level L1 is for those who take part, not for everyone"),
    "free words as public": ("remark:           {type: text, level: L1}", "remark:           {type: text, level: L0}",
                             "fields.remark: a text can say anything about anybody: its level is L1 at least"),
    "pictures as public": ("photo:            {type: picture, many: 6, level: L1}", "photo:            {type: picture, many: 6}",
                           "fields.photo: a picture can say anything about anybody: its level is L1 at least"),
    "many sealed values": ("{type: phone, level: L2", "{type: phone, many: 3, level: L2",
                           "fields.reporter_contact: a value of level L2 is one value, not many"),
    "a sealed picture": ("photo:            {type: picture, many: 6, level: L1}", "photo:            {type: picture, level: L2, seen_by: unit}",
                         "fields.photo: a value of level L2 must be a text or a phone"),
    "kept for ever": ("keep: 90d after end", "keep: for ever", "fields.reporter_contact: keep: 'for ever' ends never:"
                      " write how long, like 90d after end or 3y after end"),
    "kept by a span that nothing counts": ("keep: 90d after end", "keep: 90 days", "fields.reporter_contact: keep: '90 days' ends never:"
                                           " write how long, like 90d after end or 3y after end"),
    "for no purpose": ("purpose: answer the request", "purpose: '-'", "fields.reporter_contact: say for what purpose and on what basis it is asked for"),
    "seen by nobody there is": ("seen_by: [acceptor, call_taker, supervisor, unit]", "seen_by: [acceptor, mayor]",
                                "fields.reporter_contact: seen_by names 'mayor', which is no role"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", PRIVACY.values(), ids=PRIVACY)
def test_a_value_about_a_person_is_for_those_who_need_it(mistake: Mistake) -> None:
    old, new, says, *_ = mistake
    files = broken(old, new)
    assert f"{PROCEDURE}:{line_of(files[PROCEDURE], new)}: {says}" in found(files)


# ---------------------------------------------------------------- texts

TEXTS: dict[str, tuple[str, str, str, str, int]] = {
    "a state without its text": (ZH, "  filed: 已受理\n  dispatched: 已派单", "  dispatched: 已派单", "no text for states.filed", 17),
    "a move without what was done": (ZH, "{label: 签收, done: 签收，首接负责,", "{label: 签收,", "no text for moves.sign.done", 0),
    "an ask without what was refused": (EN, "refused: More time refused, ", "", "no text for asks.extension.refused", 0),
    "a code in one language only": (EN, "    unlawful: 'Against the law or public order: explain'\n", "",
                                    "no text for codes.not_taken_in_kinds.unlawful", 0),
    "a code that is no word": (ZH, "{reached: 联系上了,", "{Reached!: 联系上了,", "codes.contacts.Reached!: a code is small letters, figures and _, at most 24", 0),
    "urgencies without a normal one": (ZH, "{urgent: 紧急, normal: 一般}", "{urgent: 紧急, usual: 一般}",
                                       "codes.urgencies: one of the urgencies must be 'normal'", 0),
    "an urgency too long": (ZH, "{urgent: 紧急, normal: 一般}", "{urgent: 紧急, normal: 一般, desperate: 万急}",
                            "codes.urgencies.desperate: an urgency has at most 8 letters", 0),
    "a text about nothing": (EN, "  withdrawn: Withdrawn as you wished\nfields", "  withdrawn: Withdrawn as you wished\n  melted: Melted\nfields",
                             "headline.melted is the text of nothing", 0),
    "a comma that cuts a text in two": (EN, "hint: 'Street and number, or choose from the list; leave it empty if it is about no place.'}",
                                        "hint: Street and number, or choose from the list}",
                                        "fields.place.or choose from the list is the text of nothing", 0),
    "a hole that nothing fills": (EN, "'Given to {lead_unit}'", "'Given to {unit_name}'", "moves.dispatch.told: nothing is filled in for {unit_name} here", 0),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "says", "line"), TEXTS.values(), ids=TEXTS)
def test_every_text_is_there_and_about_something(file: str, old: str, new: str, says: str, line: int) -> None:
    files = broken(old, new, file=file)
    heard = found(files)
    assert any(one.startswith(f"{file}:") and one.endswith(says) for one in heard), heard
    lines = {int(one.split(":")[1]) for one in heard if one.startswith(f"{file}:") and one.endswith(says)}
    changed = FILES[file][: FILES[file].index(old)].count("\n") + 1
    around = range(changed - 12, changed + 2)  # of what is gone only the nearest line around it can be named
    assert lines <= set(around), (lines, changed)


# ---------------------------------------------------------------- what the rights ledger forbids

LINE = "{type: line, level: L1}"
LEDGER = "the rights ledger forbids"
OPENLY = "reaches or names a person: declare level L2 and the roles that need it"


def with_field(name: str, rule: str, zh: str, en: str) -> dict[str, str]:
    """The sound playbook with a further field that the move `note` asks for."""
    procedure = FILES[PROCEDURE].replace(
        "  remark:           {type", f"  {name}: {rule}\n  remark:           {{type"
    )
    asked = "who: participants, needs: [remark]}"
    assert asked in procedure
    return FILES | {
        PROCEDURE: procedure.replace(asked, f"who: participants, needs: [remark], may: [{name}]}}"),
        ZH: FILES[ZH].replace("  remark: {label: 备注}", f"  {name}: {zh}\n  remark: {{label: 备注}}"),
        EN: FILES[EN].replace("  remark: {label: Note}", f"  {name}: {en}\n  remark: {{label: Note}}"),
    }


#: what is tried · the files · in which file and beside which words it must be found · the sentence
Try = tuple[dict[str, str], str, str, str]


def field_named(name: str) -> Try:
    return with_field(name, LINE, "{label: 补充}", "{label: More}"), PROCEDURE, f"  {name}: {LINE}", LEDGER


def labelled(
    zh: str, en: str = "{label: More}", *, rule: str = LINE, where: str = ZH, says: str = LEDGER
) -> Try:
    return with_field("extra", rule, zh, en), where, f"  extra: {zh if where == ZH else en}", says


def changed(file: str, old: str, new: str, *also: tuple[str, str, str]) -> Try:
    files = broken(old, new, file=file)
    for other, before, after in also:
        assert before in files[other]
        files = files | {other: files[other].replace(before, after)}
    return files, file, new.strip().split("\n")[0], LEDGER


SMUGGLED: dict[str, Try] = {
    "identity number, by name": field_named("id_number"),
    "identity number, cut up otherwise": field_named("idnumber_2"),
    "identity number, spelt out": field_named("shen_fen_zheng"),
    "identity number, by label": labelled("{label: 身份证号}"),
    "identity number, with blanks": labelled("{label: 身 份 证 号}"),
    "identity number, with a sign of no width": labelled("{label: \"身\u200b份证\"}"),
    "identity number, in full width": labelled("{label: 补充}", "{label: ＩＤ　Ｎｕｍｂｅｒ}", where=EN),
    "identity number, in the hint": labelled("{label: 补充, hint: 请写证件号码}"),
    "identity number, sealed": labelled("{label: 护照号}", rule="{type: line, level: L2, seen_by: [acceptor]}"),
    "identity number, with a letter that looks like ours": labelled("{label: 补充}", "{label: ID numb\u0435r}", where=EN, says="is of another alphabet"),
    "identity number, asked for in the answer": changed(ZH, "told: 您补充了情况", "told: 请补充您的身份证号"),
    "ethnicity": labelled("{label: 民族}"),
    "ethnicity, in English only": labelled("{label: 类别}", "{label: Ethnic group}", where=EN),
    "religion": labelled("{label: 习惯, hint: 有无宗教信仰}"),
    "political views": labelled("{label: 政治面貌}"),
    "temperature, by name": field_named("body_temperature"),
    "temperature, as a number": labelled("{label: 体温}", rule="{type: number}"),
    "temperature, in English": labelled("{label: 读数}", "{label: Body temperature}", rule="{type: number}", where=EN),
    "illness, in a list of codes": changed(ZH, "not_reached: 没联系上}", "not_reached: 没联系上, hot: 发热}", (EN, "not_reached: Not reached}", "not_reached: Not reached, hot: Hot}")),
    "speaker": labelled("{label: 发帖人账号}"),
    "speaker, by name": field_named("speaker_of_it"),
    "account, in English": labelled("{label: 来源}", "{label: Profile link or account}", where=EN),
    "relatives": labelled("{label: 家庭成员}"),
    "relatives, in traditional characters": labelled("{label: 親屬}"),
    "tracks": labelled("{label: 近十四天行程}"),
    "tracks, in English": labelled("{label: 日期}", "{label: Places visited in the last 14 days}", where=EN),
    "tracks, in the name of a move": changed(ZH, "label: 催办,", "label: 录入行踪,"),
    "faces": labelled("{label: 人脸照片}", rule="{type: picture, level: L1}"),
    "number plates": labelled("{label: 车牌}"),
    "key persons, as a state": changed(ZH, "  raised: 已提级\n", "  raised: 列入重点人员\n"),
    "key persons, as a code": changed(ZH, "not_reached: 没联系上}", "not_reached: 没联系上, key_person: 某甲}", (EN, "not_reached: Not reached}", "not_reached: Not reached, key_person: Somebody}")),
    "key persons, as a paper": changed(ZH, "work_order: 居民诉求工单", "work_order: 特殊人群登记表"),
    "a watch list, as a list": changed(PROCEDURE, "{list: withdrawals}", "{list: watch_list}"),
    "a watch list, as a role": changed(PROCEDURE, "  cohandler:  {is: task_unit}", "  watch_list_keeper: {is: task_unit}",
                                       (PROCEDURE, "to: cohandler", "to: watch_list_keeper"),
                                       (ZH, "  cohandler: 协", "  watch_list_keeper: 协"),
                                       (EN, "  cohandler: Co", "  watch_list_keeper: Co")),
    "a keeper of persons, by label": changed(ZH, "  cohandler: 协办单位", "  cohandler: 稳控责任人"),
    "a score, as a counter": changed(PROCEDURE, "{count: urged}", "{count: resident_score}"),
    "a score, as an outcome": changed(PROCEDURE, "outcome: unsolved", "outcome: credit_score_cut", (ZH, "  unsolved: 未", "  credit_score_cut: 未"), (EN, "  unsolved: Not", "  credit_score_cut: Not")),
    "a score, as a code in line": changed(PROCEDURE, "{type: tick}", "{type: one_of, of: [credit_score, fine]}",
                                          (ZH, "codes:\n", "codes:\n  explained: {credit_score: 高, fine: 低}\n"), (EN, "codes:\n", "codes:\n  explained: {credit_score: High, fine: Low}\n")),
    "tracking, as a purpose": changed(PROCEDURE, "purpose: answer the request", "purpose: track the person"),
    "a telephone number in the open": labelled("{label: 联系电话}", says=OPENLY),
    "a name in the open": labelled("{label: 当事人姓名}", says=OPENLY),
    "a home in the open, in English": labelled("{label: 补充}", "{label: Home address}", where=EN, says=OPENLY),
    "an age in the open": labelled("{label: 年龄}", rule="{type: number}", says=OPENLY),
}  # fmt: skip


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_the_rights_ledger_forbids_cannot_be_smuggled_in(name: str) -> None:
    files, where, beside, says = SMUGGLED[name]
    heard = found(files)
    line = line_of(files[where], beside)
    assert [one for one in heard if one.startswith(f"{where}:{line}: ") and says in one], heard


HARMLESS = (
    (
        "{label: 路灯编号, hint: 灯杆上的四位数字}",
        "{label: Number of the lamp, hint: Four figures on the pole}",
    ),
    ("{label: 联系结果}", "{label: How the call went}"),
    ("{label: 水温, hint: 供热进水口的读数}", "{label: Reading at the inlet of the heating}"),
    ("{label: 受损面积}", "{label: Area damaged in square metres}"),
    ("{label: 施工单位名称}", "{label: Which firm does the building}"),
    ("{label: 线路走向}", "{label: Course of the power line}"),
    ("{label: 说法, hint: 听到的说法原文，不写谁说的}", "{label: What is said, hint: The claim itself}"),
)


@pytest.mark.parametrize(("zh", "en"), HARMLESS)
def test_what_is_about_the_matter_may_be_asked(zh: str, en: str) -> None:
    assert found(with_field("extra", LINE, zh, en)) == []


# ---------------------------------------------------------------- class lists

CLASS_MISTAKES = {
    "a word there is not": (
        'code: "0101"\n',
        'code: "0101"\n        colour: red\n',
        "colour: red",
        "there is no word 'colour' here",
    ),
    "a code that stands there twice": (
        'code: "0102"',
        'code: "0101"',
        None,
        "the code '0101' stands here twice",
    ),
    "no code": (
        'code: "0102"',
        "code: 家庭",
        "code: 家庭",
        "'家庭' is no code: letters and figures, at most 16",
    ),
    "a list of persons": ("        zh: 邻里\n", "        zh: 重点人员\n", "zh: 重点人员", LEDGER),
    "a trap of YAML": (
        'code: "0102"',
        'code: &x "0102"',
        "&x",
        "anchors and aliases (& and *) are not used here: write it out",
    ),
}


@pytest.mark.parametrize("name", CLASS_MISTAKES)
def test_a_mistake_in_a_class_list_is_named_with_its_line(name: str) -> None:
    old, new, at, says = CLASS_MISTAKES[name]
    assert CLASSES.count(old) == 1
    text = CLASSES.replace(old, new)
    line = line_of(text, at) if at else line_of(CLASSES, old)
    heard = [str(one) for one in classes.problems("list.yaml", text)]
    assert [one for one in heard if one.startswith(f"list.yaml:{line}: ") and says in one], heard


def test_a_limit_in_a_class_list_is_read_before_it_is_taken() -> None:
    text = CLASSES.replace("limit: {urgent: 7d, normal: 30d}", "limit: {urgent: 1:30, normal: 30d}", 1)
    heard = [str(one) for one in classes.problems("list.yaml", text)]
    assert len(heard) == 1
    assert "'1:30' is no limit" in heard[0]
    text = CLASSES.replace("limit: {urgent: 7d, normal: 30d}", "limit: {urgent: 7d}", 1)
    assert "write the limits by urgency" in str(classes.problems("list.yaml", text)[0])


# ---------------------------------------------------------------- refused loads change nothing


def counted() -> tuple[int, int, int, str]:
    newest = ProcedureVersion.objects.filter(procedure="resident_request").order_by("version").last()
    return (
        ProcedureVersion.objects.count(),
        JournalLine.objects.count(),
        CaseClass.objects.filter(in_use=True).count(),
        newest.digest if newest else "",
    )


@pytest.fixture
def in_force(db: None) -> None:
    publishing.publish_all(by=SYSTEM)


@pytest.mark.usefixtures("in_force")
@pytest.mark.parametrize(
    "files",
    [
        broken("to: filed, who: [call_taker", "to: field, who: [call_taker"),
        broken("number: SQ", "number: &n SQ"),
        broken("version: 1", "version: no"),
        with_field("id_number", LINE, "{label: 号码}", "{label: Number}"),
        broken("  filed: 已受理\n", "", file=ZH),
    ],
    ids=["unsound", "a trap", "no number", "against the ledger", "a text missing"],
)
def test_a_refused_playbook_changes_nothing(files: dict[str, str], tmp_path: Path) -> None:
    before = counted()
    with pytest.raises(Refused) as no:
        publishing.publish(write(tmp_path, files), by=SYSTEM)
    assert {reason.code for reason in no.value.reasons} == {"playbook-unsound"}
    assert [str(reason.values["says"]) for reason in no.value.reasons] == found(files)
    assert counted() == before
    assert library.in_force("resident_request").procedure.version == 1


@pytest.mark.usefixtures("in_force")
def test_other_content_under_a_published_version_is_refused_and_a_new_version_is_taken(
    tmp_path: Path,
) -> None:
    other = broken("label: 催办,", "label: 催一催,", file=ZH)
    before = counted()
    with pytest.raises(Refused) as no:
        publishing.publish(write(tmp_path, other), by=SYSTEM)
    assert no.value.codes == ("version-published",)
    assert counted() == before
    row = publishing.publish(
        write(tmp_path, other | {PROCEDURE: FILES[PROCEDURE].replace("version: 1", "version: 2")}), by=SYSTEM
    )
    assert row is not None
    assert counted()[:2] == (before[0] + 1, before[1] + 1)
    assert library.in_force("resident_request").text("moves", "urge", "label") == "催一催"


@pytest.mark.usefixtures("in_force")
def test_a_refused_class_list_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text(CLASSES.replace('code: "0102"', 'code: "0101"'), "utf-8")
    before = counted()
    with pytest.raises(Refused) as no:
        publishing.load_classes(file)
    assert no.value.reasons[0].code == "playbook-unsound"
    assert counted() == before


def test_the_command_says_what_is_wrong_and_fails(tmp_path: Path) -> None:
    out = StringIO()
    call_command("check", str(write(tmp_path / "sound", FILES)), stdout=out, stderr=out)
    assert "sound: sound" in out.getvalue()
    bad = write(tmp_path / "unsound", broken("if: not_redone", "if: once"))
    with pytest.raises(CommandError, match=r"^1 problem$"):
        call_command("check", str(bad), stdout=out, stderr=out)
    assert f"  {found(broken('if: not_redone', 'if: once'))[0]}" in out.getvalue().splitlines()


# ---------------------------------------------------------------- whatever is written

WORDS = sorted({word for text in FILES.values() for word in text.replace("{", " ").replace("}", " ").split()})


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_file_however_mangled_makes_the_checker_fall_over(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from([PROCEDURE, ZH, EN]))
    lines = FILES[file].split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        n = data.draw(st.integers(0, len(lines) - 1))
        words = lines[n].split(" ")
        m = data.draw(st.integers(0, len(words) - 1))
        words[m] = data.draw(
            st.one_of(
                st.sampled_from(WORDS),
                st.sampled_from(["", "[]", "{}", "[[]]", "{a: {}}", "- x", ":", "no"]),
                st.text(max_size=6),
            )
        )
        lines[n] = " ".join(words)
    mangled = "\n".join(lines)
    heard = found(FILES | {file: mangled})
    assert all(
        1 <= int(one.split(":")[1]) <= mangled.count("\n") + 1 for one in heard if one.startswith(f"{file}:")
    )
