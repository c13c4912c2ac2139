"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def city(request: HttpRequest) -> dict[str, Any]:
    """The city's name and hotline, and whether this is the demo."""
    return {"city": settings.CITY, "is_demo": settings.DEMO}
