"""What everybody is told while the database is away: the same, plainly, and that sending again is safe."""

from __future__ import annotations

import time
from collections.abc import Collection

from tests.faults import load
from tests.faults.load import Answer, Line
from tests.faults.running import City, seconds_of_work, until


def is_away_for_programs(answer: Answer) -> bool:
    """A problem of RFC 9457 that says when to come again."""
    assert answer.status == 503, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.reasons == ["database-away"]
    return int(answer.headers["retry-after"]) > 0


def is_away_for_people(answer: Answer) -> bool:
    """A plain page, in the reader's language, that says nothing of what is inside."""
    text = answer.body.decode()
    assert answer.status == 503, answer
    assert answer.headers["content-type"].startswith("text/html")
    assert "What was confirmed to you with a number is safe" in text
    inside = ("Traceback", "OperationalError", "sqlite", "psycopg", "SELECT")
    assert not any(word in text for word in inside)
    return int(answer.headers["retry-after"]) > 0


def everybody_is_told(city: City, port: int) -> None:
    """A resident at the portal, a program with and one without a token."""
    case = load.new_key()
    token = {"Authorization": f"Bearer {city.tokens['acceptor']}"}
    with Line(port, 90) as line:
        assert is_away_for_people(load.form(city, port, case, "路灯不亮").by(line))
        assert is_away_for_people(line.send("GET", "/f/ABCDEFGHJK", headers={"Cookie": "language=en"}))
        assert is_away_for_programs(load.report(city, case, "路灯不亮").by(line))
        assert is_away_for_programs(line.send("GET", f"/api/v1/cases/{case}", headers=token))


def it_works_again(city: City, port: int, *, within: float = 20) -> None:
    """Without anybody having started anything anew."""
    sent = load.report(city, load.new_key(), "路灯不亮")
    with Line(port, 91) as line:
        until(lambda: sent.by(line).status == 201, within=within, what_for="the web finds its database again")


def reading_goes_on(port: int) -> bool:
    """What writes nothing is answered as ever."""
    with Line(port, 92, timeout=10) as line:
        answer = line.send("GET", "/report")
    assert answer.status == 200, answer
    return True


def nobody_runs_hot(pids: Collection[int], *, seconds: float) -> None:
    """While there is nothing to be done, next to no processor time is used."""
    before = seconds_of_work(pids)
    time.sleep(seconds)
    used = seconds_of_work(pids) - before
    assert used < seconds * 0.3, f"{used:.1f} s of work in {seconds:.0f} s"
