"""A case about somebody does not exist for them: not in lists, counts, search, maps, papers or exports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jingwei.engine import actions, queues
from jingwei.engine.actions import About
from jingwei.engine.models import Ask, Case, Message, Task
from jingwei.engine.stage import Stage
from jingwei.kernel import ids
from jingwei.kernel.actors import Party
from jingwei.kernel.moments import now
from tests.web.test_every_route import signed_in

pytestmark = pytest.mark.django_db

WORDS = "他收了停车费不给票"
PHONE = "13900004711"

#: everywhere that lists, counts or finds cases
LOOKS = [
    *(reverse("desk-queue", args=[name]) for name in queues.QUEUES if name != "unlocated"),
    reverse("desk"), reverse("desk-asks"), reverse("desk-tasks"), reverse("reminders"),
    reverse("field-today"), reverse("field-grid"), reverse("field-grid-cases"),
    reverse("board"), *(reverse("behind", args=[what]) for what in ("open", "late", "came", "ended")),
]  # fmt: skip


def complaint(stage: Stage, about: About) -> Case:
    """A complaint in the first grid, with an ask, a task and a message that wait for whoever is meant."""
    entered = {
        "description": WORDS,
        "place": {"lon": 117.02, "lat": 33.02, "source": "cgcs2000"},
        "reporter_contact": PHONE,
    }
    case = actions.take_in(
        ids.new_id(), "grid_event", entered, by=Party(), source="resident", bound_to="t", about=about
    ).case
    later = now() + timedelta(hours=1)
    for post, unit in ((about.post or stage.posts["worker"].pk, None), (None, stage.units["municipal"].pk)):
        Ask.objects.create(
            case=case, name="return", round=1, state="open", asked_seq=1, asked_at=now(),
            decider_role="worker",
            decider_post=post, decider_unit=unit, due_at=later,
        )  # fmt: skip
        Task.objects.create(
            case=case, name="co_handle", state="open", given_seq=1, given_at=now(), to_role="cohandler",
            to_post=post, to_unit=unit, due_at=later,
        )  # fmt: skip
        for kind, ref in (("post", post), ("unit", unit)):
            if ref:
                Message.objects.create(
                    case=case, seq=1, what="filed", to_kind=kind, to_ref=ref, key=ids.new_id(), at=now()
                )
    return case


def seen(client: Client, case: Case) -> list[str]:
    """The addresses that show anything of the case."""
    found = []
    asked: list[tuple[str, dict[str, Any]]] = [(address, {}) for address in LOOKS]
    asked += [(reverse("search"), {"q": text}) for text in (case.number, WORDS[:5], PHONE)]
    asked += [(reverse("desk-call-similar"), {"description": WORDS})]
    asked += [
        (reverse(name, args=[case.pk]), {})
        for name in ("desk-case", "field-task", "desk-viewers", "desk-work-order")
    ]
    for address, query in asked:
        answer = client.get(address, query)
        body = b"".join(answer) if answer.streaming else answer.content
        text = body.decode("utf-8", "replace")
        opened = str(case.pk) in address and answer.status_code == 200
        number = case.number in text and query.get("q") != case.number  # what was typed is shown again
        if opened or WORDS in text or number or str(case.pk) in text:
            found.append(address)
    return found


@pytest.mark.parametrize(
    ("who", "about"),
    [
        ("worker", lambda stage: About(person=stage.people["worker"].pk)),
        ("worker", lambda stage: About(post=stage.posts["worker"].pk)),
        ("handler", lambda stage: About(unit=stage.units["municipal"].pk)),
        (
            "crew",
            lambda stage: About(unit=stage.units["municipal"].pk),
        ),  # a unit below the one complained about
        ("acceptor", lambda stage: About(person=stage.people["acceptor"].pk)),
        ("county_leader", lambda stage: About(post=stage.posts["county_leader"].pk)),
    ],
)
def test_whom_a_case_is_about_never_meets_it(stage: Stage, who: str, about: Any) -> None:
    case = complaint(stage, about(stage))
    staff, client = stage.staff(who), signed_in(stage.assignments[who])
    assert seen(client, case) == []
    assert set(queues.counts(staff).values()) <= {0}
    reached = "dispatcher" if who != "dispatcher" else "leader"
    assert seen(signed_in(stage.assignments[reached]), case), "others do see it"


def test_the_same_work_is_there_when_it_is_about_nobody(stage: Stage) -> None:
    """The control: without `about` the worker and the unit meet the case in many places."""
    case = complaint(stage, About())
    for who in ("worker", "handler", "acceptor"):
        places = seen(signed_in(stage.assignments[who]), case)
        assert len(places) > 2, who
        assert sum(queues.counts(stage.staff(who)).values()) > 0
