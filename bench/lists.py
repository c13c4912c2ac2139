"""Lists, case pages and boards at three sizes, one client; and what the portal's first page weighs."""

from __future__ import annotations

import gzip
import itertools
import re
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.db import connection

from bench import city, writes
from bench.client import request, send
from bench.servers import serving
from jingwei.engine.models import Case

SIZES = (10_000, 100_000, 1_000_000)
#: how many of a hundred are open among the cases that make up a size: enough for full pages at the smallest
OPEN = {10_000: 60, 100_000: 5, 1_000_000: 5}
TOP = Path(__file__).resolve().parent.parent

#: who looks → the addresses a desk of theirs offers
LISTS = {
    "demo-dispatcher": (
        "/desk/q/mine",
        "/desk/q/late",
        "/desk/q/soon",
        "/desk/q/open",
        "/desk/q/all",
        "/desk/q/open?class=04",
        "/desk/q/open?state=filed",
        "/desk/q/open?urgency=urgent",
        "/desk/q/open?class=19",
    ),
    "demo-acceptor": ("/desk/q/mine", "/desk/q/late", "/desk/q/open", "/desk/q/all"),
    "demo-handler": ("/desk/q/unit", "/desk/q/late", "/desk/q/soon", "/desk/q/all"),
    "demo-intake": (
        "/desk/q/open",
        "/desk/q/late",
        "/desk/q/all",
        "/desk/q/unlocated",
        "/desk/q/open?class=04",
    ),
}
BOARDS = ("/board/", "/board/?by=open", "/board/?by=late", "/board/?area=991103", "/board/?area=991103001")


def measure(port: int) -> dict[str, object]:
    """p50 of every list, of a case page and of the boards, at each size; statements counted on the server."""
    times: dict[str, dict[int, float]] = {}
    counted: dict[str, float] = {}
    rows: dict[str, dict[int, int]] = {}
    have = _filled()
    for size in SIZES:
        if size > have:
            city.fill(size, first=have + 1, open_share=OPEN[size])
            have = size
        elif size < have:
            continue
        with serving("jingwei.wsgi:application", port, processes=1, threads=1):
            for name, stream in _streams():
                send(port, itertools.islice(stream(), 6), clients=1)
                load = send(port, itertools.islice(stream(), 40), clients=1)
                if set(load.statuses) != {200}:
                    raise SystemExit(f"{name}: {load.statuses}")
                times.setdefault(name, {})[size] = round(load.p50, 2)
                counted[name] = writes.statements(port, stream(), count=10)
                rows.setdefault(name, {})[size] = load.last.count(b"<tr data-row")
    return {"p50_ms": times, "statements": counted, "rows": rows}


def _streams() -> Iterator[tuple[str, Callable[[], Iterator[bytes]]]]:
    headers = {login: writes.session_for(login) for login in (*LISTS, "demo-city")}
    for login, addresses in LISTS.items():
        for address in addresses:
            asked = request("GET", address, headers=headers[login])
            yield f"{login} {address}", partial(itertools.repeat, asked)
    case = Case.objects.filter(state="handling", number__startswith="BX").order_by("number").first()
    if case is not None:
        asked = request("GET", f"/desk/case/{case.pk}", headers=headers["demo-intake"])
        yield "case page", partial(itertools.repeat, asked)
    for address in BOARDS:
        asked = request("GET", address, headers=headers["demo-city"])
        yield f"demo-city {address}", partial(itertools.repeat, asked)


def _filled() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(MAX(substr(number, 3)::bigint), 0) FROM engine_case WHERE number LIKE 'BX%%'"
        )
        return int(cursor.fetchone()[0])


def portal_weight(port: int) -> dict[str, int]:
    """The compressed bytes of the portal's first page with everything it loads by itself."""
    with serving("jingwei.wsgi:application", port, processes=1, threads=1):
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
        parts = {"/": page}
        for found in re.findall(rb'(?:href|src)="(/static/[^"#]+)', page):
            address = found.decode()
            if address not in parts:
                parts[address] = urllib.request.urlopen(f"http://127.0.0.1:{port}{address}").read()
    weights = {address: len(gzip.compress(body, 6)) for address, body in parts.items()}
    return {**weights, "together": sum(weights.values())}
