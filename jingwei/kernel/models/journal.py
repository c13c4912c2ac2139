"""The journal: one line for everything that happened, chained per subject, sealed every five minutes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.privacy import PLAIN, Personal, Plain


class Journalled(models.Model):
    """A row whose changes are journal lines; it stores how many there are and the hash of the last one."""

    journal_count = models.PositiveIntegerField(default=0, editable=False)
    journal_head = models.BinaryField(max_length=32, default=b"", editable=False)

    #: the word that names this kind of subject in the journal
    journal_kind: ClassVar[str] = ""
    #: the two columns of this table hold a count and a hash
    _journal_privacy: ClassVar[dict[str, Personal | Plain]] = {"journal_head": PLAIN}

    class Meta:
        abstract = True


class JournalHead(models.Model):
    """Count and head for subjects without a row of their own, such as readings of a case's sealed values."""

    kind = models.CharField(max_length=16)
    subject = models.UUIDField()
    journal_count = models.PositiveIntegerField(default=0)
    journal_head = models.BinaryField(max_length=32, default=b"")

    privacy: ClassVar = {"kind": PLAIN, "journal_head": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="one_head_per_subject")]


class JournalLine(models.Model):
    """Who did what to which subject, in ids and codes only: never a personal value, nor a hash of one.

    Never pruned.
    """

    kind = models.CharField(max_length=16)
    subject = models.UUIDField()
    seq = models.PositiveIntegerField()
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8)
    person = models.BigIntegerField(null=True)
    assignment = models.BigIntegerField(null=True)
    client = models.BigIntegerField(null=True)
    party = models.UUIDField(null=True)
    verb = models.CharField(max_length=48)
    detail = models.JSONField(default=dict)
    hash = models.BinaryField(max_length=32)

    privacy: ClassVar = {"kind": PLAIN, "actor_kind": PLAIN, "verb": PLAIN, "detail": PLAIN, "hash": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject", "seq"], name="one_line_per_place")]

    def __str__(self) -> str:
        return f"{self.kind}/{self.subject} #{self.seq} {self.verb}"


class Seal(models.Model):
    """An HMAC over the last lines of every subject that changed since the seal before.

    Its key is outside the database.
    """

    number = models.PositiveIntegerField(unique=True)
    sealed_at = models.DateTimeField()
    first_line = models.BigIntegerField()
    last_line = models.BigIntegerField()
    subjects = models.PositiveIntegerField()
    mac = models.BinaryField(max_length=32)

    privacy: ClassVar = {"mac": PLAIN}

    def __str__(self) -> str:
        return f"seal {self.number}: lines {self.first_line}–{self.last_line}"
