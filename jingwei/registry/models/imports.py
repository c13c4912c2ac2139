"""Imports: every file that came in, what it made, and how to undo it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.models import Journalled
from jingwei.kernel.privacy import L1, PLAIN, Personal


class ImportBatch(Journalled):
    """One file of one kind. The same bytes are recognised.

    A batch can be undone for 24 hours where nothing was built on it.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=24)
    filename = models.CharField(max_length=200)
    digest = models.BinaryField(max_length=32)
    state = models.CharField(
        max_length=12, default="preview", choices=[(s, s) for s in ("preview", "done", "refused", "undone")]
    )
    partial = models.BooleanField(default=False)
    options = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    person = models.BigIntegerField(null=True)

    journal_kind = "import"
    privacy: ClassVar = {
        "kind": PLAIN,
        "filename": PLAIN,
        "digest": PLAIN,
        "options": PLAIN,
        "counts": PLAIN,
        "problems": Personal(L1, "mend the rows that failed", "employment", "30 days", "whoever imported"),
        **Journalled._journal_privacy,
    }

    class Meta:
        indexes = [models.Index(fields=["kind", "digest"], name="import_same_file")]


class ImportedRow(models.Model):
    """A row that a batch made or changed, with what it was before, in codes and public facts."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    subject = models.UUIDField()
    made = models.BooleanField(default=True)
    before = models.JSONField(default=dict)

    privacy: ClassVar = {"kind": PLAIN, "before": PLAIN}

    class Meta:
        indexes = [
            models.Index(fields=["batch", "kind"], name="imported_rows"),
            models.Index(fields=["subject"], name="imported_subject"),
        ]
