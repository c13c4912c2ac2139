"""The walk.

A resident reports, the offices file, dispatch, handle, check and close, the resident rates, the board's
number changes.

In both languages; the resident on a phone, the offices at desks.
"""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, PHONE, Served, a_page, sign_in

pytestmark = pytest.mark.browser


def a_photo(colour: tuple[int, int, int] = (120, 118, 110)) -> dict[str, object]:
    """A small picture as a file input takes it."""
    made = io.BytesIO()
    picture = Image.new("RGB", (640, 480), colour)
    ImageDraw.Draw(picture).ellipse((180, 140, 460, 340), fill=(70, 66, 60))
    picture.save(made, "JPEG")
    return {"name": "hole.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_from_a_report_to_a_rated_and_counted_case(browser: Browser, served: Served, language: str) -> None:
    before = number_on_the_board(browser, served, language)
    code = a_resident_reports(browser, served, language)
    page = at_a_desk(browser, served, "acceptor", language)
    case = open_first(page, "/desk/q/mine")
    take(page, "move/file", {"class": "0405", "urgency": "normal"})
    page = at_a_desk(browser, served, "dispatcher", language)
    page.goto(case)
    take(page, "move/dispatch", {})  # the catalogue has filled in the unit
    page = at_a_desk(browser, served, "handler", language)
    page.goto(case)
    press(page, "move/sign")
    take(page, "move/feed_back", {"result": "井盖已换好，与路面齐平。"}, photo="evidence")
    page = at_a_desk(browser, served, "dispatcher", language)
    page.goto(case)
    press(page, "move/send_check")
    page = at_a_desk(browser, served, "worker", language)
    page.goto(case)
    take(page, "move/pass", {}, photo="check_photo")
    page = at_a_desk(browser, served, "acceptor", language)
    page.goto(case)
    take(page, "move/contact", {"reached": "reached", "reply": "井盖换好了，请您看看。"})
    page = at_a_desk(browser, served, "leader", language)
    page.goto(case)
    press_or_take(page, "move/close")
    the_resident_rates(browser, served, code, language)
    assert number_on_the_board(browser, served, language) == before + 1


def a_resident_reports(browser: Browser, served: Served, language: str) -> str:
    """Words, a photo, a place from the list, no danger, a number: the answer is a code."""
    page = a_page(browser, served, size=PHONE, language=language)
    page.goto(served.address)
    page.click(".hero")
    page.fill("#f-description", "槐安路12号院北门口的井盖翘起来了，晚上没灯。")
    page.set_input_files("input[name=photo]", [a_photo()])  # type: ignore[list-item]
    for level in range(4):  # county, street, community, grid: each list brings the next
        page.locator(f"#area-{level}").wait_for()
        page.locator(f"#area-{level}").select_option(index=1)
    page.check("input[name=urgency][value=normal]")
    page.fill("#f-reporter_contact", "100 0000 0621")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile("/reported/"))
    code = page.locator(".code b").inner_text().replace(" ", "")
    assert len(code) == 10
    page.click("a.btn-main")
    expect(page.locator("h1")).to_be_visible()
    assert code in page.url
    page.context.close()
    return code


def at_a_desk(browser: Browser, served: Served, name: str, language: str) -> Page:
    """Somebody signed in at a desk."""
    page = a_page(browser, served, size=DESK, language=language)
    sign_in(page, served, name)
    return page


def open_first(page: Page, queue: str) -> str:
    """Open the first case of a queue; return its address."""
    page.goto(re.sub("/[^/]*$", "", page.url.split("/desk")[0].split("/field")[0] + "/x") + queue)
    page.locator("[data-row] a[data-open]").first.click()
    page.wait_for_url(re.compile("/desk/case/"))
    return page.url


def take(page: Page, what: str, values: dict[str, str], *, photo: str = "") -> None:
    """Open an action's form from its button, fill it, send it."""
    page.locator(f".acts a[href$='/do/{what}']").click()
    form = page.locator("#doing form")
    form.wait_for()
    fill(form, values)
    if photo:
        form.locator(f"input[type=file][name={photo}]").set_input_files([a_photo((90, 110, 90))])  # type: ignore[list-item]
    seq = page.locator(".story .line > li").count()
    form.locator("button[type=submit]").click()
    page.wait_for_function("seq => document.querySelectorAll('.story .line > li').length > seq", arg=seq)


def fill(form, values: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    """Put values into a form, whatever kind of control each field is."""
    for name, value in values.items():
        control = form.locator(f"[name={name}]").first
        if control.get_attribute("type") == "radio":
            form.locator(f"[name={name}][value={value}]").check()
        elif control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


def press(page: Page, what: str) -> None:
    """Press an action that takes nothing."""
    seq = page.locator(".story .line > li").count()
    page.locator(f".acts form[action$='/do/{what}'] button").click()
    page.wait_for_function("seq => document.querySelectorAll('.story .line > li').length > seq", arg=seq)


def press_or_take(page: Page, what: str) -> None:
    """An action whose fields may stay empty."""
    if page.locator(f".acts form[action$='/do/{what}']").count():
        press(page, what)
    else:
        take(page, what, {})


def the_resident_rates(browser: Browser, served: Served, code: str, language: str) -> None:
    """Find the case by its code, read the answer, see the evidence, rate it."""
    page = a_page(browser, served, size=PHONE, language=language)
    page.goto(served.address)
    page.fill("#code", code.lower().replace("0", "o"))
    page.locator("#code + button").click()
    expect(page.get_by_text("井盖换好了，请您看看。").first).to_be_visible()
    page.check("input[name=solved][value=yes]")
    page.check("input[name=satisfied][value=yes]")
    page.locator("form[action$='/rate'] button[type=submit]").click()
    page.wait_for_load_state()
    expect(page.locator("form[action$='/rate']")).to_have_count(0)
    assert "100000" not in page.content().replace(" ", "")
    page.context.close()


def number_on_the_board(browser: Browser, served: Served, language: str) -> int:
    """How many cases have ended today, as a leader's board says; the number opens them."""
    served.jingwei("worker", "--once")
    page = at_a_desk(browser, served, "city_leader", language)
    page.goto(f"{served.address}/board/")
    link = page.locator("a.big[href*='behind/out']")
    shown = int(link.inner_text().replace(",", ""))
    link.click()
    page.wait_for_url(re.compile("behind/out"))
    assert page.locator("[data-row]").count() == shown
    page.context.close()
    return shown
