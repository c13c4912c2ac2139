"""A case and its parts.

What was done, who takes part, what runs against time, what it hangs together with.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.engine.models.procedures import ProcedureVersion
from jingwei.kernel.models import Journalled
from jingwei.kernel.privacy import L1, PLAIN, Personal
from jingwei.registry.models import Area

OPEN = models.Q(ended_at=None)
#: open, and nobody answers: no seat was filled up to the city's intake desk
UNANSWERED = OPEN & models.Q(owner_post=None, owner_unit=None) & ~models.Q(owner_role="")


def _by_due(*first: str, name: str) -> models.Index:
    """Open cases in the very order of a queue, so that nothing is left to sort.

    Whom a case is about is left out of every list: it is read from the index too, where the database can.
    """
    about = ("about_person", "about_post", "about_unit")
    owned = models.Q(**{f"{column}__isnull": False for column in first})
    return models.Index(fields=[*first, "next_due", "id"], name=name, condition=OPEN & owned, include=about)


WORDS = Personal(
    L1, "handle the matter", "statutory_duty", "3 years after the end (erased with the case)", "participants"
)
PLACE = Personal(
    L1,
    "find the place of the matter",
    "statutory_duty",
    "3 years after the end (erased with the case)",
    "participants",
)

STATE_KINDS = [(kind, kind) for kind in ("new", "active", "waiting", "done", "dropped")]


class Case(Journalled):
    """One matter.

    Where it lies is kept as the ids of that day's areas, one column a tier, so that every list is an index
    range.
    """

    id = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    query_code = models.BinaryField(
        max_length=32, null=True, unique=True, help_text="keyed hash of the code that opens the follow page"
    )
    reporter = models.UUIDField(null=True, help_text="the party that reported; good for this case only")
    procedure = models.CharField(max_length=40)
    # versions and areas are never deleted; a constraint would lock one row of theirs in every intake of the
    # city
    version = models.ForeignKey(
        ProcedureVersion, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=40)
    state_kind = models.CharField(max_length=8, choices=STATE_KINDS)
    outcome = models.CharField(max_length=32, default="", blank=True)
    source = models.CharField(max_length=24)
    urgency = models.CharField(max_length=8, default="normal")
    class_code = models.CharField(max_length=16, default="", blank=True)
    class_top = models.CharField(max_length=16, default="", blank=True)
    title = models.CharField(max_length=80, default="", blank=True)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False)
    area_code = models.CharField(max_length=24, default="", blank=True)
    county = models.BigIntegerField(null=True)
    street = models.BigIntegerField(null=True)
    community = models.BigIntegerField(null=True)
    grid = models.BigIntegerField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    owner_role = models.CharField(max_length=32, default="", blank=True)
    owner_post = models.BigIntegerField(null=True)
    owner_unit = models.BigIntegerField(null=True)
    lead_unit = models.BigIntegerField(null=True)
    about_unit = models.BigIntegerField(null=True)
    about_post = models.BigIntegerField(null=True)
    about_person = models.BigIntegerField(null=True)
    confidential = models.BooleanField(default=False)
    next_due = models.DateTimeField(null=True)
    next_clock = models.CharField(max_length=24, default="", blank=True)
    alarm_at = models.DateTimeField(null=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    state_since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)
    seq = models.PositiveIntegerField(default=1)
    values = models.JSONField(default=dict)
    counters = models.JSONField(default=dict)
    historical = models.BooleanField(default=False)
    stated = models.JSONField(
        null=True,
        help_text="results that a source states without times; shown apart, never counted into rates",
    )

    #: not a column: which action of the case the last request was (of one that came twice: the first time)
    acted: int = 0

    journal_kind = "case"
    privacy: ClassVar = {
        "number": PLAIN, "query_code": PLAIN, "procedure": PLAIN, "state": PLAIN, "outcome": PLAIN,
        "source": PLAIN, "urgency": PLAIN,
        "class_code": PLAIN, "class_top": PLAIN, "area_code": PLAIN, "owner_role": PLAIN, "next_clock": PLAIN,
        "counters": PLAIN,
        "title": WORDS, "values": WORDS, "lon": PLACE, "lat": PLACE, "stated": PLAIN,
        **Journalled._journal_privacy,
    }  # fmt: skip

    class Meta:
        indexes = [
            _by_due("owner_post", name="case_of_post"),
            _by_due("owner_unit", name="case_of_unit"),
            _by_due(name="case_due"),
            _by_due("county", name="case_county_due"),
            _by_due("street", name="case_street_due"),
            _by_due("community", name="case_community_due"),
            _by_due("grid", name="case_grid_due"),
            models.Index(fields=["received_at"], name="case_received"),
            models.Index(fields=["county", "received_at"], name="case_county_received"),
            models.Index(fields=["street", "received_at"], name="case_street_received"),
            models.Index(fields=["community", "received_at"], name="case_community_received"),
            models.Index(fields=["grid", "received_at"], name="case_grid_received"),
            models.Index(fields=["received_at"], name="case_unlocated", condition=OPEN & models.Q(area=None)),
            models.Index(fields=["id"], name="case_unanswered", condition=UNANSWERED),
            models.Index(fields=["alarm_at"], name="case_alarm", condition=models.Q(alarm_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


# A case's parts have no index of their own where a constraint begins with the case: that one finds them too.


class CaseAction(models.Model):
    """One thing done in a case, with what was entered in it. Never overwritten; erased with the case."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="actions", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    name = models.CharField(max_length=40)
    from_state = models.CharField(max_length=40, default="", blank=True)
    to_state = models.CharField(max_length=40, default="", blank=True)
    actor_kind = models.CharField(max_length=8)
    role = models.CharField(max_length=32, default="", blank=True)
    person = models.BigIntegerField(null=True)
    assignment = models.BigIntegerField(null=True)
    unit = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, help_text="what the device said the time was")
    values = models.JSONField(default=dict)
    detail = models.JSONField(
        default=dict, help_text="codes: the catalogue row that fired, where a role climbed"
    )

    privacy: ClassVar = {
        "kind": PLAIN, "name": PLAIN, "from_state": PLAIN, "to_state": PLAIN, "actor_kind": PLAIN,
        "role": PLAIN, "values": WORDS,
        "detail": PLAIN,
    }  # fmt: skip

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "seq"], name="one_action_per_place")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind} {self.name}"


