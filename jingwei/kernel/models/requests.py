"""Requests that may come twice, numbers that may not, and limits that hold for every process."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jingwei.kernel.privacy import PLAIN


class RequestKey(models.Model):
    """A request whose id its client made: the same id and content again is the same answer."""

    id = models.UUIDField(primary_key=True)
    bound = models.BinaryField(max_length=16)
    content = models.BinaryField(max_length=32)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    privacy: ClassVar = {"bound": PLAIN, "content": PLAIN, "answer": PLAIN}

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="request_age")]


class SerialBlock(models.Model):
    """The next unreserved number of a series."""

    series = models.CharField(max_length=48, primary_key=True)
    next = models.PositiveIntegerField(default=1)

    privacy: ClassVar = {"series": PLAIN}


class Throttle(models.Model):
    """How often something was tried within a window.

    The bucket names a limit and a keyed hash, never an address.
    """

    bucket = models.CharField(max_length=80, primary_key=True)
    window = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)

    privacy: ClassVar = {"bucket": PLAIN}


class Version(models.Model):
    """A counter that processes watch to know when something they hold in memory has changed."""

    name = models.CharField(max_length=32, primary_key=True)
    number = models.BigIntegerField(default=0)

    privacy: ClassVar = {"name": PLAIN}
