"""What a log may say of a failure: its class and its way.

Never its message, which may quote what somebody entered; and never a query code, which opens a case.
"""

from __future__ import annotations

import logging
import re
import traceback
from pathlib import Path
from typing import Any

FRAMES = 6
#: the addresses that a query code stands in
_CODES = re.compile(r"(/(?:f|reported|follow|reports)/)[^/\s?]+")


class Discreet(logging.Formatter):
    """Writes lines of a log that say nothing personal, whoever writes them."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, with the code of an address left out."""
        return _CODES.sub(r"\1…", super().format(record))

    def formatException(self, ei: Any) -> str:
        """The class of a failure and its way."""
        return said(ei[1])


def said(failure: BaseException) -> str:
    """`IntegrityError at actions.py:201 > change.py:240 > rows.py:98`: the last is where it broke."""
    frames = traceback.extract_tb(failure.__traceback__)[-FRAMES:]
    way = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(failure).__name__} at {way}" if way else type(failure).__name__
