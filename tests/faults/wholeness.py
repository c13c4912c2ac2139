"""Is a city whole? Everything that must hold whatever was killed, read from the rows themselves.

Each check names what is not so; an empty list is a whole city. What the ledger of a load was told is held
against it too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection
from PIL import Image

from jingwei.engine import counting, library
from jingwei.engine.clocks import Clocks
from jingwei.engine.definition import Procedure
from jingwei.engine.models import Case, CaseAction, CaseClock, Fact, Message, Participant
from jingwei.engine.standing import Standing
from jingwei.kernel import files, seals
from jingwei.kernel.calendars import calendar
from jingwei.kernel.models import Attachment, JournalLine, OutboxRow, RequestKey, SealedValue, SerialBlock
from jingwei.registry.atlas import atlas

Told = Mapping[str, Any]


def faults(told: Told, *, besides: int = 0) -> list[str]:
    """Every fault of the city, and every promise of the ledger that was not kept.

    `besides`: so many cases were reported by somebody else than the programs of the ledger.
    """
    found = [*seals.verify().faults, *_numbers(), *_sums(), *_effects(), *_pictures(), *_words()]
    for case in Case.objects.order_by("id"):
        found += [f"{case.number}: {fault}" for fault in of_case(case)]
    return found + list(_promises(told, besides))


# ---------------------------------------------------------------- one case


def of_case(case: Case) -> Iterator[str]:
    """What is not so about one case."""
    actions = list(CaseAction.objects.filter(case=case).order_by("seq"))
    if not actions:
        yield "has no first action"
        return
    yield from _story(case, actions)
    yield from _journal(case, actions)
    procedure = library.version(case.version_id).procedure
    yield from _clocks(case, actions, procedure)
    yield from _standing(case, procedure)


def _story(case: Case, actions: list[CaseAction]) -> Iterator[str]:
    """What was done, played again from the beginning, must end where the case stands."""
    if [action.seq for action in actions] != list(range(1, len(actions) + 1)):
        yield f"its actions are numbered {[action.seq for action in actions]}"
    if not case.seq == case.revision == len(actions):
        yield f"{len(actions)} actions, but seq {case.seq} and revision {case.revision}"
    state, values = "", dict[str, Any]()
    for action in actions:
        if action.from_state != state:
            yield f"action {action.seq} left {action.from_state!r}, but the one before led to {state!r}"
        state = action.to_state
        values |= action.values
    if state != case.state:
        yield f"its actions lead to {state!r}, it stands in {case.state!r}"
    if values != {name: value for name, value in case.values.items() if value != "sealed"}:
        yield "its values are not those that were entered"
    locked = sorted(name for name, value in case.values.items() if value == "sealed")
    if sorted(SealedValue.objects.filter(case=case.pk).values_list("field", flat=True)) != locked:
        yield "its sealed values are not those that were entered"


def _journal(case: Case, actions: list[CaseAction]) -> Iterator[str]:
    """That the chain of its lines holds says `seals.verify`; here.

    Each action has its line, and no line is alone.
    """
    lines = (
        JournalLine.objects.filter(kind="case", subject=case.pk).order_by("seq").values_list("seq", "verb")
    )
    if list(lines) != [(action.seq, f"{action.kind}:{action.name}") for action in actions]:
        yield "its journal lines are not its actions"


def _clocks(case: Case, actions: list[CaseAction], procedure: Procedure) -> Iterator[str]:
    rows = list(CaseClock.objects.filter(case=case))
    running = sorted(clock.name for clock in rows if clock.status == "running")
    wanted = sorted(name for name in procedure.clocks if _should_run(name, case, actions, procedure))
    if running != wanted:
        yield f"the clocks {running} run, not {wanted}"
    clocks = Clocks(procedure, calendar(), case.urgency, {}, rows)
    if (case.next_due, case.next_clock, case.alarm_at) != (*clocks.next_due(), clocks.alarm()):
        yield "its next due time is not that of its clocks"


def _should_run(name: str, case: Case, actions: list[CaseAction], procedure: Procedure) -> bool:
    rule = procedure.clocks[name]
    if procedure.is_final(case.state) or not all(field in case.values for field in rule.has):
        return False
    here = case.state in rule.while_ if rule.while_ else case.state not in rule.pauses_in
    if rule.starts is None or not here:
        return here
    return any(rule.starts.at == action.name or rule.starts.entering == action.to_state for action in actions)


def _standing(case: Case, procedure: Procedure) -> Iterator[str]:
    """Who answers for it, who takes part, whether it has ended, and that each is counted once."""
    final = procedure.is_final(case.state)
    if final != (case.ended_at is not None) or case.state_kind != procedure.states[case.state].kind:
        yield "whether it has ended and its state say different things"
    owner = Standing(case, procedure).owner(case.state)
    if not final and (owner.role, owner.post, owner.unit) != (
        case.owner_role,
        case.owner_post,
        case.owner_unit,
    ):
        yield "it is not in the hands of who answers for its state"
    parts = Participant.objects.filter(case=case).values_list("kind", "ref")
    if sorted(f"{kind[0]}{ref}" for kind, ref in parts) != sorted(case.counters.get("part", [])):
        yield "who takes part is not what it noted"
    counted = Counter[str]()
    for what, n in Fact.objects.filter(case=case.pk).values_list("what", "n"):
        counted["in" if what == "in" else "out" if what.startswith("out:") else ""] += n
    if (counted["in"], counted["out"]) != (1, int(final)):
        yield f"it was counted {counted['in']} times as come in and {counted['out']} times as ended"


# ---------------------------------------------------------------- the whole city


def _numbers() -> Iterator[str]:
    """No number twice, and none beyond what was reserved."""
    reserved = dict(SerialBlock.objects.values_list("series", "next"))
    numbers = list(Case.objects.values_list("number", flat=True))
    yield from (
        f"{number} was given {times} times" for number, times in Counter(numbers).items() if times > 1
    )
    for number in numbers:
        series, _, serial = number.rpartition("-")
        if int(serial) >= reserved.get(series, 0):
            yield f"{number} was given without being reserved"


def _sums() -> Iterator[str]:
    if Fact.objects.filter(folded=False).exists():
        yield "there are facts that no sum has taken up"
    stored, counted = counting.stored(), counting.rebuilt()
    if stored != counted:
        yield f"{len(stored.items() ^ counted.items())} sums are not what the facts add up to"
    if city := atlas().city():
        shown = stored[counting.STOCK, -1, city.id, 0, "grid_event", "", "open"]
        still = Case.objects.filter(procedure="grid_event", ended_at=None).count()
        if shown != still:
            yield f"the board shows {shown} open cases, there are {still}"


def _effects() -> Iterator[str]:
    """Every effect is done; what a move tells was told once, and nothing else was."""
    undone = OutboxRow.objects.filter(done_at=None).count()
    if undone:
        yield f"{undone} effects wait in the outbox"
    told = Counter(OutboxRow.objects.filter(effect="tell").values_list("case", "payload__seq"))
    wanted = Counter[tuple[Any, Any]]()
    for action in CaseAction.objects.filter(kind="move").select_related("case"):
        tells = library.version(action.case.version_id).procedure.moves[action.name].tell
        if tells:
            wanted[action.case_id, action.seq] = len(tells)
    if told != wanted:
        yield f"{len(told.items() ^ wanted.items())} actions have not told what they tell"
    keys = set(OutboxRow.objects.filter(effect="tell", done_at__isnull=False).values_list("key", flat=True))
    messages = list(Message.objects.values_list("key", "times"))
    if {key for key, _times in messages} != keys:
        yield "the messages are not those of the effects that are done"
    if doubled := sum(1 for _key, times in messages if times != 1):
        yield f"{doubled} messages were told more than once"


def _pictures() -> Iterator[str]:
    """No row without its files; no case that names a picture of which there is no row."""
    for row in Attachment.objects.order_by("id"):
        for small in (False, True):
            path = files.path_of(row, small=small)
            try:
                with Image.open(path) as picture:
                    picture.load()
            except OSError as broken:
                yield f"picture {row.pk}: {path.name} is not there whole ({type(broken).__name__})"
        if files.path_of(row).exists() and files.path_of(row).stat().st_size != row.size:
            yield f"picture {row.pk}: its file has another size than its row says"
    rows = {(str(case), str(pk)) for case, pk in Attachment.objects.values_list("case", "id")}
    for action in CaseAction.objects.order_by("id"):
        for name in ("photo", "evidence", "check_photo", "site_photo"):
            for picture_id in action.values.get(name, []):
                if (str(action.case_id), picture_id) not in rows:
                    yield f"{action.case_id}: action {action.seq} names a picture that is not there"


def _words() -> Iterator[str]:
    """Each case stands in the index of words once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT case_id) FROM engine_words")
        rows, cases = cursor.fetchone()
    if not rows == cases == Case.objects.filter(confidential=False, erased_at=None).count():
        yield f"{rows} entries in the index of words, for {cases} cases"


