"""Every answer that is a no, in one shape (RFC 9457): every reason, in the reader's language.

Refusals of the rules, bodies that cannot be read, tokens that do not count, addresses that lead nowhere: all
become an answer here and nowhere else. Whatever else is raised is a bug and stays one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent, TooManyFilesSent
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from jingwei.engine.library import Playbook
from jingwei.kernel import failures
from jingwei.kernel.away import is_away
from jingwei.kernel.refusals import ChangedMeanwhile, Reason, Refused, SameRequestOtherContent
from jingwei.web import reasons
from jingwei.web.shell.refusing import TRY_AGAIN, status_of

log = logging.getLogger("jingwei.web")

KIND = "application/problem+json"
_TYPE = "urn:jingwei:problem:"

_TITLES: dict[str, Callable[[], str]] = {
    "not-readable": lambda: _("The request cannot be read"),
    "not-valid": lambda: _("The request does not say what is needed"),
    "not-signed-in": lambda: _("No token that counts"),
    "not-found": lambda: _("Nothing here"),
    "method-not-allowed": lambda: _("This cannot be done here"),
    "too-large": lambda: _("Too large"),
    "wrong-kind-of-body": lambda: _("Another kind of body is needed"),
    "refused": lambda: _("The rules say no"),
    "changed-meanwhile": lambda: _("Somebody was faster"),
    "same-id-other-content": lambda: _("The same key came with other content"),
    "too-many-tries": lambda: _("Too many tries"),
    "database-away": lambda: _("Not possible just now"),
    "fault": lambda: _("A fault of this system"),
    "disk-full": lambda: _("Not possible just now"),
}


class Wrong(Exception):
    """Something about the request itself is not right: what kind of problem, its status, every reason."""

    def __init__(self, kind: str, status: int, *why: Reason) -> None:
        super().__init__(kind)
        self.kind, self.status, self.reasons = kind, status, why


def problem(
    kind: str,
    status: int,
    why: Iterable[Reason],
    *,
    playbook: Playbook | None = None,
    changed: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Return the answer: type, title, status, every reason as code, field, sentence and values."""
    body: dict[str, Any] = {
        "type": _TYPE + kind,
        "title": _TITLES[kind](),
        "status": status,
        "reasons": [said(reason, playbook) for reason in why],
    }
    if changed:
        body["changed"] = dict(changed)
    content = orjson.dumps(body, default=str, option=orjson.OPT_UTC_Z)
    return HttpResponse(content, content_type=KIND, status=status)


def no_token() -> HttpResponse:
    """The answer to a request without a token that counts."""
    answer = problem("not-signed-in", 401, [Reason("token-needed")])
    answer["WWW-Authenticate"] = "Bearer"
    return answer


def away(failure: Exception | type[Exception]) -> HttpResponse:
    """The answer while the database is away or a disk full; any other failure is a bug and raised again."""
    if not isinstance(failure, Exception) or not is_away(failure):
        raise failure
    log.error("the database is away: %s", failures.said(failure))
    answer = problem("database-away", 503, [Reason("database-away")])
    answer["Retry-After"] = str(TRY_AGAIN)
    return answer


def fault() -> HttpResponse:
    """The answer to a bug: that it is one, and nothing about it."""
    return problem("fault", 500, [Reason("fault")])


def said(reason: Reason, playbook: Playbook | None = None) -> dict[str, Any]:
    """One reason: code, field, a sentence in the reader's language, and what would be right."""
    text = reasons.say(reason, playbook)
    return {"code": reason.code, "field": reason.field, "text": text, "values": dict(reason.values)}


def register(api: NinjaAPI) -> None:
    """Let what is raised in an operation be answered here; what `answered` does not know is raised again."""
    for known in (Wrong, Refused, Http404, HttpError, ValidationError, SuspiciousOperation, *_UNREADABLE):
        api.add_exception_handler(known, answered)
    for failed in (DatabaseError, InterfaceError, OSError):
        api.add_exception_handler(failed, lambda request, failure: away(failure))


def answered(request: HttpRequest, no: Exception | type[Exception]) -> HttpResponse:
    """Turn what was raised into an answer."""
    if isinstance(no, Wrong):
        return problem(no.kind, no.status, no.reasons)
    if isinstance(no, Refused):
        return _refused(request, no)
    if isinstance(no, ValidationError):
        return problem("not-valid", 422, [_reason(error) for error in no.errors])
    if isinstance(no, AuthenticationError):
        return no_token()
    if isinstance(no, Http404):
        return problem("not-found", 404, [Reason("not-found")])
    if isinstance(no, HttpError):
        return _unreadable_body(request, no)
    if isinstance(no, RequestDataTooBig):
        return problem("too-large", 413, [Reason("not-readable")])
    return problem("not-readable", 400, [Reason("not-readable")])


