"""Programs that call the API, each with a token of somebody on the stage."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client

from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, ids
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Account, ApiToken, LoginSession
from jingwei.kernel.moments import now
from jingwei.registry.models import Assignment

API = "/api/v1/"


def token_of(assignment: Assignment, *, days: int = 30) -> tuple[ApiToken, str]:
    """A token issued after a second factor, as the page issues it."""
    account = Account.objects.filter(person=assignment.person_id).first()
    if account is None:
        account, _code = accounts.open_account(f"p{assignment.person_id}", assignment.person_id, by=SYSTEM)
    session = LoginSession.objects.create(
        token=ids.new_code(32).encode(),
        account=account,
        began_at=now(),
        seen_at=now(),
        second_factor_at=now(),
    )
    return accounts.issue_token(account, session, assignment=assignment.pk, label="test", days=days)


@dataclass
class Caller:
    """A program: addresses below /api/v1/, JSON in and out, English unless it asks for something else."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self._sent("GET", path, None, headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self._sent("POST", path, body, headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self._sent("DELETE", path, None, headers)

    def raw(self, path: str, body: bytes, kind: str = "application/json") -> HttpResponse:
        """A body that no program of ours would make."""
        return cast(
            "HttpResponse", self.client.generic("POST", API + path, body, kind, headers=self._headers({}))
        )

    def send_picture(self, case: object, picture: Any, **headers: str) -> HttpResponse:
        address = f"{API}cases/{case}/attachments"
        return cast(
            "HttpResponse", self.client.post(address, {"picture": picture}, headers=self._headers(headers))
        )

    def _sent(self, method: str, path: str, body: Any, headers: dict[str, str]) -> HttpResponse:
        """Without a body nothing is sent, not even an empty form."""
        content = b"" if body is None else json.dumps(body).encode()
        sent = self.client.generic(
            method, API + path, content, "application/json", headers=self._headers(headers)
        )
        return cast("HttpResponse", sent)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        """`if_match='"3"'` and the like are written as headers are."""
        said = {"Accept-Language": "en"}
        if self.token:
            said["Authorization"] = f"Bearer {self.token}"
        return said | {name.replace("_", "-"): value for name, value in more.items()}


@dataclass
class Callers:
    """The stage, and a program for everybody on it who asked for one."""

    stage: Stage
    made: dict[str, Caller] = field(default_factory=dict)

    def of(self, name: str) -> Caller:
        if name not in self.made:
            self.made[name] = Caller(token_of(self.stage.assignments[name])[1])
        return self.made[name]


@pytest.fixture
def callers(stage: Stage) -> Callers:
    return Callers(stage)
