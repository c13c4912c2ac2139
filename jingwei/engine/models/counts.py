"""What is counted: facts that actions append, and the sums the worker folds them into."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.privacy import PLAIN


class Fact(models.Model):
    """One countable thing, as of when it was recorded, with the dimensions it had then.

    `n` is −1 where a correction takes it away.
    """

    recorded_at = models.DateTimeField()
    happened_at = models.DateTimeField()
    case = models.UUIDField()
    what = models.CharField(max_length=56)
    procedure = models.CharField(max_length=40)
    class_top = models.CharField(max_length=16, default="")
    county = models.BigIntegerField(null=True)
    street = models.BigIntegerField(null=True)
    community = models.BigIntegerField(null=True)
    grid = models.BigIntegerField(null=True)
    unit = models.BigIntegerField(null=True)
    n = models.SmallIntegerField(default=1)
    folded = models.BooleanField(default=False)

    privacy: ClassVar = {"what": PLAIN, "procedure": PLAIN, "class_top": PLAIN}

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="fact_unfolded", condition=models.Q(folded=False)),
            models.Index(fields=["case"], name="facts_of_case"),
        ]


class Tally(models.Model):
    """A sum of facts: per day, place (or unit), procedure, class and thing counted.

    Can be rebuilt from the facts and compared.
    """

    day = models.DateField(help_text="1970-01-01 holds the stock: what is open now")
    hour = models.SmallIntegerField(
        default=-1, help_text="-1 is the whole day; hours are kept for city and counties only"
    )
    area = models.BigIntegerField(help_text="0 where the row is about a unit")
    unit = models.BigIntegerField(default=0)
    procedure = models.CharField(max_length=40)
    class_top = models.CharField(max_length=16, default="", help_text="empty is every class")
    what = models.CharField(max_length=56)
    n = models.BigIntegerField(default=0)

    privacy: ClassVar = {"procedure": PLAIN, "class_top": PLAIN, "what": PLAIN}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "unit", "day", "hour", "what", "procedure", "class_top"],
                name="one_sum_per_place_and_thing",
            )
        ]
