"""Which days are worked: one row per year and version, and the working hours."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.privacy import PLAIN


class CalendarYear(models.Model):
    """The days of a year that differ from the weekend rule. Rows are never changed.

    A correction is a new version.
    """

    year = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField(default=1)
    days = models.JSONField(help_text="{'2026-02-14': true}: true is worked (a make-up day), false is off")
    source = models.CharField(max_length=120)
    published_at = models.DateTimeField()

    privacy: ClassVar = {"days": PLAIN, "source": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["year", "version"], name="one_calendar_per_version")]

    def __str__(self) -> str:
        return f"{self.year} v{self.version}"


class WorkingTime(models.Model):
    """Working hours and weekend from a day on."""

    valid_from = models.DateField(unique=True)
    hours = models.JSONField(help_text="[['09:00', '12:00'], ['14:00', '18:00']]")
    weekend = models.JSONField(help_text="[5, 6]: Monday is 0")

    privacy: ClassVar = {"hours": PLAIN, "weekend": PLAIN}

    def __str__(self) -> str:
        return f"from {self.valid_from}"
