"""Pictures of every page, on a phone and on a desk, light and dark, into var/shots: `make shots`.

The pages come from the table of addresses; one that is neither pictured nor named as no page is an error.
The demo city is served for it. What a picture does not show is said: a page that scrolls sideways, a script
that failed, and what axe finds serious. `--readme` takes the pictures of the README anew.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import django
from django.db.models import Q
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize, sync_playwright

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
os.environ.setdefault("JINGWEI_CITY", "demo")
os.environ["DJANGO_SETTINGS_MODULE"] = "jingwei.settings"
django.setup()

from jingwei import city  # noqa: E402  (settings first)
from jingwei.demo.building import PASSWORD  # noqa: E402
from jingwei.demo.matters import draw_photo  # noqa: E402
from jingwei.engine import actions  # noqa: E402
from jingwei.engine.models import Case  # noqa: E402
from jingwei.kernel.actors import SYSTEM  # noqa: E402
from jingwei.kernel.models import Account, Attachment  # noqa: E402
from jingwei.registry.imports import batches  # noqa: E402
from jingwei.registry.imports.plan import Incoming  # noqa: E402
from jingwei.registry.models import Area, Assignment, ImportBatch, Organisation  # noqa: E402
from tests.browser.conftest import ARGUMENTS, CHROMIUM, DESK, PHONE, serve  # noqa: E402
from tests.browser.seen import runs_over, serious  # noqa: E402

SHOTS = TOP / "var/shots"
PICTURES = TOP / "docs/pictures"
SIZES = {"phone": PHONE, "desk": DESK}
SIZES_BY_WIDTH = {size["width"]: size["height"] for size in SIZES.values()}
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
#: a picture of the README may weigh this much
HEAVIEST = 120_000
#: the cookies that a shot brings; gone before the next one
COOKIES_OF_SHOTS = re.compile("grid|elder")

#: addresses that answer with a fragment, a file or another page, or only take a form
NOT_A_PAGE = frozenset({
    "look", "sign-out", "second-factor", "choose-post", "switch-post", "end-session", "revoke-token",
    "gallery", "name-place", "list-below", "borders", "find-area", "find-unit", "similar",
    "rate", "reopen", "add", "follow-photo", "grid-board-pdf", "staff-photo", "field-grid-cases",
    "desk-bulk", "desk-call-similar", "desk-viewers", "desk-link", "desk-reveal", "desk-photo",
    "desk-work-order", "admin-find-area", "admin-find-person", "admin-find-post", "admin-area-by-code",
    "admin-import-run", "admin-import-failed", "admin-import-blank", "admin-import-send",
    "admin-organisation-link", "admin-organisation-unlink", "admin-account-second-factor", "health",
    "admin-logins",  # for auditors and security officers alone; the demo city has none
})  # fmt: skip
FILE_OR_FORM = (
    ".xlsx", ".jpg", "/remove", "/end", "/drop", "/withdraw", "/close", "/renew", "/unlock", "end-sessions",
    "/over", "/alias", "/publish", "/hours", "/verify", "/photo", "/leave", "/undo",
)  # fmt: skip
#: who looks at the pages whose names begin so; the longest beginning counts
LOOKS = {
    "": "", "field": "worker", "desk": "dispatcher", "desk-unlocated": "intake", "desk-call": "intake",
    "search": "dispatcher", "reminders": "dispatcher", "tokens": "dispatcher", "me": "dispatcher",
    "board": "leader", "behind": "leader", "admin": "admin",
}  # fmt: skip
#: whose first page after signing in is pictured, beside the worker's and the dispatcher's
ROLES = (
    "acceptor", "handler", "leader", "intake", "chief", "community", "street", "county", "supervisor", "city",
)  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One page to take: the picture's name, the address, who looks; and what it needs beside."""

    name: str
    address: str  # where signing in leads, when empty
    login: str
    cookies: tuple[tuple[str, str], ...] = ()
    press: str = ""  # what is pressed before the picture is taken
    refused: bool = False  # the picture shows a refusal


