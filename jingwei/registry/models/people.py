"""Who answers: organisations, posts (seats), people, and who sits where from when to when."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.models import Journalled
from jingwei.kernel.privacy import L0, L1, PLAIN, Personal
from jingwei.registry.models.areas import Area


class Organisation(Journalled):
    """A unit: a department, a street office, a property firm, a party branch.

    `path` lists its ancestors' numbers and its own.
    """

    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40, default="", blank=True)
    kind = models.CharField(max_length=32)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    path = models.CharField(max_length=160, default="", help_text="/1/15/207/")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="organisations")
    phone = models.CharField(max_length=40, default="", blank=True)
    order = models.PositiveIntegerField(default=0)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    journal_kind = "organisation"
    privacy: ClassVar = {
        "code": PLAIN, "name": PLAIN, "short_name": PLAIN, "kind": PLAIN, "path": PLAIN, "phone": PLAIN,
        **Journalled._journal_privacy,
    }  # fmt: skip

    class Meta:
        ordering = ["order", "code"]
        indexes = [
            models.Index(fields=["path"], name="organisation_path"),
            models.Index(fields=["name"], name="organisation_name"),
            models.Index(fields=["kind", "area"], name="organisation_kind"),
        ]

    def __str__(self) -> str:
        return self.short_name or self.name


class OrganisationVersion(models.Model):
    """One change of an organisation: what a column was, what it became.

    Who and when stands in the journal line.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="versions")
    changed_at = models.DateTimeField()
    person = models.BigIntegerField(null=True)
    column = models.CharField(max_length=16)
    old = models.CharField(max_length=120)
    new = models.CharField(max_length=120)
    line = models.PositiveIntegerField(help_text="the organisation's journal line of this change")

    privacy: ClassVar = {"column": PLAIN, "old": PLAIN, "new": PLAIN}


class OrganisationAlias(models.Model):
    """A second name of a unit, as a source writes it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=120)

    privacy: ClassVar = {"name": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="unit_alias_once")]
        indexes = [models.Index(fields=["name"], name="unit_alias_name")]


class OrganisationArea(models.Model):
    """An organisation works in an area: a branch in its grids, a property firm in its estates; n to m."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="works_in")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="worked_by")
    reason = models.CharField(
        max_length=120, default="", blank=True, help_text="why an area has two organisations of one kind"
    )

    privacy: ClassVar = {"reason": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "area"], name="works_in_once")]


class Post(Journalled):
    """A seat: a role at an area or in an organisation. Work belongs to posts; people come and go."""

    role = models.CharField(max_length=32)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="posts")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="posts")
    title = models.CharField(max_length=80)
    duty = models.CharField(max_length=200, default="", blank=True)
    exclusive = models.BooleanField(default=False, help_text="one person at a time")
    valid_to = models.DateField(null=True)

    journal_kind = "post"
    privacy: ClassVar = {"role": PLAIN, "title": PLAIN, "duty": PLAIN, **Journalled._journal_privacy}

    class Meta:
        indexes = [
            models.Index(fields=["area", "role"], name="post_area_role"),
            models.Index(fields=["organisation", "role"], name="post_unit_role"),
        ]

    def __str__(self) -> str:
        return self.title


class Person(Journalled):
    """A member of staff: a minimal card. Residents are never rows here."""

    staff_no = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=60)
    work_phone = models.CharField(max_length=24, default="", blank=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="staff")
    photo = models.UUIDField(null=True, help_text="an attachment; shown on grid boards only with consent")
    photo_consent_at = models.DateTimeField(null=True)
    left_at = models.DateField(null=True)

    journal_kind = "person"
    privacy: ClassVar = {
        "staff_no": Personal(
            L1, "tell two people of one name apart", "employment", "3 years after leaving", "staff"
        ),
        "name": Personal(
            L0, "say who answers for a place", "statutory_duty", "3 years after leaving", "everyone"
        ),
        "work_phone": Personal(
            L0, "reach who answers for a place", "statutory_duty", "until leaving", "everyone"
        ),
        "photo": Personal(
            L1,
            "recognise the grid worker at the door",
            "consent",
            "until leaving or withdrawal",
            "everyone, while consent stands",
        ),
        **Journalled._journal_privacy,
    }

    def __str__(self) -> str:
        return self.name


class Assignment(Journalled):
    """A person in a post from one day until another (the day after the last)."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="assignments")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="assignments")
    starts = models.DateField()
    ends = models.DateField(null=True)
    substitute = models.BooleanField(default=False)
    basis = models.CharField(max_length=120, default="", blank=True)

    journal_kind = "assignment"
    privacy: ClassVar = {
        "basis": Personal(
            L1,
            "show on what decision somebody sits there",
            "employment",
            "3 years after the end",
            "administrators",
        ),
        **Journalled._journal_privacy,
    }

    class Meta:
        indexes = [
            models.Index(fields=["post"], name="assignment_post"),
            models.Index(fields=["person"], name="assignment_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} as {self.post}"


class SeatRule(models.Model):
    """Every area of a kind must have this seat filled by at least so many."""

    role = models.CharField(max_length=32)
    area_kind = models.CharField(max_length=16)
    least = models.PositiveSmallIntegerField(default=1)

    privacy: ClassVar = {"role": PLAIN, "area_kind": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "area_kind"], name="one_rule_per_seat")]
