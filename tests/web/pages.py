"""Pages as a browser reads them: their forms, their links, and walking from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.urls import Resolver404, resolve


@dataclass
class Field:
    """One name of a form: what kind of control, what stands in it, what may be chosen."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form: where it goes, how, and with what."""

    action: str
    method: str
    fields: dict[str, Field] = field(default_factory=dict)

    def filled(self) -> dict[str, list[str]]:
        """What a browser would send right now, files left out; a choice not made yet takes its first."""
        sent: dict[str, list[str]] = {}
        for one in self.fields.values():
            if one.kind != "file":
                chosen = next((choice for choice in one.choices if choice), "")
                sent[one.name] = one.values or [chosen]
        return sent


class _Reader(HTMLParser):
    """Reads forms, links and what is said in alarm off a page."""

    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.address = address
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.links: list[str] = []
        self._form: Form | None = None
        self._select: Field | None = None
        self._area: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(said.get("action") or self.address, said.get("method", "get").lower())
            self.forms.append(self._form)
            if "id" in said:
                self.by_id[said["id"]] = self._form
        elif tag == "a" and "href" in said:
            self.links.append(said["href"])
        form = self.by_id.get(said.get("form", "")) or self._form
        if form is not None and said.get("name"):
            self._control(form, tag, said)
        elif tag == "option" and self._select is not None:
            self._select.choices.append(said.get("value", ""))
            if "selected" in said:
                self._select.values = [said.get("value", "")]

    def _control(self, form: Form, tag: str, said: dict[str, str]) -> None:
        kind = said.get("type", "text") if tag == "input" else tag
        if tag not in ("input", "select", "textarea", "button"):
            return
        one = form.fields.setdefault(said["name"], Field(said["name"], kind))
        if tag == "select":
            self._select = one
        elif tag == "textarea":
            self._area, one.values = one, [""]
        elif kind in ("radio", "checkbox", "button"):
            one.choices.append(said.get("value", "on"))
            if "checked" in said:
                one.values.append(said.get("value", "on"))
        elif kind != "file":
            one.values = [said.get("value", "")]

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.values[0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None


def read(address: str, html: str) -> tuple[list[Form], list[str]]:
    """The forms and links of a page."""
    reader = _Reader(address)
    reader.feed(html)
    return reader.forms, reader.links


#: elements that have no end of their own
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Alarms(HTMLParser):
    """Reads what a page says in alarm."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._within: list[bool] = [False]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        alarm = said.get("role") == "alert" or "err" in (said.get("class") or "").split()
        if tag not in VOID:
            self._within.append(self._within[-1] or alarm)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and len(self._within) > 1:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if self._within[-1] and data.strip():
            self.said.append(data.strip())


def alarms(html: str) -> list[str]:
    """What a page says in alarm: what is wrong, and what would be right."""
    reader = _Alarms()
    reader.feed(html)
    return reader.said


def route(address: str) -> tuple[str, ...]:
    """The name of an address's route, with the words of it that say what it is about; nothing for others."""
    try:
        found = resolve(urlsplit(address).path)
    except Resolver404:
        return ()
    words = [str(found.kwargs[key]) for key in ("kind", "name", "what", "form") if key in found.kwargs]
    return (str(found.view_name), *(word for word in words if not word.isdecimal()))


@dataclass(frozen=True)
class Page:
    """A page that was visited."""

    address: str
    kind: str
    status: int
    body: bytes

    @property
    def text(self) -> str:
        """Its words, where it is a page and not a file."""
        return self.body.decode() if self.kind.startswith("text/html") else ""


def body_of(answer: Any) -> bytes:
    """The bytes of an answer, of a file too; the test client closes the file behind the last of them."""
    return b"".join(answer) if answer.streaming else bytes(answer.content)


def walk(client: Client, starts: Iterable[str], *, skip: tuple[str, ...] = ()) -> Iterator[Page]:
    """The pages at some addresses, and whatever is reached from them, but for some endings.

    Each route, of each kind of thing, once; the addresses that were named, each of them.
    """
    waiting, there = list(dict.fromkeys(starts)), set(starts)
    seen: set[tuple[str, ...]] = set()
    visited: set[str] = set()
    while waiting:
        address = waiting.pop(0)
        key = route(address)
        if not key or address in visited or (key in seen and address not in there):
            continue
        if urlsplit(address).path.endswith(skip or "\0"):
            continue
        visited.add(address)
        answer = client.get(address)
        if answer.status_code == 200:
            seen.add(key)
        page = Page(address, answer.headers.get("Content-Type", ""), answer.status_code, body_of(answer))
        yield page
        for link in read(address, page.text)[1] if page.text else ():
            if link.startswith("/") and not link.startswith("//"):
                waiting.append(link)
