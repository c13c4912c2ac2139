"""A served city for the browser, web and worker as people run them, and the distribution's Chromium."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

TOP = Path(__file__).resolve().parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
#: Chromium without its own errands; root needs --no-sandbox
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader",
]  # fmt: skip
PASSWORD = "jingwei-Demo-1"


@dataclass(frozen=True)
class Served:
    """A running city."""

    address: str
    home: Path

    def jingwei(self, *arguments: str) -> str:
        """Run the `jingwei` command for this city; return what it said."""
        command = [sys.executable, "-m", "jingwei.cli", *arguments]
        done = subprocess.run(
            command, cwd=TOP, env=environment(self.home), capture_output=True, text=True, check=True
        )
        return done.stdout


def environment(home: Path) -> dict[str, str]:
    """The city's environment for a command; on SQLite in its own folder."""
    kept = {name: value for name, value in os.environ.items() if name != "JINGWEI_DATABASE"}
    return {**kept, "JINGWEI_CITY": f"{home}/", "PYTHONPATH": str(TOP), "PYTHONWARNINGS": "ignore"}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The small city of the stage, with an account for every seat, served on a free port."""
    home = tmp_path_factory.mktemp("city")
    (home / "city.toml").write_text(
        'name = "经州市"\nname_en = "Jingzhou"\ncode = "9911"\ndemo = true\n', "utf-8"
    )
    subprocess.run([sys.executable, "-m", "tests.browser.build"], cwd=TOP, env=environment(home), check=True)
    yield from serve(home)


def serve(home: Path) -> Iterator[Served]:
    """Serve a city until the tests are done."""
    port = _free_port()
    command = [sys.executable, "-m", "jingwei.cli", "serve", "--port", str(port)]
    with (home / "serve.log").open("w") as log:
        server = subprocess.Popen(command, cwd=TOP, env=environment(home), stdout=log, stderr=log)
    try:
        _wait_for(f"http://localhost:{port}/", server, home)
        yield Served(f"http://localhost:{port}", home)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, server: subprocess.Popen[bytes], home: Path) -> None:
    for _ in range(150):
        if server.poll() is not None:
            raise RuntimeError((home / "serve.log").read_text())
        try:
            urllib.request.urlopen(address, timeout=2)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the city was not served within 30 seconds: " + (home / "serve.log").read_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file of tests: while it runs, Django takes the whole process for asynchronous."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def a_page(browser: Browser, served: Served, *, size: dict[str, int], language: str = "zh-hans") -> Page:
    """A page of a fresh visitor; anything the page complains about fails the test when it is closed."""
    viewport: ViewportSize = {"width": size["width"], "height": size["height"]}
    context: BrowserContext = browser.new_context(viewport=viewport, locale="zh-CN")
    context.add_cookies([{"name": "language", "value": language, "url": served.address}])
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: pytest.fail(f"script error on {page.url}: {error}"))
    return page


def sign_in(page: Page, served: Served, login: str, password: str) -> None:
    """Sign in by name and password."""
    page.goto(f"{served.address}/sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click("main button[type=submit]")
    page.wait_for_load_state()
