"""Pictures and documents of a case."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.privacy import PLAIN


class Attachment(models.Model):
    """A stored file. The bytes lie under files/<case>/<id>.

    The same bytes are shared only inside one case.
    """

    id = models.UUIDField(primary_key=True)
    case = models.UUIDField()
    kind = models.CharField(max_length=8, choices=[("picture", "picture"), ("document", "document")])
    digest = models.BinaryField(max_length=32)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField()

    privacy: ClassVar = {"digest": PLAIN, "media_type": PLAIN}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "digest"], name="one_copy_per_case")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
