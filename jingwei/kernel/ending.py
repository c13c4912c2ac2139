"""Ending with whoever started us: `kill -9` leaves a parent no moment to end its children itself (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

#: from <linux/prctl.h>
_PR_SET_PDEATHSIG = 1


def tie_to(parent: int) -> Callable[[], None]:
    """Return what a child of this process calls: from then on the system ends it when its parent dies.

    With SIGKILL, like its parent: nobody is left who would insist if it did not end. Everything is looked up
    now: between a fork and the new program little may be done.
    """
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def tie() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died in between
                os._exit(1)

    return tie
