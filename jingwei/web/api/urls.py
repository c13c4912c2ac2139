"""Addresses of the API. Whatever leads nowhere is answered in its own form too."""

from __future__ import annotations

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, include, path, re_path

from jingwei.web.api.door import door
from jingwei.web.api.interface import api, takes


def nothing(request: HttpRequest) -> HttpResponse:
    """An address that leads nowhere."""
    raise Http404


def _behind_the_door() -> list[URLPattern]:
    """Every address once, each behind the door that all of them share."""
    operations = {str(p.pattern): p for p in api.urls[0] if isinstance(p, URLPattern) and str(p.pattern)}
    return [
        path(route, door(found.callback, partial(takes, route)), name=found.name)
        for route, found in operations.items()
    ]


urlpatterns = [
    path("v1/", include((_behind_the_door(), "api"))),
    re_path("", door(nothing, dict), name="api-nothing"),
]
