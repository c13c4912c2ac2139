"""Login accounts of staff, their sessions and tokens. Residents never have one."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from jingwei.kernel.models.journal import Journalled
from jingwei.kernel.privacy import PLAIN, Personal


class Accounts(BaseUserManager["Account"]):
    """Found by login name."""


class Account(AbstractBaseUser, Journalled):
    """Who may log in; which person it is, is a bare number that the registry understands."""

    login = models.CharField(max_length=40, unique=True)
    person = models.BigIntegerField(unique=True)
    is_active = models.BooleanField(default=True)
    needs_second_factor = models.BooleanField(default=False)
    second_factor = models.BinaryField(null=True, help_text="the TOTP secret, wrapped by the key ring")
    last_counter = models.BigIntegerField(
        default=0, help_text="the last TOTP time step used: a code works once"
    )
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    activation = models.BinaryField(max_length=32, null=True, help_text="hash of the printed one-time code")
    activation_until = models.DateTimeField(null=True)

    objects: ClassVar[Accounts] = Accounts()

    USERNAME_FIELD = "login"
    journal_kind = "account"
    privacy: ClassVar = {
        "login": Personal("L1", "log in", "employment", "while employed, then 12 months", "administrators"),
        "password": PLAIN,
        "second_factor": PLAIN,
        "activation": PLAIN,
        **Journalled._journal_privacy,
    }

    def __str__(self) -> str:
        return self.login


class LoginSession(models.Model):
    """A running login: a hashed cookie, and the one assignment acted from."""

    token = models.BinaryField(max_length=32, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="sessions")
    assignment = models.BigIntegerField(null=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    idle_minutes = models.PositiveSmallIntegerField(default=30)
    second_factor_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    device = models.CharField(max_length=80, default="")

    privacy: ClassVar = {
        "token": PLAIN,
        "device": Personal(
            "L1",
            "let staff recognise their own sessions",
            "employment",
            "30 days after the end",
            "its owner, administrators",
        ),
    }


class ApiToken(models.Model):
    """A program acting from one assignment. Issued after the second factor, stored hashed, expiring."""

    token = models.BinaryField(max_length=32, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tokens")
    assignment = models.BigIntegerField()
    label = models.CharField(max_length=60)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    privacy: ClassVar = {"token": PLAIN, "label": PLAIN}


class StaffAccess(models.Model):
    """From where staff logged in; a log of its own, kept 12 months, apart from the journal."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True)
    at = models.DateTimeField()
    event = models.CharField(max_length=24)
    address = models.GenericIPAddressField(null=True)

    privacy: ClassVar = {
        "event": PLAIN,
        "address": Personal(
            "L2", "find misuse of staff accounts", "cybersecurity_law_21", "12 months", "auditors"
        ),
    }

    class Meta:
        indexes = [models.Index(fields=["at"], name="access_age")]
