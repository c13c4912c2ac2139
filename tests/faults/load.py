"""Four programs at work on cases, and the ledger of everything they were told was done.

Where an answer does not come they send the same request again with the same key, as every program should.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import random
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from PIL import Image

from jingwei.kernel import ids
from tests.faults.running import City, until

API = "/api/v1/"
#: how long a program goes on trying before something is wrong
PATIENCE = 90.0
#: the programs that work, and how often one gives a case up after a dropped line, or sends once more what was
#: answered
CLIENTS, GIVES_UP, SENDS_AGAIN = 4, 0.15, 0.15


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def reasons(self) -> list[str]:
        """The codes of a refusal's reasons."""
        return [reason["code"] for reason in self.said["reasons"]]


class Dropped(Exception):
    """The line broke before the answer was there: what became of the request is not known."""


class Refused(Dropped):
    """Nobody listens: the request was not even sent."""


class Line:
    """A connection that is kept, from an address of its own, as residents have."""

    def __init__(self, port: int, number: int = 0, *, timeout: float = 30) -> None:
        self.port, self.source, self.timeout = port, f"127.0.2.{1 + number}", timeout
        self.connection: http.client.HTTPConnection | None = None

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request, one answer, or ``Dropped``."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=self.timeout, source_address=(self.source, 0)
                )
            self.connection.request(method, path, body or None, headers or {})
            answer = self.connection.getresponse()
            content = answer.read()
        except ConnectionRefusedError as closed:
            self.hang_up()
            raise Refused from closed
        except (OSError, http.client.HTTPException) as broken:
            self.hang_up()
            raise Dropped from broken
        if answer.getheader("Connection", "").lower() == "close":
            self.hang_up()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


@dataclass(frozen=True)
class Request:
    """Everything that is sent, kept so that it can be sent again as it was."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    def by(self, line: Line) -> Answer:
        return line.send(self.method, self.path, self.body, self.headers)


def post(path: str, body: Any, *, token: str = "", key: str = "", revision: int | None = None) -> Request:
    """A request of a program, with its key and the revision it saw."""
    headers = {"Content-Type": "application/json", "Accept-Language": "en"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    headers |= {"If-Match": f'"{revision}"'} if revision is not None else {}
    return Request("POST", API + path, json.dumps(body).encode(), headers)


def picture(case: str, *, token: str, key: str, content: bytes) -> Request:
    """A picture sent for a case, as a form with one file."""
    edge = "an-edge-of-the-form"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="picture"; filename="p.jpg"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + f"\r\n--{edge}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}", "Accept-Language": "en"}
    headers |= {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    return Request("POST", f"{API}cases/{case}/attachments", body, headers)


def report(city: City, case: str, words: str, *, contact: str = "") -> Request:
    """A resident's report from the third grid."""
    grid, _code = city.areas["grid"]
    values: dict[str, Any] = {"description": words, "place": {"area": grid, "words": "北门外人行道"}}
    values |= {"reporter_contact": contact} if contact else {}
    return post("reports", {"id": case, "values": values})


def new_key() -> str:
    return str(ids.new_id())


# ---------------------------------------------------------------- what was promised


@dataclass
class Ledger:
    """What the programs were told. `tried` also holds what nobody ever got an answer for."""

    tried: dict[str, list[str]] = field(default_factory=dict)  # case → moves that were sent
    cases: dict[str, str] = field(default_factory=dict)  # case → number that was told
    acts: list[dict[str, Any]] = field(default_factory=list)  # key, case, move, seq, state that were told
    pictures: dict[str, str] = field(default_factory=dict)  # attachment → case
    dropped: int = 0
    away: int = 0
    again: int = 0
    given_up: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """How many things were told as done so far."""
        return len(self.cases) + len(self.acts) + len(self.pictures)

    def goes_on(self, chance: random.Random, *, within: float = 60) -> None:
        """Wait until some more is done, then a moment: whatever comes now meets requests under way."""
        wanted = self.answers + chance.randrange(3, 25)
        until(lambda: self.answers >= wanted or self.wrong, within=within, what_for="programs at work")
        time.sleep(chance.uniform(0, 0.1))

    def written(self) -> str:
        return json.dumps(asdict(self))


