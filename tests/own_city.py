"""A city folder of the tests' own: whoever calls pytest by hand must not touch the city on this machine.

A plugin, because the settings read the folder's name before any conftest does. A folder that is named
(JINGWEI_CITY) stays what it is: by the runner for all its processes, or by hand.
"""

from __future__ import annotations

import os
import shutil
import tempfile

_made = ""
if not os.environ.get("JINGWEI_CITY"):
    _made = tempfile.mkdtemp(prefix="jingwei-test-")
    os.environ["JINGWEI_CITY"] = f"{_made}/"  # what pytest starts (other workers too) lives in the same


def pytest_unconfigure() -> None:
    """The folder goes with the process that made it."""
    if _made:
        shutil.rmtree(_made, ignore_errors=True)
