"""What a log may say of a failure: its class and its way.

Never its message, which may quote what somebody entered.
"""

from __future__ import annotations

import traceback
from pathlib import Path

FRAMES = 6


def said(failure: BaseException) -> str:
    """`IntegrityError at actions.py:201 > change.py:240 > rows.py:98`: the last is where it broke."""
    frames = traceback.extract_tb(failure.__traceback__)[-FRAMES:]
    way = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(failure).__name__} at {way}" if way else type(failure).__name__
