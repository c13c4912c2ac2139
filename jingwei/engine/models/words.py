"""What goes between people in a case: asks, tasks, ratings, messages; and the order not to delete."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.engine.models.cases import Case
from jingwei.kernel.privacy import PLAIN

ASK_STATES = [(s, s) for s in ("open", "granted", "refused", "overtaken", "withdrawn")]
TASK_STATES = [(s, s) for s in ("open", "answered", "overtaken")]


class Ask(models.Model):
    """Somebody asks, somebody else decides. `round` 2 is the second dispute, whose ruling binds."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="asks")
    name = models.CharField(max_length=40)
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=ASK_STATES, default="open")
    asked_seq = models.PositiveIntegerField()
    asked_at = models.DateTimeField()
    decider_role = models.CharField(max_length=32)
    decider_post = models.BigIntegerField(null=True)
    decider_unit = models.BigIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    decided_seq = models.PositiveIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"name": PLAIN, "decider_role": PLAIN}

    class Meta:
        indexes = [
            models.Index(
                fields=["decider_post", "due_at"], name="ask_of_post", condition=models.Q(state="open")
            ),
            models.Index(
                fields=["decider_unit", "due_at"], name="ask_of_unit", condition=models.Q(state="open")
            ),
        ]


class Task(models.Model):
    """A piece of work inside a state for a co-handler or checker, with its own due time."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="tasks")
    name = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=TASK_STATES, default="open")
    given_seq = models.PositiveIntegerField()
    given_at = models.DateTimeField()
    to_role = models.CharField(max_length=32)
    to_post = models.BigIntegerField(null=True)
    to_unit = models.BigIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    answered_seq = models.PositiveIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"name": PLAIN, "to_role": PLAIN}

    class Meta:
        indexes = [
            models.Index(fields=["to_post", "due_at"], name="task_of_post", condition=models.Q(state="open")),
            models.Index(fields=["to_unit", "due_at"], name="task_of_unit", condition=models.Q(state="open")),
        ]


class Rating(models.Model):
    """What the reporter, or a callback, says about the result; each case has at most one of either."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="ratings", db_index=False)
    by = models.CharField(max_length=12, choices=[("reporter", "reporter"), ("callback", "callback")])
    answers = models.JSONField(default=dict)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()

    privacy: ClassVar = {"answers": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "by"], name="rated_once_by_each")]


class Message(models.Model):
    """Something told: to a post or unit (the bell), or to the reporter.

    Its words are made when it is read, from the action it is about.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    what = models.CharField(max_length=40)
    to_kind = models.CharField(max_length=8, choices=[(k, k) for k in ("reporter", "post", "unit")])
    to_ref = models.BigIntegerField(null=True)
    key = models.UUIDField(unique=True)
    at = models.DateTimeField()
    channel = models.CharField(max_length=12, default="page")
    times = models.PositiveSmallIntegerField(
        default=1, help_text="more than one: the provider was asked twice"
    )
    read_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"what": PLAIN, "channel": PLAIN}

    class Meta:
        indexes = [
            models.Index(
                fields=["to_kind", "to_ref", "at"], name="message_unread", condition=models.Q(read_at=None)
            ),
        ]


class LegalHold(models.Model):
    """An order not to delete a case, with its reason."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField(max_length=120)
    person = models.BigIntegerField()
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"reason": PLAIN}


class Viewer(models.Model):
    """Somebody has this case open right now, so that two people on one case see each other.

    Gone after ten minutes.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="viewers", db_index=False)
    person = models.BigIntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="one_look_per_person")]