class Participant(models.Model):
    """A unit or post that takes part in a case and may therefore see it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="participants", db_index=False)
    kind = models.CharField(max_length=4, choices=[("unit", "unit"), ("post", "post")])
    ref = models.BigIntegerField()
    role = models.CharField(max_length=32)
    received_at = models.DateTimeField(
        help_text="when the case came in: lists of a unit are index ranges too"
    )

    privacy: ClassVar = {"role": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "kind", "ref"], name="takes_part_once")]
        indexes = [models.Index(fields=["kind", "ref", "received_at"], name="cases_of_participant")]


class CaseClock(models.Model):
    """One run of a clock of a case. Started, paused, ended only by recorded actions."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks", db_index=False)
    name = models.CharField(max_length=24)
    run = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=8, choices=[(s, s) for s in ("running", "paused", "ended")])
    limit = models.CharField(max_length=12)
    certain = models.BooleanField(
        default=True, help_text="false while a year it spans has no published holidays"
    )
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    late_noted_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"name": PLAIN, "limit": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "name", "run"], name="one_row_per_run")]

    def __str__(self) -> str:
        return f"{self.name} {self.limit} {self.status}"


class Link(models.Model):
    """This case follows, continues, splits from or recalls another. Reversible; never a state."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="linked_from")
    kind = models.CharField(max_length=16)
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"kind": PLAIN}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind"],
                condition=models.Q(undone_at=None),
                name="one_link_of_a_kind_at_a_time",
            )
        ]