_UNREADABLE = (MultiPartParserError, UnreadablePostError, TooManyFieldsSent, TooManyFilesSent)
#: what the door answers itself when it is raised before an operation begins
KNOWN = (Wrong, Refused, Http404, SuspiciousOperation, *_UNREADABLE)


def playbook_for(request: HttpRequest, playbook: Playbook) -> None:
    """Say whose words the reasons of this request are said in."""
    request._playbook = playbook  # type: ignore[attr-defined]


def _refused(request: HttpRequest, no: Refused) -> HttpResponse:
    status = status_of(no)
    kind = {409: "changed-meanwhile", 429: "too-many-tries"}.get(status, "refused")
    if any(reason.code == "disk-full" for reason in no.reasons):  # nothing is wrong with the request
        status, kind = 503, "disk-full"
    if isinstance(no, SameRequestOtherContent):
        kind = "same-id-other-content"
    changed = no.changed if isinstance(no, ChangedMeanwhile) else None
    answer = problem(kind, status, no.reasons, playbook=getattr(request, "_playbook", None), changed=changed)
    if status == 429:
        minutes = max(int(reason.values.get("minutes", 1)) for reason in no.reasons)
        answer["Retry-After"] = str(60 * minutes)
    elif status == 503:
        answer["Retry-After"] = str(TRY_AGAIN)
    return answer


def _unreadable_body(request: HttpRequest, no: HttpError) -> HttpResponse:
    """The parser's complaint about a body: where the JSON breaks, or why it is not taken."""
    cause = no.__cause__
    if isinstance(cause, orjson.JSONDecodeError):
        where = {"line": cause.lineno, "column": cause.colno, "why": cause.msg}
        return problem("not-readable", 400, [Reason("not-readable-json", values=where)])
    if isinstance(cause, Wrong):
        return answered(request, cause)
    return problem("not-readable", no.status_code, [Reason("not-readable")])


# ---------------------------------------------------------------- what a validator found


def _reason(error: Mapping[str, Any]) -> Reason:
    """One finding of pydantic as a reason of ours: which field, and what would be right."""
    kind, about = str(error["type"]), error.get("ctx") or {}
    where = [str(step) for step in error["loc"]]
    field = ".".join(where[2:]) if where[0] == "body" else where[-1]
    if "-" in kind:  # found by a check of ours
        return Reason(kind, field, about)
    code, take = _CODES.get(kind, ("", ()))
    if not code:
        begins = next((ours for start, ours in _BEGINS.items() if kind.startswith(start)), "not-valid")
        return Reason(begins, field, {"why": str(error.get("msg", ""))} if begins == "not-valid" else {})
    return Reason(code, field, {ours: _plain(about.get(theirs)) for ours, theirs in take})


def _plain(value: Any) -> Any:
    """Pydantic names choices as “'a', 'b' or 'c'”: a list of them."""
    if isinstance(value, str) and value.startswith("'"):
        return value.strip("'").replace("' or '", "', '").split("', '")
    return value


#: pydantic's word → ours, with the values it knows
_CODES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "missing": ("missing", ()),
    "extra_forbidden": ("unknown-field", ()),
    "uuid_version": ("not-a-uuid7", ()),
    "greater_than_equal": ("too-few", (("least", "ge"),)),
    "less_than_equal": ("too-many", (("most", "le"),)),
    "too_long": ("too-many", (("most", "max_length"),)),
    "string_too_long": ("text-too-long", (("most", "max_length"),)),
    "string_too_short": ("text-too-short", (("least", "min_length"),)),
    "string_pattern_mismatch": ("wrong-form", (("form", "pattern"),)),
    "literal_error": ("not-one-of-these", (("allowed", "expected"),)),
}
_BEGINS = {
    "uuid": "not-a-uuid",
    "int": "not-a-number",
    "float": "not-a-decimal",
    "finite": "not-a-decimal",
    "string": "not-a-text",
    "bool": "not-true-or-false",
    "dict": "not-an-object",
    "model": "not-an-object",
    "list": "not-a-list",
    "date": "not-a-time",
}
