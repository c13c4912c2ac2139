"""Effects that leave the transaction, as rows written with the change that caused them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.privacy import PLAIN


class OutboxRow(models.Model):
    """One effect to run, at least once. The payload holds ids only.

    `key` goes to the provider, so that repeats show.
    """

    effect = models.CharField(max_length=48)
    payload = models.JSONField(default=dict)
    key = models.UUIDField()
    case = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, default="", blank=True)
    done_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"effect": PLAIN, "payload": PLAIN, "error": PLAIN}

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="outbox_open", condition=models.Q(done_at=None)),
            models.Index(
                fields=["case"], name="outbox_case", condition=models.Q(done_at__isnull=False)
            ),  # what is not done yet is little and has the index above
        ]

    def __str__(self) -> str:
        return f"{self.effect} {self.key}"


class JobLease(models.Model):
    """When a standing job is due next; whoever moves the time on does the work."""

    name = models.CharField(max_length=32, primary_key=True)
    next_at = models.DateTimeField()

    privacy: ClassVar = {"name": PLAIN}
