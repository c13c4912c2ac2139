"""Pictures of every page, on a phone and on a desk, light and dark, into var/shots: `make shots`.

The pages come from the table of addresses; one that is neither pictured nor named as no page is an error.
The demo city is served for it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import django
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
os.environ |= {"JINGWEI_CITY": "demo", "DJANGO_SETTINGS_MODULE": "jingwei.settings"}
django.setup()

from jingwei.demo.building import PASSWORD  # noqa: E402  (settings first)
from jingwei.engine import actions  # noqa: E402
from jingwei.engine.models import Case  # noqa: E402
from jingwei.kernel.models import Account  # noqa: E402
from jingwei.registry.models import Area, Assignment, ImportBatch, Organisation  # noqa: E402
from tests.browser.conftest import ARGUMENTS, CHROMIUM, DESK, PHONE, serve  # noqa: E402

SHOTS = TOP / "var/shots"
SIZES = {"phone": PHONE, "desk": DESK}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

#: addresses that answer with a fragment or a file, or only take a form
NOT_A_PAGE = frozenset(
    """
    look sign-out second-factor choose-post switch-post end-session name-place list-below borders find-
    area find-unit similar rate reopen add follow-photo grid-board-pdf staff-photo desk-bulk desk-call-
    similar desk-viewers desk-link desk-reveal desk-photo desk-work-order field-grid-cases revoke-token
    gallery admin-find-area admin-find-person admin-find-post admin-area-by-code admin-audit-exports
    """.split()  # noqa: SIM905  (a list of names reads better without its signs)
)
FILE_OR_FORM = (
    ".xlsx", ".jpg", "/remove", "/end", "/drop", "/withdraw", "/close", "/renew", "/unlock", "end-sessions",
    "/over",
    "/alias", "/areas", "/publish", "/hours", "/verify", "/photo", "/leave", "/rules", "/download", "/undo",
)  # fmt: skip
#: who looks at the pages whose names begin so; the longest beginning counts
LOOKS = {
    "": "", "field": "worker", "desk": "dispatcher", "desk-unlocated": "intake", "desk-call": "intake",
    "search": "dispatcher", "reminders": "dispatcher", "tokens": "dispatcher", "me": "dispatcher",
    "board": "leader", "behind": "leader", "admin": "admin",
}  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One page to take: the picture's name, the address, who looks."""

    name: str
    address: str
    login: str


def main() -> None:
    """Serve the demo city, look at every page, put the pictures down."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="pages whose name begins so")
    options.add_argument("--language", default="zh-hans", choices=["zh-hans", "en"])
    chosen = options.parse_args()
    wanted = [shot for shot in pages() if shot.name.startswith(chosen.only)]
    folder = SHOTS / chosen.language
    folder.mkdir(parents=True, exist_ok=True)
    with _served() as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size in SIZES:
            for scheme in SCHEMES:
                take(browser, base, wanted, folder, size=size, scheme=scheme, language=chosen.language)
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder.relative_to(TOP)}")


@contextmanager
def _served() -> Iterator[str]:
    running = serve(TOP / "var/demo")
    yield next(running).address
    next(running, None)


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
        sys.exit(
            "no picture can be taken of: "
            + ", ".join(missing)
            + " – fill them in _things or name them in NOT_A_PAGE"
        )
    return found


def _patterns(patterns: list[Any]) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if not isinstance(pattern, URLResolver):
            yield str(pattern.name), pattern
        elif pattern.namespace is None and str(pattern.pattern) != "api/":
            yield from _patterns(pattern.url_patterns)


def _things() -> dict[str, Any]:
    """What stands in the addresses: for all pages, and by page where it must be another."""
    worker = Assignment.objects.get(person=Account.objects.get(login="demo-worker").person)
    grid = Area.objects.get(pk=worker.post.area_id)
    here = Case.objects.filter(grid=grid.pk).order_by("-received_at")
    case = here.filter(state="handling").first() or here.filter(ended_at=None).first() or here[0]
    to_check = (
        Case.objects.filter(owner_post=worker.post_id, ended_at=None).order_by("next_due").first() or case
    )
    ended = Case.objects.filter(state="closed", source="resident").order_by("-ended_at")[0]
    batch = ImportBatch.objects.order_by("-made_at").first()
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
        **({"pk": batch.pk} if batch else {}),
    }  # fmt: skip


def take(
    browser: Browser,
    base: str,
    shots: list[Shot],
    folder: Path,
    *,
    size: str,
    scheme: Literal["light", "dark"],
    language: str,
) -> None:
    """Take all pictures of one size in one scheme, one visit for each person who looks."""
    viewport: ViewportSize = {"width": SIZES[size]["width"], "height": SIZES[size]["height"]}
    for login in sorted({shot.login for shot in shots}):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, locale="zh-CN")
        context.add_cookies([{"name": "language", "value": language, "url": base}])
        page = context.new_page()
        if login:
            _sign_in(page, base, login)
        for shot in (one for one in shots if one.login == login):
            answer = page.goto(base + shot.address)
            page.wait_for_timeout(250)
            page.screenshot(path=folder / f"{shot.name}-{size}-{scheme}.png", full_page=True)
            if answer is None or answer.status >= 400:
                print(f"{shot.name}: {answer.status if answer else 'no answer'} at {shot.address}")
        context.close()


def _sign_in(page: Page, base: str, login: str) -> None:
    page.goto(f"{base}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state()


if __name__ == "__main__":
    main()
