"""Imports at city size; needs the importers."""

from __future__ import annotations


def measure() -> dict[str, object]:
    """Nothing yet."""
    return {}
