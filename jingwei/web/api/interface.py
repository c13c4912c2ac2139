"""The interface itself: every operation, behind tokens, described by itself."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.parser import Parser

from jingwei.kernel.refusals import Reason
from jingwei.web.api import acting, cases, described, pictures, problems, reference, reports
from jingwei.web.api.described import Takes
from jingwei.web.api.problems import Wrong
from jingwei.web.api.token import Bearer

DEEPEST = 8


class Json(Parser):
    """JSON as orjson reads it: no NaN, no half signs; and not deeper than anybody needs."""

    def parse_body(self, request: HttpRequest) -> Any:
        raw = request.body
        body = orjson.loads(raw)
        if raw.count(b"[") + raw.count(b"{") > DEEPEST and _is_deeper(body, DEEPEST):
            raise Wrong("not-readable", 400, Reason("too-deep", values={"most": DEEPEST}))
        return body


def _is_deeper(body: Any, than: int) -> bool:
    level: list[Any] = [body]
    for _step in range(than):
        level = [
            below
            for one in level
            if isinstance(one, list | dict)
            for below in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, list | dict) for one in level)


api = NinjaAPI(
    title="Jingwei 经纬",
    version="1",
    description="From a report to a checked, closed, rated and counted case. A guide: docs/api.md.",
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    servers=[{"url": "/"}],
    auth=Bearer(),
    parser=Json(),
)
for part in (cases, acting, pictures, reports, reference):
    api.add_router("", part.router)
problems.register(api)


@api.get("openapi.json", auth=None, response=dict[str, Any], tags=["what there is"])
def openapi(request: HttpRequest) -> HttpResponse:
    """This description, as OpenAPI 3.1."""
    answer = HttpResponse(_written(), content_type="application/json")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@cache
def description() -> dict[str, Any]:
    """The description, made once per process."""
    return described.describe(api)


def takes(route: str) -> dict[str, Takes]:
    """What the operations of a route take, by method."""
    return _takes().get(described.address_of(route), {})


@cache
def _takes() -> dict[str, dict[str, Takes]]:
    return described.takes(description())


@cache
def _written() -> bytes:
    return orjson.dumps(description())
