"""Changes of seats after they were made: words, end.

And the rules that say which seats every area must have filled.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from jingwei.kernel import ids, journal, outbox, rows
from jingwei.kernel.actors import Actor
from jingwei.kernel.fitting import unfit
from jingwei.kernel.moments import today
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Assignment, Post, SeatRule
from jingwei.registry.models.areas import KINDS
from jingwei.registry.roles import roles
from jingwei.registry.seats import in_force


@transaction.atomic
def change_post(post: Post, *, by: Actor, **values: Any) -> Post:
    """Change title, duty, or whether only one person at a time may sit there; the journal says which."""
    changed = {name: value for name, value in values.items() if getattr(post, name) != value}
    reasons = unfit(Post, changed)
    if "title" in changed and not changed["title"].strip():
        reasons.append(Reason("missing", "title"))
    if (
        changed.get("exclusive")
        and Assignment.objects.filter(in_force(), post=post, substitute=False).count() > 1
    ):
        reasons.append(Reason("several-sit-there", "exclusive"))
    if reasons:
        raise Refused(*reasons)
    if changed:
        journal.record(post, "post-changed", by=by, detail={"columns": sorted(changed)}, **changed)
    return post


@transaction.atomic
def end_post(post: Post, *, by: Actor, on: date | None = None) -> Post:
    """A seat is given up; its open work finds new owners. Refused while somebody sits there."""
    on = on or today()
    reasons = []
    if post.valid_to is not None:
        reasons.append(Reason("post-ended", "post"))
    if Assignment.objects.filter(post=post).filter(Q(ends=None) | Q(ends__gt=on)).exists():
        reasons.append(Reason("still-held", "post"))
    if reasons:
        raise Refused(*reasons)
    journal.record(post, "post-ended", by=by, detail={"role": post.role, "area": post.area_id}, valid_to=on)
    rows.insert(outbox.put("hand_over", {"post": post.pk}))
    return post


@transaction.atomic
def require_seat(role: str, area_kind: str, least: int, *, by: Actor) -> SeatRule:
    """Say that every area of a kind must have this seat filled by at least so many.

    Changes the rule that is there.
    """
    reasons = []
    if role not in roles():
        reasons.append(Reason("unknown-role", "role", {"role": role}))
    if area_kind not in dict(KINDS):
        reasons.append(Reason("unknown-kind", "kind"))
    if not 1 <= least <= 99:
        reasons.append(Reason("least-out-of-range", "least", {"most": 99}))
    if reasons:
        raise Refused(*reasons)
    rule, _ = SeatRule.objects.update_or_create(role=role, area_kind=area_kind, defaults={"least": least})
    detail = {"role": role, "at": area_kind, "least": least}
    journal.record_apart("seat-rule", ids.numbered(rule.pk), "seat-required", by=by, detail=detail)
    return rule


@transaction.atomic
def drop_seat_rule(rule: SeatRule, *, by: Actor) -> None:
    """The seat is no longer required; posts and people stay as they are."""
    detail = {"role": rule.role, "at": rule.area_kind}
    journal.record_apart("seat-rule", ids.numbered(rule.pk), "seat-not-required", by=by, detail=detail)
    rule.delete()
