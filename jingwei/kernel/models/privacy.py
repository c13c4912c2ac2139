"""Sealed values, the key that opens them, and the list of what was erased."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.privacy import PLAIN, Personal


class CaseKey(models.Model):
    """The key of one case's sealed values, wrapped by a key of the ring that lies outside the database."""

    case = models.UUIDField(primary_key=True)
    ring = models.CharField(max_length=16)
    wrapped = models.BinaryField(max_length=64)

    privacy: ClassVar = {"ring": PLAIN, "wrapped": PLAIN}


class SealedValue(models.Model):
    """One value of level L2 or L3.

    `blind` is a keyed hash that finds a telephone number without opening anything.
    """

    case = models.UUIDField()
    seq = models.PositiveIntegerField(help_text="the action of the case it was entered in")
    field = models.CharField(max_length=48)
    level = models.CharField(max_length=2)
    box = models.BinaryField()
    blind = models.BinaryField(max_length=16, null=True)

    privacy: ClassVar = {
        "field": PLAIN,
        "level": PLAIN,
        "box": Personal(
            "L3",
            "what its field declares",
            "what its field declares",
            "what its field declares",
            "what its field declares",
        ),
        "blind": Personal(
            "L2", "find the cases of a caller", "statutory_duty", "as the value itself", "a journalled search"
        ),
    }

    class Meta:
        indexes = [
            models.Index(fields=["case"], name="sealed_case"),
            models.Index(fields=["blind"], name="sealed_blind", condition=models.Q(blind__isnull=False)),
        ]


class Erasure(models.Model):
    """A case whose personal values were destroyed.

    A restored database opens only after this list was replayed.
    """

    case = models.UUIDField(unique=True)
    erased_at = models.DateTimeField()
    reason = models.CharField(max_length=32)

    privacy: ClassVar = {"reason": PLAIN}
