"""What a column holds, said beside the column: purpose, basis, retention, level and who sees it.

    class Person(models.Model):
        name = models.CharField(max_length=60)
        privacy = {"name": Personal(L1, purpose="say who answers", basis="statutory_duty",
                                    keep="while employed, then 3y", seen_by="everyone")}

Numbers, dates, flags and keys need no line. Every text, JSON, binary or file column needs one:
`Personal(...)` or `PLAIN`, a column that can hold nothing about a person. A test walks every model and fails
on anything else, and on every name of the deny-list below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.apps import apps
from django.db import models

Level = Literal["L0", "L1", "L2", "L3"]

L0: Level = "L0"  # may be public
L1: Level = "L1"  # words, pictures, exact place: participants only
L2: Level = "L2"  # identifies or reaches a person
L3: Level = "L3"  # the sensitive kinds of PIPL 28: separate consent, second factor


@dataclass(frozen=True, slots=True)
class Personal:
    """A declaration. All five are sentences or codes that the privacy notice prints."""

    level: Level
    purpose: str
    basis: str
    keep: str
    seen_by: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Holds codes, settings or public facts; nothing about a person."""


PLAIN = Plain()

#: What must not exist (domain/rights-ledger.md): a column or API field whose name contains one of these is an
#: error.
DENIED = (
    "id_number", "id_card", "identity_card", "passport", "ethnic", "nation_of", "religio", "faith", "belief",
    "politic", "opinion_of",
    "temperature", "health_reading", "symptom", "diagnos", "blood", "genetic", "biometric", "fingerprint",
    "face_", "plate_number",
    "location_history", "track", "trajectory", "movement", "trip", "last_seen_place", "scan_log",
    "score_of_resident",
    "resident_score", "credit_score", "family_score", "watch_list", "watchlist", "key_person",
    "special_population", "speaker",
    "social_account", "wechat_id", "account_url", "relatives", "household_member", "marital", "sexual",
    "criminal_record",
)  # fmt: skip

#: column types that can hold words
_CAN_HOLD_WORDS = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.FileField,
    models.GenericIPAddressField,
)


def undeclared(model: type[models.Model]) -> list[str]:
    """Name the columns of a model that can hold words and say nothing about it."""
    said = getattr(model, "privacy", {})
    columns = [f for f in model._meta.get_fields() if isinstance(f, models.Field)]
    silent = [
        f.name for f in columns if isinstance(f, _CAN_HOLD_WORDS) and f.name not in said and not f.choices
    ]
    unknown = [name for name in said if name not in {f.name for f in columns}]
    return [f"{model._meta.label}.{name}" for name in silent + unknown]


def denied(names: list[str]) -> list[str]:
    """Name those that the rights ledger forbids."""
    return [name for name in names if any(word in name.lower() for word in DENIED)]


def every_model() -> list[type[models.Model]]:
    """Our own models, the ones the test walks."""
    return [m for m in apps.get_models(include_auto_created=True) if m.__module__.startswith("jingwei.")]
