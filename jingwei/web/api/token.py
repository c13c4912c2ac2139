"""Who is calling: a token becomes a person and the one assignment it was issued for, in one SELECT."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Header
from ninja.security import HttpBearer

from jingwei.engine import library, queries
from jingwei.engine.models import Case
from jingwei.registry import staff
from jingwei.registry.staff import Staff
from jingwei.web.api.problems import playbook_for

_LONGEST = 200

Key = Annotated[
    UUID | None,
    Header(
        None,
        alias="Idempotency-Key",
        description="A UUID made by the client for this one act: the same again is the same answer.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        None,
        alias="If-Match",
        pattern=r'^(\*|"[0-9]{1,9}")$',
        description="The ETag of the case as it was seen: another revision is a 409 with what changed.",
    ),
]


class ApiRequest(HttpRequest):
    """A request that came with a token that counts."""

    auth: Staff


class Bearer(HttpBearer):
    """Authorization: Bearer <token>. Expired, revoked, its assignment ended: no token."""

    def authenticate(self, request: HttpRequest, token: str) -> Staff | None:
        return staff.by_token(token) if 0 < len(token) <= _LONGEST else None


def bound_to(request: ApiRequest) -> str:
    """What a key is bound to: nobody else's key is answered."""
    return f"token:{request.auth.client}"


def visible(request: ApiRequest, case_id: UUID) -> Case:
    """The case, if the post acted from may see it; otherwise it does not exist."""
    case = queries.visible_case(request.auth, case_id)
    if case is None:
        raise Http404
    playbook_for(request, library.version(case.version_id))
    return case


def revision_in(if_match: str | None) -> int | None:
    """The revision that `If-Match` names; None for every one."""
    return int(if_match.strip('"')) if if_match and if_match != "*" else None
