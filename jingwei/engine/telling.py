"""What goes out after the commit: messages to posts, units and reporters, and the index of words.

Outbox effects, safe to repeat.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from jingwei.engine import actions, library, words
from jingwei.engine.models import Case, Message
from jingwei.engine.standing import Standing
from jingwei.kernel import outbox
from jingwei.kernel.models import OutboxRow
from jingwei.kernel.moments import now
from jingwei.registry.models import Post


def _case(row: OutboxRow) -> Case | None:
    return Case.objects.filter(pk=row.case).first() if row.case else None


@outbox.effect("tell")
def tell(row: OutboxRow) -> None:
    """Write the message that a move's `tell` line names. The words are made when it is read.

    A reporter without a channel is told by the page behind the query code: the answer stands there.
    """
    case = _case(row)
    if case is None or case.erased_at:
        return
    playbook = library.version(case.version_id)
    role = playbook.procedure.roles.get(row.payload["what"])
    if role is None:
        return
    message = Message(
        case=case, seq=row.payload["seq"], what=row.payload["verb"], key=row.key, at=now(), to_kind="reporter"
    )
    if role.is_ != "reporter":
        owner = Standing(case, playbook.procedure).answerer(row.payload["what"])
        message.to_kind, message.to_ref = ("unit", owner.unit) if owner.unit else ("post", owner.post)
        if message.to_ref is None:
            return
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:  # told before: the worker died between the effect and noting it
        Message.objects.filter(key=row.key).update(times=Message.objects.get(key=row.key).times + 1)


@outbox.effect("index")
def index(row: OutboxRow) -> None:
    """Put the case's words into the search index."""
    if case := _case(row):
        words.index(case)


@outbox.effect("follow")
def follow(row: OutboxRow) -> None:
    """End what follows a case that has ended."""
    if (case := _case(row)) and case.ended_at:
        actions.end_followers(case)


@outbox.effect("hand_over")
def hand_over(row: OutboxRow) -> None:
    """An assignment ended: find new owners for the open cases of a post that nobody holds any more."""
    actions.hand_over(int(row.payload["post"]))


@outbox.effect("take_over")
def take_over(row: OutboxRow) -> None:
    """Somebody sat down in a post (after an import: in many): what nobody answered for may be theirs."""
    wanted = row.payload["post"]
    actions.take_over(Post.objects.select_related("area").get(pk=wanted) if wanted else None)
