"""PDF pages from our own templates, made by a process of its own (`press`)."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from jingwei.city import TOP
from jingwei.kernel.refusals import Reason, Refused

log = logging.getLogger("jingwei.web")

#: how long a page may take: a grid board took 6.3 s on a machine under heavy load (docs/rows.json)
MOST_SECONDS = 45
#: all that the press is told of its surroundings: no address of a database, no city
_TOLD = ("PATH", "HOME", "LANG", "LC_ALL", "FONTCONFIG_PATH", "FONTCONFIG_FILE")


def pdf(html: str, *, pictures: Mapping[str, Path] | None = None) -> bytes:
    """Return a page as PDF. It may show the pictures handed over and our style sheets, nothing else.

    Refused when it cannot be made.
    """
    order = {"html": html, "pictures": {name: str(path) for name, path in (pictures or {}).items()}}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "jingwei.web.shell.press"],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=MOST_SECONDS,
            check=True,
            cwd=TOP,
            env=told(),
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failure:
        said = (failure.stderr or b"").decode(errors="replace").strip().splitlines()
        # the kind of failure only: what it says may quote the page
        kind = said[-1].partition(":")[0] if said else type(failure).__name__
        log.error("a page could not be printed: %s", kind)
        raise Refused(Reason("not-printed")) from failure
    return done.stdout


def told() -> dict[str, str]:
    """The surroundings of the press."""
    return {name: os.environ[name] for name in _TOLD if name in os.environ}
