"""Rules for what staff sign in with: login names and passwords.

Rules 3.7.2: a password has at least 10 signs, three of four kinds, and is not the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from jingwei.kernel.refusals import Reason, Refused

DEMO_PREFIX = "demo-"
LOGIN = re.compile(r"\w[\w.@-]{1,39}")


class ThreeOfFourKinds:
    """Small letters, capitals, figures, other signs: three of the four."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ``ValidationError`` saying what would be right."""
        kinds: list[Callable[[str], bool]] = [
            str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum(),
        ]  # fmt: skip
        if sum(any(kind(sign) for sign in password) for kind in kinds) < 3:
            raise ValidationError(self.get_help_text(), code="too-few-kinds")

    def get_help_text(self) -> str:
        """The same, before anything was typed."""
        return _("Use at least three of: small letters, capitals, figures, other signs.")


def why_not_login(login: str) -> Reason | None:
    """Why a name can be no login name of this city, whether somebody has it or not."""
    if not LOGIN.fullmatch(login):
        return Reason("login-signs", "login")
    if login.startswith(DEMO_PREFIX) and not settings.DEMO:
        return Reason("demo-accounts-only-in-demo", "login")
    return None


def why_not(password: str, account: AbstractBaseUser) -> list[str]:
    """Every reason against a password, a sentence each; an empty list means it may be one."""
    try:
        validate_password(password, account)
    except ValidationError as weak:
        return [
            _SENTENCES[error.code]() if error.code in _SENTENCES else error.messages[0]
            for error in weak.error_list
        ]
    return []


def check(password: str, account: AbstractBaseUser) -> None:
    """Raise ``Refused`` with every reason why this password may not be one."""
    if weak := why_not(password, account):
        raise Refused(*(Reason("password-weak", "password", {"why": why}) for why in weak))


#: Django's own sentences are not all in its Chinese catalogue
_SENTENCES: dict[str | None, Callable[[], str]] = {
    "password_too_short": lambda: _("A password has 10 signs or more."),
    "password_too_common": lambda: _("This password is one that many people use."),
    "password_too_similar": lambda: _("The password is too much like the login name."),
}
