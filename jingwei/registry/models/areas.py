"""Places: the tree of areas with time, second names, successions, and what lies across the tree."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.models import Journalled
from jingwei.kernel.privacy import PLAIN

#: kinds that form the tree, from the top; their tier is their place in this list, from 1
TIERS = ("city", "county", "street", "community", "grid")

#: kinds that lie across the tree and are mapped to base grids, or stand inside one area without being a tier
OTHER_KINDS = (
    "party_grid", "police_grid", "department_grid", "estate", "building", "road_section", "rail_section",
    "fleet", "cooperative",
)  # fmt: skip

KINDS = [(kind, kind) for kind in TIERS + OTHER_KINDS]


class Area(Journalled):
    """A place with a permanent id. Code, name, parent and border are what they are now.

    `AreaVersion` keeps what they were.
    """

    kind = models.CharField(max_length=16, choices=KINDS)
    tier = models.PositiveSmallIntegerField(help_text="1 city … 5 grid; 0 for kinds outside the tree")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    code = models.CharField(max_length=24)
    name = models.CharField(max_length=80)
    order = models.PositiveIntegerField(default=0, help_text="the usual order of units, not pinyin")
    households = models.PositiveIntegerField(null=True)
    population = models.PositiveIntegerField(null=True)
    special = models.BooleanField(
        default=False, help_text="a grid of its own for a mall, park, school or market"
    )
    border = models.BinaryField(null=True, help_text="WKB polygons, CGCS2000 degrees, 6 decimals")
    border_source = models.CharField(max_length=12, default="", help_text="the coordinate system it came in")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    journal_kind = "area"
    privacy: ClassVar = {
        "code": PLAIN, "name": PLAIN, "border": PLAIN, "border_source": PLAIN, **Journalled._journal_privacy,
    }  # fmt: skip

    class Meta:
        ordering = ["order", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(valid_to=None), name="one_area_per_code"
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "code"], name="area_kind_code"),
            models.Index(fields=["name"], name="area_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class AreaVersion(models.Model):
    """What an area was from one day until another."""

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="versions")
    valid_from = models.DateField()
    valid_to = models.DateField()
    parent = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="+")
    code = models.CharField(max_length=24)
    name = models.CharField(max_length=80)
    households = models.PositiveIntegerField(null=True)
    population = models.PositiveIntegerField(null=True)
    border = models.BinaryField(null=True)

    privacy: ClassVar = {"code": PLAIN, "name": PLAIN, "border": PLAIN}

    class Meta:
        indexes = [
            models.Index(fields=["area", "valid_to"], name="version_of_area"),
            models.Index(fields=["code"], name="version_code"),
        ]


class AreaAlias(models.Model):
    """A second name of a place, as a source writes it."""

    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=80)
    source = models.CharField(max_length=40, default="")

    privacy: ClassVar = {"name": PLAIN, "source": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "name"], name="alias_once_per_area")]
        indexes = [models.Index(fields=["name"], name="alias_name")]


class AreaSuccession(models.Model):
    """An area was recoded, merged or split: from a day on the new one answers for the old one's matters."""

    old = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="successors")
    new = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="predecessors")
    since = models.DateField()
    reason = models.CharField(max_length=120)

    privacy: ClassVar = {"reason": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["old", "new"], name="succession_once")]


class AreaMapping(models.Model):
    """An area across the tree (a party, police or department grid, an estate) over a base grid; n to m."""

    overlay = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="bases")
    base = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="overlays")
    reason = models.CharField(
        max_length=120, default="", blank=True, help_text="why a base has two overlays of one kind"
    )

    privacy: ClassVar = {"reason": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["overlay", "base"], name="mapping_once")]


class BoardPrint(models.Model):
    """What the board of an area showed when it was last printed.

    16 bytes over the people on it, 16 over the place.
    """

    area = models.OneToOneField(Area, on_delete=models.CASCADE, related_name="board_print")
    printed_at = models.DateTimeField()
    digest = models.BinaryField(max_length=32)

    privacy: ClassVar = {"digest": PLAIN}

    def __str__(self) -> str:
        return f"board of {self.area_id}, {self.printed_at:%Y-%m-%d}"