# ---------------------------------------------------------------- what was promised


def _promises(told: Told, besides: int) -> Iterator[str]:
    """Whatever was told as done is there, once; nothing is there that nobody asked for."""
    here = {str(case): (number, seq) for case, number, seq in Case.objects.values_list("id", "number", "seq")}
    for case, number in told["cases"].items():
        if case not in here or here[case][0] != number:
            yield f"{number} was promised and is not there"
    unknown = sorted(here[case][0] for case in here.keys() - told["tried"].keys())
    if len(unknown) != besides:
        yield f"{besides} cases were reported by others; these are there: {unknown}"
    keys = {str(key): answer for key, answer in RequestKey.objects.values_list("id", "answer")}
    done = {
        (str(case), seq): (kind, name, to)
        for case, seq, kind, name, to in CaseAction.objects.values_list(
            "case", "seq", "kind", "name", "to_state"
        )
    }
    for act in told["acts"]:
        where = (act["case"], act["seq"])
        if done.get(where) != ("move", act["move"], act["state"]):
            yield (
                f"{act['case']}: step {act['move']} was promised as action {act['seq']}, "
                f"there is {done.get(where)}"
            )
        if keys.get(act["key"], {}).get("seq") != act["seq"]:
            yield f"{act['case']}: the key of {act['move']} is not kept with what it did"
    for case, moves in told["tried"].items():
        made = Counter(
            name for (of, _seq), (kind, name, _to) in done.items() if of == case and kind == "move"
        )
        if too_often := [name for name, times in made.items() if times > moves.count(name)]:
            yield f"{case}: {too_often} were done more often than asked for"
        if case in here and case not in keys:
            yield f"{case}: the key of its report is not kept"
    pictures = {str(pk): str(case) for pk, case in Attachment.objects.values_list("id", "case")}
    for picture, case in told["pictures"].items():
        if pictures.get(picture) != case:
            yield f"picture {picture} was promised and is not there"
