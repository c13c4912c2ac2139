"""What a case follows: procedure versions, class lists with their standards, the dispatch catalogue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.models import Journalled
from jingwei.kernel.privacy import PLAIN
from jingwei.registry.models import Area, Organisation


class ProcedureVersion(Journalled):
    """One version of a playbook, as it was published. Rows never change.

    A case keeps the version it began with.
    """

    procedure = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    files = models.JSONField(help_text="every file of the folder, by its path")
    published_at = models.DateTimeField()

    journal_kind = "procedure"
    privacy: ClassVar = {"procedure": PLAIN, "digest": PLAIN, "files": PLAIN, **Journalled._journal_privacy}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["procedure", "version"], name="one_row_per_version")]

    def __str__(self) -> str:
        return f"{self.procedure} v{self.version}"


class CaseClass(models.Model):
    """A class of matters with its standard.

    When it is filed, when it may be closed, how long it may take, who leads.
    """

    list = models.CharField(max_length=40)
    code = models.CharField(max_length=16)
    parent = models.CharField(max_length=16, default="", blank=True)
    zh = models.CharField(max_length=80)
    en = models.CharField(max_length=120)
    filed_when = models.CharField(max_length=200, default="", blank=True)
    closed_when = models.CharField(max_length=200, default="", blank=True)
    filed_when_en = models.CharField(max_length=200, default="", blank=True)
    closed_when_en = models.CharField(max_length=200, default="", blank=True)
    limits = models.JSONField(
        default=dict, help_text="{'handle': {'urgent': '4h', 'normal': '1wd'}, 'total': {…}}"
    )
    lead = models.CharField(max_length=32, default="", blank=True, help_text="the kind of unit that leads")
    evidence = models.PositiveSmallIntegerField(default=1)
    in_use = models.BooleanField(default=True)
    order = models.PositiveIntegerField(default=0)

    privacy: ClassVar = {
        "list": PLAIN, "code": PLAIN, "parent": PLAIN, "zh": PLAIN, "en": PLAIN, "filed_when": PLAIN,
        "closed_when": PLAIN,
        "filed_when_en": PLAIN, "closed_when_en": PLAIN, "limits": PLAIN, "lead": PLAIN,
    }  # fmt: skip

    class Meta:
        ordering = ["order", "code"]
        constraints = [models.UniqueConstraint(fields=["list", "code"], name="one_class_per_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.zh}"


class CatalogueRow(Journalled):
    """One row of the dispatch catalogue: matters of this class in this area go to this unit."""

    list = models.CharField(max_length=40)
    class_code = models.CharField(
        max_length=16,
        default="",
        blank=True,
        help_text="a class or the beginning of one; empty is every class",
    )
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, help_text="here and below; empty is the whole city"
    )
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    note = models.CharField(max_length=120, default="", blank=True)
    valid_to = models.DateField(null=True)

    journal_kind = "catalogue"
    privacy: ClassVar = {"list": PLAIN, "class_code": PLAIN, "note": PLAIN, **Journalled._journal_privacy}

    class Meta:
        indexes = [models.Index(fields=["list", "class_code"], name="catalogue_class")]
