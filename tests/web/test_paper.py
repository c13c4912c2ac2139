"""PDF pages: what they show, and that nothing in them opens a file or address that was not handed over."""

from __future__ import annotations

import io
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader
from weasyprint import HTML
from weasyprint.urls import URLFetchingError

from jingwei.kernel.refusals import Refused
from jingwei.web.shell import paper
from jingwei.web.shell.paper import pdf
from jingwei.web.shell.press import Shut
from jingwei.web.shell.press import made as pressed

SECRET = "der-rote-faden-4711"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that lies on this machine, as text, picture and style sheet."""
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "secret.css").write_text(f"body::before {{ content: '{SECRET}' }}")
    Image.new("RGB", (333, 222), "#c00").save(tmp_path / "secret.png")
    (tmp_path / "secret.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg"><text>{SECRET}</text></svg>'
    )
    return tmp_path


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """An address of this machine, and everything that anybody asks it."""
    asked: list[bytes] = []
    door = socket.create_server(("127.0.0.1", 0))
    door.settimeout(0.2)
    closing = threading.Event()

    def answer() -> None:
        while not closing.is_set():
            try:
                guest, _ = door.accept()
            except TimeoutError:
                continue
            with guest:
                guest.settimeout(1)
                asked.append(guest.recv(4096))
                guest.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    running = threading.Thread(target=answer)
    running.start()
    yield f"http://127.0.0.1:{door.getsockname()[1]}", asked
    closing.set()
    running.join()
    door.close()


def texts(document: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)


def images(document: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(io.BytesIO(document)).pages)


def attached(document: bytes) -> int:
    return len(PdfReader(io.BytesIO(document)).attachments)


HOSTILE = [
    '<img src="{address}/secret.png">',
    '<link rel="stylesheet" href="{address}/secret.css">',
    '<style>@import url("{address}/secret.css");</style>',
    '<style>body {{ background: url("{address}/secret.png") }}</style>',
    '<style>@font-face {{ font-family: x; src: url("{address}/secret.txt") }} p {{ font-family: x }}</style>',
    '<style>p::before {{ content: url("{address}/secret.png") }}</style>',
    '<object data="{address}/secret.svg"></object>',
    '<embed src="{address}/secret.svg">',
    '<iframe src="{address}/secret.txt"></iframe>',
    '<link rel="attachment" href="{address}/secret.txt">',
    '<a rel="attachment" href="{address}/secret.txt">x</a>',
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">'
    '<image width="9" height="9" xlink:href="{address}/secret.png"/></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><use href="{address}/secret.svg#a"/></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg"><style>@import "{address}/secret.css";</style></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg"><rect fill="url({address}/s.svg#a)" width="9"/></svg>',
    '<base href="{address}/"><img src="secret.png">',
    '<img srcset="{address}/secret.png 2x" src="{address}/secret.png">',
    '<!DOCTYPE html [<!ENTITY x SYSTEM "{address}/secret.txt">]><p>&x;</p>',
]


@pytest.mark.parametrize("page", HOSTILE)
def test_no_file_of_this_machine_is_opened(page: str, secret: Path) -> None:
    for address in (f"file://{secret}", str(secret), f"style:../../../../../..{secret}", f"picture:{secret}"):
        made = pressed(f"<p>before</p>{page.format(address=address)}<p>after</p>", {})
        said = texts(made)
        assert SECRET not in said
        assert images(made) == 0
        assert attached(made) == 0


@pytest.mark.parametrize("page", HOSTILE)
def test_no_address_is_asked(page: str, listener: tuple[str, list[bytes]]) -> None:
    address, asked = listener
    pressed(f"<p>before</p>{page.format(address=address)}<p>after</p>", {})
    assert asked == []


def test_without_the_lock_the_address_would_be_asked(listener: tuple[str, list[bytes]]) -> None:
    """The control: what the tests above rely on to notice."""
    address, asked = listener
    HTML(string=f'<img src="{address}/secret.png">').write_pdf()
    assert asked


def test_a_picture_that_points_elsewhere_opens_nothing(
    secret: Path, listener: tuple[str, list[bytes]]
) -> None:
    """An SVG under the name of a picture handed over: it is opened, what it names is not."""
    address, asked = listener
    svg = secret / "handed.jpg"
    svg.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<image width="9" height="9" xlink:href="file://{secret}/secret.png"/>'
        f'<image width="9" height="9" xlink:href="{address}/secret.png"/></svg>'
    )
    made = pdf('<img src="picture:one">', pictures={"one": svg})
    assert images(made) == 0
    assert asked == []


def test_what_is_handed_over_is_shown(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "#369").save(tmp_path / "one.jpg")
    made = pdf('<img src="picture:one"><p>槐安路12号院</p>', pictures={"one": tmp_path / "one.jpg"})
    assert images(made) == 1
    assert "槐安路12号院" in texts(made)


def test_the_fetcher_says_no_to_everything_else(tmp_path: Path) -> None:
    shut = Shut({"one": tmp_path / "one.jpg"})
    for address in (
        "picture:two",
        "style:../settings",
        "style:",
        "data:text/plain,x",
        "ftp://127.0.0.1/x",
        "",
        "//127.0.0.1/x",
    ):
        with pytest.raises(URLFetchingError):
            shut.fetch(address)


def test_the_press_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its surroundings hold neither the address of the database nor the city."""
    monkeypatch.setenv("JINGWEI_DATABASE", "postgresql://somebody:secret@host/name")
    told = subprocess.run(
        ["/usr/bin/env"], capture_output=True, text=True, check=True, env=paper.told()
    ).stdout
    assert "secret" not in told
    assert "JINGWEI" not in told


def test_a_page_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "MOST_SECONDS", 0.05)
    with pytest.raises(Refused) as no:
        pdf("<p>x</p>" * 1000)
    assert no.value.codes == ("not-printed",)
