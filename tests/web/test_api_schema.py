"""The description of the API against the API: everything it allows, and much that it does not, is sent; each answer must be
as described, and none may be a fault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jingwei.engine import actions, library
from jingwei.kernel import ids, moments
from jingwei.kernel.actors import Party
from jingwei.wsgi import application

MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
GRID = "991103001002003"
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

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with moments.at(MORNING):
        yield


class Town:
    """Things that are there, to be named in addresses; and tokens of people who stand to them in different ways."""

    def __init__(self, callers: Any) -> None:
        stage = callers.stage
        self.tokens = [callers.of(who).token for who in ("acceptor", "handler", "leader", "stranger")] + [
            "nobody's"
        ]
        entered = {"description": "井盖翘起", "place": {"area": GRID}, "reporter_contact": "13812345678"}
        self.cases = []
        for steps in range(4):
            case = actions.take_in(
                ids.new_id(), "grid_event", entered, by=Party(), source="resident", bound_to="portal"
            ).case
            for who, move, values in (
                ("acceptor", "file", {"class": "0405", "area": GRID}),
                ("dispatcher", "dispatch", {"lead_unit": "YH-SZ"}),
                ("handler", "sign", {}),
            )[:steps]:
                actions.move_case(case, move, by=stage.staff(who), entered=values)
            self.cases.append(case)
        asked = {"obstacle_code": "weather", "reason": "大雨"}
        ask = actions.ask(self.cases[3], "suspension", by=stage.staff("handler"), entered=asked)
        self.cases[3].refresh_from_db()
        actions.give_task(
            self.cases[3], "co_handle", by=stage.staff("handler"), to_unit=stage.units["patrol"].pk,
            entered={"what": "围挡"},
        )  # fmt: skip
        task = self.cases[3].tasks.get()
        rule = library.in_force("grid_event").procedure
        self.there: dict[str, list[Any]] = {
            "case_id": [str(case.pk) for case in self.cases], "ask_id": [ask.pk], "task_id": [task.pk], "move": list(rule.moves),
            "ask": list(rule.asks), "task": list(rule.tasks), "kind": list(rule.links), "name": ["grid_event", "social_governance"],
            "code": [actions.query_code(case.pk) for case in self.cases],
        }  # fmt: skip

    def mixed(self, case: schemathesis.Case, chance: Any) -> None:
        """Let some addresses name what is there, some bodies make sense, and everybody ask."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {chance.choice(self.tokens)}"}
        for name in case.path_parameters or {}:
            if name in self.there and chance.random() < 0.7:
                case.path_parameters[name] = chance.choice(self.there[name])
        if isinstance(case.body, dict) and chance.random() < 0.5:
            if "id" in case.body:
                case.body["id"] = str(UUID(int=ids.new_id().int ^ chance.getrandbits(60)))
            known = {"procedure": "grid_event", "source": "hotline", "other": self.there["case_id"][0], "to_unit": "YH-CG",
                     "field": "reporter_contact", "purpose": "audit"}  # fmt: skip
            case.body |= {name: value for name, value in known.items() if name in case.body}
            if isinstance(case.body.get("values"), dict):
                case.body["values"] |= {"description": "井盖", "place": {"area": GRID}}


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"]
)
def test_every_answer_is_as_described_and_none_is_a_fault(callers: Any, mode: GenerationMode) -> None:
    town = Town(callers)
    wrong: list[str] = []
    answered: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode), chance=st.randoms(use_true_random=False))
        @BOUNDED
        def send(case: schemathesis.Case, chance: Any) -> None:
            town.mixed(case, chance)
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
        assert len(through) >= 18, f"only these were got through: {sorted(through)}"
