"""The description of the API against the API: much that it allows and much that it does not is sent.

Each answer must be as it is described, and none may be a fault.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from requests.structures import CaseInsensitiveDict
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jingwei.engine import actions, library
from jingwei.engine.models import Case, Task
from jingwei.engine.stage import Stage
from jingwei.kernel import ids, moments
from jingwei.kernel.actors import Party
from jingwei.wsgi import application

MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
GRID = "991103001002003"
EXTENSION = {"reason": "等材料", "new_due": "2026-11-23T18:00:00+08:00"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: the same requests in every run; bounded, so that the whole description is gone through in a minute
BOUNDED = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

_made = io.BytesIO()
Image.new("RGB", (64, 48), "#336699").save(_made, "JPEG")
PICTURE = _made.getvalue()


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with moments.at(MORNING):
        yield


@pytest.fixture(autouse=True)
def _one_transaction() -> Iterator[None]:
    """Requests stay in the test's own transaction, as those of Django's own test client do."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@dataclass(frozen=True)
class Good:
    """How an act may succeed: who sends it, about what, with what."""

    who: str = "acceptor"
    path: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)


class Town:
    """Things that are there, to be named in addresses; tokens of people who stand to them in many ways."""

    def __init__(self, callers: Any) -> None:
        stage = callers.stage
        people = ("acceptor", "dispatcher", "handler", "leader", "co_handler", "stranger")
        self.tokens = {who: callers.of(who).token for who in people} | {"nobody": "x"}
        self.cases = [self._case(stage, steps) for steps in range(4)]
        last = self.cases[3]
        asked = {"obstacle_code": "weather", "reason": "大雨"}
        self.ask = actions.ask(last, "suspension", by=stage.staff("handler"), entered=asked).pk
        last.refresh_from_db()
        patrol = stage.units["patrol"].pk
        actions.give_task(
            last, "co_handle", by=stage.staff("handler"), to_unit=patrol, entered={"what": "围挡"}
        )
        self.task = Task.objects.get(case=last).pk
        rule = library.in_force("grid_event").procedure
        self.there: dict[str, list[Any]] = {
            "case_id": [str(case.pk) for case in self.cases],
            "ask_id": [self.ask],
            "task_id": [self.task],
            "move": list(rule.moves),
            "ask": list(rule.asks),
            "task": list(rule.tasks),
            "kind": list(rule.links),
            "name": ["grid_event", "social_governance"],
            "code": [actions.query_code(case.pk) for case in self.cases],
        }

    def _case(self, stage: Stage, steps: int) -> Case:
        entered = {"description": "井盖翘起", "place": {"area": GRID}, "reporter_contact": "13812345678"}
        case = actions.take_in(
            ids.new_id(), "grid_event", entered, by=Party(), source="resident", bound_to="portal"
        ).case
        way: list[tuple[str, str, dict[str, Any]]] = [
            ("acceptor", "file", {"class": "0405", "area": GRID}),
            ("dispatcher", "dispatch", {"lead_unit": "YH-SZ"}),
            ("handler", "sign", {}),
        ]
        for who, move, values in way[:steps]:
            actions.move_case(case, move, by=stage.staff(who), entered=values)
        return case

    def mixed(self, case: schemathesis.Case[Any], chance: Any, *, sense: bool) -> None:
        """Let most addresses name what is there, some requests make sense, and everybody ask."""
        token = chance.choice(list(self.tokens.values()))
        for name in case.path_parameters or {}:
            if name in self.there and chance.random() < 0.7:
                case.path_parameters[name] = chance.choice(self.there[name])
        good = self._good(chance).get(f"{case.method} {case.path.removeprefix('/api/v1/')}")
        case.headers = CaseInsensitiveDict(case.headers or {})
        if sense and good is not None and chance.random() < 0.4:
            token = self.tokens[good.who]
            case.path_parameters = dict(case.path_parameters or {}) | good.path
            case.query = good.query
            case.headers = CaseInsensitiveDict()
            if good.body is not None:
                case.body = good.body
        case.headers["Authorization"] = f"Bearer {token}"

    def _good(self, chance: Any) -> dict[str, Good]:
        values = {"description": "井盖翘起", "place": {"area": GRID}}
        begun = {"id": str(UUID(int=ids.new_id().int ^ chance.getrandbits(60))), "values": values}
        first, second, handled = (self.there["case_id"][n] for n in (0, 1, 3))
        follows = {"kind": "follows", "other": first}
        read = {"field": "reporter_contact", "purpose": "audit"}
        return {
            "POST cases": Good(body=begun | {"procedure": "grid_event", "source": "hotline"}),
            "POST reports": Good(body=begun),
            "POST cases/{case_id}/moves/{move}": Good(
                path={"case_id": first, "move": "note"}, body={"values": {"remark": "看看"}}
            ),
            "POST cases/{case_id}/asks/{ask}": Good(
                "handler", {"case_id": handled, "ask": "extension"}, {"values": EXTENSION}
            ),
            "POST asks/{ask_id}/decision": Good(
                "leader", {"ask_id": self.ask}, {"granted": False, "values": {"reason": "不行"}}
            ),
            "POST cases/{case_id}/tasks/{task}": Good(
                "handler",
                {"case_id": handled, "task": "co_handle"},
                {"to_unit": "YH-SW", "values": {"what": "关阀"}},
            ),
            "POST tasks/{task_id}/answer": Good(
                "co_handler", {"task_id": self.task}, {"values": {"result": "围好了"}}
            ),
            "POST cases/{case_id}/links": Good(path={"case_id": second}, body=follows),
            "DELETE cases/{case_id}/links/{kind}": Good(path={"case_id": second, "kind": "follows"}),
            "POST cases/{case_id}/reveal": Good(path={"case_id": first}, body=read),
            "POST cases/{case_id}/attachments": Good(path={"case_id": first}, body={"picture": PICTURE}),
            "GET areas/locate": Good(query={"lon": 117.02, "lat": 33.02}),
        }


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"]
)
def test_every_answer_is_as_described_and_none_is_a_fault(callers: Any, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    town = Town(callers)
    wrong: list[str] = []
    answered: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode), chance=st.randoms(use_true_random=False))
        @BOUNDED
        def send(case: schemathesis.Case[Any], chance: Any) -> None:
            town.mixed(case, chance, sense=mode is GenerationMode.POSITIVE)
            answer = case.call()
            answered.setdefault(case.operation.label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        try:
            send()
        except Exception as failure:
            wrong.append(f"{operation.label}: {failure}")
    assert wrong == [], "\n\n".join(wrong)
    assert len(answered) >= 25
    if mode is GenerationMode.POSITIVE:
        through = {label for label, statuses in answered.items() if statuses & {200, 201}}
        never = set(answered) - through
        # no case here is closed and can be rated, nor is a picture entered that could be seen
        assert never <= {"POST /api/v1/cases/{case_id}/ratings", "GET /api/v1/attachments/{attachment_id}"}
