"""Does a text fit its column? One database cuts nothing and refuses, the other keeps everything: we answer
before either.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.db import models

from jingwei.kernel.refusals import Reason


def unfit(model: type[models.Model], values: Mapping[str, Any]) -> list[Reason]:
    """Return a reason for every text that is longer than its column or has signs that cannot be shown."""
    reasons = []
    for name, value in values.items():
        most = getattr(model._meta.get_field(name), "max_length", None)
        if not isinstance(value, str):
            continue
        if most is not None and len(value) > most:
            reasons.append(Reason("too-long", name, {"most": most, "length": len(value)}))
        elif any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
            reasons.append(Reason("control-signs", name))
    return reasons
