"""The same request twice.

Its client made the id; the first one to write it acts, everybody after gets that answer.
"""

from __future__ import annotations

import hmac
from typing import Any
from uuid import UUID

from django.conf import settings

from jingwei.kernel import rows
from jingwei.kernel.models import RequestKey
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import SameRequestOtherContent


def seen_before(
    request: UUID, *, bound_to: str, content: bytes, answer: dict[str, Any]
) -> dict[str, Any] | None:
    """Note a request inside the caller's transaction. None: it is new.

    Otherwise: the answer it got the first time.

    `bound_to` is the session, token or face it came through. Other content, or the id of somebody else's
    request, is refused.
    """
    bound, digest = _hash(bound_to.encode())[:16], _hash(content)
    row = rows.new(RequestKey, id=request, bound=bound, content=digest, answer=answer, created_at=now())
    columns = ", ".join(str(field.column) for field in RequestKey._meta.concrete_fields)
    written = rows.run(
        f"INSERT INTO {RequestKey._meta.db_table} ({columns})"  # noqa: S608
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
        rows.stored(row),
    )
    if written == 1:
        return None
    first = RequestKey.objects.get(pk=request)
    if bytes(first.bound) != bound or bytes(first.content) != digest:
        raise SameRequestOtherContent()
    return dict(first.answer)


def _hash(content: bytes) -> bytes:
    """Keyed, because what people enter can be guessed and compared."""
    return hmac.digest(settings.SECRET_KEY.encode(), content, "sha256")
