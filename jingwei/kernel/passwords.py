"""Rules for passwords of staff (rules 3.7.2: at least 10 signs, three of four kinds, not the name)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


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
