"""The same request twice at the same moment, and two people at one case: one wins, and everybody is told."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults import load
from tests.faults.load import Answer, Line, Request
from tests.faults.running import City, serving

pytestmark = pytest.mark.faults

ROUNDS = 50


def test_one_wins_and_nothing_is_doubled(city: City, chance: random.Random) -> None:
    """Reports twice, steps twice, different steps at once, the same key with other content: fifty rounds."""
    ledger = load.Ledger()
    with serving(city) as server, two_lines(server.port) as at_once:
        story = Story(city, ledger, at_once, chance)
        for _ in range(ROUNDS):
            case = story.a_report_twice()
            story.two_different_reports_under_one_key()
            if story.two_people_take_different_steps(case) == "file":
                story.one_step_twice(case)
    assert story.faster.keys() == {"acceptor", "leader"}, story.faster  # now this one, now the other
    assert min(story.faster.values()) >= ROUNDS // 10
    assert "Traceback" not in server.log
    assert load.found(city, ledger) == []


AtOnce = Callable[[Request, Request], tuple[Answer, Answer]]


class Story:
    """What is tried in every round, and who was faster so far."""

    def __init__(self, city: City, ledger: load.Ledger, at_once: AtOnce, chance: random.Random) -> None:
        self.city, self.ledger, self.at_once, self.chance = city, ledger, at_once, chance
        self.faster: dict[str, int] = {}

    def a_report_twice(self) -> str:
        """A finger that trembles: both are told the same number and code."""
        case = load.new_key()
        self.ledger.tried[case] = []
        sent = load.report(self.city, case, "井盖翘起来了")
        one, other = self.at_once(sent, sent)
        assert (one.status, other.status) == (201, 201), (one, other)
        assert one.said == other.said
        self.ledger.cases[case] = one.said["number"]
        return case

    def two_different_reports_under_one_key(self) -> None:
        """Whoever comes second is told that the key is taken; the first is not changed."""
        case = load.new_key()
        self.ledger.tried[case] = []
        words = ["路灯不亮", "路面塌陷"]
        sent = [load.report(self.city, case, said) for said in words]
        answers = self.at_once(sent[0], sent[1])
        winner, loser = sorted(answers, key=lambda answer: answer.status)
        assert (winner.status, loser.status) == (201, 409), answers
        assert loser.said["type"].endswith("same-id-other-content")
        self.ledger.cases[case] = winner.said["number"]
        again = self.at_once(sent[0], sent[1])
        assert [answer.status for answer in again] == [answer.status for answer in answers]
        titles = self.city.ask(f"SELECT title FROM engine_case WHERE id = '{self._stored(case)}'")  # noqa: S608
        assert titles == [(words[answers.index(winner)],)]

    def two_people_take_different_steps(self, case: str) -> str:
        """Both saw the same revision: the second is told what happened since. Returns the step taken."""
        filing = {"class": "0405", "area": self.city.areas["grid"][1]}
        urgent = {"reason": "电话核实过", "urgency": "urgent"}
        steps = {"acceptor": ("file", filing), "leader": ("correct", urgent)}
        people = self.chance.sample(sorted(steps), 2)
        keys = {who: load.new_key() for who in people}
        sent = [
            load.post(
                f"cases/{case}/moves/{steps[who][0]}",
                {"values": steps[who][1]},
                token=self.city.tokens[who],
                key=keys[who],
                revision=1,
            )
            for who in people
        ]
        answers = dict(zip(people, self.at_once(sent[0], sent[1]), strict=True))
        won = [who for who, answer in answers.items() if answer.status == 200]
        lost = [who for who, answer in answers.items() if answer.status == 409]
        assert (len(won), len(lost)) == (1, 1), answers
        no = answers[lost[0]].said
        assert no["type"].endswith("changed-meanwhile")
        assert no["changed"]["revision"] == 2
        assert [step["name"] for step in no["changed"]["since"]] == [steps[won[0]][0]]
        self.faster[won[0]] = self.faster.get(won[0], 0) + 1
        self._told(keys[won[0]], case, steps[won[0]][0], answers[won[0]])
        return steps[won[0]][0]

    def one_step_twice(self, case: str) -> None:
        """The same key at the same moment is one step; the key with another unit is refused."""
        key, values = load.new_key(), {"lead_unit": self.city.units["municipal"]}
        sent = self._dispatch(case, key, values)
        one, other = self.at_once(sent, sent)
        assert (one.status, other.status) == (200, 200), (one, other)
        assert one.said == other.said
        self._told(key, case, "dispatch", one)
        changed = self._dispatch(case, key, {"lead_unit": self.city.units["patrol"]})
        for answer in self.at_once(changed, changed):
            assert answer.status == 409, answer
            assert answer.said["type"].endswith("same-id-other-content")

    def _dispatch(self, case: str, key: str, values: dict[str, str]) -> Request:
        token = self.city.tokens["dispatcher"]
        return load.post(f"cases/{case}/moves/dispatch", {"values": values}, token=token, key=key, revision=2)

    def _told(self, key: str, case: str, move: str, answer: Answer) -> None:
        said = answer.said
        self.ledger.tried[case].append(move)
        self.ledger.acts.append(
            {"key": key, "case": case, "move": move, "seq": said["seq"], "state": said["state"]}
        )

    def _stored(self, case: str) -> str:
        return case if self.city.database else case.replace("-", "")


@contextmanager
def two_lines(port: int) -> Iterator[AtOnce]:
    """Two kept connections that send at the same moment."""
    lines = Line(port, 1), Line(port, 2)
    for line in lines:
        line.send("GET", "/report")

    def at_once(one: Request, other: Request) -> tuple[Answer, Answer]:
        gate = threading.Barrier(2)
        heard: dict[int, Answer] = {}

        def send(number: int, request: Request) -> None:
            gate.wait(10)
            heard[number] = request.by(lines[number])

        threads = [threading.Thread(target=send, args=pair) for pair in enumerate((one, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return heard[0], heard[1]

    try:
        yield at_once
    finally:
        for line in lines:
            line.hang_up()
