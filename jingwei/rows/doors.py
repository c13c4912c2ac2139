"""The public doors of a city: its commands as processes, its pages over HTTP, people who sign in.

Whoever plays a practice has these and nothing else: no import of ours reaches the database of the city.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg
import pyotp
from openpyxl import load_workbook
from psycopg import sql

TOP = Path(__file__).resolve().parent.parent.parent
PASSWORD = "Faden-und-Wege-7"  # noqa: S105  (of cities that last as long as one play)
CODE = "9911"
ADMINISTRATOR = "the-administrator"
PATIENCE = 600.0


class NotSo(Exception):
    """Something that a clause claims is not so; the sentence says what."""


# ---------------------------------------------------------------- what comes back


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    @property
    def words(self) -> str:
        """What can be read on the page, with single blanks."""
        return " ".join(_Reader.of(self.text).words)

    @property
    def rows(self) -> list[list[str]]:
        """Every row of every table of the page."""
        return _Reader.of(self.text).rows

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def sheet(self) -> list[dict[str, Any]]:
        """The rows of a downloaded workbook."""
        return sheet_rows(self.body)


def sheet_rows(workbook: bytes) -> list[dict[str, Any]]:
    """The rows of one of our workbooks by the words of its header, which stands under title and origin."""
    page = load_workbook(io.BytesIO(workbook), read_only=True).worksheets[0]
    _title, _origin, head, *rows = list(page.iter_rows(values_only=True))
    return [dict(zip(map(str, head), row, strict=False)) for row in rows]


class _Reader(HTMLParser):
    """Words and tables of a page."""

    SILENT = ("script", "style", "template", "title")

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self._silent, self._cell = 0, False

    @classmethod
    def of(cls, page: str) -> _Reader:
        reader = cls()
        reader.feed(page)
        return reader

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._silent or not data.strip():
            return
        said = " ".join(data.split())
        self.words.append(said)
        if self._cell:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {said}".strip()


# ---------------------------------------------------------------- somebody at a browser


@dataclass
class Visitor:
    """Somebody's browser: it keeps cookies and sends forms as pages do."""

    port: int
    cookies: dict[str, str] = field(default_factory=lambda: {"language": "en"})

    def get(self, path: str, **asked: Any) -> Answer:
        """Open a page; whatever it answers comes back."""
        return self._ask("GET", f"{path}?{urlencode(asked, doseq=True)}" if asked else path)

    def open(self, path: str, **asked: Any) -> Answer:
        """Open a page that must be there, following to where it leads."""
        answer = self.get(path, **asked)
        for _ in range(5):
            if answer.status not in (301, 302):
                break
            answer = self.get(answer.headers["location"])
        if answer.status != 200:
            raise NotSo(f"{path} {asked or ''} answers {answer.status}: {answer.words[:300]}")
        return answer

    def post(self, path: str, /, **entered: Any) -> Answer:
        """Send a form; whatever it answers comes back. Bytes are sent as a file."""
        if "csrftoken" not in self.cookies:
            self.get("/sign-in")
        files = {name: value for name, value in entered.items() if isinstance(value, bytes)}
        plain = {name: value for name, value in entered.items() if name not in files}
        if files:
            kind, body = _multipart(plain, files)
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(plain, doseq=True).encode()
        return self._ask("POST", path, body, {"Content-Type": kind, "X-CSRFToken": self.cookies["csrftoken"]})

    def send(self, path: str, /, **entered: Any) -> str:
        """Send a form that must be taken; return the address it leads to."""
        answer = self.post(path, **entered)
        if answer.status != 302:
            raise NotSo(f"{path} is not taken ({answer.status}): {answer.words[:400]}")
        return answer.headers["location"]

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        line = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        began = time.perf_counter()
        try:
            line.request(method, path, body or None, {"Cookie": cookies, **(headers or {})})
            said = line.getresponse()
            answer = said.read()
        finally:
            line.close()
        seconds = time.perf_counter() - began
        for name, value in said.getheaders():
            if name.lower() == "set-cookie":
                self.cookies |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        return Answer(said.status, {k.lower(): v for k, v in said.getheaders()}, answer, seconds)