class Program:
    """One client: reports something and sees it through to the end, then the next."""

    def __init__(self, city: City, port: int, number: int, chance: random.Random, ledger: Ledger) -> None:
        self.city, self.chance, self.ledger = city, chance, ledger
        self.line = Line(port, number)
        self.enough = threading.Event()

    def work(self) -> None:
        """Work off one case after the other until told to stop; the last one is finished."""
        try:
            while not self.enough.is_set():
                self._one_case()
        except Exception as failure:
            self.ledger.wrong.append(repr(failure))
        finally:
            self.line.hang_up()

    def _one_case(self) -> None:
        case, contact = new_key(), "13912345678" if self.chance.random() < 0.3 else ""
        self.ledger.tried[case] = []
        words = f"槐安路{self.chance.randrange(1000)}号院北门口的井盖翘起来了"
        told = self._insist(report(self.city, case, words, contact=contact), 201)
        if told is None:
            return
        self.ledger.cases[case] = told["number"]
        revision = 1
        for who, move in STEPS:
            if move == "close" and contact:  # nobody telephones here
                return
            values = self._values(case, who, move)
            done = None if values is None else self._act(case, who, move, values, revision)
            if done is None:
                return
            revision = done

    def _act(self, case: str, who: str, move: str, values: dict[str, Any], revision: int) -> int | None:
        key = new_key()
        self.ledger.tried[case].append(move)
        sent = post(
            f"cases/{case}/moves/{move}",
            {"values": values},
            token=self.city.tokens[who],
            key=key,
            revision=revision,
        )
        told = self._insist(sent, 200)
        if told is None:
            return None
        self.ledger.acts.append(
            {"key": key, "case": case, "move": move, "seq": told["seq"], "state": told["state"]}
        )
        return int(told["revision"])

    def _values(self, case: str, who: str, move: str) -> dict[str, Any] | None:
        """What a step needs; None where the case was given up over a picture."""
        if move == "file":
            return {"class": "0405", "area": self.city.areas["grid"][1]}
        if move == "dispatch":
            return {"lead_unit": self.city.units["municipal"]}
        if move not in PICTURED:
            return {}
        field_, more = PICTURED[move]
        content = jpeg(self.chance.randrange(65536))
        told = self._insist(picture(case, token=self.city.tokens[who], key=new_key(), content=content), 201)
        if told is None:
            return None
        self.ledger.pictures[told["id"]] = case
        return {field_: [told["id"]], **more}

    def _insist(self, request: Request, wanted: int) -> Any:
        """Send until there is an answer; None when it was given up after a dropped line."""
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                answer = request.by(self.line)
            except Refused:
                time.sleep(0.1)
            except Dropped:
                self.ledger.dropped += 1
                if self.chance.random() < GIVES_UP:
                    self.ledger.given_up += 1
                    return None
            else:
                if answer.status == wanted:
                    return self._heard(request, answer)
                if answer.status != 503:
                    self.ledger.wrong.append(f"{request.path}: {answer.status} {answer.body[:300]!r}")
                    return None
                self.ledger.away += 1
                time.sleep(0.2)
            if time.monotonic() > ends:
                raise AssertionError(f"no answer within {PATIENCE:.0f} s: {request.path}")

    def _heard(self, request: Request, answer: Answer) -> Any:
        """Now and then the answer is as good as lost: the same once more must be the same answer."""
        if self.chance.random() < SENDS_AGAIN:
            with contextlib.suppress(Dropped):
                once_more = request.by(self.line)
                if once_more.status != 503:
                    self.ledger.again += 1
                    if (once_more.status, once_more.said) != (answer.status, answer.said):
                        self.ledger.wrong.append(f"{request.path}: another answer the second time")
        return answer.said


#: who takes which step, in the order of the procedure
STEPS = (
    ("acceptor", "file"),
    ("dispatcher", "dispatch"),
    ("handler", "sign"),
    ("handler", "feed_back"),
    ("dispatcher", "send_check"),
    ("worker", "pass"),
    ("leader", "close"),
)
PICTURED: dict[str, tuple[str, dict[str, str]]] = {
    "feed_back": ("evidence", {"result": "新井盖已换好，与路面齐平"}),
    "pass": ("check_photo", {}),
}


@contextlib.contextmanager
def at_work(city: City, port: int, chance: random.Random, *, clients: int = CLIENTS) -> Iterator[Ledger]:
    """Let programs work while something happens; afterwards each has finished its case."""
    ledger = Ledger()
    programs = [
        Program(city, port, number, random.Random(chance.random()), ledger) for number in range(clients)
    ]
    threads = [threading.Thread(target=program.work, daemon=True) for program in programs]
    for thread in threads:
        thread.start()
    try:
        yield ledger
    finally:
        for program in programs:
            program.enough.set()
        for thread in threads:
            thread.join(PATIENCE + 30)
    assert not any(thread.is_alive() for thread in threads)
    assert not ledger.wrong, ledger.wrong[:5]


def found(city: City, ledger: Ledger, *arguments: str) -> list[str]:
    """What is wrong with a city, in a process that sees only the city."""
    faults: list[str] = json.loads(city.run("tests.faults.looking", *arguments, given=ledger.written()))
    return faults


# ---------------------------------------------------------------- what a browser sends


def form(city: City, port: int, case: str, words: str, *, photo: bytes = b"") -> Request:
    """The report form of the portal as a browser sends it."""
    edge, mark = "an-edge-of-the-form", secrets.token_hex(16)
    said = {"id": case, "description": words, "area": str(city.areas["grid"][0]), "place": "北门外人行道"}
    body = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in said.items()
    ).encode()
    if photo:
        head = f'--{edge}\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n'
        body += head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + photo + b"\r\n"
    headers = {
        "Content-Type": f"multipart/form-data; boundary={edge}",
        "Cookie": f"csrftoken={mark}; language=en",
        "X-CSRFToken": mark,
        "Origin": f"http://127.0.0.1:{port}",
    }
    return Request("POST", "/report", body + f"--{edge}--\r\n".encode(), headers)


def jpeg(shade: int, *, size: int = 64, noise: random.Random | None = None) -> bytes:
    """A picture; with noise one that takes about as many bytes as it has points."""
    made = io.BytesIO()
    if noise is None:
        picture = Image.new("RGB", (size, 48), (shade % 256, 120, shade // 256 % 256))
        picture.save(made, "JPEG")
    else:
        Image.frombytes("RGB", (size, size), noise.randbytes(3 * size * size)).save(made, "JPEG", quality=95)
    return made.getvalue()
