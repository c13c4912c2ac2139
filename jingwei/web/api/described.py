"""The API as OpenAPI 3.1 says it: from the operations, and what all of them share. The door reads it too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ninja import NinjaAPI

from jingwei.web.api import answers, problems

PREFIX = "/api/v1/"
LANGUAGES = ("zh-Hans", "en")

_LANGUAGE = {
    "name": "language",
    "in": "query",
    "required": False,
    "description": "The language of titles and reasons; without it Accept-Language decides, else Chinese.",
    "schema": {"type": "string", "enum": list(LANGUAGES)},
}
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_NO = {
    "description": "No, with every reason: 400 the request cannot be read, 401 no token, 404 not there or"
    " not yours, 409 somebody was faster or the key came with other content, 413 too large, 415 another kind"
    " of body, 422 the rules or the form say no, 429 too often.",
    "content": {problems.KIND: {"schema": _SCHEMA}},
}
_AWAY = {
    "description": "Not possible just now: send the same again after `Retry-After` seconds. What has a key,"
    " or the id of a new case, is never carried out twice.",
    "content": {problems.KIND: {"schema": _SCHEMA}},
}


@dataclass(frozen=True, slots=True)
class Takes:
    """What one operation takes: a token, parameters of its address, a kind of body (empty: none)."""

    token: bool
    parameters: frozenset[str]
    body: str


def describe(api: NinjaAPI) -> dict[str, Any]:
    """Return the whole description."""
    said: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    problem = answers.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    said["components"]["schemas"] |= problem.pop("$defs", {}) | {"Problem": problem}
    for methods in said["paths"].values():
        for operation in methods.values():
            operation["operationId"] = operation["operationId"].removeprefix("jingwei_web_api_")
            operation.setdefault("parameters", []).append(_LANGUAGE)
            operation["responses"] = {str(status): a for status, a in operation["responses"].items()}
            operation["responses"] |= {"4XX": _NO, "503": _AWAY}
    return said


def takes(said: dict[str, Any]) -> dict[str, dict[str, Takes]]:
    """Return, by address and method, what can be sent."""
    return {
        path: {method.upper(): _takes(operation) for method, operation in methods.items()}
        for path, methods in said["paths"].items()
    }


def address_of(route: str) -> str:
    """A route of Django as the description writes it: `cases/<uuid:case_id>` is /api/v1/cases/{case_id}."""
    return PREFIX + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def _takes(operation: dict[str, Any]) -> Takes:
    names = frozenset(p["name"] for p in operation["parameters"] if p["in"] == "query")
    kinds = operation.get("requestBody", {}).get("content", {})
    return Takes("security" in operation, names, next(iter(kinds), ""))