def _multipart(plain: Mapping[str, Any], files: Mapping[str, bytes]) -> tuple[str, bytes]:
    edge = secrets.token_hex(16)
    out = io.BytesIO()
    for name, value in plain.items():
        for one in value if isinstance(value, list) else [value]:
            out.write(f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{one}\r\n'.encode())
    for name, data in files.items():
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.jpg"\r\n'
        out.write(head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n")
    out.write(f"--{edge}--\r\n".encode())
    return f"multipart/form-data; boundary={edge}", out.getvalue()


# ---------------------------------------------------------------- a city


@dataclass
class Doors:
    """A fresh city in a folder of its own, founded, filled and served by the commands people type."""

    home: Path
    database: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JINGWEI_")}
        ours = {"JINGWEI_CITY": f"{self.home}/", "JINGWEI_DATABASE": self.database}
        return kept | ours | {"JINGWEI_PASSWORD": PASSWORD, "PYTHONPATH": str(TOP)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the city to its end."""
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "jingwei.cli", *words], cwd=TOP, env=self.environment, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def found(self) -> None:
        """`jingwei init`: an empty city with its administrator."""
        words = ["init", "--name", "试演市", "--code", CODE, "--login", ADMINISTRATOR]
        if self.database:
            words += ["--database", self.database]
        done = self.run(*words)
        if done.returncode:
            raise NotSo(f"the city cannot be founded: {done.stderr[-600:]}")

    def bring(self, kind: str, *files: Path, more: Sequence[str] = ()) -> str:
        """`jingwei import`: what comes of files that must be taken; returns what the command says."""
        done = self.run("import", kind, *map(str, files), *more)
        if done.returncode:
            raise NotSo(f"import {kind} fails: {(done.stdout + done.stderr)[-900:]}")
        return done.stdout

    def turned_away(self, kind: str, *files: Path) -> str:
        """`jingwei import` of files that must not be taken; returns what is said about them."""
        done = self.run("import", kind, *map(str, files))
        if not done.returncode:
            raise NotSo(f"import {kind} takes what it should refuse: {done.stdout[-400:]}")
        return done.stdout + done.stderr

    def serve(self) -> None:
        """`jingwei serve`: wait until it answers."""
        self.port = _free_port()
        log = (self.home / "serve.log").open("ab")
        with log:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "jingwei.cli", "serve", "--port", str(self.port)],
                cwd=TOP, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        for _ in range(600):
            if self.process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            time.sleep(0.1)
        raise NotSo(f"the city is not served: {(self.home / 'serve.log').read_text()[-600:]}")

    def end(self) -> None:
        """End what was served, by its number."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
        self.process = None

    # ------------------------------------------------------------ people

    def anybody(self) -> Visitor:
        """Somebody without an account."""
        return Visitor(self.port)

    def administrator(self) -> Visitor:
        """The first administrator, signed in with the second factor."""
        browser = Visitor(self.port)
        browser.send("/sign-in", login=ADMINISTRATOR, password=PASSWORD)
        page = browser.open("/second-factor").text
        secret = unescape(page.split('name="secret" value="')[1].split('"')[0])
        browser.send("/second-factor", secret=secret, code=pyotp.TOTP(secret).now(), next="/admin/")
        return browser

    def activated(self, login: str, codes: Path) -> Visitor:
        """Somebody of the staff who turns the printed code into a password and is signed in."""
        code = next(row["一次性激活码"] for row in sheet_rows(codes.read_bytes()) if row["登录名"] == login)
        browser = Visitor(self.port)
        browser.send("/activate", login=login, code=code, password=PASSWORD, again=PASSWORD)
        return browser


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """A new database beside the one that is named, gone afterwards; without a name the city's SQLite."""
    if not server:
        yield ""
        return
    name = f"rows_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as line:
        line.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as line:
            line.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