def main() -> None:
    """Serve the demo city, look at every page, put the pictures down."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="pages whose name begins so")
    options.add_argument("--language", default="zh-hans", choices=["zh-hans", "en"])
    options.add_argument("--size", choices=SIZES, action="append", help="both unless told")
    options.add_argument("--scheme", choices=SCHEMES, action="append", help="both unless told")
    options.add_argument(
        "--readme", action="store_true", help="the pictures of the README, into docs/pictures"
    )
    chosen = options.parse_args()
    # Asked before the browser starts: its loop and the database do not go together
    wanted = [shot for shot in [*pages(), *also()] if shot.name.startswith(chosen.only)]
    pictures = for_readme() if chosen.readme else []
    with _served() as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        if chosen.readme:
            take_for_readme(browser, base, pictures)
        else:
            print("\n".join(take_all(browser, base, wanted, chosen)) or "nothing to complain about")
        browser.close()


def take_all(browser: Browser, base: str, wanted: list[Shot], chosen: argparse.Namespace) -> list[str]:
    """Take every wanted picture; return what was found wrong beside."""
    folder = SHOTS / chosen.language
    folder.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    for size in chosen.size or SIZES:
        for scheme in chosen.scheme or SCHEMES:
            found += take(browser, base, wanted, folder, size=size, scheme=scheme, language=chosen.language)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder.relative_to(TOP)}")
    return found


@contextmanager
def _served() -> Iterator[str]:
    running = serve(city.current().home)
    yield next(running).address
    next(running, None)


# ---------------------------------------------------------------- which pages


def pages() -> list[Shot]:
    """Every page of the table of addresses, filled with things that the demo city has."""
    filled, missing, found = _things(), [], []
    for name, pattern in _patterns(get_resolver().url_patterns):
        if name in NOT_A_PAGE or str(pattern.pattern).endswith(FILE_OR_FORM):
            continue
        here = {**filled, **filled.get(name, {})}
        needed = list(pattern.pattern.converters)
        if absent := [key for key in needed if key not in here]:
            missing.append(f"{name} ({', '.join(absent)})")
            continue
        address = reverse(name, kwargs={key: here[key] for key in needed})
        who = LOOKS[max((begin for begin in LOOKS if name.startswith(begin)), key=len)]
        found.append(Shot(name, address, f"demo-{who}" if who else ""))
    if missing:
        sys.exit(f"no picture of: {', '.join(missing)} – fill them in _things or name them in NOT_A_PAGE")
    return found


def also() -> list[Shot]:
    """What the table of addresses does not name.

    The elder's sizes, the wall, the first page of every role, a form sent back, an empty list, a page that
    is not there.
    """
    grid = _anchor_grid().code
    unit = Organisation.objects.get(code="991103-municipal")
    signed = Case.objects.filter(owner_unit=unit.pk, state="handling").latest("received_at")
    mine, elder = ("grid", grid), ("elder", "1")
    return [
        Shot("home-mine", "/", "", (mine,)),
        Shot("home-elder", "/", "", (mine, elder)),
        Shot("report-event-refused", "/report/event", "", press="main form button[type=submit]"),
        Shot("report-elder", "/report/event", "", (elder,)),
        Shot("report-here", f"/report/event?grid={grid}", ""),
        Shot("find-case-refused", "/follow?code=ABC", "", refused=True),
        Shot("not-there", "/not-there", "", refused=True),
        Shot(
            "desk-case-acting", reverse("desk-case", args=[signed.pk]), "demo-handler", press=".acts a[href]"
        ),
        Shot("desk-search-found", "/desk/search?q=井盖", "demo-dispatcher"),
        Shot("desk-queue-empty", "/desk/q/late?urgency=urgent&class=0405&state=dropped", "demo-dispatcher"),
        Shot("board-wall", "/board/?wall=1", "demo-city"),
        Shot("board-city", "/board/", "demo-city"),
        *(Shot(f"first-of-{role}", "", f"demo-{role}") for role in ROLES),
    ]


def _patterns(patterns: list[Any]) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if not isinstance(pattern, URLResolver):
            yield str(pattern.name), pattern
        elif pattern.namespace is None and str(pattern.pattern) != "api/":
            yield from _patterns(pattern.url_patterns)


def _anchor_grid() -> Area:
    return Area.objects.get(posts=_seat("demo-worker").post_id)


def _seat(login: str) -> Assignment:
    return Assignment.objects.select_related("post").get(person=Account.objects.get(login=login).person)


def _things() -> dict[str, Any]:
    """What stands in the addresses: for all pages, and by page where it must be another."""
    worker, grid = _seat("demo-worker"), _anchor_grid()
    here = Case.objects.filter(grid=grid.pk).order_by("-received_at")
    case = here.filter(state="handling").first() or here.filter(ended_at=None).first() or here[0]
    to_check = (
        Case.objects.filter(owner_post=worker.post_id, ended_at=None).order_by("next_due").first() or case
    )
    ended = Case.objects.filter(state="closed", source="resident").order_by("-ended_at")[0]
    unit = Organisation.objects.get(code="991103-municipal")
    return {
        "case_id": case.pk, "kind": "event", "what": "late", "code": actions.query_code(ended.pk),
        "person": worker.person_id, "name": "open",
        "grid-board": {"code": grid.code},
        "field-task": {"case_id": to_check.pk},
        "field-act": {"case_id": to_check.pk, "kind": "move", "name": "settle"},
        "desk-act": {"kind": "move", "name": "void"},
        "admin-area": {"pk": grid.pk}, "admin-area-change": {"pk": grid.pk},
        "admin-organisation": {"pk": unit.pk}, "admin-organisation-change": {"pk": unit.pk},
        "admin-person": {"pk": worker.person_id}, "admin-person-change": {"pk": worker.person_id},
        "admin-person-assign": {"pk": worker.person_id},
        "admin-post": {"pk": worker.post_id}, "admin-post-change": {"pk": worker.post_id},
        "admin-post-assign": {"pk": worker.post_id}, "admin-playbook": {"name": "grid_event"},
        "admin-account": {"pk": Account.objects.get(login="demo-worker").pk},
        "admin-import": {"pk": _an_import().pk},
    }  # fmt: skip


#: a file as offices send it: one row that can be taken, two that cannot
VILLAGES = """编码,名称,类别,上级编码
991103100902,新桥村,村,991103100
991103100903,,社区,991103100
99110310090X,柳泉社区,社区,991103100
"""


def _an_import() -> ImportBatch:
    """The newest import; a preview is made where there is none."""
    newest = ImportBatch.objects.order_by("made_at").last()
    file = Incoming("新增村居.csv", VILLAGES.encode())
    return newest or batches.preview("areas", [file], batches.any_options(), by=SYSTEM)


# ---------------------------------------------------------------- taking them


def take(
    browser: Browser,
    base: str,
    shots: list[Shot],
    folder: Path,
    *,
    size: str,
    scheme: Scheme,
    language: str,
) -> list[str]:
    """Take all pictures of one size in one scheme, one visit for each person who looks; say what is wrong."""
    found: list[str] = []
    for login in sorted({shot.login for shot in shots}):
        context = visit(browser, base, size=size, scheme=scheme, language=language)
        page = context.new_page()
        page.on("pageerror", partial(_note_script, found))
        landed = sign_in(page, base, login) if login else base
        for shot in (one for one in shots if one.login == login):
            name = f"{shot.name}-{size}-{scheme}"
            wrong = look_at(page, base, shot, landed, screen(size))
            page.screenshot(path=folder / f"{name}.png")
            found += [f"{name}: {what}" for what in wrong]
            context.clear_cookies(name=COOKIES_OF_SHOTS)
        context.close()
    return found


def _note_script(found: list[str], error: Error) -> None:
    found.append(f"script: {error}")


def visit(
    browser: Browser, base: str, *, size: str, scheme: Scheme, language: str, sharp: float = 1
) -> BrowserContext:
    """A visitor with a screen of this size, in this scheme and language."""
    context = browser.new_context(
        viewport=screen(size), color_scheme=scheme, locale="zh-CN", device_scale_factor=sharp
    )
    context.add_cookies([{"name": "language", "value": language, "url": base}])
    return context


def screen(size: str) -> ViewportSize:
    """The screen of a size, as the browser takes it."""
    return {"width": SIZES[size]["width"], "height": SIZES[size]["height"]}


def sign_in(page: Page, base: str, login: str) -> str:
    """Sign in as somebody of the demo; return where that led."""
    page.goto(f"{base}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    return page.url


def look_at(page: Page, base: str, shot: Shot, landed: str, viewport: ViewportSize) -> list[str]:
    """Open the page of a shot; say what is wrong with it."""
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": name, "value": value, "url": base} for name, value in shot.cookies])
    answer = page.goto(base + shot.address if shot.address else landed)
    if shot.press:
        page.locator(shot.press).first.click()
    page.wait_for_timeout(250)
    _unroll(page)
    wrong = [f"scrolls sideways: {what}" for what in runs_over(page)] + serious(page)
    if answer is None or (answer.status >= 400 and not shot.refused):
        wrong.append(f"{answer.status if answer else 'no answer'} at {shot.address}")
    return wrong


def _unroll(page: Page) -> None:
    """Make the screen as long as the page, so that bars at its edge stand at the end."""
    width = page.evaluate("window.innerWidth")
    long = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(long, SIZES_BY_WIDTH[width])})


# ---------------------------------------------------------------- the pictures of the README


@dataclass(frozen=True)
class Picture:
    """A picture of the README: its name, the size, who looks at what, what is done before it is taken."""

    name: str
    size: str
    login: str
    address: str
    before: Callable[[Page], None] = lambda page: None


def for_readme() -> list[Picture]:
    """What a newcomer should see first: one matter on its way, the map, the sheet on the wall."""
    unit = Organisation.objects.get(code="991103-municipal")
    held = Case.objects.filter(owner_unit=unit.pk, state="handling").order_by("-received_at")
    ended = Case.objects.filter(state="closed", source="resident").order_by("-ended_at")
    about = Q(title__contains="井盖")
    seen = held.filter(pk__in=Attachment.objects.filter(kind="picture").values("case"))
    signed, done = seen.first() or held[0], ended.filter(about).first() or ended[0]
    return [
        Picture("report", "phone", "", f"/report/event?grid={_anchor_grid().code}", _half_reported),
        Picture("follow", "phone", "", f"/f/{actions.query_code(done.pk)}"),
        Picture("field", "phone", "demo-worker", "/field/"),
        Picture("queue", "desk", "demo-dispatcher", "/desk/q/all"),
        Picture("case", "desk", "demo-handler", f"/desk/case/{signed.pk}"),
        Picture("board", "desk", "demo-city", "/board/", _unroll),
    ]


def _half_reported(page: Page) -> None:
    """A resident in the middle of a report."""
    page.fill("#f-description", "建国路41号门前的井盖翘起来了，晚上没灯，差点绊倒人。")
    photo = draw_photo("manhole", 7, after=False)
    page.set_input_files("input[name=photo]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo})
    page.check("input[name=urgency][value=normal]")
    page.wait_for_timeout(400)
    page.evaluate("window.scrollTo(0, 0); document.activeElement.blur()")


def take_for_readme(browser: Browser, base: str, pictures: list[Picture]) -> None:
    """Take the pictures that the README shows, in both languages, small enough for it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for language, ending in (("zh-hans", ""), ("en", ".en")):
        for one in pictures:
            sharp = 2 if one.size == "phone" else 1
            context = visit(browser, base, size=one.size, scheme="light", language=language, sharp=sharp)
            page = context.new_page()
            if one.login:
                sign_in(page, base, one.login)
            page.goto(base + one.address)
            page.wait_for_timeout(400)
            one.before(page)
            put_down(page.screenshot(), f"{one.name}{ending}")
            context.close()
    grid = pictures[0].address.rpartition("=")[2]
    with urllib.request.urlopen(f"{base}/grid/{grid}/board.pdf") as answer:  # noqa: S310  (the city served here)
        put_down(first_page(answer.read()), "grid-board")
    print("\n".join(f"{file.name} {file.stat().st_size:,}" for file in sorted(PICTURES.glob("*.png"))))


def put_down(picture: bytes, name: str) -> None:
    """Save a picture with as many colours as its weight allows."""
    file, image = PICTURES / f"{name}.png", Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in (256, 128, 64, 32):
        image.quantize(colours, dither=Image.Dither.NONE).save(file, optimize=True)
        if file.stat().st_size <= HEAVIEST:
            return
    sys.exit(f"{file.name} weighs {file.stat().st_size:,} bytes")


def first_page(pdf: bytes) -> bytes:
    """The first page of a PDF as a picture; drawn by poppler's pdftoppm (apt-get install poppler-utils)."""
    drawn = subprocess.run(
        ["pdftoppm", "-r", "80", "-png", "-singlefile"], input=pdf, capture_output=True, check=True
    )
    return drawn.stdout


if __name__ == "__main__":
    main()
